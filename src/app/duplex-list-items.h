/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The row widgets that a GtkListView of messages has at the moment, which it does not tell of
 * itself: found among its children. Its model is a DuplexListWindow; positions are in the model of
 * that. */

#include "app/duplex-bubble.h"

G_BEGIN_DECLS

/* The bubble of a row widget, or NULL. */
DuplexBubble *duplex_list_item_get_bubble (GtkWidget *item);

/* The row widget of the item at position, or NULL where it has none now. */
GtkWidget *duplex_list_items_find (GtkListView *view,
                                   guint        position);

/* Behind the last of the rows that have a widget because they are on screen or near it;
 * GTK_INVALID_LIST_POSITION where there is none. */
guint duplex_list_items_find_boundary (GtkListView *view);

/* Where the item at position stands, in pixels of view. FALSE where it is not on screen. */
gboolean duplex_list_items_get_place (GtkListView *view,
                                      guint        position,
                                      double      *ret_top,
                                      double      *ret_height);

/* What is on screen, as positions whose fraction is the part of an item that is above; of the last,
 * the part that is not below. FALSE where there is nothing. */
gboolean duplex_list_items_get_range (GtkListView *view,
                                      double      *ret_first,
                                      double      *ret_last);

/* The bubble at a point of view, and that point within the bubble (x and y may be what is set); or
 * NULL. */
DuplexBubble *duplex_list_items_pick (GtkListView *view,
                                      double       x,
                                      double       y,
                                      double      *ret_x,
                                      double      *ret_y);

G_END_DECLS
