/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-analyzer-private.h"

#include <string.h>

#include "core/proto/duplex-limits.h"

/* Bytes that a peer's claim of a length may make us reserve before they arrive. */
#define GATHER_START ((gsize)1024 * 1024)

DuplexAnalyzer *
duplex_analyzer_new (DuplexRole                     sender,
                     DuplexDirection                direction,
                     DuplexCapture                 *capture,
                     guint32                        connection,
                     guint64                        max_message,
                     const DuplexAnalyzerCallbacks *callbacks,
                     gpointer                       user_data)
{
  DuplexAnalyzer *self = g_new0 (DuplexAnalyzer, 1);

  self->decoder = duplex_frame_decoder_new ();
  self->tracker = duplex_message_tracker_new (sender, max_message);
  self->capture = capture != NULL ? g_object_ref (capture) : NULL;
  self->findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  self->scratch = g_byte_array_new ();
  self->callbacks = callbacks;
  self->user_data = user_data;
  self->direction = direction;
  self->connection = connection;
  self->max_message = max_message;
  return self;
}

void
duplex_analyzer_free (DuplexAnalyzer *self)
{
  if (self == NULL)
    return;
  duplex_frame_decoder_free (self->decoder);
  duplex_message_tracker_free (self->tracker);
  g_clear_pointer (&self->inflation, duplex_inflation_free);
  g_clear_object (&self->capture);
  g_array_unref (self->findings);
  g_clear_pointer (&self->gathered, g_byte_array_unref);
  g_byte_array_unref (self->scratch);
  g_free (self);
}

gint64
duplex_analyzer_get_time (DuplexAnalyzer *self)
{
  return self->time != 0 ? self->time : g_get_real_time ();
}

static void
report_violations (DuplexAnalyzer *self,
                   guint           from)
{
  /* What comes after a Close is discarded (§1.4): there is nothing to fail any more. */
  if (self->after_close || self->callbacks->violation == NULL)
    return;
  for (guint i = from; i < self->findings->len; i++)
    {
      DuplexFindingId id = g_array_index (self->findings, DuplexFinding, i).id;

      if (duplex_finding_get_severity (id) == DUPLEX_SEVERITY_ERROR)
        self->callbacks->violation (id, self->user_data);
    }
}

static void
show_wire (DuplexAnalyzer *self,
           const guint8   *data,
           gsize           len)
{
  if (self->callbacks->wire != NULL)
    self->callbacks->wire (&self->place, data, len, self->user_data);
}

/* What event says of frame, without where its message began. */
static void
fill_event (DuplexAnalyzer        *self,
            const DuplexSeenFrame *frame,
            gint64                 time_us,
            DuplexEvent           *event)
{
  const DuplexMessagePlace *place = frame->place;

  event->time_us = time_us;
  event->kind = DUPLEX_EVENT_FRAME;
  event->direction = self->direction;
  event->connection = self->connection;
  event->opcode = place->opcode;
  event->header_size = frame->header_size;
  memcpy (event->header, frame->header_bytes, frame->header_size);
  event->message = place->number;
  event->first = DUPLEX_EVENT_FIRST_IS_SELF;
  if (!place->is_control && place->number != 0 && place->number == self->open)
    event->first = self->first_event;
  event->message_size = place->message_size;
  event->n_frames = place->n_frames;
  event->value = frame->value;
}

/* Records frame as an event and remembers where its message began. */
static void
record (DuplexAnalyzer        *self,
        const DuplexSeenFrame *frame,
        gint64                 time_us,
        guint                  flags)
{
  const DuplexMessagePlace *place = frame->place;
  DuplexEvent               event = DUPLEX_EVENT_INIT;
  guint64                   number;

  if (self->capture == NULL)
    return;

  fill_event (self, frame, time_us, &event);
  event.flags = flags;
  if (place->is_control || place->last)
    event.flags |= DUPLEX_EVENT_FLAG_ROW;
  event.payload = frame->payload;
  event.payload_size = frame->payload_size;
  event.payload_id = frame->payload_id;
  event.inflated = frame->inflated;
  event.inflated_size = frame->inflated_size;
  event.inflated_id = frame->inflated_id;
  event.owner = frame->owner;
  event.findings = (const DuplexFinding *)frame->findings->data;
  event.n_findings = frame->findings->len;

  number = duplex_capture_append (self->capture, &event);
  if (place->is_control)
    return;
  self->last = *place;
  if (place->number != self->open || place->number == 0)
    self->first_event = number;
  self->open = place->last ? 0 : place->number;
}

