/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-bubble-text.h"

#include <glib/gi18n.h>
#include <string.h>

#include "app/duplex-deflate-words.h"
#include "app/duplex-leg-words.h"
#include "app/duplex-message-bytes.h"
#include "app/duplex-spell-out.h"
#include "app/duplex-texts.h"
#include "core/model/duplex-capture.h"

/* What is read of a message: enough for the lines of a fold, also when much of it is white space.
 */
#define PAYLOAD_BYTES ((gsize)16 * 1024)

/* What is laid out of it before the fold; the lines of a fold in four-byte characters fit. */
#define BODY_BYTES     ((gsize)6 * 1024)

#define NO_BREAK_SPACE "\u00a0"

/* A cut shows to the lexer at most this far before it: at the start of an escape such as \\u20ac.
 */
#define JSON_CUT_BYTES 6

/* A body on its way into the bubble. */
typedef struct
{
  const char *payload; /* borrowed */
  gsize       len;
  gboolean    whole;      /* payload is all of the message */
  GString    *pretty;     /* the JSON re-indented, where it is JSON */
  GArray     *json_spans; /* DuplexJsonSpan within pretty */
} Body;

static void
body_clear (Body *self)
{
  g_string_free (self->pretty, TRUE);
  g_array_unref (self->json_spans);
}

static void
mark (DuplexBubbleText *self,
      gsize             offset,
      DuplexHighlight   kind)
{
  DuplexHighlightSpan span = { offset, self->text->len - offset, kind };

  g_array_append_val (self->spans, span);
}

/* A narrow header wraps between its parts, not within them. */
static void
append_separated (GString    *out,
                  const char *part)
{
  gsize start;

  g_string_append (out, " · ");
  start = out->len;
  g_string_append (out, part);
  for (gsize i = start; i < out->len; i++)
    if (out->str[i] == ' ')
      {
        g_string_erase (out, (gssize)i, 1);
        g_string_insert (out, (gssize)i, NO_BREAK_SPACE);
      }
}

/* Of what a relay recorded. */
static void
append_leg (DuplexBubbleText *self,
            DuplexRow        *row)
{
  g_autofree char *leg =
    duplex_leg_words_dup_name (duplex_row_get_capture (row), duplex_row_get_event (row));

  if (leg != NULL)
    append_separated (self->text, leg);
}

static void
append_findings (DuplexBubbleText *self,
                 DuplexRow        *row)
{
  guint    n_findings = duplex_row_get_n_findings (row);
  gboolean error =
    duplex_event_get_worst_severity (duplex_row_get_event (row)) == DUPLEX_SEVERITY_ERROR;
  g_autofree char *findings = NULL;
  gsize            start;

  if (n_findings == 0)
    return;

  findings = duplex_text_findings (n_findings);
  start = self->text->len + strlen (" · ");
  append_separated (self->text, findings);
  mark (self, start, error ? DUPLEX_HIGHLIGHT_ERROR : DUPLEX_HIGHLIGHT_WARNING);
}

/* "★ what the user wrote", which wraps. */
static void
append_note (DuplexBubbleText *self,
             DuplexRow        *row)
{
  g_autofree char *comment = NULL;
  gboolean         bookmarked = FALSE;
  gsize            start = self->text->len + strlen (" · ");

  if (!duplex_capture_get_note (duplex_row_get_capture (row), duplex_row_get_event (row)->number,
                                &bookmarked, &comment))
    return;

  g_string_append (self->text, bookmarked ? " · ★" : " · ✎");
  mark (self, start, DUPLEX_HIGHLIGHT_LINK);
  if (comment == NULL)
    return;

  start = self->text->len;
  g_string_append (self->text, " ");
  duplex_spell_out_append (self->text, comment, strlen (comment), DUPLEX_SPELL_OUT_LINE,
                           self->spans);
  mark (self, start, DUPLEX_HIGHLIGHT_STRONG);
}

static gboolean
is_unfinished (const DuplexEvent *event)
{
  return event->kind == DUPLEX_EVENT_UNFINISHED || (event->flags & DUPLEX_EVENT_FLAG_CUT) != 0;
}

