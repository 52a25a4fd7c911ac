/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The dialog that gives a recorded session a title. An empty one takes the title away: the session
 * is called after its profile again. */

#include <adwaita.h>

#include "core/model/duplex-history.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_HISTORY_RENAME (duplex_history_rename_get_type ())
G_DECLARE_FINAL_TYPE (DuplexHistoryRename, duplex_history_rename, DUPLEX, HISTORY_RENAME, AdwWindow)

/* Signal: "renamed" () after the title was written. */

DuplexHistoryRename *duplex_history_rename_new (GtkWindow          *parent,
                                                DuplexHistory      *history,
                                                DuplexHistoryEntry *entry);

G_END_DECLS
