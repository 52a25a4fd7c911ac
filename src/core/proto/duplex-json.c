/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-json.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-utf8.h"

typedef enum {
  EXPECT_VALUE,
  EXPECT_VALUE_OR_CLOSE, /* after '[' */
  EXPECT_KEY,            /* after ',' in an object */
  EXPECT_KEY_OR_CLOSE,   /* after '{' */
  EXPECT_COLON,
  EXPECT_COMMA_OR_CLOSE,
  EXPECT_END,
  EXPECT_NOTHING, /* an error was reported */
} Expect;

#define STACK_WORD_BITS 64

struct _DuplexJsonLexer
{
  const guint8 *text; /* borrowed */
  gsize         len;
  gsize         pos;
  Expect        expect;

  /* Bit n is set when the container at depth n + 1 is an object. */
  guint64 stack[DUPLEX_LIMIT_JSON_DEPTH / STACK_WORD_BITS];
  guint   depth;

  const char *error; /* NULL before DUPLEX_JSON_ERROR */
  gsize       error_pos;
  Expect      expected; /* before it */
  gboolean    too_deep;
};

G_STATIC_ASSERT (DUPLEX_LIMIT_JSON_DEPTH % STACK_WORD_BITS == 0);

static DuplexJsonToken
fail (DuplexJsonLexer *self,
      gsize            pos,
      const char      *error)
{
  self->expected = self->expect;
  self->expect = EXPECT_NOTHING;
  self->error = error;
  self->error_pos = pos;
  return DUPLEX_JSON_ERROR;
}

static gboolean
in_object (DuplexJsonLexer *self)
{
  guint bit = self->depth - 1;

  g_assert (self->depth > 0);
  return (self->stack[bit / STACK_WORD_BITS] >> bit % STACK_WORD_BITS & 1) != 0;
}

static const char *
expectation (DuplexJsonLexer *self)
{
  switch (self->expect)
    {
    case EXPECT_VALUE:
      return "expected a value";
    case EXPECT_VALUE_OR_CLOSE:
      return "expected a value or ']'";
    case EXPECT_KEY:
      return "expected a string as key";
    case EXPECT_KEY_OR_CLOSE:
      return "expected a string as key or '}'";
    case EXPECT_COLON:
      return "expected ':'";
    case EXPECT_COMMA_OR_CLOSE:
      return in_object (self) ? "expected ',' or '}'" : "expected ',' or ']'";
    case EXPECT_END:
      return "expected the end after the value";
    case EXPECT_NOTHING:
    default:
      g_assert_not_reached ();
    }
}

static Expect
after_value (DuplexJsonLexer *self)
{
  return self->depth > 0 ? EXPECT_COMMA_OR_CLOSE : EXPECT_END;
}

static gboolean
expects_value (DuplexJsonLexer *self)
{
  return self->expect == EXPECT_VALUE || self->expect == EXPECT_VALUE_OR_CLOSE;
}

static gboolean
expects_key (DuplexJsonLexer *self)
{
  return self->expect == EXPECT_KEY || self->expect == EXPECT_KEY_OR_CLOSE;
}

static DuplexJsonToken
open_container (DuplexJsonLexer *self,
                gboolean         object)
{
  guint64 bit = G_GUINT64_CONSTANT (1) << self->depth % STACK_WORD_BITS;

  if (!expects_value (self))
    return fail (self, self->pos, expectation (self));

  if (self->depth == DUPLEX_LIMIT_JSON_DEPTH)
    {
      self->too_deep = TRUE;
      return fail (self, self->pos, "nested too deeply");
    }

  if (object)
    self->stack[self->depth / STACK_WORD_BITS] |= bit;
  else
    self->stack[self->depth / STACK_WORD_BITS] &= ~bit;
  self->depth++;
  self->pos++;
  self->expect = object ? EXPECT_KEY_OR_CLOSE : EXPECT_VALUE_OR_CLOSE;
  return object ? DUPLEX_JSON_OBJECT_OPEN : DUPLEX_JSON_ARRAY_OPEN;
}

static DuplexJsonToken
close_container (DuplexJsonLexer *self,
                 gboolean         object)
{
  Expect when_empty = object ? EXPECT_KEY_OR_CLOSE : EXPECT_VALUE_OR_CLOSE;

  if (self->expect != when_empty &&
      !(self->expect == EXPECT_COMMA_OR_CLOSE && in_object (self) == object))
    return fail (self, self->pos, expectation (self));

  self->depth--;
  self->pos++;
  self->expect = after_value (self);
  return object ? DUPLEX_JSON_OBJECT_CLOSE : DUPLEX_JSON_ARRAY_CLOSE;
}

static DuplexJsonToken
take_colon (DuplexJsonLexer *self)
{
  if (self->expect != EXPECT_COLON)
    return fail (self, self->pos, expectation (self));

  self->pos++;
  self->expect = EXPECT_VALUE;
  return DUPLEX_JSON_COLON;
}

