/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-frame.h"

#include <string.h>

/* The bits of the first two bytes, §5.2. */
enum {
  BIT_FIN = 0x80,
  BIT_RSV1 = 0x40,
  BIT_RSV2 = 0x20,
  BIT_RSV3 = 0x10,
  BITS_OPCODE = 0x0F,
  BIT_MASK = 0x80,
  BITS_LENGTH = 0x7F,
};

/* The highest 7-bit length that stands for itself, and the two that announce a longer field. */
enum {
  LENGTH_7_MAX = 125,
  LENGTH_IS_16 = 126,
  LENGTH_IS_64 = 127,
};

/* A register of SSE2 or NEON, which every x86-64 and aarch64 has. Compilers put larger vectors into
 * memory between two steps. */
typedef guint32 Vector __attribute__ ((vector_size (16)));

static const char *const opcode_names[16] = {
  [DUPLEX_OPCODE_CONTINUATION] = "continuation",
  [DUPLEX_OPCODE_TEXT] = "text",
  [DUPLEX_OPCODE_BINARY] = "binary",
  [0x3] = "reserved 0x3",
  [0x4] = "reserved 0x4",
  [0x5] = "reserved 0x5",
  [0x6] = "reserved 0x6",
  [0x7] = "reserved 0x7",
  [DUPLEX_OPCODE_CLOSE] = "close",
  [DUPLEX_OPCODE_PING] = "ping",
  [DUPLEX_OPCODE_PONG] = "pong",
  [0xB] = "reserved 0xb",
  [0xC] = "reserved 0xc",
  [0xD] = "reserved 0xd",
  [0xE] = "reserved 0xe",
  [0xF] = "reserved 0xf",
};

static gsize
extended_length_size (guint8 length_bits)
{
  switch (length_bits)
    {
    case 16:
      return 2;
    case 64:
      return 8;
    default:
      return 0;
    }
}

static guint64
read_big_endian (const guint8 *data,
                 gsize         size)
{
  guint64 value = 0;

  for (gsize i = 0; i < size; i++)
    value = value << 8 | data[i];

  return value;
}

static void
write_big_endian (guint8 *out,
                  gsize   size,
                  guint64 value)
{
  for (gsize i = size; i > 0; i--)
    {
      out[i - 1] = value & 0xFF;
      value >>= 8;
    }
}

gsize
duplex_frame_header_decode (const guint8      *data,
                            gsize              len,
                            DuplexFrameHeader *ret_header)
{
  DuplexFrameHeader header = { 0 };
  gsize             extended;
  gsize             size;
  guint8            length;

  g_return_val_if_fail (data != NULL || len == 0, 0);
  g_return_val_if_fail (ret_header != NULL, 0);

  if (len < 2)
    return 0;

  length = data[1] & BITS_LENGTH;
  header.length_bits = length == LENGTH_IS_64 ? 64 : length == LENGTH_IS_16 ? 16
                                                                            : 7;
  header.masked = (data[1] & BIT_MASK) != 0;
  extended = extended_length_size (header.length_bits);
  size = 2 + extended + (header.masked ? sizeof header.mask : 0);
  if (len < size)
    return 0;

  header.fin = (data[0] & BIT_FIN) != 0;
  header.rsv1 = (data[0] & BIT_RSV1) != 0;
  header.rsv2 = (data[0] & BIT_RSV2) != 0;
  header.rsv3 = (data[0] & BIT_RSV3) != 0;
  header.opcode = data[0] & BITS_OPCODE;
  header.length = extended > 0 ? read_big_endian (data + 2, extended) : length;
  if (header.masked)
    memcpy (header.mask, data + 2 + extended, sizeof header.mask);

  *ret_header = header;
  return size;
}

gsize
duplex_frame_header_encode (const DuplexFrameHeader *header,
                            guint8                   out[DUPLEX_FRAME_HEADER_MAX])
{
  gsize  extended;
  guint8 length;

  g_return_val_if_fail (header != NULL, 0);
  g_return_val_if_fail (out != NULL, 0);
  g_return_val_if_fail (header->opcode <= BITS_OPCODE, 0);
  g_return_val_if_fail (header->length_bits == 64 ||
                          (header->length_bits == 16 && header->length <= G_MAXUINT16) ||
                          (header->length_bits == 7 && header->length <= LENGTH_7_MAX),
                        0);

  extended = extended_length_size (header->length_bits);
  length = extended == 8 ? LENGTH_IS_64 : extended == 2 ? LENGTH_IS_16
                                                        : header->length;

  out[0] = (header->fin ? BIT_FIN : 0) | (header->rsv1 ? BIT_RSV1 : 0) |
           (header->rsv2 ? BIT_RSV2 : 0) | (header->rsv3 ? BIT_RSV3 : 0) | header->opcode;
  out[1] = (header->masked ? BIT_MASK : 0) | length;
  write_big_endian (out + 2, extended, header->length);
  if (header->masked)
    memcpy (out + 2 + extended, header->mask, sizeof header->mask);

  return duplex_frame_header_get_size (header);
}

