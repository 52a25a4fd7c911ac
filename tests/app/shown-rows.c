/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shown-rows.h"

#include "app/duplex-message-row.h"

static gint64
find_last (GtkWidget *widget,
           GtkWidget *list,
           gint64     last)
{
  graphene_rect_t bounds;

  if (DUPLEX_IS_MESSAGE_ROW (widget) && gtk_widget_get_mapped (widget) &&
      gtk_widget_compute_bounds (widget, list, &bounds) && bounds.size.height > 0 &&
      bounds.origin.y >= 0 &&
      bounds.origin.y + bounds.size.height <= gtk_widget_get_height (list) + 1)
    {
      DuplexBubble *bubble = duplex_message_row_get_bubble (DUPLEX_MESSAGE_ROW (widget));

      last = MAX (last, (gint64)duplex_row_get_position (duplex_bubble_get_row (bubble)));
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    last = find_last (child, list, last);
  return last;
}

gint64
shown_rows_get_last (GtkWidget *list)
{
  return find_last (list, list, -1);
}
