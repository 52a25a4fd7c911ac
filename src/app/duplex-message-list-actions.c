/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person does with a row of the list, by keys and by its menu. */
#include "app/duplex-message-list-private.h"
#include "app/duplex-row-copy.h"

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

void
duplex_message_list_motion (DuplexMessageList *self,
                            double             x,
                            double             y)
{
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self->view),
                                   find_link (self, x, y) != NULL ? "pointer" : NULL);
}

void
duplex_message_list_released (DuplexMessageList *self,
                              int                n_press,
                              double             x,
                              double             y)
{
  DuplexBubble *bubble = n_press == 1 ? find_link (self, x, y) : NULL;

  if (bubble != NULL)
    {
      duplex_message_list_set_selected_row (self, duplex_bubble_get_row (bubble));
      g_signal_emit_by_name (self, "show-whole", duplex_bubble_get_row (bubble));
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

void
duplex_message_list_menu_pressed (DuplexMessageList *self,
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
  GdkRectangle       area;

  if (duplex_message_list_find_selected (self, &area))
    popup_menu (self, &area);
}

static void
comment_action (GtkWidget  *widget,
                const char *action_name,
                GVariant   *parameter)
{
  duplex_message_list_edit_comment (DUPLEX_MESSAGE_LIST (widget));
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
    g_signal_emit_by_name (widget, "show-frames", row);
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
gboolean
duplex_message_list_key_pressed (DuplexMessageList *self,
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

void
duplex_message_list_update_actions (DuplexMessageList *self)
{
  DuplexRow *row = duplex_message_list_get_selected_row (self);
  GtkWidget *widget = GTK_WIDGET (self);

  gtk_widget_action_set_enabled (widget, "messages.copy",
                                 row != NULL && duplex_row_copy_fits (row));
  gtk_widget_action_set_enabled (widget, "messages.copy-hex",
                                 row != NULL && duplex_row_copy_hex_fits (row));
  gtk_widget_action_set_enabled (widget, "messages.show-frames",
                                 row != NULL && duplex_row_get_n_frames (row) > 0);
  gtk_widget_action_set_enabled (widget, "messages.bookmark", row != NULL);
  gtk_widget_action_set_enabled (widget, "messages.comment", row != NULL);
}

void
duplex_message_list_install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "messages.copy", NULL, copy_action);
  gtk_widget_class_install_action (widget_class, "messages.copy-hex", NULL, copy_hex_action);
  gtk_widget_class_install_action (widget_class, "messages.show-frames", NULL, show_frames_action);
  gtk_widget_class_install_action (widget_class, "messages.jump-to-end", NULL, jump_to_end_action);
  gtk_widget_class_install_action (widget_class, "messages.menu", NULL, menu_action);
  gtk_widget_class_install_action (widget_class, "messages.comment", NULL, comment_action);
  gtk_widget_class_install_property_action (widget_class, "messages.bookmark", "bookmarked");

  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_c, GDK_CONTROL_MASK, "messages.copy",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Menu, 0, "messages.menu", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, "messages.menu",
                                       NULL);
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
