/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a capture adds up. A plain value. */

#include <glib.h>

#include "core/model/duplex-event.h"

G_BEGIN_DECLS

/* Sums over all connections since the last clear, as they stood at one moment. Index: 0 sent, 1
 * received. A frame with FLAG_CUT finishes no message. */
typedef struct
{
  guint64 messages[2];   /* data messages that were finished */
  guint64 bytes[2];      /* their payload */
  guint64 frames[2];     /* all frames */
  guint64 wire_bytes[2]; /* headers and payload of all frames */
  guint64 findings;
  guint64 events;
  guint64 rows;
} DuplexTotals;

void duplex_totals_add (DuplexTotals      *self,
                        const DuplexEvent *event);

/* Adds what other has. */
void duplex_totals_join (DuplexTotals       *self,
                         const DuplexTotals *other);

G_END_DECLS
