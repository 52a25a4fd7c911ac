/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-json.h"

/* Gives the next token and its end, and appends both to out. */
static DuplexJsonToken
take_token (DuplexJsonLexer *lexer,
            const char      *text,
            gsize            len,
            gsize           *end,
            GByteArray      *out)
{
  gsize           offset;
  gsize           size;
  DuplexJsonToken token = duplex_json_lexer_next (lexer, &offset, &size);
  guint8          letter = token;
  guint           line;
  guint           column;

  if (token == DUPLEX_JSON_ERROR)
    {
      g_assert_nonnull (duplex_json_lexer_get_error (lexer, &offset, &line, &column));
      g_assert_cmpuint (offset, <=, len);
      g_assert_cmpuint (column, <=, offset + 1);
      return token;
    }

  g_assert_cmpuint (offset, >=, *end);
  g_assert_cmpuint (size, <=, len - offset);
  g_assert_cmpint (size == 0, ==, token == DUPLEX_JSON_END);
  *end = offset + size;
  g_byte_array_append (out, &letter, 1);
  if (size > 0)
    g_byte_array_append (out, (const guint8 *)text + offset, (guint)size);
  return token;
}

/* The tokens, each with its text: what must survive a change of white space. */
static gboolean
lex (const char *text,
     gsize       len,
     GByteArray *out)
{
  g_autoptr (DuplexJsonLexer) lexer = duplex_json_lexer_new (text, len);
  DuplexJsonToken             token;
  gsize                       end = 0;

  do
    token = take_token (lexer, text, len, &end, out);
  while (token != DUPLEX_JSON_END && token != DUPLEX_JSON_ERROR);
  return token == DUPLEX_JSON_END;
}

/* A text that is cut behind one of its first tokens, and taken up again, is the same. */
static void
check_continued (const char       *text,
                 gsize             len,
                 guint             n_tokens,
                 gboolean          looks_on,
                 const GByteArray *tokens,
                 gboolean          valid)
{
  g_autoptr (DuplexJsonLexer) whole = duplex_json_lexer_new (text, len);
  g_autoptr (DuplexJsonLexer) first = NULL;
  g_autoptr (DuplexJsonLexer) rest = NULL;
  g_autoptr (GByteArray)      out = g_byte_array_new ();
  g_autoptr (GByteArray)      ignored = g_byte_array_new ();
  DuplexJsonToken             token = DUPLEX_JSON_NULL;
  gsize                       cut = 0;
  gsize                       end = 0;

  for (guint i = 0; i < n_tokens; i++)
    {
      token = take_token (whole, text, len, &cut, ignored);
      if (token == DUPLEX_JSON_END || token == DUPLEX_JSON_ERROR)
        return;
    }
  first = duplex_json_lexer_new (text, cut);
  for (guint i = 0; i < n_tokens; i++)
    take_token (first, text, cut, &end, out);
  if (looks_on && take_token (first, text, cut, &end, ignored) == DUPLEX_JSON_END)
    return;

  rest = duplex_json_lexer_continue (first, len > cut ? text + cut : NULL, len - cut);
  end = 0;
  do
    token = take_token (rest, text + cut, len - cut, &end, out);
  while (token != DUPLEX_JSON_END && token != DUPLEX_JSON_ERROR);
  g_assert_cmpint (token == DUPLEX_JSON_END, ==, valid);
  g_assert_cmpmem (out->data, out->len, tokens->data, tokens->len);
}

static void
check_spans (const GString *out,
             GArray        *spans)
{
  gsize end = 0;

  for (guint i = 0; i < spans->len; i++)
    {
      DuplexJsonSpan span = g_array_index (spans, DuplexJsonSpan, i);

      g_assert_cmpuint (span.offset, >=, end);
      g_assert_cmpuint (span.len, >, 0);
      end = span.offset + span.len;
      g_assert_cmpuint (end, <=, out->len);
    }
}

/* The pretty text has the same tokens, and is its own pretty text. */
static void
check_pretty (const char *text,
              gsize       len,
              GByteArray *tokens)
{
  g_autoptr (GString)    out = g_string_new (NULL);
  g_autoptr (GString)    again = g_string_new (NULL);
  g_autoptr (GArray)     spans = g_array_new (FALSE, FALSE, sizeof (DuplexJsonSpan));
  g_autoptr (GByteArray) tokens_again = g_byte_array_new ();

  g_assert_true (duplex_json_pretty (text, len, G_MAXSIZE, out, spans, NULL, NULL));
  check_spans (out, spans);
  g_assert_true (lex (out->str, out->len, tokens_again));
  g_assert_cmpmem (tokens_again->data, tokens_again->len, tokens->data, tokens->len);
  g_assert_true (duplex_json_pretty (out->str, out->len, G_MAXSIZE, again, NULL, NULL, NULL));
  g_assert_true (g_string_equal (out, again));
}

/* A bound is kept, and what is written is a beginning of the whole. */
static void
check_bounded (const char *text,
               gsize       len,
               gsize       max)
{
  g_autoptr (GString) whole = g_string_new (NULL);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError)  error = NULL;
  gboolean            truncated = FALSE;

  if (!duplex_json_pretty (text, len, G_MAXSIZE, whole, NULL, NULL, &error))
    g_assert_true (error->domain == DUPLEX_ERROR);

  duplex_json_pretty (text, len, max, out, NULL, &truncated, NULL);
  g_assert_cmpuint (out->len, <=, max);
  g_assert_cmpuint (out->len, <=, whole->len);
  g_assert_cmpmem (out->str, out->len, whole->str, out->len);
  if (truncated)
    g_assert_true (error != NULL || out->len < whole->len);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzInput              input = { data, size };
  gsize                  max = fuzz_take_byte (&input);
  const char            *text = (const char *)input.data;
  g_autoptr (GByteArray) tokens = g_byte_array_new ();
  gboolean               valid = lex (text, input.size, tokens);

  g_assert_cmpint (duplex_json_is_valid (text, input.size), ==, valid);
  if (valid)
    check_pretty (text, input.size, tokens);
  check_bounded (text, input.size, max);
  if (input.size > 0)
    check_continued (text, input.size, max % 16, (max & 16) != 0, tokens, valid);
  return 0;
}
