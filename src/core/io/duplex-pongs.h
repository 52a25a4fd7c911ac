/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What pings of the peer are answered with: a pong at once, after a delay, or nothing (RFC 6455
 * §5.5.2, §5.5.3). One thread, with its thread-default context. */

#include "core/model/duplex-profile.h"

G_BEGIN_DECLS

typedef void (*DuplexPongFunc) (GBytes  *payload,
                                gpointer user_data);

typedef struct _DuplexPongs DuplexPongs;

/* delay in ms, of DUPLEX_PONG_DELAYED. func sends a pong. */
DuplexPongs *duplex_pongs_new (DuplexPongMode mode,
                               guint          delay,
                               DuplexPongFunc func,
                               gpointer       user_data);
void         duplex_pongs_free (DuplexPongs *self);

/* A ping came; size is at most DUPLEX_LIMIT_CONTROL_PAYLOAD. */
void duplex_pongs_answer (DuplexPongs  *self,
                          const guint8 *payload,
                          gsize         size);

/* Of the latest ping, or NULL. */
GBytes *duplex_pongs_get_latest (DuplexPongs *self);

/* No call of func any more. */
void duplex_pongs_stop (DuplexPongs *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexPongs, duplex_pongs_free)

G_END_DECLS
