/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-text.h"

#include <string.h>

#include "app/duplex-message-words.h"
#include "conversation.h"

static DuplexMessageText *
make (const char         *payload,
      gssize              len,
      gboolean            is_text,
      DuplexMessageFormat wanted,
      gsize               max)
{
  g_autoptr (GBytes) bytes = g_bytes_new (payload, len < 0 ? strlen (payload) : (gsize)len);

  return duplex_message_text_new (bytes, g_bytes_get_size (bytes), is_text, wanted, max);
}

static DuplexMessageText *
make_json (const char *payload,
           gsize       max)
{
  return make (payload, -1, TRUE, DUPLEX_MESSAGE_FORMAT_JSON, max);
}

/* The marked pieces as "key:\"a\" number:1 ". */
static char *
list_spans (const DuplexMessageText *text)
{
  static const char *const names[DUPLEX_N_HIGHLIGHTS] = {
    [DUPLEX_HIGHLIGHT_KEY] = "key",
    [DUPLEX_HIGHLIGHT_STRING] = "string",
    [DUPLEX_HIGHLIGHT_NUMBER] = "number",
    [DUPLEX_HIGHLIGHT_KEYWORD] = "keyword",
    [DUPLEX_HIGHLIGHT_ESCAPE] = "escape",
  };
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < text->spans->len; i++)
    {
      DuplexMessageSpan *span = &g_array_index (text->spans, DuplexMessageSpan, i);
      const char        *start = g_utf8_offset_to_pointer (text->text, span->offset);
      const char        *end = g_utf8_offset_to_pointer (start, span->len);

      g_string_append_printf (out, "%s:%.*s ", names[span->kind], (int)(end - start), start);
    }

  return g_string_free (out, FALSE);
}

static void
test_json (void)
{
  g_autoptr (DuplexMessageText) text = make_json ("{\"ä\":[1,\"x\",null]}", G_MAXSIZE);
  g_autofree char              *spans = list_spans (text);

  g_assert_cmpint (text->format, ==, DUPLEX_MESSAGE_FORMAT_JSON);
  g_assert_true (text->is_json);
  g_assert_true (text->is_whole);
  g_assert_null (text->json_problem);
  g_assert_cmpstr (text->text, ==, "{\n  \"ä\": [\n    1,\n    \"x\",\n    null\n  ]\n}");
  g_assert_cmpuint (text->len, ==, strlen (text->text));
  g_assert_cmpuint (text->n_chars, ==, (guint)g_utf8_strlen (text->text, -1));
  g_assert_cmpstr (spans, ==, "key:\"ä\" number:1 string:\"x\" keyword:null ");
}

/* What would disturb the text around it is spelled out, inside of strings too. */
static void
test_escapes (void)
{
  g_autoptr (DuplexMessageText) json = make_json ("[\"a\xe2\x80\xae\"]", G_MAXSIZE);
  g_autoptr (DuplexMessageText) text = make ("a\0\xff\tb", 5, TRUE, DUPLEX_MESSAGE_FORMAT_TEXT, 99);
  g_autofree char              *json_spans = list_spans (json);
  g_autofree char              *text_spans = list_spans (text);

  g_assert_cmpstr (json_spans, ==, "escape:\\u202e string:\"a\\u202e\" ");
  g_assert_cmpstr (text->text, ==, "a\\u0000\\xff\tb");
  g_assert_cmpstr (text_spans, ==, "escape:\\u0000 escape:\\xff ");
  g_assert_cmpuint (text->n_shown, ==, 5);
}

