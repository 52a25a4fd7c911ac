/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The row widgets that a GtkListView of messages has at the moment, which it does not tell of
 * itself: found among its children by what they show. */

#include "app/duplex-bubble.h"

G_BEGIN_DECLS

/* The bubble of a row widget, or NULL. */
DuplexBubble *duplex_list_item_get_bubble (GtkWidget *item);

/* The row widget of the row at position of the capture, or NULL where it has none now. */
GtkWidget *duplex_list_items_find (GtkListView *view,
                                   guint        position);

/* Behind the last of the rows that have a widget because they are on screen or near it, as a
 * position in the capture; GTK_INVALID_LIST_POSITION where there is none. */
guint duplex_list_items_find_boundary (GtkListView *view);

/* The bubble at a point of view, and that point within the bubble (x and y may be what is set); or
 * NULL. */
DuplexBubble *duplex_list_items_pick (GtkListView *view,
                                      double       x,
                                      double       y,
                                      double      *ret_x,
                                      double      *ret_y);

G_END_DECLS
