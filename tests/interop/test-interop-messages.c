/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages both ways: what arrives is what was sent, in order, in the frames it was sent in. */
#include <string.h>

#include "core/proto/duplex-error.h"
#include "duplex-interop.h"

/* Around the three encodings of a length, RFC 6455 §5.2, and far more than one read. The servers
 * have the same table. */
static const gsize sizes[] = { 0, 125, 126, 65535, 65536, 16 * 1024 * 1024 };

/* The last characters of each length of UTF-8, what stands beside the surrogates, noncharacters
 * (which are valid), joined and combined ones, marks that programs like to eat, line ends. */
static const struct
{
  const char *bytes;
  gsize       size;
  const char *findings;
} utf8_cases[] = {
#define UTF8(literal)                 \
  {                                   \
    literal, sizeof (literal) - 1, "" \
  }
#define UNSAFE(literal)                            \
  {                                                \
    literal, sizeof (literal) - 1, " !text-unsafe" \
  }
  UNSAFE ("nul \0 inside"),
  UNSAFE ("\0"),
  UNSAFE ("\x7f\xc2\x80"),
  UTF8 ("\xdf\xbf\xe0\xa0\x80"),
  UTF8 ("\xed\x9f\xbf\xee\x80\x80"),
  UTF8 ("\xef\xb7\x90\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf"),
  UTF8 ("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
  UTF8 ("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80"),
  UTF8 ("e\xcc\x81 n\xcc\x83"),
  UTF8 ("\xef\xbb\xbf"
        "bom"),
  UTF8 ("bom\xef\xbb\xbf"),
  UNSAFE ("\xe2\x80\xae"
          "right to left\xe2\x80\xac"),
  UTF8 ("\xe2\x80\xa8\xe2\x80\xa9\r\n\t"),
#undef UTF8
#undef UNSAFE
};

static void
send_text (DuplexTestSession *session,
           const char        *text,
           gssize             size)
{
  g_autoptr (GError) error = NULL;

  duplex_session_send_text (duplex_test_session_get_session (session), text, size, &error);
  g_assert_no_error (error);
}

static void
send_binary (DuplexTestSession *session,
             GBytes            *data)
{
  g_autoptr (GError) error = NULL;

  duplex_session_send_binary (duplex_test_session_get_session (session), data, &error);
  g_assert_no_error (error);
}

/* The lines of a transcript that differ per test stand between these. */
static void
assert_between (DuplexTestSession *session,
                GString           *lines)
{
  if (lines->len > 0)
    g_string_truncate (lines, lines->len - 1); /* the last line break */
  duplex_test_session_assert_transcript (session, "connected", lines->str,
                                         "> close 1000 \"Client closed connection\"",
                                         "< close 1000 \"Client closed connection\"",
                                         "closed 1000 \"Client closed connection\"", NULL);
  duplex_test_session_assert_closed (session, "closed 1000 \"Client closed connection\"");
}

static void
test_echo (DuplexInteropPeer *peer)
{
  static const guint8           all[] = { 0x00, 0xff, 0x80, 0x0a, 0xc0 };
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/echo");
  g_autoptr (GBytes)            binary = g_bytes_new_static (all, sizeof all);
  g_autoptr (GBytes)            empty = g_bytes_new_static ("", 0);
  g_autoptr (GString)           expected = g_string_new (NULL);

  send_text (session, "{\"a\": [1, 2.50, \"x\"]}", -1);
  duplex_test_session_wait_received (session, 1);
  send_binary (session, binary);
  duplex_test_session_wait_received (session, 2);
  send_text (session, "", -1);
  duplex_test_session_wait_received (session, 3);
  send_binary (session, empty);
  duplex_test_session_wait_received (session, 4);
  duplex_test_session_disconnect (session);

  g_string_append (expected, "> text 21 \"{\\x22a\\x22: [1, 2.50, \\x22x\\x22]}\"\n"
                             "< text 21 \"{\\x22a\\x22: [1, 2.50, \\x22x\\x22]}\"\n"
                             "> binary 5 \"\\x00\\xff\\x80\\x0a\\xc0\"\n"
                             "< binary 5 \"\\x00\\xff\\x80\\x0a\\xc0\"\n"
                             "> text 0\n< text 0\n> binary 0\n< binary 0\n");
  assert_between (session, expected);
}

/* The number of those that were sent before an echo came differs; their order must not. */
static void
test_order (DuplexInteropPeer *peer)
{
  enum {
    N_MESSAGES = 2000
  };
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/echo");
  g_autofree char              *transcript = NULL;
  g_auto (GStrv)                lines = NULL;
  guint                         n[2] = { 0 };

  for (guint i = 0; i < N_MESSAGES; i++)
    {
      g_autofree char *text = g_strdup_printf ("%05u", i);

      send_text (session, text, -1);
    }
  duplex_test_session_wait_received (session, N_MESSAGES);
  duplex_test_session_disconnect (session);

  transcript = duplex_test_session_dup_transcript (session);
  lines = g_strsplit (transcript, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      gboolean         received = lines[i][0] == '<';
      g_autofree char *expected = NULL;

      if (strstr (lines[i], " text ") == NULL)
        continue;
      expected = g_strdup_printf ("%c text 5 \"%05u\"", received ? '<' : '>', n[received]);
      g_assert_cmpstr (lines[i], ==, expected);
      n[received]++;
      g_assert_cmpuint (n[TRUE], <=, n[FALSE]);
    }
  g_assert_cmpuint (n[FALSE], ==, N_MESSAGES);
  g_assert_cmpuint (n[TRUE], ==, N_MESSAGES);
  /* connected, two Closes, closed, and what follows the last line break */
  g_assert_cmpuint (g_strv_length (lines), ==, 2 * N_MESSAGES + 5);
  g_assert_null (strchr (transcript, '!'));
}

static void
append_size (GString    *lines,
             const char *what,
             gsize       size)
{
  g_string_append_printf (lines, "%s %" G_GSIZE_FORMAT "%s\n", what, size,
                          size > 0 ? " pattern" : "");
}

static void
test_sizes_received (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_new_session (peer, "/sizes");
  g_autoptr (GString)           expected = g_string_new (NULL);
  DuplexTotals                  totals;
  guint64                       bytes = 0;

  /* The bytes on the wire are counted. */
  duplex_profile_set_deflate (duplex_test_session_get_profile (session), /* offered= */ FALSE,
                              &(DuplexDeflateParams){ 0 });
  duplex_test_session_connect (session);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      append_size (expected, "< text", sizes[i]);
      append_size (expected, "< binary", sizes[i]);
      bytes += 2 * sizes[i];
    }
  duplex_test_session_wait_received (session, 2 * G_N_ELEMENTS (sizes));
  duplex_test_session_disconnect (session);

  assert_between (session, expected);
  duplex_test_session_get_totals (session, &totals);
  g_assert_cmpuint (totals.bytes[0], ==, 0);
  g_assert_cmpuint (totals.bytes[1], ==, bytes);
  g_assert_cmpuint (totals.messages[0], ==, 0);
  g_assert_cmpuint (totals.messages[1], ==, 2 * G_N_ELEMENTS (sizes));
  /* headers: three lengths in 2, 4 and 10 bytes, each for text and binary, and the Close of 26 */
  g_assert_cmpuint (totals.frames[1], ==, 2 * G_N_ELEMENTS (sizes) + 1);
  g_assert_cmpuint (totals.wire_bytes[1], ==, bytes + 2 * (2 * 2 + 2 * 4 + 2 * 10) + 2 + 26);
}