static void
test_fall_back (void)
{
  static const struct
  {
    const char         *payload;
    gboolean            is_text;
    DuplexMessageFormat wanted;
    DuplexMessageFormat format;
    gboolean            has_problem;
  } cases[] = {
    { "[1,]", TRUE, DUPLEX_MESSAGE_FORMAT_JSON, DUPLEX_MESSAGE_FORMAT_TEXT, TRUE },
    { " { broken", TRUE, DUPLEX_MESSAGE_FORMAT_JSON, DUPLEX_MESSAGE_FORMAT_TEXT, TRUE },
    { "plain words", TRUE, DUPLEX_MESSAGE_FORMAT_JSON, DUPLEX_MESSAGE_FORMAT_TEXT, FALSE },
    { "plain words", FALSE, DUPLEX_MESSAGE_FORMAT_JSON, DUPLEX_MESSAGE_FORMAT_TEXT, FALSE },
    { "\x01\x02", FALSE, DUPLEX_MESSAGE_FORMAT_JSON, DUPLEX_MESSAGE_FORMAT_HEX, FALSE },
    { "\x01\x02", TRUE, DUPLEX_MESSAGE_FORMAT_JSON, DUPLEX_MESSAGE_FORMAT_TEXT, FALSE },
    { "\xff\xfe", FALSE, DUPLEX_MESSAGE_FORMAT_JSON, DUPLEX_MESSAGE_FORMAT_HEX, FALSE },
    { "\xff\xfe", FALSE, DUPLEX_MESSAGE_FORMAT_TEXT, DUPLEX_MESSAGE_FORMAT_TEXT, FALSE },
    { "", TRUE, DUPLEX_MESSAGE_FORMAT_JSON, DUPLEX_MESSAGE_FORMAT_TEXT, FALSE },
    { "", FALSE, DUPLEX_MESSAGE_FORMAT_JSON, DUPLEX_MESSAGE_FORMAT_HEX, FALSE },
    { "{}", FALSE, DUPLEX_MESSAGE_FORMAT_JSON, DUPLEX_MESSAGE_FORMAT_JSON, FALSE },
    { "{}", TRUE, DUPLEX_MESSAGE_FORMAT_TEXT, DUPLEX_MESSAGE_FORMAT_TEXT, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexMessageText) text = NULL;

      text = make (cases[i].payload, -1, cases[i].is_text, cases[i].wanted, 100);
      g_assert_cmpint (text->format, ==, cases[i].format);
      g_assert_cmpint (text->json_problem != NULL, ==, cases[i].has_problem);
    }
}

static void
test_problem (void)
{
  g_autoptr (DuplexMessageText) text = make_json ("{\n  \"a\": 1,\n  b\n}", 100);
  g_autofree char              *problem = duplex_message_words_dup_problem (text);

  g_assert_cmpuint (text->json_line, ==, 3);
  g_assert_cmpuint (text->json_column, ==, 3);
  g_assert_true (g_str_has_prefix (problem, "Not JSON: line 3, column 3: "));
}

/* The bytes from place on, of which as many are given as are asked for at most, and more when they
 * do not do. */
static DuplexMessageText *
make_piece (const char               *payload,
            gsize                     len,
            DuplexMessageFormat       format,
            const DuplexMessagePlace *place,
            gsize                     max,
            gsize                     window)
{
  gsize offset = (gsize)duplex_message_place_get_offset (place);

  for (;; window *= 2)
    {
      gsize              n = MIN (window, len - offset);
      g_autoptr (GBytes) bytes = g_bytes_new (payload + offset, n);
      DuplexMessageText *text;

      text = place != NULL
               ? duplex_message_text_new_next (bytes, len, place, max)
               : duplex_message_text_new (bytes, len, /* is_text= */ TRUE, format, max);
      if (!text->needs_more)
        return text;
      g_assert_cmpuint (n, <, len - offset);
      duplex_message_text_free (text);
    }
}

/* Pieces of any size, made of beginnings of any size, are together the whole. */
static void
check_pieces (const char         *payload,
              gsize               len,
              DuplexMessageFormat format,
              gsize               max,
              gsize               window)
{
  g_autoptr (DuplexMessageText)  all = make (payload, (gssize)len, TRUE, format, G_MAXSIZE);
  g_autoptr (DuplexMessagePlace) place = NULL;
  g_autoptr (GString)            joined = g_string_new (NULL);
  gboolean                       is_whole = FALSE;

  g_assert_true (all->is_whole);
  for (guint i = 0; !is_whole; i++)
    {
      g_autoptr (DuplexMessageText) piece = NULL;

      piece = make_piece (payload, len, format, place, max, window);
      g_assert_cmpuint (i, <=, len);
      g_assert_cmpint (piece->format, ==, format);
      g_assert_cmpuint (piece->n_chars, ==, (guint)g_utf8_strlen (piece->text, -1));
      g_string_append (joined, piece->text);
      g_assert_cmpint (piece->is_whole, ==, piece->n_shown == len);
      is_whole = piece->is_whole;
      duplex_message_place_free (place);
      place = g_steal_pointer (&piece->next);
    }
  g_assert_cmpstr (joined->str, ==, all->text);
}

