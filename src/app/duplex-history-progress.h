/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An export of a session that goes on: how far it is, and a button that gives it up. Not shown
 * while there is none. How it ended is said in the AdwToastOverlay around it. */

#include <gtk/gtk.h>

#include "core/model/duplex-history-entry.h"
#include "core/model/duplex-history-export.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_HISTORY_PROGRESS (duplex_history_progress_get_type ())
G_DECLARE_FINAL_TYPE (DuplexHistoryProgress,
                      duplex_history_progress,
                      DUPLEX,
                      HISTORY_PROGRESS,
                      GtkWidget)

/* Property: "busy" (gboolean, read only). */

GtkWidget *duplex_history_progress_new (void);

gboolean duplex_history_progress_is_busy (DuplexHistoryProgress *self);

/* Begins, unless one goes on. The program lives until it has ended; it is given up with the
 * widget. */
void duplex_history_progress_export (DuplexHistoryProgress *self,
                                     DuplexHistoryEntry    *entry,
                                     DuplexHistoryFormat    format,
                                     GFile                 *target);

void duplex_history_progress_cancel (DuplexHistoryProgress *self);

G_END_DECLS
