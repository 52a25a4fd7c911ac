/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The history: the list of recorded sessions with a search, and what can be done with one of them.
 * While it is mapped it keeps the list as the folder is. What it has to say goes to the
 * AdwToastOverlay around it. */

#include <adwaita.h>

#include "core/model/duplex-history.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_HISTORY_PAGE (duplex_history_page_get_type ())
G_DECLARE_FINAL_TYPE (DuplexHistoryPage, duplex_history_page, DUPLEX, HISTORY_PAGE, GtkWidget)

/* Properties:
 *   "history"            DuplexHistory, or NULL
 *   "budget"             guint64, bytes: told beside what is used
 *   "recording"          gboolean: whether new sessions are recorded, for the empty page
 *   "sort"               string: "newest" (the default), "oldest", "largest" or "profile"
 *   "has-title-buttons"  gboolean: the header bar begins the window
 * Signal: "open" (const char *path) of a session that a person wants to see.
 * Actions on the selected session: history.open, history.rename, history.copy-url,
 * history.export-jsonl, history.save-copy, history.delete; and history.menu, history.search. */

GtkWidget *duplex_history_page_new (DuplexHistory *history);

/* Borrowed; NULL where none is selected. */
DuplexHistoryEntry *duplex_history_page_get_selected (DuplexHistoryPage *self);

/* Moves the focus to the list. */
void duplex_history_page_focus_list (DuplexHistoryPage *self);

G_END_DECLS
