/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is no expression, and what the message says of it. */
#include "core/model/duplex-filter.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

typedef struct
{
  const char *text;
  guint       column;
  const char *names; /* what the message has to name */
} ErrorCase;

static const ErrorCase error_cases[] = {
  { "foo", 0, "direction" },
  { "foo", 0, "\"foo\"" },
  { "  foo == 1", 2, "received" },
  { "received foo", 9, "and" },
  { "received, sent", 8, "and" },
  { "received and", 12, "sent" },
  { "received and ) ", 13, "sent" },
  { "not", 3, "sent" },
  { "!", 1, "sent" },
  { "(received", 9, ")" },
  { "(received sent)", 10, ")" },
  { "received)", 8, "end" },
  { "()", 1, "sent" },
  { "äöü \"x\" and", 0, "sent" },
  { "\"äöü\" und", 6, "and" },
  { "#", 0, "sent" },

  { "size", 4, ">=" },
  { "size = 4", 5, "==" },
  { "size 4", 5, ">=" },
  { "size ==", 7, "bytes" },
  { "size == \"x\"", 8, "bytes" },
  { "size == 4x", 8, "1.5MB" },
  { "size == -1", 8, "bytes" },
  { "size == 4 k", 10, "end" },
  { "size == 1.2.3", 8, "bytes" },
  { "size contains \"x\"", 5, "==" },
  { "wire-size", 9, ">=" },
  { "wire-size == \"x\"", 13, "bytes" },
  { "compressed == 1", 11, "compressed" },
  { "frames == many", 10, "whole number" },
  { "frames == 1.5", 10, "whole number" },
  { "direction < sent", 10, "!=" },
  { "direction == up", 13, "received or sent" },
  { "direction == \"sent", 13, "received or sent" },
  { "kind == ping", 8, "control" },
  { "kind == 1", 8, "control" },
  { "opcode == foo", 10, "ping" },
  { "severity == bad", 12, "warning" },
  { "severity", 8, "==" },
  { "time == yesterday", 8, "2024-05-01" },
  { "time == 24:00", 8, "12:30" },
  { "time == 12:60", 8, "12:30" },
  { "time == 12:3", 8, "12:30" },
  { "time == 12:30:", 8, "12:30" },
  { "time == 12:30:01.", 8, "12:30" },
  { "time == 2024-13-01", 8, "12:30" },
  { "time == 2024-02-30", 8, "12:30" },
  { "time == 2024-05-01T", 8, "12:30" },
  { "time == 2024-05-01T12:00Zx", 8, "12:30" },
  { "time == 2024-05-01T12:00+2", 8, "12:30" },
  { "time == \"2024-05-01", 8, "12:30" },
  { "finding == foo", 11, "reserved-bit" },
  { "finding < invalid-utf8", 8, "contains" },
  { "bookmark == true", 9, "bookmark" },
  { "comment == 1", 11, "quotes" },
  { "code == x", 8, "whole number" },
  { "code = 1000", 5, ">=" },

  { "\"abc", 0, "\"" },
  { "'abc\"", 0, "'" },
  { "\"a\\qb\"", 2, "\\n" },
  { "\"a\\u12\"", 2, "\\u" },
  { "\"\"", 0, "empty" },
  { "text contains \"\"", 14, "empty" },
  { "text contains abc", 14, "quotes" },
  { "text < \"a\"", 5, "contains" },
  { "text =~ \"a\"", 8, "/" },
  { "text == /a/", 8, "quotes" },
  { "/abc", 0, "/" },
  { "/abc\\/", 0, "/" },
  { "//", 0, "empty" },
  { "/(/", 0, ")" },
  { "/a/iq", 4, "i, m, s and x" },
  { "\"a\"i", 3, "end" },

  { "$.", 2, "name" },
  { "$.a[x]", 4, "index" },
  { "$.a[0", 5, "]" },
  { "$.a = 1", 4, "==" },
  { "$a", 1, "end" },
  { "$.a == trade", 7, "quotes" },
  { "$.a == 01", 7, "number" },
  { "$.a == 1x", 7, "number" },
  { "$.a == -", 7, "number" },
  { "$.a < true", 6, "!=" },
  { "$.a contains 1", 13, "quotes" },
  { "$.a =~ \"x\"", 7, "/" },
};

