/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-frame-decoder.h"

#include <string.h>

typedef enum {
  STATE_HEADER,  /* collecting; between frames when bytes_len is 0 */
  STATE_PAYLOAD, /* payload_done of header.length bytes were handed out */
  STATE_END,     /* all payload was handed out, the end was not reported */
  STATE_DONE,    /* the end was reported; the header stays readable until the next step */
  STATE_LOST,
} State;

struct _DuplexFrameDecoder
{
  State             state;
  DuplexFrameHeader header;
  guint8            bytes[DUPLEX_FRAME_HEADER_MAX];
  gsize             bytes_len;
  guint64           payload_done;
};

static gboolean
has_header (DuplexFrameDecoder *self)
{
  return self->state != STATE_HEADER;
}

/* Moves size bytes into the header. */
static void
take_header_bytes (DuplexFrameDecoder *self,
                   const guint8      **data,
                   gsize              *len,
                   gsize               size)
{
  g_assert (size <= sizeof self->bytes - self->bytes_len);

  memcpy (self->bytes + self->bytes_len, *data, size);
  self->bytes_len += size;
  *data += size;
  *len -= size;
}

/* TRUE when the header is complete. One that is cut is collected a byte at a time. */
static gboolean
collect_header (DuplexFrameDecoder *self,
                const guint8      **data,
                gsize              *len)
{
  gsize size = 0;

  if (self->bytes_len == 0)
    {
      size = duplex_frame_header_decode (*data, *len, &self->header);
      if (size > 0)
        take_header_bytes (self, data, len, size);
    }

  while (size == 0 && *len > 0)
    {
      take_header_bytes (self, data, len, 1);
      size = duplex_frame_header_decode (self->bytes, self->bytes_len, &self->header);
    }

  return size > 0;
}

static State
state_after_header (const DuplexFrameHeader *header)
{
  if (header->length > G_MAXINT64)
    return STATE_LOST;

  return header->length > 0 ? STATE_PAYLOAD : STATE_END;
}

static DuplexDecodeStep
step_header (DuplexFrameDecoder *self,
             const guint8      **data,
             gsize              *len)
{
  if (!collect_header (self, data, len))
    return DUPLEX_DECODE_NEED_MORE;

  self->payload_done = 0;
  self->state = state_after_header (&self->header);
  return DUPLEX_DECODE_HEADER;
}

static DuplexDecodeStep
step_payload (DuplexFrameDecoder *self,
              const guint8      **data,
              gsize              *len,
              DuplexSlice        *ret_slice)
{
  guint64 left = self->header.length - self->payload_done;
  gsize   take = *len < left ? *len : (gsize)left;

  if (take == 0)
    return DUPLEX_DECODE_NEED_MORE;

  ret_slice->data = *data;
  ret_slice->len = take;
  ret_slice->offset = self->payload_done;
  *data += take;
  *len -= take;
  self->payload_done += take;
  if (take == left)
    self->state = STATE_END;

  return DUPLEX_DECODE_PAYLOAD;
}

DuplexFrameDecoder *
duplex_frame_decoder_new (void)
{
  return g_new0 (DuplexFrameDecoder, 1);
}

void
duplex_frame_decoder_free (DuplexFrameDecoder *self)
{
  g_free (self);
}

DuplexDecodeStep
duplex_frame_decoder_step (DuplexFrameDecoder *self,
                           const guint8      **data,
                           gsize              *len,
                           DuplexSlice        *ret_slice)
{
  g_return_val_if_fail (self != NULL, DUPLEX_DECODE_LOST);
  g_return_val_if_fail (data != NULL && len != NULL, DUPLEX_DECODE_LOST);
  g_return_val_if_fail (*data != NULL || *len == 0, DUPLEX_DECODE_LOST);
  g_return_val_if_fail (ret_slice != NULL, DUPLEX_DECODE_LOST);

  switch (self->state)
    {
    case STATE_DONE:
      self->state = STATE_HEADER;
      self->bytes_len = 0;
      return step_header (self, data, len);

    case STATE_HEADER:
      return step_header (self, data, len);

    case STATE_PAYLOAD:
      return step_payload (self, data, len, ret_slice);

    case STATE_END:
      self->state = STATE_DONE;
      return DUPLEX_DECODE_END;

    case STATE_LOST:
    default:
      return DUPLEX_DECODE_LOST;
    }
}

const DuplexFrameHeader *
duplex_frame_decoder_get_header (DuplexFrameDecoder *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return has_header (self) ? &self->header : NULL;
}

const guint8 *
duplex_frame_decoder_get_header_bytes (DuplexFrameDecoder *self,
                                       gsize              *ret_size)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (ret_size != NULL, NULL);

  *ret_size = has_header (self) ? self->bytes_len : 0;
  return self->bytes;
}

gboolean
duplex_frame_decoder_is_idle (DuplexFrameDecoder *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->state == STATE_DONE || (self->state == STATE_HEADER && self->bytes_len == 0);
}

const guint8 *
duplex_frame_decoder_get_partial_header (DuplexFrameDecoder *self,
                                         gsize              *ret_size)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (ret_size != NULL, NULL);

  *ret_size = self->state == STATE_HEADER ? self->bytes_len : 0;
  return self->bytes;
}
