/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-hex-view.h"

#include "app/duplex-hex-layout.h"
#include "app/duplex-hex-painter.h"

/* Ways to move the cursor. */
#define N_MOVES 10

#define MARGIN  DUPLEX_HEX_PAINTER_MARGIN

/* What needs bytes. */
static const char *const actions[] = {
  "hex.copy-hex",
  "hex.copy-text",
  "hex.copy-dump",
  "hex.select-all",
};

struct _DuplexHexView
{
  GtkWidget parent_instance;

  /* owned */
  DuplexHexBytes   *bytes;
  DuplexHexPainter *painter;
  GtkAdjustment    *hadjustment;
  GtkAdjustment    *vadjustment;

  /* template */
  GtkPopover *menu;

  /* state */
  GtkScrollablePolicy hscroll_policy;
  GtkScrollablePolicy vscroll_policy;
  DuplexHexLayout     columns;
  guint64             highlight_offset;
  guint64             highlight_n;
  guint64             cursor;
  guint64             anchor; /* where the selection began */
  gboolean            has_selection;
};

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexHexView,
                               duplex_hex_view,
                               GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_SCROLLABLE, NULL))

enum {
  PROP_0,
  PROP_HADJUSTMENT,
  PROP_VADJUSTMENT,
  PROP_HSCROLL_POLICY,
  PROP_VSCROLL_POLICY,
};

/* Geometry */

static int
get_row_height (DuplexHexView *self)
{
  return duplex_hex_painter_get_row_height (self->painter);
}

static DuplexHexLayout
fit_columns (DuplexHexView *self,
             int            width)
{
  return duplex_hex_layout_fit (duplex_hex_view_get_size (self),
                                duplex_hex_painter_get_n_columns (self->painter, width));
}

static double
get_scroll (DuplexHexView *self)
{
  return self->vadjustment != NULL ? gtk_adjustment_get_value (self->vadjustment) : 0;
}

static double
get_content_height (DuplexHexView         *self,
                    const DuplexHexLayout *columns)
{
  guint64 size = duplex_hex_view_get_size (self);

  return (double)duplex_hex_layout_get_n_rows (columns, size) * get_row_height (self) + 2 * MARGIN;
}

static void
configure_adjustments (DuplexHexView *self,
                       double         scroll)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self));
  int height = gtk_widget_get_height (GTK_WIDGET (self));
  int row = get_row_height (self);

  if (self->vadjustment != NULL)
    {
      double upper = MAX (get_content_height (self, &self->columns), height);

      gtk_adjustment_configure (self->vadjustment,
                                CLAMP (scroll, 0, upper - height), 0, upper,
                                3 * row, MAX (height - row, 1), height);
    }
  if (self->hadjustment != NULL)
    gtk_adjustment_configure (self->hadjustment, 0, 0, width, 1, width, width);
}

static void
scroll_to_row (DuplexHexView *self,
               guint64        offset)
{
  double height = gtk_widget_get_height (GTK_WIDGET (self));
  double top = (double)(offset / self->columns.n_bytes) * get_row_height (self) + MARGIN;
  double value = get_scroll (self);

  if (self->vadjustment == NULL || height == 0)
    return;
  if (top < value + MARGIN)
    gtk_adjustment_set_value (self->vadjustment, top - MARGIN);
  else if (top + get_row_height (self) > value + height - MARGIN)
    gtk_adjustment_set_value (self->vadjustment, top + get_row_height (self) + MARGIN - height);
}

/* The byte nearest to a point of the widget. There must be one. */
static guint64
find_byte_at (DuplexHexView *self,
              double         x,
              double         y)
{
  guint64 size = duplex_hex_view_get_size (self);
  double  row = MAX ((y + get_scroll (self) - MARGIN) / get_row_height (self), 0);
  guint64 last_row = duplex_hex_layout_get_n_rows (&self->columns, size) - 1;
  guint64 offset = MIN ((guint64)row, last_row) * self->columns.n_bytes;

  offset += duplex_hex_layout_find_byte (&self->columns,
                                         duplex_hex_painter_get_column (self->painter, x));
  return MIN (offset, size - 1);
}

/* Drawing */

