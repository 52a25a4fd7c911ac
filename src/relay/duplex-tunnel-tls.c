/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-tunnel-private.h"

static void
finish_tls (DuplexTunnel *self)
{
  DuplexOpening *opening = self->opening;
  DuplexPoller  *poller = self->host->poller;

  if (self->host->recorder != NULL)
    opening->tls_text = duplex_tls_session_describe (opening->tls);
  duplex_poller_unwatch (poller, &opening->tls_watch);
  duplex_tunnel_await_request (self, duplex_leg_new_tls (poller, g_steal_pointer (&opening->tls)));
}

static void
tls_watch_cb (DuplexWatch *watch,
              GIOCondition conditions)
{
  DuplexOpening *opening =
    (DuplexOpening *)((char *)watch - G_STRUCT_OFFSET (DuplexOpening, tls_watch));
  DuplexTunnel      *self = opening->tunnel;
  g_autoptr (GError) error = NULL;

  duplex_tls_session_tell (opening->tls, conditions);
  switch (duplex_tls_session_shake_hands (opening->tls, &error))
    {
    case DUPLEX_LEG_OK:
      finish_tls (self);
      break;
    case DUPLEX_LEG_WOULD_BLOCK:
      if (duplex_tls_session_has_unread (opening->tls))
        duplex_poller_again (self->host->poller, watch);
      break;
    case DUPLEX_LEG_ENDED:
    default:
      duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_TLS, 0, error->message);
      duplex_tunnel_end (self);
      break;
    }
}

void
duplex_tunnel_start_tls (DuplexTunnel *self)
{
  DuplexOpening *opening = self->opening;

  opening->tls = duplex_tls_session_new_server (self->settings->certificate, opening->fd);
  opening->tls_watch.func = tls_watch_cb;
  if (duplex_poller_watch (self->host->poller, &opening->tls_watch, opening->fd))
    {
      opening->fd = -1;
      return;
    }
  opening->fd = -1;
  duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_TLS, 0, "The system watches no more");
  duplex_tunnel_end (self);
}
