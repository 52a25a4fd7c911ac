/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-compressed-support.h"

#include "core/model/duplex-row.h"
#include "duplex-deflate-cut.h"

GByteArray *
compressed_new (DuplexDeflater *deflater,
                const void     *data,
                gsize           len)
{
  static const DuplexDeflateCut at_once = { .room = 4096 };
  GByteArray                   *out = g_byte_array_new ();

  duplex_deflate_cut_deflate (&at_once, deflater, data, len, out);
  return out;
}

GByteArray *
compressed_inflate (DuplexInflater   *inflater,
                    const GByteArray *payload)
{
  static const DuplexDeflateCut at_once = { .room = 4096 };
  GByteArray                   *out = g_byte_array_new ();

  g_assert_true (
    duplex_deflate_cut_inflate (&at_once, inflater, payload->data, payload->len, out));
  return out;
}

void
compressed_assert_row (Fixture        *f,
                       DuplexDirection direction,
                       guint           n,
                       const void     *data,
                       gsize           len)
{
  g_autoptr (DuplexRow) row = fixture_find_message (f, direction, n);
  g_autoptr (GBytes)    payload = duplex_row_dup_payload (row, G_MAXSIZE, NULL);

  g_assert_true (duplex_row_is_compressed (row));
  g_assert_true (duplex_row_is_inflated (row));
  g_assert_cmpuint (duplex_row_get_size (row), ==, len);
  g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload), data, len);
}
