/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-server.h"

#include "core/io/duplex-io-thread.h"
#include "core/io/duplex-socket.h"
#include "core/proto/duplex-limits.h"
#include "relay/duplex-log.h"
#include "relay/duplex-request.h"

/* Clients that are accepted before others have their turn. */
#define ACCEPTS_AT_ONCE 64
/* Milliseconds without accepting where the system has no descriptor left. */
#define PAUSE_MS 200

struct _DuplexServer
{
  /* owned */
  GSocket      *socket;
  GSource      *accept_source; /* NULL while no more are taken */
  GSource      *timer;         /* of a pause or of the drain */
  GPtrArray    *tunnels;       /* of DuplexTunnel, each its own until it has ended */
  DuplexPoller *poller;

  /* borrowed */
  const DuplexRelaySettings *settings;

  /* state */
  DuplexPumpStats stats;
  guint64         n_accepted;
  gboolean        draining;
  GSourceOnceFunc drained;
  gpointer        user_data;
};

static void watch (DuplexServer *self);

/* Those of others that wait for their request, or are told that it is refused. */
static guint
count (DuplexServer *self,
       gboolean      upgraded)
{
  guint n = 0;

  for (guint i = 0; i < self->tunnels->len; i++)
    {
      DuplexTunnelState state = duplex_tunnel_get_state (g_ptr_array_index (self->tunnels, i));

      if ((state != DUPLEX_TUNNEL_REQUEST && state != DUPLEX_TUNNEL_REFUSED) == upgraded)
        n++;
    }
  return n;
}

static gboolean
may_open (DuplexTunnel *tunnel,
          gpointer      data)
{
  DuplexServer *self = data;

  return count (self, /* upgraded= */ TRUE) < self->settings->max_connections;
}

static void
tunnel_changed (DuplexTunnel *tunnel,
                gpointer      data)
{
  watch (data);
}

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
drained_cb (gpointer data)
{
  DuplexServer *self = data;

  duplex_io_clear_source (&self->timer);
  self->drained (self->user_data);
  return G_SOURCE_REMOVE;
}

static void
tunnel_ended (DuplexTunnel *tunnel,
              gpointer      data)
{
  DuplexServer *self = data;

  g_ptr_array_remove_fast (self->tunnels, tunnel);
  duplex_tunnel_free (tunnel);
  if (self->draining && self->tunnels->len == 0)
    set_timer (self, 0, drained_cb);
  watch (self);
}

static gboolean
resume_cb (gpointer data)
{
  DuplexServer *self = data;

  duplex_io_clear_source (&self->timer);
  watch (self);
  return G_SOURCE_REMOVE;
}

/* Returns FALSE where nobody waits. */
static gboolean
accept_one (DuplexServer *self)
{
  static const DuplexTunnelCallbacks callbacks = { may_open, tunnel_changed, tunnel_ended };
  g_autoptr (GError)                 error = NULL;
  g_autoptr (GSocketConnection)      connection = NULL;
  g_autoptr (GSocket)                socket = g_socket_accept (self->socket, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;
  if (socket == NULL)
    {
      duplex_log ("cannot accept: %s", error->message);
      set_timer (self, PAUSE_MS, resume_cb);
      return FALSE;
    }
  g_socket_set_blocking (socket, FALSE);
  connection = g_socket_connection_factory_create_connection (socket);
  duplex_socket_set_no_delay (connection);
  g_ptr_array_add (self->tunnels, duplex_tunnel_new (self->poller, &self->stats, connection,
                                                     self->settings,
                                                     ++self->n_accepted, &callbacks, self));
  return TRUE;
}

static gboolean
may_accept (DuplexServer *self)
{
  return !self->draining && self->timer == NULL &&
         count (self, /* upgraded= */ FALSE) < DUPLEX_LIMIT_RELAY_HEADS;
}

static gboolean
acceptable_cb (GSocket     *socket,
               GIOCondition condition,
               gpointer     data)
{
  DuplexServer *self = data;

  for (guint i = 0; i < ACCEPTS_AT_ONCE && may_accept (self) && accept_one (self); i++)
    ;
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

DuplexServer *
duplex_server_new (GInetSocketAddress        *address,
                   const DuplexRelaySettings *settings,
                   GError                   **error)
{
  g_autoptr (GSocket) socket = NULL;
  DuplexServer       *self;

  g_return_val_if_fail (G_IS_INET_SOCKET_ADDRESS (address), NULL);
  g_return_val_if_fail (settings != NULL, NULL);

  socket = listen_on (address, error);
  if (socket == NULL)
    return NULL;
  self = g_new0 (DuplexServer, 1);
  self->socket = g_steal_pointer (&socket);
  self->settings = settings;
  self->tunnels = g_ptr_array_new ();
  self->poller = duplex_poller_new ();
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
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  for (guint i = 0; i < self->tunnels->len; i++)
    duplex_tunnel_free (g_ptr_array_index (self->tunnels, i));
  g_ptr_array_unref (self->tunnels);
  duplex_poller_free (self->poller);
  g_free (self);
}

char *
duplex_server_dup_url (DuplexServer *self)
{
  g_autoptr (GSocketAddress) bound = NULL;
  g_autofree char           *text = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  bound = g_socket_get_local_address (self->socket, NULL);
  text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (bound));
  return g_strdup_printf ("ws://%s" DUPLEX_REQUEST_PATH, text);
}

void
duplex_server_drain (DuplexServer   *self,
                     guint           seconds,
                     GSourceOnceFunc drained,
                     gpointer        user_data)
{
  g_return_if_fail (self != NULL && drained != NULL);

  self->draining = TRUE;
  self->drained = drained;
  self->user_data = user_data;
  duplex_io_clear_source (&self->accept_source);
  g_socket_close (self->socket, NULL);
  set_timer (self, self->tunnels->len > 0 ? seconds * 1000 : 0, drained_cb);
  for (guint i = 0; i < self->tunnels->len; i++)
    duplex_tunnel_go_away (g_ptr_array_index (self->tunnels, i));
}
