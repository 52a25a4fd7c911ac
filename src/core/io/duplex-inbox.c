/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-inbox.h"

#include "core/io/duplex-io-thread.h"
#include "core/proto/duplex-limits.h"

/* Bytes between two looks at the clock, and the µs after which the main loop turns: 256 KiB of the
 * smallest frames are a hundred thousand of them, during which no order and no timer would be
 * heard. */
#define SLICE   ((gsize)16 * 1024)
#define TURN_US 5000

struct _DuplexInbox
{
  /* owned */
  GPollableInputStream *stream;
  GBytes               *leftover;
  GSource              *source; /* the stream has bytes */
  GSource              *rest;   /* the buffer has some that the last turn left */
  guint8               *buffer; /* DUPLEX_LIMIT_READ bytes */

  /* borrowed */
  const DuplexInboxCallbacks *callbacks;
  gpointer                    user_data;

  /* state */
  gsize    begin; /* of what is in the buffer and was not handed out */
  gsize    end;
  gboolean paused;
  gboolean stopped;
};

void
duplex_inbox_stop (DuplexInbox *self)
{
  g_return_if_fail (self != NULL);

  self->stopped = TRUE;
  duplex_io_clear_source (&self->source);
  duplex_io_clear_source (&self->rest);
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

/* Fills the empty buffer. Returns FALSE when there is nothing to hand out now. */
static gboolean
fill (DuplexInbox *self)
{
  g_autoptr (GError) error = NULL;
  gssize             n = g_pollable_input_stream_read_nonblocking (self->stream, self->buffer,
                                                                   DUPLEX_LIMIT_READ, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;
  if (n <= 0)
    {
      duplex_inbox_stop (self);
      self->callbacks->end (error, self->user_data);
      return FALSE;
    }
  self->begin = 0;
  self->end = (gsize)n;
  return TRUE;
}

static gboolean rest_cb (gpointer data);

static void
hand_out (DuplexInbox *self)
{
  gint64 turn_ends = g_get_monotonic_time () + TURN_US;

  do
    {
      gsize at, len;

      if (self->begin == self->end && !fill (self))
        return;
      at = self->begin;
      len = MIN (self->end - at, SLICE);
      self->begin += len;
      self->callbacks->bytes (self->buffer + at, len, self->user_data);
  } while (!self->stopped && !self->paused && g_get_monotonic_time () < turn_ends);

  if (self->stopped || self->paused || self->begin == self->end || self->rest != NULL)
    return;
  self->rest = g_idle_source_new ();
  g_source_set_priority (self->rest, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->rest, rest_cb, self, NULL);
  g_source_attach (self->rest, g_main_context_get_thread_default ());
}

static gboolean
rest_cb (gpointer data)
{
  DuplexInbox *self = data;

  duplex_io_clear_source (&self->rest);
  hand_out (self);
  return G_SOURCE_REMOVE;
}

static gboolean
readable_cb (GObject *stream,
             gpointer data)
{
  hand_out (data);
  return G_SOURCE_CONTINUE;
}

/* The first turn, and the first after a pause: what came with the handshake, and then the stream
 * itself. */
static gboolean
begin_cb (gpointer data)
{
  DuplexInbox       *self = data;
  g_autoptr (GBytes) leftover = g_steal_pointer (&self->leftover);

  g_clear_pointer (&self->source, g_source_unref);
  if (leftover != NULL && g_bytes_get_size (leftover) > 0)
    self->callbacks->bytes (g_bytes_get_data (leftover, NULL), g_bytes_get_size (leftover),
                            self->user_data);
  if (self->stopped || self->paused || self->source != NULL)
    return G_SOURCE_REMOVE;
  self->source = g_pollable_input_stream_create_source (self->stream, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (readable_cb), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  /* Whoever read the handshake may have taken a part of a TLS record: the rest is in the TLS
   * library, and the socket tells nothing of it. */
  hand_out (self);
  return G_SOURCE_REMOVE;
}

static void
begin (DuplexInbox *self)
{
  self->source = g_idle_source_new ();
  g_source_set_priority (self->source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->source, begin_cb, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

void
duplex_inbox_set_paused (DuplexInbox *self,
                         gboolean     paused)
{
  g_return_if_fail (self != NULL);

  if (self->stopped || self->paused == paused)
    return;
  self->paused = paused;
  duplex_io_clear_source (&self->source);
  duplex_io_clear_source (&self->rest);
  if (!paused)
    begin (self);
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
  begin (self);
  return self;
}
