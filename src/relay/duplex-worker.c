/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-worker.h"

#include "core/io/duplex-io-thread.h"
#include "core/proto/duplex-limits.h"
#include "relay/duplex-bell.h"

typedef enum {
  ORDER_DRAIN = 1 << 0,
  ORDER_ABORT = 1 << 1,
} Orders;

struct _DuplexWorker
{
  /* owned */
  DuplexIoThread  *thread;
  DuplexTunnelHost host;    /* of the thread */
  GQueue           heads;   /* of DuplexTunnel, by their links, the oldest first; of the thread */
  GQueue           tunnels; /* likewise, of those that are settled */
  DuplexBell      *bell;

  /* borrowed */
  const DuplexWorkerShared *shared;

  /* both, under the mutex */
  GMutex  mutex;
  GArray *clients; /* of DuplexClient, that the thread has not seen yet */
  Orders  orders;

  /* both */
  guint n; /* atomic */
};

/* ---- on the thread ---- */

static void
tunnel_settled (DuplexTunnel *tunnel,
                gpointer      data)
{
  DuplexWorker *self = data;
  GList        *link = duplex_tunnel_get_link (tunnel);

  g_queue_unlink (&self->heads, link);
  g_queue_push_tail_link (&self->tunnels, link);
}

static void
tunnel_ended (DuplexTunnel *tunnel,
              gpointer      data)
{
  DuplexWorker *self = data;

  g_queue_unlink (&self->tunnels, duplex_tunnel_get_link (tunnel));
  duplex_tunnel_free (tunnel);
  g_atomic_int_add (&self->n, -1);
  self->shared->gone (self->shared->user_data);
  duplex_io_thread_release (self->thread);
}

/* The oldest; or the oldest that has the address of the newest, where more heads have that one than
 * have the address of the oldest. So those of few addresses, however many they are, are ended for
 * each other, and nobody else is for them. Of IPv6 a /64 is one address. */
static DuplexTunnel *
choose_displaced (DuplexWorker *self)
{
  DuplexTunnel *oldest = self->heads.head->data;
  DuplexTunnel *found = NULL;
  guint64       first = duplex_peer_get_network (duplex_tunnel_get_peer (oldest));
  guint64       last = duplex_peer_get_network (duplex_tunnel_get_peer (self->heads.tail->data));
  guint         n_first = 0;
  guint         n_last = 0;

  for (GList *item = self->heads.head; item != NULL; item = item->next)
    {
      guint64 network = duplex_peer_get_network (duplex_tunnel_get_peer (item->data));

      if (network == first)
        n_first++;
      if (network != last)
        continue;
      n_last++;
      if (found == NULL)
        found = item->data;
    }
  return n_last > n_first ? found : oldest;
}

static void
add_clients (DuplexWorker *self,
             GArray       *clients)
{
  for (guint i = 0; i < clients->len; i++)
    {
      DuplexTunnel *tunnel =
        duplex_tunnel_new (&self->host, &g_array_index (clients, DuplexClient, i));

      g_queue_push_tail_link (&self->heads, duplex_tunnel_get_link (tunnel));
      duplex_tunnel_start (tunnel);
      if (self->heads.length > self->shared->max_heads)
        duplex_tunnel_displace (choose_displaced (self));
    }
}

/* func may settle or end the one that it is called for, and no other. */
static void
for_each (GQueue *queue,
          void (*func) (DuplexTunnel *tunnel))
{
  GList *next;

  for (GList *item = queue->head; item != NULL; item = next)
    {
      next = item->next;
      func (item->data);
    }
}

/* Those that settle thereby are not called for twice. */
static void
for_all (DuplexWorker *self,
         void (*func) (DuplexTunnel *tunnel))
{
  for_each (&self->tunnels, func);
  for_each (&self->heads, func);
}

