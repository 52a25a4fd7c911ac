/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-hex-bytes.h"

#include <string.h>

#include "core/proto/duplex-frame.h"

#define HELLO "Hello world!\xff\x00\n\t"

static void
test_row (void)
{
  DuplexHexLayout     layout = duplex_hex_layout_fit (16, G_MAXUINT);
  g_autoptr (GString) out = g_string_new (NULL);

  duplex_hex_layout_append_row (&layout, out, 0, (const guint8 *)HELLO, 16);
  g_assert_cmpstr (out->str, ==,
                   "0000  48 65 6c 6c 6f 20 77 6f  72 6c 64 21 ff 00 0a 09  Hello world!....\n");
  g_assert_cmpuint (duplex_hex_layout_get_width (&layout), ==, out->len - 1);
}

/* A short last row keeps its characters in the column of the others. */
static void
test_short_row (void)
{
  DuplexHexLayout     layout = duplex_hex_layout_fit (100, 40);
  g_autoptr (GString) out = g_string_new (NULL);

  g_assert_cmpuint (layout.n_bytes, ==, 8);
  duplex_hex_layout_append_row (&layout, out, 0x60, (const guint8 *)"abc", 3);
  g_assert_cmpstr (out->str, ==, "0060  61 62 63                 abc\n");
}

