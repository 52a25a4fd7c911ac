/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-frame-encoder.h"

#include <string.h>

#include "duplex-hex.h"

/* The mask of the RFC's examples (§5.7), and how often it was asked for. */
static void
example_mask (guint8   mask[4],
              gpointer user_data)
{
  static const guint8 example[4] = { 0x37, 0xfa, 0x21, 0x3d };
  guint              *count = user_data;

  memcpy (mask, example, sizeof example);
  *count += 1;
}

static void
assert_bytes_hex (GBytes     *bytes,
                  const char *hex)
{
  g_autoptr (GBytes) expected = duplex_hex_decode (hex);

  g_assert_true (g_bytes_equal (bytes, expected));
}

/* The examples of §5.7 that are one frame. */
static void
test_rfc_examples (void)
{
  static const struct
  {
    DuplexRole   role;
    DuplexOpcode opcode;
    const char  *hex;
  } examples[] = {
    { DUPLEX_ROLE_SERVER, DUPLEX_OPCODE_TEXT, "81 05 48 65 6c 6c 6f" },
    { DUPLEX_ROLE_CLIENT, DUPLEX_OPCODE_TEXT, "81 85 37 fa 21 3d 7f 9f 4d 51 58" },
    { DUPLEX_ROLE_SERVER, DUPLEX_OPCODE_PING, "89 05 48 65 6c 6c 6f" },
    { DUPLEX_ROLE_CLIENT, DUPLEX_OPCODE_PONG, "8a 85 37 fa 21 3d 7f 9f 4d 51 58" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      g_autoptr (GBytes) frame = NULL;
      guint              count = 0;

      frame = duplex_frame_encode_simple (examples[i].role, examples[i].opcode,
                                          (const guint8 *)"Hello", 5, example_mask, &count);
      assert_bytes_hex (frame, examples[i].hex);
      g_assert_cmpuint (count, ==, examples[i].role == DUPLEX_ROLE_CLIENT ? 1 : 0);
    }
}

/* §5.7: the fragmented "Hello", and 256 bytes and 64 KiB of binary. */
static void
test_rfc_fragments_and_lengths (void)
{
  static const DuplexFrameHeader first = { .opcode = 1, .length_bits = 7, .length = 3 };
  static const DuplexFrameHeader last = { .fin = TRUE, .length_bits = 7, .length = 2 };
  g_autoptr (GBytes)             hel = duplex_frame_encode (&first, (const guint8 *)"Hel", 3);
  g_autoptr (GBytes)             lo = duplex_frame_encode (&last, (const guint8 *)"lo", 2);
  g_autofree guint8             *zeros = g_malloc0 (65536);
  g_autoptr (GBytes)             small = NULL;
  g_autoptr (GBytes)             large = NULL;
  g_autoptr (GBytes)             small_header = NULL;
  g_autoptr (GBytes)             large_header = NULL;

  assert_bytes_hex (hel, "01 03 48 65 6c");
  assert_bytes_hex (lo, "80 02 6c 6f");

  small = duplex_frame_encode_simple (DUPLEX_ROLE_SERVER, DUPLEX_OPCODE_BINARY, zeros, 256, NULL,
                                      NULL);
  large = duplex_frame_encode_simple (DUPLEX_ROLE_SERVER, DUPLEX_OPCODE_BINARY, zeros, 65536, NULL,
                                      NULL);
  small_header = g_bytes_new_from_bytes (small, 0, 4);
  large_header = g_bytes_new_from_bytes (large, 0, 10);
  assert_bytes_hex (small_header, "82 7e 01 00");
  assert_bytes_hex (large_header, "82 7f 00 00 00 00 00 01 00 00");
  g_assert_cmpuint (g_bytes_get_size (small), ==, 4 + 256);
  g_assert_cmpuint (g_bytes_get_size (large), ==, 10 + 65536);
}

/* What was encoded is decoded to the same, for sizes on both sides of every border. */
static void
test_round_trip (void)
{
  static const gsize sizes[] = { 0, 1, 124, 125, 126, 127, 65534, 65535, 65536, 65537 };
  g_autofree guint8 *payload = g_malloc (65537);

  for (gsize i = 0; i < 65537; i++)
    payload[i] = i * 31;

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (sizes); i++)
    {
      DuplexRole         role = i % 2 == 0 ? DUPLEX_ROLE_CLIENT : DUPLEX_ROLE_SERVER;
      gsize              size = sizes[i / 2];
      g_autoptr (GBytes) frame = NULL;
      g_autofree guint8 *clear = g_malloc (size + 1);
      DuplexFrameHeader  header;
      const guint8      *data;
      gsize              header_size;
      gsize              len;

      frame = duplex_frame_encode_simple (role, DUPLEX_OPCODE_BINARY, payload, size,
                                          duplex_mask_source_random, NULL);
      data = g_bytes_get_data (frame, &len);
      header_size = duplex_frame_header_decode (data, len, &header);
      g_assert_cmpuint (header_size, >, 0);
      g_assert_cmpuint (header.length, ==, size);
      g_assert_cmpuint (header.length_bits, ==, duplex_frame_minimal_length_bits (size));
      g_assert_cmpint (header.masked, ==, role == DUPLEX_ROLE_CLIENT);
      g_assert_true (header.fin);
      g_assert_cmpuint (len, ==, header_size + size);

      duplex_mask (clear, data + header_size, size, header.mask, 0);
      g_assert_cmpmem (clear, size, payload, size);
    }
}

