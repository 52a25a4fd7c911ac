/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-json-path.h"

#include <string.h>

#include "core/model/duplex-json-number.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "duplex-guard-page.h"

static DuplexJsonPath *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  const char        *end = NULL;
  DuplexJsonPath    *path = duplex_json_path_parse (text, &end, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (end, ==, "");

  return path;
}

static gboolean
list_value (const DuplexJsonValue *value,
            gpointer               user_data)
{
  g_string_append_len (user_data, value->text, (gssize)value->len);
  g_string_append_c (user_data, ' ');

  return FALSE;
}

typedef struct
{
  const char *path;
  const char *json;
  const char *values; /* each as it stands in the text, and a space */
} FindCase;

static const FindCase find_cases[] = {
  { "$", "1", "1 " },
  { "$", " [1, 2] ", "[1, 2] " },
  { "$.a", "{\"a\":1}", "1 " },
  { "$.a", "{\"b\":1}", "" },
  { "$.a", "[1]", "" },
  { "$.a", "1", "" },
  { "$.a", "{\"b\":{\"a\":1}}", "" },
  { "$.a.b", "{\"a\":{\"b\":true},\"b\":2}", "true " },
  { "$.a.b", "{\"a\":[{\"b\":true}]}", "" },
  { "$.a[0].b", "{\"a\":[{\"b\":null},{\"b\":2}]}", "null " },
  { "$.a[1].b", "{\"a\":[{\"b\":null},{\"b\":2}]}", "2 " },
  { "$.a[2].b", "{\"a\":[{\"b\":null},{\"b\":2}]}", "" },
  { "$[0][1]", "[[1,2],[3,4]]", "2 " },
  { "$[1][0]", "[[1,2],[3,4]]", "3 " },
  { "$[0]", "{\"0\":1}", "" },
  { "$[\"0\"]", "{\"0\":1}", "1 " },
  { "$['x y']", "{\"x y\":\"z\"}", "\"z\" " },
  { "$.a[\"x y\"].b", "{\"a\":{\"x y\":{\"b\":[ ]}}}", "[ ] " },
  { "$[\"\"]", "{\"\":1}", "1 " },
  { "$.*", "{\"a\":1,\"b\":[2],\"c\":{\"d\":3}}", "1 [2] {\"d\":3} " },
  { "$[*]", "[1,[2],{\"d\":3}]", "1 [2] {\"d\":3} " },
  { "$[*]", "{\"a\":1}", "1 " },
  { "$.a[*].b", "{\"a\":[{\"b\":1},{\"c\":2},{\"b\":3}]}", "1 3 " },
  { "$..b", "{\"b\":1,\"a\":[{\"b\":2},{\"c\":{\"b\":3}}]}", "1 2 3 " },
  { "$..b", "{\"b\":{\"b\":{\"b\":1}}}", "1 {\"b\":1} {\"b\":{\"b\":1}} " },
  { "$..b.c", "{\"b\":{\"c\":1,\"b\":{\"c\":2}}}", "1 2 " },
  { "$..b..c", "{\"b\":{\"x\":[{\"c\":1}]},\"c\":2}", "1 " },
  { "$..[0]", "[[1,2],[3]]", "1 [1,2] 3 " },
  { "$..*", "[[1],2]", "1 [1] 2 " },
  { "$..[\"x y\"]", "[{\"x y\":1}]", "1 " },
  /* A key stands as often as it likes. */
  { "$.a", "{\"a\":1,\"a\":2}", "1 2 " },
  /* Escapes in the text and in the path. */
  { "$.type", "{\"\\u0074ype\":1}", "1 " },
  { "$.type", "{\"typ\\u0065\":1,\"typo\":2}", "1 " },
  { "$[\"a\\\"b\"]", "{\"a\\\"b\":1}", "1 " },
  { "$[\"a\\u0062\"]", "{\"ab\":1}", "1 " },
  { "$[\"\\ud83d\\ude00\"]", "{\"😀\":1}", "1 " },
  { "$.größe", "{\"größe\":1}", "1 " },
  { "$.content-type", "{\"content-type\":1}", "1 " },
  /* As far as it is JSON. */
  { "$.a", "{\"a\":1,", "1 " },
  { "$.a", "{\"a\":1 x", "1 " },
  { "$.a", "{\"a\":{", "" },
  { "$.b", "{\"a\":1 x,\"b\":2}", "" },
  { "$.a", "", "" },
  { "$.a", "hello", "" },
};

static void
check_find (const FindCase *test,
            const char     *json)
{
  g_autoptr (DuplexJsonPath) path = parse (test->path);
  g_autoptr (GString)        values = g_string_new (NULL);

  g_assert_false (duplex_json_path_find (path, json, strlen (test->json), DUPLEX_JSON_PATH_WHOLE,
                                         list_value, values));
  if (strcmp (values->str, test->values) != 0)
    g_error ("%s in %s: %s", test->path, test->json, values->str);
}