static void
test_sizes_echoed (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/echo");
  g_autoptr (GString)           expected = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) text = duplex_test_pattern (/* text= */ TRUE, sizes[i]);
      g_autoptr (GBytes) binary = duplex_test_pattern (/* text= */ FALSE, sizes[i]);
      const char        *data = g_bytes_get_data (text, NULL);

      send_text (session, data != NULL ? data : "", (gssize)sizes[i]);
      duplex_test_session_wait_received (session, 2 * i + 1);
      send_binary (session, binary);
      duplex_test_session_wait_received (session, 2 * i + 2);
      append_size (expected, "> text", sizes[i]);
      append_size (expected, "< text", sizes[i]);
      append_size (expected, "> binary", sizes[i]);
      append_size (expected, "< binary", sizes[i]);
    }
  duplex_test_session_disconnect (session);

  assert_between (session, expected);
}

static void
append_utf8 (GString    *lines,
             const char *what,
             gsize       i)
{
  g_autofree char *quoted = duplex_test_quote (utf8_cases[i].bytes, utf8_cases[i].size);

  g_string_append_printf (lines, "%s %" G_GSIZE_FORMAT " %s%s\n", what, utf8_cases[i].size, quoted,
                          utf8_cases[i].findings);
}

static void
test_utf8_received (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/utf8");
  g_autoptr (GString)           expected = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (utf8_cases); i++)
    append_utf8 (expected, "< text", i);
  duplex_test_session_wait_received (session, G_N_ELEMENTS (utf8_cases));
  duplex_test_session_disconnect (session);

  assert_between (session, expected);
}

