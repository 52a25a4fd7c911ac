/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is looked for in the text of rows: where it stands in them, and wherever they stand. */
#include <string.h>

#include "core/model/duplex-filter-needle.h"
#include "core/model/duplex-filter-regex.h"
#include "core/model/duplex-filter.h"
#include "core/proto/duplex-limits.h"
#include "duplex-guard-page.h"
#include "duplex-model-support.h"

#define MIB ((gsize)1024 * 1024)

/* Needles */

static gboolean
is_in (const char *needle,
       const char *text,
       gboolean    has_case)
{
  g_autoptr (DuplexFilterNeedle) self = NULL;

  self = duplex_filter_needle_new (needle, strlen (needle), has_case);
  return duplex_filter_needle_is_in (self, (const guint8 *)text, strlen (text));
}

static void
test_needle (void)
{
  static const struct
  {
    const char *needle;
    const char *text;
    gboolean    plain;
    gboolean    with_case;
  } cases[] = {
    { "a", "", FALSE, FALSE },
    { "a", "a", TRUE, TRUE },
    { "a", "A", TRUE, FALSE },
    { "A", "a", TRUE, FALSE },
    { "ab", "a", FALSE, FALSE },
    { "ab", "xaB", TRUE, FALSE },
    { "aaab", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", TRUE, TRUE },
    { "aaab", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", FALSE, FALSE },
    /* The bit of the case is no letter's elsewhere. */
    { "[", "{", FALSE, FALSE },
    { "{", "[", FALSE, FALSE },
    { "@", "`", FALSE, FALSE },
    { "0", "\x10", FALSE, FALSE },
    { "z{", "Z[", FALSE, FALSE },
    /* beyond ASCII */
    { "ä", "Ä", TRUE, FALSE },
    { "Ä", "xä", TRUE, FALSE },
    { "straße", "STRAßE", TRUE, FALSE },
    { "straße", "Straẞe", TRUE, FALSE },
    { "STRAẞE", "straße", TRUE, FALSE },
    { "straße", "strasse", FALSE, FALSE },
    { "привет", "ну, ПРИВЕТ!", TRUE, FALSE },
    { "привет", "ну, приветы", TRUE, TRUE },
    { "ΟΔΟΣ", "οδος", TRUE, FALSE },
    { "σ", "ς", TRUE, FALSE },
    { "θ", "ϴ", TRUE, FALSE },
    { "日本", "x日本", TRUE, TRUE },
    { "日本", "日曜", FALSE, FALSE },
    { "ⱥx", "ȺX", TRUE, FALSE },
    { "😀", "a😀", TRUE, TRUE },
    { "𠀀", "a𠀀b", TRUE, TRUE },
    { "𐐀", "𐐨", TRUE, FALSE },
    { "éa", "e\xCC\x81"
            "a",
      FALSE, FALSE },
    /* No letter beyond ASCII equals one of ASCII. */
    { "k", "\xE2\x84\xAA", FALSE, FALSE },
    { "äk", "ä\xE2\x84\xAA", FALSE, FALSE },
    { "\xE2\x84\xAA", "k", FALSE, FALSE },
    { "s", "ſ", FALSE, FALSE },
    { "i", "İ", FALSE, FALSE },
    /* What is looked through need not be UTF-8. */
    { "ä", "\xC3", FALSE, FALSE },
    { "aä", "a\xC3", FALSE, FALSE },
    { "äx", "\xC3\xC3\xA4x", TRUE, TRUE },
    { "xä", "\xFFx\xC3\xA4", TRUE, TRUE },
    { "xäö", "x\xC3\xA4\xC3", FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      if (is_in (cases[i].needle, cases[i].text, FALSE) != cases[i].plain)
        g_error ("%s in %s without case", cases[i].needle, cases[i].text);
      if (is_in (cases[i].needle, cases[i].text, TRUE) != cases[i].with_case)
        g_error ("%s in %s with case", cases[i].needle, cases[i].text);
    }
}

/* At each place of texts of each length, up to the last byte before memory ends. */
static void
test_needle_places (void)
{
  static const char *const    needles[] = { "q", "Qx", "needle", "über", "nëedle", "日" };
  g_autoptr (DuplexGuardPage) page = duplex_guard_page_new (200);

  for (gsize i = 0; i < G_N_ELEMENTS (needles); i++)
    {
      g_autoptr (DuplexFilterNeedle) needle = NULL;
      gsize                          len = strlen (needles[i]);
      char                           text[120];

      needle = duplex_filter_needle_new (needles[i], len, FALSE);
      for (gsize size = 0; size < 100; size++)
        {
          memset (text, 'n', sizeof text);
          g_assert_false (
            duplex_filter_needle_is_in (needle, duplex_guard_page_place (page, text, size), size));
          for (gsize at = 0; at + len <= size; at++)
            {
              memset (text, 'n', sizeof text);
              memcpy (text + at, needles[i], len);
              g_assert_true (duplex_filter_needle_is_in (
                needle, duplex_guard_page_place (page, text, size), size));
            }
        }
    }
}

static gboolean
is_in_slowly (const char *needle,
              gsize       n,
              const char *text,
              gsize       size,
              gboolean    has_case)
{
  for (gsize i = 0; i + n <= size; i++)
    {
      if (has_case ? memcmp (text + i, needle, n) == 0
                   : g_ascii_strncasecmp (text + i, needle, n) == 0)
        return TRUE;
    }

  return FALSE;
}

/* Few letters, so that almost every place is nearly a match. */
static void
test_needle_random (void)
{
  static const char letters[] = "aAbB\"{[";
  guint             n_found = 0;

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr (DuplexFilterNeedle) needle = NULL;
      char                           text[80];
      char                           word[8];
      gsize                          size = (gsize)g_test_rand_int_range (0, sizeof text);
      gsize                          n = (gsize)g_test_rand_int_range (1, sizeof word);
      gboolean                       has_case = g_test_rand_bit ();
      gboolean                       found;

      for (gsize j = 0; j < size; j++)
        text[j] = letters[g_test_rand_int_range (0, sizeof letters - 1)];
      for (gsize j = 0; j < n; j++)
        word[j] = letters[g_test_rand_int_range (0, sizeof letters - 1)];
      word[n] = '\0';

      needle = duplex_filter_needle_new (word, n, has_case);
      found = is_in_slowly (word, n, text, size, has_case);
      g_assert_true (duplex_filter_needle_is_in (needle, (guint8 *)text, size) == found);
      n_found += found;
    }
  g_assert_cmpuint (n_found, >, 1000);
}

/* Regular expressions */

static gboolean
matches (const char *pattern,
         const void *text,
         gsize       size)
{
  g_autoptr (GError)            error = NULL;
  g_autoptr (DuplexFilterRegex) regex = duplex_filter_regex_new (pattern, 0, &error);

  g_assert_no_error (error);

  return duplex_filter_regex_is_in (regex, text, size, NULL);
}

static void
test_regex_bytes (void)
{
  g_assert_true (matches ("^ä.ö$", "äüö", 6));
  g_assert_true (matches ("\\xFF.\\xFE", "a\xFFz\xFE", 4));
  g_assert_true (matches ("ä", "\xFFxä", 4));
  g_assert_true (matches ("a.c", "a\0c", 3));
  g_assert_true (matches ("^$", NULL, 0));
  /* No byte is this character. */
  g_assert_true (matches ("\\x{20AC}", "€", 3));
  g_assert_false (matches ("\\x{20AC}", "€\xFF", 4));
  /* What PCRE reads before the expression. */
  g_assert_true (matches ("(*NO_JIT)b+", "abbb", 4));
  g_assert_true (matches ("(*CRLF)(?m)^b", "a\r\nb", 4));
}

/* A compiled expression has a stack that is too small for this; an interpreted one has not. */
static void
test_regex_stack (void)
{
  g_autofree char *text = g_malloc (60000);

  memset (text, 'a', 60000);
  text[59999] = 'c';
  g_assert_true (matches ("^(a|b)*c$", text, 60000));
}

/* It gives up soon, and finds what is behind all the same. */
static void
test_regex_exponential (void)
{
  g_autofree char *text = g_malloc (1000);
  gint64           start = g_get_monotonic_time ();

  memset (text, 'a', 1000);
  memcpy (text + 990, "!!!c!!!ccc", 10);
  g_assert_false (matches ("^(a+)+c$", text, 1000));
  g_assert_false (matches ("(a|aa)+d?c$x?", text, 999));
  g_assert_true (matches ("c{3}", text, 1000));
  /* A second is a hundred times what it takes, and 2^990 steps away. */
  g_assert_cmpint (g_get_monotonic_time () - start, <, 10 * G_USEC_PER_SEC);
}

static void
test_regex_stop (void)
{
  g_autofree char              *text = g_malloc (4 * MIB);
  g_autoptr (DuplexFilterRegex) regex = duplex_filter_regex_new ("needle", 0, NULL);
  gint                          stop = 0;

  memset (text, '.', 4 * MIB);
  memcpy (text + 3 * MIB, "needle", 6);
  g_assert_true (duplex_filter_regex_is_in (regex, (guint8 *)text, 4 * MIB, &stop));
  stop = 1;
  g_assert_false (duplex_filter_regex_is_in (regex, (guint8 *)text, 4 * MIB, &stop));
}

/* Texts of more than a piece: wherever the match is, and whatever surrounds it. */
static void
test_regex_pieces (void)
{
  const gsize      size = 3 * DUPLEX_FILTER_REGEX_PIECE + 100;
  g_autofree char *text = g_malloc (size);

  for (gsize at = DUPLEX_FILTER_REGEX_OVERLAP - 8; at < size - 10;
       at += DUPLEX_FILTER_REGEX_OVERLAP / 4 - (at % 3))
    {
      memset (text, 'x', size);
      memcpy (text + at, " needle ", 8);
      g_assert_true (matches ("\\bneedle\\b", text, size));
      g_assert_true (matches ("(?<= )ne+dle(?= )", text, size));
      g_assert_true (matches ("x needle x*$", text, size) ==
                     (size - at < DUPLEX_FILTER_REGEX_OVERLAP));

      /* No piece begins or ends a text, line or word that goes on. */
      memcpy (text + at, "xneedlex", 8);
      g_assert_false (matches ("\\bneedle", text, size));
      g_assert_false (matches ("needle\\b", text, size));
      g_assert_false (matches ("^(needle|x{1,7}needle)", text, size));
      g_assert_false (matches ("needlex{0,9}$", text, size));
    }
}

/* At every byte where a piece ends, with characters that it must not cut. */
static void
test_regex_pieces_utf8 (void)
{
  const gsize         n = DUPLEX_FILTER_REGEX_PIECE;
  g_autoptr (GString) text = g_string_new (NULL);

  for (gsize i = 0; i < n; i++)
    g_string_append (text, "日");
  for (guint shift = 0; shift < 6; shift++)
    {
      g_assert_false (matches ("[^日x]", text->str, text->len));
      g_assert_true (matches ("日x?$", text->str, text->len));
      g_string_prepend_c (text, 'x');
    }
  g_string_append (text, "本");
  g_assert_true (matches ("日本$", text->str, text->len));
}

/* The text of a row, wherever it stands */

static gboolean
row_matches (DuplexCapture *capture,
             guint64        row,
             const char    *expression)
{
  g_autoptr (GError)       error = NULL;
  g_autoptr (DuplexFilter) filter = duplex_filter_parse (expression, NULL, &error);
  g_auto (DuplexEvent)     event = DUPLEX_EVENT_INIT;
  guint64                  number = 0;

  g_assert_no_error (error);
  g_assert_true (duplex_capture_find_row (capture, row, &number));
  g_assert_true (duplex_capture_read (capture, number, &event));

  return duplex_filter_match (filter, capture, &event);
}

/* Two needles, one before and one behind what a regular expression sees, and JSON around. */
static GBytes *
make_large_text (gsize size)
{
  char *text = g_malloc (size);

  memset (text, 'x', size);
  memcpy (text, "{\"a\":\"early\",\"b\":\"", 18);
  memcpy (text + MIB - 3, " across ", 8);
  memcpy (text + size - 20, " late \",\"c\":1} ", 15);

  return g_bytes_new_take (text, size);
}

static void
check_large_row (DuplexCapture *capture)
{
  g_assert_true (row_matches (capture, 0, "\"EARLY\""));
  g_assert_true (row_matches (capture, 0, "\" Across \""));
  g_assert_true (row_matches (capture, 0, "\" late \"c"));
  g_assert_false (row_matches (capture, 0, "\" later \""));
  g_assert_true (row_matches (capture, 0, "/x across x/"));
  g_assert_true (row_matches (capture, 0, "$.a == \"early\""));
  /* Beyond DUPLEX_LIMIT_FILTER_TEXT. */
  g_assert_false (row_matches (capture, 0, "/x late /"));
  g_assert_false (row_matches (capture, 0, "$.c"));
  g_assert_true (row_matches (capture, 0, "size > 16M and not text == \"x\""));
}

static void
test_large (void)
{
  const gsize               size = DUPLEX_LIMIT_FILTER_TEXT + 3 * MIB + 77;
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (GBytes)        bytes = make_large_text (size);
  DuplexEvent               event = duplex_test_text ("");

  event.payload = g_bytes_get_data (bytes, NULL);
  event.payload_size = size;
  event.message_size = size;
  event.owner = bytes;
  duplex_capture_append (capture, &event);
  check_large_row (capture);
}

/* The same in fragments of a size that fits nothing. */
static void
test_large_in_parts (void)
{
  const gsize               size = DUPLEX_LIMIT_FILTER_TEXT + 3 * MIB + 77;
  const gsize               part = 299993;
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (GBytes)        bytes = make_large_text (size);
  const guint8             *data = g_bytes_get_data (bytes, NULL);
  DuplexEvent               event = duplex_test_text ("");

  for (gsize at = 0; at < size; at += part)
    {
      gboolean is_last = size - at <= part;

      event.payload = data + at;
      event.payload_size = is_last ? size - at : part;
      event.message_size = at + event.payload_size;
      event.n_frames = (guint)(at / part) + 1;
      event.first = 0;
      event.flags = is_last ? DUPLEX_EVENT_FLAG_ROW : 0;
      duplex_capture_append (capture, &event);
    }
  check_large_row (capture);
}

static void
append_in_pieces (DuplexCapture *capture,
                  GBytes        *bytes)
{
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  gsize         size = g_bytes_get_size (bytes);
  DuplexEvent   event = duplex_test_text ("");

  event.payload_id = duplex_capture_begin_payload (capture, NULL);
  for (gsize at = 0; at < size; at += 100000)
    duplex_capture_add_payload (capture, event.payload_id, data + at, MIN (100000, size - at));
  event.payload = NULL;
  event.payload_size = size;
  event.message_size = size;
  duplex_capture_append (capture, &event);
}

/* In a file, as chunks: while it is recorded, and when it is opened again. */
static void
test_large_in_file (void)
{
  const gsize         size = DUPLEX_LIMIT_FILTER_TEXT + 3 * MIB + 77;
  g_autoptr (GBytes)  bytes = make_large_text (size);
  char               *folder = duplex_test_make_folder ();
  g_autofree char    *path = g_build_filename (folder, "large.duplex", NULL);
  DuplexCaptureOrigin origin = { 0 };
  DuplexCapture      *capture = duplex_capture_new ();
  g_autoptr (GError)  error = NULL;

  duplex_capture_record (capture, path, &origin, &error);
  g_assert_no_error (error);
  append_in_pieces (capture, bytes);
  duplex_capture_finish (capture, &error);
  g_assert_no_error (error);
  check_large_row (capture);
  g_assert_finalize_object (g_steal_pointer (&capture));

  capture = duplex_capture_open (path, &error);
  g_assert_no_error (error);
  check_large_row (capture);
  g_assert_finalize_object (capture);
  duplex_test_remove_folder (folder);
}

/* A compressed message in three fragments; value: what its last says. */
static void
append_compressed (DuplexCapture    *capture,
                   const char *const parts[3][2],
                   gint64            value)
{
  guint64 first = DUPLEX_EVENT_FIRST_IS_SELF;

  for (guint i = 0; i < 3; i++)
    {
      DuplexEvent event = duplex_test_text (parts[i][0]);
      guint64     number;

      event.header[0] = i == 0 ? 0x41 : i == 2 ? 0x80
                                               : 0x00;
      event.header[1] = (guint8)event.payload_size;
      event.header_size = 2;
      event.first = first;
      event.n_frames = i + 1;
      event.message_size = 2 * (i + 1);
      event.flags = i == 2 ? DUPLEX_EVENT_FLAG_ROW : 0;
      event.inflated = (const guint8 *)parts[i][1];
      event.inflated_size = parts[i][1] != NULL ? strlen (parts[i][1]) : 0;
      event.value = i == 2 ? value : -1;
      number = duplex_capture_append (capture, &event);
      first = i == 0 ? number : first;
    }
}

/* Some inflate to nothing, the first too: its bytes on the wire are no text. */
static void
test_inflated_parts (void)
{
  static const char *const parts[][3][2] = {
    { { "w1", "{\"a\":" }, { "w2", NULL }, { "w3", "12}" } },
    { { "w1", NULL }, { "w2", "{\"a\":" }, { "w3", "12}" } },
    { { "w1", "{\"a\":" }, { "w2", "12}" }, { "w3", NULL } },
  };
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      append_compressed (capture, parts[i], strlen ("{\"a\":12}"));
      g_assert_true (row_matches (capture, i, "text == '{\"a\":12}'"));
      g_assert_true (row_matches (capture, i, "$.a == 12"));
      g_assert_true (row_matches (capture, i, "'\":1'"));
      g_assert_false (row_matches (capture, i, "'w'"));
      g_assert_true (row_matches (capture, i, "size == 8 and wire-size == 6 and frames == 3"));
      g_assert_true (row_matches (capture, i, "compressed"));
    }
}

/* Corrupt in its second frame: what there is of it as a whole is what was on the wire. */
static void
test_corrupt_parts (void)
{
  static const char *const  parts[3][2] = { { "w1", "{\"a\":" }, { "w2", NULL }, { "w3", NULL } };
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();

  append_compressed (capture, parts, -1);
  g_assert_true (row_matches (capture, 0, "text == 'w1w2w3' and compressed"));
  g_assert_true (row_matches (capture, 0, "size == 6 and wire-size == 6"));
  g_assert_false (row_matches (capture, 0, "$.a"));
}

/* A message whose beginning was forgotten. */
static void
test_forgotten_parts (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  DuplexTestMessage         message = { .message = 1,
                                        .first = DUPLEX_EVENT_FIRST_IS_SELF,
                                        .direction = DUPLEX_DIRECTION_RECEIVED,
                                        .connection = 1,
                                        .opcode = DUPLEX_OPCODE_TEXT };
  guint64                   last;

  duplex_test_append_frame (capture, &message, "begin", FALSE);
  for (guint i = 0; i < 10000; i++)
    duplex_test_append_ping (capture, "ping");
  last = duplex_test_append_frame (capture, &message, "end", TRUE);
  g_assert_true (row_matches (capture, 10000, "\"beginend\""));

  duplex_capture_drop_before (capture, last);
  g_assert_false (row_matches (capture, 10000, "\"begin\""));
  g_assert_true (row_matches (capture, 10000, "\"end\""));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/filter-needle/cases", test_needle);
  g_test_add_func ("/core/filter-needle/places", test_needle_places);
  g_test_add_func ("/core/filter-needle/random", test_needle_random);
  g_test_add_func ("/core/filter-regex/bytes", test_regex_bytes);
  g_test_add_func ("/core/filter-regex/stack", test_regex_stack);
  g_test_add_func ("/core/filter-regex/exponential", test_regex_exponential);
  g_test_add_func ("/core/filter-regex/stop", test_regex_stop);
  g_test_add_func ("/core/filter-regex/pieces", test_regex_pieces);
  g_test_add_func ("/core/filter-regex/pieces-utf8", test_regex_pieces_utf8);
  g_test_add_func ("/core/filter-row/large", test_large);
  g_test_add_func ("/core/filter-row/large-in-parts", test_large_in_parts);
  g_test_add_func ("/core/filter-row/large-in-file", test_large_in_file);
  g_test_add_func ("/core/filter-row/inflated-parts", test_inflated_parts);
  g_test_add_func ("/core/filter-row/corrupt-parts", test_corrupt_parts);
  g_test_add_func ("/core/filter-row/forgotten-parts", test_forgotten_parts);

  return g_test_run ();
}
