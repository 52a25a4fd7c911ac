/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where a client comes from, as a value of a few bytes: thousands of them are kept. */

#include <glib.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/* IPv4 stands there as IPv6 (RFC 4291 §2.5.5.2), so that one host is one address however its
 * packets came in. */
typedef struct
{
  guint8  address[16];
  guint16 port;
} DuplexPeer;

/* All zero for another family than IPv4 and IPv6. */
DuplexPeer duplex_peer_from_socket_address (const struct sockaddr_storage *address);

/* "127.0.0.1:4711", "[::1]:4711" */
char *duplex_peer_to_text (const DuplexPeer *self);

/* Of the address without the port, for a GHashTable; keys are of 16 bytes. */
guint    duplex_peer_hash_address (gconstpointer address);
gboolean duplex_peer_equal_address (gconstpointer a,
                                    gconstpointer b);

G_END_DECLS
