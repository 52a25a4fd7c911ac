/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-utf8.h"

#include <string.h>

#include "duplex-guard-page.h"
#include "duplex-hex.h"
#include "duplex-utf8-reference.h"

#define VALID G_MAXUINT64

/* bad: the first byte that nothing can make valid any more, or VALID. open: the bytes end inside a
 * character that begins at bad. */
typedef struct
{
  const char *name;
  const char *hex;
  guint64     bad;
  gboolean    open;
} Case;

static const Case cases[] = {
  { "empty", "", VALID, FALSE },
  { "ascii", "00 01 09 0a 1f 20 7e 7f", VALID, FALSE },
  { "nul-between", "61 00 62 00", VALID, FALSE },

  /* The first and the last of each size, RFC 3629 §4. */
  { "two/first", "c2 80", VALID, FALSE },
  { "two/last", "df bf", VALID, FALSE },
  { "three/first", "e0 a0 80", VALID, FALSE },
  { "three/before-surrogates", "ed 9f bf", VALID, FALSE },
  { "three/after-surrogates", "ee 80 80", VALID, FALSE },
  { "three/last", "ef bf bf", VALID, FALSE },
  { "four/first", "f0 90 80 80", VALID, FALSE },
  { "four/third-plane-end", "f3 bf bf bf", VALID, FALSE },
  { "four/last", "f4 8f bf bf", VALID, FALSE },
  { "noncharacter", "ef bf be  ef b7 90  f0 9f bf bf", VALID, FALSE },
  { "byte-order-mark", "ef bb bf 61", VALID, FALSE },
  { "kosme", "ce ba e1 bd b9 cf 83 ce bc ce b5", VALID, FALSE },

  { "lone-continuation/80", "80", 0, FALSE },
  { "lone-continuation/bf", "61 bf", 1, FALSE },
  { "continuation-too-many", "c2 80 80", 2, FALSE },

  { "overlong/c0", "c0 80", 0, FALSE },
  { "overlong/c1", "c1 bf", 0, FALSE },
  { "overlong/e0-80", "e0 80 80", 1, FALSE },
  { "overlong/e0-9f", "e0 9f bf", 1, FALSE },
  { "overlong/f0-80", "f0 80 80 80", 1, FALSE },
  { "overlong/f0-8f", "f0 8f bf bf", 1, FALSE },

  { "surrogate/first", "ed a0 80", 1, FALSE },
  { "surrogate/last", "ed bf bf", 1, FALSE },
  { "surrogate/pair", "61 ed a0 bd ed b8 80", 2, FALSE },

  { "above/f4-90", "f4 90 80 80", 1, FALSE },
  { "above/f5", "f5 80 80 80", 0, FALSE },
  { "above/f7", "f7 bf bf bf", 0, FALSE },
  { "above/f8", "f8 88 80 80 80", 0, FALSE },
  { "above/fc", "fc 84 80 80 80 80", 0, FALSE },
  { "above/fe", "fe", 0, FALSE },
  { "above/ff", "61 62 ff", 2, FALSE },

  { "cut/two", "61 c2", 1, TRUE },
  { "cut/three-after-one", "61 e2", 1, TRUE },
  { "cut/three-after-two", "61 e2 82", 1, TRUE },
  { "cut/four-after-one", "f0", 0, TRUE },
  { "cut/four-after-two", "f0 9f", 0, TRUE },
  { "cut/four-after-three", "61 62 f0 9f 98", 2, TRUE },

  { "interrupted/two-by-ascii", "c2 41", 1, FALSE },
  { "interrupted/three-by-ascii", "e2 82 41", 2, FALSE },
  { "interrupted/four-by-ascii", "f0 9f 98 41", 3, FALSE },
  { "interrupted/two-by-lead", "c2 c2 80", 1, FALSE },
  { "interrupted/three-by-lead", "e2 82 e2", 2, FALSE },
  { "interrupted/second-byte-ff", "e2 ff", 1, FALSE },
  { "interrupted/third-byte-c0", "e2 82 c0", 2, FALSE },
  { "interrupted/nul", "e2 82 00", 2, FALSE },
};

static void
check_end (const Case       *c,
           const DuplexUtf8 *utf8,
           guint64           len)
{
  g_assert_cmpuint (utf8->offset, ==, len);
  g_assert_cmpint (duplex_utf8_is_complete (utf8), ==, !c->open);
  if (c->open)
    g_assert_cmpuint (utf8->start, ==, c->bad);
}

