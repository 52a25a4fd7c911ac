/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-escape.h"

#include <string.h>

static const struct
{
  const char *text;
  const char *terminal;
  const char *json;
} cases[] = {
  { "", "", "" },
  { "plain ä € \xf0\x9f\x98\x80", "plain ä € \xf0\x9f\x98\x80", "plain ä € \xf0\x9f\x98\x80" },
  { "a\tb\nc\rd", "a\tb\nc\\x0dd", "a\\tb\\nc\\rd" },
  { "\"\\", "\"\\", "\\\"\\\\" },
  { "\x1b[2J\x7f\x01", "\\x1b[2J\\x7f\\x01", "\\u001b[2J\\u007f\\u0001" },
  /* C1, and what stands before and behind them */
  { "\xc2\x80\xc2\x9b\xc2\x9f", "\\u0080\\u009b\\u009f", "\\u0080\\u009b\\u009f" },
  { "\xc2\xa0\xc2\xbf", "\xc2\xa0\xc2\xbf", "\xc2\xa0\xc2\xbf" },
  /* directional ones, and their neighbours */
  { "\u202a\u202b\u202c\u202d\u202e", "\\u202a\\u202b\\u202c\\u202d\\u202e",
    "\\u202a\\u202b\\u202c\\u202d\\u202e" },
  { "\u2066\u2067\u2068\u2069", "\\u2066\\u2067\\u2068\\u2069", "\\u2066\\u2067\\u2068\\u2069" },
  { "\u2029\u202f\u2065\u206a\u20ac", "\u2029\u202f\u2065\u206a\u20ac",
    "\u2029\u202f\u2065\u206a\u20ac" },
  /* no UTF-8: what is not a character stays, what follows is looked at */
  { "\xc2", "\xc2", "\xc2" },
  { "\xe2\x80", "\xe2\x80", "\xe2\x80" },
  { "\xe2\x80\x1b", "\xe2\x80\\x1b", "\xe2\x80\\u001b" },
  { "\xc2\xc2\x85", "\xc2\\u0085", "\xc2\\u0085" },
  { "\xe2\xe2\x80\xae", "\xe2\\u202e", "\xe2\\u202e" },
  { "\xe2\x80\xe2\x81\xa6z", "\xe2\x80\\u2066z", "\xe2\x80\\u2066z" },
  { "\xc2\"", "\xc2\"", "\xc2\\\"" },
  { "\x9b\xaa", "\x9b\xaa", "\x9b\xaa" },
};

static void
check (DuplexEscapeStyle style,
       const char       *text,
       gsize             piece,
       const char       *expected)
{
  DuplexEscape        escape = DUPLEX_ESCAPE_INIT (style);
  g_autoptr (GString) out = g_string_new (NULL);
  gsize               len = strlen (text);

  for (gsize at = 0; at < len; at += piece)
    duplex_escape_append (&escape, out, text + at, MIN (piece, len - at));
  duplex_escape_end (&escape, out);
  g_assert_cmpstr (out->str, ==, expected);
}

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize piece = 1; piece <= 16; piece++)
      {
        check (DUPLEX_ESCAPE_TERMINAL, cases[i].text, piece, cases[i].terminal);
        check (DUPLEX_ESCAPE_JSON, cases[i].text, piece, cases[i].json);
      }
}

/* It can be used again. */
static void
test_ended (void)
{
  DuplexEscape        escape = DUPLEX_ESCAPE_INIT (DUPLEX_ESCAPE_TERMINAL);
  g_autoptr (GString) out = g_string_new (NULL);

  duplex_escape_append (&escape, out, "\xe2\x80", 2);
  g_assert_cmpuint (out->len, ==, 0);
  duplex_escape_end (&escape, out);
  duplex_escape_append (&escape, out, "\xae", 1);
  duplex_escape_end (&escape, out);
  g_assert_cmpstr (out->str, ==, "\xe2\x80\xae");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/escape/cases", test_cases);
  g_test_add_func ("/core/escape/ended", test_ended);

  return g_test_run ();
}
