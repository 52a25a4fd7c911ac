/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where which event of a capture is: a small entry a block, in order. The last entry's block is the
 * one that is still filled, unless nothing is appended. Not locked: that is the capture's. Private
 * to core/model. */

#include "core/model/duplex-capture-block.h"

G_BEGIN_DECLS

typedef struct
{
  guint64             first_event; /* number of the block's first event */
  guint64             first_row;   /* row that its first row-ending event ends */
  guint64             n_events;    /* more than a block holds only where it is lost */
  guint64             n_rows;
  guint64             n_findings;
  gint64              first_time_us;
  gint64              last_time_us;
  guint64             bytes;     /* that the entry's events hold, about */
  guint64             id;        /* in the file; 0: it is in none */
  guint32             n_queued;  /* events that the writer was given */
  guint32             n_written; /* events that it has written */
  gboolean            lost;      /* nothing was kept: the first n_rows events stand for rows */
  DuplexCaptureBlock *block;     /* NULL: it is in the file only, or lost */
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

/* Copies entry, whose block it takes. */
DuplexCaptureEntry *duplex_capture_index_add (DuplexCaptureIndex       *self,
                                              const DuplexCaptureEntry *entry);

/* Borrowed until the index changes; NULL where there is none. */
DuplexCaptureEntry *duplex_capture_index_get_first (DuplexCaptureIndex *self);
DuplexCaptureEntry *duplex_capture_index_get_last (DuplexCaptureIndex *self);
DuplexCaptureEntry *duplex_capture_index_find_event (DuplexCaptureIndex *self,
                                                     guint64             number);
DuplexCaptureEntry *duplex_capture_index_find_row (DuplexCaptureIndex *self,
                                                   guint64             row);
/* The first whose last event has that time or a later one. */
DuplexCaptureEntry *duplex_capture_index_find_time (DuplexCaptureIndex *self,
                                                    gint64              time_us);
/* The first at or after the one with event number in which is a finding, or a row. */
DuplexCaptureEntry *duplex_capture_index_next_finding (DuplexCaptureIndex *self,
                                                       guint64             number);
DuplexCaptureEntry *duplex_capture_index_next_rows (DuplexCaptureIndex *self,
                                                    guint64             number);

G_END_DECLS
