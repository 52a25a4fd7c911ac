/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Sums over all that a capture holds: messages, bytes, frames and what the wire adds, sent and
 * received. It counts at most four times a second, and only while it is in sight. */

#include <gtk/gtk.h>

#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_STATISTICS_PAGE (duplex_statistics_page_get_type ())
G_DECLARE_FINAL_TYPE (DuplexStatisticsPage,
                      duplex_statistics_page,
                      DUPLEX,
                      STATISTICS_PAGE,
                      GtkWidget)

/* Property "capture" (DuplexCapture, nullable). */

typedef enum {
  DUPLEX_STATISTIC_MESSAGES,
  DUPLEX_STATISTIC_BYTES,   /* payload, inflated where it was compressed */
  DUPLEX_STATISTIC_AVERAGE, /* payload of a message */
  DUPLEX_STATISTIC_FRAMES,
  DUPLEX_STATISTIC_WIRE,       /* bytes on the wire */
  DUPLEX_STATISTIC_OVERHEAD,   /* the part of these that is no message's payload */
  DUPLEX_STATISTIC_COMPRESSED, /* messages */
  DUPLEX_STATISTIC_INFLATED_BYTES,
  DUPLEX_STATISTIC_COMPRESSED_BYTES, /* their payload on the wire */
  DUPLEX_STATISTIC_RATIO,
  DUPLEX_STATISTIC_FINDINGS, /* both directions only */
  DUPLEX_STATISTIC_EVENTS,   /* the same */
  DUPLEX_N_STATISTICS
} DuplexStatistic;

/* A value as the page shows it: direction 0 sent, 1 received, 2 both. "–" where it is not
 * defined, "" where there is none. */
char *duplex_statistics_page_dup_value (const DuplexTotals *totals,
                                        DuplexStatistic     statistic,
                                        guint               direction);

G_END_DECLS
