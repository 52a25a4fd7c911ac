/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Our pings: those that no pong has answered yet and the round trips (RFC 6455 §5.5.2, §5.5.3), and
 * the ones that keep the connection alive. One thread, with its thread-default context. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  /* A ping of the keep-alive is due. */
  void (*send) (GBytes *payload, gpointer user_data);
  /* Another would be, and as many in a row as the limit says were not answered. */
  void (*missing) (gpointer user_data);
  /* Asked once an interval, in which no answer came: whether the peer is heard of all the same, and
   * could not answer. waits: the ping before has not left. May be NULL. */
  gboolean (*excused) (gboolean waits, gpointer user_data);
} DuplexPingsCallbacks;

typedef struct _DuplexPings DuplexPings;

/* interval in seconds, 0 for no keep-alive; limit 0 for none. callbacks is borrowed for life. */
DuplexPings *duplex_pings_new (guint                       interval,
                               guint                       limit,
                               const DuplexPingsCallbacks *callbacks,
                               gpointer                    user_data);
void         duplex_pings_free (DuplexPings *self);

/* Eight bytes that count: a payload for a ping that has none of its own. */
GBytes *duplex_pings_new_payload (DuplexPings *self);

/* A ping with that payload has left, its write having begun at now (monotonic µs). */
void duplex_pings_left (DuplexPings  *self,
                        const guint8 *payload,
                        gsize         len,
                        gint64        now);

/* A pong with that payload came at now. Returns the round trip in µs, or -1 where it answers no
 * ping of ours. It also answers the pings before that one. */
gint64 duplex_pings_answer (DuplexPings  *self,
                            const guint8 *payload,
                            gsize         len,
                            gint64        now);

/* No callback any more. */
void duplex_pings_stop (DuplexPings *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexPings, duplex_pings_free)

G_END_DECLS
