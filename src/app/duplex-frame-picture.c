/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-frame-picture.h"

#include <glib/gi18n.h>

#include "app/duplex-compat.h"
#include "app/duplex-frame-box.h"

#define COLUMNS DUPLEX_FRAME_BOX_COLUMNS

/* The narrowest column in which a digit can be told from its neighbour, and a comfortable one;
 * px. */
#define MIN_COLUMN 8
#define NAT_COLUMN 12

/* Lines of payload that are drawn: enough to recognise it, the bytes below show the rest. */
#define PAYLOAD_LINES 2

/* 14 bytes of header and the beginning of the payload. */
#define MAX_LINES   (4 + PAYLOAD_LINES)

#define RULER_SCALE 0.72
#define RULER_ALPHA 0.55

struct _DuplexFramePicture
{
  GtkWidget parent_instance;

  /* owned */
  DuplexFrameItem *item;
  PangoLayout     *layout;
  GPtrArray       *boxes; /* DuplexFrameBox, our children */

  /* borrowed */
  GtkWidget *hovered;
  GtkWidget *chosen;

  /* state */
  int   line_heights[MAX_LINES];
  guint n_lines;
  int   current;
};

G_DEFINE_FINAL_TYPE (DuplexFramePicture, duplex_frame_picture, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_ITEM,
  PROP_CURRENT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static GtkWidget *
get_current_box (DuplexFramePicture *self)
{
  return self->hovered != NULL ? self->hovered : self->chosen;
}

static void
update_current (DuplexFramePicture *self)
{
  GtkWidget *box = get_current_box (self);
  int        current = -1;

  if (box != NULL)
    current = (int)duplex_frame_box_get_field (DUPLEX_FRAME_BOX (box))->id;
  if (self->current == current)
    return;

  self->current = current;
  for (guint i = 0; i < self->boxes->len; i++)
    {
      GtkWidget *other = g_ptr_array_index (self->boxes, i);

      if (other == box)
        gtk_widget_add_css_class (other, "current");
      else
        gtk_widget_remove_css_class (other, "current");
    }
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CURRENT]);
}

static void
choose (DuplexFramePicture *self,
        GtkWidget          *box)
{
  self->chosen = box;
  update_current (self);
}

static void
focus_enter_cb (DuplexFramePicture      *self,
                GtkEventControllerFocus *controller)
{
  choose (self, gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (controller)));
}

/* The box under a point of ours. */
static GtkWidget *
pick_box (DuplexFramePicture *self,
          double              x,
          double              y)
{
  GtkWidget *widget = gtk_widget_pick (GTK_WIDGET (self), x, y, GTK_PICK_DEFAULT);

  return widget != NULL && DUPLEX_IS_FRAME_BOX (widget) ? widget : NULL;
}

static void
motion_cb (DuplexFramePicture *self,
           double              x,
           double              y)
{
  self->hovered = pick_box (self, x, y);
  update_current (self);
}

static void
leave_cb (DuplexFramePicture *self)
{
  self->hovered = NULL;
  update_current (self);
}

static void
pressed_cb (DuplexFramePicture *self,
            int                 n_press,
            double              x,
            double              y)
{
  GtkWidget *box = pick_box (self, x, y);

  if (box != NULL)
    gtk_widget_grab_focus (box);
}

static void
measure_lines (DuplexFramePicture *self)
{
  for (guint line = 0; line < MAX_LINES; line++)
    self->line_heights[line] = 0;

  for (guint i = 0; i < self->boxes->len; i++)
    {
      DuplexFrameBox *box = g_ptr_array_index (self->boxes, i);
      guint           last = duplex_frame_box_get_last_line (box);

      for (guint line = duplex_frame_box_get_first_line (box); line <= last; line++)
        self->line_heights[line] = MAX (self->line_heights[line],
                                        duplex_frame_box_measure_line (box, line));
    }
}

static int
get_ruler_height (DuplexFramePicture *self)
{
  int height;

  pango_layout_set_text (self->layout, "0", -1);
  pango_layout_get_pixel_size (self->layout, NULL, &height);
  return height;
}

