/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One client of the relay, from its first byte to its end: TLS where the relay has a certificate,
 * its request, the backend's handshake, the answer, and then frames are pumped. What only the
 * handshakes need is given back when they are over, so that a connection that waits costs little.
 *
 * One thread, its host's. */

#include "relay/duplex-admission.h"
#include "relay/duplex-metrics.h"
#include "relay/duplex-recorder.h"
#include "relay/duplex-settings.h"

G_BEGIN_DECLS

typedef struct _DuplexTunnel DuplexTunnel;

/* What many tunnels have in common. */
typedef struct
{
  /* of the thread, borrowed */
  DuplexPoller    *poller;
  DuplexPumpStats *stats;

  /* of the relay, borrowed */
  DuplexMetrics   *metrics;
  DuplexAdmission *admission;
  DuplexRecorder  *recorder; /* or NULL */

  gboolean draining; /* no more are upgraded */

  /* Called once for each: it has a place in the admission, or it has ended. Until then it is a
   * head, of which a stranger can have as many as there are. */
  void (*settled) (DuplexTunnel *self, gpointer user_data);
  /* Called once: free the tunnel then. */
  void (*ended) (DuplexTunnel *self, gpointer user_data);
  gpointer user_data;
} DuplexTunnelHost;

/* A client that was accepted. */
typedef struct
{
  int                  fd; /* non-blocking; owned */
  DuplexPeer           peer;
  guint64              number;      /* its name in the log */
  gint64               accepted_at; /* monotonic µs */
  DuplexRelaySettings *settings;    /* owned */
} DuplexClient;

/* Takes what client owns. host is borrowed for life. */
DuplexTunnel *duplex_tunnel_new (const DuplexTunnelHost *host,
                                 DuplexClient           *client);
/* Closes what is open at once. Only from ended, or before duplex_tunnel_start(). */
void duplex_tunnel_free (DuplexTunnel *self);

/* A link whose data is self, for the host's list. */
GList *duplex_tunnel_get_link (DuplexTunnel *self);

const DuplexPeer *duplex_tunnel_get_peer (DuplexTunnel *self);

/* From here on it may end at any time, also within this and the next three. */
void duplex_tunnel_start (DuplexTunnel *self);

/* The relay is about to end: Close 1001 both ways, 503 to who is not upgraded. */
void duplex_tunnel_go_away (DuplexTunnel *self);

/* Ends as soon as nothing is under way any more. */
void duplex_tunnel_abort (DuplexTunnel *self);
/* The same to a head, since there are too many of them. */
void duplex_tunnel_displace (DuplexTunnel *self);

G_END_DECLS
