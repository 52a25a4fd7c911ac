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
static const guint32 expect_after_lead[256] = {
  [0xC2 ... 0xDF] = EXPECT (1, 0x80, 0xBF),
  [0xE0] = EXPECT (2, 0xA0, 0xBF),
  [0xE1 ... 0xEC] = EXPECT (2, 0x80, 0xBF),
  [0xED] = EXPECT (2, 0x80, 0x9F),
  [0xEE ... 0xEF] = EXPECT (2, 0x80, 0xBF),
  [0xF0] = EXPECT (3, 0x90, 0xBF),
  [0xF1 ... 0xF3] = EXPECT (3, 0x80, 0xBF),
  [0xF4] = EXPECT (3, 0x80, 0x8F),
};

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
continues (guint8 byte)
{
  return (byte & 0xC0) == 0x80;
}

/* Size of the character at data, which has the four bytes that the longest needs, or 0 when it is
 * not valid: which byte is to blame is then found step by step. */
static gsize
whole_character (const guint8 *data)
{
  guint32 expect = expect_after_lead[data[0]];

  if (expect == 0 || data[1] < EXPECT_LOW (expect) || data[1] > EXPECT_HIGH (expect))
    return 0;

  switch (EXPECT_COUNT (expect))
    {
    case 1:
      return 2;
    case 2:
      return continues (data[2]) ? 3 : 0;
    default:
      return continues (data[2]) && continues (data[3]) ? 4 : 0;
    }
}

/* Bytes of valid characters beyond ASCII at the beginning of data, which are found faster whole. */
static gsize
character_run (const guint8 *data,
               gsize         len)
{
  gsize i = 0;
  gsize size;

  while (len - i >= 4 && (size = whole_character (data + i)) > 0)
    i += size;

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

          i += character_run (data + i, len - i);
          if (i == len || data[i] < 0x80)
            continue;

          self->start = self->offset + i;
          self->state = expect_after_lead[data[i]];
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
