/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an analyzer records where the bytes end, or some are missing. */
#include "core/io/duplex-analyzer-private.h"

void
duplex_analyzer_record_gap (DuplexAnalyzer *self)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  if (self->missing > 0 && self->capture != NULL)
    {
      event.time_us = duplex_analyzer_get_time (self);
      event.kind = DUPLEX_EVENT_GAP;
      event.direction = self->direction;
      event.connection = self->connection;
      event.flags = DUPLEX_EVENT_FLAG_ROW;
      event.first = DUPLEX_EVENT_FIRST_IS_SELF;
      event.value = (gint64)MIN (self->missing, G_MAXINT64);
      duplex_capture_append (self->capture, &event);
    }
  self->missing = 0;
}

/* The stream ended inside a header: its bytes are recorded as they came. */
static void
record_partial_header (DuplexAnalyzer *self,
                       const guint8   *bytes,
                       gsize           size)
{
  DuplexEvent   event = DUPLEX_EVENT_INIT;
  DuplexFinding finding = { DUPLEX_FINDING_FRAME_CUT, size };

  if (self->capture == NULL)
    return;
  event.time_us = duplex_analyzer_get_time (self);
  event.kind = DUPLEX_EVENT_FRAME;
  event.direction = self->direction;
  event.connection = self->connection;
  event.flags = DUPLEX_EVENT_FLAG_ROW | DUPLEX_EVENT_FLAG_CUT | self->frame_flags;
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  event.opcode = bytes[0] & 0x0f;
  event.payload = bytes;
  event.payload_size = size;
  event.findings = &finding;
  event.n_findings = 1;
  duplex_capture_append (self->capture, &event);
}

static void
record_unfinished (DuplexAnalyzer *self,
                   gboolean        is_finding)
{
  DuplexEvent   event = DUPLEX_EVENT_INIT;
  DuplexFinding finding = { DUPLEX_FINDING_MESSAGE_UNFINISHED, 0 };

  if (self->capture == NULL || self->open == 0)
    return;
  event.time_us = duplex_analyzer_get_time (self);
  event.kind = DUPLEX_EVENT_UNFINISHED;
  event.direction = self->direction;
  event.connection = self->connection;
  event.flags = DUPLEX_EVENT_FLAG_ROW | DUPLEX_EVENT_FLAG_CUT;
  event.opcode = self->last.opcode;
  event.message = self->open;
  event.message_size = self->last.message_size;
  event.n_frames = self->last.n_frames;
  event.first = self->first_event;
  if (self->last.compressed && self->inflation != NULL &&
      !duplex_inflation_is_broken (self->inflation))
    event.value = (gint64)duplex_inflation_get_size (self->inflation);
  event.findings = &finding;
  event.n_findings = is_finding ? 1 : 0;
  duplex_capture_append (self->capture, &event);
  self->open = 0;
}

void
duplex_analyzer_finish (DuplexAnalyzer *self)
{
  const guint8 *bytes;
  gsize         size;

  g_return_if_fail (self != NULL);

  self->finished = TRUE;
  if (self->in_frame && !self->lost && !self->dropping)
    {
      const DuplexFrameHeader *header = duplex_frame_decoder_get_header (self->decoder);
      DuplexFinding            cut = { DUPLEX_FINDING_FRAME_CUT, 0 };

      cut.offset = duplex_frame_header_get_size (header);
      cut.offset += self->gathered != NULL ? self->gathered->len : self->streamed;
      g_array_append_val (self->findings, cut);
      duplex_analyzer_end_frame (self, DUPLEX_EVENT_FLAG_CUT);
    }
  bytes = duplex_frame_decoder_get_partial_header (self->decoder, &size);
  if (size > 0)
    record_partial_header (self, bytes, size);
  record_unfinished (self, /* is_finding= */ TRUE);
  duplex_analyzer_record_gap (self);
}

/* Whatever was inflated before is not known any more (RFC 7692 §7.1.1), unless each message stands
 * for itself. */
static void
restart_inflation (DuplexAnalyzer *self)
{
  if (self->inflation == NULL)
    return;
  self->inflating = FALSE;
  if (!self->deflate.no_context_takeover)
    {
      duplex_inflation_break (self->inflation);
      return;
    }
  duplex_inflation_free (self->inflation);
  self->inflation = duplex_analyzer_make_inflation (self);
}

void
duplex_analyzer_miss (DuplexAnalyzer *self,
                      guint64         n_bytes)
{
  gsize size;

  g_return_if_fail (self != NULL && !self->finished);

  duplex_frame_decoder_get_partial_header (self->decoder, &size);
  if (self->in_frame && !self->lost)
    duplex_analyzer_end_frame (self, DUPLEX_EVENT_FLAG_CUT);
  record_unfinished (self, /* is_finding= */ FALSE);
  duplex_message_tracker_abandon (self->tracker);
  restart_inflation (self);
  duplex_frame_decoder_free (self->decoder);
  self->decoder = duplex_frame_decoder_new ();
  self->lost = FALSE;
  self->frame_flags = 0;
  self->resuming = TRUE;
  self->missing += size + n_bytes;
  self->n_dropped += size;
}
