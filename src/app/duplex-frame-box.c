/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-frame-box.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <string.h>

#include "app/duplex-compat.h"
#include "app/duplex-severity.h"
#include "app/duplex-texts.h"

#define COLUMNS DUPLEX_FRAME_BOX_COLUMNS

/* Between a box's edge and what stands in it, and between its lines of text; px. */
#define PADDING 3
#define GAP     1

/* The letters of a one-bit field stand below each other, as in the RFC's picture. */
#define LETTER_SCALE 0.72
#define SMALL_SCALE  0.82

/* How strong the widget's colour is in each part. */
#define ALPHA_FILL            0.05
#define ALPHA_FILL_FINDING    0.14
#define ALPHA_FILL_CURRENT    0.18
#define ALPHA_BORDER          0.35
#define ALPHA_BORDER_CONTRAST 0.80
#define ALPHA_DIM             0.62

/* The part of a field that stands on one line. */
typedef struct
{
  guint line;
  guint column;
  guint n_columns;
} Segment;

struct _DuplexFrameBox
{
  GtkWidget parent_instance;

  /* owned */
  DuplexFrameItem *item;
  char            *value;
  char            *detail; /* what value is called, or NULL */
  char            *more;   /* what is said of the bits that are not shown, or NULL */
  GArray          *segments;
  PangoLayout     *layout; /* of normal size; all text goes through it */

  /* borrowed */
  const int *line_heights;

  /* state */
  DuplexFrameField field;
  guint            n_bits; /* shown */
  guint            widest; /* segment that has value and name */
};

G_DEFINE_FINAL_TYPE (DuplexFrameBox, duplex_frame_box, GTK_TYPE_WIDGET)

int
duplex_frame_box_get_column_x (int   width,
                               guint column)
{
  return (int)((gint64)width * column / COLUMNS);
}

static Segment *
get_segment (DuplexFrameBox *self,
             guint           i)
{
  return &g_array_index (self->segments, Segment, i);
}

static gboolean
is_payload (DuplexFrameBox *self)
{
  return self->field.id == DUPLEX_FRAME_FIELD_PAYLOAD;
}

/* Fields of one bit have no room for a word beside the bit. */
static gboolean
is_narrow (DuplexFrameBox *self)
{
  return self->field.n_bits == 1;
}

static int
get_text_height (DuplexFrameBox *self,
                 double          scale)
{
  PangoContext     *context = gtk_widget_get_pango_context (GTK_WIDGET (self));
  PangoFontMetrics *metrics = pango_context_get_metrics (context, NULL, NULL);
  int               height = pango_font_metrics_get_ascent (metrics) +
               pango_font_metrics_get_descent (metrics);

  pango_font_metrics_unref (metrics);
  return PANGO_PIXELS_CEIL (height * scale);
}

/* Letters without descenders below each other need less than a line each. */
static int
get_letter_height (DuplexFrameBox *self)
{
  return get_text_height (self, LETTER_SCALE) * 4 / 5;
}

static int
measure_segment (DuplexFrameBox *self,
                 guint           i)
{
  int small = get_text_height (self, SMALL_SCALE) + GAP;
  int height = 2 * PADDING;

  if (is_payload (self))
    {
      height += get_text_height (self, 1.0);
      if (duplex_frame_item_get_mask (self->item) != NULL)
        height += small;
      if (i == self->widest)
        height += small;
      if (self->more != NULL && i + 1 == self->segments->len)
        height += small;
      return height;
    }

  height += small;
  if (is_narrow (self))
    height += (int)strlen (duplex_frame_field_get_name (self->field.id)) * get_letter_height (self);
  else if (i == self->widest)
    height += get_text_height (self, 1.0) + small;
  if (self->detail != NULL)
    height += small;

  return height;
}

/* The segment's box within the widget, whose first line is the picture's line first. */
static graphene_rect_t
get_segment_rect (DuplexFrameBox *self,
                  guint           i)
{
  Segment *segment = get_segment (self, i);
  int      width = gtk_widget_get_width (GTK_WIDGET (self));
  int      x = duplex_frame_box_get_column_x (width, segment->column);
  int      end = duplex_frame_box_get_column_x (width, segment->column + segment->n_columns);
  int      y = 0;

  for (guint line = get_segment (self, 0)->line; line < segment->line; line++)
    y += self->line_heights[line];

  /* Neighbours share an edge. */
  return GRAPHENE_RECT_INIT (x, y, MIN (end + 1, width) - x, self->line_heights[segment->line] + 1);
}

