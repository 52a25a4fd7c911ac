/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-text-marker.h"

#include "app/duplex-message-text.h"

/* Spans that are marked in one go: well under a frame's time. */
#define BATCH 1500

struct _DuplexTextMarker
{
  GtkTextBuffer *buffer; /* borrowed */
  GtkTextTag    *plain;  /* of all text */
  GtkTextTag    *tags[DUPLEX_N_HIGHLIGHTS];
  GArray        *spans; /* DuplexMessageSpan, or NULL */
  guint          next;  /* in spans */
  guint          from;
  guint          idle_id;
};

/* The kinds that a message has, in the order in which they win: an escape stands inside a
 * string. */
static const DuplexHighlight kinds[] = {
  DUPLEX_HIGHLIGHT_KEY,
  DUPLEX_HIGHLIGHT_STRING,
  DUPLEX_HIGHLIGHT_NUMBER,
  DUPLEX_HIGHLIGHT_KEYWORD,
  DUPLEX_HIGHLIGHT_ESCAPE,
};

DuplexTextMarker *
duplex_text_marker_new (GtkTextBuffer *buffer)
{
  DuplexTextMarker *self;

  g_return_val_if_fail (GTK_IS_TEXT_BUFFER (buffer), NULL);

  self = g_new0 (DuplexTextMarker, 1);
  self->buffer = buffer;
  /* Where a word is broken there is no hyphen on the wire. */
  self->plain = gtk_text_buffer_create_tag (buffer, NULL, "insert-hyphens", FALSE, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    self->tags[kinds[i]] = gtk_text_buffer_create_tag (buffer, NULL, NULL);
  return self;
}

void
duplex_text_marker_free (DuplexTextMarker *self)
{
  g_return_if_fail (self != NULL);

  g_clear_handle_id (&self->idle_id, g_source_remove);
  g_clear_pointer (&self->spans, g_array_unref);
  g_free (self);
}

static void
mark_span (DuplexTextMarker        *self,
           const DuplexMessageSpan *span)
{
  GtkTextIter start;
  GtkTextIter end;

  if (span->offset + span->len <= self->from || self->tags[span->kind] == NULL)
    return;

  gtk_text_buffer_get_iter_at_offset (self->buffer, &start, (int)span->offset);
  end = start;
  gtk_text_iter_forward_chars (&end, (int)span->len);
  gtk_text_buffer_apply_tag (self->buffer, self->tags[span->kind], &start, &end);
}

static gboolean
mark_batch (DuplexTextMarker *self)
{
  guint end = MIN (self->next + BATCH, self->spans->len);

  for (; self->next < end; self->next++)
    mark_span (self, &g_array_index (self->spans, DuplexMessageSpan, self->next));

  return self->next < self->spans->len;
}

static gboolean
idle_cb (gpointer user_data)
{
  DuplexTextMarker *self = user_data;

  if (mark_batch (self))
    return G_SOURCE_CONTINUE;

  self->idle_id = 0;
  g_clear_pointer (&self->spans, g_array_unref);
  return G_SOURCE_REMOVE;
}

void
duplex_text_marker_mark (DuplexTextMarker *self,
                         GArray           *spans,
                         guint             from)
{
  GtkTextIter start;
  GtkTextIter end;

  g_return_if_fail (self != NULL);
  g_return_if_fail (spans != NULL);

  gtk_text_buffer_get_iter_at_offset (self->buffer, &start, (int)from);
  gtk_text_buffer_get_end_iter (self->buffer, &end);
  gtk_text_buffer_apply_tag (self->buffer, self->plain, &start, &end);

  /* More of the same text: what is left of its beginning goes first. */
  if (self->idle_id != 0 && from > 0)
    from = MIN (from, g_array_index (self->spans, DuplexMessageSpan, self->next).offset);

  g_clear_handle_id (&self->idle_id, g_source_remove);
  g_clear_pointer (&self->spans, g_array_unref);
  self->spans = g_array_ref (spans);
  self->next = 0;
  self->from = from;

  /* The beginning is in sight: it must not be seen without. */
  if (mark_batch (self))
    self->idle_id = g_idle_add (idle_cb, self);
  else
    g_clear_pointer (&self->spans, g_array_unref);
}

gboolean
duplex_text_marker_is_busy (DuplexTextMarker *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->idle_id != 0;
}

void
duplex_text_marker_set_dark (DuplexTextMarker *self,
                             gboolean          dark)
{
  g_return_if_fail (self != NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      GdkRGBA color = { .alpha = 1 };
      guint32 rgb = 0;

      if (!duplex_highlight_get_color (kinds[i], dark, &rgb))
        continue;
      color.red = (float)(rgb >> 16) / 255;
      color.green = (float)(rgb >> 8 & 0xff) / 255;
      color.blue = (float)(rgb & 0xff) / 255;
      g_object_set (self->tags[kinds[i]], "foreground-rgba", &color, NULL);
    }
}
