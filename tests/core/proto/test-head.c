/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-handshake.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "duplex-guard-page.h"

/* §1.3 of RFC 6455, with lines ended by CR LF. */
#define RFC_REQUEST                                 \
  "GET /chat HTTP/1.1\r\n"                          \
  "Host: server.example.com\r\n"                    \
  "Upgrade: websocket\r\n"                          \
  "Connection: Upgrade\r\n"                         \
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" \
  "Origin: http://example.com\r\n"                  \
  "Sec-WebSocket-Protocol: chat, superchat\r\n"     \
  "Sec-WebSocket-Version: 13\r\n"                   \
  "\r\n"
#define RFC_RESPONSE                                       \
  "HTTP/1.1 101 Switching Protocols\r\n"                   \
  "Upgrade: websocket\r\n"                                 \
  "Connection: Upgrade\r\n"                                \
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" \
  "Sec-WebSocket-Protocol: chat\r\n"                       \
  "\r\n"

static DuplexHead *
parse_response (const char *text,
                gsize       len,
                GError    **error)
{
  g_autoptr (DuplexGuardPage) guard = duplex_guard_page_new (len);

  return duplex_head_parse_response (duplex_guard_page_place (guard, text, len), len, error);
}

static DuplexHead *
parse_request (const char *text,
               gsize       len,
               GError    **error)
{
  g_autoptr (DuplexGuardPage) guard = duplex_guard_page_new (len);

  return duplex_head_parse_request (duplex_guard_page_place (guard, text, len), len, error);
}

/* "Name=value|Name=value" */
static char *
list_fields (DuplexHead *head)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < duplex_head_get_n_fields (head); i++)
    g_string_append_printf (list, "%s%s=%s", i > 0 ? "|" : "", duplex_head_get_field_name (head, i),
                            duplex_head_get_field_value (head, i));

  return g_string_free (list, FALSE);
}