static guint64
begin_payload (DuplexAnalyzer *self)
{
  DuplexSeenFrame frame = { .place = &self->place, .value = -1 };
  DuplexEvent     event = DUPLEX_EVENT_INIT;

  frame.header_bytes = duplex_frame_decoder_get_header_bytes (self->decoder, &frame.header_size);
  fill_event (self, &frame, duplex_analyzer_get_time (self), &event);
  return duplex_capture_begin_payload (self->capture, &event);
}

/* ---- compressed messages ---- */

/* The current frame is one whose payload can be inflated. */
static gboolean
is_compressed (DuplexAnalyzer *self)
{
  return self->place.compressed && self->inflation != NULL &&
         !duplex_inflation_is_broken (self->inflation);
}

static void
begin_inflating (DuplexAnalyzer *self)
{
  duplex_inflation_begin_frame (self->inflation, self->place.first);
  self->inflating = TRUE;
  /* What is refused is not inflated, and so cannot be what later messages refer to. */
  if (self->skipping)
    duplex_inflation_break (self->inflation);
  if (duplex_inflation_is_broken (self->inflation))
    duplex_message_tracker_skip_text (self->tracker);
}

static void
inflated_cb (const guint8 *data,
             gsize         len,
             gpointer      user_data)
{
  DuplexAnalyzer *self = user_data;

  duplex_message_tracker_inflated (self->tracker, data, len, self->findings);
}

/* The inflater counts over the message's payload, and findings over the frame. */
static void
note_inflation_failure (DuplexAnalyzer *self)
{
  const DuplexFrameHeader *header = duplex_frame_decoder_get_header (self->decoder);
  DuplexFinding            finding = duplex_inflation_get_finding (self->inflation);
  guint64                  before = self->place.message_size - header->length;

  finding.offset = finding.offset > before ? finding.offset - before : 0;
  finding.offset += duplex_frame_header_get_size (header);
  g_array_append_val (self->findings, finding);
  duplex_message_tracker_skip_text (self->tracker);
}

static void
inflate_payload (DuplexAnalyzer *self,
                 const guint8   *plain,
                 gsize           len)
{
  guint before = self->findings->len;

  if (!duplex_inflation_feed (self->inflation, plain, len))
    note_inflation_failure (self);
  report_violations (self, before);
}

/* The current frame is complete. Sets what it inflated to, and after the last one what the message
 * did. */
static void
end_inflating (DuplexAnalyzer  *self,
               DuplexSeenFrame *frame,
               gboolean         whole)
{
  if (!self->inflating)
    return;
  self->inflating = FALSE;
  if (is_compressed (self) && whole && self->place.last)
    {
      if (duplex_inflation_end_message (self->inflation))
        frame->value = (gint64)duplex_inflation_get_size (self->inflation);
      else
        note_inflation_failure (self);
    }
  duplex_inflation_end_frame (self->inflation, frame);
}

/* ---- frames ---- */

/* Larger than what is kept. The finding stands at the first frame that passes the limit. A control
 * frame has none, and is kept as long as it may be: what it says is acted on. */
static gboolean
is_too_large (DuplexAnalyzer          *self,
              const DuplexFrameHeader *header)
{
  if (self->place.is_control && header->length <= DUPLEX_LIMIT_CONTROL_PAYLOAD)
    return FALSE;
  if (self->place.is_control && self->capture == NULL)
    return TRUE;
  return self->place.message_size > self->max_message;
}

static void
drop (DuplexAnalyzer *self,
      gsize           len)
{
  self->missing += len;
  self->n_dropped += len;
}

/* After missing bytes: whether the frame goes on with a message whose beginning is one of them. */
static gboolean
is_remnant (DuplexAnalyzer          *self,
            const DuplexFrameHeader *header)
{
  if (!self->resuming || duplex_opcode_is_control (header->opcode))
    return FALSE;
  self->resuming = header->opcode == DUPLEX_OPCODE_CONTINUATION && !header->fin;
  return header->opcode == DUPLEX_OPCODE_CONTINUATION;
}

