/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-json.h"

#include <string.h>

#include "core/proto/duplex-limits.h"
#include "duplex-guard-page.h"

/* One letter a token, in the order of DuplexJsonToken. */
static const char letters[] = ".!{}[]:,ksntf0";

typedef struct
{
  const char *name;
  const char *text;
  const char *tokens;
} Valid;

static const Valid valid[] = {
  /* A value of any kind may stand alone, RFC 8259 §2. */
  { "scalar/string", "\"a\"", "s." },
  { "scalar/empty-string", "\"\"", "s." },
  { "scalar/number", "1", "n." },
  { "scalar/true", "true", "t." },
  { "scalar/false", "false", "f." },
  { "scalar/null", "null", "0." },
  { "white-space", " \t\r\n1 \t\r\n", "n." },

  { "object/empty", "{}", "{}." },
  { "object/spaced", " { } ", "{}." },
  { "object/one", "{\"a\":1}", "{k:n}." },
  { "object/two", "{\"a\" : 1 , \"b\" : \"c\"}", "{k:n,k:s}." },
  { "object/duplicate-keys", "{\"a\":1,\"a\":2}", "{k:n,k:n}." },
  { "object/empty-key", "{\"\":null}", "{k:0}." },
  { "object/nested", "{\"a\":{\"b\":{}}}", "{k:{k:{}}}." },
  { "array/empty", "[]", "[]." },
  { "array/values", "[true,false,null,1,\"a\"]", "[t,f,0,n,s]." },
  { "array/nested", "[[],[[]],{}]", "[[],[[]],{}]." },
  { "mixed", "{\"a\":[{\"b\":[]}]}", "{k:[{k:[]}]}." },
  { "string-after-array-in-object", "{\"a\":[\"b\"],\"c\":\"d\"}", "{k:[s],k:s}." },

  { "number/zero", "0", "n." },
  { "number/minus-zero", "-0", "n." },
  { "number/long", "123456789012345678901234567890", "n." },
  { "number/fraction", "0.0", "n." },
  { "number/all", "-12.340e-056", "n." },
  { "number/exponent", "1e5", "n." },
  { "number/exponent-plus", "1E+5", "n." },
  { "number/exponent-zeros", "0e00", "n." },
  { "number/huge-exponent", "1e999999999", "n." },
  { "number/in-array", "[1,-2,3.5]", "[n,n,n]." },

  { "string/escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "s." },
  { "string/unicode-escapes", "\"\\u0000\\uFFFF\\uabCD\"", "s." },
  { "string/lone-surrogate-escape", "\"\\ud800\"", "s." },
  { "string/utf-8", "\"ä€😀\"", "s." },
  { "string/del", "\"\x7f\"", "s." },
  { "string/separators", "\"\xe2\x80\xa8\xe2\x80\xa9\"", "s." },
  { "string/brackets", "\"{[,:]}\"", "s." },
};

/* Collects the tokens, and the text without the white space between them. */
static char *
lex (const char *text,
     gsize       len,
     GString    *ret_compact)
{
  g_autoptr (DuplexJsonLexer) lexer = duplex_json_lexer_new (text, len);
  GString                    *tokens = g_string_new (NULL);
  DuplexJsonToken             token;
  gsize                       end = 0;

  do
    {
      gsize offset = 0;
      gsize size = 0;

      token = duplex_json_lexer_next (lexer, &offset, &size);
      g_string_append_c (tokens, letters[token]);
      if (token == DUPLEX_JSON_ERROR)
        break;

      g_assert_cmpuint (offset, >=, end);
      g_assert_cmpuint (size, <=, len - offset);
      for (; end < offset; end++)
        g_assert_nonnull (strchr (" \t\r\n", text[end]));
      end = offset + size;
      g_string_append_len (ret_compact, text + offset, size);
  } while (token != DUPLEX_JSON_END);

  /* The end stays the end and an error stays an error. */
  g_assert_cmpint (duplex_json_lexer_next (lexer, NULL, NULL), ==, token);
  return g_string_free (tokens, FALSE);
}

static void
test_valid (gconstpointer data)
{
  const Valid                *c = data;
  gsize                       len = strlen (c->text);
  g_autoptr (DuplexGuardPage) guard = duplex_guard_page_new (len);
  g_autoptr (GString)         compact = g_string_new (NULL);
  const char                 *text = (const char *)duplex_guard_page_place (guard, c->text, len);
  g_autofree char            *tokens = lex (text, len, compact);

  g_assert_cmpstr (tokens, ==, c->tokens);
  g_assert_true (duplex_json_is_valid (text, len));

  /* Lexing what is left without white space gives the same tokens. */
  {
    g_autoptr (GString) again = g_string_new (NULL);
    g_autofree char    *tokens_again = lex (compact->str, compact->len, again);

    g_assert_cmpstr (tokens_again, ==, c->tokens);
    g_assert_cmpstr (again->str, ==, compact->str);
  }
}

/* No beginning of a document is read past, and none is valid unless a number ends early. */
static void
test_cut (gconstpointer data)
{
  const Valid                *c = data;
  gsize                       len = strlen (c->text);
  g_autoptr (DuplexGuardPage) guard = duplex_guard_page_new (len);
  gboolean                    container_or_string = strchr ("{[s", c->tokens[0]) != NULL;

  for (gsize cut = 0; cut < len; cut++)
    {
      const char *text = (const char *)duplex_guard_page_place (guard, c->text, cut);
      gboolean    is_valid = duplex_json_is_valid (text, cut);

      if (container_or_string && !g_ascii_isspace (c->text[len - 1]))
        g_assert_false (is_valid);
    }
}

/* A document in two pieces, wherever it is parted but in a number, has the tokens of the whole. */
static void
test_continue (gconstpointer data)
{
  const Valid *c = data;
  gsize        len = strlen (c->text);

  for (gsize cut = 0; cut <= len; cut++)
    {
      g_autoptr (DuplexJsonLexer) lexer = duplex_json_lexer_new (c->text, cut);
      g_autoptr (DuplexJsonLexer) rest = NULL;
      g_autoptr (GString)         tokens = g_string_new (NULL);
      DuplexJsonToken             token;
      gsize                       offset;
      gsize                       size;
      gsize                       end = 0;

      if (cut > 0 && strchr ("+-.eE0123456789", c->text[cut - 1]) != NULL)
        continue;
      while ((token = duplex_json_lexer_next (lexer, &offset, &size)) != DUPLEX_JSON_END &&
             token != DUPLEX_JSON_ERROR)
        {
          g_string_append_c (tokens, letters[token]);
          end = offset + size;
        }

      rest = duplex_json_lexer_continue (lexer, c->text + end, len - end);
      do
        {
          token = duplex_json_lexer_next (rest, NULL, NULL);
          g_string_append_c (tokens, letters[token]);
      } while (token != DUPLEX_JSON_END && token != DUPLEX_JSON_ERROR);
      g_assert_cmpstr (tokens->str, ==, c->tokens);
    }
}

typedef struct
{
  const char *name;
  const char *text;
  gsize       offset;
  guint       line;
  guint       column;
  const char *error;
} Invalid;

static const Invalid invalid[] = {
  { "empty", "", 0, 1, 1, "expected a value" },
  { "white-space", " \n ", 3, 2, 2, "expected a value" },
  { "two-values", "1 2", 2, 1, 3, "expected the end after the value" },
  { "value-and-comma", "1,", 1, 1, 2, "expected the end after the value" },
  { "close-behind", "{}}", 2, 1, 3, "expected the end after the value" },
  { "comment", "// a\n1", 0, 1, 1, "expected a value" },
  { "form-feed", "\f1", 0, 1, 1, "expected a value" },
  { "no-break-space", "\xc2\xa0"
                      "1",
    0, 1, 1, "expected a value" },
  { "byte-order-mark", "\xef\xbb\xbf"
                       "1",
    0, 1, 1, "expected a value" },

  { "word/upper-case", "True", 0, 1, 1, "expected a value" },
  { "word/cut", "tru", 0, 1, 1, "expected a value" },
  { "word/long", "truex", 4, 1, 5, "expected the end after the value" },
  { "word/nan", "NaN", 0, 1, 1, "expected a value" },
  { "word/infinity", "-Infinity", 1, 1, 2, "expected a digit" },
  { "word/bare", "[a]", 1, 1, 2, "expected a value or ']'" },

  { "array/open", "[", 1, 1, 2, "expected a value or ']'" },
  { "array/open-after-value", "[1", 2, 1, 3, "expected ',' or ']'" },
  { "array/open-after-comma", "[1,", 3, 1, 4, "expected a value" },
  { "array/trailing-comma", "[1,]", 3, 1, 4, "expected a value" },
  { "array/leading-comma", "[,1]", 1, 1, 2, "expected a value or ']'" },
  { "array/two-commas", "[1,,2]", 3, 1, 4, "expected a value" },
  { "array/no-comma", "[1 2]", 3, 1, 4, "expected ',' or ']'" },
  { "array/colon", "[1:2]", 2, 1, 3, "expected ',' or ']'" },
  { "array/closed-by-brace", "[1}", 2, 1, 3, "expected ',' or ']'" },
  { "array/empty-closed-by-brace", "[}", 1, 1, 2, "expected a value or ']'" },
  { "array/key", "[\"a\":1]", 4, 1, 5, "expected ',' or ']'" },
  { "array/lone-close", "]", 0, 1, 1, "expected a value" },

  { "object/open", "{", 1, 1, 2, "expected a string as key or '}'" },
  { "object/open-after-key", "{\"a\"", 4, 1, 5, "expected ':'" },
  { "object/open-after-colon", "{\"a\":", 5, 1, 6, "expected a value" },
  { "object/open-after-value", "{\"a\":1", 6, 1, 7, "expected ',' or '}'" },
  { "object/open-after-comma", "{\"a\":1,", 7, 1, 8, "expected a string as key" },
  { "object/trailing-comma", "{\"a\":1,}", 7, 1, 8, "expected a string as key" },
  { "object/leading-comma", "{,}", 1, 1, 2, "expected a string as key or '}'" },
  { "object/no-value", "{\"a\"}", 4, 1, 5, "expected ':'" },
  { "object/no-value-after-colon", "{\"a\":}", 5, 1, 6, "expected a value" },
  { "object/two-colons", "{\"a\"::1}", 5, 1, 6, "expected a value" },
  { "object/number-key", "{1:2}", 1, 1, 2, "expected a string as key or '}'" },
  { "object/bare-key", "{a:2}", 1, 1, 2, "expected a string as key or '}'" },
  { "object/single-quotes", "{'a':2}", 1, 1, 2, "expected a string as key or '}'" },
  { "object/array-key", "{[]:2}", 1, 1, 2, "expected a string as key or '}'" },
  { "object/no-comma", "{\"a\":1 \"b\":2}", 7, 1, 8, "expected ',' or '}'" },
  { "object/closed-by-bracket", "{\"a\":1]", 6, 1, 7, "expected ',' or '}'" },
  { "object/empty-closed-by-bracket", "{]", 1, 1, 2, "expected a string as key or '}'" },
  { "object/word-for-colon", "{\"a\"true}", 4, 1, 5, "expected ':'" },
  { "object/number-for-colon", "{\"a\"1}", 4, 1, 5, "expected ':'" },
  { "object/key-for-colon", "{\"a\"\"b\"}", 4, 1, 5, "expected ':'" },
  { "object/open-for-colon", "{\"a\"{}}", 4, 1, 5, "expected ':'" },
  { "object/colon-first", "{:1}", 1, 1, 2, "expected a string as key or '}'" },

  { "number/minus", "-", 1, 1, 2, "expected a digit" },
  { "number/minus-minus", "--1", 1, 1, 2, "expected a digit" },
  { "number/plus", "+1", 0, 1, 1, "expected a value" },
  { "number/leading-zero", "01", 0, 1, 1, "a number has no leading zeros" },
  { "number/two-zeros", "-00", 1, 1, 2, "a number has no leading zeros" },
  { "number/point-first", ".5", 0, 1, 1, "expected a value" },
  { "number/minus-point", "-.5", 1, 1, 2, "expected a digit" },
  { "number/point-last", "1.", 2, 1, 3, "expected a digit after '.'" },
  { "number/point-exponent", "1.e5", 2, 1, 3, "expected a digit after '.'" },
  { "number/two-points", "1.2.3", 3, 1, 4, "expected the end after the value" },
  { "number/exponent-empty", "1e", 2, 1, 3, "expected a digit in the exponent" },
  { "number/exponent-sign-only", "1e+", 3, 1, 4, "expected a digit in the exponent" },
  { "number/exponent-two-signs", "1e+-5", 3, 1, 4, "expected a digit in the exponent" },
  { "number/exponent-point", "1e5.5", 3, 1, 4, "expected the end after the value" },
  { "number/hexadecimal", "0x10", 1, 1, 2, "expected the end after the value" },
  { "number/letters", "1a", 1, 1, 2, "expected the end after the value" },
  { "number/underscore", "1_000", 1, 1, 2, "expected the end after the value" },

  { "string/open", "\"", 1, 1, 2, "the string has no end" },
  { "string/open-after-escape", "\"\\\"", 3, 1, 4, "the string has no end" },
  { "string/open-in-escape", "\"\\", 2, 1, 3, "the string has no end" },
  { "string/raw-line-break", "\"a\nb\"", 2, 1, 3, "control character in a string" },
  { "string/raw-tab", "\"\t\"", 1, 1, 2, "control character in a string" },
  { "string/raw-1f", "\"\x1f\"", 1, 1, 2, "control character in a string" },
  { "string/unknown-escape", "\"a\\x41\"", 2, 1, 3, "unknown escape in a string" },
  { "string/escaped-line-break", "\"\\\n\"", 1, 1, 2, "unknown escape in a string" },
  { "string/upper-case-escape", "\"\\N\"", 1, 1, 2, "unknown escape in a string" },
  { "string/unicode-3-digits", "\"\\u123\"", 1, 1, 2, "\\u needs four hexadecimal digits" },
  { "string/unicode-cut", "\"\\u12", 1, 1, 2, "\\u needs four hexadecimal digits" },
  { "string/unicode-no-digit", "\"\\u12g4\"", 1, 1, 2, "\\u needs four hexadecimal digits" },
  { "string/unicode-upper-u", "\"\\U1234\"", 1, 1, 2, "unknown escape in a string" },
  { "string/utf-8-lone", "\"a\x80\"", 2, 1, 3, "invalid UTF-8 in a string" },
  { "string/utf-8-cut", "\"a\xe2\x82\"", 2, 1, 3, "invalid UTF-8 in a string" },
  { "string/utf-8-overlong", "\"\xc0\x80\"", 1, 1, 2, "invalid UTF-8 in a string" },
  { "string/utf-8-surrogate", "\"\xed\xa0\x80\"", 2, 1, 3, "invalid UTF-8 in a string" },
  { "string/utf-8-at-the-end", "\"\xe2\x82", 1, 1, 2, "invalid UTF-8 in a string" },

  { "place/third-line", "{\n  \"a\": 1,\r\n  b\n}", 15, 3, 3, "expected a string as key" },
  { "place/bytes-not-characters", "[\"ä\" 1]", 6, 1, 7, "expected ',' or ']'" },
};

static void
assert_error_at (const char    *text,
                 gsize          len,
                 const Invalid *c)
{
  g_autoptr (DuplexJsonLexer) lexer = duplex_json_lexer_new (text, len);
  DuplexJsonToken             token;
  gsize                       offset;
  guint                       line;
  guint                       column;

  do
    {
      token = duplex_json_lexer_next (lexer, NULL, NULL);
      g_assert_cmpint (token, !=, DUPLEX_JSON_END);
  } while (token != DUPLEX_JSON_ERROR);

  g_assert_cmpstr (duplex_json_lexer_get_error (lexer, &offset, &line, &column), ==, c->error);
  g_assert_cmpuint (offset, ==, c->offset);
  g_assert_cmpuint (line, ==, c->line);
  g_assert_cmpuint (column, ==, c->column);
  g_assert_cmpstr (duplex_json_lexer_get_error (lexer, NULL, NULL, NULL), ==, c->error);
  g_assert_false (duplex_json_lexer_is_too_deep (lexer));
}

static void
test_invalid (gconstpointer data)
{
  const Invalid              *c = data;
  gsize                       len = strlen (c->text);
  g_autoptr (DuplexGuardPage) guard = duplex_guard_page_new (len);
  const char                 *text = (const char *)duplex_guard_page_place (guard, c->text, len);

  g_assert_false (duplex_json_is_valid (text, len));
  assert_error_at (text, len, c);
}

/* NULs are not the end of the text, and nowhere allowed. */
static void
test_nul (void)
{
  static const char after[] = "1\0";
  static const char in_string[] = "\"a\0b\"";
  static const char in_number[] = "[1\0]";

  assert_error_at (after, 2,
                   &(Invalid){ NULL, NULL, 1, 1, 2, "expected the end after the value" });
  assert_error_at (in_string, 5,
                   &(Invalid){ NULL, NULL, 2, 1, 3, "control character in a string" });
  assert_error_at (in_number, 4, &(Invalid){ NULL, NULL, 2, 1, 3, "expected ',' or ']'" });
}

/* Every byte as the only one, and after a backslash: only what the grammar names. */
static void
test_every_byte (void)
{
  for (guint c = 0; c <= G_MAXUINT8; c++)
    {
      const char alone[] = { c };
      const char escaped[] = { '"', '\\', c, '"' };
      const char raw[] = { '"', c, '"' };

      g_assert_cmpint (duplex_json_is_valid (alone, 1), ==, c >= '0' && c <= '9');
      g_assert_cmpint (duplex_json_is_valid (escaped, 4), ==,
                       c != 0 && strchr ("\"\\/bfnrt", c) != NULL);
      g_assert_cmpint (duplex_json_is_valid (raw, 3), ==,
                       c >= 0x20 && c < 0x80 && c != '"' && c != '\\');
    }
}

/* depth containers in one another, one object to two arrays: the bits of the stack differ. */
static char *
nested (guint depth)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < depth; i++)
    g_string_append (text, i % 3 == 0 ? "{\"a\":" : "[");
  g_string_append_c (text, '1');
  for (guint i = depth; i > 0; i--)
    g_string_append_c (text, (i - 1) % 3 == 0 ? '}' : ']');

  return g_string_free (text, FALSE);
}

