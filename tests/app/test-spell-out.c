/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-spell-out.h"

#include <string.h>

typedef struct
{
  const char        *in;
  gssize             len; /* -1: terminated */
  DuplexSpellOutMode mode;
  const char        *out;
  guint              n_spans;
} Case;

static const Case cases[] = {
  { "", -1, DUPLEX_SPELL_OUT_TEXT, "", 0 },
  { "plain é 漢 👍", -1, DUPLEX_SPELL_OUT_TEXT, "plain é 漢 👍", 0 },
  { "a\nb\tc", -1, DUPLEX_SPELL_OUT_TEXT, "a\nb\tc", 0 },
  { "a\nb\tc", -1, DUPLEX_SPELL_OUT_LINE, "a\\nb\\tc", 2 },
  { "a\r\n", -1, DUPLEX_SPELL_OUT_TEXT, "a\\r\n", 1 },
  { "\0\a\x1b\x7f", 4, DUPLEX_SPELL_OUT_TEXT, "\\u0000\\u0007\\u001b\\u007f", 4 },
  { "\xc2\x85\xc2\x9f\u00a0", -1, DUPLEX_SPELL_OUT_TEXT, "\\u0085\\u009f\u00a0", 2 },
  { "user\u202etxt.exe", -1, DUPLEX_SPELL_OUT_TEXT, "user\\u202etxt.exe", 1 },
  { "\u2066\u2069\u200f\u061c", -1, DUPLEX_SPELL_OUT_TEXT, "\\u2066\\u2069\\u200f\\u061c", 4 },
  /* the explicit directional characters, all of them */
  { "\u202a\u202b\u202c\u202d\u202e", -1, DUPLEX_SPELL_OUT_LINE,
    "\\u202a\\u202b\\u202c\\u202d\\u202e", 5 },
  { "\u2066\u2067\u2068\u2069", -1, DUPLEX_SPELL_OUT_LINE,
    "\\u2066\\u2067\\u2068\\u2069", 4 },
  /* the first and last of C1, and DEL before them */
  { "\x7f\xc2\x80\xc2\x9b\xc2\x9f", -1, DUPLEX_SPELL_OUT_LINE,
    "\\u007f\\u0080\\u009b\\u009f", 4 },
  { "a\u200bb\ufeff\u2028", -1, DUPLEX_SPELL_OUT_TEXT, "a\\u200bb\\ufeff\\u2028", 3 },
  /* joiners of emoji and scripts stay */
  { "👩\u200d🚀 ❤\ufe0f", -1, DUPLEX_SPELL_OUT_TEXT, "👩\u200d🚀 ❤\ufe0f", 0 },
  { "می\u200cخواهم", -1, DUPLEX_SPELL_OUT_LINE, "می\u200cخواهم", 0 },
  { "ok\xff\xfe!", -1, DUPLEX_SPELL_OUT_TEXT, "ok\\xff\\xfe!", 2 },
  /* cut within a character, overlong, surrogate */
  { "\xe2\x82", -1, DUPLEX_SPELL_OUT_TEXT, "\\xe2\\x82", 2 },
  { "\xc0\x80", -1, DUPLEX_SPELL_OUT_TEXT, "\\xc0\\x80", 2 },
  { "\xed\xa0\x80", -1, DUPLEX_SPELL_OUT_TEXT, "\\xed\\xa0\\x80", 3 },
};

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case         *item = &cases[i];
      gsize               len = item->len < 0 ? strlen (item->in) : (gsize)item->len;
      g_autoptr (GString) out = g_string_new ("> ");
      g_autoptr (GArray)  spans = g_array_new (FALSE, FALSE, sizeof (DuplexHighlightSpan));

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      duplex_spell_out_append (out, item->in, len, item->mode, spans);
      g_assert_cmpstr (out->str + 2, ==, item->out);
      g_assert_cmpuint (out->len, ==, 2 + strlen (item->out));
      g_assert_true (g_utf8_validate (out->str, -1, NULL));
      g_assert_cmpuint (spans->len, ==, item->n_spans);

      for (guint j = 0; j < spans->len; j++)
        {
          const DuplexHighlightSpan *span = &g_array_index (spans, DuplexHighlightSpan, j);

          g_assert_cmpint (span->kind, ==, DUPLEX_HIGHLIGHT_ESCAPE);
          g_assert_cmpint (out->str[span->offset], ==, '\\');
          g_assert_cmpuint (span->offset + span->len, <=, out->len);
        }
    }
}

static void
test_trim (void)
{
  static const struct
  {
    const char *text;
    gsize       len;
    gsize       trimmed;
  } trims[] = {
    { "", 0, 0 },
    { "abc", 3, 3 },
    { "a€", 4, 4 },
    { "a€", 3, 1 },
    { "a€", 2, 1 },
    { "👍", 3, 0 },
    { "👍", 4, 4 },
    /* not the end of a character, and so nothing to wait for */
    { "a\xff", 2, 2 },
    { "\x80\x80\x80\x80", 4, 4 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (trims); i++)
    {
      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_cmpuint (duplex_spell_out_trim (trims[i].text, trims[i].len), ==, trims[i].trimmed);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/spell-out/cases", test_cases);
  g_test_add_func ("/app/spell-out/trim", test_trim);

  return g_test_run ();
}