/* Feeds the pieces in turn; NULL and 0 is a piece too. */
static void
check_pieces (const Case   *c,
              const guint8 *data,
              const gsize  *sizes,
              gsize         n_sizes,
              gsize         len)
{
  g_autoptr (DuplexGuardPage) guard = duplex_guard_page_new (len);
  DuplexUtf8                  utf8 = DUPLEX_UTF8_INIT;
  guint64                     bad = 12345;

  for (gsize i = 0; i < n_sizes; i++)
    {
      const guint8 *piece = duplex_guard_page_place (guard, data, sizes[i]);

      data = data != NULL ? data + sizes[i] : NULL;
      if (!duplex_utf8_feed (&utf8, piece, sizes[i], &bad))
        {
          g_assert_false (c->open);
          g_assert_cmpuint (bad, ==, c->bad);
          g_assert_cmpuint (utf8.offset, ==, c->bad);
          return;
        }
      g_assert_cmpuint (bad, ==, 12345);
    }

  g_assert_true (c->open || c->bad == VALID);
  check_end (c, &utf8, len);
}

/* All at once, byte by byte, and in every split into three pieces, empty ones included. */
static void
test_case (gconstpointer data)
{
  const Case        *c = data;
  g_autoptr (GBytes) text = duplex_hex_decode (c->hex);
  gsize              ones[16];
  gsize              len;
  const guint8      *bytes = g_bytes_get_data (text, &len);

  g_assert_cmpuint (len, <=, G_N_ELEMENTS (ones));
  for (gsize i = 0; i < G_N_ELEMENTS (ones); i++)
    ones[i] = 1;
  check_pieces (c, bytes, ones, len, len);

  for (gsize first = 0; first <= len; first++)
    {
      for (gsize second = 0; second <= len - first; second++)
        {
          const gsize sizes[] = { first, second, len - first - second };

          check_pieces (c, bytes, sizes, 3, len);
        }
    }
}

static void
test_case_validate (gconstpointer data)
{
  const Case        *c = data;
  g_autoptr (GBytes) text = duplex_hex_decode (c->hex);
  guint64            bad = VALID;
  gsize              len;
  const guint8      *bytes = g_bytes_get_data (text, &len);

  g_assert_cmpint (duplex_utf8_validate (bytes, len, &bad), ==, c->bad == VALID);
  g_assert_cmpuint (bad, ==, c->bad);
  g_assert_cmpint (duplex_utf8_validate (bytes, len, NULL), ==, c->bad == VALID);
}

/* Every case with ASCII before and behind, so that it meets each place in a step of the fast
 * path. */
static void
test_within_ascii (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) text = duplex_hex_decode (cases[i].hex);
      gsize              len = g_bytes_get_size (text);

      for (gsize before = 0; before < 40; before++)
        {
          g_autofree guint8 *bytes = g_malloc (before + len + 40);
          guint64            bad = VALID;
          guint64            expected = cases[i].bad;

          memset (bytes, 'x', before + len + 40);
          if (len > 0)
            memcpy (bytes + before, g_bytes_get_data (text, NULL), len);

          /* The ASCII behind is what interrupts an open character. */
          if (cases[i].open)
            expected = len;
          duplex_utf8_validate (bytes, before + len + 40, &bad);
          g_assert_cmpuint (bad, ==, expected == VALID ? VALID : expected + before);
        }
    }
}

/* Every character there is, and every number that is none. */
static void
test_every_character (void)
{
  for (gunichar c = 0; c <= 0x110000; c++)
    {
      char     bytes[6];
      gsize    len = g_unichar_to_utf8 (c, bytes);
      gboolean expected = c < 0xd800 || (c > 0xdfff && c < 0x110000);

      if (duplex_utf8_validate ((const guint8 *)bytes, len, NULL) != expected)
        g_error ("U+%04X: not as expected", c);
    }
}

/* GLib's judgement, which refuses NUL. */
static gboolean
glib_validates (const guint8 *data,
                gsize         len)
{
  for (gsize i = 0; i < len; i++)
    {
      const guint8 *nul = memchr (data + i, '\0', len - i);
      gsize         run = nul != NULL ? (gsize)(nul - (data + i)) : len - i;

      if (!g_utf8_validate_len ((const char *)data + i, run, NULL))
        return FALSE;
      i += run;
    }

  return TRUE;
}

