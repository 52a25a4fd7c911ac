/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-utf8.h"

#include "core/proto/duplex-utf8-lanes.h"

/* Where the fast steps are in doubt, so many bytes are taken one by one before they are tried
 * again. */
#define CLOSE_LOOK 16

/* The open character: how many bytes it still needs, the range of the upper half of the next, and
 * the bits of its number that are known. 0 means that none is open. */
#define OPEN(n, low, high, value) \
  ((guint32)(n) | (guint32)(low) << 4 | (guint32)(high) << 8 | (guint32)(value) << 12)
#define OPEN_COUNT(state) ((state)&0xF)
#define OPEN_LOW(state)   ((state) >> 4 & 0xF)
#define OPEN_HIGH(state)  ((state) >> 8 & 0xF)
#define OPEN_VALUE(state) ((state) >> 12)

/* What a byte that opens a character calls for: the table of RFC 3629 §4. The narrower ranges
 * refuse overlong forms (E0, F0), surrogates (ED) and what lies above U+10FFFF (F4). 0: none. */
static guint32
open_character (guint8 lead)
{
  if (lead < 0xC2 || lead > 0xF4)
    return 0;
  if (lead < 0xE0)
    return OPEN (1, 0x8, 0xB, lead & 0x1F);
  if (lead < 0xF0)
    return OPEN (2, lead == 0xE0 ? 0xA : 0x8, lead == 0xED ? 0x9 : 0xB, lead & 0x0F);

  return OPEN (3, lead == 0xF0 ? 0x9 : 0x8, lead == 0xF4 ? 0x8 : 0xB, lead & 0x07);
}

static gboolean
is_unsafe (guint32 character)
{
  if (character < 0x20)
    return character != '\t' && character != '\n' && character != '\r';

  return (character >= 0x7F && character <= 0x9F) ||
         (character >= 0x202A && character <= 0x202E) ||
         (character >= 0x2066 && character <= 0x2069);
}

/* Byte by byte. Returns the first that no continuation can make valid, or end. */
static gsize
walk (DuplexUtf8   *self,
      const guint8 *data,
      gsize         i,
      gsize         end)
{
  for (; i < end; i++)
    {
      guint32 character = data[i];

      if (self->state == 0)
        {
          self->start = self->offset + i;
          if (data[i] >= 0x80 && (self->state = open_character (data[i])) == 0)
            break;
        }
      else
        {
          if (data[i] >> 4 < OPEN_LOW (self->state) || data[i] >> 4 > OPEN_HIGH (self->state))
            break;

          character = OPEN_VALUE (self->state) << 6 | (data[i] & 0x3F);
          self->state = OPEN_COUNT (self->state) > 1
                          ? OPEN (OPEN_COUNT (self->state) - 1, 0x8, 0xB, character)
                          : 0;
        }

      if (self->state == 0 && self->unsafe == DUPLEX_UTF8_ALL_SAFE && is_unsafe (character))
        self->unsafe = self->start;
    }

  return i;
}

/* Where the character begins that is open at end, or end. What stands before end is valid, and
 * begins with a character: fewer than three bytes are a whole one. */
static gsize
find_open (const guint8 *data,
           gsize         end)
{
  if (end < 3)
    return end;
  if (data[end - 1] >= 0xC0)
    return end - 1;
  if (data[end - 2] >= 0xE0)
    return end - 2;
  if (data[end - 3] >= 0xF0)
    return end - 3;

  return end;
}

/* What follows plain text. Returns the first byte that no continuation can make valid, or len. */
static gsize
take (DuplexUtf8   *self,
      const guint8 *data,
      gsize         i,
      gsize         len)
{
  while (i < len)
    {
      gboolean finds_unsafe = self->unsafe == DUPLEX_UTF8_ALL_SAFE;
      gsize    end;

      if (self->state != 0)
        {
          end = i + MIN (len - i, OPEN_COUNT (self->state));
        }
      else
        {
          gsize sound = duplex_utf8_pass_sound (data + i, len - i, finds_unsafe);

          end = i + (sound > 0 ? sound : MIN (len - i, CLOSE_LOOK));
          i = sound > 0 ? i + find_open (data + i, sound) : i;
        }

      i = walk (self, data, i, end);
      if (i < end)
        return i;
      if (self->state == 0 && i < len)
        i += duplex_utf8_pass_plain (data + i, len - i, self->unsafe == DUPLEX_UTF8_ALL_SAFE);
    }

  return len;
}

gboolean
duplex_utf8_feed (DuplexUtf8   *self,
                  const guint8 *data,
                  gsize         len,
                  guint64      *ret_bad)
{
  gsize accepted = 0;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (data != NULL || len == 0, FALSE);

  if (self->state == 0 && len > 0)
    accepted = duplex_utf8_pass_plain (data, len, self->unsafe == DUPLEX_UTF8_ALL_SAFE);
  if (accepted < len)
    accepted = take (self, data, accepted, len);

  self->offset += accepted;
  if (accepted == len)
    return TRUE;

  if (ret_bad != NULL)
    *ret_bad = self->offset;
  return FALSE;
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
