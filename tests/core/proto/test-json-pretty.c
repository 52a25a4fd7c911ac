/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-json.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

typedef struct
{
  const char *name;
  const char *text;
  const char *pretty;
  const char *spans; /* the coloured parts, each behind its letter, "k" for a key */
} Case;

static const Case cases[] = {
  { "string", " \"a\" ", "\"a\"", "s\"a\"" },
  { "number", "-1.50e+07", "-1.50e+07", "n-1.50e+07" },
  { "word", "\nnull\n", "null", "0null" },
  { "empty-object", "{ \n }", "{}", "" },
  { "empty-array", "[ ]", "[]", "" },
  { "array", "[1,2]", "[\n  1,\n  2\n]", "n1 n2" },
  { "object",
    "{\"a\":true,\"b\" : false}",
    "{\n  \"a\": true,\n  \"b\": false\n}",
    "k\"a\" ttrue k\"b\" ffalse" },
  { "nested",
    "{\"a\":[{\"b\":{}},[]],\"c\":\"d\"}",
    "{\n  \"a\": [\n    {\n      \"b\": {}\n    },\n    []\n  ],\n  \"c\": \"d\"\n}",
    "k\"a\" k\"b\" k\"c\" s\"d\"" },
  { "empty-behind-empty", "[[],{},[[]]]", "[\n  [],\n  {},\n  [\n    []\n  ]\n]", "" },
  { "verbatim/number",
    "[1.0,100000000000000000001,1E5,-0]",
    "[\n  1.0,\n  100000000000000000001,\n  1E5,\n  -0\n]",
    "n1.0 n100000000000000000001 n1E5 n-0" },
  { "verbatim/escapes", "\"\\u00e4\\/\\n\"", "\"\\u00e4\\/\\n\"", "s\"\\u00e4\\/\\n\"" },
  { "verbatim/spaces-in-strings",
    "{ \" a  b \" : \" , \" }",
    "{\n  \" a  b \": \" , \"\n}",
    "k\" a  b \" s\" , \"" },
  { "verbatim/key-order-and-duplicates",
    "{\"b\":1,\"a\":2,\"b\":3}",
    "{\n  \"b\": 1,\n  \"a\": 2,\n  \"b\": 3\n}",
    "k\"b\" n1 k\"a\" n2 k\"b\" n3" },
};

static char *
describe_spans (const GString *out,
                GArray        *spans)
{
  GString *text = g_string_new (NULL);
  gsize    end = 0;

  for (guint i = 0; i < spans->len; i++)
    {
      DuplexJsonSpan span = g_array_index (spans, DuplexJsonSpan, i);

      g_assert_cmpuint (span.offset, >=, end);
      end = span.offset + span.len;
      g_assert_cmpuint (end, <=, out->len);
      g_string_append_printf (text, "%s%c%.*s", i > 0 ? " " : "", ".!{}[]:,ksntf0"[span.token],
                              (int)span.len, out->str + span.offset);
    }

  return g_string_free (text, FALSE);
}

/* The output is appended, and spans count from the beginning of what it was appended to. */
static void
test_case (gconstpointer data)
{
  const Case         *c = data;
  g_autoptr (GString) out = g_string_new ("before");
  g_autoptr (GArray)  spans = g_array_new (FALSE, FALSE, sizeof (DuplexJsonSpan));
  g_autoptr (GError)  error = NULL;
  g_autofree char    *spans_text = NULL;
  gboolean            truncated = TRUE;

  g_assert_true (duplex_json_pretty (c->text, strlen (c->text), G_MAXSIZE, out, spans, &truncated,
                                     &error));
  g_assert_no_error (error);
  g_assert_false (truncated);
  g_assert_true (g_str_has_prefix (out->str, "before"));
  g_assert_cmpstr (out->str + strlen ("before"), ==, c->pretty);
  spans_text = describe_spans (out, spans);
  g_assert_cmpstr (spans_text, ==, c->spans);
}

/* Pretty text is its own pretty text. */
static void
test_twice (gconstpointer data)
{
  const Case         *c = data;
  g_autoptr (GString) out = g_string_new (NULL);

  g_assert_true (duplex_json_pretty (c->pretty, strlen (c->pretty), G_MAXSIZE, out, NULL, NULL,
                                     NULL));
  g_assert_cmpstr (out->str, ==, c->pretty);
}

/* For every bound, the output is a beginning of the whole, keeps to the bound, ends behind a token,
 * and says whether something is missing. */
