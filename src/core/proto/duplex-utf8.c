/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-utf8.h"

#include <string.h>

/* What may follow is one number: how many bytes the open character still needs, and the range of
 * the next of them. 0 means that no character is open. */
#define EXPECT(n, low, high) ((guint32)(n) | (guint32)(low) << 8 | (guint32)(high) << 16)
#define EXPECT_COUNT(state)  ((state)&0xFF)
#define EXPECT_LOW(state)    ((state) >> 8 & 0xFF)
#define EXPECT_HIGH(state)   ((state) >> 16 & 0xFF)

#define HIGH_BITS            G_GUINT64_CONSTANT (0x8080808080808080)

/* What a byte that opens a character calls for: the table of RFC 3629 §4. The narrower ranges
 * refuse overlong forms (E0, F0), surrogates (ED) and what lies above U+10FFFF (F4). 0: none. */
static guint32
expect_after_lead (guint8 lead)
{
  if (lead >= 0xC2 && lead <= 0xDF)
    return EXPECT (1, 0x80, 0xBF);
  if (lead == 0xE0)
    return EXPECT (2, 0xA0, 0xBF);
  if (lead == 0xED)
    return EXPECT (2, 0x80, 0x9F);
  if (lead >= 0xE1 && lead <= 0xEF)
    return EXPECT (2, 0x80, 0xBF);
  if (lead == 0xF0)
    return EXPECT (3, 0x90, 0xBF);
  if (lead >= 0xF1 && lead <= 0xF3)
    return EXPECT (3, 0x80, 0xBF);
  if (lead == 0xF4)
    return EXPECT (3, 0x80, 0x8F);

  return 0;
}

/* Bytes below 0x80 at the beginning of data. */
static gsize
ascii_prefix (const guint8 *data,
              gsize         len)
{
  gsize i = 0;

  while (len - i >= 2 * sizeof (guint64))
    {
      guint64 words[2];

      memcpy (words, data + i, sizeof words);
      if (((words[0] | words[1]) & HIGH_BITS) != 0)
        break;
      i += sizeof words;
    }

  while (i < len && data[i] < 0x80)
    i++;

  return i;
}

static gboolean
refuse (DuplexUtf8 *self,
        gsize       accepted,
        guint64    *ret_bad)
{
  self->offset += accepted;
  if (self->state == 0)
    self->start = self->offset;
  if (ret_bad != NULL)
    *ret_bad = self->offset;

  return FALSE;
}

gboolean
duplex_utf8_feed (DuplexUtf8   *self,
                  const guint8 *data,
                  gsize         len,
                  guint64      *ret_bad)
{
  gsize i = 0;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (data != NULL || len == 0, FALSE);

  while (i < len)
    {
      if (self->state == 0)
        {
          if (data[i] < 0x80)
            {
              i += ascii_prefix (data + i, len - i);
              continue;
            }

          self->start = self->offset + i;
          self->state = expect_after_lead (data[i]);
          if (self->state == 0)
            return refuse (self, i, ret_bad);
        }
      else
        {
          if (data[i] < EXPECT_LOW (self->state) || data[i] > EXPECT_HIGH (self->state))
            return refuse (self, i, ret_bad);

          self->state = EXPECT_COUNT (self->state) > 1
                          ? EXPECT (EXPECT_COUNT (self->state) - 1, 0x80, 0xBF)
                          : 0;
        }
      i++;
    }

  self->offset += len;
  return TRUE;
}

gboolean
duplex_utf8_is_complete (const DuplexUtf8 *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->state == 0;
}

gboolean
duplex_utf8_validate (const guint8 *data,
                      gsize         len,
                      guint64      *ret_bad)
{
  DuplexUtf8 utf8 = DUPLEX_UTF8_INIT;

  if (!duplex_utf8_feed (&utf8, data, len, ret_bad))
    return FALSE;

  if (duplex_utf8_is_complete (&utf8))
    return TRUE;

  if (ret_bad != NULL)
    *ret_bad = utf8.start;
  return FALSE;
}
