/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-deflate.h"

#include <string.h>
#include <zlib.h>

#include "duplex-deflate-cut.h"
#include "duplex-hex.h"

#define PATH "/core/deflate-round-trip/"

#define KIB  ((gsize)1024)

static const DuplexDeflateDirection takeover = { FALSE, 15 };
static const DuplexDeflateDirection no_takeover = { TRUE, 15 };

static const guint8 one[] = { 1 };
static const guint8 some[] = { 125, 1, 0, 250 };

static const DuplexDeflateCut cuts[] = {
  { NULL, 0, 64 * KIB },
  { one, 1, 64 * KIB },
  { one, 1, 1 },
  { some, 4, 300 },
};

static const DuplexDeflateCut *const whole = &cuts[0];

/* RFC 7692's own examples. */
static void
test_examples (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (i ? &no_takeover : &takeover,
                                                                 -1, 0);
      g_autoptr (GByteArray) out = g_byte_array_new ();
      g_autofree char       *hex = NULL;

      duplex_deflate_cut_deflate (whole, deflater, (const guint8 *)"Hello", 5, out);
      duplex_deflate_cut_deflate (whole, deflater, (const guint8 *)"Hello", 5, out);
      duplex_deflate_cut_deflate (whole, deflater, NULL, 0, out);
      duplex_deflate_cut_deflate (whole, deflater, NULL, 0, out);
      hex = duplex_hex_encode (out->data, out->len);
      g_assert_cmpstr (hex, ==,
                       i ? "f248cdc9c90700"
                           "f248cdc9c90700"
                           "00"
                           "00"
                         : "f248cdc9c90700"
                           "f200110000"
                           "00"
                           "00");
    }
}

/* With a window of so many bits and not a byte more: with one byte of output at a time zlib keeps
 * nothing that is beyond it. */
static gboolean
is_within_window (GPtrArray *payloads,
                  gboolean   reset,
                  guint      bits)
{
  static guint8 flush[] = { 0x00, 0x00, 0xff, 0xff };
  z_stream      z = { 0 };
  int           status = inflateInit2 (&z, -(int)bits);

  for (guint i = 0; i < 2 * payloads->len && status != Z_DATA_ERROR; i++)
    {
      GByteArray *payload = payloads->pdata[i / 2];
      guint8      out;

      z.next_in = i % 2 == 0 ? payload->data : flush;
      z.avail_in = i % 2 == 0 ? payload->len : sizeof flush;
      do
        {
          z.next_out = &out;
          z.avail_out = 1;
          status = inflate (&z, Z_SYNC_FLUSH);
      } while (status == Z_OK && (z.avail_out == 0 || z.avail_in > 0));
      if (reset && i % 2 == 1)
        inflateReset (&z);
    }

  inflateEnd (&z);
  return status != Z_DATA_ERROR;
}

/* The same noise again and again, at all distances up to beyond 32 KiB: whatever window there is is
 * used to its end. */
static GByteArray *
new_echoes (void)
{
  g_autoptr (GByteArray) phrase = duplex_deflate_cut_new_noise (40);
  GByteArray            *echoes = g_byte_array_new ();

  for (gsize gap = 50; gap < 40000; gap = gap * 3 / 2)
    {
      g_autoptr (GByteArray) noise = duplex_deflate_cut_new_noise (gap);

      g_byte_array_append (echoes, phrase->data, phrase->len);
      g_byte_array_append (echoes, noise->data, noise->len);
    }
  g_byte_array_append (echoes, phrase->data, phrase->len);
  return echoes;
}

static GPtrArray *
new_messages (void)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func ((GDestroyNotify)g_byte_array_unref);

  g_ptr_array_add (messages, duplex_deflate_cut_new_text (3000));
  g_ptr_array_add (messages, g_byte_array_new ());
  g_ptr_array_add (messages, duplex_deflate_cut_new_text (3500));
  g_ptr_array_add (messages, duplex_deflate_cut_new_noise (2000));
  g_ptr_array_add (messages, new_echoes ());
  g_ptr_array_add (messages, new_echoes ());
  g_ptr_array_add (messages, duplex_deflate_cut_new_noise (1));
  return messages;
}

/* The messages of a connection, there and back. */
static GPtrArray *
check_round_trip (GPtrArray                    *messages,
                  const DuplexDeflateDirection *direction,
                  int                           level,
                  int                           mem_level,
                  const DuplexDeflateCut       *in,
                  const DuplexDeflateCut       *out)
{
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (direction, level, mem_level);
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (direction, G_MAXUINT64);
  GPtrArray                 *payloads;

  payloads = g_ptr_array_new_with_free_func ((GDestroyNotify)g_byte_array_unref);
  for (guint i = 0; i < messages->len; i++)
    {
      GByteArray *message = messages->pdata[i];
      GByteArray *payload = g_byte_array_new ();

      g_autoptr (GByteArray) inflated = g_byte_array_new ();

      g_ptr_array_add (payloads, payload);
      duplex_deflate_cut_deflate (in, deflater, message->data, message->len, payload);
      g_assert_true (duplex_deflate_cut_inflate (out, inflater, payload->data, payload->len,
                                                 inflated));
      g_assert_cmpmem (inflated->data, inflated->len, message->data, message->len);
    }

  return payloads;
}

static void
test_windows (void)
{
  g_autoptr (GPtrArray) messages = new_messages ();

  for (guint i = 0; i < 16; i++)
    {
      const DuplexDeflateDirection direction = { i % 2, 8 + i / 2 };
      g_autoptr (GPtrArray)        payloads = NULL;

      payloads = check_round_trip (messages, &direction, -1, 0, whole, whole);
      g_assert_true (is_within_window (payloads, direction.no_context_takeover,
                                       direction.window_bits));
      /* The test would see it. 9 bits are not told from 8: zlib keeps that much distance from its
       * window's end. */
      if (direction.window_bits > 9)
        g_assert_false (is_within_window (payloads, direction.no_context_takeover, 8));
    }
}

