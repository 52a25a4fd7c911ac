/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/proto/duplex-frame-decoder.h"
#include "core/proto/duplex-frame-encoder.h"

static void
assert_same_header (const DuplexFrameHeader *a,
                    const DuplexFrameHeader *b)
{
  g_assert_cmpint (a->fin, ==, b->fin);
  g_assert_cmpint (a->rsv1, ==, b->rsv1);
  g_assert_cmpint (a->rsv2, ==, b->rsv2);
  g_assert_cmpint (a->rsv3, ==, b->rsv3);
  g_assert_cmpuint (a->opcode, ==, b->opcode);
  g_assert_cmpint (a->masked, ==, b->masked);
  g_assert_cmpuint (a->length_bits, ==, b->length_bits);
  g_assert_cmpuint (a->length, ==, b->length);
  if (a->masked)
    g_assert_cmpmem (a->mask, 4, b->mask, 4);
}

/* Decodes what must be exactly one frame with that header and payload. */
static void
check_frame (GBytes                  *frame,
             const DuplexFrameHeader *header,
             const guint8            *payload,
             gsize                    payload_size)
{
  g_autoptr (DuplexFrameDecoder) decoder = duplex_frame_decoder_new ();
  g_autofree guint8             *clear = g_malloc (payload_size + 1);
  gsize                          len;
  const guint8                  *data = g_bytes_get_data (frame, &len);
  DuplexSlice                    slice;

  g_assert_cmpint (duplex_frame_decoder_step (decoder, &data, &len, &slice), ==,
                   DUPLEX_DECODE_HEADER);
  assert_same_header (duplex_frame_decoder_get_header (decoder), header);
  if (payload_size > 0)
    {
      g_assert_cmpint (duplex_frame_decoder_step (decoder, &data, &len, &slice), ==,
                       DUPLEX_DECODE_PAYLOAD);
      g_assert_cmpuint (slice.len, ==, payload_size);
      memcpy (clear, slice.data, slice.len);
      if (header->masked)
        duplex_mask (clear, clear, slice.len, header->mask, 0);
      g_assert_cmpmem (clear, slice.len, payload, payload_size);
    }
  g_assert_cmpint (duplex_frame_decoder_step (decoder, &data, &len, &slice), ==,
                   DUPLEX_DECODE_END);
  g_assert_cmpuint (len, ==, 0);
  g_assert_true (duplex_frame_decoder_is_idle (decoder));
}

static void
copy_mask (guint8   mask[4],
           gpointer user_data)
{
  memcpy (mask, user_data, 4);
}

/* The shortest form of a length that is asked for and can hold it. */
static guint8
pick_length_bits (guint8 wish,
                  gsize  payload_size)
{
  static const guint8 forms[] = { 7, 16, 64 };

  return MAX (forms[wish % G_N_ELEMENTS (forms)], duplex_frame_minimal_length_bits (payload_size));
}

static void
check_any (guint8        flags,
           guint8        second,
           const guint8  mask[4],
           const guint8 *payload,
           gsize         payload_size)
{
  DuplexFrameHeader header = {
    .fin = (flags & 0x80) != 0,
    .rsv1 = (flags & 0x40) != 0,
    .rsv2 = (flags & 0x20) != 0,
    .rsv3 = (flags & 0x10) != 0,
    .opcode = flags & 0x0f,
    .masked = (second & 0x80) != 0,
    .length_bits = pick_length_bits (second, payload_size),
    .length = payload_size,
  };
  g_autoptr (GBytes) frame = NULL;

  memcpy (header.mask, mask, sizeof header.mask);
  frame = duplex_frame_encode (&header, payload, payload_size);
  check_frame (frame, &header, payload, payload_size);
}

static void
check_simple (guint8        flags,
              guint8        second,
              guint8        mask[4],
              const guint8 *payload,
              gsize         payload_size)
{
  DuplexRole        role = (second & 0x80) != 0 ? DUPLEX_ROLE_CLIENT : DUPLEX_ROLE_SERVER;
  DuplexFrameHeader header = {
    .fin = TRUE,
    .opcode = flags & 0x0f,
    .masked = role == DUPLEX_ROLE_CLIENT,
    .length_bits = duplex_frame_minimal_length_bits (payload_size),
    .length = payload_size,
  };
  g_autoptr (GBytes) frame = NULL;

  memcpy (header.mask, mask, sizeof header.mask);
  frame = duplex_frame_encode_simple (role, header.opcode, payload, payload_size, copy_mask, mask);
  check_frame (frame, &header, payload, payload_size);
}

/* Any frame that can be described is written so that it is read as what it was. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzInput              input = { data, size };
  guint8                 flags = fuzz_take_byte (&input);
  guint8                 second = fuzz_take_byte (&input);
  guint8                 repeat = fuzz_take_byte (&input);
  guint8                 mask[4];
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  for (gsize i = 0; i < sizeof mask; i++)
    mask[i] = fuzz_take_byte (&input);

  /* A payload over the borders of the length without an input of that size. */
  for (guint i = 0; i <= repeat && payload->len < 70000; i++)
    g_byte_array_append (payload, input.data, input.size);

  check_any (flags, second, mask, payload->data, payload->len);
  check_simple (flags, second, mask, payload->data, payload->len);
  return 0;
}