static void
test_depth (void)
{
  g_autofree char            *full = nested (DUPLEX_LIMIT_JSON_DEPTH);
  g_autofree char            *over = nested (DUPLEX_LIMIT_JSON_DEPTH + 1);
  g_autoptr (DuplexJsonLexer) lexer = duplex_json_lexer_new (over, strlen (over));

  g_assert_true (duplex_json_is_valid (full, strlen (full)));
  g_assert_false (duplex_json_is_valid (over, strlen (over)));
  while (duplex_json_lexer_next (lexer, NULL, NULL) != DUPLEX_JSON_ERROR)
    g_assert_false (duplex_json_lexer_is_too_deep (lexer));
  g_assert_true (duplex_json_lexer_is_too_deep (lexer));
}

/* What is open is known at every depth: the wrong bracket is refused there. */
static void
test_wrong_close_at_every_depth (void)
{
  for (guint depth = 1; depth <= DUPLEX_LIMIT_JSON_DEPTH; depth += 7)
    {
      g_autofree char *text = nested (depth);
      char            *close = strchr (text, '1') + 1;

      g_assert_true (duplex_json_is_valid (text, strlen (text)));
      *close = *close == ']' ? '}' : ']';
      g_assert_false (duplex_json_is_valid (text, strlen (text)));
    }
}

