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

int
duplex_event_get_worst_severity (const DuplexEvent *self)
{
  int worst = (int)DUPLEX_SEVERITY_NOTE - 1;

  g_return_val_if_fail (self != NULL, worst);

  for (guint i = 0; i < self->n_findings; i++)
    worst = MAX (worst, (int)duplex_finding_get_severity (self->findings[i].id));

  return worst;
}
