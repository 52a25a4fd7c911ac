/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-list.h"

#include <adwaita.h>

#include "app/duplex-bubble.h"
#include "app/duplex-list-closures.h"
#include "app/duplex-list-items.h"
#include "app/duplex-list-window.h"
#include "app/duplex-message-row.h"
#include "app/duplex-row-copy.h"
#include "app/duplex-tail.h"
#include "app/duplex-texts.h"

struct _DuplexMessageList
{
  GtkWidget parent_instance;

  /* owned */
  DuplexCapture    *capture;
  DuplexListWindow *window;
  DuplexTail       *tail;
  GtkWidget        *menu; /* NULL until it is needed */

  /* template */
  GtkWidget         *stack;
  GtkScrolledWindow *scroller;
  GtkListView       *view;
  GMenuModel        *menu_model;
};

enum {
  PROP_CAPTURE = 1,
  PROP_SELECTED_ROW,
  PROP_FOLLOWING,
  PROP_N_ROWS,
  PROP_N_NEW,
  N_PROPS
};

enum {
  ROW_ACTIVATED,
  SHOW_WHOLE,
  SHOW_FRAMES,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DuplexMessageList, duplex_message_list, GTK_TYPE_WIDGET)

static void
setup_cb (DuplexMessageList *self,
          GtkListItem       *item)
{
  gtk_list_item_set_child (item, duplex_message_row_new ());
}

static void
bind_cb (DuplexMessageList *self,
         GtkListItem       *item)
{
  DuplexRow       *row = DUPLEX_ROW (gtk_list_item_get_item (item));
  GtkWidget       *child = gtk_list_item_get_child (item);
  GtkWidget       *parent = gtk_widget_get_parent (child);
  g_autofree char *label = duplex_text_row_label (row);

  duplex_message_row_set_row (DUPLEX_MESSAGE_ROW (child), row);

  /* The list's own row is what a screen reader meets; GTK gives it no name. */
  if (parent != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (parent), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                    -1);
}

static void
activate_cb (DuplexMessageList *self,
             guint              position)
{
  g_autoptr (DuplexRow) row = g_list_model_get_item (G_LIST_MODEL (self->window), position);

  if (row != NULL)
    g_signal_emit (self, signals[ROW_ACTIVATED], 0, row);
}

static DuplexBubble *
find_link (DuplexMessageList *self,
           double             x,
           double             y)
{
  double        bubble_x;
  double        bubble_y;
  DuplexBubble *bubble = duplex_list_items_pick (self->view, x, y, &bubble_x, &bubble_y);

  return bubble != NULL && duplex_bubble_is_link_at (bubble, bubble_x, bubble_y) ? bubble : NULL;
}

static void
motion_cb (DuplexMessageList *self,
           double             x,
           double             y)
{
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self->view),
                                   find_link (self, x, y) != NULL ? "pointer" : NULL);
}

static void
released_cb (DuplexMessageList *self,
             int                n_press,
             double             x,
             double             y)
{
  DuplexBubble *bubble = n_press == 1 ? find_link (self, x, y) : NULL;

  if (bubble != NULL)
    {
      duplex_message_list_set_selected_row (self, duplex_bubble_get_row (bubble));
      g_signal_emit (self, signals[SHOW_WHOLE], 0, duplex_bubble_get_row (bubble));
    }
}

static void
popup_menu (DuplexMessageList  *self,
            const GdkRectangle *at)
{
  if (self->menu == NULL)
    {
      self->menu = gtk_popover_menu_new_from_model (self->menu_model);
      gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
      gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
      gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
    }

  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), at);
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
menu_pressed_cb (DuplexMessageList *self,
                 int                n_press,
                 double             x,
                 double             y)
{
  DuplexBubble    *bubble = duplex_list_items_pick (self->view, x, y, &x, &y);
  graphene_point_t point = { (float)x, (float)y };

  if (bubble == NULL)
    return;

  duplex_message_list_set_selected_row (self, duplex_bubble_get_row (bubble));
  if (gtk_widget_compute_point (GTK_WIDGET (bubble), GTK_WIDGET (self), &point, &point))
    popup_menu (self, &(GdkRectangle){ (int)point.x, (int)point.y, 1, 1 });
}

