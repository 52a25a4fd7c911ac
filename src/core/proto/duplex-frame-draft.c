/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-frame-draft.h"

#include <string.h>

#include "core/proto/duplex-error.h"

DuplexFrameDraft *
duplex_frame_draft_copy (const DuplexFrameDraft *self)
{
  DuplexFrameDraft *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_memdup2 (self, sizeof *self);
  if (copy->payload != NULL)
    g_bytes_ref (copy->payload);
  return copy;
}

void
duplex_frame_draft_free (DuplexFrameDraft *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->payload, g_bytes_unref);
  g_free (self);
}

static gsize
get_payload_size (const DuplexFrameDraft *self)
{
  return self->payload != NULL ? g_bytes_get_size (self->payload) : 0;
}

static guint64
get_length (const DuplexFrameDraft *self)
{
  return self->states_length ? self->length : get_payload_size (self);
}

/* The most that a length encoding can say. */
static guint64
get_most (guint8 length_bits)
{
  switch (length_bits)
    {
    case 7:
      return 125;
    case 16:
      return G_MAXUINT16;
    default:
      return G_MAXUINT64;
    }
}

gboolean
duplex_frame_draft_check (const DuplexFrameDraft *self,
                          GError                **error)
{
  guint64 length;

  g_return_val_if_fail (self != NULL, FALSE);

  length = get_length (self);
  if (self->opcode > 0xf)
    g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                 "An opcode has 4 bits, and %u does not fit", self->opcode);
  else if (self->length_bits != 0 && self->length_bits != 7 && self->length_bits != 16 &&
           self->length_bits != 64)
    g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                 "A length has 7, 16 or 64 bits, not %u", self->length_bits);
  else if (self->length_bits != 0 && length > get_most (self->length_bits))
    g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                 "A length of %" G_GUINT64_FORMAT " does not fit %u bits", length,
                 self->length_bits);
  else if (self->stop == 0)
    g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                 "A frame that stops after 0 bytes is none");
  else
    return TRUE;
  return FALSE;
}

/* All of the header but its masking key. */
static DuplexFrameHeader
get_bare_header (const DuplexFrameDraft *self,
                 DuplexRole              role)
{
  DuplexFrameHeader header = {
    .fin = self->fin,
    .rsv1 = self->rsv1,
    .rsv2 = self->rsv2,
    .rsv3 = self->rsv3,
    .opcode = self->opcode,
    .length_bits = self->length_bits,
    .length = get_length (self),
  };

  header.masked = self->mask != DUPLEX_DRAFT_MASK_NONE &&
                  (self->mask != DUPLEX_DRAFT_MASK_DEFAULT || role == DUPLEX_ROLE_CLIENT);
  if (header.length_bits == 0)
    header.length_bits = duplex_frame_minimal_length_bits (header.length);
  return header;
}

void
duplex_frame_draft_get_header (const DuplexFrameDraft *self,
                               DuplexRole              role,
                               DuplexMaskSource        source,
                               gpointer                user_data,
                               DuplexFrameHeader      *ret_header)
{
  DuplexFrameHeader header = get_bare_header (self, role);

  if (header.masked && self->mask == DUPLEX_DRAFT_MASK_KEY)
    memcpy (header.mask, self->key, sizeof header.mask);
  else if (header.masked)
    source (header.mask, user_data);
  *ret_header = header;
}

gsize
duplex_frame_draft_get_size (const DuplexFrameDraft *self,
                             DuplexRole              role)
{
  DuplexFrameHeader header;

  g_return_val_if_fail (self != NULL, 0);

  header = get_bare_header (self, role);
  return (gsize)MIN (duplex_frame_header_get_size (&header) + get_payload_size (self), self->stop);
}

GBytes *
duplex_frame_draft_encode (const DuplexFrameDraft *self,
                           DuplexRole              role,
                           DuplexMaskSource        source,
                           gpointer                user_data)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  DuplexFrameHeader      header;
  guint8                 head[DUPLEX_FRAME_HEADER_MAX];
  gsize                  size = get_payload_size (self);
  gsize                  head_size;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (duplex_frame_draft_check (self, NULL), NULL);

  duplex_frame_draft_get_header (self, role, source, user_data, &header);
  head_size = duplex_frame_header_encode (&header, head);
  g_byte_array_append (bytes, head, (guint)head_size);
  if (size > 0)
    {
      g_byte_array_set_size (bytes, (guint)(head_size + size));
      if (header.masked)
        duplex_mask (bytes->data + head_size, g_bytes_get_data (self->payload, NULL), size,
                     header.mask, 0);
      else
        memcpy (bytes->data + head_size, g_bytes_get_data (self->payload, NULL), size);
    }
  if (self->stop < bytes->len)
    g_byte_array_set_size (bytes, (guint)self->stop);
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}
