/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-list-items.h"

#include "app/duplex-message-row.h"

static guint
get_position (GtkWidget *item)
{
  DuplexBubble *bubble = duplex_list_item_get_bubble (item);
  DuplexRow    *row = bubble != NULL ? duplex_bubble_get_row (bubble) : NULL;

  return row != NULL ? (guint)duplex_row_get_position (row) : GTK_INVALID_LIST_POSITION;
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
    if (get_position (item) == position)
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
      guint position = get_position (item);

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
