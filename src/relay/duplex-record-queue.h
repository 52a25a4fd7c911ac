/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What workers want recorded, on its way to the one thread that records. Each worker has a lane of
 * its own, a chain of blocks that it alone writes: nothing is locked, allocated or copied twice for
 * a frame. One thread takes out of all lanes, in the order of their times.
 *
 * What finds no room is refused, and so is what would take too much of a worker's time; then
 * everything is until half of either is free again: what is recorded is long stretches, not
 * scraps. */

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _DuplexRecordQueue DuplexRecordQueue;
typedef struct _DuplexRecordLane  DuplexRecordLane;

/* What its members mean is a matter of those who put and take, but for time_us and data. */
typedef struct
{
  gpointer      owner;
  gint64        time_us; /* g_get_real_time() */
  guint64       missed;
  guint         kind; /* a byte, as the next */
  guint         stream;
  const guint8 *data; /* where it was taken, borrowed until the next is; put has spans */
  gsize         size;
} DuplexRecord;

typedef enum {
  DUPLEX_RECORD_MAY, /* is refused where there is no room */
  DUPLEX_RECORD_MUST,
} DuplexRecordNeed;

/* max_bytes: of all lanes; and a block a lane beside them. */
DuplexRecordQueue *duplex_record_queue_new (gsize max_bytes);
/* No lane is used any more. */
void duplex_record_queue_free (DuplexRecordQueue *self);

/* Of the thread that calls. Valid as long as the queue. */
DuplexRecordLane *duplex_record_queue_get_lane (DuplexRecordQueue *self);

/* Copies all of it or nothing, and returns which. It may be taken in several pieces, of which the
 * first has missed. The lane's thread. */
gboolean duplex_record_lane_put (DuplexRecordLane    *self,
                                 const DuplexRecord  *record,
                                 const GOutputVector *spans,
                                 guint                n,
                                 DuplexRecordNeed     need);

/* The same bytes may follow again: spans that stand where those of the last put with this did, and
 * are equal, are not copied once more. */
gboolean duplex_record_lane_put_source (DuplexRecordLane   *self,
                                        const DuplexRecord *record,
                                        const guint8       *data,
                                        gsize               len);

/* ---- the thread that records ---- */

/* FALSE where there is nothing. */
gboolean duplex_record_queue_take (DuplexRecordQueue *self,
                                   DuplexRecord      *ret_record);

/* Until something can be taken, or duplex_record_queue_stop() was called, which returns FALSE then.
 * It lets some gather, so that a worker that is busy need not wake anybody. */
gboolean duplex_record_queue_wait (DuplexRecordQueue *self);
/* Any thread. */
void duplex_record_queue_stop (DuplexRecordQueue *self);

/* Bytes that are taken by blocks. Any thread. */
gsize duplex_record_queue_get_size (DuplexRecordQueue *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexRecordQueue, duplex_record_queue_free)

G_END_DECLS
