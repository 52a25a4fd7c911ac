/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-bubble-text.h"

#include <string.h>

#include "app/duplex-texts.h"
#include "conversation.h"

typedef struct
{
  DuplexCapture *capture;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->capture = duplex_capture_new ();
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_assert_finalize_object (fixture->capture);
}

/* Of the only row. */
static DuplexBubbleText *
get_text (Fixture *fixture)
{
  g_autoptr (DuplexRow) row = conversation_get_row (fixture->capture, 0);

  return duplex_bubble_text_new (row);
}

static char *
get_body (DuplexBubbleText *text)
{
  const char *newline = strchr (text->text->str, '\n');

  g_assert_nonnull (newline);
  return g_strndup (newline + 1, text->link_offset > 0
                                   ? (gsize)(text->text->str + text->link_offset - newline - 2)
                                   : strlen (newline + 1));
}

static void
assert_body (Fixture    *fixture,
             const char *payload,
             const char *expected)
{
  g_autoptr (DuplexBubbleText) text = NULL;
  g_autofree char             *body = NULL;

  duplex_capture_clear (fixture->capture);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_RECEIVED, payload, -1);
  text = get_text (fixture);
  body = get_body (text);
  g_assert_cmpstr (body, ==, expected);
  g_assert_cmpuint (text->link_offset, ==, 0);
}

/* What the last span of that kind covers. */
static char *
get_span (DuplexBubbleText *text,
          DuplexHighlight   kind)
{
  for (guint i = text->spans->len; i > 0; i--)
    {
      const DuplexHighlightSpan *span = &g_array_index (text->spans, DuplexHighlightSpan, i - 1);

      g_assert_cmpuint (span->offset + span->len, <=, text->text->len);
      if (span->kind == kind)
        return g_strndup (text->text->str + span->offset, span->len);
    }

  return NULL;
}

static void
assert_span (DuplexBubbleText *text,
             DuplexHighlight   kind,
             const char       *expected)
{
  g_autofree char *covered = get_span (text, kind);

  g_assert_cmpstr (covered, ==, expected);
}

static guint
count_lines (const char *text)
{
  guint n = 1;

  for (; *text != '\0'; text++)
    n += *text == '\n';

  return n;
}

static void
test_header (Fixture      *fixture,
             gconstpointer data)
{
  g_autoptr (DuplexBubbleText) text = NULL;
  g_autofree char             *time = duplex_text_time (G_GINT64_CONSTANT (1709294462000000));
  g_autofree char             *expected = NULL;

  expected = g_strdup_printf ("→ Sent · %s · 5\u00a0bytes\nhello", time);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "hello", -1);
  text = get_text (fixture);
  g_assert_cmpstr (text->text->str, ==, expected);
  assert_span (text, DUPLEX_HIGHLIGHT_STRONG, "→ Sent");
  assert_span (text, DUPLEX_HIGHLIGHT_BODY, "hello");
}

static void
test_header_frames (Fixture      *fixture,
                    gconstpointer data)
{
  g_autoptr (DuplexBubbleText) text = NULL;

  conversation_message (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, "abcdef",
                        6, 3, 2);
  text = get_text (fixture);
  g_assert_true (g_str_has_prefix (text->text->str, "← Received · "));
  g_assert_true (
    g_str_has_suffix (text->text->str, " · 3\u00a0frames · 2\u00a0findings\nabcdef"));
  assert_span (text, DUPLEX_HIGHLIGHT_WARNING, "2\u00a0findings");
}

static void
test_json (Fixture      *fixture,
           gconstpointer data)
{
  g_autoptr (DuplexBubbleText) text = NULL;

  assert_body (fixture, " { \"a\":[1.50,null], \"b\":\"x\" }",
               "{\n  \"a\": [\n    1.50,\n    null\n  ],\n  \"b\": \"x\"\n}");
  text = get_text (fixture);
  assert_span (text, DUPLEX_HIGHLIGHT_KEY, "\"b\"");
  assert_span (text, DUPLEX_HIGHLIGHT_STRING, "\"x\"");
  assert_span (text, DUPLEX_HIGHLIGHT_NUMBER, "1.50");
  assert_span (text, DUPLEX_HIGHLIGHT_KEYWORD, "null");
}