static void
duplex_frame_picture_measure (GtkWidget     *widget,
                              GtkOrientation orientation,
                              int            for_size,
                              int           *minimum,
                              int           *natural,
                              int           *minimum_baseline,
                              int           *natural_baseline)
{
  DuplexFramePicture *self = DUPLEX_FRAME_PICTURE (widget);

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = COLUMNS * MIN_COLUMN;
      *natural = COLUMNS * NAT_COLUMN;
      return;
    }

  measure_lines (self);
  *minimum = self->boxes->len > 0 ? 2 * get_ruler_height (self) + 1 : 0;
  for (guint line = 0; line < MAX_LINES; line++)
    *minimum += self->line_heights[line];
  *natural = *minimum;
}

static void
duplex_frame_picture_size_allocate (GtkWidget *widget,
                                    int        width,
                                    int        height,
                                    int        baseline)
{
  DuplexFramePicture *self = DUPLEX_FRAME_PICTURE (widget);

  measure_lines (self);
  for (guint i = 0; i < self->boxes->len; i++)
    {
      DuplexFrameBox *box = g_ptr_array_index (self->boxes, i);
      guint           first = duplex_frame_box_get_first_line (box);
      guint           last = duplex_frame_box_get_last_line (box);
      GtkAllocation   place = { 0, 2 * get_ruler_height (self), width, 1 };

      for (guint line = 0; line < first; line++)
        place.y += self->line_heights[line];
      for (guint line = first; line <= last; line++)
        place.height += self->line_heights[line];

      duplex_frame_box_set_line_heights (box, self->line_heights);
      gtk_widget_size_allocate (GTK_WIDGET (box), &place, -1);
    }
}

static void
draw_number (DuplexFramePicture *self,
             GtkSnapshot        *snapshot,
             guint               digit,
             guint               column,
             int                 y,
             const GdkRGBA      *color)
{
  char text[] = { (char)('0' + digit), '\0' };
  int  x = duplex_frame_box_get_column_x (gtk_widget_get_width (GTK_WIDGET (self)), column);
  int  end = duplex_frame_box_get_column_x (gtk_widget_get_width (GTK_WIDGET (self)), column + 1);
  int  width;

  pango_layout_set_text (self->layout, text, 1);
  pango_layout_get_pixel_size (self->layout, &width, NULL);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (x + (end - x - width) / 2, y));
  gtk_snapshot_append_layout (snapshot, self->layout, color);
  gtk_snapshot_restore (snapshot);
}

/* The RFC's ruler: tens above units. */
static void
draw_ruler (DuplexFramePicture *self,
            GtkSnapshot        *snapshot)
{
  int     height = get_ruler_height (self);
  GdkRGBA color;

  duplex_compat_get_color (GTK_WIDGET (self), &color);
  color.alpha *= RULER_ALPHA;
  for (guint column = 0; column < COLUMNS; column++)
    {
      if (column % 10 == 0)
        draw_number (self, snapshot, column / 10, column, 0, &color);
      draw_number (self, snapshot, column % 10, column, height, &color);
    }
}

static void
duplex_frame_picture_snapshot (GtkWidget   *widget,
                               GtkSnapshot *snapshot)
{
  DuplexFramePicture *self = DUPLEX_FRAME_PICTURE (widget);

  if (self->boxes->len == 0)
    return;

  draw_ruler (self, snapshot);
  for (guint i = 0; i < self->boxes->len; i++)
    gtk_widget_snapshot_child (widget, g_ptr_array_index (self->boxes, i), snapshot);

  /* On top of the neighbours, whose edges it shares. */
  if (get_current_box (self) != NULL)
    gtk_widget_snapshot_child (widget, get_current_box (self), snapshot);
}

static int
find_focused (DuplexFramePicture *self)
{
  for (guint i = 0; i < self->boxes->len; i++)
    {
      if (gtk_widget_has_focus (g_ptr_array_index (self->boxes, i)))
        return (int)i;
    }

  return -1;
}

/* The first box of the line above or below that of box, or -1. */
static int
find_on_line (DuplexFramePicture *self,
              int                 index,
              int                 step)
{
  DuplexFrameBox *from = g_ptr_array_index (self->boxes, index);

  for (int i = index + step; i >= 0 && i < (int)self->boxes->len; i += step)
    {
      DuplexFrameBox *box = g_ptr_array_index (self->boxes, i);

      if (step > 0 ? duplex_frame_box_get_last_line (box) > duplex_frame_box_get_last_line (from)
                   : duplex_frame_box_get_first_line (box) < duplex_frame_box_get_first_line (from))
        return i;
    }

  return -1;
}

