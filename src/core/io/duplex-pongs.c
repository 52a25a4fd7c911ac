/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-pongs.h"

#include "core/io/duplex-io-thread.h"
#include "core/proto/duplex-limits.h"

struct _DuplexPongs
{
  /* owned */
  GBytes  *latest;  /* payload of the latest ping, or NULL */
  GQueue   waiting; /* of Pong, the first due first */
  GSource *timer;   /* for the first of them, or NULL */

  /* borrowed */
  DuplexPongFunc func;
  gpointer       user_data;

  /* state */
  DuplexPongMode mode;
  gint64         delay; /* µs */
  gboolean       stopped;
};

typedef struct
{
  GBytes *payload;
  gint64  due; /* monotonic µs */
} Pong;

static void
pong_free (gpointer data)
{
  Pong *pong = data;

  g_bytes_unref (pong->payload);
  g_free (pong);
}

DuplexPongs *
duplex_pongs_new (DuplexPongMode mode,
                  guint          delay,
                  DuplexPongFunc func,
                  gpointer       user_data)
{
  DuplexPongs *self;

  g_return_val_if_fail (func != NULL, NULL);

  self = g_new0 (DuplexPongs, 1);
  g_queue_init (&self->waiting);
  self->mode = mode;
  self->delay = (gint64)delay * G_TIME_SPAN_MILLISECOND;
  self->func = func;
  self->user_data = user_data;
  return self;
}

void
duplex_pongs_stop (DuplexPongs *self)
{
  g_return_if_fail (self != NULL);

  self->stopped = TRUE;
  duplex_io_clear_source (&self->timer);
  g_queue_clear_full (&self->waiting, pong_free);
}

void
duplex_pongs_free (DuplexPongs *self)
{
  if (self == NULL)
    return;
  duplex_pongs_stop (self);
  g_clear_pointer (&self->latest, g_bytes_unref);
  g_free (self);
}

static void plan (DuplexPongs *self);

static gboolean
due_cb (gpointer data)
{
  DuplexPongs *self = data;
  gint64       now = g_get_monotonic_time ();

  duplex_io_clear_source (&self->timer);
  while (!self->stopped && self->waiting.length > 0 &&
         ((Pong *)g_queue_peek_head (&self->waiting))->due <= now)
    {
      Pong *pong = g_queue_pop_head (&self->waiting);

      self->func (pong->payload, self->user_data);
      pong_free (pong);
    }
  plan (self);
  return G_SOURCE_REMOVE;
}

static void
plan (DuplexPongs *self)
{
  Pong *first = g_queue_peek_head (&self->waiting);

  if (first == NULL || self->timer != NULL || self->stopped)
    return;
  self->timer = g_timeout_source_new (0);
  g_source_set_ready_time (self->timer, first->due);
  g_source_set_callback (self->timer, due_cb, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

static void
delay (DuplexPongs *self)
{
  Pong *pong = g_new0 (Pong, 1);

  pong->payload = g_bytes_ref (self->latest);
  pong->due = g_get_monotonic_time () + self->delay;
  g_queue_push_tail (&self->waiting, pong);
  if (self->waiting.length > DUPLEX_LIMIT_DELAYED_PONGS)
    pong_free (g_queue_pop_head (&self->waiting));
  plan (self);
}

void
duplex_pongs_answer (DuplexPongs  *self,
                     const guint8 *payload,
                     gsize         size)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (payload != NULL || size == 0);

  if (self->stopped)
    return;
  g_clear_pointer (&self->latest, g_bytes_unref);
  self->latest = g_bytes_new (payload, size);
  switch (self->mode)
    {
    case DUPLEX_PONG_AUTOMATIC:
      self->func (self->latest, self->user_data);
      break;
    case DUPLEX_PONG_DELAYED:
      delay (self);
      break;
    case DUPLEX_PONG_NEVER:
    default:
      break;
    }
}

GBytes *
duplex_pongs_get_latest (DuplexPongs *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->latest;
}
