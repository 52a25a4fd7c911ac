/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-utf8.h"

#include <string.h>

#include "duplex-guard-page.h"
#include "duplex-hex.h"

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

      data += sizes[i];
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
  g_test_add_func ("/core/utf8/within-ascii", test_within_ascii);
  g_test_add_func ("/core/utf8/every-character", test_every_character);
  g_test_add_func ("/core/utf8/every-short-sequence", test_every_short_sequence);
  g_test_add_func ("/core/utf8/every-border", test_every_border);
  g_test_add_func ("/core/utf8/offsets", test_offsets);

  return g_test_run ();
}