static gboolean
duplex_frame_picture_focus (GtkWidget       *widget,
                            GtkDirectionType direction)
{
  DuplexFramePicture *self = DUPLEX_FRAME_PICTURE (widget);
  int                 index = find_focused (self);

  if (self->boxes->len == 0)
    return FALSE;

  /* Coming in: to where one was. */
  if (index < 0)
    return gtk_widget_grab_focus (self->chosen != NULL ? self->chosen
                                                       : g_ptr_array_index (self->boxes, 0));

  switch (direction)
    {
    case GTK_DIR_LEFT:
      index--;
      break;
    case GTK_DIR_RIGHT:
      index++;
      break;
    case GTK_DIR_UP:
      index = find_on_line (self, index, -1);
      break;
    case GTK_DIR_DOWN:
      index = find_on_line (self, index, 1);
      break;
    case GTK_DIR_TAB_FORWARD:
    case GTK_DIR_TAB_BACKWARD:
    default:
      return FALSE;
    }

  if (index < 0 || index >= (int)self->boxes->len)
    return FALSE;
  return gtk_widget_grab_focus (g_ptr_array_index (self->boxes, index));
}

static void
remove_boxes (DuplexFramePicture *self)
{
  self->hovered = NULL;
  self->chosen = NULL;
  for (guint i = 0; i < self->boxes->len; i++)
    gtk_widget_unparent (g_ptr_array_index (self->boxes, i));
  g_ptr_array_set_size (self->boxes, 0);
}

/* Bits of the payload up to the end of its last drawn line. */
static guint
get_max_bits (const DuplexFrameField *field)
{
  if (field->id != DUPLEX_FRAME_FIELD_PAYLOAD)
    return G_MAXUINT;

  return PAYLOAD_LINES * COLUMNS - (guint)(field->bit % COLUMNS);
}

static void
add_boxes (DuplexFramePicture *self)
{
  const DuplexEvent *event = duplex_frame_item_get_event (self->item);
  DuplexFrameField   fields[DUPLEX_N_FRAME_FIELDS];
  guint              n_fields = duplex_frame_words_get_fields (event, fields);

  for (guint i = 0; i < n_fields; i++)
    {
      GtkEventController *focus = gtk_event_controller_focus_new ();
      GtkWidget          *box;

      box = duplex_frame_box_new (self->item, &fields[i], get_max_bits (&fields[i]));
      g_signal_connect_object (focus, "enter", G_CALLBACK (focus_enter_cb), self,
                               G_CONNECT_SWAPPED);
      gtk_widget_add_controller (box, focus);
      gtk_widget_set_parent (box, GTK_WIDGET (self));
      g_ptr_array_add (self->boxes, box);
    }
}

/* All fields in words, for those who do not see the picture. */
static void
update_description (DuplexFramePicture *self)
{
  g_autofree char *words = NULL;

  if (self->item != NULL)
    words = duplex_frame_words_dup_all (duplex_frame_item_get_event (self->item));

  gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Picture of the frame"),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, words != NULL ? words : "",
                                  -1);
}