static void
check_all_pieces (const char         *payload,
                  gsize               len,
                  DuplexMessageFormat format)
{
  /* A character takes up to four bytes. */
  for (gsize max = 4; max < len + 10; max++)
    for (gsize window = 1; window < len + 2; window++)
      check_pieces (payload, len, format, max, window);
}

static void
test_pieces (void)
{
  const char *json = "{\"key\":[true,-1.5e3,\"some text ä€𝄞\",{}],\"\":{\"a\":[[]]}}  ";
  const char *text = "ä€𝄞 text\r\n\x01 \xff\xc3(\xe2\x82";

  check_all_pieces (json, strlen (json), DUPLEX_MESSAGE_FORMAT_JSON);
  check_all_pieces (text, strlen (text), DUPLEX_MESSAGE_FORMAT_TEXT);
}

/* One string of megabytes is shown from its beginning, not left out. */
static void
test_huge_token (void)
{
  g_autofree char              *filler = g_strnfill (2 * DUPLEX_MESSAGE_TEXT_PIECE, 'x');
  g_autofree char              *json = g_strdup_printf ("[\"%s\"]", filler);
  g_autoptr (DuplexMessageText) text = make_json (json, DUPLEX_MESSAGE_TEXT_PIECE);

  g_assert_cmpint (text->format, ==, DUPLEX_MESSAGE_FORMAT_JSON);
  g_assert_false (text->is_whole);
  g_assert_cmpuint (text->len, >=, DUPLEX_MESSAGE_TEXT_PIECE);
  g_assert_cmpuint (text->n_shown, >, DUPLEX_MESSAGE_TEXT_PIECE - 100);
  g_assert_cmpuint (text->n_shown, <=, DUPLEX_MESSAGE_TEXT_PIECE);
  g_assert_cmpuint (text->spans->len, ==, 1);

  /* And then from there. */
  check_pieces (json, strlen (json), DUPLEX_MESSAGE_FORMAT_JSON, DUPLEX_MESSAGE_TEXT_PIECE,
                DUPLEX_MESSAGE_TEXT_PIECE);
}

static void
test_long_lines (void)
{
  g_autofree char              *line = g_strnfill (100000, 'x');
  g_autoptr (DuplexMessageText) broken = make (line, -1, TRUE, DUPLEX_MESSAGE_FORMAT_TEXT, 200000);
  g_autoptr (DuplexMessageText) whole = make ("a\nb", -1, TRUE, DUPLEX_MESSAGE_FORMAT_TEXT, 100);
  g_auto (GStrv)                lines = g_strsplit (broken->text, "\n", -1);

  g_assert_true (broken->is_broken);
  g_assert_false (whole->is_broken);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_assert_cmpuint (strlen (lines[i]), <=, DUPLEX_MESSAGE_TEXT_LINE + 4);
      g_assert_cmpuint (strlen (lines[i]), >, 0);
    }
  g_assert_cmpuint (g_strv_length (lines), ==, 25);
  g_assert_cmpuint (broken->n_shown, ==, 100000);
}

