/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-text.h"

#include <string.h>

#include "app/duplex-spell-out.h"
#include "core/proto/duplex-json.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-utf8.h"

/* Bytes by which a payload of unknown kind is judged. */
#define SAMPLE 4096

/* More than the beginning of any token, escape or character that the lexer refuses at its first
 * byte when the rest is missing: "fals", "\\u12". */
#define CUT_BYTES 8

/* A token up to that size stands in one piece, which becomes a little longer. */
#define SMALL_TOKEN 4096

struct _DuplexMessagePlace
{
  DuplexMessageFormat format;
  gboolean            is_json;
  guint64             offset; /* in the payload: what comes next */
  gsize               line;   /* bytes on the last line */

  /* with JSON */
  DuplexJsonLexer *lexer; /* NULL at the beginning */
  DuplexJsonIndent indent;
  DuplexJsonToken  token; /* the last one */
  gsize            rest;  /* bytes of that which come next */
};

/* A text that grows: what is escaped in it and how it is cut into lines. */
typedef struct
{
  DuplexMessageText  *result; /* borrowed */
  DuplexMessagePlace *place;  /* borrowed: where result ends */
  GString            *text;
  GString            *scratch; /* one piece, escaped */
  GArray             *escapes; /* DuplexHighlightSpan in scratch */
  gsize               left;    /* formatted bytes that may still be written */
} Writer;

guint64
duplex_message_place_get_offset (const DuplexMessagePlace *self)
{
  return self != NULL ? self->offset : 0;
}

DuplexMessagePlace *
duplex_message_place_copy (const DuplexMessagePlace *self)
{
  DuplexMessagePlace *copy;

  if (self == NULL)
    return NULL;
  copy = g_memdup2 (self, sizeof *self);
  if (self->lexer != NULL)
    copy->lexer = duplex_json_lexer_continue (self->lexer, NULL, 0);
  return copy;
}

void
duplex_message_place_free (DuplexMessagePlace *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->lexer, duplex_json_lexer_free);
  g_free (self);
}

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
  gsize *line = &writer->place->line;

  if (*line >= DUPLEX_MESSAGE_TEXT_LINE && *c != '\n')
    {
      g_string_append_c (writer->text, '\n');
      writer->result->n_chars++;
      writer->result->is_broken = TRUE;
      *line = 0;
    }

  g_string_append_len (writer->text, c, (gssize)size);
  writer->result->n_chars++;
  *line = *c == '\n' ? 0 : *line + size;
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
  duplex_spell_out_append (writer->scratch, piece, len, DUPLEX_SPELL_OUT_TEXT, writer->escapes);

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

gboolean
duplex_message_text_is_cut (DuplexJsonLexer *lexer,
                            gsize            len)
{
  gsize offset;

  duplex_json_lexer_get_error (lexer, &offset, NULL, NULL);
  return len - offset < CUT_BYTES;
}

gsize
duplex_message_text_trim_number (const char *text,
                                 gsize       len)
{
  while (len > 0 && text[len - 1] != '\0' && strchr ("+-.eE0123456789", text[len - 1]) != NULL)
    len--;

  return len;
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

  if (len < size && duplex_message_text_is_cut (lexer, len))
    return TRUE;
  problem = duplex_json_lexer_get_error (lexer, NULL, &self->json_line, &self->json_column);

  self->json_problem = g_strdup (problem);
  return FALSE;
}

static gsize
get_part (Writer     *writer,
          const char *text,
          gsize       len)
{
  gsize n = MIN (len, writer->left);

  return n < len ? duplex_spell_out_trim (text, n) : n;
}

/* As much as there is room for of what is left of a token. Returns how much that was. */
static gsize
write_rest (Writer     *writer,
            const char *text,
            gsize       len)
{
  DuplexMessagePlace *place = writer->place;
  gsize               n = get_part (writer, text, MIN (len, place->rest));

  write_piece (writer, text, n, duplex_highlight_from_json (place->token));
  writer->left -= n;
  place->rest -= n;
  return n;
}

/* Returns how much of the token was written: all, unless it is a large one. */
static gsize
write_token (Writer         *writer,
             DuplexJsonToken token,
             const char     *text,
             gsize           len)
{
  DuplexMessagePlace *place = writer->place;
  gboolean            is_line;
  gsize               lead = duplex_json_indent_next (&place->indent, token, &is_line);

  for (gsize i = 0; i < lead; i++)
    write_char (writer, is_line && i == 0 ? "\n" : " ", 1);
  writer->left -= MIN (lead, writer->left);

  place->token = token;
  place->rest = len;
  if (len <= SMALL_TOKEN)
    writer->left = MAX (writer->left, len);
  return write_rest (writer, text, len);
}

