/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-text.h"

#include <string.h>

#include "app/duplex-escape.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-utf8.h"

/* Bytes by which a payload of unknown kind is judged. */
#define SAMPLE 4096

/* More than the beginning of any token, escape or character that the lexer refuses at its first
 * byte when the rest is missing: "fals", "\\u12". */
#define CUT_BYTES 8

/* A text that grows: what is escaped in it and how it is cut into lines. */
typedef struct
{
  DuplexMessageText *result; /* borrowed */
  GString           *text;
  GString           *scratch; /* one piece, escaped */
  GArray            *escapes; /* DuplexHighlightSpan in scratch */
  gsize              line;    /* bytes on the last line */
} Writer;

static void
add_span (Writer         *writer,
          guint           start,
          DuplexHighlight kind)
{
  DuplexMessageSpan span = { start, writer->result->n_chars - start, kind };

  g_array_append_val (writer->result->spans, span);
}

static void
write_char (Writer     *writer,
            const char *c,
            gsize       size)
{
  if (writer->line >= DUPLEX_MESSAGE_TEXT_LINE && *c != '\n')
    {
      g_string_append_c (writer->text, '\n');
      writer->result->n_chars++;
      writer->result->is_broken = TRUE;
      writer->line = 0;
    }

  g_string_append_len (writer->text, c, (gssize)size);
  writer->result->n_chars++;
  writer->line = *c == '\n' ? 0 : writer->line + size;
}

/* Appends a piece; kind is BODY for what needs no mark. */
static void
write_piece (Writer         *writer,
             const char     *piece,
             gsize           len,
             DuplexHighlight kind)
{
  guint       start = writer->result->n_chars;
  guint       escape = 0;
  guint       escape_start = 0;
  const char *pos;
  const char *end;

  g_string_truncate (writer->scratch, 0);
  g_array_set_size (writer->escapes, 0);
  duplex_escape_append (writer->scratch, piece, len, DUPLEX_ESCAPE_TEXT, writer->escapes);

  pos = writer->scratch->str;
  end = pos + writer->scratch->len;
  while (pos < end)
    {
      DuplexHighlightSpan *span = NULL;
      gsize                offset = (gsize)(pos - writer->scratch->str);
      gsize                size = (gsize)(g_utf8_next_char (pos) - pos);

      if (escape < writer->escapes->len)
        span = &g_array_index (writer->escapes, DuplexHighlightSpan, escape);
      if (span != NULL && offset == span->offset)
        escape_start = writer->result->n_chars;

      write_char (writer, pos, size);
      pos += size;
      if (span != NULL && offset + size == span->offset + span->len)
        {
          add_span (writer, escape_start, DUPLEX_HIGHLIGHT_ESCAPE);
          escape++;
        }
    }

  if (kind != DUPLEX_HIGHLIGHT_BODY)
    add_span (writer, start, kind);
}

/* JSON */

static gboolean
looks_like_json (const char *text,
                 gsize       len)
{
  gsize i = 0;

  while (i < len && strchr (" \t\r\n", text[i]) != NULL && text[i] != '\0')
    i++;
  return i < len && (text[i] == '{' || text[i] == '[');
}

/* Whether an error at offset may be nothing but the end of what is there of a longer text: a token,
 * an escape or a character that goes on behind it. */
static gboolean
is_cut (gsize len,
        gsize offset)
{
  return len - offset < CUT_BYTES;
}

/* Goes through all of it, so that what is shown as JSON is JSON to its end. */
static gboolean
check_json (DuplexMessageText *self,
            const char        *text,
            gsize              len,
            guint64            size)
{
  g_autoptr (DuplexJsonLexer) lexer = NULL;
  DuplexJsonToken             token;
  const char                 *problem;
  gsize                       offset;
  gsize                       token_len;

  if (size > DUPLEX_LIMIT_JSON_BYTES)
    {
      self->json_problem = g_strdup ("too large");
      return FALSE;
    }

  lexer = duplex_json_lexer_new (text, len);
  do
    token = duplex_json_lexer_next (lexer, &offset, &token_len);
  while (token != DUPLEX_JSON_END && token != DUPLEX_JSON_ERROR);
  if (token == DUPLEX_JSON_END)
    return TRUE;

  problem = duplex_json_lexer_get_error (lexer, &offset, &self->json_line, &self->json_column);
  if (len < size && is_cut (len, offset))
    return TRUE;

  self->json_problem = g_strdup (problem);
  return FALSE;
}