static void
test_find (void)
{
  g_autoptr (DuplexGuardPage) page = duplex_guard_page_new (1000);

  for (gsize i = 0; i < G_N_ELEMENTS (find_cases); i++)
    check_find (&find_cases[i],
                (const char *)duplex_guard_page_place (page, find_cases[i].json,
                                                       strlen (find_cases[i].json)));
}

/* Nothing is reported that is not JSON up to there, wherever the text ends. */
static void
test_cut (void)
{
  const char                *json = "{\"a\":[{\"b\":\"x\\u00e4\"},{\"b\":-1.5e3}],"
                                    "\"b\":[true,null]}";
  g_autoptr (DuplexJsonPath) path = parse ("$..b");
  gsize                      most = 0;

  for (gsize len = 0; len <= strlen (json); len++)
    {
      g_autoptr (GString) values = g_string_new (NULL);

      duplex_json_path_find (path, json, len, DUPLEX_JSON_PATH_WHOLE, list_value, values);
      g_assert_true (g_str_has_prefix ("\"x\\u00e4\" -1.5e3 [true,null] ", values->str) ||
                     g_str_has_prefix (values->str, "\"x\\u00e4\" -1"));
      most = MAX (most, values->len);
    }
  g_assert_cmpuint (most, ==, strlen ("\"x\\u00e4\" -1.5e3 [true,null] "));
}

static gboolean
stop_at_value (const DuplexJsonValue *value,
               gpointer               user_data)
{
  *(DuplexJsonValue *)user_data = *value;

  return TRUE;
}

static void
test_stop (void)
{
  const char                *json = "[[1,2],[3";
  g_autoptr (DuplexJsonPath) path = parse ("$[0]");
  DuplexJsonValue            value = { 0 };

  g_assert_true (duplex_json_path_find (path, json, strlen (json), DUPLEX_JSON_PATH_BEGIN,
                                        stop_at_value, &value));
  g_assert_cmpint (value.token, ==, DUPLEX_JSON_ARRAY_OPEN);
  g_assert_cmpmem (value.text, value.len, "[", 1);

  g_assert_true (duplex_json_path_find (path, json, strlen (json), DUPLEX_JSON_PATH_WHOLE,
                                        stop_at_value, &value));
  g_assert_cmpmem (value.text, value.len, "[1,2]", 5);
}

/* As deep as the lexer goes, and one more. */
static void
test_depth (void)
{
  g_autoptr (DuplexJsonPath) path = parse ("$..a");

  for (guint depth = DUPLEX_LIMIT_JSON_DEPTH - 1; depth <= DUPLEX_LIMIT_JSON_DEPTH; depth++)
    {
      g_autoptr (GString) json = g_string_new (NULL);
      g_autoptr (GString) values = g_string_new (NULL);

      for (guint i = 0; i < depth; i++)
        g_string_append_c (json, '[');
      g_string_append (json, "{\"a\":1}");
      duplex_json_path_find (path, json->str, json->len, DUPLEX_JSON_PATH_WHOLE, list_value,
                             values);
      g_assert_cmpstr (values->str, ==, depth < DUPLEX_LIMIT_JSON_DEPTH ? "1 " : "");
    }
}