static void
draw_row (DuplexHexView *self,
          GtkSnapshot   *snapshot,
          guint64        offset,
          double         y)
{
  guint64 start;
  guint64 n = duplex_hex_view_get_selection (self, &start);

  duplex_hex_painter_draw_range (self->painter, snapshot, &self->columns,
                                 DUPLEX_HEX_RANGE_HIGHLIGHT, offset, y, self->highlight_offset,
                                 self->highlight_n);
  if (n > 0)
    duplex_hex_painter_draw_range (self->painter, snapshot, &self->columns,
                                   DUPLEX_HEX_RANGE_SELECTION, offset, y, start, n);
  duplex_hex_painter_draw_row (self->painter, snapshot, &self->columns, self->bytes, offset, y);
  if (gtk_widget_has_visible_focus (GTK_WIDGET (self)) && self->cursor >= offset &&
      self->cursor - offset < self->columns.n_bytes)
    duplex_hex_painter_draw_cursor (self->painter, snapshot, &self->columns,
                                    (guint)(self->cursor - offset), y);
}

static void
duplex_hex_view_snapshot (GtkWidget   *widget,
                          GtkSnapshot *snapshot)
{
  DuplexHexView *self = DUPLEX_HEX_VIEW (widget);
  double         scroll = get_scroll (self);
  int            width = gtk_widget_get_width (widget);
  int            height = gtk_widget_get_height (widget);
  guint64        size = duplex_hex_view_get_size (self);
  guint64        n_rows = duplex_hex_layout_get_n_rows (&self->columns, size);
  guint64        row = (guint64)(MAX (scroll - MARGIN, 0) / get_row_height (self));

  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));
  for (; row < n_rows; row++)
    {
      double y = (double)row * get_row_height (self) + MARGIN - scroll;

      if (y > height)
        break;
      draw_row (self, snapshot, row * self->columns.n_bytes, y);
    }
  gtk_snapshot_pop (snapshot);
}

static GtkSizeRequestMode
duplex_hex_view_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
duplex_hex_view_measure (GtkWidget     *widget,
                         GtkOrientation orientation,
                         int            for_size,
                         int           *minimum,
                         int           *natural,
                         int           *minimum_baseline,
                         int           *natural_baseline)
{
  DuplexHexView  *self = DUPLEX_HEX_VIEW (widget);
  DuplexHexLayout narrow = duplex_hex_layout_fit (duplex_hex_view_get_size (self), 0);
  DuplexHexLayout wide = duplex_hex_layout_fit (duplex_hex_view_get_size (self), G_MAXUINT);

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = duplex_hex_painter_get_width (self->painter, &narrow);
      *natural = duplex_hex_painter_get_width (self->painter, &wide);
      return;
    }

  if (for_size >= 0)
    wide = fit_columns (self, for_size);
  *minimum = get_row_height (self) + 2 * MARGIN;
  *natural = (int)MIN (get_content_height (self, &wide), G_MAXINT / 2);
  *natural = MAX (*natural, *minimum);
}

static void
duplex_hex_view_size_allocate (GtkWidget *widget,
                               int        width,
                               int        height,
                               int        baseline)
{
  DuplexHexView  *self = DUPLEX_HEX_VIEW (widget);
  DuplexHexLayout columns = fit_columns (self, width);
  double          scroll = get_scroll (self);

  /* Other rows begin with other bytes: the topmost one stays in sight. */
  if (columns.n_bytes != self->columns.n_bytes)
    {
      guint64 row = (guint64)(scroll / get_row_height (self));

      row = row * self->columns.n_bytes / columns.n_bytes;
      scroll = (double)row * get_row_height (self);
    }
  self->columns = columns;
  configure_adjustments (self, scroll);
  gtk_popover_present (self->menu);
}

static void
duplex_hex_view_css_changed (GtkWidget         *widget,
                             GtkCssStyleChange *change)
{
  DuplexHexView *self = DUPLEX_HEX_VIEW (widget);

  GTK_WIDGET_CLASS (duplex_hex_view_parent_class)->css_changed (widget, change);

  if (self->painter != NULL)
    duplex_hex_painter_update_font (self->painter);
  gtk_widget_queue_resize (widget);
}

/* Cursor and selection */

/* Cuts n bytes from offset to what there is. */
static void
clamp_range (DuplexHexView *self,
             guint64       *offset,
             guint64       *n)
{
  guint64 size = duplex_hex_view_get_size (self);

  *offset = MIN (*offset, size);
  *n = MIN (*n, size - *offset);
}

/* What a screen reader says: where the cursor is and what stands on its row. */
static void
update_description (DuplexHexView *self)
{
  guint64          size = duplex_hex_view_get_size (self);
  g_autofree char *row = NULL;

  if (self->cursor < size)
    {
      guint64 offset = self->cursor - self->cursor % self->columns.n_bytes;

      row = duplex_hex_bytes_dup_row (self->bytes, &self->columns, offset);
    }

  gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, row != NULL ? row : "", -1);
}

