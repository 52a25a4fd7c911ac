/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-forwarder.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-frame-decoder.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-message.h"

/* What getentropy() gives in one call, enough for 64 keys: a system call for each small frame would
 * cost as much as the rest of its way. */
#define ENTROPY_SIZE 256

struct _DuplexForwarder
{
  /* owned */
  DuplexFrameDecoder   *decoder;
  DuplexMessageTracker *tracker;
  GArray               *findings;

  /* state */
  DuplexRole          sender;
  DuplexForwardLimits limits;
  DuplexForwardState  state;
  DuplexFrameHeader   header; /* of the frame that is coming */
  gboolean            control;
  guint8              body[DUPLEX_LIMIT_CONTROL_PAYLOAD]; /* of a control frame */
  gsize               body_len;
  guint16             code;
  const char         *reason;
  gint64              tokens_at; /* when tokens was right, monotonic µs */
  gdouble             tokens;
  guint64             n_messages;
  guint64             n_bytes;
};

/* A key that cannot be predicted (§10.3); of each 4 bytes one key is made and then they are gone.
 */
static void
take_mask (guint8 mask[4])
{
  static __thread guint8 pool[ENTROPY_SIZE];
  static __thread gsize  left = 0;

  if (left == 0)
    {
      if (getentropy (pool, sizeof pool) != 0)
        g_error ("The system gives no random bytes for a masking key: %s", g_strerror (errno));
      left = sizeof pool;
    }
  left -= 4;
  memcpy (mask, pool + left, 4);
  memset (pool + left, 0, 4);
}

void
duplex_forwarder_write (DuplexByteQueue *out,
                        DuplexRole       sender,
                        DuplexOpcode     opcode,
                        gboolean         fin,
                        const guint8    *payload,
                        gsize            len)
{
  DuplexFrameHeader header = {
    .fin = fin,
    .opcode = opcode,
    .masked = sender == DUPLEX_ROLE_CLIENT,
    .length_bits = duplex_frame_minimal_length_bits (len),
    .length = len,
  };
  guint8 *room = duplex_byte_queue_reserve (out, len + DUPLEX_FRAME_HEADER_MAX);
  gsize   size;

  if (header.masked)
    take_mask (header.mask);
  size = duplex_frame_header_encode (&header, room);
  if (header.masked && len > 0)
    duplex_mask (room + size, payload, len, header.mask, 0);
  else if (len > 0)
    memcpy (room + size, payload, len);
  duplex_byte_queue_commit (out, size + len);
}

static void
fail (DuplexForwarder *self,
      guint16          code,
      const char      *reason)
{
  self->state = DUPLEX_FORWARD_BROKEN;
  self->code = code;
  self->reason = reason;
}

static const char *
get_reason (guint16 code)
{
  switch (code)
    {
    case DUPLEX_CLOSE_INVALID_DATA:
      return "Invalid UTF-8";
    case DUPLEX_CLOSE_TOO_BIG:
      return "Message too big";
    default:
      return "Protocol error";
    }
}

/* Returns FALSE where a finding ends the connection. */
static gboolean
judge (DuplexForwarder *self)
{
  guint16 code = 0;

  for (guint i = 0; i < self->findings->len && code == 0; i++)
    code =
      duplex_finding_get_close_code (g_array_index (self->findings, DuplexFinding, i).id);
  g_array_set_size (self->findings, 0);
  if (code != 0)
    fail (self, code, get_reason (code));
  return code == 0;
}

/* A token bucket that holds the messages of one second. */
static gboolean
take_token (DuplexForwarder *self,
            gint64           now)
{
  gdouble rate = self->limits.rate;

  if (self->limits.rate == 0)
    return TRUE;
  self->tokens += (gdouble)(now - self->tokens_at) * rate / G_USEC_PER_SEC;
  self->tokens = MIN (self->tokens, rate);
  self->tokens_at = now;
  if (self->tokens < 1)
    {
      fail (self, DUPLEX_CLOSE_POLICY, "Too many messages");
      return FALSE;
    }
  self->tokens--;
  return TRUE;
}

/* Fragments belong to their message, but for empty ones, of which a flood could be made. */
static gboolean
costs_token (const DuplexFrameHeader  *header,
             const DuplexMessagePlace *place)
{
  return place->is_control || place->first || header->length == 0;
}

static void
handle_header (DuplexForwarder *self,
               gint64           now)
{
  DuplexMessagePlace place;

  self->header = *duplex_frame_decoder_get_header (self->decoder);
  duplex_message_tracker_header (self->tracker, &self->header, &place, self->findings);
  self->control = place.is_control;
  self->body_len = 0;
  if (!judge (self))
    return;
  if (costs_token (&self->header, &place) && !take_token (self, now))
    return;
  if (!place.is_control && place.first)
    self->n_messages++;
}

static void
handle_control_payload (DuplexForwarder   *self,
                        const DuplexSlice *slice)
{
  /* A longer one was a finding of its header. */
  g_assert (slice->len <= sizeof self->body - self->body_len);

  if (self->header.masked)
    duplex_mask (self->body + self->body_len, slice->data, slice->len, self->header.mask,
                 slice->offset);
  else
    memcpy (self->body + self->body_len, slice->data, slice->len);
  self->body_len += slice->len;
}

/* Text is judged, with its end where this is one, before any of the piece goes on. */
static gboolean
judge_piece (DuplexForwarder *self,
             const guint8    *data,
             gsize            len,
             gboolean         last)
{
  duplex_message_tracker_payload (self->tracker, data, len, self->findings);
  if (last)
    duplex_message_tracker_end (self->tracker, self->findings);
  return self->findings->len == 0 || judge (self);
}