static void
test_error (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (error_cases); i++)
    {
      const ErrorCase         *test = &error_cases[i];
      g_autoptr (GError)       error = NULL;
      guint                    column = G_MAXUINT;
      g_autoptr (DuplexFilter) filter = duplex_filter_parse (test->text, &column, &error);

      if (filter != NULL)
        g_error ("%s is taken", test->text);
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
      if (column != test->column || strstr (error->message, test->names) == NULL)
        g_error ("%s: column %u: %s", test->text, column, error->message);
      g_assert_false (g_str_has_suffix (error->message, "."));
    }
}

/* ret_column and error may be left out. */
static void
test_error_unwanted (void)
{
  g_assert_null (duplex_filter_parse ("foo", NULL, NULL));
  g_assert_null (duplex_filter_parse ("\xFF", NULL, NULL));
}

static void
test_not_utf8 (void)
{
  g_autoptr (GError) error = NULL;
  guint              column = 0;

  g_assert_null (duplex_filter_parse ("\"ä\xFF\"", &column, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (column, ==, 2);
}

static void
check_depth (const char *open,
             const char *close,
             guint       depth,
             gboolean    is_taken)
{
  g_autoptr (GString)      text = g_string_new (NULL);
  g_autoptr (GError)       error = NULL;
  g_autoptr (DuplexFilter) filter = NULL;
  guint                    column = 0;

  for (guint i = 0; i < depth; i++)
    g_string_append (text, open);
  g_string_append (text, "ping");
  for (guint i = 0; i < depth; i++)
    g_string_append (text, close);

  filter = duplex_filter_parse (text->str, &column, &error);
  g_assert_true ((filter != NULL) == is_taken);
  if (is_taken)
    return;
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (column, <=, (DUPLEX_LIMIT_FILTER_DEPTH + 1) * strlen (open));
}

static void
test_depth (void)
{
  check_depth ("(", ")", DUPLEX_LIMIT_FILTER_DEPTH, TRUE);
  check_depth ("(", ")", DUPLEX_LIMIT_FILTER_DEPTH + 1, FALSE);
  check_depth ("(", ")", 4000, FALSE);
  check_depth ("!", "", DUPLEX_LIMIT_FILTER_DEPTH, TRUE);
  check_depth ("!", "", 8000, FALSE);
  check_depth ("not (", ")", DUPLEX_LIMIT_FILTER_DEPTH / 2, TRUE);
  check_depth ("not (", ")", DUPLEX_LIMIT_FILTER_DEPTH / 2 + 1, FALSE);
}

static void
test_length (void)
{
  g_autofree char         *text = g_malloc (DUPLEX_LIMIT_FILTER_LENGTH + 2);
  g_autoptr (GError)       error = NULL;
  g_autoptr (DuplexFilter) filter = NULL;

  /* As many tests as fit. */
  memset (text, ' ', DUPLEX_LIMIT_FILTER_LENGTH + 1);
  for (gsize i = 0; i < DUPLEX_LIMIT_FILTER_LENGTH / 8; i++)
    memcpy (text + i * 8, i == 0 ? "    ping" : " or ping", 8);
  text[DUPLEX_LIMIT_FILTER_LENGTH] = '\0';
  filter = duplex_filter_parse (text, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (filter);

  text[DUPLEX_LIMIT_FILTER_LENGTH] = ' ';
  text[DUPLEX_LIMIT_FILTER_LENGTH + 1] = '\0';
  g_assert_null (duplex_filter_parse (text, NULL, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/filter-error/messages", test_error);
  g_test_add_func ("/core/filter-error/unwanted", test_error_unwanted);
  g_test_add_func ("/core/filter-error/not-utf8", test_not_utf8);
  g_test_add_func ("/core/filter-error/depth", test_depth);
  g_test_add_func ("/core/filter-error/length", test_length);

  return g_test_run ();
}
