/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-message.h"

#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-utf8.h"

/* Where the fields of a header are, §5.2. */
enum {
  OFFSET_FLAGS = 0,
  OFFSET_MASK_AND_LENGTH = 1,
  OFFSET_EXTENDED_LENGTH = 2,
};

struct _DuplexMessageTracker
{
  DuplexRole sender;
  guint64    max_message;
  guint64    n_messages;
  gboolean   deflate; /* RSV1 is permessage-deflate's */

  /* The message that the last data frame belongs to. */
  gboolean     open; /* it is fragmented and its last frame has not ended */
  DuplexOpcode opcode;
  guint64      size;
  guint        n_frames;
  gboolean     compressed;
  gboolean     too_big;     /* and reported */
  gboolean     unsafe;      /* it is text that may hide something, and reported */
  gboolean     checks_text; /* its bytes are text and no bad one was seen */
  DuplexUtf8   utf8;

  /* The frame between a header and an end. */
  gboolean frame_is_control;
  gboolean frame_is_last;
  guint64  frame_header_size;
  guint64  frame_start; /* bytes of the message before this frame */
};

static void
add_finding (GArray         *findings,
             DuplexFindingId id,
             guint64         offset)
{
  DuplexFinding finding = { id, offset };

  g_array_append_val (findings, finding);
}

/* A bit that no extension has taken. */
static gboolean
has_reserved_bit (DuplexMessageTracker    *self,
                  const DuplexFrameHeader *header)
{
  return (header->rsv1 && !self->deflate) || header->rsv2 || header->rsv3;
}

/* RFC 7692 §6: on the first frame of a message, and nowhere else. */
static gboolean
has_misplaced_bit (DuplexMessageTracker    *self,
                   const DuplexFrameHeader *header)
{
  return header->rsv1 && self->deflate &&
         (header->opcode == DUPLEX_OPCODE_CONTINUATION ||
          duplex_opcode_is_control (header->opcode));
}

/* What one header shows by itself. */
static void
judge_header (DuplexMessageTracker    *self,
              const DuplexFrameHeader *header,
              GArray                  *findings)
{
  if (has_reserved_bit (self, header))
    add_finding (findings, DUPLEX_FINDING_RESERVED_BIT, OFFSET_FLAGS);

  if (has_misplaced_bit (self, header))
    add_finding (findings, DUPLEX_FINDING_COMPRESSED_BIT_MISPLACED, OFFSET_FLAGS);

  if (duplex_opcode_is_reserved (header->opcode))
    add_finding (findings, DUPLEX_FINDING_RESERVED_OPCODE, OFFSET_FLAGS);

  if (header->masked && self->sender == DUPLEX_ROLE_SERVER)
    add_finding (findings, DUPLEX_FINDING_MASKED_SERVER_FRAME, OFFSET_MASK_AND_LENGTH);

  if (!header->masked && self->sender == DUPLEX_ROLE_CLIENT)
    add_finding (findings, DUPLEX_FINDING_UNMASKED_CLIENT_FRAME, OFFSET_MASK_AND_LENGTH);

  if (header->length_bits != duplex_frame_minimal_length_bits (header->length))
    add_finding (findings, DUPLEX_FINDING_LENGTH_NOT_MINIMAL, OFFSET_MASK_AND_LENGTH);

  if (header->length > G_MAXINT64)
    add_finding (findings, DUPLEX_FINDING_LENGTH_TOP_BIT, OFFSET_EXTENDED_LENGTH);
}

static void
judge_control (const DuplexFrameHeader *header,
               GArray                  *findings)
{
  if (!header->fin)
    add_finding (findings, DUPLEX_FINDING_CONTROL_FRAGMENTED, OFFSET_FLAGS);

  if (header->length > DUPLEX_LIMIT_CONTROL_PAYLOAD)
    add_finding (findings, DUPLEX_FINDING_CONTROL_TOO_LONG, OFFSET_MASK_AND_LENGTH);
}

static void
begin_message (DuplexMessageTracker    *self,
               const DuplexFrameHeader *header)
{
  self->n_messages++;
  self->opcode = header->opcode;
  self->size = 0;
  self->n_frames = 0;
  self->compressed = header->rsv1 && self->deflate && header->opcode != DUPLEX_OPCODE_CONTINUATION;
  self->too_big = FALSE;
  self->unsafe = FALSE;
  self->utf8 = (DuplexUtf8)DUPLEX_UTF8_INIT;

  /* A reserved bit belongs to an extension, which may have turned the text into anything. */
  self->checks_text = header->opcode == DUPLEX_OPCODE_TEXT && !has_reserved_bit (self, header);
}

static void
add_size (DuplexMessageTracker *self,
          guint64               length,
          GArray               *findings)
{
  self->size = length > G_MAXUINT64 - self->size ? G_MAXUINT64 : self->size + length;

  /* A length with its top bit set is no size; it has a finding of its own. */
  if (self->size > self->max_message && !self->too_big && length <= G_MAXINT64)
    {
      self->too_big = TRUE;
      add_finding (findings, DUPLEX_FINDING_MESSAGE_TOO_BIG, OFFSET_MASK_AND_LENGTH);
    }
}

