/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-hex-painter.h"

#include "app/duplex-compat.h"

#define MARGIN          DUPLEX_HEX_PAINTER_MARGIN

#define DIM_ALPHA       0.6
#define SELECTION_ALPHA 0.3
#define HIGHLIGHT_ALPHA 0.25

/* A width of many digits, so that rounding does not add up. */
#define RULER "00000000000000000000000000000000"

struct _DuplexHexPainter
{
  GtkWidget   *widget; /* borrowed */
  GtkWidget   *selection;
  GtkWidget   *highlight;
  PangoLayout *layout;
  double       char_width;
  int          row_height;
};

static GtkWidget *
new_node (GtkWidget  *parent,
          const char *css_name)
{
  GtkWidget *node = g_object_new (GTK_TYPE_BOX, "css-name", css_name, "visible", FALSE, NULL);

  gtk_widget_set_parent (node, parent);
  return node;
}

DuplexHexPainter *
duplex_hex_painter_new (GtkWidget *widget)
{
  DuplexHexPainter *self;

  g_return_val_if_fail (GTK_IS_WIDGET (widget), NULL);

  self = g_new0 (DuplexHexPainter, 1);
  self->widget = widget;
  self->selection = new_node (widget, "selection");
  self->highlight = new_node (widget, "highlight");
  self->layout = gtk_widget_create_pango_layout (widget, NULL);
  pango_layout_set_single_paragraph_mode (self->layout, TRUE);
  duplex_hex_painter_update_font (self);
  return self;
}

void
duplex_hex_painter_free (DuplexHexPainter *self)
{
  g_return_if_fail (self != NULL);

  gtk_widget_unparent (self->selection);
  gtk_widget_unparent (self->highlight);
  g_clear_object (&self->layout);
  g_free (self);
}

void
duplex_hex_painter_update_font (DuplexHexPainter *self)
{
  PangoFontMetrics *metrics;
  int               width;

  g_return_if_fail (self != NULL);

  pango_layout_context_changed (self->layout);
  pango_layout_set_text (self->layout, RULER, -1);
  pango_layout_get_size (self->layout, &width, NULL);
  self->char_width = MAX ((double)width / PANGO_SCALE / (sizeof RULER - 1), 1);

  metrics = pango_context_get_metrics (gtk_widget_get_pango_context (self->widget), NULL, NULL);
  self->row_height = PANGO_PIXELS_CEIL (pango_font_metrics_get_ascent (metrics) +
                                        pango_font_metrics_get_descent (metrics));
  self->row_height = MAX (self->row_height, 1);
  pango_font_metrics_unref (metrics);
}

int
duplex_hex_painter_get_row_height (DuplexHexPainter *self)
{
  g_return_val_if_fail (self != NULL, 1);

  return self->row_height;
}

int
duplex_hex_painter_get_x (DuplexHexPainter *self,
                          guint             column)
{
  g_return_val_if_fail (self != NULL, 0);

  return MARGIN + (int)(column * self->char_width + 0.5);
}

int
duplex_hex_painter_get_width (DuplexHexPainter      *self,
                              const DuplexHexLayout *layout)
{
  g_return_val_if_fail (self != NULL, 0);

  return duplex_hex_painter_get_x (self, duplex_hex_layout_get_width (layout)) + MARGIN;
}

guint
duplex_hex_painter_get_n_columns (DuplexHexPainter *self,
                                  int               width)
{
  g_return_val_if_fail (self != NULL, 0);

  /* Half a column of grace for the rounding in get_x(). */
  return (guint)((MAX (width - 2 * MARGIN, 0) + 0.5) / self->char_width);
}

double
duplex_hex_painter_get_column (DuplexHexPainter *self,
                               double            x)
{
  g_return_val_if_fail (self != NULL, 0);

  return (x - MARGIN) / self->char_width;
}

static GdkRGBA
get_color (GtkWidget *node,
           double     alpha)
{
  GdkRGBA color;

  duplex_compat_get_color (node, &color);
  color.alpha *= alpha;
  return color;
}