static void
test_bounds (gconstpointer data)
{
  const Case *c = data;
  gsize       whole = strlen (c->pretty);

  for (gsize max = 0; max <= whole + 1; max++)
    {
      g_autoptr (GString) out = g_string_new ("x");
      gboolean            truncated = FALSE;

      g_assert_true (duplex_json_pretty (c->text, strlen (c->text), max, out, NULL, &truncated,
                                         NULL));
      g_assert_cmpuint (out->len - 1, <=, max);
      g_assert_cmpmem (out->str + 1, out->len - 1, c->pretty, out->len - 1);
      g_assert_cmpint (truncated, ==, max < whole);
      g_assert_cmpint (out->len - 1 == whole, ==, max >= whole);
      if (out->len > 1)
        g_assert_false (g_ascii_isspace (out->str[out->len - 1]));
    }
}

/* What was there before the error stays, and the error says where it is. */
static void
test_error (void)
{
  static const char   text[] = "{\n \"a\": [1, 2}";
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError)  error = NULL;
  gboolean            truncated = FALSE;

  g_assert_false (duplex_json_pretty (text, strlen (text), G_MAXSIZE, out, NULL, &truncated,
                                      &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_SYNTAX);
  g_assert_cmpstr (error->message, ==, "line 2, column 12: expected ',' or ']'");
  g_assert_cmpstr (out->str, ==, "{\n  \"a\": [\n    1,\n    2");
}

static void
test_empty_is_error (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError)  error = NULL;

  g_assert_false (duplex_json_pretty (NULL, 0, G_MAXSIZE, out, NULL, NULL, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_SYNTAX);
  g_assert_cmpuint (out->len, ==, 0);
}

/* A bound that is reached before an error hides it: what follows is not looked at. */
static void
test_bound_before_error (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  gboolean            truncated = FALSE;

  g_assert_true (duplex_json_pretty ("[1,2,!", 6, 8, out, NULL, &truncated, NULL));
  g_assert_true (truncated);
  g_assert_cmpstr (out->str, ==, "[\n  1,");
}

static void
test_too_deep (void)
{
  g_autofree char    *text = g_strnfill (DUPLEX_LIMIT_JSON_DEPTH + 1, '[');
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError)  error = NULL;

  g_assert_false (duplex_json_pretty (text, strlen (text), G_MAXSIZE, out, NULL, NULL, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG);
}

/* The indentation of the deepest level is more than the spaces that are written at once. */
static void
test_deep_indent (void)
{
  g_autofree char    *open = g_strnfill (DUPLEX_LIMIT_JSON_DEPTH, '[');
  g_autofree char    *close = g_strnfill (DUPLEX_LIMIT_JSON_DEPTH, ']');
  g_autofree char    *text = g_strconcat (open, "1", close, NULL);
  g_autofree char    *spaces = g_strnfill (2 * DUPLEX_LIMIT_JSON_DEPTH, ' ');
  g_autofree char    *line = g_strconcat ("\n", spaces, "1\n", NULL);
  g_autoptr (GString) out = g_string_new (NULL);

  g_assert_true (duplex_json_pretty (text, strlen (text), G_MAXSIZE, out, NULL, NULL, NULL));
  g_assert_nonnull (strstr (out->str, line));
}

static void
test_too_big (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError)  error = NULL;

  /* The size alone decides: the text is not read. */
  g_assert_false (duplex_json_pretty ("1", DUPLEX_LIMIT_JSON_BYTES + 1, 10, out, NULL, NULL,
                                      &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG);
  g_assert_cmpuint (out->len, ==, 0);
  g_assert_false (duplex_json_is_valid ("1", DUPLEX_LIMIT_JSON_BYTES + 1));
}

static void
add_case (const char   *prefix,
          const Case   *c,
          GTestDataFunc func)
{
  g_autofree char *path = g_strconcat ("/core/json-pretty/", prefix, c->name, NULL);

  g_test_add_data_func (path, c, func);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      add_case ("once/", &cases[i], test_case);
      add_case ("twice/", &cases[i], test_twice);
      add_case ("bounds/", &cases[i], test_bounds);
    }
  g_test_add_func ("/core/json-pretty/error", test_error);
  g_test_add_func ("/core/json-pretty/empty-is-error", test_empty_is_error);
  g_test_add_func ("/core/json-pretty/bound-before-error", test_bound_before_error);
  g_test_add_func ("/core/json-pretty/too-deep", test_too_deep);
  g_test_add_func ("/core/json-pretty/deep-indent", test_deep_indent);
  g_test_add_func ("/core/json-pretty/too-big", test_too_big);

  return g_test_run ();
}