static void
test_json_escape (Fixture      *fixture,
                  gconstpointer data)
{
  g_autoptr (DuplexBubbleText) text = NULL;

  assert_body (fixture, "{\"a\u202eb\":\"c\u200bd\",\"e\":7}",
               "{\n  \"a\\u202eb\": \"c\\u200bd\",\n  \"e\": 7\n}");
  text = get_text (fixture);
  assert_span (text, DUPLEX_HIGHLIGHT_STRING, "\"c\\u200bd\"");
  assert_span (text, DUPLEX_HIGHLIGHT_ESCAPE, "\\u200b");
  assert_span (text, DUPLEX_HIGHLIGHT_KEY, "\"e\"");
  assert_span (text, DUPLEX_HIGHLIGHT_NUMBER, "7");
}

static void
test_plain (Fixture      *fixture,
            gconstpointer data)
{
  assert_body (fixture, "{not json}", "{not json}");
  assert_body (fixture, "[1, 2", "[1, 2");
  assert_body (fixture, "12", "12");
  assert_body (fixture, "two\nlines\a", "two\nlines\\u0007");
  assert_body (fixture, "a\xff", "a\\xff");
}

static void
test_empty (Fixture      *fixture,
            gconstpointer data)
{
  g_autoptr (DuplexBubbleText) text = NULL;

  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "", 0);
  text = get_text (fixture);
  g_assert_true (g_str_has_suffix (text->text->str, "\nEmpty message"));
}

/* n lines of text. */
static char *
make_lines (guint n)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (out, "%sline %u", i > 0 ? "\n" : "", i);

  return g_string_free (out, FALSE);
}

static void
test_fold_lines (Fixture      *fixture,
                 gconstpointer data)
{
  const guint slack = DUPLEX_FOLD_LINES + DUPLEX_FOLD_SLACK;

  for (guint n = 1; n < 40; n++)
    {
      g_autofree char             *lines = make_lines (n);
      g_autofree char             *body = NULL;
      g_autoptr (DuplexBubbleText) text = NULL;

      duplex_capture_clear (fixture->capture);
      conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, lines, -1);
      text = get_text (fixture);
      body = get_body (text);
      g_assert_cmpuint (count_lines (body), ==, n > slack ? DUPLEX_FOLD_LINES : n);
      g_assert_cmpint (text->link_offset > 0, ==, n > slack);
      g_assert_true (g_str_has_prefix (lines, body));
    }
}

static void
test_fold_link (Fixture      *fixture,
                gconstpointer data)
{
  g_autoptr (GString)          payload = g_string_new (NULL);
  g_autoptr (DuplexBubbleText) text = NULL;

  for (guint i = 0; i < 120000; i++)
    g_string_append (payload, "ten bytes\n");
  conversation_text (fixture->capture, DUPLEX_DIRECTION_RECEIVED, payload->str, -1);
  text = get_text (fixture);
  assert_span (text, DUPLEX_HIGHLIGHT_LINK, "Show all (1.2\u00a0MB)");
  g_assert_cmpstr (text->text->str + text->link_offset, ==, "Show all (1.2\u00a0MB)");
}

/* One line of a megabyte, of one-byte and of wide characters: cut within, and at a character. */
static void
test_fold_long_line (Fixture      *fixture,
                     gconstpointer data)
{
  static const char *const units[] = { "x", "漢", "👍" };

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    {
      g_autoptr (GString)          payload = g_string_new (NULL);
      g_autofree char             *body = NULL;
      g_autoptr (DuplexBubbleText) text = NULL;

      while (payload->len < 1000000)
        g_string_append (payload, units[i]);
      duplex_capture_clear (fixture->capture);
      conversation_text (fixture->capture, DUPLEX_DIRECTION_RECEIVED, payload->str,
                         (gssize)payload->len);
      text = get_text (fixture);
      body = get_body (text);
      g_assert_true (g_utf8_validate (body, -1, NULL));
      g_assert_true (g_str_has_suffix (body, "…"));
      g_assert_cmpint (g_utf8_strlen (body, -1), ==,
                       1 + DUPLEX_FOLD_LINES * DUPLEX_FOLD_COLUMNS / (i == 0 ? 1 : 2));
    }
}

static void
test_fold_json (Fixture      *fixture,
                gconstpointer data)
{
  g_autoptr (GString)          payload = g_string_new ("[");
  g_autoptr (DuplexBubbleText) text = NULL;
  g_autofree char             *body = NULL;

  for (guint i = 0; i < 100000; i++)
    g_string_append_printf (payload, "%s{\"n\":%u}", i > 0 ? "," : "", i);
  g_string_append_c (payload, ']');
  conversation_text (fixture->capture, DUPLEX_DIRECTION_RECEIVED, payload->str, -1);
  text = get_text (fixture);
  body = get_body (text);
  g_assert_true (g_str_has_prefix (body, "[\n  {\n    \"n\": 0\n  },\n"));
  g_assert_cmpuint (count_lines (body), ==, DUPLEX_FOLD_LINES);
  assert_span (text, DUPLEX_HIGHLIGHT_BODY, body);
}

