/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where which event of a capture is: a small entry a block, in order. The last entry's block is the
 * one that is still filled. Not locked: that is the capture's. Private to core/model. */

#include "core/model/duplex-capture-block.h"

G_BEGIN_DECLS

typedef struct
{
  guint64             first_event; /* number of the block's first event */
  guint64             first_row;   /* row that its first row-ending event ends */
  gint64              first_time_us;
  gint64              last_time_us;
  guint64             bytes; /* that the entry's events hold, about */
  DuplexCaptureBlock *block;
} DuplexCaptureEntry;

typedef struct
{
  GArray *entries; /* of DuplexCaptureEntry */
} DuplexCaptureIndex;

void duplex_capture_index_init (DuplexCaptureIndex *self);
void duplex_capture_index_free (DuplexCaptureIndex *self);
/* Drops all blocks. */
void duplex_capture_index_clear (DuplexCaptureIndex *self);

/* Drops the blocks whose events all stand before number; returns the bytes that they held. */
guint64 duplex_capture_index_drop_before (DuplexCaptureIndex *self,
                                          guint64             number);

/* Takes block, which is empty. */
DuplexCaptureEntry *duplex_capture_index_add (DuplexCaptureIndex *self,
                                              DuplexCaptureBlock *block,
                                              guint64             first_event,
                                              guint64             first_row);

/* Borrowed until the index changes; NULL where there is none. */
DuplexCaptureEntry *duplex_capture_index_get_first (DuplexCaptureIndex *self);
DuplexCaptureEntry *duplex_capture_index_get_last (DuplexCaptureIndex *self);
DuplexCaptureEntry *duplex_capture_index_find_event (DuplexCaptureIndex *self,
                                                     guint64             number);
DuplexCaptureEntry *duplex_capture_index_find_row (DuplexCaptureIndex *self,
                                                   guint64             row);

G_END_DECLS