static void
test_rfc_request (void)
{
  g_autoptr (GError)     error = NULL;
  g_autoptr (DuplexHead) head = parse_request (RFC_REQUEST, strlen (RFC_REQUEST), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (duplex_head_get_method (head), ==, "GET");
  g_assert_cmpstr (duplex_head_get_target (head), ==, "/chat");
  g_assert_cmpuint (duplex_head_get_minor_version (head), ==, 1);
  g_assert_cmpuint (duplex_head_get_status (head), ==, 0);
  g_assert_cmpstr (duplex_head_get_reason_phrase (head), ==, "");
  g_assert_cmpuint (duplex_head_get_n_fields (head), ==, 7);
  g_assert_cmpstr (duplex_head_lookup (head, "host"), ==, "server.example.com");
  g_assert_cmpstr (duplex_head_lookup (head, "SEC-WEBSOCKET-VERSION"), ==, "13");
  g_assert_null (duplex_head_lookup (head, "Cookie"));
}

static void
test_rfc_response (void)
{
  g_autoptr (GError)     error = NULL;
  g_autoptr (DuplexHead) head = parse_response (RFC_RESPONSE, strlen (RFC_RESPONSE), &error);
  g_autofree char       *fields = NULL;

  g_assert_no_error (error);
  g_assert_null (duplex_head_get_method (head));
  g_assert_null (duplex_head_get_target (head));
  g_assert_cmpuint (duplex_head_get_status (head), ==, 101);
  g_assert_cmpstr (duplex_head_get_reason_phrase (head), ==, "Switching Protocols");
  fields = list_fields (head);
  g_assert_cmpstr (fields, ==,
                   "Upgrade=websocket|Connection=Upgrade|"
                   "Sec-WebSocket-Accept=s3pPLMBiTxaQ9kYGzzhZRbK+xOo=|"
                   "Sec-WebSocket-Protocol=chat");
}

/* The offset of a field is where its name stands in the head. */
static void
test_field_offsets (void)
{
  g_autoptr (DuplexHead) head = parse_response (RFC_RESPONSE, strlen (RFC_RESPONSE), NULL);

  for (guint i = 0; i < duplex_head_get_n_fields (head); i++)
    {
      gsize       offset = duplex_head_get_field_offset (head, i);
      const char *name = duplex_head_get_field_name (head, i);

      g_assert_cmpmem (&RFC_RESPONSE[offset], strlen (name), name, strlen (name));
      g_assert_cmpint (RFC_RESPONSE[offset - 1], ==, '\n');
    }
}

/* That of a value is where it stands, white space or none around it. */
static void
test_value_offsets (void)
{
  static const char      text[] = "HTTP/1.1 101 X\r\nA: b\r\nC:d\r\nE: \t f g \r\nH:\nI:  \r\n\r\n";
  g_autoptr (DuplexHead) head = parse_response (text, strlen (text), NULL);

  g_assert_cmpuint (duplex_head_get_n_fields (head), ==, 5);
  for (guint i = 0; i < duplex_head_get_n_fields (head); i++)
    {
      gsize       offset = duplex_head_get_value_offset (head, i);
      const char *value = duplex_head_get_field_value (head, i);

      g_assert_cmpuint (offset + strlen (value), <, strlen (text));
      g_assert_cmpmem (text + offset, strlen (value), value, strlen (value));
      if (*value == '\0')
        g_assert_nonnull (strchr ("\r\n", text[offset]));
    }
}

static void
test_list (void)
{
  static const char      text[] = "HTTP/1.1 101 X\r\nA: 1, 2\r\nB: x\r\na:\r\nA: \"3,\";4\r\n\r\n";
  g_autoptr (DuplexHead) head = parse_response (text, strlen (text), NULL);
  g_autofree char       *three = duplex_head_dup_list (head, "a");
  g_autofree char       *one = duplex_head_dup_list (head, "B");

  g_assert_cmpstr (three, ==, "1, 2, , \"3,\";4");
  g_assert_cmpstr (one, ==, "x");
  g_assert_null (duplex_head_dup_list (head, "C"));
}

typedef struct
{
  const char *name;
  const char *text;
  guint       status;
  guint       minor;
  const char *phrase;
  const char *fields;
} Response;

static const Response responses[] = {
  { "no-fields", "HTTP/1.1 200 OK\r\n\r\n", 200, 1, "OK", "" },
  { "lone-lf", "HTTP/1.1 101 Yes\nA: b\n\n", 101, 1, "Yes", "A=b" },
  { "mixed-line-ends", "HTTP/1.1 101 Yes\r\nA: b\nC: d\r\n\n", 101, 1, "Yes", "A=b|C=d" },
  { "no-phrase", "HTTP/1.1 101\r\n\r\n", 101, 1, "", "" },
  { "empty-phrase", "HTTP/1.1 101 \r\n\r\n", 101, 1, "", "" },
  { "phrase-beyond-ascii", "HTTP/1.1 404 Non trouv\xe9\r\n\r\n", 404, 1, "Non trouv\xe9", "" },
  { "http-1.0", "HTTP/1.0 101 Old\r\n\r\n", 101, 0, "Old", "" },
  { "http-1.9", "HTTP/1.9 101 New\r\n\r\n", 101, 9, "New", "" },
  { "status/lowest", "HTTP/1.1 100 Continue\r\n\r\n", 100, 1, "Continue", "" },
  { "status/highest", "HTTP/1.1 599 What\r\n\r\n", 599, 1, "What", "" },
  { "value/trimmed", "HTTP/1.1 101 X\r\nA: \t b c \t\r\n\r\n", 101, 1, "X", "A=b c" },
  { "value/no-space", "HTTP/1.1 101 X\r\nA:b\r\n\r\n", 101, 1, "X", "A=b" },
  { "value/empty", "HTTP/1.1 101 X\r\nA:\r\nB: \r\n\r\n", 101, 1, "X", "A=|B=" },
  { "value/colons", "HTTP/1.1 101 X\r\nA: b:c: d\r\n\r\n", 101, 1, "X", "A=b:c: d" },
  { "value/tab-inside", "HTTP/1.1 101 X\r\nA: b\tc\r\n\r\n", 101, 1, "X", "A=b\tc" },
  { "value/beyond-ascii", "HTTP/1.1 101 X\r\nA: \xc3\xa4\r\n\r\n", 101, 1, "X", "A=\xc3\xa4" },
  { "repeated", "HTTP/1.1 101 X\r\nA: 1\r\na: 2\r\nA: 1\r\n\r\n", 101, 1, "X", "A=1|a=2|A=1" },
};

/* Nothing behind the last byte is read, and no beginning of a head is a head. */
static void
test_response (gconstpointer data)
{
  const Response        *r = data;
  gsize                  len = strlen (r->text);
  g_autoptr (GError)     error = NULL;
  g_autoptr (DuplexHead) head = parse_response (r->text, len, &error);
  g_autofree char       *fields = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (duplex_head_get_status (head), ==, r->status);
  g_assert_cmpuint (duplex_head_get_minor_version (head), ==, r->minor);
  g_assert_cmpstr (duplex_head_get_reason_phrase (head), ==, r->phrase);
  fields = list_fields (head);
  g_assert_cmpstr (fields, ==, r->fields);

  for (gsize cut = 0; cut < len; cut++)
    {
      g_autoptr (GError) cut_error = NULL;

      g_assert_null (parse_response (r->text, cut, &cut_error));
      g_assert_error (cut_error, DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_INVALID);
    }
}

typedef struct
{
  const char *name;
  const char *text;
  guint       line; /* that the error names */
} Bad;

static const Bad bad_responses[] = {
  { "empty-line-first", "\r\nHTTP/1.1 101 X\r\n\r\n", 1 },
  { "not-http", "220 mail.example.com ESMTP\r\n\r\n", 1 },
  { "garbage", "\x16\x03\x01\x02\r\n\r\n", 1 },
  { "lower-case", "http/1.1 101 X\r\n\r\n", 1 },
  { "http-2", "HTTP/2.0 101 X\r\n\r\n", 1 },
  { "http-2-without-minor", "HTTP/2 101 X\r\n\r\n", 1 },
  { "minor-of-two-digits", "HTTP/1.10 101 X\r\n\r\n", 1 },
  { "minor-no-digit", "HTTP/1.x 101 X\r\n\r\n", 1 },
  { "space-before", " HTTP/1.1 101 X\r\n\r\n", 1 },
  { "two-spaces", "HTTP/1.1  101 X\r\n\r\n", 1 },
  { "tab", "HTTP/1.1\t101 X\r\n\r\n", 1 },
  { "no-status", "HTTP/1.1\r\n\r\n", 1 },
  { "status/letters", "HTTP/1.1 abc X\r\n\r\n", 1 },
  { "status/sign", "HTTP/1.1 +10 X\r\n\r\n", 1 },
  { "status/two-digits", "HTTP/1.1 10 X\r\n\r\n", 1 },
  { "status/four-digits", "HTTP/1.1 1010 X\r\n\r\n", 1 },
  { "status/low", "HTTP/1.1 099 X\r\n\r\n", 1 },
  { "status/high", "HTTP/1.1 600 X\r\n\r\n", 1 },
  { "field/no-colon", "HTTP/1.1 101 X\r\nUpgrade\r\n\r\n", 2 },
  { "field/no-name", "HTTP/1.1 101 X\r\n: b\r\n\r\n", 2 },
  { "field/space-before-colon", "HTTP/1.1 101 X\r\nA : b\r\n\r\n", 2 },
  { "field/space-in-name", "HTTP/1.1 101 X\r\nA B: c\r\n\r\n", 2 },
  { "field/name-beyond-ascii", "HTTP/1.1 101 X\r\n\xc3\xa4: c\r\n\r\n", 2 },
  { "field/folded-by-space", "HTTP/1.1 101 X\r\nA: b\r\n c\r\n\r\n", 3 },
  { "field/folded-by-tab", "HTTP/1.1 101 X\r\nA: b\r\n\tc: d\r\n\r\n", 3 },
  { "field/folded-first", "HTTP/1.1 101 X\r\n A: b\r\n\r\n", 2 },
  { "control/cr-inside", "HTTP/1.1 101 X\r\nA: b\rC: d\r\n\r\n", 2 },
  { "control/two-cr", "HTTP/1.1 101 X\r\nA: b\r\r\n\r\n", 2 },
  { "control/escape-in-value", "HTTP/1.1 101 X\r\nA: \x1b[0m\r\n\r\n", 2 },
  { "control/del-in-value", "HTTP/1.1 101 X\r\nA: \x7f\r\n\r\n", 2 },
  { "control/in-phrase", "HTTP/1.1 101 X\x01\r\n\r\n", 1 },
  { "end/missing", "HTTP/1.1 101 X\r\nA: b\r\n", 2 },
  { "end/bytes-behind", "HTTP/1.1 101 X\r\n\r\nrest", 2 },
  { "end/line-behind", "HTTP/1.1 101 X\r\nA: b\r\n\r\nC: d\r\n", 3 },
};

static void
assert_line (GError *error,
             guint   line)
{
  g_autofree char *prefix = g_strdup_printf ("line %u: ", line);

  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_INVALID);
  g_assert_true (g_str_has_prefix (error->message, prefix));
  g_assert_true (g_str_is_ascii (error->message));
}

