/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-tunnel-private.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include "core/io/duplex-tls.h"

/* RFC 8446 §5.1: type, version and length stand before the fragment, which has 16 KiB at most. */
#define RECORD_HEADER    5
#define RECORD_HANDSHAKE 22
#define RECORD_MOST      16384

/* ---- the handshake ---- */

static void
tls_ready_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  DuplexTunnel      *self = data;
  DuplexOpening     *opening = self->opening;
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake_finish (G_TLS_CONNECTION (object), result, &error);
  if (!duplex_tunnel_finish_operation (self))
    return;
  if (error != NULL)
    {
      if (!self->going_away)
        duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_TLS, 0, error->message);
      duplex_tunnel_end (self);
      return;
    }
  if (self->host->recorder != NULL)
    opening->tls_text = duplex_tls_describe (G_TLS_CONNECTION (object));
  duplex_tunnel_await_request (self,
                               duplex_leg_new_stream (self->host->poller, opening->tls));
  g_clear_object (&opening->tls);
  g_clear_object (&opening->base);
}

static void
start_tls (DuplexTunnel *self)
{
  DuplexOpening             *opening = self->opening;
  g_autoptr (GError)         error = NULL;
  g_autoptr (GSocket)        socket = g_socket_new_from_fd (opening->fd, &error);
  g_autoptr (GTlsConnection) tls = NULL;

  if (socket != NULL)
    {
      opening->fd = -1;
      g_socket_set_blocking (socket, FALSE);
      opening->base = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
      tls = duplex_tls_new_server (opening->base, self->settings->certificate, &error);
    }
  if (tls == NULL)
    {
      duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_TLS, 0, error->message);
      duplex_tunnel_end (self);
      return;
    }
  opening->tls = G_IO_STREAM (g_object_ref (tls));
  g_tls_connection_handshake_async (tls, G_PRIORITY_DEFAULT, duplex_tunnel_begin_operation (self),
                                    tls_ready_cb, self);
}

/* ---- before it ---- */

/* Whether the client's first record is whole, or can become none, which is for the handshake to
 * say. */
static gboolean
has_hello (int fd)
{
  guint8  header[RECORD_HEADER];
  gssize  len = recv (fd, header, sizeof header, MSG_PEEK | MSG_DONTWAIT);
  int     waiting = 0;
  guint16 fragment;

  if (len <= 0)
    return FALSE;
  if (header[0] != RECORD_HANDSHAKE)
    return TRUE;
  if (len < RECORD_HEADER)
    return FALSE;
  fragment = (guint16)(header[3] << 8 | header[4]);
  return fragment > RECORD_MOST || ioctl (fd, FIONREAD, &waiting) != 0 ||
         waiting >= RECORD_HEADER + fragment;
}

static void
hello_cb (DuplexWatch *watch,
          GIOCondition conditions)
{
  DuplexOpening *opening =
    (DuplexOpening *)((char *)watch - G_STRUCT_OFFSET (DuplexOpening, hello));
  DuplexTunnel *self = opening->tunnel;

  if (has_hello (opening->fd))
    {
      duplex_poller_unwatch (self->host->poller, watch);
      start_tls (self);
    }
  else if ((conditions & G_IO_HUP) != 0)
    {
      duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_TLS, 0, "The client said nothing");
      duplex_tunnel_end (self);
    }
}

/* GIO has few threads for all handshakes, and one is held until its handshake is over: whoever says
 * nothing gets none. */
void
duplex_tunnel_await_hello (DuplexTunnel *self)
{
  DuplexOpening *opening = self->opening;

  opening->hello.func = hello_cb;
  if (!duplex_poller_watch (self->host->poller, &opening->hello, opening->fd))
    start_tls (self);
}