static void
test_utf8_echoed (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/echo");
  g_autoptr (GString)           expected = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (utf8_cases); i++)
    {
      send_text (session, utf8_cases[i].bytes, (gssize)utf8_cases[i].size);
      duplex_test_session_wait_received (session, i + 1);
      append_utf8 (expected, "> text", i);
      append_utf8 (expected, "< text", i);
    }
  duplex_test_session_disconnect (session);

  assert_between (session, expected);
}

/* What is not UTF-8 never leaves, and the connection stays as it was. */
static void
test_utf8_refused (DuplexInteropPeer *peer)
{
  static const char *const      bad[] = { "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xff",
                                          "\xe2\x82" };
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/echo");
  g_autoptr (GString)           expected = g_string_new ("> text 4 \"fine\"\n< text 4 \"fine\"\n");

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (duplex_session_send_text (duplex_test_session_get_session (session), bad[i],
                                                -1, &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
    }
  send_text (session, "fine", -1);
  duplex_test_session_wait_received (session, 1);
  duplex_test_session_disconnect (session);

  assert_between (session, expected);
}

/* ---- fragments ---- */

/* websockets ends a fragmented message with an empty frame, ws with the last part. */
static guint
count_frames (DuplexInteropPeer *peer,
              guint              n_parts)
{
  return duplex_interop_peer_get_kind (peer) == DUPLEX_INTEROP_WEBSOCKETS ? n_parts + 1 : n_parts;
}

static void
test_fragments_text (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/fragments/text");
  g_autoptr (GString)           expected = g_string_new (NULL);
  DuplexTotals                  totals;

  /* The ping stands before the row that it came in the middle of, and was answered at once. */
  g_string_append_printf (expected, "< ping 7 \"between\"\n> pong 7 \"between\"\n"
                                    "< text/%u 15 \"one, two, three\"\n",
                          count_frames (peer, 3));
  duplex_test_session_wait_received (session, 1);
  duplex_test_session_disconnect (session);

  assert_between (session, expected);
  duplex_test_session_get_totals (session, &totals);
  g_assert_cmpuint (totals.messages[1], ==, 1);
  g_assert_cmpuint (totals.bytes[1], ==, 15);
  g_assert_cmpuint (totals.frames[1], ==, count_frames (peer, 3) + 2);
}

static void
test_fragments_binary (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/fragments/binary");
  g_autoptr (GString)           expected = g_string_new (NULL);

  g_string_append_printf (expected, "< binary/%u 65538 pattern\n", count_frames (peer, 4));
  duplex_test_session_wait_received (session, 1);
  duplex_test_session_disconnect (session);

  assert_between (session, expected);
}

static void
test_fragments_many (DuplexInteropPeer *peer)
{
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/fragments/many");
  g_autoptr (GString)           expected = g_string_new (NULL);

  g_string_append_printf (expected, "< text/%u 1000 pattern\n", count_frames (peer, 1000));
  duplex_test_session_wait_received (session, 1);
  duplex_test_session_disconnect (session);

  assert_between (session, expected);
}

/* Only ws sends text in pieces that are not whole characters: websockets takes it as str. */
static void
test_fragments_part (DuplexInteropPeer *peer)
{
  static const char             line[] = "< text/7 7 \"\\xf4\\x8f\\xbf\\xbf\\xe2\\x82\\xac\"\n";
  g_autoptr (DuplexTestSession) session = duplex_interop_peer_connect (peer, "/fragments/part");
  g_autoptr (GString)           expected = g_string_new (line);

  duplex_test_session_wait_received (session, 1);
  duplex_test_session_disconnect (session);

  assert_between (session, expected);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "echo", test_echo);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "order", test_order);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "sizes/received", test_sizes_received);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "sizes/echoed", test_sizes_echoed);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "utf8/received", test_utf8_received);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "utf8/echoed", test_utf8_echoed);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "utf8/refused", test_utf8_refused);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "fragments/text", test_fragments_text);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "fragments/binary", test_fragments_binary);
  duplex_interop_add (DUPLEX_INTEROP_BOTH, "fragments/many", test_fragments_many);
  duplex_interop_add (DUPLEX_INTEROP_WS, "fragments/part", test_fragments_part);
  return duplex_interop_run (/* with_certificates= */ FALSE);
}