static DuplexJsonToken
take_comma (DuplexJsonLexer *self)
{
  if (self->expect != EXPECT_COMMA_OR_CLOSE)
    return fail (self, self->pos, expectation (self));

  self->pos++;
  self->expect = in_object (self) ? EXPECT_KEY : EXPECT_VALUE;
  return DUPLEX_JSON_COMMA;
}

/* An escape at pos, which is its backslash. Returns its size, or 0 after fail(). */
static gsize
scan_escape (DuplexJsonLexer *self,
             gsize            pos)
{
  /* The backslash, the u and four hexadecimal digits. */
  const gsize unicode_size = 6;
  gsize       left = self->len - pos;

  if (left < 2)
    {
      fail (self, self->len, "the string has no end");
      return 0;
    }

  switch (self->text[pos + 1])
    {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return 2;
    case 'u':
      break;
    default:
      fail (self, pos, "unknown escape in a string");
      return 0;
    }

  for (gsize i = 2; i < unicode_size; i++)
    {
      if (i >= left || !g_ascii_isxdigit (self->text[pos + i]))
        {
          fail (self, pos, "\\u needs four hexadecimal digits");
          return 0;
        }
    }

  return unicode_size;
}

/* A run of bytes above 0x7F at pos. Returns its size, or 0 after fail(). */
static gsize
scan_utf8 (DuplexJsonLexer *self,
           gsize            pos)
{
  gsize   end = pos;
  guint64 bad;

  while (end < self->len && self->text[end] >= 0x80)
    end++;

  if (!duplex_utf8_validate (self->text + pos, end - pos, &bad))
    {
      fail (self, pos + bad, "invalid UTF-8 in a string");
      return 0;
    }

  return end - pos;
}

/* Where a run of bytes that stand for themselves ends: at a quote, a backslash, a control, a byte
 * above 0x7F, or the end of the text. */
static gsize
skip_plain (DuplexJsonLexer *self,
            gsize            pos)
{
  /* All but '"', which is 0x22, and '\\', which is 0x5C. */
  static const guint8 plain[256] = {
    [0x20 ... 0x21] = TRUE,
    [0x23 ... 0x5B] = TRUE,
    [0x5D ... 0x7F] = TRUE,
  };

  while (pos < self->len && plain[self->text[pos]])
    pos++;

  return pos;
}

static DuplexJsonToken
take_string (DuplexJsonLexer *self)
{
  gsize    pos = self->pos + 1;
  gboolean is_key = expects_key (self);

  if (!is_key && !expects_value (self))
    return fail (self, self->pos, expectation (self));

  for (;;)
    {
      gsize size;

      pos = skip_plain (self, pos);
      if (pos == self->len)
        return fail (self, pos, "the string has no end");
      if (self->text[pos] == '"')
        break;
      if (self->text[pos] < 0x20)
        return fail (self, pos, "control character in a string");

      size = self->text[pos] == '\\' ? scan_escape (self, pos) : scan_utf8 (self, pos);
      if (size == 0)
        return DUPLEX_JSON_ERROR;
      pos += size;
    }

  self->pos = pos + 1;
  self->expect = is_key ? EXPECT_COLON : after_value (self);
  return is_key ? DUPLEX_JSON_KEY : DUPLEX_JSON_STRING;
}

static gsize
skip_digits (DuplexJsonLexer *self,
             gsize            pos)
{
  while (pos < self->len && g_ascii_isdigit (self->text[pos]))
    pos++;

  return pos;
}

static gboolean
is_at (DuplexJsonLexer *self,
       gsize            pos,
       char             c)
{
  return pos < self->len && self->text[pos] == (guint8)c;
}

static DuplexJsonToken
take_number (DuplexJsonLexer *self)
{
  gsize pos = self->pos;
  gsize start;

  if (!expects_value (self))
    return fail (self, pos, expectation (self));

  if (is_at (self, pos, '-'))
    pos++;

  start = pos;
  pos = skip_digits (self, pos);
  if (pos == start)
    return fail (self, pos, "expected a digit");
  if (self->text[start] == '0' && pos - start > 1)
    return fail (self, start, "a number has no leading zeros");

  if (is_at (self, pos, '.'))
    {
      start = pos + 1;
      pos = skip_digits (self, start);
      if (pos == start)
        return fail (self, pos, "expected a digit after '.'");
    }

  if (is_at (self, pos, 'e') || is_at (self, pos, 'E'))
    {
      start = pos + 1;
      if (is_at (self, start, '+') || is_at (self, start, '-'))
        start++;
      pos = skip_digits (self, start);
      if (pos == start)
        return fail (self, pos, "expected a digit in the exponent");
    }

  self->pos = pos;
  self->expect = after_value (self);
  return DUPLEX_JSON_NUMBER;
}

