/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-close-code.h"

#include <string.h>

#include "core/proto/duplex-limits.h"
#include "duplex-guard-page.h"
#include "duplex-hex.h"

static void
test_names (void)
{
  static const struct
  {
    guint16     code;
    const char *name;
  } names[] = {
    { 0, "None" },
    { 1, "Unknown" },
    { 999, "Unknown" },
    { 1000, "Normal Closure" },
    { 1001, "Going Away" },
    { 1002, "Protocol Error" },
    { 1003, "Unsupported Data" },
    { 1004, "Reserved" },
    { 1005, "No Status Received" },
    { 1006, "Abnormal Closure" },
    { 1007, "Invalid Frame Payload Data" },
    { 1008, "Policy Violation" },
    { 1009, "Message Too Big" },
    { 1010, "Mandatory Extension" },
    { 1011, "Internal Error" },
    { 1012, "Service Restart" },
    { 1013, "Try Again Later" },
    { 1014, "Bad Gateway" },
    { 1015, "TLS Handshake" },
    { 1016, "Unknown" },
    { 2999, "Unknown" },
    { 3000, "Unauthorized" },
    { 3001, "Registered" },
    { 3003, "Forbidden" },
    { 3008, "Timeout" },
    { 3999, "Registered" },
    { 4000, "Private Use" },
    { 4999, "Private Use" },
    { 5000, "Unknown" },
    { 65535, "Unknown" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpstr (duplex_close_code_get_name (names[i].code), ==, names[i].name);
}

static void
test_every_code (void)
{
  for (guint code = 0; code <= G_MAXUINT16; code++)
    {
      gboolean expected = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                          (code >= 3000 && code <= 4999);

      g_assert_cmpint (duplex_close_code_may_send (code), ==, expected);
      g_assert_cmpuint (strlen (duplex_close_code_get_name (code)), >, 0);
    }
}

typedef struct
{
  const char     *name;
  const char     *hex;
  guint16         code;
  const char     *reason_hex;
  DuplexFindingId finding;
  guint64         offset;
} Body;

static const Body bodies[] = {
  { "empty", "", 1005, "", DUPLEX_FINDING_NONE, 0 },
  { "one-byte", "03", 1002, "", DUPLEX_FINDING_CLOSE_ONE_BYTE, 0 },
  { "normal", "03 e8", 1000, "", DUPLEX_FINDING_NONE, 0 },
  { "reason", "03 e9 62 79 65", 1001, "627965", DUPLEX_FINDING_NONE, 0 },
  { "reason-with-nul", "03 e9 62 00 65", 1001, "620065", DUPLEX_FINDING_NONE, 0 },
  { "private", "0f a0", 4000, "", DUPLEX_FINDING_NONE, 0 },
  { "forbidden/0", "00 00", 0, "", DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN, 0 },
  { "forbidden/1004", "03 ec", 1004, "", DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN, 0 },
  { "forbidden/1005", "03 ed 61", 1005, "61", DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN, 0 },
  { "forbidden/1006", "03 ee", 1006, "", DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN, 0 },
  { "forbidden/1015", "03 f7", 1015, "", DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN, 0 },
  { "forbidden/65535", "ff ff", 65535, "", DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN, 0 },
  { "forbidden-before-bad-reason", "03 ee ff", 1006, "ff", DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN, 0 },
  { "reason/bad-byte",
    "03 e8 61 62 ff",
    1000,
    "6162ff",
    DUPLEX_FINDING_CLOSE_REASON_INVALID_UTF8,
    4 },
  { "reason/cut-character",
    "03 e8 61 e2 82",
    1000,
    "61e282",
    DUPLEX_FINDING_CLOSE_REASON_INVALID_UTF8,
    3 },
};

static void
test_body (gconstpointer data)
{
  const Body                 *body = data;
  g_autoptr (GBytes)          bytes = duplex_hex_decode (body->hex);
  g_autoptr (DuplexGuardPage) guard = duplex_guard_page_new (16);
  g_autofree char            *reason_hex = NULL;
  gsize                       len = g_bytes_get_size (bytes);
  const guint8               *body_bytes = g_bytes_get_data (bytes, NULL);
  const guint8               *wire = duplex_guard_page_place (guard, body_bytes, len);
  const char                 *reason = NULL;
  gsize                       reason_len = 99;
  DuplexFinding               finding = { DUPLEX_N_FINDINGS, 99 };

  g_assert_cmpuint (duplex_close_body_parse (wire, len, &reason, &reason_len, &finding), ==,
                    body->code);
  reason_hex = duplex_hex_encode ((const guint8 *)reason, reason_len);
  g_assert_cmpstr (reason_hex, ==, body->reason_hex);
  if (len >= 2)
    g_assert_true (reason == (const char *)wire + 2);
  g_assert_cmpint (finding.id, ==, body->finding);
  g_assert_cmpuint (finding.offset, ==, body->offset);

  g_assert_cmpuint (duplex_close_body_parse (wire, len, NULL, NULL, NULL), ==, body->code);
}

static void
assert_body (guint16     code,
             const char *reason,
             const char *expected,
             gsize       expected_len)
{
  g_autoptr (GBytes) body = duplex_close_body_new (code, reason);
  gsize              len;
  const guint8      *data = g_bytes_get_data (body, &len);

  g_assert_cmpmem (data, len, expected, expected_len);
}

static void
test_new (void)
{
  assert_body (1000, NULL, "\x03\xe8", 2);
  assert_body (1000, "", "\x03\xe8", 2);
  assert_body (1001, "bye", "\x03\xe9"
                            "bye",
               5);
  assert_body (4999, "ä", "\x13\x87\xc3\xa4", 4);
  assert_body (DUPLEX_CLOSE_NO_STATUS, NULL, "", 0);
  assert_body (DUPLEX_CLOSE_NO_STATUS, "dropped", "", 0);
}

/* A reason that does not fit is cut between characters: behind the ASCII stand two of three bytes
 * each, of which two, one or none fit. */
static void
test_new_cuts (void)
{
  for (gsize before = 118; before <= 125; before++)
    {
      g_autofree char   *ascii = g_strnfill (before, 'x');
      g_autofree char   *reason = g_strconcat (ascii, "€€", NULL);
      g_autoptr (GBytes) body = duplex_close_body_new (1000, reason);
      gsize              expected = before;
      gsize              len;
      const guint8      *data = g_bytes_get_data (body, &len);

      while (expected + 3 <= DUPLEX_LIMIT_CLOSE_REASON && expected < before + 6)
        expected += 3;
      expected = MIN (expected, DUPLEX_LIMIT_CLOSE_REASON);
      g_assert_cmpuint (len, ==, 2 + expected);
      g_assert_cmpmem (data + 2, len - 2, reason, expected);
    }
}

/* What is not UTF-8 is not sent: the reason ends before it. */
static void
test_new_stops_at_bad_byte (void)
{
  assert_body (1000, "ab\xff"
                     "cd",
               "\x03\xe8"
               "ab",
               4);
  assert_body (1000, "ab\xe2\x82", "\x03\xe8"
                                   "ab",
               4);
  assert_body (1000, "ab\xe2\x82"
                     "c",
               "\x03\xe8"
               "ab",
               4);
  assert_body (1000, "\xff", "\x03\xe8", 2);
}

/* Whatever is built is taken apart to the same. */
static void
test_round_trip (void)
{
  for (guint code = 0; code <= G_MAXUINT16; code++)
    {
      g_autoptr (GBytes) body = duplex_close_body_new (code, "why €");
      const char        *reason;
      gsize              reason_len;
      gsize              len;
      const guint8      *data = g_bytes_get_data (body, &len);
      DuplexFinding      finding;

      g_assert_cmpuint (duplex_close_body_parse (data, len, &reason, &reason_len, &finding), ==,
                        code);
      if (code == DUPLEX_CLOSE_NO_STATUS)
        continue;
      g_assert_cmpmem (reason, reason_len, "why €", strlen ("why €"));
      g_assert_cmpint (finding.id == DUPLEX_FINDING_NONE, ==, duplex_close_code_may_send (code));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/close-code/names", test_names);
  g_test_add_func ("/core/close-code/every-code", test_every_code);
  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autofree char *path = g_strconcat ("/core/close-code/parse/", bodies[i].name, NULL);

      g_test_add_data_func (path, &bodies[i], test_body);
    }
  g_test_add_func ("/core/close-code/new", test_new);
  g_test_add_func ("/core/close-code/new-cuts", test_new_cuts);
  g_test_add_func ("/core/close-code/new-stops-at-bad-byte", test_new_stops_at_bad_byte);
  g_test_add_func ("/core/close-code/round-trip", test_round_trip);

  return g_test_run ();
}
