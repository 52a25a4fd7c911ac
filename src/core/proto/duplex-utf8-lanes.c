/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-utf8-lanes.h"

#include <string.h>

/* A register of SSE2 or NEON, which every x86-64 and aarch64 has. Elsewhere the compiler takes it
 * apart. */
#define N_LANES 16

/* Sums are made of the unsigned ones, which may wrap. */
typedef gint8  Lanes __attribute__ ((vector_size (N_LANES)));
typedef guint8 UnsignedLanes __attribute__ ((vector_size (N_LANES)));

/* A byte as lanes hold it: those from 0x80 are negative, and keep their order. */
#define LANE(byte) ((gint8)(byte))

/* So many bytes in front say what must stand at a place: the longest character has one more. */
#define LOOK_BACK 3

/* After so many vectors of ASCII it is worth while to look for plain text again. */
#define MANY_ASCII 4

/* Comparisons are all ones in the lanes for which they hold. */

static inline Lanes
load (const guint8 *data)
{
  Lanes lanes;

  memcpy (&lanes, data, sizeof lanes);
  return lanes;
}

static inline gboolean
has_any (Lanes lanes)
{
  guint64 halves[2];

  memcpy (halves, &lanes, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

static inline Lanes
where_below (Lanes  lanes,
             guint8 byte)
{
  return (Lanes)((UnsignedLanes)lanes < byte);
}

/* From what is the least a lane can hold: one comparison. */
static inline Lanes
where_within (Lanes  lanes,
              guint8 first,
              guint8 last)
{
  UnsignedLanes moved = (UnsignedLanes)lanes - (guint8)(first - 0x80);

  return (Lanes)((Lanes)moved <= LANE (0x80 + last - first));
}

/* Printable ASCII. One comparison finds both of its ends: DEL and one is negative, and so is all
 * that is not ASCII but FF, which becomes 0. */
static inline Lanes
where_printable (Lanes lanes)
{
  return (Lanes)((Lanes)((UnsignedLanes)lanes + 1) > 0x20);
}

/* The one bit between TAB and CR is all that they differ in. */
static inline Lanes
where_blank (Lanes lanes)
{
  return (Lanes)((lanes | ('\t' ^ '\r')) == '\r') | (Lanes)(lanes == '\n');
}

static inline Lanes
where_not_plain (Lanes    lanes,
                 gboolean finds_unsafe)
{
  return finds_unsafe ? ~(where_printable (lanes) | where_blank (lanes)) : lanes & LANE (0x80);
}

#ifdef __x86_64__

/* AVX2, where the processor has it, brings long plain text to half of memcpy's speed even in the
 * cache next to it. The comparisons are the same. */
#define WITH_AVX2 __attribute__ ((target ("avx2")))
#define N_WIDE    32

typedef gint8  Wide __attribute__ ((vector_size (N_WIDE)));
typedef char   WideBytes __attribute__ ((vector_size (N_WIDE)));
typedef guint8 UnsignedWide __attribute__ ((vector_size (N_WIDE)));

WITH_AVX2 static inline Wide
load_wide (const guint8 *data)
{
  Wide lanes;

  memcpy (&lanes, data, sizeof lanes);
  return lanes;
}

/* A bit of the highest of each lane. */
WITH_AVX2 static inline guint32
get_bits (Wide lanes)
{
  return (guint32)__builtin_ia32_pmovmskb256 ((WideBytes)lanes);
}

WITH_AVX2 static inline Wide
where_printable_wide (Wide lanes)
{
  return (Wide)((Wide)((UnsignedWide)lanes + 1) > 0x20);
}

WITH_AVX2 static inline Wide
where_not_plain_wide (Wide     lanes,
                      gboolean finds_unsafe)
{
  Wide blank = (Wide)((lanes | ('\t' ^ '\r')) == '\r') | (Wide)(lanes == '\n');

  return finds_unsafe ? ~(where_printable_wide (lanes) | blank) : lanes & LANE (0x80);
}

WITH_AVX2 static gsize
pass_plain_wide (const guint8 *data,
                 gsize         len,
                 gboolean      finds_unsafe)
{
  gsize i = 0;

  for (; len - i >= 4 * N_WIDE; i += 4 * N_WIDE)
    {
      Wide a = load_wide (data + i);
      Wide b = load_wide (data + i + N_WIDE);
      Wide c = load_wide (data + i + 2 * N_WIDE);
      Wide d = load_wide (data + i + 3 * N_WIDE);

      if (get_bits (where_printable_wide (a) & where_printable_wide (b) &
                    where_printable_wide (c) & where_printable_wide (d)) == G_MAXUINT32)
        continue;
      if (get_bits (where_not_plain_wide (a, finds_unsafe) |
                    where_not_plain_wide (b, finds_unsafe) |
                    where_not_plain_wide (c, finds_unsafe) |
                    where_not_plain_wide (d, finds_unsafe)) != 0)
        break;
    }

  return i;
}

static inline gsize
pass_long_plain (const guint8 *data,
                 gsize         len,
                 gboolean      finds_unsafe)
{
  if (len < 4 * N_WIDE || !__builtin_cpu_supports ("avx2"))
    return 0;

  return pass_plain_wide (data, len, finds_unsafe);
}

#else

static inline gsize
pass_long_plain (const guint8 *data,
                 gsize         len,
                 gboolean      finds_unsafe)
{
  return 0;
}

#endif

static inline gsize
pass_plain_vectors (const guint8 *data,
                    gsize         i,
                    gsize         len,
                    gboolean      finds_unsafe)
{
  for (; len - i >= 4 * N_LANES; i += 4 * N_LANES)
    {
      Lanes a = load (data + i);
      Lanes b = load (data + i + N_LANES);
      Lanes c = load (data + i + 2 * N_LANES);
      Lanes d = load (data + i + 3 * N_LANES);

      if (!has_any (~(where_printable (a) & where_printable (b) & where_printable (c) &
                      where_printable (d))))
        continue;
      if (has_any (where_not_plain (a, finds_unsafe) | where_not_plain (b, finds_unsafe) |
                   where_not_plain (c, finds_unsafe) | where_not_plain (d, finds_unsafe)))
        return i;
    }

  for (; len - i >= N_LANES; i += N_LANES)
    {
      if (has_any (where_not_plain (load (data + i), finds_unsafe)))
        return i;
    }

  return i;
}

static inline guint64
load_8 (const guint8 *data)
{
  guint64 bytes;

  memcpy (&bytes, data, sizeof bytes);
  return GUINT64_FROM_LE (bytes);
}

static inline guint64
load_4 (const guint8 *data)
{
  guint32 bytes;

  memcpy (&bytes, data, sizeof bytes);
  return GUINT32_FROM_LE (bytes);
}

/* Fewer than there are lanes, and spaces behind them. What is loaded may overlap, so that no size
 * needs a loop; words have their first byte lowest. */
static inline Lanes
load_few (const guint8 *data,
          gsize         len)
{
  const guint64 spaces = G_GUINT64_CONSTANT (0x2020202020202020);
  guint64       words[2] = { 0, spaces };
  Lanes         lanes;

  if (len >= 8)
    {
      guint missing = 8 * (guint)(2 * sizeof (guint64) - len);

      /* In two steps, as all 64 bits may be missing. */
      words[0] = load_8 (data);
      words[1] = load_8 (data + len - 8) >> (missing - 8) >> 8 | spaces << (64 - missing);
    }
  else
    {
      if (len >= 4)
        words[0] = load_4 (data) | load_4 (data + len - 4) << 8 * (len - 4);
      else
        words[0] = (guint64)data[0] | (guint64)data[len / 2] << 8 * (len / 2) |
                   (guint64)data[len - 1] << 8 * (len - 1);
      words[0] |= spaces << 8 * len;
    }

  words[0] = GUINT64_TO_LE (words[0]);
  words[1] = GUINT64_TO_LE (words[1]);
  memcpy (&lanes, words, sizeof lanes);
  return lanes;
}

static inline gsize
pass_plain (const guint8 *data,
            gsize         len,
            gboolean      finds_unsafe)
{
  gsize i;

  if (len < N_LANES)
    return has_any (where_not_plain (load_few (data, len), finds_unsafe)) ? 0 : len;

  /* The size of many messages: one branch for both vectors, which may overlap. */
  if (len <= 2 * N_LANES)
    {
      Lanes first = where_not_plain (load (data), finds_unsafe);
      Lanes last = where_not_plain (load (data + len - N_LANES), finds_unsafe);

      return has_any (first | last) ? 0 : len;
    }

  i = pass_long_plain (data, len, finds_unsafe);
  i = pass_plain_vectors (data, i, len, finds_unsafe);
  if (len - i >= N_LANES || i == len)
    return i;

  /* Some bytes are looked at twice, rather than the rest byte by byte. */
  return has_any (where_not_plain (load (data + len - N_LANES), finds_unsafe)) ? i : len;
}

gsize
duplex_utf8_pass_plain (const guint8 *data,
                        gsize         len,
                        gboolean      finds_unsafe)
{
  /* Each call is compiled for its constant. */
  return finds_unsafe ? pass_plain (data, len, TRUE) : pass_plain (data, len, FALSE);
}

/* Some bytes, and for each what stands one, two and three places in front of it. */
typedef struct
{
  Lanes at;
  Lanes before[LOOK_BACK + 1];
} Context;

static inline Context
load_context (const guint8 *data)
{
  return (Context){ load (data), { [1] = load (data - 1), load (data - 2), load (data - 3) } };
}

/* As if nothing stood in front of the first byte. */
#define MOVE_BY(n, lanes)                                                                         \
  __builtin_shufflevector ((Lanes){ 0 }, lanes, 16 - (n), 17 - (n), 18 - (n), 19 - (n), 20 - (n), \
                           21 - (n), 22 - (n), 23 - (n), 24 - (n), 25 - (n), 26 - (n), 27 - (n),  \
                           28 - (n), 29 - (n), 30 - (n), 31 - (n))

static inline Context
make_first_context (Lanes lanes)
{
  return (Context){ lanes,
                    { [1] = MOVE_BY (1, lanes), MOVE_BY (2, lanes), MOVE_BY (3, lanes) } };
}

/* RFC 3629 §4. A byte continues a character exactly where one is open; and there are ranges after
 * some lead bytes, for what would be overlong, a surrogate, overlong, above U+10FFFF. */
static inline Lanes
where_invalid (const Context *context)
{
  Lanes at = context->at;
  Lanes lead = context->before[1];
  Lanes continues = (Lanes)(at < LANE (0xC0));
  Lanes may_not = where_below (lead, 0xC0) & where_below (context->before[2], 0xE0) &
                  where_below (context->before[3], 0xF0);
  Lanes never = (Lanes)((at & LANE (0xFE)) == LANE (0xC0)) | where_within (at, 0xF5, 0xFF);

  return (Lanes)(continues == may_not) | never |
         ((Lanes)(lead == LANE (0xE0)) & (Lanes)(at < LANE (0xA0))) |
         ((Lanes)(lead == LANE (0xED)) & (Lanes)(at > LANE (0x9F))) |
         ((Lanes)(lead == LANE (0xF0)) & (Lanes)(at < LANE (0x90))) |
         ((Lanes)(lead == LANE (0xF4)) & (Lanes)(at > LANE (0x8F)));
}

/* The last bytes of unsafe characters. */
static inline Lanes
where_unsafe (const Context *context)
{
  Lanes at = context->at;
  Lanes before = context->before[1];
  Lanes c0 = where_below (at, 0x20) & ~where_blank (at);
  Lanes c1 = (Lanes)(before == LANE (0xC2)) & (Lanes)(at < LANE (0xA0));
  Lanes directional = (Lanes)(context->before[2] == LANE (0xE2)) &
                      (((Lanes)(before == LANE (0x80)) & where_within (at, 0xAA, 0xAE)) |
                       ((Lanes)(before == LANE (0x81)) & where_within (at, 0xA6, 0xA9)));

  return c0 | (Lanes)(at == 0x7F) | c1 | directional;
}

static inline Lanes
where_unsound (Context  context,
               gboolean finds_unsafe)
{
  Lanes unsound = where_invalid (&context);

  return finds_unsafe ? unsound | where_unsafe (&context) : unsound;
}

static inline gboolean
is_sound (const guint8 *data,
          gboolean      finds_unsafe)
{
  return !has_any (where_unsound (load_context (data), finds_unsafe));
}

/* The last bytes, of which some were found sound before: the first of them, if no others stand in
 * front. */
static inline gboolean
is_end_sound (const guint8 *data,
              gsize         len,
              gboolean      finds_unsafe)
{
  const Lanes   new_ones = MOVE_BY (LOOK_BACK, (Lanes){ 0 } - 1);
  const guint8 *last = data + len - N_LANES;

  if (len >= N_LANES + LOOK_BACK)
    return is_sound (last, finds_unsafe);

  return !has_any (where_unsound (make_first_context (load (last)), finds_unsafe) & new_ones);
}

static inline gsize
pass_sound (const guint8 *data,
            gsize         len,
            gboolean      finds_unsafe)
{
  gboolean is_few = len < N_LANES;
  Lanes    first = is_few ? load_few (data, len) : load (data);
  guint    n_ascii = 0;
  gsize    i;

  /* The spaces behind a few show an open character: its end is then found otherwise. */
  if (has_any (where_unsound (make_first_context (first), finds_unsafe)))
    return 0;
  if (is_few)
    return len;

  for (i = N_LANES; len - i >= N_LANES && n_ascii < MANY_ASCII; i += N_LANES)
    {
      if (!is_sound (data + i, finds_unsafe))
        return i;
      n_ascii = has_any (load (data + i) & LANE (0x80)) ? 0 : n_ascii + 1;
    }

  if (n_ascii == MANY_ASCII || i == len || !is_end_sound (data, len, finds_unsafe))
    return i;

  return len;
}

gsize
duplex_utf8_pass_sound (const guint8 *data,
                        gsize         len,
                        gboolean      finds_unsafe)
{
  return finds_unsafe ? pass_sound (data, len, TRUE) : pass_sound (data, len, FALSE);
}
