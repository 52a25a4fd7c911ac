/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-inflate-reference.h"

#include <zlib.h>

/* As much as a distance reaches back. */
#define WINDOW 32768

static void
set_dictionary (z_stream         *zlib,
                const GByteArray *history,
                const GByteArray *out)
{
  g_autoptr (GByteArray) window = g_byte_array_new ();
  guint                  skip;

  g_byte_array_append (window, history->data, history->len);
  g_byte_array_append (window, out->data, out->len);
  skip = window->len > WINDOW ? window->len - WINDOW : 0;
  if (window->len > 0)
    g_assert_cmpint (inflateSetDictionary (zlib, window->data + skip, window->len - skip), ==,
                     Z_OK);
}

gboolean
duplex_inflate_reference (const GByteArray *history,
                          const guint8     *payload,
                          gsize             len,
                          GByteArray       *out)
{
  static const guint8    tail[] = { 0x00, 0x00, 0xff, 0xff };
  g_autoptr (GByteArray) whole = g_byte_array_new ();
  g_autoptr (GByteArray) plain = g_byte_array_new ();
  guint8                 room[16384];
  z_stream               zlib = { 0 };
  int                    status;

  g_byte_array_append (whole, payload, (guint)len);
  g_byte_array_append (whole, tail, sizeof tail);
  g_assert_cmpint (inflateInit2 (&zlib, -15), ==, Z_OK);
  set_dictionary (&zlib, history, plain);
  zlib.next_in = whole->data;
  zlib.avail_in = whole->len;
  do
    {
      zlib.next_out = room;
      zlib.avail_out = sizeof room;
      status = inflate (&zlib, Z_SYNC_FLUSH);
      g_byte_array_append (plain, room, (guint)(sizeof room - zlib.avail_out));
      /* After a final block another stream may follow, which refers to what came before it. */
      if (status == Z_STREAM_END && zlib.avail_in > 0)
        {
          status = inflateReset (&zlib);
          set_dictionary (&zlib, history, plain);
        }
  } while (status == Z_OK && (zlib.avail_in > 0 || zlib.avail_out == 0));
  inflateEnd (&zlib);

  g_byte_array_append (out, plain->data, plain->len);
  return status != Z_DATA_ERROR;
}
