/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-hex-layout.h"

/* Between offset, bytes and characters. */
#define GAP 2

/* 16 bytes on a row stand in two halves. */
#define WIDEST DUPLEX_HEX_LAYOUT_MAX_BYTES
#define HALF   (WIDEST / 2)

static guint
get_half_gap (const DuplexHexLayout *self,
              guint                  i)
{
  return self->n_bytes == WIDEST && i >= HALF ? 1 : 0;
}

DuplexHexLayout
duplex_hex_layout_fit (guint64 size,
                       guint   n_columns)
{
  DuplexHexLayout layout = { .n_bytes = WIDEST, .n_digits = 4 };

  while (layout.n_digits < 16 && size > (G_GUINT64_CONSTANT (1) << (4 * layout.n_digits)))
    layout.n_digits += 2;
  while (layout.n_bytes > 4 && duplex_hex_layout_get_width (&layout) > n_columns)
    layout.n_bytes /= 2;

  return layout;
}

guint
duplex_hex_layout_get_width (const DuplexHexLayout *self)
{
  return duplex_hex_layout_get_text_column (self, self->n_bytes);
}

guint64
duplex_hex_layout_get_n_rows (const DuplexHexLayout *self,
                              guint64                size)
{
  return size / self->n_bytes + (size % self->n_bytes != 0 ? 1 : 0);
}

guint
duplex_hex_layout_get_hex_column (const DuplexHexLayout *self,
                                  guint                  i)
{
  return self->n_digits + GAP + 3 * i + get_half_gap (self, i);
}

guint
duplex_hex_layout_get_text_column (const DuplexHexLayout *self,
                                   guint                  i)
{
  guint last = self->n_bytes - 1;

  return duplex_hex_layout_get_hex_column (self, last) + 2 + GAP + i;
}

guint
duplex_hex_layout_find_byte (const DuplexHexLayout *self,
                             double                 column)
{
  double text = duplex_hex_layout_get_text_column (self, 0);
  guint  i = 0;

  /* From the middle of the gap on, the characters are meant. */
  if (column >= text - GAP / 2.0)
    return (guint)CLAMP (column - text, 0, self->n_bytes - 1);

  while (i + 1 < self->n_bytes && column >= duplex_hex_layout_get_hex_column (self, i + 1) - 0.5)
    i++;
  return i;
}

guint64
duplex_hex_layout_move (const DuplexHexLayout *self,
                        guint64                size,
                        guint64                cursor,
                        DuplexHexMove          move,
                        int                    direction,
                        guint                  n_rows)
{
  guint64 row_start = cursor - cursor % self->n_bytes;
  guint64 step = 1;

  g_return_val_if_fail (size > 0 && cursor < size, cursor);

  switch (move)
    {
    case DUPLEX_HEX_MOVE_END:
      return direction < 0 ? 0 : size - 1;
    case DUPLEX_HEX_MOVE_ROW_END:
      return direction < 0 ? row_start : MIN (row_start + self->n_bytes, size) - 1;
    case DUPLEX_HEX_MOVE_ROW:
      step = self->n_bytes;
      break;
    case DUPLEX_HEX_MOVE_PAGE:
      step = (guint64)MAX (n_rows, 1) * self->n_bytes;
      break;
    case DUPLEX_HEX_MOVE_BYTE:
    default:
      break;
    }

  if (direction < 0)
    {
      /* A page that is too long ends in the same column of the first row. */
      if (step > cursor)
        return move == DUPLEX_HEX_MOVE_PAGE ? cursor - row_start : cursor;
      return cursor - step;
    }

  if (step < size - cursor)
    return cursor + step;

  /* The last row is mostly shorter: its end is as near as one gets. */
  return row_start / self->n_bytes < (size - 1) / self->n_bytes ? size - 1 : cursor;
}

void
duplex_hex_layout_append_offset (const DuplexHexLayout *self,
                                 GString               *out,
                                 guint64                offset)
{
  g_string_append_printf (out, "%0*" G_GINT64_MODIFIER "x", (int)self->n_digits, offset);
}

void
duplex_hex_layout_append_hex (const DuplexHexLayout *self,
                              GString               *out,
                              const guint8          *data,
                              guint                  n)
{
  static const char digits[] = "0123456789abcdef";

  g_return_if_fail (n <= self->n_bytes);

  for (guint i = 0; i < n; i++)
    {
      if (i > 0)
        g_string_append (out, get_half_gap (self, i) > get_half_gap (self, i - 1) ? "  " : " ");
      g_string_append_c (out, digits[data[i] >> 4]);
      g_string_append_c (out, digits[data[i] & 0xF]);
    }
}

void
duplex_hex_layout_append_text (GString      *out,
                               const guint8 *data,
                               guint         n)
{
  for (guint i = 0; i < n; i++)
    g_string_append_c (out, g_ascii_isprint (data[i]) ? (char)data[i] : '.');
}

void
duplex_hex_layout_append_row (const DuplexHexLayout *self,
                              GString               *out,
                              guint64                offset,
                              const guint8          *data,
                              guint                  n)
{
  gsize start = out->len;

  duplex_hex_layout_append_offset (self, out, offset);
  g_string_append (out, "  ");
  duplex_hex_layout_append_hex (self, out, data, n);
  while (out->len - start < duplex_hex_layout_get_text_column (self, 0))
    g_string_append_c (out, ' ');
  duplex_hex_layout_append_text (out, data, n);
  g_string_append_c (out, '\n');
}
