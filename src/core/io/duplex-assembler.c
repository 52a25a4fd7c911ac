/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-assembler.h"

struct _DuplexAssembler
{
  GByteArray *bytes; /* of the message that is open, or NULL */
};

DuplexAssembler *
duplex_assembler_new (void)
{
  return g_new0 (DuplexAssembler, 1);
}

void
duplex_assembler_free (DuplexAssembler *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->bytes, g_byte_array_unref);
  g_free (self);
}

GBytes *
duplex_assembler_add (DuplexAssembler       *self,
                      const DuplexSeenFrame *frame)
{
  gboolean      compressed = frame->place->compressed;
  const guint8 *data = compressed ? frame->inflated : frame->payload;
  gsize         size = compressed ? frame->inflated_size : frame->payload_size;

  g_return_val_if_fail (self != NULL && frame != NULL, NULL);

  if (frame->place->first)
    g_clear_pointer (&self->bytes, g_byte_array_unref);
  if (frame->place->first && frame->place->last)
    return frame->owner != NULL && !compressed ? g_bytes_ref (frame->owner)
                                               : g_bytes_new (data, size);
  if (self->bytes == NULL)
    self->bytes = g_byte_array_new ();
  g_byte_array_append (self->bytes, data, (guint)size);
  if (!frame->place->last)
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&self->bytes));
}