static void
begin_frame (DuplexAnalyzer *self)
{
  const DuplexFrameHeader *header = duplex_frame_decoder_get_header (self->decoder);
  const guint8            *bytes;
  gsize                    size;

  g_array_set_size (self->findings, 0);
  self->in_frame = TRUE;
  self->dropping = is_remnant (self, header);
  if (self->dropping)
    {
      drop (self, duplex_frame_header_get_size (header));
      return;
    }
  duplex_analyzer_record_gap (self);
  self->frame_flags |= self->flags;
  self->whole = NULL;
  self->whole_size = 0;
  duplex_message_tracker_header (self->tracker, header, &self->place, self->findings);
  self->skipping = is_too_large (self, header);
  if (self->after_close)
    {
      DuplexFinding late = { DUPLEX_FINDING_DATA_AFTER_CLOSE, 0 };

      g_array_append_val (self->findings, late);
    }
  report_violations (self, 0);
  bytes = duplex_frame_decoder_get_header_bytes (self->decoder, &size);
  show_wire (self, bytes, size);
  if (is_compressed (self))
    begin_inflating (self);
}

/* Returns the slice's bytes unmasked, in scratch where they were masked. */
static const guint8 *
unmask (DuplexAnalyzer          *self,
        const DuplexFrameHeader *header,
        const DuplexSlice       *slice)
{
  if (!header->masked)
    return slice->data;
  g_byte_array_set_size (self->scratch, (guint)slice->len);
  duplex_mask (self->scratch->data, slice->data, slice->len, header->mask, slice->offset);
  return self->scratch->data;
}

static void
stream (DuplexAnalyzer *self,
        const guint8   *plain,
        gsize           len)
{
  if (self->payload_id == 0)
    self->payload_id = begin_payload (self);
  duplex_capture_add_payload (self->capture, self->payload_id, plain, len);
  self->streamed += len;
}

/* A large payload that nobody waits for. That of a control frame is longer than it may be. */
static gboolean
goes_to_capture (DuplexAnalyzer          *self,
                 const DuplexFrameHeader *header)
{
  return header->length > DUPLEX_LIMIT_CAPTURE_BLOCK && self->capture != NULL &&
         (self->streams || duplex_opcode_is_control (header->opcode));
}

static void
take_payload (DuplexAnalyzer    *self,
              const DuplexSlice *slice)
{
  const DuplexFrameHeader *header = duplex_frame_decoder_get_header (self->decoder);
  const guint8            *plain;
  guint                    before = self->findings->len;

  if (self->dropping)
    {
      drop (self, slice->len);
      return;
    }
  plain = unmask (self, header, slice);
  show_wire (self, slice->data, slice->len);
  self->frame_flags |= self->flags;
  duplex_message_tracker_payload (self->tracker, plain, slice->len, self->findings);
  report_violations (self, before);
  if (self->skipping)
    return;
  if (is_compressed (self))
    inflate_payload (self, plain, slice->len);
  if (slice->offset == 0 && slice->len == header->length)
    {
      self->whole = plain;
      self->whole_size = slice->len;
      return;
    }
  if (goes_to_capture (self, header))
    {
      stream (self, plain, slice->len);
      return;
    }
  if (self->gathered == NULL)
    self->gathered = g_byte_array_sized_new ((guint)MIN (header->length, GATHER_START));
  g_byte_array_append (self->gathered, plain, (guint)slice->len);
}

static void
fill_payload (DuplexAnalyzer  *self,
              DuplexSeenFrame *frame)
{
  frame->payload = self->whole;
  frame->payload_size = self->whole_size;
  if (self->payload_id != 0)
    {
      frame->payload_id = self->payload_id;
      frame->payload_size = self->streamed;
      self->payload_id = 0;
      self->streamed = 0;
    }
  if (self->gathered == NULL)
    return;
  frame->owner = g_byte_array_free_to_bytes (g_steal_pointer (&self->gathered));
  frame->payload = g_bytes_get_data (frame->owner, &frame->payload_size);
}