/* All sequences of one, two and three bytes, against GLib. */
static void
test_every_short_sequence (void)
{
  for (guint32 n = 0; n < 1 << 24; n += (n >> 16) < 0x80 && (n >> 16) > 2 ? 0x3ff : 1)
    {
      const guint8 bytes[3] = { n >> 16, n >> 8, n };

      for (gsize len = 1; len <= 3; len++)
        {
          if (len < 3 && (n & (len == 1 ? 0xffff : 0xff)) != 0)
            continue;
          if (duplex_utf8_validate (bytes, len, NULL) != glib_validates (bytes, len))
            g_error ("%02x %02x %02x: GLib disagrees at %" G_GSIZE_FORMAT, bytes[0], bytes[1],
                     bytes[2], len);
        }
    }
}

/* Four bytes from the borders of every range, against GLib. */
static void
test_every_border (void)
{
  static const guint8 borders[] = {
    0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0,
    0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xfc, 0xff
  };
  const gsize n = G_N_ELEMENTS (borders);

  for (gsize i = 0; i < n * n * n * n; i++)
    {
      const guint8 bytes[4] = {
        borders[i % n], borders[i / n % n], borders[i / n / n % n], borders[i / n / n / n]
      };

      if (duplex_utf8_validate (bytes, 4, NULL) != glib_validates (bytes, 4))
        g_error ("%02x %02x %02x %02x: GLib disagrees", bytes[0], bytes[1], bytes[2], bytes[3]);
    }
}

/* The offset counts over all pieces, and start is where the open character began. */
static void
test_offsets (void)
{
  DuplexUtf8 utf8 = DUPLEX_UTF8_INIT;
  guint64    bad;

  g_assert_true (duplex_utf8_feed (&utf8, (const guint8 *)"abc\xe2", 4, &bad));
  g_assert_cmpuint (utf8.start, ==, 3);
  g_assert_true (duplex_utf8_feed (&utf8, (const guint8 *)"\x82", 1, &bad));
  g_assert_cmpuint (utf8.start, ==, 3);
  g_assert_cmpuint (utf8.offset, ==, 5);
  g_assert_true (duplex_utf8_feed (&utf8, (const guint8 *)"\xac", 1, &bad));
  g_assert_true (duplex_utf8_is_complete (&utf8));
  g_assert_false (duplex_utf8_feed (&utf8, (const guint8 *)"d\xff", 2, &bad));
  g_assert_cmpuint (bad, ==, 7);
  g_assert_cmpuint (utf8.start, ==, 7);
}

/* at: where the first unsafe character begins, or VALID. */
typedef struct
{
  const char *name;
  const char *hex;
  guint64     at;
} UnsafeCase;

static const UnsafeCase unsafe_cases[] = {
  { "c0/nul", "61 00", 1 },
  { "c0/before-tab", "61 62 08", 2 },
  { "c0/vertical-tab", "0b", 0 },
  { "c0/form-feed", "0c", 0 },
  { "c0/after-cr", "0d 0e", 1 },
  { "c0/escape", "61 1b 5b 33 31 6d", 1 },
  { "c0/last", "1f", 0 },
  { "c0/tab-and-line-ends", "09 0a 0d 0a", VALID },
  { "printable", "20 7e", VALID },
  { "del", "7e 7f", 1 },
  { "c1/first", "61 c2 80", 1 },
  { "c1/next-line", "c2 85", 0 },
  { "c1/last", "c2 9f", 0 },
  { "c1/no-break-space", "c2 a0", VALID },
  { "c1/same-end-other-lead", "c3 80  e1 80 80  e2 84 80", VALID },
  { "direction/before-first", "e2 80 a9", VALID },
  { "direction/lre", "61 e2 80 aa", 1 },
  { "direction/rlo", "e2 80 ae", 0 },
  { "direction/after-rlo", "e2 80 af", VALID },
  { "direction/before-lri", "e2 81 a5", VALID },
  { "direction/lri", "e2 81 a6", 0 },
  { "direction/pdi", "61 62 63 e2 81 a9", 3 },
  { "direction/after-pdi", "e2 81 aa", VALID },
  { "direction/other-second", "e2 80 a6  e2 81 ae  e2 82 aa", VALID },
  { "direction/other-lead", "e1 80 aa  e3 81 a6", VALID },
  { "direction/marks", "e2 80 8e  e2 80 8f  d8 9c", VALID },
  { "direction/within-four", "f0 a2 80 aa  f1 82 81 a6", VALID },
  { "first-of-two", "c2 a0  c2 81  07", 2 },
  { "first-of-two-in-reach", "61 e2 80 ae 07 c2 80", 1 },
};