/* By keyboard: at the selected bubble, as far as it is on screen. */
static void
menu_action (GtkWidget  *widget,
             const char *action_name,
             GVariant   *parameter)
{
  DuplexMessageList *self = DUPLEX_MESSAGE_LIST (widget);
  guint              selected = duplex_list_window_get_selected (self->window);
  GtkWidget         *item = duplex_list_items_find (self->view, selected);
  GtkWidget         *bubble;
  graphene_rect_t    bounds;
  graphene_rect_t    visible;

  if (item == NULL)
    return;

  bubble = GTK_WIDGET (duplex_list_item_get_bubble (item));
  graphene_rect_init (&visible, 0, 0, (float)gtk_widget_get_width (widget),
                      (float)gtk_widget_get_height (widget));
  if (gtk_widget_compute_bounds (bubble, widget, &bounds) &&
      graphene_rect_intersection (&bounds, &visible, &bounds))
    popup_menu (self, &(GdkRectangle){ (int)bounds.origin.x, (int)bounds.origin.y,
                                       (int)bounds.size.width, (int)bounds.size.height });
}

static void
copy_action (GtkWidget  *widget,
             const char *action_name,
             GVariant   *parameter)
{
  duplex_message_list_copy (DUPLEX_MESSAGE_LIST (widget));
}

static void
copy_hex_action (GtkWidget  *widget,
                 const char *action_name,
                 GVariant   *parameter)
{
  DuplexRow       *row = duplex_message_list_get_selected_row (DUPLEX_MESSAGE_LIST (widget));
  g_autofree char *hex = row != NULL ? duplex_row_copy_hex (row) : NULL;

  if (hex != NULL)
    gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), hex);
}

static void
show_frames_action (GtkWidget  *widget,
                    const char *action_name,
                    GVariant   *parameter)
{
  DuplexRow *row = duplex_message_list_get_selected_row (DUPLEX_MESSAGE_LIST (widget));

  if (row != NULL)
    g_signal_emit (widget, signals[SHOW_FRAMES], 0, row);
}

static void
jump_to_end_action (GtkWidget  *widget,
                    const char *action_name,
                    GVariant   *parameter)
{
  duplex_message_list_set_following (DUPLEX_MESSAGE_LIST (widget), TRUE);
}

/* The view moves its cursor from the row that has the focus. */
static void
select_and_focus (DuplexMessageList *self,
                  guint              position)
{
  GtkWidget *item = duplex_list_items_find (self->view, position);

  duplex_list_window_set_selected (self->window, position);
  if (item != NULL)
    gtk_widget_grab_focus (item);
}

/* The row that had the focus may have left the few that are shown while following: what a person
 * sees then is the end, and moves from there. Returns whether that was so. */
static gboolean
move_from_end (DuplexMessageList *self)
{
  guint total = duplex_list_window_get_total (self->window);
  guint selected = duplex_list_window_get_selected (self->window);

  if (total == 0 || !duplex_message_list_get_following (self))
    return FALSE;

  duplex_message_list_set_following (self, FALSE);
  if (duplex_list_items_find (self->view, selected) != NULL)
    return FALSE;

  select_and_focus (self, total - 1);
  return TRUE;
}

/* The view moves its cursor within what it is shown, which must be the right piece before it
 * does. */
static gboolean
key_pressed_cb (DuplexMessageList *self,
                guint              keyval,
                guint              keycode,
                GdkModifierType    modifiers)
{
  guint selected = duplex_list_window_get_selected (self->window);
  guint total = duplex_list_window_get_total (self->window);

  switch (keyval)
    {
    case GDK_KEY_Home:
    case GDK_KEY_KP_Home:
      duplex_message_list_set_following (self, FALSE);
      duplex_list_window_show (self->window, 0, duplex_list_items_find_boundary (self->view));
      return GDK_EVENT_PROPAGATE;
    case GDK_KEY_Up:
    case GDK_KEY_KP_Up:
    case GDK_KEY_Page_Up:
    case GDK_KEY_KP_Page_Up:
      return move_from_end (self) ? GDK_EVENT_STOP : GDK_EVENT_PROPAGATE;
    case GDK_KEY_Down:
    case GDK_KEY_KP_Down:
    case GDK_KEY_Page_Down:
    case GDK_KEY_KP_Page_Down:
      if (selected == GTK_INVALID_LIST_POSITION || selected + 1 != total)
        return GDK_EVENT_PROPAGATE;
      duplex_message_list_set_following (self, TRUE);
      return GDK_EVENT_STOP;
    case GDK_KEY_End:
    case GDK_KEY_KP_End:
      duplex_message_list_set_following (self, TRUE);
      if (total > 0)
        select_and_focus (self, total - 1);
      return GDK_EVENT_STOP;
    default:
      return GDK_EVENT_PROPAGATE;
    }
}

static void
selected_item_cb (DuplexMessageList *self)
{
  DuplexRow *row = duplex_message_list_get_selected_row (self);
  GtkWidget *widget = GTK_WIDGET (self);

  gtk_widget_action_set_enabled (widget, "messages.copy",
                                 row != NULL && duplex_row_copy_fits (row));
  gtk_widget_action_set_enabled (widget, "messages.copy-hex",
                                 row != NULL && duplex_row_copy_hex_fits (row));
  gtk_widget_action_set_enabled (widget, "messages.show-frames",
                                 row != NULL && duplex_row_get_n_frames (row) > 0);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED_ROW]);
}