/* Gives a data frame its message, §5.4. */
static void
place_data (DuplexMessageTracker    *self,
            const DuplexFrameHeader *header,
            DuplexMessagePlace      *place,
            GArray                  *findings)
{
  gboolean is_continuation = header->opcode == DUPLEX_OPCODE_CONTINUATION;
  gboolean is_stray = is_continuation && !self->open;

  if (is_stray)
    add_finding (findings, DUPLEX_FINDING_CONTINUATION_UNEXPECTED, OFFSET_FLAGS);
  if (!is_continuation && self->open)
    add_finding (findings, DUPLEX_FINDING_CONTINUATION_EXPECTED, OFFSET_FLAGS);

  place->first = !is_continuation || is_stray;
  place->last = header->fin || is_stray;
  if (place->first)
    {
      begin_message (self, header);
      self->open = !place->last;
    }
  else if (has_reserved_bit (self, header))
    self->checks_text = FALSE;

  self->frame_start = self->size;
  if (self->n_frames < G_MAXUINT)
    self->n_frames++;
  add_size (self, header->length, findings);

  place->number = self->n_messages;
  place->opcode = self->opcode;
  place->compressed = self->compressed;
  place->message_size = self->size;
  place->n_frames = self->n_frames;
}

DuplexMessageTracker *
duplex_message_tracker_new (DuplexRole sender,
                            guint64    max_message)
{
  DuplexMessageTracker *self = g_new0 (DuplexMessageTracker, 1);

  self->sender = sender;
  self->max_message = max_message;
  return self;
}

DuplexMessageTracker *
duplex_message_tracker_copy (const DuplexMessageTracker *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_memdup2 (self, sizeof *self);
}

void
duplex_message_tracker_free (DuplexMessageTracker *self)
{
  g_free (self);
}

void
duplex_message_tracker_set_deflate (DuplexMessageTracker *self)
{
  g_return_if_fail (self != NULL);

  self->deflate = TRUE;
}

void
duplex_message_tracker_header (DuplexMessageTracker    *self,
                               const DuplexFrameHeader *header,
                               DuplexMessagePlace      *ret_place,
                               GArray                  *findings)
{
  DuplexMessagePlace place;

  g_return_if_fail (self != NULL);
  g_return_if_fail (header != NULL);
  g_return_if_fail (ret_place != NULL);
  g_return_if_fail (findings != NULL);

  place = (DuplexMessagePlace){
    .opcode = header->opcode,
    .is_control = duplex_opcode_is_control (header->opcode),
    .first = TRUE,
    .last = header->fin,
    .message_size = header->length,
    .n_frames = 1,
  };
  judge_header (self, header, findings);
  if (place.is_control)
    judge_control (header, findings);
  else
    place_data (self, header, &place, findings);

  self->frame_is_control = place.is_control;
  self->frame_is_last = place.last;
  self->frame_header_size = duplex_frame_header_get_size (header);
  *ret_place = place;
}

/* Where in the frame that byte of the message's text stands. It may belong to an earlier frame, and
 * of a compressed message no byte is that one: then the payload's first byte. */
static guint64
get_text_offset (DuplexMessageTracker *self,
                 guint64               at)
{
  if (self->compressed || at < self->frame_start)
    return self->frame_header_size;

  return self->frame_header_size + (at - self->frame_start);
}

static void
check_text (DuplexMessageTracker *self,
            const guint8         *data,
            gsize                 len,
            GArray               *findings)
{
  guint64  bad;
  gboolean valid = duplex_utf8_feed (&self->utf8, data, len, &bad);

  if (self->utf8.unsafe != DUPLEX_UTF8_ALL_SAFE && !self->unsafe)
    {
      self->unsafe = TRUE;
      add_finding (findings, DUPLEX_FINDING_TEXT_UNSAFE,
                   get_text_offset (self, self->utf8.unsafe));
    }
  if (valid)
    return;

  self->checks_text = FALSE;
  add_finding (findings, DUPLEX_FINDING_INVALID_UTF8, get_text_offset (self, bad));
}

void
duplex_message_tracker_payload (DuplexMessageTracker *self,
                                const guint8         *data,
                                gsize                 len,
                                GArray               *findings)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (data != NULL || len == 0);
  g_return_if_fail (findings != NULL);

  if (!self->frame_is_control && self->checks_text && !self->compressed)
    check_text (self, data, len, findings);
}

void
duplex_message_tracker_inflated (DuplexMessageTracker *self,
                                 const guint8         *data,
                                 gsize                 len,
                                 GArray               *findings)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (data != NULL || len == 0);
  g_return_if_fail (findings != NULL);

  if (self->checks_text && self->compressed)
    check_text (self, data, len, findings);
}

void
duplex_message_tracker_skip_text (DuplexMessageTracker *self)
{
  g_return_if_fail (self != NULL);

  self->checks_text = FALSE;
}

void
duplex_message_tracker_end (DuplexMessageTracker *self,
                            GArray               *findings)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (findings != NULL);

  if (self->frame_is_control || !self->frame_is_last)
    return;

  self->open = FALSE;
  if (self->checks_text && !duplex_utf8_is_complete (&self->utf8))
    {
      self->checks_text = FALSE;
      add_finding (findings, DUPLEX_FINDING_INVALID_UTF8,
                   get_text_offset (self, self->utf8.start));
    }
}

void
duplex_message_tracker_abandon (DuplexMessageTracker *self)
{
  g_return_if_fail (self != NULL);

  self->open = FALSE;
}

guint64
duplex_message_tracker_get_open (DuplexMessageTracker *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->open ? self->n_messages : 0;
}
