/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-json.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

#define INDENT 2

typedef struct
{
  GString         *out;   /* borrowed */
  GArray          *spans; /* borrowed, or NULL */
  gsize            left;  /* bytes of output that may still be written */
  DuplexJsonIndent indent;
} Writer;

static gboolean
is_open (DuplexJsonToken token)
{
  return token == DUPLEX_JSON_OBJECT_OPEN || token == DUPLEX_JSON_ARRAY_OPEN;
}

static gboolean
is_close (DuplexJsonToken token)
{
  return token == DUPLEX_JSON_OBJECT_CLOSE || token == DUPLEX_JSON_ARRAY_CLOSE;
}

static gboolean
is_coloured (DuplexJsonToken token)
{
  switch (token)
    {
    case DUPLEX_JSON_KEY:
    case DUPLEX_JSON_STRING:
    case DUPLEX_JSON_NUMBER:
    case DUPLEX_JSON_TRUE:
    case DUPLEX_JSON_FALSE:
    case DUPLEX_JSON_NULL:
      return TRUE;
    default:
      return FALSE;
    }
}

/* Whether token begins a line: the first in a container, what follows a comma, and the close of a
 * container that is not empty. */
static gboolean
begins_line (DuplexJsonToken last,
             DuplexJsonToken token)
{
  if (is_close (token))
    return !is_open (last);

  return is_open (last) || last == DUPLEX_JSON_COMMA;
}

gsize
duplex_json_indent_next (DuplexJsonIndent *self,
                         DuplexJsonToken   token,
                         gboolean         *ret_is_line)
{
  gsize lead = 0;

  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (ret_is_line != NULL, 0);

  if (is_close (token))
    self->depth--;

  *ret_is_line = begins_line (self->last, token);
  if (*ret_is_line)
    lead = 1 + INDENT * (gsize)self->depth;
  else if (self->last == DUPLEX_JSON_COLON)
    lead = 1;

  if (is_open (token))
    self->depth++;
  self->last = token;
  return lead;
}

/* Writes lead bytes of white space and the token. One growth of the string for both: this is most
 * of the time that a large text takes. */
static void
append (Writer         *writer,
        DuplexJsonToken token,
        gsize           lead,
        gboolean        is_line,
        const char     *text,
        gsize           len)
{
  gsize at = writer->out->len;
  char *place;

  g_string_set_size (writer->out, at + lead + len);
  place = writer->out->str + at;
  memset (place, ' ', lead);
  if (is_line)
    *place = '\n';
  memcpy (place + lead, text, len);

  if (writer->spans != NULL && is_coloured (token))
    {
      DuplexJsonSpan span = { at + lead, len, token };

      g_array_append_val (writer->spans, span);
    }
}

/* Returns FALSE, with nothing written, when there is no room. */
static gboolean
write_token (Writer         *writer,
             DuplexJsonToken token,
             const char     *text,
             gsize           len)
{
  gboolean is_line;
  gsize    lead = duplex_json_indent_next (&writer->indent, token, &is_line);

  if (lead > writer->left || len > writer->left - lead)
    return FALSE;
  writer->left -= lead + len;

  append (writer, token, lead, is_line, text, len);
  return TRUE;
}

static void
set_error (DuplexJsonLexer *lexer,
           GError         **error)
{
  const char *message;
  guint       line;
  guint       column;

  message = duplex_json_lexer_get_error (lexer, NULL, &line, &column);
  g_set_error (error, DUPLEX_ERROR,
               duplex_json_lexer_is_too_deep (lexer) ? DUPLEX_ERROR_TOO_BIG : DUPLEX_ERROR_SYNTAX,
               "line %u, column %u: %s", line, column, message);
}

gboolean
duplex_json_pretty (const char *text,
                    gsize       len,
                    gsize       max_out,
                    GString    *out,
                    GArray     *spans,
                    gboolean   *ret_truncated,
                    GError    **error)
{
  g_autoptr (DuplexJsonLexer) lexer = NULL;
  Writer                      writer = {
                         .out = out,
                         .spans = spans,
                         .left = max_out,
                         .indent = DUPLEX_JSON_INDENT_INIT,
  };
  DuplexJsonToken token;
  gsize           offset;
  gsize           token_len;
  gboolean        fits = TRUE;

  g_return_val_if_fail (text != NULL || len == 0, FALSE);
  g_return_val_if_fail (out != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (len > DUPLEX_LIMIT_JSON_BYTES)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG,
                   "%" G_GSIZE_FORMAT " bytes of JSON are more than the limit of %" G_GSIZE_FORMAT,
                   len, DUPLEX_LIMIT_JSON_BYTES);
      return FALSE;
    }

  lexer = duplex_json_lexer_new (text, len);
  while (fits)
    {
      token = duplex_json_lexer_next (lexer, &offset, &token_len);
      if (token == DUPLEX_JSON_END)
        break;
      if (token == DUPLEX_JSON_ERROR)
        {
          set_error (lexer, error);
          return FALSE;
        }
      fits = write_token (&writer, token, text + offset, token_len);
    }

  if (ret_truncated != NULL)
    *ret_truncated = !fits;
  return TRUE;
}