static guint64
find_unsafe (const guint8 *data,
             const gsize  *sizes,
             gsize         n_sizes)
{
  DuplexUtf8 utf8 = DUPLEX_UTF8_INIT;

  for (gsize i = 0; i < n_sizes; data += sizes[i++])
    g_assert_true (duplex_utf8_feed (&utf8, data, sizes[i], NULL));
  g_assert_true (duplex_utf8_is_complete (&utf8));

  return utf8.unsafe;
}

/* All at once, byte by byte, and in every split into three pieces. */
static void
test_unsafe_case (gconstpointer data)
{
  const UnsafeCase  *c = data;
  g_autoptr (GBytes) text = duplex_hex_decode (c->hex);
  gsize              ones[16];
  gsize              len;
  const guint8      *bytes = g_bytes_get_data (text, &len);

  g_assert_cmpuint (len, <=, G_N_ELEMENTS (ones));
  for (gsize i = 0; i < G_N_ELEMENTS (ones); i++)
    ones[i] = 1;
  g_assert_cmpuint (find_unsafe (bytes, ones, len), ==, c->at);

  for (gsize first = 0; first <= len; first++)
    {
      for (gsize second = 0; second <= len - first; second++)
        {
          const gsize sizes[] = { first, second, len - first - second };

          g_assert_cmpuint (find_unsafe (bytes, sizes, 3), ==, c->at);
        }
    }
}

/* What the code says of data in two pieces, after each of them, is what the reference says of as
 * much. Either piece stands right before a guard page. */
static void
check_reference (DuplexGuardPage *guard,
                 const guint8    *data,
                 gsize            len,
                 gsize            cut)
{
  DuplexUtf8 utf8 = DUPLEX_UTF8_INIT;
  guint64    bad = VALID;
  gboolean   is_valid = TRUE;

  for (guint piece = 0; piece < 2 && is_valid; piece++)
    {
      gsize               from = piece == 0 ? 0 : cut;
      gsize               to = piece == 0 ? cut : len;
      const guint8       *place = duplex_guard_page_place (guard, data + from, to - from);
      DuplexUtf8Reference expected = duplex_utf8_reference (data, to);

      is_valid = duplex_utf8_feed (&utf8, place, to - from, &bad);
      g_assert_cmpint (is_valid, ==, expected.valid == to);
      g_assert_cmpuint (utf8.offset, ==, expected.valid);
      g_assert_cmpuint (utf8.unsafe, ==, expected.first_unsafe);
      g_assert_cmpuint (bad, ==, is_valid ? VALID : expected.valid);
      if (is_valid)
        g_assert_cmpint (duplex_utf8_is_complete (&utf8), ==, expected.open == to);
      if (!is_valid || expected.open < to)
        g_assert_cmpuint (utf8.start, ==, expected.open);
    }
}

/* What stands around a telling sequence: plain text, and characters of each size. */
static const char *const fillers[] = { "x", "{\n\t\"key\": 1,\r\n}", "ä", "Größe und Maß. ",
                                       "いろはに", "😀", "«“ж” – い»" };

static void
fill (guint8     *bytes,
      gsize       len,
      const char *filler)
{
  gsize n_filler = strlen (filler);

  for (gsize i = 0; i < len; i++)
    bytes[i] = i + n_filler - i % n_filler <= len ? filler[i % n_filler] : '.';
}

/* One telling sequence at each place of a text that is longer than two of the longest steps. */
static void
check_at_each_place (const guint8 *telling,
                     gsize         n_telling,
                     const char   *filler)
{
  enum {
    LENGTH = 560
  };
  gsize                       n_filler = strlen (filler);
  g_autoptr (DuplexGuardPage) guard = duplex_guard_page_new (LENGTH);

  for (gsize at = 0; at + n_telling <= LENGTH; at += at + n_filler < 80 ? n_filler : 7 * n_filler)
    {
      guint8 bytes[LENGTH];

      fill (bytes, at, filler);
      if (n_telling > 0)
        memcpy (bytes + at, telling, n_telling);
      fill (bytes + at + n_telling, LENGTH - at - n_telling, filler);
      check_reference (guard, bytes, LENGTH, LENGTH);
      check_reference (guard, bytes, LENGTH, at + n_telling / 2);
      check_reference (guard, bytes, at + n_telling, 0);
    }
}

