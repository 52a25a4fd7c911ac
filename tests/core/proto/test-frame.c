/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-frame.h"

#include <string.h>

#include "duplex-guard-page.h"

/* A length in each of the encodings that can carry it, and its bytes without the MASK bit. */
typedef struct
{
  guint8  bits;
  guint64 length;
  guint8  bytes[9];
  gsize   n_bytes;
} Length;

static const Length lengths[] = {
  { 7, 0, { 0x00 }, 1 },
  { 7, 1, { 0x01 }, 1 },
  { 7, 125, { 0x7d }, 1 },
  { 16, 0, { 0x7e, 0x00, 0x00 }, 3 },
  { 16, 125, { 0x7e, 0x00, 0x7d }, 3 },
  { 16, 126, { 0x7e, 0x00, 0x7e }, 3 },
  { 16, 0x1234, { 0x7e, 0x12, 0x34 }, 3 },
  { 16, 65535, { 0x7e, 0xff, 0xff }, 3 },
  { 64, 0, { 0x7f }, 9 },
  { 64, 125, { 0x7f, [8] = 0x7d }, 9 },
  { 64, 65535, { 0x7f, [7] = 0xff, [8] = 0xff }, 9 },
  { 64, 65536, { 0x7f, [6] = 0x01 }, 9 },
  { 64,
    G_GUINT64_CONSTANT (0x0102030405060708),
    { 0x7f, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08 },
    9 },
  { 64, G_MAXINT64, { 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 9 },
  { 64, (guint64)G_MAXINT64 + 1, { 0x7f, 0x80 }, 9 },
  { 64, G_MAXUINT64, { 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 9 },
};

static const guint8 test_mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

/* The bytes of a header, put together without the code that is tested. */
static gsize
write_expected (guint8        first,
                gboolean      masked,
                const Length *length,
                guint8        out[DUPLEX_FRAME_HEADER_MAX])
{
  gsize size = 1;

  out[0] = first;
  memcpy (out + size, length->bytes, length->n_bytes);
  if (masked)
    out[1] |= 0x80;
  size += length->n_bytes;
  if (masked)
    {
      memcpy (out + size, test_mask, sizeof test_mask);
      size += sizeof test_mask;
    }

  return size;
}

static void
assert_header (const DuplexFrameHeader *header,
               guint8                   first,
               gboolean                 masked,
               const Length            *length)
{
  static const guint8 no_mask[4] = { 0 };

  g_assert_cmpint (header->fin, ==, (first & 0x80) != 0);
  g_assert_cmpint (header->rsv1, ==, (first & 0x40) != 0);
  g_assert_cmpint (header->rsv2, ==, (first & 0x20) != 0);
  g_assert_cmpint (header->rsv3, ==, (first & 0x10) != 0);
  g_assert_cmpuint (header->opcode, ==, first & 0x0f);
  g_assert_cmpint (header->masked, ==, masked);
  g_assert_cmpmem (header->mask, 4, masked ? test_mask : no_mask, 4);
  g_assert_cmpuint (header->length_bits, ==, length->bits);
  g_assert_cmpuint (header->length, ==, length->length);
}

static void
check_one_header (DuplexGuardPage *guard,
                  guint8           first,
                  gboolean         masked,
                  const Length    *length)
{
  guint8            expected[DUPLEX_FRAME_HEADER_MAX];
  guint8            written[DUPLEX_FRAME_HEADER_MAX];
  gsize             size = write_expected (first, masked, length, expected);
  DuplexFrameHeader header = { .opcode = 0x77 };

  for (gsize cut = 0; cut < size; cut++)
    {
      const guint8 *bytes = duplex_guard_page_place (guard, expected, cut);

      g_assert_cmpuint (duplex_frame_header_decode (bytes, cut, &header), ==, 0);
      g_assert_cmpuint (header.opcode, ==, 0x77);
    }

  g_assert_cmpuint (duplex_frame_header_decode (duplex_guard_page_place (guard, expected, size),
                                                size, &header),
                    ==, size);
  assert_header (&header, first, masked, length);
  g_assert_cmpuint (duplex_frame_header_get_size (&header), ==, size);
  g_assert_cmpuint (duplex_frame_header_encode (&header, written), ==, size);
  g_assert_cmpmem (written, size, expected, size);
}

/* Every FIN, RSV and opcode, masked and not, with every form of a length: each prefix asks for
 * more, the whole reads as what it is, and it is written back as it was. */
static void
test_every_header (void)
{
  g_autoptr (DuplexGuardPage) guard = duplex_guard_page_new (DUPLEX_FRAME_HEADER_MAX);

  for (guint first = 0; first <= 0xff; first++)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
        {
          check_one_header (guard, first, /* masked= */ FALSE, &lengths[i]);
          check_one_header (guard, first, /* masked= */ TRUE, &lengths[i]);
        }
    }
}

/* What stands behind a header is not looked at. */
static void
test_ignores_payload (void)
{
  static const guint8 bytes[] = { 0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f };
  DuplexFrameHeader   header;

  g_assert_cmpuint (duplex_frame_header_decode (bytes, sizeof bytes, &header), ==, 2);
  g_assert_cmpuint (header.length, ==, 5);
}

/* The encoder keeps inside the header's size: the rest of the buffer is untouched. */
static void
test_encode_writes_no_more (void)
{
  static const DuplexFrameHeader header = { .opcode = 1, .length_bits = 7, .length = 5 };
  guint8                         out[DUPLEX_FRAME_HEADER_MAX];

  memset (out, 0xaa, sizeof out);
  g_assert_cmpuint (duplex_frame_header_encode (&header, out), ==, 2);
  for (gsize i = 2; i < sizeof out; i++)
    g_assert_cmpuint (out[i], ==, 0xaa);
}

/* Truth is any non-zero gboolean: bits must not leak into neighbours. */
static void
test_encode_any_true (void)
{
  const DuplexFrameHeader header = {
    .fin = 2, .rsv1 = 4, .rsv2 = -1, .rsv3 = 0x100, .opcode = 2, .masked = 8, .length_bits = 7
  };
  guint8 out[DUPLEX_FRAME_HEADER_MAX];

  g_assert_cmpuint (duplex_frame_header_encode (&header, out), ==, 6);
  g_assert_cmpuint (out[0], ==, 0xf2);
  g_assert_cmpuint (out[1], ==, 0x80);
}

/* A length that the named encoding cannot hold is the caller's mistake. */
static void
test_encode_refuses_length (void)
{
  static const struct
  {
    guint8  bits;
    guint64 length;
    guint8  opcode;
  } bad[] = {
    { 7, 126, 1 },
    { 7, G_MAXUINT64, 1 },
    { 16, 65536, 1 },
    { 0, 0, 1 },
    { 8, 1, 1 },
    { 63, 1, 1 },
    { 7, 1, 16 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const DuplexFrameHeader header = {
        .opcode = bad[i].opcode, .length_bits = bad[i].bits, .length = bad[i].length
      };
      guint8 out[DUPLEX_FRAME_HEADER_MAX];

      g_test_expect_message (NULL, G_LOG_LEVEL_CRITICAL, "*assertion*failed*");
      g_assert_cmpuint (duplex_frame_header_encode (&header, out), ==, 0);
      g_test_assert_expected_messages ();
    }
}

static void
test_minimal_length (void)
{
  static const struct
  {
    guint64 length;
    guint8  bits;
  } cases[] = {
    { 0, 7 },
    { 125, 7 },
    { 126, 16 },
    { 65535, 16 },
    { 65536, 64 },
    { G_MAXINT64, 64 },
    { G_MAXUINT64, 64 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpuint (duplex_frame_minimal_length_bits (cases[i].length), ==, cases[i].bits);
}

static void
test_opcodes (void)
{
  static const struct
  {
    const char *name;
    gboolean    control;
    gboolean    reserved;
  } opcodes[16] = {
    { "continuation", FALSE, FALSE },
    { "text", FALSE, FALSE },
    { "binary", FALSE, FALSE },
    { "reserved 0x3", FALSE, TRUE },
    { "reserved 0x4", FALSE, TRUE },
    { "reserved 0x5", FALSE, TRUE },
    { "reserved 0x6", FALSE, TRUE },
    { "reserved 0x7", FALSE, TRUE },
    { "close", TRUE, FALSE },
    { "ping", TRUE, FALSE },
    { "pong", TRUE, FALSE },
    { "reserved 0xb", TRUE, TRUE },
    { "reserved 0xc", TRUE, TRUE },
    { "reserved 0xd", TRUE, TRUE },
    { "reserved 0xe", TRUE, TRUE },
    { "reserved 0xf", TRUE, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (opcodes); i++)
    {
      g_assert_cmpstr (duplex_opcode_get_name (i), ==, opcodes[i].name);
      g_assert_cmpint (duplex_opcode_is_control (i), ==, opcodes[i].control);
      g_assert_cmpint (duplex_opcode_is_reserved (i), ==, opcodes[i].reserved);
    }
}

/* A number that four bits cannot hold, as a damaged file may have it, has answers too. */
static void
test_opcode_out_of_range (void)
{
  for (guint i = 16; i <= G_MAXUINT8; i++)
    {
      g_assert_cmpstr (duplex_opcode_get_name (i), ==, "unknown");
      g_assert_false (duplex_opcode_is_control (i));
      g_assert_true (duplex_opcode_is_reserved (i));
    }
}

/* §5.7: "Hello" under the mask of the RFC's example. */
static void
test_mask_example (void)
{
  static const guint8 masked[] = { 0x7f, 0x9f, 0x4d, 0x51, 0x58 };
  guint8              clear[5];

  duplex_mask (clear, masked, sizeof masked, test_mask, 0);
  g_assert_cmpmem (clear, sizeof clear, "Hello", 5);
}

/* Against the definition of §5.3, byte by byte, for every size around the wide steps, from each
 * position in the mask, and with source and destination right before a guard page. */
static void
test_mask_every_size (void)
{
  enum {
    LARGEST = 200
  };
  g_autoptr (DuplexGuardPage) from = duplex_guard_page_new (LARGEST);
  g_autoptr (DuplexGuardPage) to = duplex_guard_page_new (LARGEST);
  guint8                      bytes[LARGEST];

  for (gsize i = 0; i < LARGEST; i++)
    bytes[i] = i * 7 + 3;

  for (gsize len = 0; len <= LARGEST; len++)
    {
      for (guint64 offset = 0; offset < 9; offset++)
        {
          const guint8 *src = duplex_guard_page_place (from, bytes, len);
          guint8       *dst = duplex_guard_page_place (to, NULL, len);

          duplex_mask (dst, src, len, test_mask, offset);
          for (gsize i = 0; i < len; i++)
            g_assert_cmpuint (dst[i], ==, bytes[i] ^ test_mask[(offset + i) % 4]);

          duplex_mask (dst, dst, len, test_mask, offset);
          g_assert_cmpmem (dst, len, bytes, len);
        }
    }
}

/* Source and destination at every alignment, which need not be the same, and one in the other's
 * place. */
static void
test_mask_every_alignment (void)
{
  enum {
    LARGEST = 200,
    ALIGNMENTS = 64
  };
  guint8 from[ALIGNMENTS + LARGEST];
  guint8 to[ALIGNMENTS + LARGEST];

  for (gsize len = 0; len <= LARGEST; len++)
    {
      for (gsize alignment = 0; alignment < ALIGNMENTS; alignment++)
        {
          guint8 *src = from + alignment;
          guint8 *dst = to + (alignment * 5 + len) % ALIGNMENTS;
          guint64 offset = alignment / 2;

          for (gsize i = 0; i < len; i++)
            src[i] = i * 7 + alignment;
          memset (to, 0xaa, sizeof to);
          duplex_mask (dst, src, len, test_mask, offset);
          duplex_mask (src, src, len, test_mask, offset);
          g_assert_cmpmem (dst, len, src, len);
          for (gsize i = 0; i < len; i++)
            g_assert_cmpuint (src[i] ^ test_mask[(offset + i) % 4], ==, (i * 7 + alignment) & 0xff);
          for (const guint8 *p = to; p < to + sizeof to; p++)
            g_assert_true ((p >= dst && p < dst + len) || *p == 0xaa);
        }
    }
}

/* Bytes on both sides of the destination stay. */
static void
test_mask_keeps_neighbours (void)
{
  guint8 buffer[100];

  for (gsize len = 0; len <= 80; len++)
    {
      memset (buffer, 0xaa, sizeof buffer);
      duplex_mask (buffer + 10, buffer + 10, len, test_mask, 1);
      for (gsize i = 0; i < sizeof buffer; i++)
        {
          if (i < 10 || i >= 10 + len)
            g_assert_cmpuint (buffer[i], ==, 0xaa);
        }
    }
}

/* A payload that is masked piece by piece is the same as the whole, and offsets beyond 32 bits and
 * at the end of 64 keep their place in the mask. */
static void
test_mask_in_pieces (void)
{
  static const guint64 bases[] = { 0, G_MAXUINT32, G_MAXUINT64 - 7 };
  guint8               bytes[97] = { 0 };
  guint8               whole[97];
  guint8               pieces[97];

  for (gsize b = 0; b < G_N_ELEMENTS (bases); b++)
    {
      duplex_mask (whole, bytes, sizeof bytes, test_mask, bases[b]);
      g_assert_cmpuint (whole[0], ==, test_mask[bases[b] % 4]);

      for (gsize cut = 0; cut <= sizeof bytes; cut++)
        {
          duplex_mask (pieces, bytes, cut, test_mask, bases[b]);
          duplex_mask (pieces + cut, bytes + cut, sizeof bytes - cut, test_mask, bases[b] + cut);
          g_assert_cmpmem (pieces, sizeof pieces, whole, sizeof whole);
        }
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/frame/header/every", test_every_header);
  g_test_add_func ("/core/frame/header/ignores-payload", test_ignores_payload);
  g_test_add_func ("/core/frame/header/encode-writes-no-more", test_encode_writes_no_more);
  g_test_add_func ("/core/frame/header/encode-any-true", test_encode_any_true);
  g_test_add_func ("/core/frame/header/encode-refuses-length", test_encode_refuses_length);
  g_test_add_func ("/core/frame/minimal-length", test_minimal_length);
  g_test_add_func ("/core/frame/opcodes", test_opcodes);
  g_test_add_func ("/core/frame/opcode-out-of-range", test_opcode_out_of_range);
  g_test_add_func ("/core/frame/mask/example", test_mask_example);
  g_test_add_func ("/core/frame/mask/every-size", test_mask_every_size);
  g_test_add_func ("/core/frame/mask/every-alignment", test_mask_every_alignment);
  g_test_add_func ("/core/frame/mask/keeps-neighbours", test_mask_keeps_neighbours);
  g_test_add_func ("/core/frame/mask/in-pieces", test_mask_in_pieces);

  return g_test_run ();
}
