/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The conversation: a capture's rows as bubbles, any number of them. It follows the end until the
 * person scrolls up, and again when they come back. */

#include <gtk/gtk.h>

#include "core/model/duplex-capture-view.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_MESSAGE_LIST (duplex_message_list_get_type ())
G_DECLARE_FINAL_TYPE (DuplexMessageList, duplex_message_list, DUPLEX, MESSAGE_LIST, GtkWidget)

/* Properties: "capture" (DuplexCapture), "view" (DuplexCaptureView of that capture, or NULL: show
 * only its rows), "selected-row" (DuplexRow or NULL: one of that capture, also one that the view
 * leaves out), "following" (TRUE while it sticks to the end), "n-rows" and "n-new" (guint, read
 * only: rows that are shown; those that arrived below since it stopped following), "bookmarked"
 * (gboolean: whether the selected row is).
 *
 * Setting the view keeps the selected row or, where that is not on screen, the first that is, in
 * its place, and waits a moment for the matches around it.
 * Signals: "row-activated" (DuplexRow *: Enter or a double click), "show-whole" (DuplexRow *:
 * "Show all" of a folded message), "show-frames" (DuplexRow *), "note-failed" (GError *: a bookmark
 * or comment could not be kept).
 * Actions for whatever is inside: messages.copy, messages.copy-hex, messages.show-frames,
 * messages.bookmark, messages.comment (of the selected row), messages.jump-to-end,
 * messages.menu. */

GtkWidget *duplex_message_list_new (void);

DuplexCapture *duplex_message_list_get_capture (DuplexMessageList *self);
void           duplex_message_list_set_capture (DuplexMessageList *self,
                                                DuplexCapture     *capture);

DuplexRow *duplex_message_list_get_selected_row (DuplexMessageList *self);
void       duplex_message_list_set_selected_row (DuplexMessageList *self,
                                                 DuplexRow         *row);

/* Selects the row at that position of the capture and scrolls to it, where it is not on screen.
 * FALSE where the view leaves it out or it does not exist; it is selected then as far as it can
 * be. */
gboolean duplex_message_list_reveal_row (DuplexMessageList *self,
                                         guint64            row);

/* Position in the capture of the first row on screen. FALSE where there is none. */
gboolean duplex_message_list_get_first_shown (DuplexMessageList *self,
                                              guint64           *ret_row);

/* The same for the first row that is shown at or after that one, or the last before it. */
void duplex_message_list_reveal_nearest (DuplexMessageList *self,
                                         guint64            row);

gboolean duplex_message_list_get_bookmarked (DuplexMessageList *self);
void     duplex_message_list_set_bookmarked (DuplexMessageList *self,
                                             gboolean           bookmarked);

DuplexCaptureView *duplex_message_list_get_view (DuplexMessageList *self);
void               duplex_message_list_set_view (DuplexMessageList *self,
                                                 DuplexCaptureView *view);

gboolean duplex_message_list_get_following (DuplexMessageList *self);
void     duplex_message_list_set_following (DuplexMessageList *self,
                                            gboolean           following);

guint duplex_message_list_get_n_new (DuplexMessageList *self);

/* Puts the selected row on the clipboard: text as it came (what is no UTF-8 replaced), bytes in
 * hex, a control frame or state as it reads. FALSE where nothing is selected or it is too big for
 * a clipboard. */
gboolean duplex_message_list_copy (DuplexMessageList *self);

G_END_DECLS
