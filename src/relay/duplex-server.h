/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The listening end of the relay, on the thread-default context. */

#include "relay/duplex-tunnel.h"

G_BEGIN_DECLS

typedef struct _DuplexServer DuplexServer;

/* settings is borrowed for life. Port 0 picks one. */
DuplexServer *duplex_server_new (GInetSocketAddress        *address,
                                 const DuplexRelaySettings *settings,
                                 GError                   **error);
/* Ends at once what is still there; call it only after a drain, or before any client came. */
void duplex_server_free (DuplexServer *self);

/* "ws://ADDR:PORT/api/websocket" */
char *duplex_server_dup_url (DuplexServer *self);

/* Takes no more clients, sends 1001 both ways to those there are, and calls drained from the main
 * loop once they have gone, or after seconds. */
void duplex_server_drain (DuplexServer   *self,
                          guint           seconds,
                          GSourceOnceFunc drained,
                          gpointer        user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexServer, duplex_server_free)

G_END_DECLS