static void
duplex_frame_picture_get_property (GObject    *object,
                                   guint       prop_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  DuplexFramePicture *self = DUPLEX_FRAME_PICTURE (object);

  switch (prop_id)
    {
    case PROP_ITEM:
      g_value_set_object (value, self->item);
      break;
    case PROP_CURRENT:
      g_value_set_int (value, self->current);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_frame_picture_set_property (GObject      *object,
                                   guint         prop_id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  DuplexFramePicture *self = DUPLEX_FRAME_PICTURE (object);

  switch (prop_id)
    {
    case PROP_ITEM:
      duplex_frame_picture_set_item (self, g_value_get_object (value));
      break;
    case PROP_CURRENT:
      duplex_frame_picture_set_current (self, g_value_get_int (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_frame_picture_dispose (GObject *object)
{
  DuplexFramePicture *self = DUPLEX_FRAME_PICTURE (object);

  remove_boxes (self);
  g_clear_object (&self->item);
  g_clear_object (&self->layout);

  G_OBJECT_CLASS (duplex_frame_picture_parent_class)->dispose (object);
}

static void
duplex_frame_picture_finalize (GObject *object)
{
  DuplexFramePicture *self = DUPLEX_FRAME_PICTURE (object);

  g_clear_pointer (&self->boxes, g_ptr_array_unref);

  G_OBJECT_CLASS (duplex_frame_picture_parent_class)->finalize (object);
}

static void
duplex_frame_picture_class_init (DuplexFramePictureClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = duplex_frame_picture_get_property;
  object_class->set_property = duplex_frame_picture_set_property;
  object_class->dispose = duplex_frame_picture_dispose;
  object_class->finalize = duplex_frame_picture_finalize;

  widget_class->measure = duplex_frame_picture_measure;
  widget_class->size_allocate = duplex_frame_picture_size_allocate;
  widget_class->snapshot = duplex_frame_picture_snapshot;
  widget_class->focus = duplex_frame_picture_focus;

  properties[PROP_ITEM] =
    g_param_spec_object ("item", NULL, NULL, DUPLEX_TYPE_FRAME_ITEM,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_CURRENT] =
    g_param_spec_int ("current", NULL, NULL, -1, DUPLEX_N_FRAME_FIELDS - 1, -1,
                      G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_css_name (widget_class, "frame-picture");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LIST);
}

static void
duplex_frame_picture_init (DuplexFramePicture *self)
{
  GtkEventController       *motion = gtk_event_controller_motion_new ();
  GtkGesture               *click = gtk_gesture_click_new ();
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  self->current = -1;
  self->boxes = g_ptr_array_new ();
  self->layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), NULL);
  pango_attr_list_insert (attributes, pango_attr_scale_new (RULER_SCALE));
  pango_attr_list_insert (attributes, pango_attr_font_features_new ("tnum=1"));
  pango_layout_set_attributes (self->layout, attributes);
  gtk_widget_set_direction (GTK_WIDGET (self), GTK_TEXT_DIR_LTR);

  g_signal_connect_swapped (motion, "enter", G_CALLBACK (motion_cb), self);
  g_signal_connect_swapped (motion, "motion", G_CALLBACK (motion_cb), self);
  g_signal_connect_swapped (motion, "leave", G_CALLBACK (leave_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  g_signal_connect_swapped (click, "pressed", G_CALLBACK (pressed_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  update_description (self);
}

GtkWidget *
duplex_frame_picture_new (void)
{
  return g_object_new (DUPLEX_TYPE_FRAME_PICTURE, NULL);
}

DuplexFrameItem *
duplex_frame_picture_get_item (DuplexFramePicture *self)
{
  g_return_val_if_fail (DUPLEX_IS_FRAME_PICTURE (self), NULL);

  return self->item;
}

void
duplex_frame_picture_set_item (DuplexFramePicture *self,
                               DuplexFrameItem    *item)
{
  int chosen = -1;

  g_return_if_fail (DUPLEX_IS_FRAME_PICTURE (self));
  g_return_if_fail (item == NULL || DUPLEX_IS_FRAME_ITEM (item));

  if (!g_set_object (&self->item, item))
    return;

  /* The same field of the next frame stays chosen, so that frames can be compared. */
  if (self->chosen != NULL)
    chosen = (int)duplex_frame_box_get_field (DUPLEX_FRAME_BOX (self->chosen))->id;
  remove_boxes (self);
  update_current (self);
  if (item != NULL)
    add_boxes (self);
  duplex_frame_picture_set_current (self, chosen);
  update_description (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ITEM]);
}

int
duplex_frame_picture_get_current (DuplexFramePicture *self)
{
  g_return_val_if_fail (DUPLEX_IS_FRAME_PICTURE (self), -1);

  return self->current;
}

void
duplex_frame_picture_set_current (DuplexFramePicture *self,
                                  int                 field)
{
  GtkWidget *found = NULL;

  g_return_if_fail (DUPLEX_IS_FRAME_PICTURE (self));

  for (guint i = 0; i < self->boxes->len; i++)
    {
      GtkWidget *box = g_ptr_array_index (self->boxes, i);

      if ((int)duplex_frame_box_get_field (DUPLEX_FRAME_BOX (box))->id == field)
        found = box;
    }

  self->hovered = NULL;
  choose (self, found);
}

const DuplexFrameField *
duplex_frame_picture_get_current_field (DuplexFramePicture *self)
{
  GtkWidget *box;

  g_return_val_if_fail (DUPLEX_IS_FRAME_PICTURE (self), NULL);

  box = get_current_box (self);
  return box != NULL ? duplex_frame_box_get_field (DUPLEX_FRAME_BOX (box)) : NULL;
}