/* "4.1:1" of a compressed message. Its size on the wire is for who asks. */
static void
append_ratio (DuplexBubbleText *self,
              DuplexRow        *row)
{
  g_autofree char *ratio = NULL;

  if (!duplex_row_is_inflated (row))
    return;

  ratio = duplex_deflate_words_dup_ratio (duplex_row_get_size (row),
                                          duplex_row_get_wire_size (row));
  self->ratio_offset = self->text->len + strlen (" · ");
  append_separated (self->text, ratio);
  self->ratio_len = self->text->len - self->ratio_offset;
}

/* "→ Sent · Client 3 · 12:01:02.123 · 45 bytes · 4.1:1 · 2 frames · 1 finding". The line's end is
 * the caller's: it belongs to the header, whose line is taller. */
static void
append_header (DuplexBubbleText *self,
               DuplexRow        *row)
{
  const DuplexEvent *event = duplex_row_get_event (row);
  guint              n_frames = duplex_row_get_n_frames (row);
  g_autofree char   *time = duplex_text_time (event->time_us);
  g_autofree char   *size = NULL;
  gsize              dim;

  size = duplex_row_is_inflated (row) ? duplex_text_size (duplex_row_get_size (row))
                                      : duplex_deflate_words_dup_row_size (row);

  g_string_append (self->text, duplex_text_direction_arrow (event->direction));
  g_string_append_c (self->text, ' ');
  g_string_append (self->text, duplex_text_direction (event->direction));
  mark (self, 0, DUPLEX_HIGHLIGHT_STRONG);

  dim = self->text->len;
  append_leg (self, row);
  append_separated (self->text, time);
  append_separated (self->text, size);
  append_ratio (self, row);
  if (n_frames > 1)
    {
      g_autofree char *frames =
        g_strdup_printf (ngettext ("%u frame", "%u frames", n_frames), n_frames);
      append_separated (self->text, frames);
    }
  mark (self, dim, DUPLEX_HIGHLIGHT_DIM);

  if (is_unfinished (event))
    {
      gsize start = self->text->len + strlen (" · ");

      /* Translators: of a message whose last frames never came */
      append_separated (self->text, _ ("incomplete"));
      mark (self, start, DUPLEX_HIGHLIGHT_WARNING);
    }
  append_findings (self, row);
  append_note (self, row);
}

/* The beginning of a string that did not fit. */
static void
append_cut_string (Body           *body,
                   gsize           offset,
                   DuplexJsonToken last)
{
  DuplexJsonSpan span = { .token = DUPLEX_JSON_STRING };
  gsize          room;

  if (offset >= body->len || body->payload[offset] != '"' || body->pretty->len >= BODY_BYTES)
    return;

  g_string_append_c (body->pretty, last == DUPLEX_JSON_COLON ? ' ' : '\n');
  room = MIN (BODY_BYTES - body->pretty->len, body->len - offset);
  span.offset = body->pretty->len;
  span.len = duplex_spell_out_trim (body->payload + offset, room);
  g_string_append_len (body->pretty, body->payload + offset, (gssize)span.len);
  g_array_append_val (body->json_spans, span);
}

/* pretty holds the tokens that came before one that the end of the payload has cut, or that is
 * too long to be shown. Of a string the beginning is worth more than nothing: much that is sent
 * is JSON with one long member. Returns FALSE where the text breaks the grammar before its end. */
static gboolean
continue_json (Body *body)
{
  g_autoptr (DuplexJsonLexer) done = duplex_json_lexer_new (body->pretty->str, body->pretty->len);
  g_autoptr (DuplexJsonLexer) lexer = duplex_json_lexer_new (body->payload, body->len);
  DuplexJsonToken             last = DUPLEX_JSON_END;
  gsize                       end = 0;
  gsize                       error;

  while (duplex_json_lexer_next (done, NULL, NULL) > DUPLEX_JSON_ERROR)
    {
      gsize offset;
      gsize len;

      last = duplex_json_lexer_next (lexer, &offset, &len);
      end = offset + len;
    }

  if (duplex_json_lexer_next (lexer, NULL, NULL) == DUPLEX_JSON_ERROR)
    {
      duplex_json_lexer_get_error (lexer, &error, NULL, NULL);
      if (error + JSON_CUT_BYTES < body->len)
        return FALSE;
    }

  while (end < body->len && g_ascii_isspace (body->payload[end]))
    end++;
  append_cut_string (body, end, last);
  return TRUE;
}

