/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where what stands in a hex dump: offset, hexadecimal bytes and characters, counted in columns
 * of a monospace font. Pure functions.
 *
 *   0000  48 65 6c 6c 6f 20 77 6f  72 6c 64 21 ff 00 0a 09  Hello world!.... */

#include <glib.h>

G_BEGIN_DECLS

/* The most that a layout puts on a row. */
#define DUPLEX_HEX_LAYOUT_MAX_BYTES 16

typedef struct
{
  guint n_bytes;  /* on a row: 16, 8 or 4 */
  guint n_digits; /* of an offset: 4, 6, 8 ... 16 */
} DuplexHexLayout;

/* The widest layout for size bytes that fits into n_columns; 4 bytes a row where none does. */
DuplexHexLayout duplex_hex_layout_fit (guint64 size,
                                       guint   n_columns);

/* Columns that a row takes. */
guint duplex_hex_layout_get_width (const DuplexHexLayout *self);

/* Rows of size bytes; 0 for none. */
guint64 duplex_hex_layout_get_n_rows (const DuplexHexLayout *self,
                                      guint64                size);

/* The column where byte i of a row has its two digits, and where its character stands. */
guint duplex_hex_layout_get_hex_column (const DuplexHexLayout *self,
                                        guint                  i);
guint duplex_hex_layout_get_text_column (const DuplexHexLayout *self,
                                         guint                  i);

/* The byte of a row that is nearest to column. */
guint duplex_hex_layout_find_byte (const DuplexHexLayout *self,
                                   double                 column);

typedef enum {
  DUPLEX_HEX_MOVE_BYTE,
  DUPLEX_HEX_MOVE_ROW,
  DUPLEX_HEX_MOVE_PAGE,
  DUPLEX_HEX_MOVE_ROW_END,
  DUPLEX_HEX_MOVE_END,
} DuplexHexMove;

/* Where a cursor on a byte of size gets by move, back (direction < 0) or forth, with n_rows on a
 * page. It stays where it is rather than go too far; size must not be 0. */
guint64 duplex_hex_layout_move (const DuplexHexLayout *self,
                                guint64                size,
                                guint64                cursor,
                                DuplexHexMove          move,
                                int                    direction,
                                guint                  n_rows);

/* Append one row's parts; n is at most n_bytes. The hexadecimal part is as wide as n asks. */
void duplex_hex_layout_append_offset (const DuplexHexLayout *self,
                                      GString               *out,
                                      guint64                offset);
void duplex_hex_layout_append_hex (const DuplexHexLayout *self,
                                   GString               *out,
                                   const guint8          *data,
                                   guint                  n);
void duplex_hex_layout_append_text (GString      *out,
                                    const guint8 *data,
                                    guint         n);

/* A whole row and a line feed, as in the example above. */
void duplex_hex_layout_append_row (const DuplexHexLayout *self,
                                   GString               *out,
                                   guint64                offset,
                                   const guint8          *data,
                                   guint                  n);

G_END_DECLS