gsize
duplex_frame_header_get_size (const DuplexFrameHeader *header)
{
  g_return_val_if_fail (header != NULL, 0);

  return 2 + extended_length_size (header->length_bits) +
         (header->masked ? sizeof header->mask : 0);
}

guint8
duplex_frame_minimal_length_bits (guint64 length)
{
  if (length <= LENGTH_7_MAX)
    return 7;

  return length <= G_MAXUINT16 ? 16 : 64;
}

gboolean
duplex_opcode_is_control (guint8 opcode)
{
  return opcode >= 0x8 && opcode <= 0xF;
}

gboolean
duplex_opcode_is_reserved (guint8 opcode)
{
  switch (opcode)
    {
    case DUPLEX_OPCODE_CONTINUATION:
    case DUPLEX_OPCODE_TEXT:
    case DUPLEX_OPCODE_BINARY:
    case DUPLEX_OPCODE_CLOSE:
    case DUPLEX_OPCODE_PING:
    case DUPLEX_OPCODE_PONG:
      return FALSE;
    default:
      return TRUE;
    }
}

const char *
duplex_opcode_get_name (guint8 opcode)
{
  /* Four bits cannot hold more; a recorded number might. */
  return opcode < G_N_ELEMENTS (opcode_names) ? opcode_names[opcode] : "unknown";
}

/* The mask as it falls on a word that begins at offset. */
static inline guint32
turn_mask (const guint8 mask[4],
           guint64      offset)
{
  guint32 word;
  guint64 twice;

  memcpy (&word, mask, sizeof word);
  word = GUINT32_FROM_LE (word);
  twice = (guint64)word << 32 | word;
  return GUINT32_TO_LE ((guint32)(twice >> 8 * (offset & 3)));
}

static inline Vector
load_masked (const guint8 *src,
             guint32       key)
{
  Vector vector;

  memcpy (&vector, src, sizeof vector);
  return vector ^ key;
}

static inline void
store (guint8 *dst,
       Vector  vector)
{
  memcpy (dst, &vector, sizeof vector);
}

/* Fewer bytes than a vector has. Both ends are read before one is written, as they may overlap and
 * dst may be src. */
static void
mask_few (guint8       *dst,
          const guint8 *src,
          gsize         len,
          guint32       key,
          guint32       end_key)
{
  guint8 key_bytes[4];

  if (len >= 8)
    {
      guint64 first, last;

      memcpy (&first, src, sizeof first);
      memcpy (&last, src + len - sizeof last, sizeof last);
      first ^= (guint64)key << 32 | key;
      last ^= (guint64)end_key << 32 | end_key;
      memcpy (dst, &first, sizeof first);
      memcpy (dst + len - sizeof last, &last, sizeof last);
    }
  else if (len >= 4)
    {
      guint32 first, last;

      memcpy (&first, src, sizeof first);
      memcpy (&last, src + len - sizeof last, sizeof last);
      first ^= key;
      last ^= end_key;
      memcpy (dst, &first, sizeof first);
      memcpy (dst + len - sizeof last, &last, sizeof last);
    }
  else
    {
      memcpy (key_bytes, &key, sizeof key_bytes);
      for (gsize i = 0; i < len; i++)
        dst[i] = src[i] ^ key_bytes[i];
    }
}

void
duplex_mask (guint8       *dst,
             const guint8 *src,
             gsize         len,
             const guint8  mask[4],
             guint64       offset)
{
  const gsize size = sizeof (Vector);
  guint32     key, end_key;
  Vector      last;
  gsize       i = 0;

  g_return_if_fail ((dst != NULL && src != NULL) || len == 0);
  g_return_if_fail (mask != NULL);

  /* Vectors and words have a multiple of the mask's size: so the last of them is turned as the byte
   * behind it is, and the sum may wrap. */
  key = turn_mask (mask, offset);
  end_key = turn_mask (mask, offset + len);
  if (len < size)
    {
      mask_few (dst, src, len, key, end_key);
      return;
    }

  /* The last vector may overlap the one in front of it: it is read before that is written. */
  last = load_masked (src + len - size, end_key);
  for (; len - i > 4 * size; i += 4 * size)
    {
      Vector a = load_masked (src + i, key);
      Vector b = load_masked (src + i + size, key);
      Vector c = load_masked (src + i + 2 * size, key);
      Vector d = load_masked (src + i + 3 * size, key);

      store (dst + i, a);
      store (dst + i + size, b);
      store (dst + i + 2 * size, c);
      store (dst + i + 3 * size, d);
    }
  for (; len - i > size; i += size)
    store (dst + i, load_masked (src + i, key));
  store (dst + len - size, last);
}