static void
forward_piece (DuplexForwarder   *self,
               const DuplexSlice *slice,
               DuplexByteQueue   *out)
{
  gboolean          last = slice->offset + slice->len == self->header.length;
  DuplexFrameHeader header = {
    .fin = self->header.fin && last,
    .opcode = slice->offset == 0 ? self->header.opcode : DUPLEX_OPCODE_CONTINUATION,
    .masked = self->sender == DUPLEX_ROLE_CLIENT,
    .length_bits = duplex_frame_minimal_length_bits (slice->len),
    .length = slice->len,
  };
  guint8 *room = duplex_byte_queue_reserve (out, slice->len + DUPLEX_FRAME_HEADER_MAX);
  guint8 *payload = room + duplex_frame_header_get_size (&header);

  if (self->header.masked)
    duplex_mask (payload, slice->data, slice->len, self->header.mask, slice->offset);
  else
    memcpy (payload, slice->data, slice->len);
  if (!judge_piece (self, payload, slice->len, last))
    return;
  if (header.masked)
    {
      take_mask (header.mask);
      duplex_mask (payload, payload, slice->len, header.mask, 0);
    }
  duplex_byte_queue_commit (out, duplex_frame_header_encode (&header, room) + slice->len);
}

static void
handle_payload (DuplexForwarder   *self,
                const DuplexSlice *slice,
                DuplexByteQueue   *out)
{
  if (self->control)
    handle_control_payload (self, slice);
  else if (out != NULL)
    forward_piece (self, slice, out);
}

static void
handle_close (DuplexForwarder *self)
{
  DuplexFinding finding;
  const char   *reason;
  gsize         reason_len;
  guint16       wrong;

  self->state = DUPLEX_FORWARD_CLOSED;
  self->code =
    duplex_close_body_parse (self->body, self->body_len, &reason, &reason_len, &finding);
  wrong = duplex_finding_get_close_code (finding.id);
  if (wrong != 0)
    fail (self, wrong, get_reason (wrong));
}

static void
handle_end (DuplexForwarder *self,
            DuplexByteQueue *out)
{
  if (self->control && self->header.opcode == DUPLEX_OPCODE_CLOSE)
    handle_close (self);
  else if (out == NULL)
    {
      duplex_message_tracker_end (self->tracker, self->findings);
      g_array_set_size (self->findings, 0);
    }
  else if (self->control)
    duplex_forwarder_write (out, self->sender, self->header.opcode, /* fin= */ TRUE, self->body,
                            self->body_len);
  else if (self->header.length == 0 && judge_piece (self, NULL, 0, /* last= */ TRUE))
    duplex_forwarder_write (out, self->sender, self->header.opcode, self->header.fin, NULL, 0);
}

DuplexForwarder *
duplex_forwarder_new (DuplexRole                 sender,
                      const DuplexForwardLimits *limits)
{
  DuplexForwarder *self;

  g_return_val_if_fail (limits != NULL, NULL);

  self = g_new0 (DuplexForwarder, 1);
  self->decoder = duplex_frame_decoder_new ();
  self->tracker = duplex_message_tracker_new (sender, limits->max_message);
  self->findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  self->sender = sender;
  self->limits = *limits;
  self->tokens = limits->rate;
  return self;
}

void
duplex_forwarder_free (DuplexForwarder *self)
{
  if (self == NULL)
    return;
  duplex_frame_decoder_free (self->decoder);
  duplex_message_tracker_free (self->tracker);
  g_array_unref (self->findings);
  g_free (self);
}

DuplexForwardState
duplex_forwarder_feed (DuplexForwarder *self,
                       const guint8    *data,
                       gsize            len,
                       DuplexByteQueue *out,
                       gint64           now)
{
  DuplexDecodeStep step;
  DuplexSlice      slice;

  g_return_val_if_fail (self != NULL, DUPLEX_FORWARD_BROKEN);

  self->n_bytes += len;
  if (self->tokens_at == 0)
    self->tokens_at = now;
  while (self->state == DUPLEX_FORWARD_ON &&
         (step = duplex_frame_decoder_step (self->decoder, &data, &len, &slice)) !=
           DUPLEX_DECODE_NEED_MORE)
    {
      switch (step)
        {
        case DUPLEX_DECODE_HEADER:
          handle_header (self, now);
          break;
        case DUPLEX_DECODE_PAYLOAD:
          handle_payload (self, &slice, out);
          break;
        case DUPLEX_DECODE_END:
          handle_end (self, out);
          break;
        case DUPLEX_DECODE_LOST:
        case DUPLEX_DECODE_NEED_MORE:
        default:
          fail (self, DUPLEX_CLOSE_PROTOCOL_ERROR, get_reason (DUPLEX_CLOSE_PROTOCOL_ERROR));
          break;
        }
    }
  return self->state;
}

guint16
duplex_forwarder_get_code (DuplexForwarder *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->code;
}

const guint8 *
duplex_forwarder_get_close_body (DuplexForwarder *self,
                                 gsize           *ret_size)
{
  g_return_val_if_fail (self != NULL && ret_size != NULL, NULL);

  *ret_size = self->state == DUPLEX_FORWARD_CLOSED ? self->body_len : 0;
  return self->body;
}

const char *
duplex_forwarder_get_reason (DuplexForwarder *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->reason;
}

guint64
duplex_forwarder_get_n_messages (DuplexForwarder *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_messages;
}

guint64
duplex_forwarder_get_n_bytes (DuplexForwarder *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_bytes;
}
