/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Keeps a GtkListView at the end of its list while it follows, notices when the person scrolls
 * away from there and when they come back, and switches the DuplexListWindow below the view
 * accordingly.
 *
 * Two things make this more than setting an adjustment. GtkListView knows the height of a row
 * only after it was laid out, so that the end has to be asked for again until it stays reached.
 * And the adjustment changes for two reasons, a person and the layout: what changes it between
 * the update and the paint of a frame was the layout. */

#include "app/duplex-list-window.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_TAIL (duplex_tail_get_type ())
G_DECLARE_FINAL_TYPE (DuplexTail, duplex_tail, DUPLEX, TAIL, GObject)

/* Answers with a boundary for duplex_list_window_show(). */
typedef guint (*DuplexTailBoundary) (GtkListView *view);

/* view must be in a scrolled window already and outlive the tail; its model is window. */
DuplexTail *duplex_tail_new (GtkListView       *view,
                             DuplexListWindow  *window,
                             DuplexTailBoundary boundary);

/* Asks for the end in the frames that come, if following. */
void duplex_tail_queue (DuplexTail *self);

/* Grows the window in the frames that come, if not following, as when that has ended. */
void duplex_tail_grow (DuplexTail *self);

/* What changes the adjustment between these is not the person. They nest. */
void duplex_tail_begin_scrolling (DuplexTail *self);
void duplex_tail_end_scrolling (DuplexTail *self);

/* How often the person has scrolled: for whoever must not scroll against them. */
guint duplex_tail_get_n_moves (DuplexTail *self);

/* TRUE when the view shows the end of its list. */
gboolean duplex_tail_is_at_end (DuplexTail *self);

/* TRUE while the end has been asked for and was not reached for good, or the window grows. */
gboolean duplex_tail_is_pending (DuplexTail *self);

G_END_DECLS
