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
  GQueue         jobs; /* of Job, the oldest first */
  guint          idle_id;
};

/* Spans of a text that are to be marked. */
typedef struct
{
  GArray *spans;  /* DuplexMessageSpan */
  guint   next;   /* in spans */
  gint64  offset; /* of the text; below 0 where its beginning has gone */
  guint   n_chars;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_array_unref (job->spans);
  g_free (job);
}

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

  duplex_text_marker_clear (self);
  g_free (self);
}

static void
mark_span (DuplexTextMarker        *self,
           const DuplexMessageSpan *span,
           gint64                   offset)
{
  GtkTextIter start;
  GtkTextIter end;

  offset += span->offset;
  if (offset < 0 || self->tags[span->kind] == NULL)
    return;

  gtk_text_buffer_get_iter_at_offset (self->buffer, &start, (int)offset);
  end = start;
  gtk_text_iter_forward_chars (&end, (int)span->len);
  gtk_text_buffer_apply_tag (self->buffer, self->tags[span->kind], &start, &end);
}

/* TRUE while there is more. */
static gboolean
mark_batch (DuplexTextMarker *self)
{
  Job  *job = g_queue_peek_head (&self->jobs);
  guint end;

  if (job == NULL)
    return FALSE;
  end = MIN (job->next + BATCH, job->spans->len);
  for (; job->next < end; job->next++)
    mark_span (self, &g_array_index (job->spans, DuplexMessageSpan, job->next), job->offset);
  if (job->next == job->spans->len)
    job_free (g_queue_pop_head (&self->jobs));

  return !g_queue_is_empty (&self->jobs);
}

static gboolean
idle_cb (gpointer user_data)
{
  DuplexTextMarker *self = user_data;

  if (mark_batch (self))
    return G_SOURCE_CONTINUE;

  self->idle_id = 0;
  return G_SOURCE_REMOVE;
}

void
duplex_text_marker_mark (DuplexTextMarker *self,
                         GArray           *spans,
                         guint             offset,
                         guint             n_chars)
{
  GtkTextIter start;
  GtkTextIter end;
  Job        *job;

  g_return_if_fail (self != NULL);
  g_return_if_fail (spans != NULL);

  gtk_text_buffer_get_iter_at_offset (self->buffer, &start, (int)offset);
  gtk_text_buffer_get_iter_at_offset (self->buffer, &end, (int)(offset + n_chars));
  gtk_text_buffer_apply_tag (self->buffer, self->plain, &start, &end);

  job = g_new0 (Job, 1);
  job->spans = g_array_ref (spans);
  job->offset = offset;
  job->n_chars = n_chars;
  g_queue_push_tail (&self->jobs, job);

  /* The beginning is in sight: it must not be seen without. */
  if (self->idle_id == 0 && mark_batch (self))
    self->idle_id = g_idle_add (idle_cb, self);
}

void
duplex_text_marker_shift (DuplexTextMarker *self,
                          gint64            n)
{
  g_return_if_fail (self != NULL);

  for (GList *link = self->jobs.head; link != NULL;)
    {
      GList *next = link->next;
      Job   *job = link->data;

      job->offset += n;
      if (job->offset + job->n_chars <= 0)
        {
          g_queue_delete_link (&self->jobs, link);
          job_free (job);
        }
      link = next;
    }
}

void
duplex_text_marker_clear (DuplexTextMarker *self)
{
  g_return_if_fail (self != NULL);

  g_clear_handle_id (&self->idle_id, g_source_remove);
  g_queue_clear_full (&self->jobs, job_free);
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