static void
test_bad_response (gconstpointer data)
{
  const Bad         *bad = data;
  g_autoptr (GError) error = NULL;

  g_assert_null (parse_response (bad->text, strlen (bad->text), &error));
  assert_line (error, bad->line);
}

static const Bad bad_requests[] = {
  { "empty-line-first", "\r\nGET / HTTP/1.1\r\n\r\n", 1 },
  { "response", "HTTP/1.1 101 Switching Protocols\r\n\r\n", 1 },
  { "no-version", "GET /\r\n\r\n", 1 },
  { "no-target", "GET HTTP/1.1\r\n\r\n", 1 },
  { "empty-target", "GET  HTTP/1.1\r\n\r\n", 1 },
  { "space-in-target", "GET /a b HTTP/1.1\r\n\r\n", 1 },
  { "space-behind", "GET / HTTP/1.1 \r\n\r\n", 1 },
  { "no-method", " / HTTP/1.1\r\n\r\n", 1 },
  { "method-no-token", "G@T / HTTP/1.1\r\n\r\n", 1 },
  { "http-2-preface", "PRI * HTTP/2.0\r\n\r\n", 1 },
  { "field", "GET / HTTP/1.1\r\nHost example\r\n\r\n", 2 },
};

static void
test_bad_request (gconstpointer data)
{
  const Bad         *bad = data;
  g_autoptr (GError) error = NULL;

  g_assert_null (parse_request (bad->text, strlen (bad->text), &error));
  assert_line (error, bad->line);
}

