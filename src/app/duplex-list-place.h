/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Brings an item of a GtkListView to a place on screen: near or far, laid out before or not. The
 * view's own ways are by pixels, which it only estimates for rows that it has not laid out, and an
 * action that scrolls as little as it can. So the item is first brought on screen by that, and
 * moved from there once the layout knows the heights around it, in the same frame. */

#include "app/duplex-tail.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_LIST_PLACE (duplex_list_place_get_type ())
G_DECLARE_FINAL_TYPE (DuplexListPlace, duplex_list_place, DUPLEX, LIST_PLACE, GObject)

/* view must be in a scrolled window already and outlive the object; its model is window, and tail
 * follows its end. */
DuplexListPlace *duplex_list_place_new (GtkListView      *view,
                                        DuplexListWindow *window,
                                        DuplexTail       *tail);

/* Ends following, and puts the item at position of the window's model with its top at top pixels of
 * the view, and a fraction (0 to 1) of its own height above that; as near to there as the ends of
 * the list allow. Where the view has no size yet, it is done when it has. */
void duplex_list_place_show (DuplexListPlace *self,
                             guint            position,
                             double           top,
                             double           fraction);

/* The same with nothing done for an item that is on screen as a whole; one that is not comes to
 * about a third of the view's height. */
void duplex_list_place_reveal (DuplexListPlace *self,
                               guint            position);

/* Forgets what has not been reached yet: somebody else scrolls. */
void duplex_list_place_cancel (DuplexListPlace *self);

/* TRUE while a place has been asked for and was not reached. */
gboolean duplex_list_place_is_pending (DuplexListPlace *self);

G_END_DECLS