/* The token of text behind the first n tokens. */
static void
find_token (const char *text,
            gsize       len,
            guint64     n,
            gsize      *ret_offset,
            gsize      *ret_len)
{
  g_autoptr (DuplexJsonLexer) lexer = duplex_json_lexer_new (text, len);

  for (guint64 i = 0; i <= n; i++)
    duplex_json_lexer_next (lexer, ret_offset, ret_len);
}

static guint64
count_tokens (const char *text,
              gsize       len)
{
  g_autoptr (DuplexJsonLexer) lexer = duplex_json_lexer_new (text, len);
  DuplexJsonToken             token;
  guint64                     n = 0;
  gsize                       offset;
  gsize                       token_len;

  do
    {
      token = duplex_json_lexer_next (lexer, &offset, &token_len);
      n++;
  } while (token != DUPLEX_JSON_END && token != DUPLEX_JSON_ERROR);

  return n - 1;
}

/* Re-indents at most max bytes, to the byte: the re-indenter stops before a token that does not
 * fit, which may be a string of megabytes. Returns how much of text that stands for. */
static gsize
make_pretty (DuplexMessageText *self,
             const char        *text,
             gsize              len,
             guint64            size,
             gsize              max,
             GString           *out,
             GArray            *spans)
{
  gboolean is_truncated = FALSE;
  gsize    offset;
  gsize    token_len;
  gsize    tokens_end;
  gsize    more;

  if (!duplex_json_pretty (text, len, max, out, spans, &is_truncated, NULL) || !is_truncated)
    {
      self->needs_more = len < size;
      return len;
    }

  tokens_end = out->len;
  find_token (text, len, count_tokens (out->str, out->len), &offset, &token_len);

  /* Indentation of the deepest level and a line feed come before the token. */
  more = token_len + 2 * DUPLEX_LIMIT_JSON_DEPTH + 1;
  g_string_truncate (out, 0);
  g_array_set_size (spans, 0);
  duplex_json_pretty (text, len, tokens_end + more, out, spans, NULL, NULL);
  g_string_truncate (out, MIN (out->len, max));
  g_string_truncate (out, duplex_escape_trim (out->str, out->len));

  /* What precedes the token counts as some of it: this is for a line of words. */
  return MIN (offset + MIN (out->len - MIN (tokens_end, out->len), token_len), len - 1);
}

static void
write_json (Writer     *writer,
            const char *text,
            gsize       len,
            guint64     size,
            gsize       max)
{
  g_autoptr (GString) pretty = g_string_new (NULL);
  g_autoptr (GArray)  spans = g_array_new (FALSE, FALSE, sizeof (DuplexJsonSpan));
  gsize               pos = 0;

  writer->result->n_shown = make_pretty (writer->result, text, len, size, max, pretty, spans);
  if (writer->result->needs_more)
    return;
  for (guint i = 0; i < spans->len; i++)
    {
      const DuplexJsonSpan *span = &g_array_index (spans, DuplexJsonSpan, i);
      gsize                 end = MIN (span->offset + span->len, pretty->len);

      if (span->offset >= pretty->len)
        break;
      write_piece (writer, pretty->str + pos, span->offset - pos, DUPLEX_HIGHLIGHT_BODY);
      write_piece (writer, pretty->str + span->offset, end - span->offset,
                   duplex_highlight_from_json (span->token));
      pos = end;
    }
  write_piece (writer, pretty->str + pos, pretty->len - pos, DUPLEX_HIGHLIGHT_BODY);
}

/* Text */

