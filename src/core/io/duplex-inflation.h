/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the compressed messages of one direction are worth: a frame's payload goes in, what it
 * inflates to comes out beside it, small in memory and large into the capture, piece by piece. */

#include "core/io/duplex-analyzer.h"
#include "core/proto/duplex-deflate.h"

G_BEGIN_DECLS

typedef struct _DuplexInflation DuplexInflation;

/* Inflated bytes, in order. */
typedef void (*DuplexInflatedFunc) (const guint8 *data,
                                    gsize         len,
                                    gpointer      user_data);

/* The limits are as of duplex-deflate.h. capture is where large ones go, NULL where whoever reads
 * the frames needs them whole in memory. */
DuplexInflation *duplex_inflation_new (const DuplexDeflateDirection *deflate,
                                       guint64                       max_message,
                                       guint                         max_ratio,
                                       DuplexCapture                *capture,
                                       DuplexInflatedFunc            func,
                                       gpointer                      user_data);
void             duplex_inflation_free (DuplexInflation *self);

/* A frame of a compressed message begins, first of it or not; some of its payload; and its end,
 * which sets frame's inflated members. */
void     duplex_inflation_begin_frame (DuplexInflation *self,
                                       gboolean         first);
gboolean duplex_inflation_feed (DuplexInflation *self,
                                const guint8    *data,
                                gsize            len);
void     duplex_inflation_end_frame (DuplexInflation *self,
                                     DuplexSeenFrame *frame);

/* The message's last frame has been fed. This and feed return FALSE where it cannot be inflated;
 * see duplex_inflater_get_finding(). */
gboolean      duplex_inflation_end_message (DuplexInflation *self);
DuplexFinding duplex_inflation_get_finding (DuplexInflation *self);

/* Inflated bytes of the message so far. */
guint64 duplex_inflation_get_size (DuplexInflation *self);

/* Some of the direction was not fed: what follows cannot be inflated. */
void     duplex_inflation_break (DuplexInflation *self);
gboolean duplex_inflation_is_broken (DuplexInflation *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexInflation, duplex_inflation_free)

G_END_DECLS