/* text is all that the payload has from the place on where is_last is set. */
static void
write_json (Writer     *writer,
            const char *text,
            gsize       len,
            gboolean    is_last)
{
  DuplexMessagePlace         *place = writer->place;
  g_autoptr (DuplexJsonLexer) lexer = NULL;
  gsize                       pos = write_rest (writer, text, len);
  gsize                       start = pos;
  DuplexJsonToken             token = DUPLEX_JSON_NULL;

  if (place->rest == 0 && !is_last)
    len = start + duplex_message_text_trim_number (text + start, len - start);
  if (place->lexer != NULL)
    lexer = duplex_json_lexer_continue (place->lexer, text + start, len - start);
  else
    lexer = duplex_json_lexer_new (text + start, len - start);

  while (place->rest == 0 && writer->left > 0)
    {
      gsize offset;
      gsize token_len;

      token = duplex_json_lexer_next (lexer, &offset, &token_len);
      if (token == DUPLEX_JSON_END || token == DUPLEX_JSON_ERROR)
        break;
      pos = start + offset + write_token (writer, token, text + start + offset, token_len);
    }

  writer->result->is_whole = is_last && (token == DUPLEX_JSON_END || token == DUPLEX_JSON_ERROR);
  writer->result->needs_more = !is_last && writer->left > 0;
  if (writer->result->is_whole && token == DUPLEX_JSON_END)
    pos = len;
  place->offset += pos;
  g_clear_pointer (&place->lexer, duplex_json_lexer_free);
  place->lexer = duplex_json_lexer_continue (lexer, NULL, 0);
}

/* Text */

static void
write_text (Writer     *writer,
            const char *text,
            gsize       len,
            gboolean    is_last)
{
  gsize n = get_part (writer, text, len);

  writer->result->needs_more = !is_last && len <= writer->left;
  writer->result->is_whole = is_last && n == len;
  write_piece (writer, text, n, DUPLEX_HIGHLIGHT_BODY);
  writer->place->offset += n;
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

DuplexMessagePlace *
duplex_message_text_make_beginning (const DuplexMessageText *self)
{
  DuplexMessagePlace *place;

  g_return_val_if_fail (self != NULL, NULL);

  place = g_new0 (DuplexMessagePlace, 1);
  place->format = self->format;
  place->is_json = self->is_json;
  place->indent = (DuplexJsonIndent)DUPLEX_JSON_INDENT_INIT;
  return place;
}

/* Writes what follows self->next, which becomes where that ends. */
static void
write_next (DuplexMessageText *self,
            const char        *text,
            gsize              len,
            gboolean           is_last,
            gsize              max)
{
  Writer writer = { .result = self, .place = self->next, .left = max };

  writer.text = g_string_new (NULL);
  writer.scratch = g_string_new (NULL);
  writer.escapes = g_array_new (FALSE, FALSE, sizeof (DuplexHighlightSpan));
  if (self->format == DUPLEX_MESSAGE_FORMAT_JSON)
    write_json (&writer, text, len, is_last);
  else
    write_text (&writer, text, len, is_last);
  self->n_shown = self->next->offset;
  self->len = writer.text->len;
  self->text = g_string_free (writer.text, FALSE);
  g_string_free (writer.scratch, TRUE);
  g_array_unref (writer.escapes);
}

DuplexMessageText *
duplex_message_text_new (GBytes             *bytes,
                         guint64             size,
                         gboolean            is_text,
                         DuplexMessageFormat wanted,
                         gsize               max)
{
  DuplexMessageText *self;
  gsize              len;
  const char        *text;

  g_return_val_if_fail (bytes != NULL, NULL);

  self = g_new0 (DuplexMessageText, 1);
  self->spans = g_array_new (FALSE, FALSE, sizeof (DuplexMessageSpan));
  text = g_bytes_get_data (bytes, &len);
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

  self->next = duplex_message_text_make_beginning (self);
  write_next (self, text, len, len >= size, max);
  return self;
}

DuplexMessageText *
duplex_message_text_new_next (GBytes                   *bytes,
                              guint64                   size,
                              const DuplexMessagePlace *place,
                              gsize                     max)
{
  DuplexMessageText *self;
  gsize              len;
  const char        *text;

  g_return_val_if_fail (bytes != NULL, NULL);
  g_return_val_if_fail (place != NULL, NULL);

  self = g_new0 (DuplexMessageText, 1);
  self->spans = g_array_new (FALSE, FALSE, sizeof (DuplexMessageSpan));
  self->next = duplex_message_place_copy (place);
  self->format = place->format;
  self->is_json = place->is_json;
  text = g_bytes_get_data (bytes, &len);
  write_next (self, text, len, place->offset >= size || len >= size - place->offset, max);
  return self;
}

void
duplex_message_text_free (DuplexMessageText *self)
{
  g_return_if_fail (self != NULL);

  g_clear_pointer (&self->json_problem, g_free);
  g_clear_pointer (&self->text, g_free);
  g_clear_pointer (&self->spans, g_array_unref);
  g_clear_pointer (&self->next, duplex_message_place_free);
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