/* Whether the payload is an object or array as far as it was read; then pretty has its beginning.
 * A bare number or string gains nothing by colour. */
static gboolean
read_json (Body     *body,
           gboolean *ret_truncated)
{
  g_autoptr (GError) error = NULL;
  gboolean           truncated = FALSE;
  gsize              start = 0;

  while (start < body->len && g_ascii_isspace (body->payload[start]))
    start++;
  if (start == body->len || (body->payload[start] != '{' && body->payload[start] != '['))
    return FALSE;

  if (duplex_json_pretty (body->payload, body->len, BODY_BYTES, body->pretty, body->json_spans,
                          &truncated, &error))
    {
      if (truncated)
        continue_json (body);
      *ret_truncated = truncated;
      return TRUE;
    }

  /* Where the payload was cut, the grammar breaks at the cut. */
  if (body->whole || !continue_json (body))
    return FALSE;

  *ret_truncated = TRUE;
  return TRUE;
}

static void
append_json (DuplexBubbleText *self,
             Body             *body)
{
  gsize pos = 0;

  for (guint i = 0; i < body->json_spans->len; i++)
    {
      const DuplexJsonSpan *span = &g_array_index (body->json_spans, DuplexJsonSpan, i);
      guint                 slot;
      gsize                 start;

      g_string_append_len (self->text, body->pretty->str + pos, (gssize)(span->offset - pos));
      start = self->text->len;

      /* Escapes within a string come after the string's own colour. */
      slot = self->spans->len;
      mark (self, start, duplex_highlight_from_json (span->token));
      duplex_spell_out_append (self->text, body->pretty->str + span->offset, span->len,
                               DUPLEX_SPELL_OUT_TEXT, self->spans);
      g_array_index (self->spans, DuplexHighlightSpan, slot).len = self->text->len - start;
      pos = span->offset + span->len;
    }

  g_string_append_len (self->text, body->pretty->str + pos, (gssize)(body->pretty->len - pos));
}

/* The offset behind max_lines lines of text from start on, a line that is too long counting as
 * several; the end of text where there are no more. */
static gsize
find_fold (GString *text,
           gsize    start,
           guint    max_lines)
{
  const char *end = text->str + text->len;
  guint       line = 1;
  guint       column = 0;

  for (const char *p = text->str + start; p < end; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '\n' || column >= DUPLEX_FOLD_COLUMNS)
        {
          if (line == max_lines)
            return (gsize)(p - text->str);
          line++;
          column = 0;
        }
      if (c != '\n')
        column += g_unichar_iswide (c) ? 2 : 1;
    }

  return text->len;
}

static void
cut_spans (GArray *spans,
           gsize   end)
{
  while (spans->len > 0)
    {
      DuplexHighlightSpan *last = &g_array_index (spans, DuplexHighlightSpan, spans->len - 1);

      if (last->offset < end)
        break;
      g_array_set_size (spans, spans->len - 1);
    }

  for (guint i = 0; i < spans->len; i++)
    {
      DuplexHighlightSpan *span = &g_array_index (spans, DuplexHighlightSpan, i);

      span->len = MIN (span->len, end - span->offset);
    }
}

static void
append_link (DuplexBubbleText *self,
             DuplexRow        *row)
{
  g_autofree char *size = duplex_text_size (duplex_row_get_size (row));

  g_string_append_c (self->text, '\n');
  self->link_offset = self->text->len;
  /* Translators: a link below the beginning of a long message; %s is its size */
  g_string_append_printf (self->text, _ ("Show all (%s)"), size);
  mark (self, self->link_offset, DUPLEX_HIGHLIGHT_LINK);
}

/* Cuts the body that begins at start to the lines of a fold, unless it is whole and short. Returns
 * whether it did. */