static void
selection_changed (DuplexHexView *self)
{
  gboolean has_bytes = duplex_hex_view_get_size (self) > 0;

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_action_set_enabled (GTK_WIDGET (self), actions[i], has_bytes);
  update_description (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
move_cursor (DuplexHexView *self,
             guint64        offset,
             gboolean       extend)
{
  if (extend && !self->has_selection)
    self->anchor = self->cursor;
  self->cursor = offset;
  self->anchor = extend ? self->anchor : offset;
  self->has_selection = extend;
  scroll_to_row (self, offset);
  selection_changed (self);
}

static gboolean
move_cb (GtkWidget *widget,
         GVariant  *args,
         gpointer   user_data)
{
  DuplexHexView *self = DUPLEX_HEX_VIEW (widget);
  guint64        size = duplex_hex_view_get_size (self);
  int            n_rows = gtk_widget_get_height (widget) / get_row_height (self) - 1;
  int            move;
  int            direction;
  gboolean       extend;

  g_variant_get (args, "(iib)", &move, &direction, &extend);
  if (size == 0)
    return FALSE;

  move_cursor (self,
               duplex_hex_layout_move (&self->columns, size, self->cursor, (DuplexHexMove)move,
                                       direction, (guint)MAX (n_rows, 1)),
               extend);
  return TRUE;
}

static void
drag_begin_cb (DuplexHexView  *self,
               double          x,
               double          y,
               GtkGestureDrag *gesture)
{
  GtkEventController *controller = GTK_EVENT_CONTROLLER (gesture);
  GdkModifierType     state = gtk_event_controller_get_current_event_state (controller);

  gtk_widget_grab_focus (GTK_WIDGET (self));
  if (duplex_hex_view_get_size (self) > 0)
    move_cursor (self, find_byte_at (self, x, y), (state & GDK_SHIFT_MASK) != 0);
}

static void
drag_update_cb (DuplexHexView  *self,
                double          offset_x,
                double          offset_y,
                GtkGestureDrag *gesture)
{
  double  x;
  double  y;
  guint64 offset;

  if (duplex_hex_view_get_size (self) == 0 || !gtk_gesture_drag_get_start_point (gesture, &x, &y))
    return;

  offset = find_byte_at (self, x + offset_x, y + offset_y);
  if (offset != self->cursor)
    move_cursor (self, offset, /* extend= */ TRUE);
}

static void
show_menu (DuplexHexView *self,
           double         x,
           double         y)
{
  gtk_popover_set_pointing_to (self->menu, &(GdkRectangle){ (int)x, (int)y, 1, 1 });
  gtk_popover_popup (self->menu);
}

static void
secondary_pressed_cb (DuplexHexView *self,
                      int            n_press,
                      double         x,
                      double         y)
{
  gtk_widget_grab_focus (GTK_WIDGET (self));
  show_menu (self, x, y);
}

static void
menu_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  DuplexHexView *self = DUPLEX_HEX_VIEW (widget);
  guint          i = (guint)(self->cursor % self->columns.n_bytes);
  guint          column = duplex_hex_layout_get_hex_column (&self->columns, i);
  double         row = (double)(self->cursor / self->columns.n_bytes);
  double         y = row * get_row_height (self) + MARGIN - get_scroll (self);

  show_menu (self, duplex_hex_painter_get_x (self->painter, column), y);
}

static void
copy_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  DuplexHexView   *self = DUPLEX_HEX_VIEW (widget);
  DuplexHexForm    form = DUPLEX_HEX_DIGITS;
  g_autofree char *text = NULL;

  if (g_str_equal (name, "hex.copy-text"))
    form = DUPLEX_HEX_TEXT;
  else if (g_str_equal (name, "hex.copy-dump"))
    form = DUPLEX_HEX_DUMP;

  text = duplex_hex_view_dup_text (self, form);
  if (text != NULL)
    gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), text);
  else
    gtk_widget_error_bell (widget);
}

static void
select_all_action (GtkWidget  *widget,
                   const char *name,
                   GVariant   *parameter)
{
  DuplexHexView *self = DUPLEX_HEX_VIEW (widget);

  duplex_hex_view_select (self, 0, duplex_hex_view_get_size (self));
}

/* Object */

static void
set_adjustment (DuplexHexView  *self,
                GtkAdjustment **adjustment,
                GtkAdjustment  *value)
{
  if (*adjustment == value && value != NULL)
    return;

  if (*adjustment != NULL)
    g_signal_handlers_disconnect_by_func (*adjustment, gtk_widget_queue_draw, self);
  g_clear_object (adjustment);
  *adjustment = g_object_ref_sink (value != NULL ? value : gtk_adjustment_new (0, 0, 0, 0, 0, 0));
  g_signal_connect_object (*adjustment, "value-changed", G_CALLBACK (gtk_widget_queue_draw), self,
                           G_CONNECT_SWAPPED);
  configure_adjustments (self, get_scroll (self));
}