static void
set_scale (DuplexFrameBox *self,
           double          scale)
{
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  pango_attr_list_insert (attributes, pango_attr_scale_new (scale));
  pango_attr_list_insert (attributes, pango_attr_font_features_new ("tnum=1"));
  pango_layout_set_attributes (self->layout, attributes);
}

/* Draws text centred in x..x+width; smaller, and then with an ellipsis, where it does not fit.
 * Returns the height of a line of that scale. */
static int
draw_text (DuplexFrameBox *self,
           GtkSnapshot    *snapshot,
           const char     *text,
           double          scale,
           const GdkRGBA  *color,
           int             x,
           int             y,
           int             width)
{
  int text_width;
  int height = get_text_height (self, scale);

  set_scale (self, scale);
  pango_layout_set_text (self->layout, text, -1);
  pango_layout_set_width (self->layout, -1);
  pango_layout_get_pixel_size (self->layout, &text_width, NULL);
  if (text_width > width)
    {
      set_scale (self, MIN (scale, LETTER_SCALE));
      pango_layout_set_width (self->layout, MAX (width, 0) * PANGO_SCALE);
      pango_layout_get_pixel_size (self->layout, &text_width, NULL);
    }

  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (x + (width - text_width) / 2, y));
  gtk_snapshot_append_layout (snapshot, self->layout, color);
  gtk_snapshot_restore (snapshot);

  return height;
}

static GdkRGBA
with_alpha (const GdkRGBA *color,
            double         alpha)
{
  GdkRGBA result = *color;

  result.alpha *= alpha;
  return result;
}

/* What explains the value stands back; a thin red box has no colour to lose. */
static GdkRGBA
get_dim_color (DuplexFrameBox *self,
               const GdkRGBA  *color)
{
  return with_alpha (color, self->field.finding == DUPLEX_FINDING_NONE ? ALPHA_DIM : 1.0);
}

/* The byte of the frame as it was on the wire. */
static guint8
get_wire_byte (DuplexFrameBox *self,
               guint64         offset)
{
  const DuplexEvent *event = duplex_frame_item_get_event (self->item);
  const guint8      *mask = duplex_frame_item_get_mask (self->item);
  guint8             byte;

  if (offset < event->header_size)
    return event->header[offset];

  offset -= event->header_size;
  byte = event->payload[offset];
  if (mask != NULL)
    duplex_mask (&byte, &byte, 1, mask, offset);
  return byte;
}

static guint64
get_segment_bit (DuplexFrameBox *self,
                 guint           i)
{
  Segment *segment = get_segment (self, i);

  return (guint64)segment->line * COLUMNS + segment->column;
}

static int
draw_bits (DuplexFrameBox        *self,
           GtkSnapshot           *snapshot,
           guint                  i,
           const graphene_rect_t *rect,
           const GdkRGBA         *color,
           int                    y)
{
  Segment *segment = get_segment (self, i);
  guint64  first = get_segment_bit (self, i);
  int      width = gtk_widget_get_width (GTK_WIDGET (self));

  for (guint k = 0; k < segment->n_columns; k++)
    {
      guint8 byte = get_wire_byte (self, (first + k) / 8);
      int    x = duplex_frame_box_get_column_x (width, segment->column + k);
      int    end = duplex_frame_box_get_column_x (width, segment->column + k + 1);

      draw_text (self, snapshot, byte & (0x80 >> ((first + k) % 8)) ? "1" : "0", SMALL_SCALE, color,
                 x, y, end - x);
    }

  return get_text_height (self, SMALL_SCALE);
}

/* "48 H": the byte, and the character that it is in ASCII. */
static char *
describe_byte (guint8 byte)
{
  return g_ascii_isgraph (byte) ? g_strdup_printf ("%02x %c", byte, byte)
                                : g_strdup_printf ("%02x ·", byte);
}

