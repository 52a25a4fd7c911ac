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

/* Who it is where something is counted by address. Of IPv4 the address is; also where a translator
 * wrote it as 64:ff9b::/96 (RFC 6052 §2.1). Of IPv6 the /64 is: an interface has all of it (RFC
 * 4291 §2.5.1), and a customer that or more (RFC 6177 §2). */
guint64 duplex_peer_get_network (const DuplexPeer *self);

G_END_DECLS