static gboolean
fold (DuplexBubbleText *self,
      gsize             start,
      gboolean          whole)
{
  gsize end = find_fold (self->text, start, DUPLEX_FOLD_LINES);

  if (whole &&
      find_fold (self->text, start, DUPLEX_FOLD_LINES + DUPLEX_FOLD_SLACK) == self->text->len)
    return FALSE;

  cut_spans (self->spans, end);
  if (end == self->text->len || self->text->str[end] != '\n')
    {
      g_string_truncate (self->text, end);
      g_string_append (self->text, "…");
    }
  else
    g_string_truncate (self->text, end);

  return TRUE;
}

static void
append_empty (DuplexBubbleText *self)
{
  gsize start = self->text->len;

  g_string_append (self->text, _ ("Empty message"));
  mark (self, start, DUPLEX_HIGHLIGHT_DIM);
}

/* The span of the body's font comes before those within it, and knows its length after them. */
static guint
begin_body (DuplexBubbleText *self)
{
  mark (self, self->text->len, DUPLEX_HIGHLIGHT_BODY);
  return self->spans->len - 1;
}

static void
end_body (DuplexBubbleText *self,
          guint             slot)
{
  DuplexHighlightSpan *span = &g_array_index (self->spans, DuplexHighlightSpan, slot);

  span->len = self->text->len - span->offset;
}

static void
append_text_body (DuplexBubbleText *self,
                  DuplexRow        *row)
{
  gboolean           whole = TRUE;
  gboolean           truncated = FALSE;
  g_autoptr (GBytes) bytes = duplex_row_dup_payload (row, PAYLOAD_BYTES, &whole);
  Body               body = { .whole = whole };
  gsize              start = self->text->len;
  guint              slot;

  body.payload = g_bytes_get_data (bytes, &body.len);
  if (body.len == 0)
    {
      append_empty (self);
      return;
    }
  if (!whole)
    body.len = duplex_spell_out_trim (body.payload, body.len);
  body.pretty = g_string_sized_new (1024);
  body.json_spans = g_array_new (FALSE, FALSE, sizeof (DuplexJsonSpan));

  slot = begin_body (self);
  if (read_json (&body, &truncated))
    append_json (self, &body);
  else
    {
      gsize len = MIN (body.len, BODY_BYTES);

      truncated = len < body.len;
      if (truncated)
        len = duplex_spell_out_trim (body.payload, len);
      duplex_spell_out_append (self->text, body.payload, len, DUPLEX_SPELL_OUT_TEXT, self->spans);
    }
  body_clear (&body);

  if (fold (self, start, whole && !truncated))
    {
      end_body (self, slot);
      append_link (self, row);
    }
  else
    end_body (self, slot);
}

static void
append_hex_line (DuplexBubbleText *self,
                 const guint8     *data,
                 gsize             len)
{
  gsize start;

  for (gsize i = 0; i < DUPLEX_FOLD_HEX_COLUMNS; i++)
    {
      if (i < len)
        g_string_append_printf (self->text, "%02x ", data[i]);
      else
        g_string_append (self->text, "   ");
    }
  g_string_append_c (self->text, ' ');

  start = self->text->len;
  for (gsize i = 0; i < len; i++)
    g_string_append_c (self->text, g_ascii_isprint (data[i]) ? (char)data[i] : '.');
  mark (self, start, DUPLEX_HIGHLIGHT_DIM);
}

static void
append_binary_body (DuplexBubbleText *self,
                    DuplexRow        *row)
{
  gboolean           whole = TRUE;
  g_autoptr (GBytes) bytes = duplex_row_dup_payload (row, DUPLEX_FOLD_HEX_BYTES, &whole);
  gsize              len;
  const guint8      *data = g_bytes_get_data (bytes, &len);
  guint              slot;

  if (len == 0)
    {
      append_empty (self);
      return;
    }

  slot = begin_body (self);
  for (gsize pos = 0; pos < len; pos += DUPLEX_FOLD_HEX_COLUMNS)
    {
      if (pos > 0)
        g_string_append_c (self->text, '\n');
      append_hex_line (self, data + pos, MIN (len - pos, DUPLEX_FOLD_HEX_COLUMNS));
    }
  end_body (self, slot);

  if (!whole)
    append_link (self, row);
}