static void
test_fit (void)
{
  static const struct
  {
    guint64 size;
    guint   n_columns;
    guint   n_bytes;
    guint   n_digits;
  } cases[] = {
    { 0, 0, 4, 4 },
    { 0, 38, 4, 4 },
    { 0, 39, 8, 4 },
    { 0, 71, 8, 4 },
    { 0, 72, 16, 4 },
    { 0x10000, 1000, 16, 4 },
    { 0x10001, 1000, 16, 6 },
    { G_GUINT64_CONSTANT (0x100000000), 1000, 16, 8 },
    { G_MAXUINT64, 1000, 16, 16 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DuplexHexLayout layout = duplex_hex_layout_fit (cases[i].size, cases[i].n_columns);

      g_assert_cmpuint (layout.n_bytes, ==, cases[i].n_bytes);
      g_assert_cmpuint (layout.n_digits, ==, cases[i].n_digits);
    }
}

static void
test_n_rows (void)
{
  DuplexHexLayout layout = duplex_hex_layout_fit (0, G_MAXUINT);

  g_assert_cmpuint (duplex_hex_layout_get_n_rows (&layout, 0), ==, 0);
  g_assert_cmpuint (duplex_hex_layout_get_n_rows (&layout, 1), ==, 1);
  g_assert_cmpuint (duplex_hex_layout_get_n_rows (&layout, 16), ==, 1);
  g_assert_cmpuint (duplex_hex_layout_get_n_rows (&layout, 17), ==, 2);
  g_assert_cmpuint (duplex_hex_layout_get_n_rows (&layout, G_MAXUINT64), ==,
                    G_GUINT64_CONSTANT (1) << 60);
}

/* Pointing at a byte's digits or character finds the byte. */
static void
test_find_byte (void)
{
  for (guint columns = 30; columns < 80; columns += 20)
    {
      DuplexHexLayout layout = duplex_hex_layout_fit (1000, columns);

      for (guint i = 0; i < layout.n_bytes; i++)
        {
          guint hex = duplex_hex_layout_get_hex_column (&layout, i);
          guint text = duplex_hex_layout_get_text_column (&layout, i);

          g_assert_cmpuint (duplex_hex_layout_find_byte (&layout, hex + 0.1), ==, i);
          g_assert_cmpuint (duplex_hex_layout_find_byte (&layout, hex + 1.9), ==, i);
          g_assert_cmpuint (duplex_hex_layout_find_byte (&layout, text + 0.5), ==, i);
        }
      g_assert_cmpuint (duplex_hex_layout_find_byte (&layout, -5), ==, 0);
      g_assert_cmpuint (duplex_hex_layout_find_byte (&layout, 1000), ==, layout.n_bytes - 1);
    }
}

static void
test_move (void)
{
  /* 40 bytes: rows of 16, 16 and 8. */
  static const struct
  {
    guint64       from;
    DuplexHexMove move;
    int           direction;
    guint64       to;
  } cases[] = {
    { 0, DUPLEX_HEX_MOVE_BYTE, -1, 0 },
    { 0, DUPLEX_HEX_MOVE_BYTE, 1, 1 },
    { 39, DUPLEX_HEX_MOVE_BYTE, 1, 39 },
    { 5, DUPLEX_HEX_MOVE_ROW, -1, 5 },
    { 21, DUPLEX_HEX_MOVE_ROW, -1, 5 },
    { 20, DUPLEX_HEX_MOVE_ROW, 1, 36 },
    { 30, DUPLEX_HEX_MOVE_ROW, 1, 39 },
    { 36, DUPLEX_HEX_MOVE_ROW, 1, 36 },
    { 37, DUPLEX_HEX_MOVE_PAGE, -1, 5 },
    { 3, DUPLEX_HEX_MOVE_PAGE, 1, 35 },
    { 19, DUPLEX_HEX_MOVE_ROW_END, -1, 16 },
    { 19, DUPLEX_HEX_MOVE_ROW_END, 1, 31 },
    { 33, DUPLEX_HEX_MOVE_ROW_END, 1, 39 },
    { 33, DUPLEX_HEX_MOVE_END, -1, 0 },
    { 3, DUPLEX_HEX_MOVE_END, 1, 39 },
  };
  DuplexHexLayout layout = duplex_hex_layout_fit (40, G_MAXUINT);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpuint (duplex_hex_layout_move (&layout, 40, cases[i].from, cases[i].move,
                                              cases[i].direction, /* n_rows= */ 2),
                      ==, cases[i].to);
}

static DuplexHexBytes *
make_frame (const guint8 *mask)
{
  g_autoptr (GBytes) head = g_bytes_new_static ("\x81\x85", 2);
  g_autoptr (GBytes) body = g_bytes_new_static ("Hello", 5);

  return duplex_hex_bytes_new (head, body, mask);
}

/* Any piece of head and masked body reads as the same piece of the whole. */
static void
test_read (void)
{
  const guint8               mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
  const guint8               wire[] = { 0x81, 0x85, 0x7f, 0x9f, 0x4d, 0x51, 0x58 };
  g_autoptr (DuplexHexBytes) bytes = make_frame (mask);

  g_assert_cmpuint (duplex_hex_bytes_get_size (bytes), ==, sizeof wire);
  for (gsize offset = 0; offset <= sizeof wire; offset++)
    {
      for (gsize n = 0; n <= sizeof wire - offset; n++)
        {
          guint8 out[sizeof wire];

          duplex_hex_bytes_read (bytes, offset, out, n);
          g_assert_cmpmem (out, n, wire + offset, n);
        }
    }
}

static void
test_text (void)
{
  g_autoptr (DuplexHexBytes) bytes = make_frame (NULL);
  g_autofree char           *digits = NULL;
  g_autofree char           *text = NULL;
  g_autofree char           *dump = NULL;

  digits = duplex_hex_bytes_dup_text (bytes, 1, 3, DUPLEX_HEX_DIGITS);
  g_assert_cmpstr (digits, ==, "85 48 65");
  text = duplex_hex_bytes_dup_text (bytes, 1, 3, DUPLEX_HEX_TEXT);
  g_assert_cmpstr (text, ==, "\xef\xbf\xbdHe");
  dump = duplex_hex_bytes_dup_text (bytes, 0, 7, DUPLEX_HEX_DUMP);
  g_assert_cmpstr (dump, ==,
                   "0000  81 85 48 65 6c 6c 6f                              ..Hello\n");
}

/* Digits of more than a row have a space between the rows, too. */
static void
test_long_digits (void)
{
  guint8                     data[40];
  g_autoptr (GBytes)         body = NULL;
  g_autoptr (DuplexHexBytes) bytes = NULL;
  g_autofree char           *digits = NULL;

  memset (data, 0xab, sizeof data);
  body = g_bytes_new_static (data, sizeof data);
  bytes = duplex_hex_bytes_new (NULL, body, NULL);
  digits = duplex_hex_bytes_dup_text (bytes, 0, sizeof data, DUPLEX_HEX_DIGITS);
  g_assert_cmpuint (strlen (digits), ==, 3 * sizeof data - 1);
  for (gsize i = 0; i < 3 * sizeof data - 1; i++)
    g_assert_cmpint (digits[i], ==, "ab "[i % 3]);
}

static void
test_too_much_text (void)
{
  gsize                      size = DUPLEX_HEX_BYTES_MAX_TEXT + 1;
  g_autoptr (GBytes)         body = g_bytes_new_take (g_malloc0 (size), size);
  g_autoptr (DuplexHexBytes) bytes = duplex_hex_bytes_new (NULL, body, NULL);

  g_assert_null (duplex_hex_bytes_dup_text (bytes, 0, size, DUPLEX_HEX_TEXT));
}

static void
test_empty (void)
{
  g_autoptr (DuplexHexBytes) bytes = duplex_hex_bytes_new (NULL, NULL, NULL);
  g_autofree char           *text = duplex_hex_bytes_dup_text (bytes, 0, 0, DUPLEX_HEX_DUMP);

  g_assert_cmpuint (duplex_hex_bytes_get_size (bytes), ==, 0);
  g_assert_cmpstr (text, ==, "");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/hex/layout/row", test_row);
  g_test_add_func ("/app/hex/layout/short-row", test_short_row);
  g_test_add_func ("/app/hex/layout/fit", test_fit);
  g_test_add_func ("/app/hex/layout/n-rows", test_n_rows);
  g_test_add_func ("/app/hex/layout/find-byte", test_find_byte);
  g_test_add_func ("/app/hex/layout/move", test_move);
  g_test_add_func ("/app/hex/bytes/read", test_read);
  g_test_add_func ("/app/hex/bytes/text", test_text);
  g_test_add_func ("/app/hex/bytes/long-digits", test_long_digits);
  g_test_add_func ("/app/hex/bytes/too-much-text", test_too_much_text);
  g_test_add_func ("/app/hex/bytes/empty", test_empty);

  return g_test_run ();
}
