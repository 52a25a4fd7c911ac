/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-pings.h"

#include <string.h>

/* Pings that a peer never answers are forgotten beyond this number, oldest first. */
#define MAX_UNANSWERED 1024

struct _DuplexPings
{
  GQueue waiting; /* of Ping, oldest first */
};

typedef struct
{
  GBytes *payload;
  gint64  left_at; /* monotonic µs, 0 until it has left */
} Ping;

static void
ping_free (gpointer data)
{
  Ping *ping = data;

  g_bytes_unref (ping->payload);
  g_free (ping);
}

DuplexPings *
duplex_pings_new (void)
{
  DuplexPings *self = g_new0 (DuplexPings, 1);

  g_queue_init (&self->waiting);
  return self;
}

void
duplex_pings_free (DuplexPings *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->waiting, ping_free);
  g_free (self);
}

void
duplex_pings_add (DuplexPings *self,
                  GBytes      *payload)
{
  Ping *ping = g_new0 (Ping, 1);

  g_return_if_fail (self != NULL && payload != NULL);

  ping->payload = g_bytes_ref (payload);
  g_queue_push_tail (&self->waiting, ping);
  if (self->waiting.length > MAX_UNANSWERED)
    ping_free (g_queue_pop_head (&self->waiting));
}

void
duplex_pings_left (DuplexPings *self,
                   GBytes      *payload,
                   gint64       now)
{
  g_return_if_fail (self != NULL);

  for (GList *link = self->waiting.head; link != NULL; link = link->next)
    {
      Ping *ping = link->data;

      if (ping->payload != payload || ping->left_at != 0)
        continue;
      ping->left_at = now;
      return;
    }
}

static gboolean
ping_matches (const Ping   *ping,
              const guint8 *payload,
              gsize         len)
{
  gsize         size;
  const guint8 *data = g_bytes_get_data (ping->payload, &size);

  return ping->left_at != 0 && size == len && (len == 0 || memcmp (data, payload, len) == 0);
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

      if (!ping_matches (ping, payload, len))
        continue;
      rtt = now - ping->left_at;
      while (g_queue_peek_head (&self->waiting) != ping)
        ping_free (g_queue_pop_head (&self->waiting));
      ping_free (g_queue_pop_head (&self->waiting));
      return rtt;
    }
  return -1;
}