static void
duplex_hex_view_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  DuplexHexView *self = DUPLEX_HEX_VIEW (object);

  switch (prop_id)
    {
    case PROP_HADJUSTMENT:
      g_value_set_object (value, self->hadjustment);
      break;
    case PROP_VADJUSTMENT:
      g_value_set_object (value, self->vadjustment);
      break;
    case PROP_HSCROLL_POLICY:
      g_value_set_enum (value, self->hscroll_policy);
      break;
    case PROP_VSCROLL_POLICY:
      g_value_set_enum (value, self->vscroll_policy);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_hex_view_set_property (GObject      *object,
                              guint         prop_id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  DuplexHexView *self = DUPLEX_HEX_VIEW (object);

  switch (prop_id)
    {
    case PROP_HADJUSTMENT:
      set_adjustment (self, &self->hadjustment, g_value_get_object (value));
      break;
    case PROP_VADJUSTMENT:
      set_adjustment (self, &self->vadjustment, g_value_get_object (value));
      break;
    case PROP_HSCROLL_POLICY:
      self->hscroll_policy = g_value_get_enum (value);
      break;
    case PROP_VSCROLL_POLICY:
      self->vscroll_policy = g_value_get_enum (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_hex_view_dispose (GObject *object)
{
  DuplexHexView *self = DUPLEX_HEX_VIEW (object);

  g_clear_pointer (&self->painter, duplex_hex_painter_free);
  g_clear_object (&self->hadjustment);
  g_clear_object (&self->vadjustment);
  g_clear_pointer (&self->bytes, duplex_hex_bytes_unref);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_HEX_VIEW);

  G_OBJECT_CLASS (duplex_hex_view_parent_class)->dispose (object);
}

/* With the key of the keypad, and with Shift. */
static void
install_move (GtkWidgetClass *widget_class,
              guint           i)
{
  static const struct
  {
    guint           keys[2];
    GdkModifierType modifiers;
    DuplexHexMove   move;
    int             direction;
  } moves[N_MOVES] = {
    { { GDK_KEY_Left, GDK_KEY_KP_Left }, 0, DUPLEX_HEX_MOVE_BYTE, -1 },
    { { GDK_KEY_Right, GDK_KEY_KP_Right }, 0, DUPLEX_HEX_MOVE_BYTE, 1 },
    { { GDK_KEY_Up, GDK_KEY_KP_Up }, 0, DUPLEX_HEX_MOVE_ROW, -1 },
    { { GDK_KEY_Down, GDK_KEY_KP_Down }, 0, DUPLEX_HEX_MOVE_ROW, 1 },
    { { GDK_KEY_Page_Up, GDK_KEY_KP_Page_Up }, 0, DUPLEX_HEX_MOVE_PAGE, -1 },
    { { GDK_KEY_Page_Down, GDK_KEY_KP_Page_Down }, 0, DUPLEX_HEX_MOVE_PAGE, 1 },
    { { GDK_KEY_Home, GDK_KEY_KP_Home }, 0, DUPLEX_HEX_MOVE_ROW_END, -1 },
    { { GDK_KEY_End, GDK_KEY_KP_End }, 0, DUPLEX_HEX_MOVE_ROW_END, 1 },
    { { GDK_KEY_Home, GDK_KEY_KP_Home }, GDK_CONTROL_MASK, DUPLEX_HEX_MOVE_END, -1 },
    { { GDK_KEY_End, GDK_KEY_KP_End }, GDK_CONTROL_MASK, DUPLEX_HEX_MOVE_END, 1 },
  };

  for (guint k = 0; k < 4; k++)
    gtk_widget_class_add_binding (widget_class, moves[i].keys[k % 2],
                                  moves[i].modifiers | (k >= 2 ? GDK_SHIFT_MASK : 0), move_cb,
                                  "(iib)", moves[i].move, moves[i].direction, k >= 2);
}

static void
duplex_hex_view_class_init (DuplexHexViewClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = duplex_hex_view_get_property;
  object_class->set_property = duplex_hex_view_set_property;
  object_class->dispose = duplex_hex_view_dispose;

  widget_class->get_request_mode = duplex_hex_view_get_request_mode;
  widget_class->measure = duplex_hex_view_measure;
  widget_class->size_allocate = duplex_hex_view_size_allocate;
  widget_class->snapshot = duplex_hex_view_snapshot;
  widget_class->css_changed = duplex_hex_view_css_changed;

  g_object_class_override_property (object_class, PROP_HADJUSTMENT, "hadjustment");
  g_object_class_override_property (object_class, PROP_VADJUSTMENT, "vadjustment");
  g_object_class_override_property (object_class, PROP_HSCROLL_POLICY, "hscroll-policy");
  g_object_class_override_property (object_class, PROP_VSCROLL_POLICY, "vscroll-policy");

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i], NULL,
                                     i < 3 ? copy_action : select_all_action);
  gtk_widget_class_install_action (widget_class, "hex.menu", NULL, menu_action);
  for (guint i = 0; i < N_MOVES; i++)
    install_move (widget_class, i);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_c, GDK_CONTROL_MASK, actions[0], NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_a, GDK_CONTROL_MASK, actions[3], NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, "hex.menu", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Menu, 0, "hex.menu", NULL);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-hex-view.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexHexView, menu);
  gtk_widget_class_bind_template_callback (widget_class, drag_begin_cb);
  gtk_widget_class_bind_template_callback (widget_class, drag_update_cb);
  gtk_widget_class_bind_template_callback (widget_class, secondary_pressed_cb);
  gtk_widget_class_set_css_name (widget_class, "hex-view");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