static void
test_format (void)
{
  g_autoptr (GBytes) json = g_bytes_new_static ("[1]", 3);
  g_autoptr (GBytes) bad = g_bytes_new_static ("a\xff", 2);
  g_autofree char   *pretty = duplex_message_text_format (json, DUPLEX_MESSAGE_FORMAT_JSON);
  g_autofree char   *plain = duplex_message_text_format (json, DUPLEX_MESSAGE_FORMAT_TEXT);
  g_autofree char   *valid = duplex_message_text_format (bad, DUPLEX_MESSAGE_FORMAT_TEXT);
  g_autofree char   *no_json = duplex_message_text_format (bad, DUPLEX_MESSAGE_FORMAT_JSON);

  g_assert_cmpstr (pretty, ==, "[\n  1\n]");
  g_assert_cmpstr (plain, ==, "[1]");
  g_assert_cmpstr (valid, ==, "a\xef\xbf\xbd");
  g_assert_cmpstr (no_json, ==, "a\xef\xbf\xbd");
}

/* The lines around a message. */

/* Sizes have no-break spaces. */
static void
plain_spaces (char *text)
{
  for (char *space = strstr (text, "\xc2\xa0"); space != NULL; space = strstr (space, "\xc2\xa0"))
    {
      *space = ' ';
      memmove (space + 1, space + 2, strlen (space + 2) + 1);
    }
}

static char *
get_summary (DuplexCapture *capture)
{
  g_autoptr (DuplexRow) row = conversation_get_row (capture, 0);
  g_autofree char      *summary = duplex_message_words_dup_summary (row);

  /* The time is local. */
  *strrchr (summary, ' ') = '\0';
  return g_steal_pointer (&summary);
}

static void
test_summary (void)
{
  g_autoptr (DuplexCapture) text = duplex_capture_new ();
  g_autoptr (DuplexCapture) pong = duplex_capture_new ();
  g_autofree char          *text_summary = NULL;
  g_autoptr (DuplexCapture) compressed = duplex_capture_new ();
  g_autofree char          *letters = g_strnfill (480, 'a');
  g_autofree char          *pong_summary = NULL;
  g_autofree char          *compressed_summary = NULL;

  conversation_message (text, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT, "Hello", 5, 3, 0);
  text_summary = get_summary (text);
  g_assert_cmpstr (text_summary, ==, "→ Sent · Text · 5 bytes · 3 frames ·");

  conversation_control (pong, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_PONG, "x", 1, 800);
  pong_summary = get_summary (pong);
  g_assert_cmpstr (pong_summary, ==, "← Received · Pong “x”, round trip 0.8 ms · 1 byte ·");

  conversation_compressed (compressed, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT, letters, 480, 2);
  compressed_summary = get_summary (compressed);
  g_assert_cmpstr (compressed_summary, ==,
                   "→ Sent · Text · 480 bytes, 8 bytes on the wire · 2 frames ·");
}

static void
test_state (void)
{
  g_autofree char          *line = g_strnfill (300000, 'x');
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (DuplexRow)     row = NULL;
  g_autofree char          *state = NULL;
  g_autofree char          *later = NULL;

  conversation_text (capture, DUPLEX_DIRECTION_SENT, line, -1);
  row = conversation_get_row (capture, 0);
  state = duplex_message_words_dup_state (row, 0, 200000, /* is_broken= */ TRUE);
  plain_spaces (state);
  g_assert_cmpstr (state, ==, "200.0 kB of 300.0 kB shown · Long lines are broken");
  later = duplex_message_words_dup_state (row, 100000, 300000, /* is_broken= */ FALSE);
  plain_spaces (later);
  g_assert_cmpstr (later, ==, "100.0 kB to 300.0 kB of 300.0 kB shown");
  g_assert_null (duplex_message_words_dup_state (row, 0, 300000, /* is_broken= */ FALSE));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/message-text/json", test_json);
  g_test_add_func ("/app/message-text/escapes", test_escapes);
  g_test_add_func ("/app/message-text/fall-back", test_fall_back);
  g_test_add_func ("/app/message-text/problem", test_problem);
  g_test_add_func ("/app/message-text/pieces", test_pieces);
  g_test_add_func ("/app/message-text/huge-token", test_huge_token);
  g_test_add_func ("/app/message-text/long-lines", test_long_lines);
  g_test_add_func ("/app/message-text/format", test_format);
  g_test_add_func ("/app/message-words/summary", test_summary);
  g_test_add_func ("/app/message-words/state", test_state);

  return g_test_run ();
}