/* Everything that RFC 6455 forbids can be written. */
static void
test_illegal_frames (void)
{
  static const struct
  {
    DuplexFrameHeader header;
    const char       *hex;
  } frames[] = {
    { { .fin = TRUE, .rsv1 = TRUE, .rsv2 = TRUE, .rsv3 = TRUE, .opcode = 0xf, .length_bits = 7 },
      "ff 00" },
    { { .opcode = 0x9, .length_bits = 16, .length = 2 }, "09 7e 00 02 78 79" },
    { { .fin = TRUE, .opcode = 0x3, .length_bits = 64, .length = 1 },
      "83 7f 00 00 00 00 00 00 00 01 78" },
    { { .fin = TRUE, .opcode = 0x1, .masked = TRUE, .length_bits = 7, .length = 2 },
      "81 82 00 00 00 00 78 79" },
    { { .opcode = 0x8, .masked = TRUE, .mask = { 1, 2, 3, 4 }, .length_bits = 16, .length = 2 },
      "08 fe 00 02 01 02 03 04 79 7b" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      g_autoptr (GBytes) frame = duplex_frame_encode (&frames[i].header, (const guint8 *)"xy",
                                                      frames[i].header.length);

      assert_bytes_hex (frame, frames[i].hex);
    }
}

/* A control frame of 126 bytes, which is illegal, still gets the length that it needs. */
static void
test_long_control (void)
{
  guint8             payload[126] = { 0 };
  g_autoptr (GBytes) frame = duplex_frame_encode_simple (DUPLEX_ROLE_SERVER, DUPLEX_OPCODE_PING,
                                                         payload, sizeof payload, NULL, NULL);
  g_autoptr (GBytes) header = g_bytes_new_from_bytes (frame, 0, 4);

  assert_bytes_hex (header, "89 7e 00 7e");
}

/* A header that does not describe the payload is the caller's mistake. */
static void
test_wrong_length (void)
{
  static const DuplexFrameHeader header = { .opcode = 1, .length_bits = 7, .length = 3 };

  g_test_expect_message (NULL, G_LOG_LEVEL_CRITICAL, "*assertion*failed*");
  g_assert_null (duplex_frame_encode (&header, (const guint8 *)"ab", 2));
  g_test_assert_expected_messages ();
}

/* Two of 1,000 keys of 32 bits are the same once in 8,600 runs, three repetitions take many
 * millions of runs. A source that repeats itself shows hundreds. */
static void
test_random_masks (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  guint                  repeated = 0;

  for (int i = 0; i < 1000; i++)
    {
      guint8  mask[4];
      guint32 key;

      duplex_mask_source_random (mask, NULL);
      memcpy (&key, mask, sizeof key);
      if (!g_hash_table_add (seen, GUINT_TO_POINTER (key)))
        repeated++;
    }

  g_assert_cmpuint (repeated, <, 3);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/frame-encoder/rfc-examples", test_rfc_examples);
  g_test_add_func ("/core/frame-encoder/rfc-fragments-and-lengths", test_rfc_fragments_and_lengths);
  g_test_add_func ("/core/frame-encoder/round-trip", test_round_trip);
  g_test_add_func ("/core/frame-encoder/illegal", test_illegal_frames);
  g_test_add_func ("/core/frame-encoder/long-control", test_long_control);
  g_test_add_func ("/core/frame-encoder/wrong-length", test_wrong_length);
  g_test_add_func ("/core/frame-encoder/random-masks", test_random_masks);

  return g_test_run ();
}
