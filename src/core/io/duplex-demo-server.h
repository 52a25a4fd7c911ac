/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A WebSocket server on loopback, in a thread of its own: the endpoint that works with no internet,
 * for the window, the tests and the README.
 *
 *   /echo                   every message back, type kept
 *   /clock                  a JSON line with the time, every second
 *   /flood?n=N&size=S       N text messages of S bytes as fast as the peer reads, JSON objects
 *                           whose member "n" counts from 0; then Close 1000. Defaults 100000, 200
 *   /binary                 every byte value, then 1 KiB and 64 KiB; after that like /echo
 *   /fragments              messages in fragments, pings between; after that like /echo
 *   /close?code=C&reason=R  Close with that (0: an empty Close) after the first message
 *   /slow?ms=N              like /echo, N ms late (default 1000)
 *
 * It accepts compression, and compresses what it sends but for /flood and /fragments. Another path
 * is refused with 404, a plain HTTP request with 426, another method than GET with 405, and what is
 * no proper request with 400. */

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _DuplexDemoServer DuplexDemoServer;

/* Listens on 127.0.0.1, port 0 picks one. Blocks only for the bind. */
DuplexDemoServer *duplex_demo_server_new (guint16  port,
                                          GError **error);
guint16           duplex_demo_server_get_port (DuplexDemoServer *self);

/* Whether it accepts permessage-deflate, the first offer that RFC 7692 §7.1 allows, from those that
 * connect from then on. TRUE until it is set. */
void duplex_demo_server_set_deflate (DuplexDemoServer *self,
                                     gboolean          accepts);
/* Closes what is open (1001) and ends the thread. */
void duplex_demo_server_free (DuplexDemoServer *self);

/* The one that sessions with "demo:" URLs share; started at the first call, lives to the end of the
 * process. Borrowed; NULL with error where it cannot listen. */
DuplexDemoServer *duplex_demo_server_get_shared (GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexDemoServer, duplex_demo_server_free)

G_END_DECLS
