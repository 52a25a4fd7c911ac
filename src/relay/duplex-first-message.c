/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-first-message.h"

#include <string.h>

#include "core/proto/duplex-frame.h"
#include "core/proto/duplex-limits.h"

struct _DuplexFirstMessage
{
  GString *text;
  gboolean begun;
};

DuplexFirstMessage *
duplex_first_message_new (void)
{
  DuplexFirstMessage *self = g_new0 (DuplexFirstMessage, 1);

  self->text = g_string_new (NULL);
  return self;
}

/* What may have been a secret does not stay in memory that others get. */
void
duplex_first_message_free (DuplexFirstMessage *self)
{
  if (self == NULL)
    return;
  explicit_bzero (self->text->str, self->text->len);
  g_string_free (self->text, TRUE);
  g_free (self);
}

/* RFC 6455 §5.1 to §5.5, without extensions, and of data frames a token's. */
static gboolean
is_allowed (DuplexFirstMessage      *self,
            const DuplexFrameHeader *header)
{
  if (header->rsv1 || header->rsv2 || header->rsv3 || !header->masked ||
      duplex_opcode_is_reserved (header->opcode) ||
      header->length_bits != duplex_frame_minimal_length_bits (header->length))
    return FALSE;
  if (duplex_opcode_is_control (header->opcode))
    return header->fin && header->length <= DUPLEX_LIMIT_CONTROL_PAYLOAD;
  return header->opcode == (self->begun ? DUPLEX_OPCODE_CONTINUATION : DUPLEX_OPCODE_TEXT) &&
         header->length <= DUPLEX_LIMIT_RELAY_TOKEN - self->text->len;
}

static void
answer (GByteArray              *answers,
        const DuplexFrameHeader *ping,
        const guint8            *payload)
{
  DuplexFrameHeader pong = {
    .fin = TRUE,
    .opcode = DUPLEX_OPCODE_PONG,
    .length_bits = duplex_frame_minimal_length_bits (ping->length),
    .length = ping->length,
  };
  guint8 bytes[DUPLEX_FRAME_HEADER_MAX + DUPLEX_LIMIT_CONTROL_PAYLOAD];
  gsize  size = duplex_frame_header_encode (&pong, bytes);

  duplex_mask (bytes + size, payload, ping->length, ping->mask, 0);
  g_byte_array_append (answers, bytes, (guint)(size + ping->length));
}

static void
append (DuplexFirstMessage      *self,
        const DuplexFrameHeader *header,
        const guint8            *payload)
{
  gsize before = self->text->len;

  g_string_set_size (self->text, before + header->length);
  duplex_mask ((guint8 *)self->text->str + before, payload, header->length, header->mask, 0);
  self->begun = TRUE;
}

DuplexFirstState
duplex_first_message_feed (DuplexFirstMessage *self,
                           const guint8       *data,
                           gsize               len,
                           gsize              *ret_used,
                           GByteArray         *answers)
{
  DuplexFrameHeader header;
  gsize             size;

  g_return_val_if_fail (self != NULL && answers != NULL, DUPLEX_FIRST_WRONG);
  g_return_val_if_fail (data != NULL || len == 0, DUPLEX_FIRST_WRONG);

  *ret_used = 0;
  while ((size = duplex_frame_header_decode (data, len, &header)) > 0)
    {
      if (!is_allowed (self, &header))
        return DUPLEX_FIRST_WRONG;
      if (header.opcode == DUPLEX_OPCODE_CLOSE)
        return DUPLEX_FIRST_CLOSED;
      if (len - size < header.length)
        return DUPLEX_FIRST_MORE;
      if (header.opcode == DUPLEX_OPCODE_PING)
        answer (answers, &header, data + size);
      else if (header.opcode != DUPLEX_OPCODE_PONG)
        append (self, &header, data + size);
      data += size + header.length;
      len -= size + header.length;
      *ret_used += size + header.length;
      if (header.fin && !duplex_opcode_is_control (header.opcode))
        return DUPLEX_FIRST_DONE;
    }
  return DUPLEX_FIRST_MORE;
}

const char *
duplex_first_message_get_text (DuplexFirstMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return strlen (self->text->str) == self->text->len ? self->text->str : NULL;
}
