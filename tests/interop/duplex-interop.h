/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Runs the same tests against each server that we did not write: ws-server.mjs (npm's ws) and
 * websockets-server.py (Debian's python3-websockets). A server starts with the first test that
 * needs it and ends with the program; what it complains about fails the test that made it
 * complain. */

#include "duplex-test-session.h"

G_BEGIN_DECLS

typedef struct _DuplexInteropPeer DuplexInteropPeer;

typedef enum {
  DUPLEX_INTEROP_WS = 1 << 0,
  DUPLEX_INTEROP_WEBSOCKETS = 1 << 1,
  DUPLEX_INTEROP_BOTH = DUPLEX_INTEROP_WS | DUPLEX_INTEROP_WEBSOCKETS,
} DuplexInteropPeers;

typedef void (*DuplexInteropTest) (DuplexInteropPeer *peer);

/* Adds the test "/interop/PEER/path" for each of the peers. */
void duplex_interop_add (DuplexInteropPeers peers,
                         const char        *path,
                         DuplexInteropTest  test);

/* Runs what was added and ends the servers; what main() returns. With certificates the servers
 * listen for TLS too. */
int duplex_interop_run (gboolean with_certificates);

DuplexInteropPeers duplex_interop_peer_get_kind (DuplexInteropPeer *self);

/* A URL on one of the server's ports ("plain", "valid"...: see ws-server.mjs), wss:// but for the
 * first. target begins with '/'. */
char *duplex_interop_peer_dup_url (DuplexInteropPeer *self,
                                   const char        *port,
                                   const char        *target);

/* A session for that URL on the plain port, not connected; the second also connects. */
DuplexTestSession *duplex_interop_peer_new_session (DuplexInteropPeer *self,
                                                    const char        *target);
DuplexTestSession *duplex_interop_peer_connect (DuplexInteropPeer *self,
                                                const char        *target);

/* Waits for a report that begins with prefix and returns what follows there. Each is given once. */
char *duplex_interop_peer_wait_report (DuplexInteropPeer *self,
                                       const char        *prefix);

/* Waits until the server reports the end of the connection whose URL had "id=ID"; returns the code
 * and the reason that it received: "1000 bye". */
char *duplex_interop_peer_wait_closed (DuplexInteropPeer *self,
                                       const char        *id);

/* The path of a file that make-certificates made. */
char *duplex_interop_dup_certificate_file (const char *name);

G_END_DECLS
