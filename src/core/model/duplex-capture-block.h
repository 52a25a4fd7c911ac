/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A block of the capture: events packed one behind the other into an arena that never moves. One
 * thread appends, under the capture's lock; what is below the number of events that was read under
 * that lock never changes again and is read without it. Private to core/model. */

#include "core/model/duplex-event.h"

G_BEGIN_DECLS

typedef struct _DuplexCaptureBlock DuplexCaptureBlock;

/* room: bytes of the arena, at least what duplex_capture_block_get_room() says of the first
 * event. */
DuplexCaptureBlock *duplex_capture_block_new (gsize room);
DuplexCaptureBlock *duplex_capture_block_ref (DuplexCaptureBlock *self);
void                duplex_capture_block_unref (DuplexCaptureBlock *self);

/* Bytes of an arena that event takes; with beside, its payload takes none. */
gsize duplex_capture_block_get_room (const DuplexEvent *event,
                                     gboolean           beside);

/* Copies event in. beside, may be NULL, is its payload held elsewhere: the block keeps a reference
 * and takes no event after this one. FALSE where it does not fit; the block is sealed from then
 * on. */
gboolean duplex_capture_block_append (DuplexCaptureBlock *self,
                                      const DuplexEvent  *event,
                                      GBytes             *beside);

guint duplex_capture_block_get_n_events (DuplexCaptureBlock *self);
guint duplex_capture_block_get_n_rows (DuplexCaptureBlock *self);

/* Index within the block of the event that ends row, which is below the number of rows. */
guint duplex_capture_block_get_row (DuplexCaptureBlock *self,
                                    guint               row);

/* Fills ret_event from the event at index, which is below the number of events. It borrows from the
 * block; number stays 0 and hold NULL. */
void duplex_capture_block_get_event (DuplexCaptureBlock *self,
                                     guint               index,
                                     DuplexEvent        *ret_event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexCaptureBlock, duplex_capture_block_unref)

G_END_DECLS
