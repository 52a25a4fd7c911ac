/* SPDX-License-Identifier: GPL-3.0-or-later */
/* accept4() */
#define _GNU_SOURCE

#include "relay/duplex-server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "core/io/duplex-io-thread.h"
#include "core/proto/duplex-limits.h"
#include "relay/duplex-bell.h"
#include "relay/duplex-log.h"
#include "relay/duplex-request.h"
#include "relay/duplex-trimmer.h"
#include "relay/duplex-worker.h"

/* Clients that are accepted before the workers hear of them. */
#define ACCEPTS_AT_ONCE 64
/* Milliseconds without accepting where the system has no descriptor left, and where workers have
 * not seen yet whom they were given. */
#define PAUSE_MS  200
#define BEHIND_MS 1

struct _DuplexServer
{
  /* owned */
  GSocket             *socket;
  GSource             *accept_source; /* NULL while no more are taken */
  GSource             *timer;         /* of a pause or of the drain */
  DuplexRelaySettings *settings;
  DuplexAdmission     *admission;
  GPtrArray           *workers; /* of DuplexWorker */
  DuplexBell          *bell;    /* rung by workers */
  DuplexTrimmer       *trimmer;
  DuplexWorkerShared   shared;

  /* state */
  guint64         n_accepted;
  gboolean        complained; /* about the last client that could not be accepted */
  GSourceOnceFunc drained;    /* NULL once it was called */
  gpointer        user_data;

  /* of all threads, atomic */
  guint n_open;   /* clients */
  guint draining; /* the bell is to be rung when there are none */
};

static void watch (DuplexServer *self);

/* ---- on the threads of workers ---- */

static void
gone_cb (gpointer data)
{
  DuplexServer *self = data;

  if (g_atomic_int_dec_and_test (&self->n_open) && g_atomic_int_get (&self->draining))
    duplex_bell_ring (self->bell);
}

/* ---- accepting ---- */

