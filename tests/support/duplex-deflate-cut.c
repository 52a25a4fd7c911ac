/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-deflate-cut.h"

#include "duplex-guard-page.h"

static gsize
piece_size (const DuplexDeflateCut *cut,
            gsize                   n,
            gsize                   left)
{
  if (cut->n_pieces == 0)
    return left;

  return CLAMP (cut->pieces[n % cut->n_pieces], 1, left);
}

/* Room for the largest piece. */
static DuplexGuardPage *
new_piece_page (const DuplexDeflateCut *cut,
                gsize                   len)
{
  return duplex_guard_page_new (cut->n_pieces == 0 ? MAX (len, 1) : G_MAXUINT8);
}

/* Feeds until a step fails or all is fed. */
static DuplexInflateStep
feed_piece (DuplexInflater  *inflater,
            DuplexGuardPage *room_page,
            const guint8    *data,
            gsize            len,
            gsize            room,
            GByteArray      *out)
{
  DuplexInflateStep step;

  do
    {
      guint8       *place = duplex_guard_page_place (room_page, NULL, room);
      const guint8 *before = data;
      gsize         len_before = len;
      gsize         n;

      step = duplex_inflater_feed (inflater, &data, &len, place, room, &n);
      g_assert_cmpuint (data - before, ==, len_before - len);
      g_assert_cmpuint (n, <=, room);
      if (step == DUPLEX_INFLATE_NEED_MORE)
        g_assert_cmpuint (len, ==, 0);
      if (step == DUPLEX_INFLATE_FULL)
        g_assert_cmpuint (n, ==, room);
      g_byte_array_append (out, place, n);
  } while (step == DUPLEX_INFLATE_FULL);

  return step;
}

gboolean
duplex_deflate_cut_inflate (const DuplexDeflateCut *cut,
                            DuplexInflater         *inflater,
                            const guint8           *payload,
                            gsize                   len,
                            GByteArray             *out)
{
  g_autoptr (DuplexGuardPage) data_page = new_piece_page (cut, len);
  g_autoptr (DuplexGuardPage) room_page = duplex_guard_page_new (cut->room);

  for (gsize n = 0; len > 0; n++)
    {
      gsize         size = piece_size (cut, n, len);
      const guint8 *data = duplex_guard_page_place (data_page, payload, size);

      if (feed_piece (inflater, room_page, data, size, cut->room, out) == DUPLEX_INFLATE_FAILED)
        return FALSE;
      payload += size;
      len -= size;
    }

  return duplex_inflater_end (inflater);
}

void
duplex_deflate_cut_deflate (const DuplexDeflateCut *cut,
                            DuplexDeflater         *deflater,
                            const guint8           *data,
                            gsize                   len,
                            GByteArray             *out)
{
  g_autoptr (DuplexGuardPage) data_page = new_piece_page (cut, len);

  for (gsize n = 0; len > 0; n++)
    {
      gsize size = piece_size (cut, n, len);

      duplex_deflater_feed (deflater, duplex_guard_page_place (data_page, data, size), size, out);
      data += size;
      len -= size;
    }

  duplex_deflater_end (deflater, out);
}

GByteArray *
duplex_deflate_cut_new_text (gsize size)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; text->len < size; i++)
    g_string_append_printf (text, "{\"id\":%u,\"price\":%u.%02u,\"side\":\"%s\"}\n", i,
                            i * 7919 % 1000, i * 31 % 100, i % 3 == 0 ? "buy" : "sell");
  g_string_truncate (text, size);
  return g_bytes_unref_to_array (g_string_free_to_bytes (text));
}

GByteArray *
duplex_deflate_cut_new_noise (gsize size)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (size);
  GByteArray       *noise = g_byte_array_new ();

  g_byte_array_set_size (noise, size);
  for (gsize i = 0; i < size; i++)
    noise->data[i] = g_rand_int (rand) >> 24;
  return noise;
}
