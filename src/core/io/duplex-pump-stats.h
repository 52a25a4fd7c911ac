/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What pumps count: of one connection, and of all on a thread. */

#include "core/proto/duplex-frame.h"

G_BEGIN_DECLS

/* What happened to one end of a connection. */
typedef struct
{
  guint16 code_sent;     /* of the Close that left for it, 0 for none, 1005 without a code */
  guint16 code_received; /* of the Close that it sent, likewise */
  guint64 n_messages;    /* from it */
  guint64 n_bytes;       /* from it */
  guint64 n_late;        /* of them those that nobody could get any more, since a Close had passed
                            or a rule was broken */
} DuplexPumpEnd;

/* From reading bytes to the last of them having been written: bucket i holds what took less than
 * 2^i × 4 µs, the last one the rest. */
#define DUPLEX_PUMP_BUCKETS 20

/* Of all pumps of a thread, the only one that writes it. */
typedef struct
{
  guint64 n_messages[2]; /* that began, by DuplexRole of the sender */
  guint64 n_bytes[2];    /* that were read, likewise */
  guint64 n_late[2];     /* of them as in DuplexPumpEnd */
  guint64 waits[DUPLEX_PUMP_BUCKETS];
  guint64 waits_us; /* together */
} DuplexPumpStats;

/* A counter of stats is increased. The thread that writes them. */
void duplex_pump_stats_count (guint64 *counter,
                              guint64  n);
void duplex_pump_stats_wait (DuplexPumpStats *self,
                             gint64           us);

/* Adds self to total. Any thread. */
void duplex_pump_stats_add (DuplexPumpStats       *total,
                            const DuplexPumpStats *self);

G_END_DECLS