/* A NUL does not hide what stands behind it. */
static void
test_nul (void)
{
  static const char  in_value[] = "HTTP/1.1 101 X\r\nA: b\0c\r\n\r\n";
  static const char  in_phrase[] = "HTTP/1.1 101 X\0Y\r\n\r\n";
  static const char  in_target[] = "GET /\0 HTTP/1.1\r\n\r\n";
  g_autoptr (GError) value_error = NULL;
  g_autoptr (GError) phrase_error = NULL;
  g_autoptr (GError) target_error = NULL;

  g_assert_null (parse_response (in_value, sizeof in_value - 1, &value_error));
  assert_line (value_error, 2);
  g_assert_null (parse_response (in_phrase, sizeof in_phrase - 1, &phrase_error));
  assert_line (phrase_error, 1);
  g_assert_null (parse_request (in_target, sizeof in_target - 1, &target_error));
  assert_line (target_error, 1);
}

/* The message shows the line as printable text, and not all of a long one. */
static void
test_error_excerpt (void)
{
  g_autofree char   *fill = g_strnfill (5000, 'x');
  g_autofree char   *text = g_strconcat ("HTTP/1.1 101 X\r\n\x1b[1m\xff", fill, "\r\n\r\n", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (parse_response (text, strlen (text), &error));
  g_assert_nonnull (strstr (error->message, "\\x1b[1m\\xffxxx"));
  g_assert_cmpuint (strlen (error->message), <, 200);
}

static char *
many_fields (guint n)
{
  GString *text = g_string_new ("HTTP/1.1 101 X\r\n");

  for (guint i = 0; i < n; i++)
    g_string_append (text, "A: b\r\n");
  g_string_append (text, "\r\n");
  return g_string_free (text, FALSE);
}

static void
test_field_limit (void)
{
  g_autofree char       *full = many_fields (DUPLEX_LIMIT_HANDSHAKE_FIELDS);
  g_autofree char       *over = many_fields (DUPLEX_LIMIT_HANDSHAKE_FIELDS + 1);
  g_autoptr (GError)     error = NULL;
  g_autoptr (DuplexHead) head = parse_response (full, strlen (full), &error);

  g_assert_no_error (error);
  g_assert_cmpuint (duplex_head_get_n_fields (head), ==, DUPLEX_LIMIT_HANDSHAKE_FIELDS);
  g_assert_null (parse_response (over, strlen (over), &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG);
}

/* A head of exactly size bytes. */
static char *
head_of_size (gsize size)
{
  static const char begin[] = "HTTP/1.1 101 X\r\nA: ";
  g_autofree char  *fill = g_strnfill (size - strlen (begin) - 4, 'x');

  return g_strconcat (begin, fill, "\r\n\r\n", NULL);
}

static void
test_size_limit (void)
{
  g_autofree char       *full = head_of_size (DUPLEX_LIMIT_HANDSHAKE_HEAD);
  g_autofree char       *over = head_of_size (DUPLEX_LIMIT_HANDSHAKE_HEAD + 1);
  gsize                  size = strlen (full);
  g_autoptr (GError)     error = NULL;
  g_autoptr (DuplexHead) head = parse_response (full, size, &error);

  g_assert_no_error (error);
  g_assert_nonnull (head);
  g_assert_cmpuint (duplex_head_find_end ((const guint8 *)full, size, &error), ==, size);
  g_assert_cmpuint (duplex_head_find_end ((const guint8 *)full, size - 1, &error), ==, 0);
  g_assert_no_error (error);

  g_assert_null (parse_response (over, size + 1, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG);
  g_clear_error (&error);
  g_assert_cmpuint (duplex_head_find_end ((const guint8 *)over, size + 1, &error), ==, 0);
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG);
}

/* The end is found as soon as it is there, whatever follows, and never before. */
static void
test_find_end (void)
{
  static const struct
  {
    const char *head;
    const char *rest;
  } cases[] = {
    { RFC_RESPONSE, "" },
    { RFC_RESPONSE, "\x81\x05Hello" },
    { RFC_REQUEST, "\r\n\r\n" },
    { "HTTP/1.1 101 X\n\n", "\n\n" },
    { "HTTP/1.1 101 X\nA: b\n\r\n", "x" },
    { "HTTP/1.1 101 X\r\nA: b\r\n\n", "x" },
    { "HTTP/1.1 101 X\r\n\rA\n \n\n", "" },
    { "\r\n", "HTTP" },
    { "\n", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char            *text = g_strconcat (cases[i].head, cases[i].rest, NULL);
      gsize                       end = strlen (cases[i].head);
      gsize                       len = strlen (text);
      g_autoptr (DuplexGuardPage) guard = duplex_guard_page_new (len);
      g_autoptr (GError)          error = NULL;

      for (gsize cut = 0; cut <= len; cut++)
        {
          const guint8 *bytes = duplex_guard_page_place (guard, text, cut);

          g_assert_cmpuint (duplex_head_find_end (bytes, cut, &error), ==, cut >= end ? end : 0);
          g_assert_no_error (error);
        }
    }
}

static void
test_has_token (void)
{
  static const char      text[] = "HTTP/1.1 101 X\r\n"
                                  "Connection: keep-alive, Upgrade\r\n"
                                  "Via: a\r\n"
                                  "connection:\tx-other ,, \"quoted, websocket\"\r\n"
                                  "\r\n";
  g_autoptr (DuplexHead) head = parse_response (text, strlen (text), NULL);

  g_assert_true (duplex_head_has_token (head, "Connection", "upgrade"));
  g_assert_true (duplex_head_has_token (head, "CONNECTION", "Keep-Alive"));
  g_assert_true (duplex_head_has_token (head, "Connection", "x-other"));
  g_assert_false (duplex_head_has_token (head, "Connection", "websocket"));
  g_assert_false (duplex_head_has_token (head, "Connection", "up"));
  g_assert_false (duplex_head_has_token (head, "Connection", "upgrades"));
  g_assert_false (duplex_head_has_token (head, "Connection", "a"));
  g_assert_false (duplex_head_has_token (head, "Via", "upgrade"));
  g_assert_false (duplex_head_has_token (head, "Upgrade", "upgrade"));
}

static void
add_table (const char   *prefix,
           const char   *name,
           gconstpointer data,
           GTestDataFunc func)
{
  g_autofree char *path = g_strconcat ("/core/head/", prefix, name, NULL);

  g_test_add_data_func (path, data, func);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/head/rfc-request", test_rfc_request);
  g_test_add_func ("/core/head/rfc-response", test_rfc_response);
  g_test_add_func ("/core/head/field-offsets", test_field_offsets);
  g_test_add_func ("/core/head/value-offsets", test_value_offsets);
  g_test_add_func ("/core/head/list", test_list);
  for (gsize i = 0; i < G_N_ELEMENTS (responses); i++)
    add_table ("response/", responses[i].name, &responses[i], test_response);
  for (gsize i = 0; i < G_N_ELEMENTS (bad_responses); i++)
    add_table ("bad-response/", bad_responses[i].name, &bad_responses[i], test_bad_response);
  for (gsize i = 0; i < G_N_ELEMENTS (bad_requests); i++)
    add_table ("bad-request/", bad_requests[i].name, &bad_requests[i], test_bad_request);
  g_test_add_func ("/core/head/nul", test_nul);
  g_test_add_func ("/core/head/error-excerpt", test_error_excerpt);
  g_test_add_func ("/core/head/field-limit", test_field_limit);
  g_test_add_func ("/core/head/size-limit", test_size_limit);
  g_test_add_func ("/core/head/find-end", test_find_end);
  g_test_add_func ("/core/head/has-token", test_has_token);

  return g_test_run ();
}