static void
test_levels (void)
{
  static const int      mem_levels[] = { 1, 4, 9 };
  g_autoptr (GPtrArray) messages = new_messages ();

  for (int level = -1; level <= 9; level++)
    {
      for (guint bits = 8; bits <= 15; bits += level == 0 ? 1 : 7)
        {
          const DuplexDeflateDirection direction = { level % 2 == 0, bits };
          g_autoptr (GPtrArray)        payloads = NULL;

          payloads = check_round_trip (messages, &direction, level, mem_levels[(level + 1) % 3],
                                       &cuts[0], &cuts[3]);
          g_assert_true (is_within_window (payloads, direction.no_context_takeover, bits));
        }
    }
}

static void
test_pieces (void)
{
  g_autoptr (GPtrArray) messages = new_messages ();

  for (gsize i = 0; i < G_N_ELEMENTS (cuts); i++)
    {
      for (gsize k = 0; k < G_N_ELEMENTS (cuts); k++)
        {
          const DuplexDeflateDirection direction = { k % 2, 8 + (i + k) % 8 };
          g_autoptr (GPtrArray)        payloads = NULL;

          payloads = check_round_trip (messages, &direction, -1, 0, &cuts[i], &cuts[k]);
          g_assert_cmpuint (payloads->len, ==, messages->len);
        }
    }
}

/* Sizes at which what is ready just fills the room for it. */
static void
test_sizes (void)
{
  g_autoptr (GPtrArray) messages = NULL;
  g_autoptr (GPtrArray) payloads = NULL;

  messages = g_ptr_array_new_with_free_func ((GDestroyNotify)g_byte_array_unref);
  for (gsize size = 0; size < 700; size++)
    g_ptr_array_add (messages, duplex_deflate_cut_new_noise (size));
  for (gsize size = 16 * KIB - 100; size < 16 * KIB + 100; size++)
    g_ptr_array_add (messages, duplex_deflate_cut_new_noise (size));

  payloads = check_round_trip (messages, &no_takeover, -1, 0, whole, whole);
  for (guint i = 0; i < messages->len; i++)
    {
      GByteArray *message = messages->pdata[i];
      GByteArray *payload = payloads->pdata[i];

      g_assert_cmpuint (payload->len, <=, message->len + message->len / 1000 + 16);
    }
}

/* With context takeover the second message costs next to nothing; without, what the first did. */
static void
test_takeover_pays (void)
{
  g_autoptr (GByteArray) noise = duplex_deflate_cut_new_noise (1000);

  for (guint i = 0; i < 2; i++)
    {
      const DuplexDeflateDirection direction = { i, 15 };
      g_autoptr (DuplexDeflater)   deflater = duplex_deflater_new (&direction, -1, 0);
      g_autoptr (GByteArray)       first = g_byte_array_new ();
      g_autoptr (GByteArray)       second = g_byte_array_new ();

      duplex_deflate_cut_deflate (whole, deflater, noise->data, noise->len, first);
      duplex_deflate_cut_deflate (whole, deflater, noise->data, noise->len, second);
      g_assert_cmpuint (first->len, >, 1000);
      if (direction.no_context_takeover)
        g_assert_cmpmem (first->data, first->len, second->data, second->len);
      else
        g_assert_cmpuint (second->len, <, 50);
    }
}

/* A large message in pieces: each gives no more than was put in, about, and what was in out
 * stays. */
static void
test_streams (void)
{
  g_autoptr (DuplexDeflater) deflater = duplex_deflater_new (&takeover, 1, 0);
  g_autoptr (DuplexInflater) inflater = duplex_inflater_new (&takeover, G_MAXUINT64);
  g_autoptr (GByteArray)     noise = duplex_deflate_cut_new_noise (64 * KIB);
  g_autoptr (GByteArray)     out = g_byte_array_new ();
  g_autoptr (GByteArray)     inflated = g_byte_array_new ();
  g_autoptr (GByteArray)     payload = g_byte_array_new ();

  for (guint i = 0; i <= 64; i++)
    {
      g_byte_array_set_size (out, 0);
      g_byte_array_append (out, (const guint8 *)"kept", 4);
      if (i < 64)
        {
          noise->data[i] ^= 0xff;
          duplex_deflater_feed (deflater, noise->data, noise->len, out);
        }
      else
        duplex_deflater_end (deflater, out);
      g_assert_cmpmem (out->data, 4, "kept", 4);
      g_assert_cmpuint (out->len, <, 2 * noise->len);
      g_byte_array_append (payload, out->data + 4, out->len - 4);
    }

  g_assert_true (duplex_deflate_cut_inflate (whole, inflater, payload->data, payload->len,
                                             inflated));
  g_assert_cmpuint (inflated->len, ==, 64 * noise->len);
  g_assert_cmpmem (inflated->data + 63 * noise->len, noise->len, noise->data, noise->len);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func (PATH "examples", test_examples);
  g_test_add_func (PATH "windows", test_windows);
  g_test_add_func (PATH "levels", test_levels);
  g_test_add_func (PATH "pieces", test_pieces);
  g_test_add_func (PATH "sizes", test_sizes);
  g_test_add_func (PATH "takeover-pays", test_takeover_pays);
  g_test_add_func (PATH "streams", test_streams);

  return g_test_run ();
}