/* A million brackets are refused at the limit and not followed. */
static void
test_bomb (void)
{
  g_autofree char            *arrays = g_strnfill (1000000, '[');
  g_autoptr (DuplexJsonLexer) lexer = duplex_json_lexer_new (arrays, 1000000);
  gsize                       offset;
  guint                       n = 0;

  while (duplex_json_lexer_next (lexer, NULL, NULL) != DUPLEX_JSON_ERROR)
    n++;
  duplex_json_lexer_get_error (lexer, &offset, NULL, NULL);
  g_assert_cmpuint (n, ==, DUPLEX_LIMIT_JSON_DEPTH);
  g_assert_cmpuint (offset, ==, DUPLEX_LIMIT_JSON_DEPTH);
}

static void
add_tables (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (valid); i++)
    {
      g_autofree char *whole = g_strconcat ("/core/json/valid/", valid[i].name, NULL);
      g_autofree char *cut = g_strconcat ("/core/json/cut/", valid[i].name, NULL);
      g_autofree char *parts = g_strconcat ("/core/json/continue/", valid[i].name, NULL);

      g_test_add_data_func (whole, &valid[i], test_valid);
      g_test_add_data_func (cut, &valid[i], test_cut);
      g_test_add_data_func (parts, &valid[i], test_continue);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (invalid); i++)
    {
      g_autofree char *path = g_strconcat ("/core/json/invalid/", invalid[i].name, NULL);

      g_test_add_data_func (path, &invalid[i], test_invalid);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_tables ();
  g_test_add_func ("/core/json/nul", test_nul);
  g_test_add_func ("/core/json/every-byte", test_every_byte);
  g_test_add_func ("/core/json/depth", test_depth);
  g_test_add_func ("/core/json/wrong-close-at-every-depth", test_wrong_close_at_every_depth);
  g_test_add_func ("/core/json/bomb", test_bomb);

  return g_test_run ();
}
