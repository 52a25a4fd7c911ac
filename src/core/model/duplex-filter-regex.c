/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-filter-regex.h"

#include "core/proto/duplex-utf8.h"

/* Steps back from one place before PCRE2 gives up: about 3 ms of compiled and 30 ms of interpreted
 * matching. Its own default is ten times as much. */
#define LIMIT "(*LIMIT_MATCH=1000000)"

/* Bytes before a piece that are there for what looks back (\b, lookbehind) only. */
#define CONTEXT ((gsize)256)

/* Shorter texts do not fill the stack of compiled matching, which has 32 KiB: where it gives up, it
 * has taken too many steps, and interpreting would take them again. */
#define FILLS_STACK 512

/* The same expression compiled to machine code, and interpreted. The former has a small stack of
 * its own, beyond which the latter goes on. */
typedef struct
{
  GRegex *fast;
  GRegex *slow;
} Pair;

struct _DuplexFilterRegex
{
  Pair utf8;
  Pair raw; /* both NULL where the expression cannot match bytes */
};

/* FALSE where the expression itself says that it must not be compiled. */
static gboolean
is_usable (GRegex *regex)
{
  g_autoptr (GError) error = NULL;

  g_regex_match_full (regex, "", 0, 0, 0, NULL, &error);
  return error == NULL;
}

static gboolean
compile_pair (Pair              *pair,
              const char        *pattern,
              GRegexCompileFlags flags,
              GError           **error)
{
  g_autofree char *limited = g_strconcat (LIMIT, pattern, NULL);

  pair->slow = g_regex_new (limited, flags, 0, error);
  if (pair->slow == NULL)
    return FALSE;

  pair->fast = g_regex_new (limited, flags | G_REGEX_OPTIMIZE, 0, error);
  if (pair->fast == NULL)
    return FALSE;

  if (!is_usable (pair->fast))
    {
      g_clear_pointer (&pair->fast, g_regex_unref);
      pair->fast = g_regex_ref (pair->slow);
    }
  return TRUE;
}

static void
clear_pair (Pair *pair)
{
  g_clear_pointer (&pair->fast, g_regex_unref);
  g_clear_pointer (&pair->slow, g_regex_unref);
}

DuplexFilterRegex *
duplex_filter_regex_new (const char        *pattern,
                         GRegexCompileFlags flags,
                         GError           **error)
{
  g_autoptr (DuplexFilterRegex) self = g_new0 (DuplexFilterRegex, 1);
  g_autoptr (GRegex)            plain = NULL;

  g_return_val_if_fail (pattern != NULL, NULL);

  /* First as it was given, for the message of an error. */
  plain = g_regex_new (pattern, flags, 0, error);
  if (plain == NULL || !compile_pair (&self->utf8, pattern, flags, error))
    return NULL;

  if (!compile_pair (&self->raw, pattern, flags | G_REGEX_RAW, NULL))
    clear_pair (&self->raw);

  return g_steal_pointer (&self);
}

void
duplex_filter_regex_free (DuplexFilterRegex *self)
{
  clear_pair (&self->utf8);
  clear_pair (&self->raw);
  g_free (self);
}

/* A part of a text that is matched at once. */
typedef struct
{
  const guint8 *data;
  gsize         size;
  gsize         start; /* where a match may begin */
  gboolean      is_first;
  gboolean      is_last;
} Piece;

static gboolean
match_with (GRegex      *regex,
            const Piece *piece,
            int         *ret_start,
            int         *ret_end,
            gboolean    *ret_gave_up)
{
  g_autoptr (GMatchInfo) info = NULL;
  g_autoptr (GError)     error = NULL;
  GRegexMatchFlags       flags = 0;
  gboolean               found;

  if (!piece->is_first)
    flags |= G_REGEX_MATCH_NOTBOL;
  if (!piece->is_last)
    flags |= G_REGEX_MATCH_NOTEOL;

  found = g_regex_match_full (regex, (const char *)piece->data, (gssize)piece->size,
                              (int)piece->start, flags, &info, &error);
  *ret_gave_up = error != NULL;

  return found && g_match_info_fetch_pos (info, 0, ret_start, ret_end);
}

static gboolean
is_in_piece (const Pair  *pair,
             const Piece *piece)
{
  gboolean gave_up;
  int      start = 0;
  int      end = 0;
  gboolean found = match_with (pair->fast, piece, &start, &end, &gave_up);

  if (gave_up && piece->size >= FILLS_STACK)
    found = match_with (pair->slow, piece, &start, &end, &gave_up);
  if (!found)
    return FALSE;

  /* What touches the end could be another match, or none, if more was seen: the next piece sees
   * it, unless it is too long for that. */
  return piece->is_last || (gsize)end < piece->size ||
         (gsize)start < piece->size - DUPLEX_FILTER_REGEX_OVERLAP;
}

/* The start of the character at offset. */
static gsize
get_boundary (const guint8 *data,
              gsize         offset)
{
  while (offset > 0 && (data[offset] & 0xC0) == 0x80)
    offset--;

  return offset;
}

/* The piece whose matches begin at offset or later. */
static Piece
cut_piece (const guint8 *data,
           gsize         size,
           gsize         offset,
           gboolean      is_utf8)
{
  gsize first = offset > CONTEXT ? offset - CONTEXT : 0;
  gsize end = size - offset > DUPLEX_FILTER_REGEX_PIECE ? offset + DUPLEX_FILTER_REGEX_PIECE : size;

  if (is_utf8)
    {
      first = get_boundary (data, first);
      if (end < size)
        end = get_boundary (data, end);
    }

  return (Piece){
    .data = data + first,
    .size = end - first,
    .start = offset - first,
    .is_first = offset == 0,
    .is_last = end == size,
  };
}

static gboolean
is_in_pieces (const Pair   *pair,
              const guint8 *data,
              gsize         size,
              gboolean      is_utf8,
              const gint   *stop)
{
  gsize offset = 0;

  for (;;)
    {
      Piece piece = cut_piece (data, size, offset, is_utf8);

      if (is_in_piece (pair, &piece))
        return TRUE;
      if (piece.is_last || (stop != NULL && g_atomic_int_get (stop) != 0))
        return FALSE;

      offset += DUPLEX_FILTER_REGEX_PIECE - DUPLEX_FILTER_REGEX_OVERLAP;
      if (is_utf8)
        offset = get_boundary (data, offset);
    }
}

gboolean
duplex_filter_regex_is_in (const DuplexFilterRegex *self,
                           const guint8            *data,
                           gsize                    size,
                           const gint              *stop)
{
  gboolean    is_utf8 = duplex_utf8_validate (data, size, NULL);
  const Pair *pair = is_utf8 ? &self->utf8 : &self->raw;

  if (pair->fast == NULL)
    return FALSE;
  /* GRegex takes no NULL. */
  if (size == 0)
    data = (const guint8 *)"";

  return is_in_pieces (pair, data, size, is_utf8, stop);
}
