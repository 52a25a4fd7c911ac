/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the demo server does on each of its paths, for one connection. One thread. */

#include <gio/gio.h>

#include "core/proto/duplex-deflate-params.h"

G_BEGIN_DECLS

typedef struct _DuplexDemoPeer DuplexDemoPeer;

/* Whether the server knows the path of target ("/echo?x=1"). */
gboolean duplex_demo_peer_knows (const char *target);

/* stream has been upgraded, with deflate agreed on; leftover (may be NULL) are bytes that came
 * behind the request. ended is called once, after which the peer frees itself. */
DuplexDemoPeer *duplex_demo_peer_start (GIOStream                    *stream,
                                        GBytes                       *leftover,
                                        const char                   *target,
                                        const DuplexDeflateAgreement *deflate,
                                        GFunc                         ended,
                                        gpointer                      user_data);

/* Close 1001. */
void duplex_demo_peer_go_away (DuplexDemoPeer *self);

/* The end at once, for a peer that does not answer it. */
void duplex_demo_peer_abort (DuplexDemoPeer *self);

G_END_DECLS