static void
test_error (void)
{
  static const struct
  {
    const char *path;
    gsize       offset;
  } cases[] = {
    { "$.", 2 },
    { "$.[0]", 2 },
    { "$..", 3 },
    { "$.a.", 4 },
    { "$.a[", 4 },
    { "$.a[-1]", 4 },
    { "$.a[b]", 4 },
    { "$.a[0", 5 },
    { "$.a[0 ]", 5 },
    { "$.a[\"b]", 4 },
    { "$.a[\"b\\q\"]", 6 },
    { "$.a[\"b\"", 7 },
    { "$.a[*", 5 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      const char        *end = NULL;

      g_assert_null (duplex_json_path_parse (cases[i].path, &end, &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
      g_assert_cmpuint (end - cases[i].path, ==, cases[i].offset);
    }
}

static void
test_steps (void)
{
  g_autoptr (GString)        text = g_string_new ("$");
  g_autoptr (GString)        json = g_string_new (NULL);
  g_autoptr (GString)        values = g_string_new (NULL);
  g_autoptr (DuplexJsonPath) path = NULL;
  g_autoptr (GError)         error = NULL;
  const char                *end;

  for (guint i = 0; i < DUPLEX_JSON_PATH_MAX_STEPS; i++)
    {
      g_string_append (text, ".a");
      g_string_append (json, "{\"a\":");
    }
  g_string_append (json, "7");
  path = parse (text->str);
  duplex_json_path_find (path, json->str, json->len, DUPLEX_JSON_PATH_WHOLE, list_value, values);
  g_assert_cmpstr (values->str, ==, "7 ");

  g_string_append (text, ".a");
  g_assert_null (duplex_json_path_parse (text->str, &end, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (end, ==, ".a");
}

static void
test_name (void)
{
  static const char *const cases[][2] = {
    { "$", NULL },
    { "$.a", "a" },
    { "$.a[0]", NULL },
    { "$.a[\"x y\"]", "x y" },
    { "$..b", "b" },
    { "$.*", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexJsonPath) path = parse (cases[i][0]);

      g_assert_cmpstr (duplex_json_path_get_name (path), ==, cases[i][1]);
    }
}

static void
test_decode (void)
{
  static const char *const cases[][2] = {
    { "\"\"", "" },
    { "\"plain\"", "plain" },
    { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
    { "\"a\\u00e4b\"", "aäb" },
    { "\"\\ud83d\\ude00\"", "😀" },
    { "\"\\ud83d\"", "\xEF\xBF\xBD" },
    { "\"\\ud83dx\"", "\xEF\xBF\xBDx" },
    { "\"\\ud83d\\u0041\"", "\xEF\xBF\xBD"
                            "A" },
    { "\"\\ude00\"", "\xEF\xBF\xBD" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) out = g_string_new (NULL);

      g_assert_true (duplex_json_is_valid (cases[i][0], strlen (cases[i][0])));
      duplex_json_string_decode (cases[i][0], strlen (cases[i][0]), out);
      g_assert_cmpstr (out->str, ==, cases[i][1]);
    }
}

/* Each is less than the next, and equal to the others of its line. */
static const char *const numbers[][4] = {
  { "-1e400", "-10e399", NULL },
  { "-12345678901234567891", "-12345678901234567891.000", NULL },
  { "-12345678901234567890", "-1.2345678901234567890e19", NULL },
  { "-2", "-2.0", "-20e-1", NULL },
  { "-0.5", "-5e-1", NULL },
  { "-1e-400", NULL },
  { "0", "-0", "0.000", "0e99999999999999999999999" },
  { "1e-99999999999999999999999", NULL },
  { "1e-400", "0.1e-399", NULL },
  { "0.001", "1e-3", "0.00100", NULL },
  { "0.0011", "11e-4", NULL },
  { "0.1", "1e-1", NULL },
  { "1", "1.0", "1e0", "10e-1" },
  { "1.0000000000000000000000001", NULL },
  { "9", NULL },
  { "10", "1e1", "1E+1", "10.00" },
  { "11", NULL },
  { "100", "1e2", NULL },
  { "9007199254740992", NULL },
  { "9007199254740993", "9007199254740993.0", NULL },
  { "12345678901234567890", "12345678901234567890.0", "1.234567890123456789e19", NULL },
  { "12345678901234567891", NULL },
  { "123456789012345678901234567890", NULL },
  { "1e400", NULL },
  { "1e99999999999999999999999", NULL },
};

static int
compare (const char *a,
         const char *b)
{
  int order = duplex_json_number_compare (a, strlen (a), b, strlen (b));

  return (order > 0) - (order < 0);
}

static void
check_numbers (gsize i,
               gsize j)
{
  int expected = (i > j) - (i < j);

  for (gsize k = 0; k < G_N_ELEMENTS (numbers[i]) && numbers[i][k] != NULL; k++)
    {
      g_assert_true (duplex_json_is_valid (numbers[i][k], strlen (numbers[i][k])));
      for (gsize l = 0; l < G_N_ELEMENTS (numbers[j]) && numbers[j][l] != NULL; l++)
        {
          if (compare (numbers[i][k], numbers[j][l]) != expected)
            g_error ("%s and %s: %d", numbers[i][k], numbers[j][l],
                     compare (numbers[i][k], numbers[j][l]));
        }
    }
}

static void
test_numbers (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (numbers); j++)
      check_numbers (i, j);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/json-path/find", test_find);
  g_test_add_func ("/core/json-path/cut", test_cut);
  g_test_add_func ("/core/json-path/stop", test_stop);
  g_test_add_func ("/core/json-path/depth", test_depth);
  g_test_add_func ("/core/json-path/error", test_error);
  g_test_add_func ("/core/json-path/steps", test_steps);
  g_test_add_func ("/core/json-path/name", test_name);
  g_test_add_func ("/core/json-path/decode", test_decode);
  g_test_add_func ("/core/json-number/order", test_numbers);

  return g_test_run ();
}