static void
bell_cb (gpointer data)
{
  DuplexWorker      *self = data;
  g_autoptr (GArray) clients = NULL;
  Orders             orders;

  g_mutex_lock (&self->mutex);
  clients = self->clients;
  self->clients = g_array_new (FALSE, FALSE, sizeof (DuplexClient));
  orders = self->orders;
  self->orders = 0;
  g_mutex_unlock (&self->mutex);

  add_clients (self, clients);
  if ((orders & ORDER_DRAIN) != 0)
    {
      self->host.draining = TRUE;
      for_all (self, duplex_tunnel_go_away);
    }
  if ((orders & ORDER_ABORT) != 0)
    for_all (self, duplex_tunnel_abort);
}

static void
begin_worker (gpointer data)
{
  DuplexWorker *self = data;

  self->bell = duplex_bell_new (bell_cb, self);
  self->host.poller = duplex_poller_new ();
  duplex_io_thread_release (self->thread);
}

static void
end_worker (gpointer data)
{
  DuplexWorker *self = data;

  duplex_bell_free (self->bell);
  duplex_poller_free (self->host.poller);
}

/* ---- public ---- */

/* Whoever holds it has been told to end, and does not depend on any peer for that. */
static void
wait_for (DuplexIoThread *thread)
{
  while (!duplex_io_thread_wait (thread, G_MAXUINT))
    ;
}

DuplexWorker *
duplex_worker_new (const DuplexWorkerShared *shared)
{
  DuplexWorker *self;

  g_return_val_if_fail (shared != NULL, NULL);

  self = g_new0 (DuplexWorker, 1);
  self->shared = shared;
  self->host = (DuplexTunnelHost){
    .stats = duplex_metrics_add_worker (shared->metrics),
    .metrics = shared->metrics,
    .admission = shared->admission,
    .recorder = shared->recorder,
    .settled = tunnel_settled,
    .ended = tunnel_ended,
    .user_data = self,
  };
  g_mutex_init (&self->mutex);
  self->clients = g_array_new (FALSE, FALSE, sizeof (DuplexClient));
  self->thread = duplex_io_thread_new_foremost ("duplex-worker");
  duplex_io_thread_hold (self->thread);
  duplex_io_thread_invoke (self->thread, begin_worker, self, NULL);
  wait_for (self->thread);
  return self;
}

static void
order (DuplexWorker *self,
       Orders        what)
{
  g_mutex_lock (&self->mutex);
  self->orders |= what;
  g_mutex_unlock (&self->mutex);
  duplex_bell_ring (self->bell);
}

void
duplex_worker_free (DuplexWorker *self)
{
  if (self == NULL)
    return;
  order (self, ORDER_ABORT);
  wait_for (self->thread);
  duplex_io_thread_invoke (self->thread, end_worker, self, NULL);
  duplex_io_thread_free (self->thread);
  g_array_unref (self->clients);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
duplex_worker_add (DuplexWorker       *self,
                   const DuplexClient *client)
{
  g_return_if_fail (self != NULL && client != NULL);

  g_atomic_int_inc (&self->n);
  duplex_io_thread_hold (self->thread);
  g_mutex_lock (&self->mutex);
  g_array_append_val (self->clients, *client);
  g_mutex_unlock (&self->mutex);
}

void
duplex_worker_wake (DuplexWorker *self)
{
  g_return_if_fail (self != NULL);

  duplex_bell_ring (self->bell);
}

gboolean
duplex_worker_is_behind (DuplexWorker *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (self != NULL, FALSE);

  locker = g_mutex_locker_new (&self->mutex);
  return self->clients->len >= DUPLEX_LIMIT_RELAY_UNSEEN;
}

guint
duplex_worker_get_n (DuplexWorker *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return (guint)g_atomic_int_get (&self->n);
}

void
duplex_worker_drain (DuplexWorker *self)
{
  g_return_if_fail (self != NULL);

  order (self, ORDER_DRAIN);
}
