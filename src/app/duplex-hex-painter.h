/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Draws the rows of a hex view: measures a widget's font, and turns columns of a DuplexHexLayout
 * into pixels. It belongs to the widget that made it. */

#include <gtk/gtk.h>

#include "app/duplex-hex-bytes.h"
#include "app/duplex-hex-layout.h"

G_BEGIN_DECLS

typedef struct _DuplexHexPainter DuplexHexPainter;

/* widget is borrowed; its colour and font are used. It gets two children that are never seen and
 * carry the style sheet's colours of their nodes "selection" and "highlight". */
DuplexHexPainter *duplex_hex_painter_new (GtkWidget *widget);
/* While the widget still lives: at the latest in its dispose. */
void duplex_hex_painter_free (DuplexHexPainter *self);

/* The widget's font changed. */
void duplex_hex_painter_update_font (DuplexHexPainter *self);

int duplex_hex_painter_get_row_height (DuplexHexPainter *self);

/* The left edge of column, from the widget's left edge; the pixels that a row of layout takes,
 * with a margin on both sides; the columns that fit into width; and the column, with its
 * fraction, at x. */
int    duplex_hex_painter_get_x (DuplexHexPainter *self,
                                 guint             column);
int    duplex_hex_painter_get_width (DuplexHexPainter      *self,
                                     const DuplexHexLayout *layout);
guint  duplex_hex_painter_get_n_columns (DuplexHexPainter *self,
                                         int               width);
double duplex_hex_painter_get_column (DuplexHexPainter *self,
                                      double            x);

typedef enum {
  DUPLEX_HEX_RANGE_SELECTION,
  DUPLEX_HEX_RANGE_HIGHLIGHT,
} DuplexHexRange;

/* Fills what of n bytes from start stands on the row that begins at offset and is drawn at y:
 * behind the digits, and behind the characters. */
void duplex_hex_painter_draw_range (DuplexHexPainter      *self,
                                    GtkSnapshot           *snapshot,
                                    const DuplexHexLayout *layout,
                                    DuplexHexRange         range,
                                    guint64                offset,
                                    double                 y,
                                    guint64                start,
                                    guint64                n);

/* Draws the row that begins at offset. */
void duplex_hex_painter_draw_row (DuplexHexPainter      *self,
                                  GtkSnapshot           *snapshot,
                                  const DuplexHexLayout *layout,
                                  DuplexHexBytes        *bytes,
                                  guint64                offset,
                                  double                 y);

/* Draws a ring around byte i of the row at y. */
void duplex_hex_painter_draw_cursor (DuplexHexPainter      *self,
                                     GtkSnapshot           *snapshot,
                                     const DuplexHexLayout *layout,
                                     guint                  i,
                                     double                 y);

/* Room around the dump, px. */
#define DUPLEX_HEX_PAINTER_MARGIN 6

G_END_DECLS
