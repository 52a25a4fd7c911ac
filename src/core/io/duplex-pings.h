/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The pings of ours that no pong has answered yet, and the round trips (RFC 6455 §5.5.2, §5.5.3).
 */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexPings DuplexPings;

DuplexPings *duplex_pings_new (void);
void         duplex_pings_free (DuplexPings *self);

/* A ping waits to be sent; payload is the identity by which left finds it again, oldest first where
 * one is sent more than once. */
void duplex_pings_add (DuplexPings *self,
                       GBytes      *payload);
/* It has left, its write having begun at now (monotonic µs, not 0). */
void duplex_pings_left (DuplexPings *self,
                        GBytes      *payload,
                        gint64       now);

/* A pong with that payload came at now. Returns the round trip in µs, or -1 where it answers no
 * ping of ours. It also answers the pings that were sent before that one. */
gint64 duplex_pings_answer (DuplexPings  *self,
                            const guint8 *payload,
                            gsize         len,
                            gint64        now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexPings, duplex_pings_free)

G_END_DECLS