static void
set_timer (DuplexServer *self,
           guint         milliseconds,
           GSourceFunc   func)
{
  duplex_io_clear_source (&self->timer);
  self->timer = g_timeout_source_new (milliseconds);
  g_source_set_callback (self->timer, func, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

static gboolean
resume_cb (gpointer data)
{
  DuplexServer *self = data;

  duplex_io_clear_source (&self->timer);
  watch (self);
  return G_SOURCE_REMOVE;
}

/* Returns NULL where all are behind. */
static DuplexWorker *
choose_worker (DuplexServer *self)
{
  DuplexWorker *chosen = NULL;

  for (guint i = 0; i < self->workers->len; i++)
    {
      DuplexWorker *other = g_ptr_array_index (self->workers, i);

      if (!duplex_worker_is_behind (other) &&
          (chosen == NULL || duplex_worker_get_n (other) < duplex_worker_get_n (chosen)))
        chosen = other;
    }
  return chosen;
}

static void
hand_over (DuplexServer *self,
           DuplexWorker *worker,
           DuplexClient *client)
{
  client->settings = duplex_relay_settings_ref (self->settings);
  client->number = ++self->n_accepted;
  client->accepted_at = g_get_monotonic_time ();
  g_atomic_int_inc (&self->n_open);
  duplex_trimmer_note (self->trimmer);
  duplex_metrics_accepted (self->shared.metrics);
  duplex_worker_add (worker, client);
}

/* Where it cannot be one client's fault, the system lacks something. */
static gboolean
is_clients_fault (int number)
{
  return number != EMFILE && number != ENFILE && number != ENOBUFS && number != ENOMEM &&
         number != EBADF && number != EINVAL && number != ENOTSOCK && number != EOPNOTSUPP;
}

/* Returns FALSE where nobody waits, or those who do have to. */
static gboolean
accept_one (DuplexServer *self)
{
  const int               on = 1;
  DuplexClient            client = { 0 };
  struct sockaddr_storage address = { 0 };
  socklen_t               size = sizeof address;
  DuplexWorker           *worker = choose_worker (self);
  int                     number;

  if (worker == NULL)
    {
      set_timer (self, BEHIND_MS, resume_cb);
      return FALSE;
    }
  client.fd = accept4 (g_socket_get_fd (self->socket), (struct sockaddr *)&address, &size,
                       SOCK_NONBLOCK | SOCK_CLOEXEC);
  number = errno;
  if (client.fd >= 0)
    {
      self->complained = FALSE;
      setsockopt (client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      client.peer = duplex_peer_from_socket_address (&address);
      hand_over (self, worker, &client);
      return TRUE;
    }
  if (number == EAGAIN || number == EWOULDBLOCK)
    return FALSE;
  if (is_clients_fault (number))
    return TRUE;
  if (!self->complained)
    {
      g_autofree char *text = g_strdup_printf ("cannot accept: %s", g_strerror (number));

      duplex_log_text ("error", text);
    }
  self->complained = TRUE;
  set_timer (self, PAUSE_MS, resume_cb);
  return FALSE;
}

static gboolean
may_accept (DuplexServer *self)
{
  return !self->draining && self->timer == NULL;
}

static gboolean
acceptable_cb (GSocket     *socket,
               GIOCondition condition,
               gpointer     data)
{
  DuplexServer *self = data;

  for (guint i = 0; i < ACCEPTS_AT_ONCE && may_accept (self) && accept_one (self); i++)
    ;
  for (guint i = 0; i < self->workers->len; i++)
    duplex_worker_wake (g_ptr_array_index (self->workers, i));
  watch (self);
  return G_SOURCE_CONTINUE;
}

/* Whoever is not accepted yet waits in the backlog. */
static void
watch (DuplexServer *self)
{
  if (!may_accept (self))
    duplex_io_clear_source (&self->accept_source);
  else if (self->accept_source == NULL)
    {
      self->accept_source = g_socket_create_source (self->socket, G_IO_IN, NULL);
      g_source_set_callback (self->accept_source, G_SOURCE_FUNC (acceptable_cb), self, NULL);
      g_source_attach (self->accept_source, g_main_context_get_thread_default ());
    }
}

/* ---- the drain ---- */

static void
finish_drain (DuplexServer *self)
{
  GSourceOnceFunc drained = self->drained;

  duplex_io_clear_source (&self->timer);
  self->drained = NULL;
  if (drained != NULL)
    drained (self->user_data);
}

static gboolean
drain_over_cb (gpointer data)
{
  finish_drain (data);
  return G_SOURCE_REMOVE;
}

static void
bell_cb (gpointer data)
{
  DuplexServer *self = data;

  if (g_atomic_int_get (&self->n_open) == 0)
    finish_drain (self);
}

/* ---- public ---- */

/* Takes fd. */
static GSocket *
take_socket (int      fd,
             GError **error)
{
  GSocket *socket = g_socket_new_from_fd (fd, error);

  if (socket == NULL)
    {
      close (fd);
      return NULL;
    }
  g_socket_set_blocking (socket, FALSE);
  return socket;
}

static GSocket *
listen_on (GInetSocketAddress *address,
           GError            **error)
{
  GSocketAddress     *wanted = G_SOCKET_ADDRESS (address);
  g_autoptr (GSocket) socket = NULL;

  socket = g_socket_new (g_socket_address_get_family (wanted), G_SOCKET_TYPE_STREAM,
                         G_SOCKET_PROTOCOL_TCP, error);
  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, DUPLEX_LIMIT_RELAY_BACKLOG);
  if (!g_socket_bind (socket, wanted, /* allow_reuse= */ TRUE, error) ||
      !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

/* Of a worker. Where the system gives few descriptors, most of them are for connections. */
static guint
get_max_heads (guint n_workers)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return DUPLEX_LIMIT_RELAY_HEADS;
  return (guint)CLAMP (limit.rlim_cur / 4 / n_workers, 1, DUPLEX_LIMIT_RELAY_HEADS);
}

DuplexServer *
duplex_server_new (GInetSocketAddress  *address,
                   int                  listen_fd,
                   DuplexRelaySettings *settings,
                   DuplexMetrics       *metrics,
                   DuplexRecorder      *recorder,
                   guint                n_workers,
                   GError             **error)
{
  GSocket      *socket;
  DuplexServer *self;

  g_return_val_if_fail (listen_fd >= 0 || G_IS_INET_SOCKET_ADDRESS (address), NULL);
  g_return_val_if_fail (settings != NULL && metrics != NULL && n_workers > 0, NULL);

  socket = listen_fd >= 0 ? take_socket (listen_fd, error) : listen_on (address, error);
  if (socket == NULL)
    return NULL;
  self = g_new0 (DuplexServer, 1);
  self->socket = socket;
  self->settings = duplex_relay_settings_ref (settings);
  self->admission = duplex_admission_new ();
  self->bell = duplex_bell_new (bell_cb, self);
  self->trimmer = duplex_trimmer_new (&self->n_open);
  self->shared = (DuplexWorkerShared){
    .metrics = metrics,
    .admission = self->admission,
    .recorder = recorder,
    .max_heads = get_max_heads (n_workers),
    .gone = gone_cb,
    .user_data = self,
  };
  self->workers = g_ptr_array_new_with_free_func ((GDestroyNotify)duplex_worker_free);
  for (guint i = 0; i < n_workers; i++)
    g_ptr_array_add (self->workers, duplex_worker_new (&self->shared));
  watch (self);
  return self;
}

void
duplex_server_free (DuplexServer *self)
{
  if (self == NULL)
    return;
  duplex_io_clear_source (&self->accept_source);
  duplex_io_clear_source (&self->timer);
  g_ptr_array_unref (self->workers);
  duplex_bell_free (self->bell);
  duplex_trimmer_free (self->trimmer);
  duplex_admission_free (self->admission);
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  duplex_relay_settings_unref (self->settings);
  g_free (self);
}

void
duplex_server_set_settings (DuplexServer        *self,
                            DuplexRelaySettings *settings)
{
  g_return_if_fail (self != NULL && settings != NULL);

  duplex_relay_settings_ref (settings);
  duplex_relay_settings_unref (self->settings);
  self->settings = settings;
}

char *
duplex_server_dup_url (DuplexServer *self)
{
  g_autoptr (GSocketAddress) bound = NULL;
  g_autofree char           *text = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  bound = g_socket_get_local_address (self->socket, NULL);
  text = G_IS_SOCKET_CONNECTABLE (bound)
           ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (bound))
           : g_strdup ("?");
  return g_strdup_printf ("%s://%s" DUPLEX_REQUEST_PATH,
                          self->settings->certificate != NULL ? "wss" : "ws", text);
}

void
duplex_server_drain (DuplexServer   *self,
                     guint           seconds,
                     GSourceOnceFunc drained,
                     gpointer        user_data)
{
  g_return_if_fail (self != NULL && drained != NULL);

  self->drained = drained;
  self->user_data = user_data;
  duplex_io_clear_source (&self->accept_source);
  g_socket_close (self->socket, NULL);
  set_timer (self, seconds * 1000, drain_over_cb);
  g_atomic_int_set (&self->draining, TRUE);
  for (guint i = 0; i < self->workers->len; i++)
    duplex_worker_drain (g_ptr_array_index (self->workers, i));
  if (g_atomic_int_get (&self->n_open) == 0)
    duplex_bell_ring (self->bell);
}
