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

/* Bytes of an arena that event takes; what stands beside takes none. */
gsize duplex_capture_block_get_room (const DuplexEvent *event,
                                     const GBytes      *beside,
                                     const GBytes      *inflated);

/* Copies event in. beside and inflated, may be NULL, are its payload and what that inflates to,
 * held elsewhere: the block keeps a reference and takes no event after this one. FALSE where it
 * does not fit; the block is sealed from then on. */
gboolean duplex_capture_block_append (DuplexCaptureBlock *self,
                                      const DuplexEvent  *event,
                                      GBytes             *beside,
                                      GBytes             *inflated);

/* From now on it takes no event. */
void duplex_capture_block_seal (DuplexCaptureBlock *self);

/* Whether that many events may stand in size bytes. */
gboolean duplex_capture_block_may_hold (gsize   size,
                                        guint64 n_events);

/* A block from a file: data, which it takes, begins with n_events records of which n_rows end a
 * row; more may follow where the block has grown since. NULL where it does not: nothing in data is
 * believed. */
DuplexCaptureBlock *duplex_capture_block_new_from_data (guint8 *data,
                                                        gsize   size,
                                                        guint   n_events,
                                                        guint   n_rows);

/* A block of events of kind LOST. n_events is at most what a block can hold. */
DuplexCaptureBlock *duplex_capture_block_new_lost (guint  n_events,
                                                   guint  n_rows,
                                                   gint64 time_us);

/* The records, as they stand in a file. ret_size may be NULL: a block that is still appended to has
 * its size read only where it is appended to. */
const guint8 *duplex_capture_block_get_data (DuplexCaptureBlock *self,
                                             gsize              *ret_size);

guint duplex_capture_block_get_n_events (DuplexCaptureBlock *self);
guint duplex_capture_block_get_n_rows (DuplexCaptureBlock *self);

/* Index within the block of the event that ends row, which is below the number of rows. */
guint duplex_capture_block_get_row (DuplexCaptureBlock *self,
                                    guint               row);

/* The first of its rows that ends at the event at index or after; the number of rows where none
 * does. */
guint duplex_capture_block_find_row (DuplexCaptureBlock *self,
                                     guint               index);

/* Fills ret_event from the event at index, which is below the number of events. It borrows from the
 * block; number stays 0 and hold NULL. */
void duplex_capture_block_get_event (DuplexCaptureBlock *self,
                                     guint               index,
                                     DuplexEvent        *ret_event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexCaptureBlock, duplex_capture_block_unref)

G_END_DECLS