/* JSON with one long string, cut by the payload's bound and by the output's: its beginning shows.
 */
static void
test_fold_json_string (Fixture      *fixture,
                       gconstpointer data)
{
  static const gsize sizes[] = { 5000, 8000, 15900, 16384, 16500, 1000000 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GString)          payload = g_string_new ("{\"id\":1,\"data\":\"");
      g_autoptr (DuplexBubbleText) text = NULL;
      g_autofree char             *body = NULL;

      while (payload->len < sizes[i])
        g_string_append (payload, "0123€");
      g_string_append (payload, "\"}");
      duplex_capture_clear (fixture->capture);
      conversation_text (fixture->capture, DUPLEX_DIRECTION_RECEIVED, payload->str, -1);
      text = get_text (fixture);
      body = get_body (text);
      g_test_message ("size %" G_GSIZE_FORMAT ": %.60s", sizes[i], body);
      g_assert_true (g_str_has_prefix (body, "{\n  \"id\": 1,\n  \"data\": \"0123€0123€"));
      g_assert_true (g_str_has_suffix (body, "…"));
      g_assert_cmpuint (text->link_offset, >, 0);
      g_assert_true (g_utf8_validate (text->text->str, -1, NULL));
    }
}

/* What only begins like JSON is not shown as if it were. */
static void
test_fold_broken_json (Fixture      *fixture,
                       gconstpointer data)
{
  g_autoptr (GString)          payload = g_string_new ("{\"id\":1 \"oops\" ");
  g_autoptr (DuplexBubbleText) text = NULL;
  g_autofree char             *body = NULL;

  while (payload->len < 100000)
    g_string_append (payload, "more text ");
  conversation_text (fixture->capture, DUPLEX_DIRECTION_RECEIVED, payload->str, -1);
  text = get_text (fixture);
  body = get_body (text);
  g_assert_true (g_str_has_prefix (body, "{\"id\":1 \"oops\" more text"));
}

static void
test_binary (Fixture      *fixture,
             gconstpointer data)
{
  static const guint8          bytes[] = "Hello\x00\xff ~\n";
  g_autoptr (DuplexBubbleText) text = NULL;
  g_autofree char             *body = NULL;

  conversation_message (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_BINARY, bytes,
                        sizeof bytes - 1, 1, 0);
  text = get_text (fixture);
  body = get_body (text);
  g_assert_cmpstr (body, ==,
                   "48 65 6c 6c 6f 00 ff 20  Hello.. \n"
                   "7e 0a                    ~.");
  g_assert_cmpuint (text->link_offset, ==, 0);
}

static void
test_binary_fold (Fixture      *fixture,
                  gconstpointer data)
{
  guint8 bytes[DUPLEX_FOLD_HEX_BYTES + 1] = { 0 };

  for (gsize size = sizeof bytes - 1; size <= sizeof bytes; size++)
    {
      g_autoptr (DuplexBubbleText) text = NULL;
      g_autofree char             *body = NULL;

      duplex_capture_clear (fixture->capture);
      conversation_message (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_BINARY, bytes,
                            size, 1, 0);
      text = get_text (fixture);
      body = get_body (text);
      g_assert_cmpuint (count_lines (body), ==, DUPLEX_FOLD_HEX_BYTES / DUPLEX_FOLD_HEX_COLUMNS);
      g_assert_cmpint (text->link_offset > 0, ==, size > DUPLEX_FOLD_HEX_BYTES);
    }
}

static void
test_control (Fixture      *fixture,
              gconstpointer data)
{
  g_autoptr (DuplexBubbleText) ping = NULL;
  g_autoptr (DuplexBubbleText) pong = NULL;
  g_autoptr (DuplexRow)        row = NULL;

  conversation_control (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_PING, "x", 1, -1);
  ping = get_text (fixture);
  g_assert_true (g_str_has_prefix (ping->text->str, "→ Ping “x” · "));
  g_assert_null (strchr (ping->text->str, '\n'));

  conversation_control (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_PONG, "x", 1,
                        840);
  row = conversation_get_row (fixture->capture, 1);
  g_assert_cmpint (duplex_bubble_style_of (row), ==, DUPLEX_BUBBLE_RECEIVED_CONTROL);
  pong = duplex_bubble_text_new (row);
  g_assert_true (g_str_has_prefix (pong->text->str, "← Pong “x”, round trip 0.8 ms · "));
}

