/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-frame-encoder.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void
duplex_mask_source_random (guint8   mask[4],
                           gpointer user_data)
{
  /* GLib's generator can be predicted from what it gave before. Without a random source there is no
   * safe key, so this cannot go on (in practice: a kernel before 3.17). */
  if (getentropy (mask, 4) != 0)
    g_error ("The system gives no random bytes for a masking key: %s", g_strerror (errno));
}

GBytes *
duplex_frame_encode (const DuplexFrameHeader *header,
                     const guint8            *payload,
                     gsize                    len)
{
  g_autofree guint8 *bytes = NULL;
  gsize              header_size;

  g_return_val_if_fail (header != NULL, NULL);
  g_return_val_if_fail (payload != NULL || len == 0, NULL);
  g_return_val_if_fail (header->length == len, NULL);
  g_return_val_if_fail (len <= G_MAXSIZE - DUPLEX_FRAME_HEADER_MAX, NULL);

  bytes = g_malloc (duplex_frame_header_get_size (header) + len);
  header_size = duplex_frame_header_encode (header, bytes);
  g_return_val_if_fail (header_size > 0, NULL);

  if (header->masked)
    duplex_mask (bytes + header_size, payload, len, header->mask, 0);
  else if (len > 0)
    memcpy (bytes + header_size, payload, len);

  return g_bytes_new_take (g_steal_pointer (&bytes), header_size + len);
}

GBytes *
duplex_frame_encode_simple (DuplexRole       role,
                            DuplexOpcode     opcode,
                            const guint8    *payload,
                            gsize            len,
                            DuplexMaskSource source,
                            gpointer         user_data)
{
  DuplexFrameHeader header = {
    .fin = TRUE,
    .opcode = opcode,
    .masked = role == DUPLEX_ROLE_CLIENT,
    .length_bits = duplex_frame_minimal_length_bits (len),
    .length = len,
  };

  g_return_val_if_fail (source != NULL || !header.masked, NULL);

  if (header.masked)
    source (header.mask, user_data);

  return duplex_frame_encode (&header, payload, len);
}
