/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A recorded session in the list of the history: how it ended, its name, where and when it was, and
 * what it holds. */

#include <gtk/gtk.h>

#include "core/model/duplex-history-entry.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_HISTORY_ROW (duplex_history_row_get_type ())
G_DECLARE_FINAL_TYPE (DuplexHistoryRow, duplex_history_row, DUPLEX, HISTORY_ROW, GtkBox)

/* Property: "entry" (DuplexHistoryEntry, or NULL). Signal: "menu" () when its button is pressed. */

GtkWidget *duplex_history_row_new (void);

DuplexHistoryEntry *duplex_history_row_get_entry (DuplexHistoryRow *self);
void                duplex_history_row_set_entry (DuplexHistoryRow   *self,
                                                  DuplexHistoryEntry *entry);

/* Where a menu points to that the row asked for; borrowed. */
GtkWidget *duplex_history_row_get_menu_button (DuplexHistoryRow *self);

G_END_DECLS