static void
append_message (DuplexBubbleText *self,
                DuplexRow        *row)
{
  DuplexHighlightSpan header = { 0, 0, DUPLEX_HIGHLIGHT_HEADER };

  g_array_append_val (self->spans, header);
  append_header (self, row);
  g_string_append_c (self->text, '\n');
  g_array_index (self->spans, DuplexHighlightSpan, 0).len = self->text->len;

  if (duplex_message_bytes_is_text (row))
    append_text_body (self, row);
  else
    append_binary_body (self, row);
}

/* "→ Ping · Client 3 · 12:01:02.123" */
static void
append_control (DuplexBubbleText *self,
                DuplexRow        *row)
{
  const DuplexEvent *event = duplex_row_get_event (row);
  g_autofree char   *control = duplex_text_control (event);
  g_autofree char   *time = duplex_text_time (event->time_us);
  gsize              start;

  g_string_append (self->text, duplex_text_direction_arrow (event->direction));
  g_string_append_c (self->text, ' ');
  duplex_spell_out_append (self->text, control, strlen (control), DUPLEX_SPELL_OUT_LINE,
                           self->spans);
  start = self->text->len;
  append_leg (self, row);
  append_separated (self->text, time);
  mark (self, start, DUPLEX_HIGHLIGHT_DIM);
  append_findings (self, row);
  append_note (self, row);
}

static void
append_state (DuplexBubbleText *self,
              DuplexRow        *row)
{
  const DuplexEvent *event = duplex_row_get_event (row);
  g_autofree char   *state = duplex_text_state (event);
  g_autofree char   *time = duplex_text_time (event->time_us);

  g_string_append (self->text, time);
  append_leg (self, row);
  g_string_append (self->text, " · ");
  /* The colour of an error is not dark enough to be made fainter. */
  if (duplex_bubble_style_of (row) != DUPLEX_BUBBLE_ERROR)
    mark (self, 0, DUPLEX_HIGHLIGHT_DIM);
  duplex_spell_out_append (self->text, state, strlen (state), DUPLEX_SPELL_OUT_LINE, self->spans);
  append_findings (self, row);
  append_note (self, row);
}

DuplexBubbleStyle
duplex_bubble_style_of (DuplexRow *row)
{
  const DuplexEvent *event;
  gboolean           sent;

  g_return_val_if_fail (DUPLEX_IS_ROW (row), DUPLEX_BUBBLE_STATE);

  event = duplex_row_get_event (row);
  sent = event->direction == DUPLEX_DIRECTION_SENT;

  switch (duplex_row_get_kind (row))
    {
    case DUPLEX_ROW_TEXT:
    case DUPLEX_ROW_BINARY:
      return sent ? DUPLEX_BUBBLE_SENT : DUPLEX_BUBBLE_RECEIVED;
    case DUPLEX_ROW_CONTROL:
      return sent ? DUPLEX_BUBBLE_SENT_CONTROL : DUPLEX_BUBBLE_RECEIVED_CONTROL;
    case DUPLEX_ROW_STATE:
    default:
      if (event->kind == DUPLEX_EVENT_FAILED || event->kind == DUPLEX_EVENT_LOST ||
          event->kind == DUPLEX_EVENT_GAP)
        return DUPLEX_BUBBLE_ERROR;
      return DUPLEX_BUBBLE_STATE;
    }
}

DuplexBubbleText *
duplex_bubble_text_new (DuplexRow *row)
{
  DuplexBubbleText *self;

  g_return_val_if_fail (DUPLEX_IS_ROW (row), NULL);

  self = g_new0 (DuplexBubbleText, 1);
  self->text = g_string_sized_new (512);
  self->spans = g_array_sized_new (FALSE, FALSE, sizeof (DuplexHighlightSpan), 32);

  switch (duplex_row_get_kind (row))
    {
    case DUPLEX_ROW_TEXT:
    case DUPLEX_ROW_BINARY:
      append_message (self, row);
      break;
    case DUPLEX_ROW_CONTROL:
      append_control (self, row);
      break;
    case DUPLEX_ROW_STATE:
    default:
      append_state (self, row);
      break;
    }

  return self;
}

void
duplex_bubble_text_free (DuplexBubbleText *self)
{
  if (self == NULL)
    return;

  g_string_free (self->text, TRUE);
  g_array_unref (self->spans);
  g_free (self);
}
