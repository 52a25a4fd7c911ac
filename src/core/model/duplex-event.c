/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-event.h"

#include "core/model/duplex-capture-block.h"

void
duplex_event_clear (DuplexEvent *self)
{
  DuplexCaptureBlock *block;
  GBytes             *bytes;

  g_return_if_fail (self != NULL);

  block = self->hold;
  bytes = self->hold_bytes;
  *self = (DuplexEvent)DUPLEX_EVENT_INIT;
  g_clear_pointer (&block, duplex_capture_block_unref);
  g_clear_pointer (&bytes, g_bytes_unref);
}

gboolean
duplex_event_get_header (const DuplexEvent *self,
                         DuplexFrameHeader *ret_header)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (ret_header != NULL, FALSE);

  return duplex_frame_header_decode (self->header, self->header_size, ret_header) > 0;
}

guint64
duplex_event_get_wire_size (const DuplexEvent *self)
{
  g_return_val_if_fail (self != NULL, 0);

  if (self->kind != DUPLEX_EVENT_FRAME)
    return 0;

  return (guint64)self->header_size + self->payload_size;
}

/* Of a control frame there is only the payload itself. */
static gboolean
is_of_message (const DuplexEvent *self)
{
  if (self->kind == DUPLEX_EVENT_UNFINISHED)
    return TRUE;

  return self->kind == DUPLEX_EVENT_FRAME && self->message != 0;
}

static gboolean
has_finding (const DuplexEvent *self,
             DuplexFindingId    id)
{
  for (guint i = 0; i < self->n_findings; i++)
    if (self->findings[i].id == id)
      return TRUE;

  return FALSE;
}

gboolean
duplex_event_begins_compressed (const DuplexEvent *self)
{
  DuplexFrameHeader header;

  g_return_val_if_fail (self != NULL, FALSE);

  if (self->kind != DUPLEX_EVENT_FRAME || self->message == 0 ||
      !duplex_event_get_header (self, &header) || !header.rsv1)
    return FALSE;

  /* Misplaced on a continuation, and without a meaning where nothing was agreed. */
  return (header.opcode == DUPLEX_OPCODE_TEXT || header.opcode == DUPLEX_OPCODE_BINARY) &&
         !has_finding (self, DUPLEX_FINDING_RESERVED_BIT);
}

gboolean
duplex_event_ends_inflated (const DuplexEvent *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return is_of_message (self) && self->value >= 0;
}

guint64
duplex_event_get_row_size (const DuplexEvent *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return duplex_event_ends_inflated (self) ? (guint64)self->value
                                           : duplex_event_get_row_wire_size (self);
}

guint64
duplex_event_get_row_wire_size (const DuplexEvent *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return is_of_message (self) ? self->message_size : self->payload_size;
}

int
duplex_event_get_worst_severity (const DuplexEvent *self)
{
  int worst = (int)DUPLEX_SEVERITY_NOTE - 1;

  g_return_val_if_fail (self != NULL, worst);

  for (guint i = 0; i < self->n_findings; i++)
    worst = MAX (worst, (int)duplex_finding_get_severity (self->findings[i].id));

  return worst;
}
