/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One end of a relayed connection in the capture: its frames, both ways, and how it ended. The
 * thread that records. */

#include "core/io/duplex-pump-stats.h"
#include "core/model/duplex-capture.h"
#include "core/proto/duplex-deflate-params.h"

G_BEGIN_DECLS

typedef struct _DuplexRecordedLeg DuplexRecordedLeg;

/* peer is who is at that end; the relay is the other role. deflate is read during the call. */
DuplexRecordedLeg *duplex_recorded_leg_new (DuplexCapture                *capture,
                                            guint32                       connection,
                                            DuplexRole                    peer,
                                            const DuplexDeflateAgreement *deflate);
void               duplex_recorded_leg_free (DuplexRecordedLeg *self);

/* Bytes of a direction, before which missed others are not to be had; then data begins at a
 * frame. */
void duplex_recorded_leg_feed (DuplexRecordedLeg *self,
                               DuplexDirection    direction,
                               gint64             time_us,
                               guint64            missed,
                               const guint8      *data,
                               gsize              len);

/* Nothing is recorded any more: what has begun is cut. */
void duplex_recorded_leg_give_up (DuplexRecordedLeg *self,
                                  gint64             time_us);

/* It has ended, and so has the other one, which is NULL where there was none; likewise missed are
 * the last bytes of each direction. */
void duplex_recorded_leg_end (DuplexRecordedLeg   *self,
                              const DuplexPumpEnd *end,
                              const DuplexPumpEnd *other,
                              gint64               time_us,
                              guint64              missed_received,
                              guint64              missed_sent);

/* Bytes that were fed and could not be recorded: of messages whose beginning is missing. */
guint64 duplex_recorded_leg_get_n_dropped (DuplexRecordedLeg *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexRecordedLeg, duplex_recorded_leg_free)

G_END_DECLS