/* Each byte under its eight columns: as on the wire where that is masked, and as it is meant. */
static void
draw_payload (DuplexFrameBox        *self,
              GtkSnapshot           *snapshot,
              guint                  i,
              const graphene_rect_t *rect,
              const GdkRGBA         *color)
{
  const DuplexEvent *event = duplex_frame_item_get_event (self->item);
  gboolean           is_masked = duplex_frame_item_get_mask (self->item) != NULL;
  GdkRGBA            dim = get_dim_color (self, color);
  Segment           *segment = get_segment (self, i);
  int                width = gtk_widget_get_width (GTK_WIDGET (self));
  int                y = (int)rect->origin.y;

  y += MAX (PADDING, ((int)rect->size.height - measure_segment (self, i)) / 2 + PADDING);
  for (guint k = 0; k < segment->n_columns; k += 8)
    {
      guint64          offset = (get_segment_bit (self, i) + k) / 8;
      int              x = duplex_frame_box_get_column_x (width, segment->column + k);
      int              end = duplex_frame_box_get_column_x (width, segment->column + k + 8);
      g_autofree char *wire = g_strdup_printf ("%02x", get_wire_byte (self, offset));
      g_autofree char *plain = describe_byte (event->payload[offset - event->header_size]);
      int              byte_y = y;

      if (is_masked)
        byte_y += draw_text (self, snapshot, wire, SMALL_SCALE, &dim, x, byte_y, end - x) + GAP;
      draw_text (self, snapshot, plain, 1.0, color, x, byte_y, end - x);
    }

  y += get_text_height (self, 1.0) + GAP;
  if (is_masked)
    y += get_text_height (self, SMALL_SCALE) + GAP;
  if (i == self->widest)
    y += draw_text (self, snapshot, duplex_frame_field_get_name (self->field.id), SMALL_SCALE, &dim,
                    (int)rect->origin.x, y, (int)rect->size.width) +
         GAP;
  if (self->more != NULL && i + 1 == self->segments->len)
    draw_text (self, snapshot, self->more, SMALL_SCALE, &dim, (int)rect->origin.x, y,
               (int)rect->size.width);
}

static void
draw_header_field (DuplexFrameBox        *self,
                   GtkSnapshot           *snapshot,
                   guint                  i,
                   const graphene_rect_t *rect,
                   const GdkRGBA         *color)
{
  GdkRGBA     dim = get_dim_color (self, color);
  const char *name = duplex_frame_field_get_name (self->field.id);
  int         x = (int)rect->origin.x;
  int         y = (int)rect->origin.y + PADDING;
  int         width = (int)rect->size.width;

  y += draw_bits (self, snapshot, i, rect, is_narrow (self) ? color : &dim, y) + GAP;
  if (is_narrow (self))
    {
      for (const char *letter = name; *letter != '\0'; letter++)
        {
          char text[] = { *letter, '\0' };

          draw_text (self, snapshot, text, LETTER_SCALE, &dim, x, y, width);
          y += get_letter_height (self);
        }
    }
  else if (i == self->widest)
    {
      y += draw_text (self, snapshot, self->value, 1.0, color, x + 1, y, width - 2) + GAP;
      if (self->detail != NULL)
        y += GAP + draw_text (self, snapshot, self->detail, SMALL_SCALE, color, x + 1, y,
                              width - 2);
      draw_text (self, snapshot, name, SMALL_SCALE, &dim, x + 1, y, width - 2);
    }
}

static gboolean
is_current (DuplexFrameBox *self)
{
  return gtk_widget_has_css_class (GTK_WIDGET (self), "current");
}

static double
get_fill_alpha (DuplexFrameBox *self)
{
  if (is_current (self))
    return ALPHA_FILL_CURRENT;

  return self->field.finding != DUPLEX_FINDING_NONE ? ALPHA_FILL_FINDING : ALPHA_FILL;
}

static double
get_edge_alpha (DuplexFrameBox *self)
{
  if (is_current (self) || self->field.finding != DUPLEX_FINDING_NONE)
    return 1.0;

  return adw_style_manager_get_high_contrast (adw_style_manager_get_default ())
           ? ALPHA_BORDER_CONTRAST
           : ALPHA_BORDER;
}

