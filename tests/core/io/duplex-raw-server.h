/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A server that a test scripts byte by byte: one thread a connection, blocking calls on a plain
 * socket, so that it can say what no library would. Every wait has a deadline of ten seconds. */

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _RawServer RawServer;
typedef struct _RawPeer   RawPeer;

/* Runs in the connection's thread; the socket is closed when it returns. */
typedef void (*RawScript) (RawPeer *peer, gpointer user_data);

RawServer  *raw_server_new (RawScript script, gpointer user_data);
const char *raw_server_get_url (RawServer *self);
/* Joins the threads. */
void raw_server_free (RawServer *self);

/* Reads the request's head and answers 101 with the right key. */
void raw_peer_upgrade (RawPeer *peer);
/* The same for a client that may give up at any time: then FALSE. */
gboolean raw_peer_try_upgrade (RawPeer *peer);
/* The same, with the value of Sec-WebSocket-Extensions, or NULL, in the answer. */
gboolean raw_peer_upgrade_with (RawPeer *peer, const char *extensions);
/* Reads the head and returns the Sec-WebSocket-Accept that it asks for. */
char *raw_peer_dup_accept_key (RawPeer *peer);
/* Only reads the head. */
void raw_peer_read_request (RawPeer *peer);
/* FALSE when the other side does not take it any more. */
gboolean raw_peer_write (RawPeer *peer, const void *data, gsize len);
#define raw_peer_write_literal(peer, text) raw_peer_write (peer, text, sizeof (text) - 1)
/* An unmasked frame. first is its first byte: FIN, RSV and opcode. */
gboolean raw_peer_write_frame (RawPeer *peer, guint8 first, const void *data, gsize len);
/* Reads one whole frame, unmasked. Returns the first byte, or -1 at the end of the stream. */
int raw_peer_read_frame (RawPeer *peer, GBytes **ret_payload);
/* Appends what comes next, as it comes. FALSE at the end of the stream. */
gboolean raw_peer_read_some (RawPeer *peer, GByteArray *out);
/* Reads and forgets until the end; returns whether that came within ms. */
gboolean raw_peer_read_to_end (RawPeer *peer, guint ms);
void     raw_peer_shutdown (RawPeer *peer);
void     raw_peer_reset (RawPeer *peer); /* close gives a TCP reset */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RawServer, raw_server_free)

G_END_DECLS