static void
fill_columns (DuplexHexPainter *self,
              GtkSnapshot      *snapshot,
              const GdkRGBA    *color,
              guint             first,
              guint             end,
              double            y)
{
  int x = duplex_hex_painter_get_x (self, first);
  int width = duplex_hex_painter_get_x (self, end) - x;

  gtk_snapshot_append_color (snapshot, color,
                             &GRAPHENE_RECT_INIT (x - 1, (float)y, width + 2, self->row_height));
}

void
duplex_hex_painter_draw_range (DuplexHexPainter      *self,
                               GtkSnapshot           *snapshot,
                               const DuplexHexLayout *layout,
                               DuplexHexRange         range,
                               guint64                offset,
                               double                 y,
                               guint64                start,
                               guint64                n)
{
  guint64 first = MAX (start, offset);
  guint64 end = MIN (start + n, offset + layout->n_bytes);
  GdkRGBA color;
  guint   i;
  guint   last;

  g_return_if_fail (self != NULL);

  if (first >= end)
    return;

  color = range == DUPLEX_HEX_RANGE_SELECTION ? get_color (self->selection, SELECTION_ALPHA)
                                              : get_color (self->highlight, HIGHLIGHT_ALPHA);
  i = (guint)(first - offset);
  last = (guint)(end - 1 - offset);
  fill_columns (self, snapshot, &color, duplex_hex_layout_get_hex_column (layout, i),
                duplex_hex_layout_get_hex_column (layout, last) + 2, y);
  fill_columns (self, snapshot, &color, duplex_hex_layout_get_text_column (layout, i),
                duplex_hex_layout_get_text_column (layout, last) + 1, y);
}

static void
draw_text (DuplexHexPainter *self,
           GtkSnapshot      *snapshot,
           GString          *text,
           guint             column,
           double            y,
           const GdkRGBA    *color)
{
  float x = (float)duplex_hex_painter_get_x (self, column);

  pango_layout_set_text (self->layout, text->str, (int)text->len);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (x, (float)y));
  gtk_snapshot_append_layout (snapshot, self->layout, color);
  gtk_snapshot_restore (snapshot);
  g_string_truncate (text, 0);
}

void
duplex_hex_painter_draw_row (DuplexHexPainter      *self,
                             GtkSnapshot           *snapshot,
                             const DuplexHexLayout *layout,
                             DuplexHexBytes        *bytes,
                             guint64                offset,
                             double                 y)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint8              data[DUPLEX_HEX_LAYOUT_MAX_BYTES];
  guint               n = (guint)MIN (layout->n_bytes, duplex_hex_bytes_get_size (bytes) - offset);
  GdkRGBA             color;
  GdkRGBA             dim;

  g_return_if_fail (self != NULL);

  color = get_color (self->widget, 1);
  dim = get_color (self->widget, DIM_ALPHA);
  duplex_hex_bytes_read (bytes, offset, data, n);

  duplex_hex_layout_append_offset (layout, text, offset);
  draw_text (self, snapshot, text, 0, y, &dim);
  duplex_hex_layout_append_hex (layout, text, data, n);
  draw_text (self, snapshot, text, duplex_hex_layout_get_hex_column (layout, 0), y, &color);
  duplex_hex_layout_append_text (text, data, n);
  draw_text (self, snapshot, text, duplex_hex_layout_get_text_column (layout, 0), y, &color);
}

void
duplex_hex_painter_draw_cursor (DuplexHexPainter      *self,
                                GtkSnapshot           *snapshot,
                                const DuplexHexLayout *layout,
                                guint                  i,
                                double                 y)
{
  guint           column = duplex_hex_layout_get_hex_column (layout, i);
  int             x;
  int             end;
  GskRoundedRect  outline;
  graphene_rect_t rect;
  GdkRGBA         color;

  g_return_if_fail (self != NULL);

  x = duplex_hex_painter_get_x (self, column) - 2;
  end = duplex_hex_painter_get_x (self, column + 2) + 2;
  rect = GRAPHENE_RECT_INIT (x, (float)y, end - x, self->row_height);
  color = get_color (self->selection, 1);
  gsk_rounded_rect_init_from_rect (&outline, &rect, 3);
  gtk_snapshot_append_border (snapshot, &outline, (float[]){ 1, 1, 1, 1 },
                              (GdkRGBA[]){ color, color, color, color });
}