static void
test_each_place (void)
{
  for (gsize f = 0; f < G_N_ELEMENTS (fillers); f++)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
        {
          g_autoptr (GBytes) bytes = duplex_hex_decode (cases[i].hex);
          gsize              len;
          const guint8      *data = g_bytes_get_data (bytes, &len);

          check_at_each_place (data, len, fillers[f]);
        }
      for (gsize i = 0; i < G_N_ELEMENTS (unsafe_cases); i++)
        {
          g_autoptr (GBytes) bytes = duplex_hex_decode (unsafe_cases[i].hex);
          gsize              len;
          const guint8      *data = g_bytes_get_data (bytes, &len);

          check_at_each_place (data, len, fillers[f]);
        }
    }
}

/* A character of a kind, and now and then one that is telling, or half of one. */
static gsize
append_random (guint8 *bytes,
               gsize   room,
               gint32  kind,
               GRand  *rand)
{
  static const char *const telling[] = { "\x1b", "\x7f", "\xc2\x85", "\u00a0", "\u202a", "\u202e",
                                         "\u202f", "\u2066", "\u2069", "\u206a", "\n", "\r\n" };
  char                     character[6];
  const char              *text = character;
  gsize                    size;

  if (g_rand_int_range (rand, 0, 60) == 0)
    {
      text = telling[g_rand_int_range (rand, 0, G_N_ELEMENTS (telling))];
      size = strlen (text);
    }
  else if (g_rand_int_range (rand, 0, 150) == 0)
    {
      character[0] = (char)g_rand_int_range (rand, 0x80, 0x100);
      size = 1;
    }
  else
    {
      static const gunichar ends[][2] = { { 0x20, 0x7f },
                                          { 0xa0, 0x800 },
                                          { 0x800, 0x2000 },
                                          { 0xe000, 0x10000 },
                                          { 0x10000, 0x110000 } };
      const gint32          n = G_N_ELEMENTS (ends);
      gint32                range = kind < n ? kind : g_rand_int_range (rand, 0, n);

      size = g_unichar_to_utf8 (g_rand_int_range (rand, ends[range][0], ends[range][1]), character);
    }

  size = MIN (size, room);
  memcpy (bytes, text, size);
  return size;
}

/* Texts of every kind and length from each alignment, whole and cut somewhere. */
static void
test_random (void)
{
  enum {
    LARGEST = 200,
    ALIGNMENTS = 64
  };
  /* Arbitrary and fixed: a failure comes again. */
  g_autoptr (GRand)           rand = g_rand_new_with_seed (20031101);
  g_autoptr (DuplexGuardPage) guard = duplex_guard_page_new (LARGEST);
  guint8                      buffer[ALIGNMENTS + LARGEST];

  for (gsize len = 0; len <= LARGEST; len++)
    {
      for (gsize alignment = 0; alignment < ALIGNMENTS; alignment++)
        {
          guint8             *text = buffer + alignment;
          DuplexUtf8          utf8 = DUPLEX_UTF8_INIT;
          DuplexUtf8Reference expected;

          for (gsize i = 0; i < len;)
            i += append_random (text + i, len - i, (gint32)(alignment % 7), rand);
          expected = duplex_utf8_reference (text, len);
          g_assert_cmpint (duplex_utf8_feed (&utf8, text, len, NULL), ==, expected.valid == len);
          g_assert_cmpuint (utf8.offset, ==, expected.valid);
          g_assert_cmpuint (utf8.unsafe, ==, expected.first_unsafe);
          check_reference (guard, text, len, g_rand_int_range (rand, 0, (gint32)len + 1));
        }
    }
}

/* Four bytes from the borders of every range, and behind them ASCII, so that they stand in front of
 * what a step looks at. */
