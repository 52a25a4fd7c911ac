/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-filter-terms.h"

#include "app/duplex-filter-problem.h"

#define CHIP(name) (1u << DUPLEX_FILTER_CHIP_##name)

static const struct
{
  const char *expression;
  guint       chips;
} found[] = {
  { "", 0 },
  { "sent", CHIP (SENT) },
  { "  Received ", CHIP (RECEIVED) },
  { "sent and text", CHIP (SENT) | CHIP (TEXT) },
  { "sent && (text or binary) and size > 10", CHIP (SENT) | CHIP (TEXT) | CHIP (BINARY) },
  { "text or binary", CHIP (TEXT) | CHIP (BINARY) },
  { "finding and bookmark", CHIP (FINDING) | CHIP (BOOKMARK) },
  { "leg == client", 0 },
  { "(client or backend) and pair == 3", CHIP (CLIENT) | CHIP (BACKEND) },
  /* not asked for as a whole */
  { "sent or size > 10", 0 },
  { "(sent or text)", 0 },
  { "not sent", 0 },
  { "!sent", 0 },
  { "text contains \"a\"", 0 },
  /* not operators */
  { "\"sent and text\"", 0 },
  { "'a\\' and sent and '", 0 },
  { "/a and sent and b/", 0 },
  { "$.and == 1 and sent", CHIP (SENT) },
  { "$.a.or == 1 and sent", CHIP (SENT) },
  { "(size > 1 and sent)", 0 },
  /* no expression, and no crash */
  { "\"sent and text", 0 },
  { "((", 0 },
  { "and and sent", CHIP (SENT) },
};

static void
test_get (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (found); i++)
    {
      guint chips = duplex_filter_terms_get_chips (found[i].expression);

      if (chips != found[i].chips)
        g_error ("“%s” has the chips %x, not %x", found[i].expression, chips, found[i].chips);
    }
}

static const struct
{
  const char *before;
  guint       chips;
  const char *after;
} written[] = {
  { "", 0, "" },
  { "", CHIP (SENT), "sent" },
  { "sent", 0, "" },
  { "pair == 3", CHIP (SENT) | CHIP (CLIENT), "sent and client and pair == 3" },
  { "sent", CHIP (RECEIVED), "received" },
  { "", CHIP (TEXT) | CHIP (BINARY), "(text or binary)" },
  { "size > 1k", CHIP (SENT), "sent and size > 1k" },
  { "sent and size > 1k", 0, "size > 1k" },
  { "size > 1 and (text or binary) and \"a\"", CHIP (TEXT), "text and size > 1 and \"a\"" },
  { "size > 1 or \"a\"", CHIP (SENT), "sent and (size > 1 or \"a\")" },
  { "size > 1 or \"a\"", 0, "size > 1 or \"a\"" },
  { "\"sent and \\\" x\"", CHIP (FINDING), "finding and \"sent and \\\" x\"" },
};

/* What is written is an expression, and the chips are found in it again. */
static void
test_set (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (written); i++)
    {
      g_autofree char         *after = NULL;
      g_autoptr (GError)       error = NULL;
      g_autoptr (DuplexFilter) filter = NULL;

      after = duplex_filter_terms_set_chips (written[i].before, written[i].chips);
      g_assert_cmpstr (after, ==, written[i].after);
      g_assert_cmphex (duplex_filter_terms_get_chips (after), ==, written[i].chips);
      filter = duplex_filter_parse (after, NULL, &error);
      g_assert_no_error (error);
    }
}

static void
test_every_chip (void)
{
  for (guint i = 0; i < 1u << DUPLEX_N_FILTER_CHIPS; i++)
    {
      g_autofree char         *expression = duplex_filter_terms_set_chips ("$.a == 1", i);
      g_autoptr (DuplexFilter) filter = duplex_filter_parse (expression, NULL, NULL);

      g_assert_nonnull (filter);
      g_assert_cmphex (duplex_filter_terms_get_chips (expression), ==, i);
    }
}

static const struct
{
  const char           *text;
  DuplexFilterTextFlags flags;
  const char           *expression;
} searches[] = {
  { "", DUPLEX_FILTER_TEXT_PLAIN, "" },
  { "a b", DUPLEX_FILTER_TEXT_PLAIN, "\"a b\"" },
  { "a", DUPLEX_FILTER_TEXT_CASE, "\"a\"c" },
  { "say \"hi\" \\ there", DUPLEX_FILTER_TEXT_PLAIN, "\"say \\\"hi\\\" \\\\ there\"" },
  { "a/b", DUPLEX_FILTER_TEXT_REGEX, "/a\\/b/i" },
  { "a\\/b\\d", DUPLEX_FILTER_TEXT_REGEX | DUPLEX_FILTER_TEXT_CASE, "/a\\/b\\d/" },
};

static void
test_from_text (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (searches); i++)
    {
      g_autofree char         *expression = NULL;
      g_autoptr (GError)       error = NULL;
      g_autoptr (DuplexFilter) filter = NULL;

      expression = duplex_filter_terms_from_text (searches[i].text, searches[i].flags);
      g_assert_cmpstr (expression, ==, searches[i].expression);
      filter = duplex_filter_parse (expression, NULL, &error);
      g_assert_no_error (error);
    }
}

static void
assert_marked (const char *text,
               int         column,
               guint       start,
               guint       end)
{
  g_autoptr (PangoAttrList)     attrs = duplex_filter_problem_mark (text, column);
  g_autoptr (PangoAttrIterator) iter = pango_attr_list_get_iterator (attrs);
  PangoAttribute               *line = NULL;

  do
    line = pango_attr_iterator_get (iter, PANGO_ATTR_UNDERLINE);
  while (line == NULL && pango_attr_iterator_next (iter));

  g_assert_nonnull (line);
  g_assert_cmpuint (line->start_index, ==, start);
  g_assert_cmpuint (line->end_index, ==, end);
}

/* A column counts characters, Pango bytes. */
static void
test_mark (void)
{
  assert_marked ("size >", 5, 5, 6);
  assert_marked ("size >", 6, 5, 6);
  assert_marked ("\"ü\" x", 4, 5, 6);
  assert_marked ("€", 0, 0, 3);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/filter-terms/get", test_get);
  g_test_add_func ("/app/filter-terms/set", test_set);
  g_test_add_func ("/app/filter-terms/every-chip", test_every_chip);
  g_test_add_func ("/app/filter-terms/from-text", test_from_text);
  g_test_add_func ("/app/filter-terms/mark", test_mark);

  return g_test_run ();
}