static gboolean
has_focus_ring (DuplexFrameBox *self)
{
  GtkStateFlags flags = gtk_widget_get_state_flags (GTK_WIDGET (self));

  return (flags & GTK_STATE_FLAG_FOCUS_VISIBLE) != 0 && (flags & GTK_STATE_FLAG_FOCUSED) != 0;
}

static void
duplex_frame_box_snapshot (GtkWidget   *widget,
                           GtkSnapshot *snapshot)
{
  DuplexFrameBox *self = DUPLEX_FRAME_BOX (widget);
  float           edge_width = has_focus_ring (self) ? 2 : 1;
  GdkRGBA         color;
  GdkRGBA         fill;
  GdkRGBA         edge;

  if (self->line_heights == NULL)
    return;

  duplex_compat_get_color (widget, &color);
  fill = with_alpha (&color, get_fill_alpha (self));
  edge = with_alpha (&color, get_edge_alpha (self));

  for (guint i = 0; i < self->segments->len; i++)
    {
      graphene_rect_t rect = get_segment_rect (self, i);
      GskRoundedRect  outline;

      gsk_rounded_rect_init_from_rect (&outline, &rect, 0);
      gtk_snapshot_append_color (snapshot, &fill, &rect);
      gtk_snapshot_append_border (snapshot, &outline,
                                  (float[]){ edge_width, edge_width, edge_width, edge_width },
                                  (GdkRGBA[]){ edge, edge, edge, edge });
      if (is_payload (self))
        draw_payload (self, snapshot, i, &rect, &color);
      else
        draw_header_field (self, snapshot, i, &rect, &color);
    }
}

static gboolean
duplex_frame_box_contains (GtkWidget *widget,
                           double     x,
                           double     y)
{
  DuplexFrameBox *self = DUPLEX_FRAME_BOX (widget);

  if (self->line_heights == NULL)
    return FALSE;

  for (guint i = 0; i < self->segments->len; i++)
    {
      graphene_rect_t rect = get_segment_rect (self, i);

      if (graphene_rect_contains_point (&rect, &GRAPHENE_POINT_INIT ((float)x, (float)y)))
        return TRUE;
    }

  return FALSE;
}

/* The picture gives the size; a box asks for nothing. */
static void
duplex_frame_box_measure (GtkWidget     *widget,
                          GtkOrientation orientation,
                          int            for_size,
                          int           *minimum,
                          int           *natural,
                          int           *minimum_baseline,
                          int           *natural_baseline)
{
  *minimum = *natural = 0;
}

static void
duplex_frame_box_css_changed (GtkWidget         *widget,
                              GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (duplex_frame_box_parent_class)->css_changed (widget, change);

  /* Our drawing depends on colour and font, which no box of CSS tells. */
  gtk_widget_queue_draw (widget);
}

static void
duplex_frame_box_system_setting_changed (GtkWidget       *widget,
                                         GtkSystemSetting settings)
{
  DuplexFrameBox *self = DUPLEX_FRAME_BOX (widget);

  GTK_WIDGET_CLASS (duplex_frame_box_parent_class)->system_setting_changed (widget, settings);

  pango_layout_context_changed (self->layout);
  gtk_widget_queue_resize (widget);
}

static void
duplex_frame_box_finalize (GObject *object)
{
  DuplexFrameBox *self = DUPLEX_FRAME_BOX (object);

  g_clear_object (&self->item);
  g_clear_object (&self->layout);
  g_clear_pointer (&self->value, g_free);
  g_clear_pointer (&self->detail, g_free);
  g_clear_pointer (&self->more, g_free);
  g_clear_pointer (&self->segments, g_array_unref);

  G_OBJECT_CLASS (duplex_frame_box_parent_class)->finalize (object);
}

static void
duplex_frame_box_class_init (DuplexFrameBoxClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->finalize = duplex_frame_box_finalize;

  widget_class->measure = duplex_frame_box_measure;
  widget_class->snapshot = duplex_frame_box_snapshot;
  widget_class->contains = duplex_frame_box_contains;
  widget_class->css_changed = duplex_frame_box_css_changed;
  widget_class->system_setting_changed = duplex_frame_box_system_setting_changed;

  gtk_widget_class_set_css_name (widget_class, "frame-box");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
}