duplex_hex_view_init (DuplexHexView *self)
{
  self->bytes = duplex_hex_bytes_new (NULL, NULL, NULL);
  self->painter = duplex_hex_painter_new (GTK_WIDGET (self));
  self->columns = duplex_hex_layout_fit (0, 0);
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_direction (GTK_WIDGET (self), GTK_TEXT_DIR_LTR);
  selection_changed (self);
}

void
duplex_hex_view_set_bytes (DuplexHexView  *self,
                           DuplexHexBytes *bytes)
{
  g_return_if_fail (DUPLEX_IS_HEX_VIEW (self));
  g_return_if_fail (bytes != NULL);

  duplex_hex_bytes_ref (bytes);
  duplex_hex_bytes_unref (self->bytes);
  self->bytes = bytes;
  self->cursor = self->anchor = 0;
  self->has_selection = FALSE;
  self->highlight_n = 0;
  self->columns = fit_columns (self, gtk_widget_get_width (GTK_WIDGET (self)));
  configure_adjustments (self, 0);
  selection_changed (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

guint64
duplex_hex_view_get_size (DuplexHexView *self)
{
  g_return_val_if_fail (DUPLEX_IS_HEX_VIEW (self), 0);

  /* Asked for while the parts of us that it needs are made, and after they are gone. */
  return self->bytes != NULL ? duplex_hex_bytes_get_size (self->bytes) : 0;
}

void
duplex_hex_view_set_highlight (DuplexHexView *self,
                               guint64        offset,
                               guint64        n)
{
  g_return_if_fail (DUPLEX_IS_HEX_VIEW (self));

  clamp_range (self, &offset, &n);
  if (self->highlight_offset == offset && self->highlight_n == n)
    return;

  self->highlight_offset = offset;
  self->highlight_n = n;
  if (n > 0)
    scroll_to_row (self, offset);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
duplex_hex_view_select (DuplexHexView *self,
                        guint64        offset,
                        guint64        n)
{
  g_return_if_fail (DUPLEX_IS_HEX_VIEW (self));

  clamp_range (self, &offset, &n);
  self->has_selection = n > 0;
  if (n > 0)
    {
      self->anchor = offset;
      self->cursor = offset + n - 1;
    }
  selection_changed (self);
}

guint64
duplex_hex_view_get_selection (DuplexHexView *self,
                               guint64       *ret_offset)
{
  guint64 start;

  g_return_val_if_fail (DUPLEX_IS_HEX_VIEW (self), 0);

  if (!self->has_selection)
    return 0;

  start = MIN (self->anchor, self->cursor);
  if (ret_offset != NULL)
    *ret_offset = start;
  return MAX (self->anchor, self->cursor) - start + 1;
}

char *
duplex_hex_view_dup_text (DuplexHexView *self,
                          DuplexHexForm  form)
{
  guint64 offset = 0;
  guint64 n;

  g_return_val_if_fail (DUPLEX_IS_HEX_VIEW (self), NULL);

  n = duplex_hex_view_get_selection (self, &offset);
  if (n == 0)
    n = duplex_hex_view_get_size (self);

  return duplex_hex_bytes_dup_text (self->bytes, offset, n, form);
}
