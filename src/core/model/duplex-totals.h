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
  guint64 bytes[2];      /* their payload, as the user sees it: inflated where it was compressed */
  guint64 frames[2];     /* all frames */
  guint64 wire_bytes[2]; /* headers and payload of all frames */
  guint64 findings;
  guint64 events;
  guint64 rows;

  /* Of the messages those that were compressed and could be inflated. The ratio of compression is
   * inflated_bytes to compressed_bytes. */
  guint64 compressed[2];
  guint64 compressed_bytes[2]; /* their payload on the wire */
  guint64 inflated_bytes[2];   /* what it inflates to; a part of bytes */
} DuplexTotals;

void duplex_totals_add (DuplexTotals      *self,
                        const DuplexEvent *event);

/* Adds what other has. */
void duplex_totals_join (DuplexTotals       *self,
                         const DuplexTotals *other);

/* The payload of the messages of a direction as it was on the wire: what stands beside wire_bytes,
 * to say what headers add. */
guint64 duplex_totals_get_payload_on_wire (const DuplexTotals *self,
                                           guint               direction);

G_END_DECLS
