/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The listening end of the relay, on the thread-default context: it accepts, and hands whoever
 * came to the worker that has the fewest. */

#include "relay/duplex-metrics.h"
#include "relay/duplex-recorder.h"
#include "relay/duplex-settings.h"

G_BEGIN_DECLS

typedef struct _DuplexServer DuplexServer;

/* listen_fd is a socket that listens already, which is taken, or -1; then address is listened on,
 * and port 0 picks one. metrics and recorder, which may be NULL, are borrowed for life. */
DuplexServer *duplex_server_new (GInetSocketAddress  *address,
                                 int                  listen_fd,
                                 DuplexRelaySettings *settings,
                                 DuplexMetrics       *metrics,
                                 DuplexRecorder      *recorder,
                                 guint                n_workers,
                                 GError             **error);
/* Ends at once what is still there. */
void duplex_server_free (DuplexServer *self);

/* For those who come from now on. */
void duplex_server_set_settings (DuplexServer        *self,
                                 DuplexRelaySettings *settings);

/* "ws://ADDR:PORT/api/websocket", or wss:// */
char *duplex_server_dup_url (DuplexServer *self);

/* Takes no more clients, sends 1001 both ways to those there are, and calls drained from the main
 * loop once they have gone, or after seconds. */
void duplex_server_drain (DuplexServer   *self,
                          guint           seconds,
                          GSourceOnceFunc drained,
                          gpointer        user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexServer, duplex_server_free)

G_END_DECLS