static void
test_border_reference (void)
{
  static const guint8 borders[] = { 0x00, 0x0a, 0x1f, 0x20, 0x7e, 0x7f, 0x80, 0x81, 0x8f, 0x90,
                                    0x9f, 0xa0, 0xa6, 0xa9, 0xaa, 0xae, 0xaf, 0xbf, 0xc0, 0xc1,
                                    0xc2, 0xc3, 0xdf, 0xe0, 0xe1, 0xe2, 0xed, 0xee, 0xef, 0xf0,
                                    0xf1, 0xf3, 0xf4, 0xf5, 0xff };
  const gsize         n = G_N_ELEMENTS (borders);
  guint8              bytes[24];

  for (gsize i = 0; i < n * n * n * n; i++)
    {
      DuplexUtf8          utf8 = DUPLEX_UTF8_INIT;
      DuplexUtf8Reference expected;
      gboolean            is_valid;
      gsize               len = i % 2 == 0 ? 4 : sizeof bytes;
      gsize               at = len == 4 ? 0 : i % 20;

      memset (bytes, 'x', sizeof bytes);
      bytes[at] = borders[i % n];
      bytes[at + 1] = borders[i / n % n];
      bytes[at + 2] = borders[i / n / n % n];
      bytes[at + 3] = borders[i / n / n / n];

      expected = duplex_utf8_reference (bytes, len);
      is_valid = duplex_utf8_feed (&utf8, bytes, len, NULL);
      if (is_valid != (expected.valid == len) || utf8.offset != expected.valid ||
          utf8.unsafe != expected.first_unsafe)
        g_error ("%02x %02x %02x %02x at %" G_GSIZE_FORMAT ": not as expected", bytes[at],
                 bytes[at + 1], bytes[at + 2], bytes[at + 3], at);
    }
}

/* The first unsafe character stays the first, and what comes behind it is validated as before. */
static void
test_unsafe_then_bad (void)
{
  DuplexUtf8 utf8 = DUPLEX_UTF8_INIT;
  guint64    bad = VALID;

  g_assert_true (duplex_utf8_feed (&utf8, (const guint8 *)"abc\xe2\x80", 5, &bad));
  g_assert_cmpuint (utf8.unsafe, ==, DUPLEX_UTF8_ALL_SAFE);
  g_assert_true (duplex_utf8_feed (&utf8, (const guint8 *)"\xae", 1, &bad));
  g_assert_cmpuint (utf8.unsafe, ==, 3);
  g_assert_true (duplex_utf8_feed (&utf8, (const guint8 *)"\x07 a text that goes on \x1b\xc2\x80",
                                   26, &bad));
  g_assert_cmpuint (utf8.unsafe, ==, 3);
  g_assert_cmpuint (utf8.offset, ==, 32);
  g_assert_false (duplex_utf8_feed (&utf8, (const guint8 *)"a text that goes on\n\x07\xff", 22,
                                    &bad));
  g_assert_cmpuint (utf8.unsafe, ==, 3);
  g_assert_cmpuint (bad, ==, 53);
}

/* What stands behind a bad byte is not searched. */
static void
test_bad_then_unsafe (void)
{
  DuplexUtf8 utf8 = DUPLEX_UTF8_INIT;
  guint64    bad;

  g_assert_false (duplex_utf8_feed (&utf8, (const guint8 *)"a text \xc0 and \x1b", 14, &bad));
  g_assert_cmpuint (bad, ==, 7);
  g_assert_cmpuint (utf8.unsafe, ==, DUPLEX_UTF8_ALL_SAFE);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *feed = g_strconcat ("/core/utf8/feed/", cases[i].name, NULL);
      g_autofree char *validate = g_strconcat ("/core/utf8/validate/", cases[i].name, NULL);

      g_test_add_data_func (feed, &cases[i], test_case);
      g_test_add_data_func (validate, &cases[i], test_case_validate);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (unsafe_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/core/utf8/unsafe/", unsafe_cases[i].name, NULL);

      g_test_add_data_func (path, &unsafe_cases[i], test_unsafe_case);
    }
  g_test_add_func ("/core/utf8/unsafe/then-bad", test_unsafe_then_bad);
  g_test_add_func ("/core/utf8/unsafe/after-bad", test_bad_then_unsafe);
  g_test_add_func ("/core/utf8/each-place", test_each_place);
  g_test_add_func ("/core/utf8/random", test_random);
  g_test_add_func ("/core/utf8/border-reference", test_border_reference);
  g_test_add_func ("/core/utf8/within-ascii", test_within_ascii);
  g_test_add_func ("/core/utf8/every-character", test_every_character);
  g_test_add_func ("/core/utf8/every-short-sequence", test_every_short_sequence);
  g_test_add_func ("/core/utf8/every-border", test_every_border);
  g_test_add_func ("/core/utf8/offsets", test_offsets);

  return g_test_run ();
}
