/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-pings.h"

#include <string.h>

#include "core/io/duplex-io-thread.h"
#include "core/proto/duplex-limits.h"

/* Pings that a peer never answers are forgotten beyond this number, oldest first. */
#define MAX_UNANSWERED 1024

typedef struct
{
  gint64 left_at; /* monotonic µs */
  gsize  len;
  guint8 payload[DUPLEX_LIMIT_CONTROL_PAYLOAD];
} Ping;

struct _DuplexPings
{
  GQueue   waiting; /* of Ping, oldest first */
  GSource *timer;   /* of the keep-alive, or NULL */

  /* borrowed */
  const DuplexPingsCallbacks *callbacks;
  gpointer                    user_data;

  /* state */
  guint64 counter;
  guint64 waits; /* the ping of the keep-alive that has not left, or 0 */
  guint   limit;
  guint   missed; /* pings of the keep-alive since the last pong that answered any */
};

static gboolean
is_excused (DuplexPings *self)
{
  return self->callbacks->excused != NULL &&
         self->callbacks->excused (self->waits != 0, self->user_data);
}

static gboolean
due_cb (gpointer data)
{
  DuplexPings       *self = data;
  g_autoptr (GBytes) payload = NULL;

  if (is_excused (self))
    self->missed -= MIN (self->missed, 1);
  if (self->limit > 0 && self->missed >= self->limit)
    {
      duplex_pings_stop (self);
      self->callbacks->missing (self->user_data);
      return G_SOURCE_REMOVE;
    }
  self->missed++;
  payload = duplex_pings_new_payload (self);
  self->waits = self->counter;
  self->callbacks->send (payload, self->user_data);
  return G_SOURCE_CONTINUE;
}

DuplexPings *
duplex_pings_new (guint                       interval,
                  guint                       limit,
                  const DuplexPingsCallbacks *callbacks,
                  gpointer                    user_data)
{
  DuplexPings *self = g_new0 (DuplexPings, 1);

  g_queue_init (&self->waiting);
  self->limit = limit;
  self->callbacks = callbacks;
  self->user_data = user_data;
  if (interval > 0)
    {
      self->timer = g_timeout_source_new (interval * 1000);
      /* Above the reading: a flood must not keep it from running. */
      g_source_set_priority (self->timer, G_PRIORITY_HIGH);
      g_source_set_callback (self->timer, due_cb, self, NULL);
      g_source_attach (self->timer, g_main_context_get_thread_default ());
    }
  return self;
}

void
duplex_pings_stop (DuplexPings *self)
{
  g_return_if_fail (self != NULL);

  duplex_io_clear_source (&self->timer);
}

void
duplex_pings_free (DuplexPings *self)
{
  if (self == NULL)
    return;
  duplex_pings_stop (self);
  g_queue_clear_full (&self->waiting, g_free);
  g_free (self);
}

GBytes *
duplex_pings_new_payload (DuplexPings *self)
{
  guint64 count;

  g_return_val_if_fail (self != NULL, NULL);

  self->counter++;
  count = GUINT64_TO_BE (self->counter);
  return g_bytes_new (&count, sizeof count);
}

void
duplex_pings_left (DuplexPings  *self,
                   const guint8 *payload,
                   gsize         len,
                   gint64        now)
{
  guint64 waits = GUINT64_TO_BE (self->waits);
  Ping   *ping;

  g_return_if_fail (self != NULL);
  g_return_if_fail (payload != NULL || len == 0);

  if (len == sizeof waits && memcmp (payload, &waits, len) == 0)
    self->waits = 0;
  /* A longer one was composed on purpose, and no legal pong can answer it. */
  if (len > DUPLEX_LIMIT_CONTROL_PAYLOAD)
    return;
  ping = g_new0 (Ping, 1);
  ping->left_at = now;
  ping->len = len;
  if (len > 0)
    memcpy (ping->payload, payload, len);
  g_queue_push_tail (&self->waiting, ping);
  if (self->waiting.length > MAX_UNANSWERED)
    g_free (g_queue_pop_head (&self->waiting));
}

gint64
duplex_pings_answer (DuplexPings  *self,
                     const guint8 *payload,
                     gsize         len,
                     gint64        now)
{
  g_return_val_if_fail (self != NULL, -1);

  for (GList *link = self->waiting.head; link != NULL; link = link->next)
    {
      Ping  *ping = link->data;
      gint64 rtt;

      if (ping->len != len || (len > 0 && memcmp (ping->payload, payload, len) != 0))
        continue;
      rtt = now - ping->left_at;
      while (g_queue_peek_head (&self->waiting) != ping)
        g_free (g_queue_pop_head (&self->waiting));
      g_free (g_queue_pop_head (&self->waiting));
      self->missed = 0;
      return rtt;
    }
  return -1;
}