static void
following_cb (DuplexMessageList *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FOLLOWING]);
}

static void
n_below_cb (DuplexMessageList *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_ROWS]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_NEW]);
}

static gboolean
duplex_message_list_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (DUPLEX_MESSAGE_LIST (widget)->view));
}

static void
duplex_message_list_size_allocate (GtkWidget *widget,
                                   int        width,
                                   int        height,
                                   int        baseline)
{
  DuplexMessageList *self = DUPLEX_MESSAGE_LIST (widget);
  GtkWidgetClass    *parent_class = GTK_WIDGET_CLASS (duplex_message_list_parent_class);

  parent_class->size_allocate (widget, width, height, baseline);

  if (self->menu != NULL)
    gtk_popover_present (GTK_POPOVER (self->menu));
}

static void
duplex_message_list_get_property (GObject    *object,
                                  guint       property_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  DuplexMessageList *self = DUPLEX_MESSAGE_LIST (object);

  switch (property_id)
    {
    case PROP_CAPTURE:
      g_value_set_object (value, self->capture);
      break;
    case PROP_SELECTED_ROW:
      g_value_set_object (value, duplex_message_list_get_selected_row (self));
      break;
    case PROP_FOLLOWING:
      g_value_set_boolean (value, duplex_message_list_get_following (self));
      break;
    case PROP_N_ROWS:
      g_value_set_uint (value, duplex_list_window_get_total (self->window));
      break;
    case PROP_N_NEW:
      g_value_set_uint (value, duplex_message_list_get_n_new (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
duplex_message_list_set_property (GObject      *object,
                                  guint         property_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  DuplexMessageList *self = DUPLEX_MESSAGE_LIST (object);

  switch (property_id)
    {
    case PROP_CAPTURE:
      duplex_message_list_set_capture (self, g_value_get_object (value));
      break;
    case PROP_SELECTED_ROW:
      duplex_message_list_set_selected_row (self, g_value_get_object (value));
      break;
    case PROP_FOLLOWING:
      duplex_message_list_set_following (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
duplex_message_list_dispose (GObject *object)
{
  DuplexMessageList *self = DUPLEX_MESSAGE_LIST (object);

  if (self->tail != NULL)
    g_object_run_dispose (G_OBJECT (self->tail));
  g_clear_object (&self->tail);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_MESSAGE_LIST);
  g_clear_object (&self->capture);

  G_OBJECT_CLASS (duplex_message_list_parent_class)->dispose (object);
}

static void
duplex_message_list_finalize (GObject *object)
{
  g_clear_object (&DUPLEX_MESSAGE_LIST (object)->window);

  G_OBJECT_CLASS (duplex_message_list_parent_class)->finalize (object);
}

static void
install_signal (DuplexMessageListClass *klass,
                guint                   signal,
                const char             *name)
{
  signals[signal] = g_signal_new (name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 1, DUPLEX_TYPE_ROW);
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "messages.copy", NULL, copy_action);
  gtk_widget_class_install_action (widget_class, "messages.copy-hex", NULL, copy_hex_action);
  gtk_widget_class_install_action (widget_class, "messages.show-frames", NULL, show_frames_action);
  gtk_widget_class_install_action (widget_class, "messages.jump-to-end", NULL, jump_to_end_action);
  gtk_widget_class_install_action (widget_class, "messages.menu", NULL, menu_action);

  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_c, GDK_CONTROL_MASK, "messages.copy",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Menu, 0, "messages.menu", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, "messages.menu",
                                       NULL);
}

static void
duplex_message_list_class_init (DuplexMessageListClass *klass)
{
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass   *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_message_list_dispose;
  object_class->finalize = duplex_message_list_finalize;
  object_class->get_property = duplex_message_list_get_property;
  object_class->set_property = duplex_message_list_set_property;

  widget_class->grab_focus = duplex_message_list_grab_focus;
  widget_class->size_allocate = duplex_message_list_size_allocate;

  properties[PROP_CAPTURE] = g_param_spec_object ("capture", NULL, NULL, DUPLEX_TYPE_CAPTURE, rw);
  properties[PROP_SELECTED_ROW] =
    g_param_spec_object ("selected-row", NULL, NULL, DUPLEX_TYPE_ROW, rw);
  properties[PROP_FOLLOWING] = g_param_spec_boolean ("following", NULL, NULL, TRUE, rw);
  properties[PROP_N_ROWS] = g_param_spec_uint ("n-rows", NULL, NULL, 0, G_MAXUINT, 0, ro);
  properties[PROP_N_NEW] = g_param_spec_uint ("n-new", NULL, NULL, 0, G_MAXUINT, 0, ro);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  install_signal (klass, ROW_ACTIVATED, "row-activated");
  install_signal (klass, SHOW_WHOLE, "show-whole");
  install_signal (klass, SHOW_FRAMES, "show-frames");
  install_actions (widget_class);

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-message-list.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageList, stack);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageList, scroller);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageList, view);
  gtk_widget_class_bind_template_child (widget_class, DuplexMessageList, menu_model);
  gtk_widget_class_bind_template_callback (widget_class, setup_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_cb);
  gtk_widget_class_bind_template_callback (widget_class, activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, motion_cb);
  gtk_widget_class_bind_template_callback (widget_class, released_cb);
  gtk_widget_class_bind_template_callback (widget_class, menu_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, duplex_closure_new_messages);
  gtk_widget_class_bind_template_callback (widget_class, duplex_closure_list_page);

  gtk_widget_class_set_css_name (widget_class, "message-list");
}

static void
duplex_message_list_init (DuplexMessageList *self)
{
  /* The template's bindings read properties that look into the window. */
  self->window = duplex_list_window_new ();
  gtk_widget_init_template (GTK_WIDGET (self));

  gtk_list_view_set_model (self->view, GTK_SELECTION_MODEL (self->window));
  self->tail = duplex_tail_new (self->view, self->window, duplex_list_items_find_boundary);

  g_signal_connect_object (self->window, "notify::selected-item", G_CALLBACK (selected_item_cb),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->window, "notify::following", G_CALLBACK (following_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->window, "notify::n-below", G_CALLBACK (n_below_cb), self,
                           G_CONNECT_SWAPPED);
  selected_item_cb (self);
}

GtkWidget *
duplex_message_list_new (void)
{
  return g_object_new (DUPLEX_TYPE_MESSAGE_LIST, NULL);
}

DuplexCapture *
duplex_message_list_get_capture (DuplexMessageList *self)
{
  g_return_val_if_fail (DUPLEX_IS_MESSAGE_LIST (self), NULL);

  return self->capture;
}

void
duplex_message_list_set_capture (DuplexMessageList *self,
                                 DuplexCapture     *capture)
{
  g_return_if_fail (DUPLEX_IS_MESSAGE_LIST (self));
  g_return_if_fail (capture == NULL || DUPLEX_IS_CAPTURE (capture));

  if (!g_set_object (&self->capture, capture))
    return;

  duplex_list_window_set_following (self->window, TRUE);
  duplex_list_window_set_model (self->window, G_LIST_MODEL (capture));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAPTURE]);
}