void
duplex_analyzer_end_frame (DuplexAnalyzer *self,
                           guint           flags)
{
  DuplexSeenFrame frame = { .place = &self->place, .findings = self->findings, .value = -1 };
  gboolean        whole = (flags & DUPLEX_EVENT_FLAG_CUT) == 0;
  guint           before = self->findings->len;

  if (self->dropping)
    {
      self->in_frame = self->dropping = FALSE;
      self->frame_flags = 0;
      return;
    }
  frame.header = duplex_frame_decoder_get_header (self->decoder);
  frame.header_bytes = duplex_frame_decoder_get_header_bytes (self->decoder, &frame.header_size);
  fill_payload (self, &frame);
  flags |= self->frame_flags;
  if (self->skipping)
    flags |= DUPLEX_EVENT_FLAG_CUT;
  end_inflating (self, &frame, whole);
  if (whole)
    {
      duplex_message_tracker_end (self->tracker, self->findings);
      report_violations (self, before);
      if (self->callbacks->note != NULL)
        self->callbacks->note (&frame, self->user_data);
    }
  if (self->fed_at == 0)
    self->fed_at = duplex_analyzer_get_time (self);
  record (self, &frame, self->fed_at, flags);
  self->in_frame = FALSE;
  self->frame_flags = 0;
  if (whole)
    self->callbacks->act (&frame, self->user_data);
  /* What was sent because of it has a time of its own, and what follows is not older. */
  if (self->place.is_control || !self->streams)
    self->fed_at = 0;
  g_clear_pointer (&frame.owner, g_bytes_unref);
}

/* After a length that cannot be (§5.2) no frame can be found any more; the frame is recorded as
 * cut. */
static void
lose (DuplexAnalyzer *self)
{
  if (self->lost)
    return;
  self->lost = TRUE;
  self->skipping = TRUE;
  duplex_analyzer_end_frame (self, DUPLEX_EVENT_FLAG_CUT);
}

static gboolean
is_in_header (DuplexAnalyzer *self)
{
  gsize size;

  duplex_frame_decoder_get_partial_header (self->decoder, &size);
  return size > 0;
}

void
duplex_analyzer_feed (DuplexAnalyzer *self,
                      const guint8   *data,
                      gsize           len)
{
  DuplexDecodeStep step;
  DuplexSlice      slice;

  g_return_if_fail (self != NULL);

  self->fed_at = 0;
  while (!self->finished &&
         (step = duplex_frame_decoder_step (self->decoder, &data, &len, &slice)) !=
           DUPLEX_DECODE_NEED_MORE)
    switch (step)
      {
      case DUPLEX_DECODE_HEADER:
        begin_frame (self);
        break;
      case DUPLEX_DECODE_PAYLOAD:
        take_payload (self, &slice);
        break;
      case DUPLEX_DECODE_END:
        duplex_analyzer_end_frame (self, DUPLEX_EVENT_FLAG_NONE);
        break;
      case DUPLEX_DECODE_LOST:
        lose (self);
        return;
      case DUPLEX_DECODE_NEED_MORE:
      default:
        g_assert_not_reached ();
      }
  if (is_in_header (self))
    self->frame_flags |= self->flags;
}

guint64
duplex_analyzer_get_n_dropped (DuplexAnalyzer *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_dropped;
}

void
duplex_analyzer_set_time (DuplexAnalyzer *self,
                          gint64          time_us)
{
  g_return_if_fail (self != NULL);

  self->time = time_us;
}

DuplexInflation *
duplex_analyzer_make_inflation (DuplexAnalyzer *self)
{
  DuplexCapture *capture = self->streams ? self->capture : NULL;

  return duplex_inflation_new (&self->deflate, self->max_inflated, self->max_ratio, capture,
                               inflated_cb, self);
}

void
duplex_analyzer_set_deflate (DuplexAnalyzer               *self,
                             const DuplexDeflateDirection *deflate,
                             guint64                       max_inflated,
                             guint                         max_ratio)
{
  g_return_if_fail (self != NULL && self->inflation == NULL);

  duplex_message_tracker_set_deflate (self->tracker);
  self->deflate = *deflate;
  self->max_inflated = max_inflated;
  self->max_ratio = max_ratio;
  self->inflation = duplex_analyzer_make_inflation (self);
}

void
duplex_analyzer_set_flags (DuplexAnalyzer *self,
                           guint           flags)
{
  g_return_if_fail (self != NULL);

  self->flags = flags;
}

void
duplex_analyzer_set_streams (DuplexAnalyzer *self)
{
  g_return_if_fail (self != NULL);

  self->streams = self->capture != NULL;
}

void
duplex_analyzer_set_after_close (DuplexAnalyzer *self)
{
  g_return_if_fail (self != NULL);

  self->after_close = TRUE;
}

gboolean
duplex_analyzer_is_busy (DuplexAnalyzer *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->in_frame || self->lost || is_in_header (self);
}
