/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One client of the relay, from its first byte to its end: its request is read and judged, the
 * backend is dialled, the upgrade answered, and then frames are pumped. */

#include <gio/gio.h>

#include "relay/duplex-settings.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_TUNNEL_REQUEST, /* its request is read */
  DUPLEX_TUNNEL_DIAL,
  DUPLEX_TUNNEL_ANSWER, /* the response is written */
  DUPLEX_TUNNEL_OPEN,
  DUPLEX_TUNNEL_REFUSED, /* the response refused, and the client's end is awaited */
} DuplexTunnelState;

typedef struct _DuplexTunnel DuplexTunnel;

typedef struct
{
  /* Whether one more may be upgraded. */
  gboolean (*may_open) (DuplexTunnel *self, gpointer user_data);
  void (*changed) (DuplexTunnel *self, gpointer user_data);
  /* Called once, and never from a function below; free the tunnel then. */
  void (*ended) (DuplexTunnel *self, gpointer user_data);
} DuplexTunnelCallbacks;

/* number is its name in the log. callbacks is borrowed for life. */
DuplexTunnel *duplex_tunnel_new (DuplexPoller                *poller,
                                 DuplexPumpStats             *stats,
                                 GSocketConnection           *connection,
                                 const DuplexRelaySettings   *settings,
                                 guint64                      number,
                                 const DuplexTunnelCallbacks *callbacks,
                                 gpointer                     user_data);
void          duplex_tunnel_free (DuplexTunnel *self);

DuplexTunnelState duplex_tunnel_get_state (DuplexTunnel *self);

/* Close 1001 both ways where it is open; before that, the end. */
void duplex_tunnel_go_away (DuplexTunnel *self);

G_END_DECLS
