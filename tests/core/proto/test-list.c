/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-list.h"

#include <string.h>

/* The elements of a list, each in angle brackets. */
static void
assert_elements (const char *value,
                 const char *expected)
{
  g_autoptr (GString) elements = g_string_new (NULL);
  const char         *rest = value;
  const char         *item;
  gsize               len;

  while (duplex_list_next (&rest, &item, &len))
    {
      g_assert_true (item >= value && item + len <= value + strlen (value));
      g_string_append_c (elements, '<');
      g_string_append_len (elements, item, len);
      g_string_append_c (elements, '>');
    }

  g_assert_cmpstr (elements->str, ==, expected);
  g_assert_cmpint (*rest, ==, '\0');
}

static void
test_elements (void)
{
  assert_elements ("", "");
  assert_elements ("a", "<a>");
  assert_elements ("a,b", "<a><b>");
  assert_elements ("  a\t,\tb  ", "<a><b>");
  assert_elements ("keep-alive, Upgrade", "<keep-alive><Upgrade>");
  assert_elements ("a b", "<a b>");
}

/* RFC 9110 §5.6.1.2: empty elements do not count. */
static void
test_empty_elements (void)
{
  assert_elements (",", "");
  assert_elements (" , \t,, ", "");
  assert_elements (",a,,b,", "<a><b>");
}

static void
test_quoted (void)
{
  assert_elements ("a; p=\"x,y\", b", "<a; p=\"x,y\"><b>");
  assert_elements ("\"a\\\",b\", c", "<\"a\\\",b\"><c>");
  assert_elements ("\"\\\\\",b", "<\"\\\\\"><b>");
  assert_elements ("a\\,b", "<a\\><b>");
}

/* A quote that is not closed reaches to the end. */
static void
test_unclosed_quote (void)
{
  assert_elements ("a, \"b, c", "<a><\"b, c>");
  assert_elements ("\"", "<\">");
  assert_elements ("\"\\", "<\"\\>");
}

static void
test_trim (void)
{
  static const struct
  {
    const char *text;
    const char *trimmed;
  } cases[] = {
    { "", "" },
    { " ", "" },
    { "\t \t", "" },
    { "a", "a" },
    { " \ta b\t ", "a b" },
    { "\na", "\na" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *text = cases[i].text;
      gsize       len = strlen (text);

      duplex_trim (&text, &len);
      g_assert_cmpmem (text, len, cases[i].trimmed, strlen (cases[i].trimmed));
    }
}

/* Against the characters that RFC 9110 §5.6.2 lists. */
static void
test_token_characters (void)
{
  static const char tchar[] = "!#$%&'*+-.^_`|~0123456789"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  for (guint c = 0; c <= G_MAXUINT8; c++)
    g_assert_cmpint (duplex_is_token_char (c), ==, c != 0 && strchr (tchar, c) != NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/list/elements", test_elements);
  g_test_add_func ("/core/list/empty-elements", test_empty_elements);
  g_test_add_func ("/core/list/quoted", test_quoted);
  g_test_add_func ("/core/list/unclosed-quote", test_unclosed_quote);
  g_test_add_func ("/core/list/trim", test_trim);
  g_test_add_func ("/core/list/token-characters", test_token_characters);

  return g_test_run ();
}
