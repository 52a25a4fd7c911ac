/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-list-items.h"

#include "app/duplex-list-window.h"
#include "app/duplex-message-row.h"

/* In the model of the window below view. */
static guint
get_position (GtkListView *view,
              GtkWidget   *item)
{
  GtkWidget        *row = gtk_widget_get_first_child (item);
  DuplexListWindow *window = DUPLEX_LIST_WINDOW (gtk_list_view_get_model (view));
  guint             position;

  if (row == NULL || !DUPLEX_IS_MESSAGE_ROW (row))
    return GTK_INVALID_LIST_POSITION;

  position = duplex_message_row_get_position (DUPLEX_MESSAGE_ROW (row));
  if (position == GTK_INVALID_LIST_POSITION)
    return position;

  return duplex_list_window_get_start (window) + position;
}

/* Where a row widget stands in view; FALSE before it was laid out. */
static gboolean
get_extent (GtkListView *view,
            GtkWidget   *item,
            double      *ret_top,
            double      *ret_height)
{
  graphene_rect_t bounds;

  if (!gtk_widget_get_child_visible (item) ||
      !gtk_widget_compute_bounds (item, GTK_WIDGET (view), &bounds) || bounds.size.height <= 0)
    return FALSE;

  *ret_top = bounds.origin.y;
  *ret_height = bounds.size.height;
  return TRUE;
}

DuplexBubble *
duplex_list_item_get_bubble (GtkWidget *item)
{
  GtkWidget *child;

  g_return_val_if_fail (GTK_IS_WIDGET (item), NULL);

  child = gtk_widget_get_first_child (item);
  if (child == NULL || !DUPLEX_IS_MESSAGE_ROW (child))
    return NULL;

  return duplex_message_row_get_bubble (DUPLEX_MESSAGE_ROW (child));
}

GtkWidget *
duplex_list_items_find (GtkListView *view,
                        guint        position)
{
  g_return_val_if_fail (GTK_IS_LIST_VIEW (view), NULL);

  if (position == GTK_INVALID_LIST_POSITION)
    return NULL;

  for (GtkWidget *item = gtk_widget_get_first_child (GTK_WIDGET (view)); item != NULL;
       item = gtk_widget_get_next_sibling (item))
    if (get_position (view, item) == position)
      return item;

  return NULL;
}

guint
duplex_list_items_find_boundary (GtkListView *view)
{
  guint    boundary = GTK_INVALID_LIST_POSITION;
  gboolean is_near = FALSE;

  g_return_val_if_fail (GTK_IS_LIST_VIEW (view), GTK_INVALID_LIST_POSITION);

  for (GtkWidget *item = gtk_widget_get_first_child (GTK_WIDGET (view)); item != NULL;
       item = gtk_widget_get_next_sibling (item))
    {
      guint position = get_position (view, item);

      /* What is on screen, and from there on as long as one follows the other. */
      is_near = gtk_widget_get_child_visible (item) || (is_near && position == boundary);
      if (is_near && position != GTK_INVALID_LIST_POSITION)
        boundary = position + 1;
    }

  return boundary;
}

DuplexBubble *
duplex_list_items_pick (GtkListView *view,
                        double       x,
                        double       y,
                        double      *ret_x,
                        double      *ret_y)
{
  GtkWidget       *widget;
  graphene_point_t point = { (float)x, (float)y };

  g_return_val_if_fail (GTK_IS_LIST_VIEW (view), NULL);

  widget = gtk_widget_pick (GTK_WIDGET (view), x, y, GTK_PICK_DEFAULT);
  if (widget == NULL || !DUPLEX_IS_BUBBLE (widget))
    return NULL;
  if (!gtk_widget_compute_point (GTK_WIDGET (view), widget, &point, &point))
    return NULL;

  *ret_x = point.x;
  *ret_y = point.y;
  return DUPLEX_BUBBLE (widget);
}

gboolean
duplex_list_items_get_place (GtkListView *view,
                             guint        position,
                             double      *ret_top,
                             double      *ret_height)
{
  GtkWidget *item = duplex_list_items_find (view, position);

  return item != NULL && get_extent (view, item, ret_top, ret_height);
}

gboolean
duplex_list_items_get_range (GtkListView *view,
                             double      *ret_first,
                             double      *ret_last)
{
  double page;
  double first = G_MAXDOUBLE;
  double last = -1;

  g_return_val_if_fail (GTK_IS_LIST_VIEW (view), FALSE);

  page = gtk_widget_get_height (GTK_WIDGET (view));
  for (GtkWidget *item = gtk_widget_get_first_child (GTK_WIDGET (view)); item != NULL;
       item = gtk_widget_get_next_sibling (item))
    {
      guint  position = get_position (view, item);
      double top;
      double height;

      if (position == GTK_INVALID_LIST_POSITION || !get_extent (view, item, &top, &height) ||
          top >= page || top + height <= 0)
        continue;

      first = MIN (first, position + MAX (-top, 0) / height);
      last = MAX (last, position + MIN (page - top, height) / height);
    }

  *ret_first = first;
  *ret_last = last;
  return last >= 0;
}
