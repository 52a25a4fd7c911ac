/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-filter-needle.h"

#include <string.h>

/* Where a match may begin is found by two of its bytes, 16 places at a time; what is found there is
 * compared in full. The rarer the two bytes, the fewer places are compared. */
#define N_LANES 16

typedef guint8 Lanes __attribute__ ((vector_size (N_LANES)));

/* Characters that fold to the same: theta has four forms. */
#define MAX_FORMS 4

/* Bytes at two offsets within a match, either seen through a mask that hides the case bit. */
typedef struct
{
  gsize  offset[2];
  guint8 mask[2];
  guint8 value[2];
} Anchor;

struct _DuplexFilterNeedle
{
  /* A match begins with these bytes, or with a form of the first character of tail where there are
   * none. */
  guint8 *prefix;
  gsize   n_prefix;
  /* Folded characters that follow. */
  gunichar *tail;
  gsize     n_tail;

  gboolean has_case;
  Anchor   anchors[MAX_FORMS];
  guint    n_anchors;
};

/* Letters, digits and marks of English and JSON, the most frequent first. What is not here is rarer
 * than all that is. */
static const char frequent[] = "\"e ,:0tai1onsr2dl5c3u46p89m7h_gy.bfv-k}{w][x/jzq";

static guint
get_rarity (guint8 byte)
{
  const char *found = memchr (frequent, byte, sizeof frequent - 1);

  return found != NULL ? (guint)(found - frequent) : (guint)sizeof frequent;
}

static gunichar
fold (gunichar c)
{
  gunichar folded;

  if (c < 0x80)
    return g_ascii_tolower ((char)c);

  /* By way of upper case, so that the final sigma is the other one too. */
  folded = g_unichar_tolower (g_unichar_toupper (c));

  return folded < 0x80 ? c : folded;
}

static guint8
get_mask (const DuplexFilterNeedle *self,
          guint8                    byte)
{
  return !self->has_case && byte >= 'a' && byte <= 'z' ? 0x20 : 0;
}

static void
set_anchor (const DuplexFilterNeedle *self,
            Anchor                   *anchor,
            guint                     i,
            gsize                     offset,
            guint8                    byte)
{
  anchor->offset[i] = offset;
  anchor->value[i] = byte;
  anchor->mask[i] = get_mask (self, byte);
}

static void
anchor_prefix (DuplexFilterNeedle *self)
{
  gsize best = 0;
  gsize second = 0;

  for (gsize i = 1; i < self->n_prefix; i++)
    {
      if (get_rarity (self->prefix[i]) > get_rarity (self->prefix[best]))
        {
          second = best;
          best = i;
        }
      else if (second == best || get_rarity (self->prefix[i]) > get_rarity (self->prefix[second]))
        {
          second = i;
        }
    }

  set_anchor (self, &self->anchors[0], 0, best, self->prefix[best]);
  set_anchor (self, &self->anchors[0], 1, second, self->prefix[second]);
  self->n_anchors = 1;
}

static void
add_form (DuplexFilterNeedle *self,
          gunichar            c)
{
  Anchor *anchor = &self->anchors[self->n_anchors++];
  char    bytes[6];

  /* Two bytes or more. */
  g_unichar_to_utf8 (c, bytes);
  set_anchor (self, anchor, 0, 0, (guint8)bytes[0]);
  set_anchor (self, anchor, 1, 1, (guint8)bytes[1]);
}

static void
anchor_forms (DuplexFilterNeedle *self,
              gunichar            folded)
{
  /* No letter with two cases stands above the Supplementary Multilingual Plane. */
  const gunichar end = 0x20000;

  if (folded >= end)
    add_form (self, folded);

  for (gunichar c = 0x80; c < end && self->n_anchors < MAX_FORMS; c++)
    {
      if (g_unichar_validate (c) && fold (c) == folded)
        add_form (self, c);
    }
}

DuplexFilterNeedle *
duplex_filter_needle_new (const char *text,
                          gsize       len,
                          gboolean    has_case)
{
  DuplexFilterNeedle *self;
  const char         *end;

  g_return_val_if_fail (text != NULL && len > 0, NULL);

  end = text + len;
  self = g_new0 (DuplexFilterNeedle, 1);
  self->has_case = has_case;
  self->prefix = g_new (guint8, len);
  self->tail = g_new (gunichar, len);

  for (; text < end && (has_case || (guint8)*text < 0x80); text++)
    self->prefix[self->n_prefix++] = has_case ? (guint8)*text : (guint8)g_ascii_tolower (*text);
  for (; text < end; text = g_utf8_next_char (text))
    self->tail[self->n_tail++] = fold (g_utf8_get_char (text));

  if (self->n_prefix > 0)
    anchor_prefix (self);
  else
    anchor_forms (self, self->tail[0]);

  return self;
}