static void
write_text (Writer     *writer,
            const char *text,
            gsize       len,
            guint64     size,
            gsize       max)
{
  gsize n = len;

  writer->result->needs_more = len <= max && len < size;
  if (writer->result->needs_more)
    return;
  if (len > max)
    n = duplex_escape_trim (text, max);
  write_piece (writer, text, n, DUPLEX_HIGHLIGHT_BODY);
  writer->result->n_shown = n;
}

/* Whether a payload that nobody called text reads as one: UTF-8 with no controls but white
 * space. */
static gboolean
reads_as_text (const char *text,
               gsize       len)
{
  DuplexUtf8 utf8 = DUPLEX_UTF8_INIT;
  gsize      n = MIN (len, SAMPLE);
  guint64    bad;

  if (!duplex_utf8_feed (&utf8, (const guint8 *)text, n, &bad))
    return FALSE;

  for (gsize i = 0; i < n; i++)
    {
      if (g_ascii_iscntrl (text[i]) && !g_ascii_isspace (text[i]))
        return FALSE;
    }

  return n > 0;
}

static DuplexMessageFormat
choose_format (const DuplexMessageText *result,
               DuplexMessageFormat      wanted,
               gboolean                 is_text,
               const char              *text,
               gsize                    len)
{
  if (wanted != DUPLEX_MESSAGE_FORMAT_JSON || result->is_json)
    return wanted;

  return is_text || reads_as_text (text, len) ? DUPLEX_MESSAGE_FORMAT_TEXT
                                              : DUPLEX_MESSAGE_FORMAT_HEX;
}

DuplexMessageText *
duplex_message_text_new (GBytes             *head,
                         guint64             size,
                         gboolean            is_text,
                         DuplexMessageFormat wanted,
                         gsize               max)
{
  DuplexMessageText *self;
  Writer             writer = { 0 };
  gsize              len;
  const char        *text;

  g_return_val_if_fail (head != NULL, NULL);

  self = g_new0 (DuplexMessageText, 1);
  self->spans = g_array_new (FALSE, FALSE, sizeof (DuplexMessageSpan));
  text = g_bytes_get_data (head, &len);
  self->is_json = len > 0 && check_json (self, text, len, size);
  if (!looks_like_json (text, len))
    g_clear_pointer (&self->json_problem, g_free);

  self->format = choose_format (self, wanted, is_text, text, len);
  if (self->format == DUPLEX_MESSAGE_FORMAT_HEX)
    {
      self->n_shown = size;
      self->is_whole = TRUE;
      return self;
    }

  writer.result = self;
  writer.text = g_string_new (NULL);
  writer.scratch = g_string_new (NULL);
  writer.escapes = g_array_new (FALSE, FALSE, sizeof (DuplexHighlightSpan));
  if (self->format == DUPLEX_MESSAGE_FORMAT_JSON)
    write_json (&writer, text, len, size, max);
  else
    write_text (&writer, text, len, size, max);
  self->is_whole = self->n_shown == size;
  self->len = writer.text->len;
  self->text = g_string_free (writer.text, FALSE);
  g_string_free (writer.scratch, TRUE);
  g_array_unref (writer.escapes);
  return self;
}

void
duplex_message_text_free (DuplexMessageText *self)
{
  g_return_if_fail (self != NULL);

  g_clear_pointer (&self->json_problem, g_free);
  g_clear_pointer (&self->text, g_free);
  g_clear_pointer (&self->spans, g_array_unref);
  g_free (self);
}

char *
duplex_message_text_format (GBytes             *payload,
                            DuplexMessageFormat format)
{
  g_autoptr (GString) out = NULL;
  gsize               len;
  const char         *text;

  g_return_val_if_fail (payload != NULL, NULL);

  text = g_bytes_get_data (payload, &len);
  if (format == DUPLEX_MESSAGE_FORMAT_JSON)
    {
      out = g_string_new (NULL);
      if (duplex_json_pretty (text, len, G_MAXSIZE, out, NULL, NULL, NULL))
        return g_string_free (g_steal_pointer (&out), FALSE);
    }

  return g_utf8_make_valid (text != NULL ? text : "", (gssize)len);
}
