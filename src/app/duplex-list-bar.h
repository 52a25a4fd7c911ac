/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The scroll bar of a long list: it counts in items, of which it shows all, where the list view's
 * own adjustment counts in pixels, estimates most of them, and knows only the piece that
 * DuplexListWindow shows it. */

#include "app/duplex-list-place.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_LIST_BAR (duplex_list_bar_get_type ())
G_DECLARE_FINAL_TYPE (DuplexListBar, duplex_list_bar, DUPLEX, LIST_BAR, GObject)

/* Property: "at-end" (gboolean, read only: the last item is on screen).
 *
 * scrollbar and view must outlive the object. The scroll bar is hidden while all items are on
 * screen. At its lower end the list follows. */
DuplexListBar *duplex_list_bar_new (GtkScrollbar     *scrollbar,
                                    GtkListView      *view,
                                    DuplexListWindow *window,
                                    DuplexListPlace  *place);

G_END_DECLS
