/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Makes the frames of messages: compresses (RFC 7692 §7.2.1), cuts into fragments (RFC 6455 §5.4),
 * masks and encodes. A message may be given whole or in pieces; of one in pieces no more is held
 * than a fragment and what zlib keeps. */

#include "core/proto/duplex-deflate-params.h"
#include "core/proto/duplex-frame-encoder.h"

G_BEGIN_DECLS

/* A frame is ready; wire is borrowed, last tells whether it ends its message. */
typedef void (*DuplexFramerFunc) (GBytes  *wire,
                                  gboolean last,
                                  gpointer user_data);

typedef struct _DuplexFramer DuplexFramer;

/* deflate is what was agreed on for role's messages, NULL for nothing. source makes the masking
 * keys; it and func get user_data. */
DuplexFramer *duplex_framer_new (DuplexRole                    role,
                                 const DuplexDeflateDirection *deflate,
                                 DuplexMaskSource              source,
                                 DuplexFramerFunc              func,
                                 gpointer                      user_data);
void          duplex_framer_free (DuplexFramer *self);

/* A whole message in frames of at most fragment payload bytes each, 0 for any. */
void duplex_framer_message (DuplexFramer *self,
                            DuplexOpcode  opcode,
                            const guint8 *data,
                            gsize         len,
                            gsize         fragment);

/* The same in frames that end at n_points offsets, ascending, of what is sent: the compressed bytes
 * where it is compressed. Points past its end are left out; equal ones make an empty frame. */
void duplex_framer_split (DuplexFramer *self,
                          DuplexOpcode  opcode,
                          const guint8 *data,
                          gsize         len,
                          const gsize  *points,
                          gsize         n_points);

/* A message in pieces: begin, feed any number of times, end. A frame is made when more than
 * fragment bytes, at least 1, are there for it, so that the last one is never needlessly empty; and
 * of what shrinks to less, after every 4 MiB, so that no frame is worth more than that and the
 * sender's progress is seen. With G_MAXSIZE it is one frame at the end. */
void duplex_framer_begin (DuplexFramer *self,
                          DuplexOpcode  opcode,
                          gsize         fragment);
void duplex_framer_feed (DuplexFramer *self,
                         const guint8 *data,
                         gsize         len);
void duplex_framer_end (DuplexFramer *self);

/* Bytes of that message, as they are sent, that stand in no frame yet; without what zlib keeps. */
gsize duplex_framer_get_held (DuplexFramer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexFramer, duplex_framer_free)

G_END_DECLS