DuplexRow *
duplex_message_list_get_selected_row (DuplexMessageList *self)
{
  g_return_val_if_fail (DUPLEX_IS_MESSAGE_LIST (self), NULL);

  return duplex_list_window_get_selected_item (self->window);
}

void
duplex_message_list_set_selected_row (DuplexMessageList *self,
                                      DuplexRow         *row)
{
  guint position = GTK_INVALID_LIST_POSITION;

  g_return_if_fail (DUPLEX_IS_MESSAGE_LIST (self));
  g_return_if_fail (row == NULL || DUPLEX_IS_ROW (row));

  if (row != NULL && duplex_row_get_capture (row) == self->capture)
    position = (guint)MIN (duplex_row_get_position (row), GTK_INVALID_LIST_POSITION);

  duplex_list_window_set_selected (self->window, position);
}

gboolean
duplex_message_list_get_following (DuplexMessageList *self)
{
  g_return_val_if_fail (DUPLEX_IS_MESSAGE_LIST (self), FALSE);

  return duplex_list_window_get_following (self->window);
}

void
duplex_message_list_set_following (DuplexMessageList *self,
                                   gboolean           following)
{
  g_return_if_fail (DUPLEX_IS_MESSAGE_LIST (self));

  duplex_list_window_set_following (self->window, following);
  duplex_tail_queue (self->tail);
}

guint
duplex_message_list_get_n_new (DuplexMessageList *self)
{
  guint n_new;

  g_return_val_if_fail (DUPLEX_IS_MESSAGE_LIST (self), 0);

  g_object_get (self->window, "n-below", &n_new, NULL);
  return n_new;
}

gboolean
duplex_message_list_copy (DuplexMessageList *self)
{
  DuplexRow       *row;
  g_autofree char *text = NULL;

  g_return_val_if_fail (DUPLEX_IS_MESSAGE_LIST (self), FALSE);

  row = duplex_message_list_get_selected_row (self);
  text = row != NULL ? duplex_row_copy_text (row) : NULL;
  if (text == NULL)
    return FALSE;

  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
  return TRUE;
}
