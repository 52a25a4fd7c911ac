/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The part of a growing list that a GtkListView is shown, and what is selected in the whole.
 * While following, it is the last few items: GTK 4.8 keeps, measures and rebinds some 200 rows,
 * which a flood makes too slow. Otherwise it is all items, up to a bound, because the heights of
 * the rows add up in an int. The two differ by what is taken off or put before the front only, so
 * that a list view which keeps its place does so over the change. When following ends the window
 * stays as it is, and is to be grown to what there is, at once or bit by bit.
 *
 * The selection is a position in the whole list: it survives that its item is not in the window.
 * One item at most is selected, and it can be unselected. The model may grow at its end and be
 * emptied; any other change of it starts the window anew, following. */

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Default bounds: a first guess, see duplex_list_window_set_tail(), and what DESIGN.md allows. */
#define DUPLEX_LIST_WINDOW_TAIL 30
#define DUPLEX_LIST_WINDOW_MAX  1000000

#define DUPLEX_TYPE_LIST_WINDOW (duplex_list_window_get_type ())
G_DECLARE_FINAL_TYPE (DuplexListWindow, duplex_list_window, DUPLEX, LIST_WINDOW, GObject)

/* A GtkSelectionModel. Properties: "model" (GListModel), "following" (default TRUE),
 * "selected-item" (GObject, read only), "n-below" (guint, read only: items of the model behind
 * the end of what there was when following ended). */

DuplexListWindow *duplex_list_window_new (void);

/* NULL for none. Unselects. */
void duplex_list_window_set_model (DuplexListWindow *self,
                                   GListModel       *model);

/* Shows another choice of the same things: the item that is selected stays so, at position selected
 * of model or, with GTK_INVALID_LIST_POSITION, out of sight. When following it shows the end of
 * model, else nothing until duplex_list_window_show(). */
void duplex_list_window_replace_model (DuplexListWindow *self,
                                       GListModel       *model,
                                       guint             selected);

gboolean duplex_list_window_get_following (DuplexListWindow *self);
void     duplex_list_window_set_following (DuplexListWindow *self,
                                           gboolean          following);

/* Position in the model of the window's first item. */
guint duplex_list_window_get_start (DuplexListWindow *self);
/* Items of the model, shown or not. */
guint duplex_list_window_get_total (DuplexListWindow *self);

/* Adds up to n items at each end, when not following. TRUE while there are more that may be
 * shown. */
gboolean duplex_list_window_grow (DuplexListWindow *self,
                                  guint             n);

/* Whether the window ends where the model ends, or will once it has grown. */
gboolean duplex_list_window_reaches_end (DuplexListWindow *self);

/* Moves the window, where it is shorter than the model, so that position and as much around it as
 * may be shown are inside. Not while following.
 *
 * boundary is a position behind an item that the view has a widget for, best the last of those
 * around what is visible: GtkListView of GTK 4.8 mistakes one item for another when items are
 * removed from the middle of those that it only counts. The view keeps its place where boundary
 * stays inside; otherwise it has to be scrolled anew. GTK_INVALID_LIST_POSITION for none. */
void duplex_list_window_show (DuplexListWindow *self,
                              guint             position,
                              guint             boundary);

/* Moves the window to the items up to n away from position and no others, to be grown from there:
 * none of them is one that was shown before, for the view. Not while following. */
void duplex_list_window_show_near (DuplexListWindow *self,
                                   guint             position,
                                   guint             n);

/* position is in the model, GTK_INVALID_LIST_POSITION for none. */
void     duplex_list_window_set_selected (DuplexListWindow *self,
                                          guint             position);
guint    duplex_list_window_get_selected (DuplexListWindow *self);
gpointer duplex_list_window_get_selected_item (DuplexListWindow *self);

/* Selects item, which stands at position of the model, or is none of it (then
 * GTK_INVALID_LIST_POSITION). */
void duplex_list_window_set_selected_item (DuplexListWindow *self,
                                           gpointer          item,
                                           guint             position);

/* What "n-below" counts from, for a model that learns of items that came before. */
void duplex_list_window_set_seen (DuplexListWindow *self,
                                  guint             seen);

/* Items that are shown while following. More are shown at once; a surplus goes with the next
 * change of the model. */
void duplex_list_window_set_tail (DuplexListWindow *self,
                                  guint             tail);

/* Items that are shown at most, for tests; the next change uses it. */
void duplex_list_window_set_max (DuplexListWindow *self,
                                 guint             max);

G_END_DECLS