static void
duplex_frame_box_init (DuplexFrameBox *self)
{
  self->segments = g_array_new (FALSE, FALSE, sizeof (Segment));
  self->layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), NULL);
  pango_layout_set_single_paragraph_mode (self->layout, TRUE);
  pango_layout_set_ellipsize (self->layout, PANGO_ELLIPSIZE_END);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
}

static void
make_segments (DuplexFrameBox *self)
{
  guint bit = (guint)self->field.bit;
  guint end = bit + self->n_bits;

  while (bit < end)
    {
      Segment segment = { .line = bit / COLUMNS, .column = bit % COLUMNS };

      segment.n_columns = MIN (COLUMNS - segment.column, end - bit);
      g_array_append_val (self->segments, segment);
      if (segment.n_columns > get_segment (self, self->widest)->n_columns)
        self->widest = self->segments->len - 1;
      bit += segment.n_columns;
    }
}

/* "0x1 text": there is more room below than beside. */
static void
set_value (DuplexFrameBox *self)
{
  const DuplexEvent *event = duplex_frame_item_get_event (self->item);
  char              *space;

  self->value = duplex_frame_field_dup_value (&self->field, event);
  space = strchr (self->value, ' ');
  if (self->field.id == DUPLEX_FRAME_FIELD_OPCODE && space != NULL)
    {
      self->detail = g_strdup (space + 1);
      *space = '\0';
    }
}

GtkWidget *
duplex_frame_box_new (DuplexFrameItem        *item,
                      const DuplexFrameField *field,
                      guint                   max_bits)
{
  DuplexFrameBox    *self;
  const DuplexEvent *event;
  g_autofree char   *words = NULL;

  g_return_val_if_fail (DUPLEX_IS_FRAME_ITEM (item), NULL);
  g_return_val_if_fail (field != NULL && field->n_bits > 0, NULL);
  g_return_val_if_fail (max_bits > 0, NULL);

  self = g_object_new (DUPLEX_TYPE_FRAME_BOX, NULL);
  event = duplex_frame_item_get_event (item);
  self->item = g_object_ref (item);
  self->field = *field;
  self->n_bits = (guint)MIN (field->n_bits, max_bits);
  set_value (self);
  if (self->n_bits < field->n_bits)
    {
      g_autofree char *size = duplex_text_size ((field->n_bits - self->n_bits) / 8);

      /* Translators: what of a payload does not fit into the picture, such as "1.2 kB". */
      self->more = g_strdup_printf (_ ("and %s more"), size);
    }
  make_segments (self);

  if (field->finding != DUPLEX_FINDING_NONE)
    {
      int severity = (int)duplex_finding_get_severity (field->finding);

      gtk_widget_add_css_class (GTK_WIDGET (self), duplex_severity_get_css_class (severity));
    }
  words = duplex_frame_field_dup_words (field, event);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
  return GTK_WIDGET (self);
}

const DuplexFrameField *
duplex_frame_box_get_field (DuplexFrameBox *self)
{
  g_return_val_if_fail (DUPLEX_IS_FRAME_BOX (self), NULL);

  return &self->field;
}

guint
duplex_frame_box_get_first_line (DuplexFrameBox *self)
{
  g_return_val_if_fail (DUPLEX_IS_FRAME_BOX (self), 0);

  return get_segment (self, 0)->line;
}

guint
duplex_frame_box_get_last_line (DuplexFrameBox *self)
{
  g_return_val_if_fail (DUPLEX_IS_FRAME_BOX (self), 0);

  return get_segment (self, self->segments->len - 1)->line;
}

int
duplex_frame_box_measure_line (DuplexFrameBox *self,
                               guint           line)
{
  g_return_val_if_fail (DUPLEX_IS_FRAME_BOX (self), 0);

  for (guint i = 0; i < self->segments->len; i++)
    {
      if (get_segment (self, i)->line == line)
        return measure_segment (self, i);
    }

  return 0;
}

void
duplex_frame_box_set_line_heights (DuplexFrameBox *self,
                                   const int      *heights)
{
  g_return_if_fail (DUPLEX_IS_FRAME_BOX (self));

  self->line_heights = heights;
}