/* The size is what the message is worth; the mark says that it was compressed. */
static void
test_compressed (Fixture      *fixture,
                 gconstpointer data)
{
  g_autofree char             *letters = g_strnfill (80, 'a');
  g_autoptr (DuplexBubbleText) text = NULL;
  g_autofree char             *body = NULL;
  g_autofree char             *mark = NULL;

  conversation_compressed (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT,
                           letters, 80, 2);
  text = get_text (fixture);
  body = get_body (text);
  mark = g_strndup (text->text->str + text->ratio_offset, text->ratio_len);
  g_assert_cmpstr (body, ==, letters);
  g_assert_nonnull (strstr (text->text->str, " · 80\u00a0bytes · "));
  g_assert_nonnull (strstr (text->text->str, ":1 · 2\u00a0frames"));
  g_assert_cmpuint (text->ratio_len, >, 0);
  g_assert_true (g_str_has_suffix (mark, ":1"));
}

/* What cannot be inflated is no text. */
static void
test_corrupt (Fixture      *fixture,
              gconstpointer data)
{
  g_autoptr (DuplexBubbleText) text = NULL;
  g_autofree char             *body = NULL;

  conversation_corrupt (fixture->capture);
  text = get_text (fixture);
  body = get_body (text);
  g_assert_cmpuint (text->ratio_len, ==, 0);
  g_assert_nonnull (strstr (text->text->str, "5\u00a0bytes\u00a0on\u00a0the\u00a0wire,"));
  g_assert_true (g_str_has_prefix (body, "07 ff 00 41 fe"));
}

/* A peer chooses a close reason: it must not look like a line of ours. */
static void
test_control_reason (Fixture      *fixture,
                     gconstpointer data)
{
  static const guint8          body[] = { 0x03, 0xe8, 'a', '\n', 'b', 0xe2, 0x80, 0xae };
  g_autoptr (DuplexBubbleText) text = NULL;

  conversation_control (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_CLOSE, body,
                        sizeof body, -1);
  text = get_text (fixture);
  g_assert_true (
    g_str_has_prefix (text->text->str, "← Close 1000 Normal Closure: a\\nb\\u202e · "));
  assert_span (text, DUPLEX_HIGHLIGHT_ESCAPE, "\\u202e");
}

static void
test_state (Fixture      *fixture,
            gconstpointer data)
{
  g_autoptr (DuplexBubbleText) text = NULL;
  g_autoptr (DuplexRow)        connected = NULL;
  g_autoptr (DuplexRow)        failed = NULL;

  conversation_state (fixture->capture, DUPLEX_EVENT_CONNECTED, "ws://localhost/", 1000);
  conversation_state (fixture->capture, DUPLEX_EVENT_FAILED, "refused", 5);
  text = get_text (fixture);
  g_assert_true (g_str_has_suffix (text->text->str, " · Connected to ws://localhost/"));

  connected = conversation_get_row (fixture->capture, 0);
  failed = conversation_get_row (fixture->capture, 1);
  g_assert_cmpint (duplex_bubble_style_of (connected), ==, DUPLEX_BUBBLE_STATE);
  g_assert_cmpint (duplex_bubble_style_of (failed), ==, DUPLEX_BUBBLE_ERROR);
}

static void
add (const char *path,
     void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/app/bubble-text/header", test_header);
  add ("/app/bubble-text/header/frames-and-findings", test_header_frames);
  add ("/app/bubble-text/json", test_json);
  add ("/app/bubble-text/json/escape", test_json_escape);
  add ("/app/bubble-text/plain", test_plain);
  add ("/app/bubble-text/empty", test_empty);
  add ("/app/bubble-text/fold/lines", test_fold_lines);
  add ("/app/bubble-text/fold/link", test_fold_link);
  add ("/app/bubble-text/fold/long-line", test_fold_long_line);
  add ("/app/bubble-text/fold/json", test_fold_json);
  add ("/app/bubble-text/fold/json-string", test_fold_json_string);
  add ("/app/bubble-text/fold/broken-json", test_fold_broken_json);
  add ("/app/bubble-text/binary", test_binary);
  add ("/app/bubble-text/binary/fold", test_binary_fold);
  add ("/app/bubble-text/control", test_control);
  add ("/app/bubble-text/compressed", test_compressed);
  add ("/app/bubble-text/corrupt", test_corrupt);
  add ("/app/bubble-text/control/reason", test_control_reason);
  add ("/app/bubble-text/state", test_state);

  return g_test_run ();
}
