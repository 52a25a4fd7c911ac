/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-inbox.h"

#include "core/proto/duplex-limits.h"

struct _DuplexInbox
{
  /* owned */
  GPollableInputStream *stream;
  GBytes               *leftover;
  GSource              *source;
  guint8               *buffer; /* DUPLEX_LIMIT_READ bytes */

  /* borrowed */
  const DuplexInboxCallbacks *callbacks;
  gpointer                    user_data;

  gboolean stopped;
};

void
duplex_inbox_stop (DuplexInbox *self)
{
  g_return_if_fail (self != NULL);

  self->stopped = TRUE;
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

void
duplex_inbox_free (DuplexInbox *self)
{
  if (self == NULL)
    return;
  duplex_inbox_stop (self);
  g_clear_pointer (&self->leftover, g_bytes_unref);
  g_object_unref (self->stream);
  g_free (self->buffer);
  g_free (self);
}

static void
end (DuplexInbox  *self,
     const GError *error)
{
  duplex_inbox_stop (self);
  self->callbacks->end (error, self->user_data);
}

static gboolean
readable_cb (GObject *stream,
             gpointer data)
{
  DuplexInbox *self = data;
  gsize        total = 0;

  while (total < DUPLEX_LIMIT_READ && !self->stopped)
    {
      g_autoptr (GError) error = NULL;
      gssize             n = g_pollable_input_stream_read_nonblocking (self->stream, self->buffer, DUPLEX_LIMIT_READ,
                                                                       NULL, &error);

      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        break;
      if (n <= 0)
        {
          end (self, error);
          break;
        }
      total += (gsize)n;
      self->callbacks->bytes (self->buffer, (gsize)n, self->user_data);
    }
  return G_SOURCE_CONTINUE;
}

/* The first turn: what came with the handshake, and then the stream itself. */
static gboolean
begin_cb (gpointer data)
{
  DuplexInbox       *self = data;
  g_autoptr (GBytes) leftover = g_steal_pointer (&self->leftover);

  g_clear_pointer (&self->source, g_source_unref);
  if (leftover != NULL && g_bytes_get_size (leftover) > 0)
    self->callbacks->bytes (g_bytes_get_data (leftover, NULL), g_bytes_get_size (leftover), self->user_data);
  if (self->stopped)
    return G_SOURCE_REMOVE;
  self->source = g_pollable_input_stream_create_source (self->stream, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (readable_cb), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return G_SOURCE_REMOVE;
}

DuplexInbox *
duplex_inbox_new (GPollableInputStream       *stream,
                  GBytes                     *leftover,
                  const DuplexInboxCallbacks *callbacks,
                  gpointer                    user_data)
{
  DuplexInbox *self = g_new0 (DuplexInbox, 1);

  self->stream = g_object_ref (stream);
  self->leftover = leftover != NULL ? g_bytes_ref (leftover) : NULL;
  self->callbacks = callbacks;
  self->user_data = user_data;
  self->buffer = g_malloc (DUPLEX_LIMIT_READ);
  self->source = g_idle_source_new ();
  g_source_set_priority (self->source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->source, begin_cb, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return self;
}