static DuplexJsonToken
take_word (DuplexJsonLexer *self)
{
  static const struct
  {
    const char     *word;
    DuplexJsonToken token;
  } words[] = {
    { "true", DUPLEX_JSON_TRUE },
    { "false", DUPLEX_JSON_FALSE },
    { "null", DUPLEX_JSON_NULL },
  };

  if (!expects_value (self))
    return fail (self, self->pos, expectation (self));

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      gsize size = strlen (words[i].word);

      if (self->len - self->pos < size || memcmp (self->text + self->pos, words[i].word, size) != 0)
        continue;

      self->pos += size;
      self->expect = after_value (self);
      return words[i].token;
    }

  return fail (self, self->pos, expectation (self));
}

static gsize
skip_white_space (DuplexJsonLexer *self,
                  gsize            pos)
{
  while (is_at (self, pos, ' ') || is_at (self, pos, '\n') || is_at (self, pos, '\t') ||
         is_at (self, pos, '\r'))
    pos++;

  return pos;
}

static DuplexJsonToken
take_token (DuplexJsonLexer *self)
{
  switch (self->text[self->pos])
    {
    case '{':
      return open_container (self, /* object= */ TRUE);
    case '[':
      return open_container (self, /* object= */ FALSE);
    case '}':
      return close_container (self, /* object= */ TRUE);
    case ']':
      return close_container (self, /* object= */ FALSE);
    case ':':
      return take_colon (self);
    case ',':
      return take_comma (self);
    case '"':
      return take_string (self);
    case '-':
    case '0' ... '9':
      return take_number (self);
    default:
      return take_word (self);
    }
}

DuplexJsonLexer *
duplex_json_lexer_new (const char *text,
                       gsize       len)
{
  DuplexJsonLexer *self;

  g_return_val_if_fail (text != NULL || len == 0, NULL);

  self = g_new0 (DuplexJsonLexer, 1);
  self->text = (const guint8 *)text;
  self->len = len;
  self->expect = EXPECT_VALUE;
  return self;
}

DuplexJsonLexer *
duplex_json_lexer_continue (const DuplexJsonLexer *self,
                            const char            *text,
                            gsize                  len)
{
  DuplexJsonLexer *next;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (text != NULL || len == 0, NULL);

  next = g_memdup2 (self, sizeof *self);
  next->text = (const guint8 *)text;
  next->len = len;
  next->pos = 0;
  if (self->error != NULL)
    next->expect = self->expected;
  next->error = NULL;
  next->too_deep = FALSE;
  return next;
}

void
duplex_json_lexer_free (DuplexJsonLexer *self)
{
  g_free (self);
}

DuplexJsonToken
duplex_json_lexer_next (DuplexJsonLexer *self,
                        gsize           *ret_offset,
                        gsize           *ret_len)
{
  DuplexJsonToken token;
  gsize           start;

  g_return_val_if_fail (self != NULL, DUPLEX_JSON_ERROR);

  if (self->expect == EXPECT_NOTHING)
    return DUPLEX_JSON_ERROR;

  start = skip_white_space (self, self->pos);
  self->pos = start;
  if (start < self->len)
    token = take_token (self);
  else if (self->expect == EXPECT_END)
    token = DUPLEX_JSON_END;
  else
    token = fail (self, start, expectation (self));

  if (token == DUPLEX_JSON_ERROR)
    return token;

  if (ret_offset != NULL)
    *ret_offset = start;
  if (ret_len != NULL)
    *ret_len = self->pos - start;
  return token;
}

const char *
duplex_json_lexer_get_error (DuplexJsonLexer *self,
                             gsize           *ret_offset,
                             guint           *ret_line,
                             guint           *ret_column)
{
  guint line = 1;
  gsize line_start = 0;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (self->error != NULL, NULL);

  for (gsize i = 0; i < self->error_pos; i++)
    {
      if (self->text[i] == '\n')
        {
          line++;
          line_start = i + 1;
        }
    }

  if (ret_offset != NULL)
    *ret_offset = self->error_pos;
  if (ret_line != NULL)
    *ret_line = line;
  if (ret_column != NULL)
    *ret_column = self->error_pos - line_start + 1;
  return self->error;
}

gboolean
duplex_json_lexer_is_too_deep (DuplexJsonLexer *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->too_deep;
}

gboolean
duplex_json_is_valid (const char *text,
                      gsize       len)
{
  g_autoptr (DuplexJsonLexer) lexer = NULL;
  DuplexJsonToken             token;

  if (len > DUPLEX_LIMIT_JSON_BYTES)
    return FALSE;

  lexer = duplex_json_lexer_new (text, len);
  do
    token = duplex_json_lexer_next (lexer, NULL, NULL);
  while (token != DUPLEX_JSON_END && token != DUPLEX_JSON_ERROR);

  return token == DUPLEX_JSON_END;
}
