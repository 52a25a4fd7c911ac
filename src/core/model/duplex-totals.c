/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-totals.h"

static gboolean
finishes_message (const DuplexEvent *event)
{
  if (!(event->flags & DUPLEX_EVENT_FLAG_ROW) || (event->flags & DUPLEX_EVENT_FLAG_CUT))
    return FALSE;
  return event->opcode <= DUPLEX_OPCODE_BINARY;
}

void
duplex_totals_add (DuplexTotals      *self,
                   const DuplexEvent *event)
{
  guint i = event->direction == DUPLEX_DIRECTION_RECEIVED ? 1 : 0;

  self->events++;
  self->findings += event->n_findings;
  if (event->flags & DUPLEX_EVENT_FLAG_ROW)
    self->rows++;
  if (event->kind != DUPLEX_EVENT_FRAME || event->direction == DUPLEX_DIRECTION_NONE)
    return;
  self->frames[i]++;
  self->wire_bytes[i] += duplex_event_get_wire_size (event);
  if (!finishes_message (event))
    return;
  self->messages[i]++;
  self->bytes[i] += duplex_event_get_row_size (event);
  if (!duplex_event_ends_inflated (event))
    return;
  self->compressed[i]++;
  self->compressed_bytes[i] += duplex_event_get_row_wire_size (event);
  self->inflated_bytes[i] += duplex_event_get_row_size (event);
}

void
duplex_totals_join (DuplexTotals       *self,
                    const DuplexTotals *other)
{
  for (guint i = 0; i < 2; i++)
    {
      self->messages[i] += other->messages[i];
      self->bytes[i] += other->bytes[i];
      self->frames[i] += other->frames[i];
      self->wire_bytes[i] += other->wire_bytes[i];
      self->compressed[i] += other->compressed[i];
      self->compressed_bytes[i] += other->compressed_bytes[i];
      self->inflated_bytes[i] += other->inflated_bytes[i];
    }
  self->findings += other->findings;
  self->events += other->events;
  self->rows += other->rows;
}

guint64
duplex_totals_get_payload_on_wire (const DuplexTotals *self,
                                   guint               direction)
{
  guint64 inflated;

  g_return_val_if_fail (self != NULL && direction < 2, 0);

  /* Of a file that is damaged, one may be known without the other. */
  inflated = MIN (self->inflated_bytes[direction], self->bytes[direction]);
  return self->bytes[direction] - inflated + self->compressed_bytes[direction];
}
