/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-utf8-reference.h"

/* The bytes that a lead byte announces, by the number of its leading ones; 0 when it is none. */
static guint
count_bytes (guint8 lead)
{
  guint ones = 0;

  while (ones < 8 && (lead << ones & 0x80) != 0)
    ones++;

  return ones == 0 ? 1 : ones == 1 || ones > 4 ? 0
                                               : ones;
}

/* Whether one of the numbers from low to high is a character that takes so many bytes. */
static gboolean
is_possible (guint32 low,
             guint32 high,
             guint   n_bytes)
{
  static const guint32 smallest[] = { [1] = 0, [2] = 0x80, [3] = 0x800, [4] = 0x10000 };

  low = MAX (low, smallest[n_bytes]);
  high = MIN (high, 0x10FFFF);

  return low <= high && !(low >= 0xD800 && high <= 0xDFFF);
}

static gboolean
is_unsafe (guint32 character)
{
  static const guint32 ranges[][2] = {
    { 0x00, 0x08 },
    { 0x0B, 0x0C },
    { 0x0E, 0x1F },
    { 0x7F, 0x7F },
    { 0x80, 0x9F },
    { 0x202A, 0x202E }, /* LRE RLE PDF LRO RLO */
    { 0x2066, 0x2069 }, /* LRI RLI FSI PDI */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ranges); i++)
    {
      if (character >= ranges[i][0] && character <= ranges[i][1])
        return TRUE;
    }

  return FALSE;
}

DuplexUtf8Reference
duplex_utf8_reference (const guint8 *data,
                       gsize         len)
{
  DuplexUtf8Reference result = { 0, 0, DUPLEX_UTF8_ALL_SAFE };

  while (result.valid < len)
    {
      gsize   start = result.valid;
      guint   n_bytes = count_bytes (data[start]);
      guint32 value = n_bytes > 1 ? data[start] & (0x7F >> n_bytes) : data[start];

      result.open = start;
      if (n_bytes == 0)
        return result;

      for (guint n = 1;; n++)
        {
          guint32 low = value << 6 * (n_bytes - n);
          guint32 high = low | ((1u << 6 * (n_bytes - n)) - 1);

          if (!is_possible (low, high, n_bytes))
            return result;
          result.valid++;
          if (n == n_bytes)
            break;
          if (result.valid == len || (data[result.valid] & 0xC0) != 0x80)
            return result;
          value = value << 6 | (data[result.valid] & 0x3F);
        }

      result.open = result.valid;
      if (result.first_unsafe == DUPLEX_UTF8_ALL_SAFE && is_unsafe (value))
        result.first_unsafe = start;
    }

  return result;
}