void
duplex_filter_needle_free (DuplexFilterNeedle *self)
{
  g_free (self->prefix);
  g_free (self->tail);
  g_free (self);
}

static gboolean
is_prefix_at (const DuplexFilterNeedle *self,
              const guint8             *data)
{
  if (self->has_case)
    return memcmp (data, self->prefix, self->n_prefix) == 0;

  for (gsize i = 0; i < self->n_prefix; i++)
    {
      if ((data[i] | get_mask (self, self->prefix[i])) != self->prefix[i])
        return FALSE;
    }

  return TRUE;
}

static gboolean
is_tail_at (const DuplexFilterNeedle *self,
            const guint8             *data,
            const guint8             *end)
{
  const char *at = (const char *)data;
  gsize       left = end - data;

  for (gsize i = 0; i < self->n_tail; i++)
    {
      gunichar c = left > 0 ? g_utf8_get_char_validated (at, (gssize)left) : (gunichar)-1;
      gsize    size;

      if (c == (gunichar)-1 || c == (gunichar)-2 || fold (c) != self->tail[i])
        return FALSE;

      size = g_utf8_skip[(guint8)*at];
      at += size;
      left -= size;
    }

  return TRUE;
}

static gboolean
is_at (const DuplexFilterNeedle *self,
       const guint8             *data,
       const guint8             *end)
{
  return is_prefix_at (self, data) && is_tail_at (self, data + self->n_prefix, end);
}

static inline gboolean
is_anchored (const Anchor *anchor,
             const guint8 *data)
{
  return (data[anchor->offset[0]] | anchor->mask[0]) == anchor->value[0] &&
         (data[anchor->offset[1]] | anchor->mask[1]) == anchor->value[1];
}

/* Fewer places than there are lanes. */
static gboolean
is_in_few (const DuplexFilterNeedle *self,
           const guint8             *data,
           gsize                     n_places,
           const guint8             *end)
{
  for (gsize i = 0; i < n_places; i++)
    {
      for (guint j = 0; j < self->n_anchors; j++)
        {
          if (is_anchored (&self->anchors[j], data + i) && is_at (self, data + i, end))
            return TRUE;
        }
    }

  return FALSE;
}

/* All ones in the lanes whose place has the anchor. */
static inline Lanes
find_anchor (const Anchor *anchor,
             const guint8 *data)
{
  Lanes first;
  Lanes second;

  memcpy (&first, data + anchor->offset[0], sizeof first);
  memcpy (&second, data + anchor->offset[1], sizeof second);

  return (Lanes)((first | anchor->mask[0]) == anchor->value[0]) &
         (Lanes)((second | anchor->mask[1]) == anchor->value[1]);
}

static inline gboolean
has_any (Lanes lanes)
{
  guint64 halves[2];

  memcpy (halves, &lanes, sizeof halves);

  return (halves[0] | halves[1]) != 0;
}

static gboolean
is_at_any (const DuplexFilterNeedle *self,
           const guint8             *data,
           const guint8             *end,
           Lanes                     lanes)
{
  for (guint i = 0; i < N_LANES; i++)
    {
      if (lanes[i] != 0 && is_at (self, data + i, end))
        return TRUE;
    }

  return FALSE;
}

static inline Lanes
find_anchors (const DuplexFilterNeedle *self,
              const guint8             *data)
{
  Lanes lanes = find_anchor (&self->anchors[0], data);

  for (guint i = 1; i < self->n_anchors; i++)
    lanes |= find_anchor (&self->anchors[i], data);

  return lanes;
}

gboolean
duplex_filter_needle_is_in (const DuplexFilterNeedle *self,
                            const guint8             *data,
                            gsize                     size)
{
  /* The form of a first character has two bytes at least. */
  gsize         least = self->n_prefix > 0 ? self->n_prefix : 2;
  const guint8 *end = data + size;
  gsize         n_places;
  gsize         i = 0;

  if (size < least)
    return FALSE;

  n_places = size - least + 1;
  if (n_places < N_LANES)
    return is_in_few (self, data, n_places, end);

  for (;;)
    {
      Lanes lanes = find_anchors (self, data + i);

      if (has_any (lanes) && is_at_any (self, data + i, end, lanes))
        return TRUE;
      if (i == n_places - N_LANES)
        return FALSE;

      /* The last step looks at some places again rather than at each alone. */
      i = MIN (i + N_LANES, n_places - N_LANES);
    }
}

gsize
duplex_filter_needle_get_overlap (const DuplexFilterNeedle *self)
{
  /* A form may take more bytes than the one that was given: four at most. */
  return self->n_prefix + 4 * self->n_tail - 1;
}
