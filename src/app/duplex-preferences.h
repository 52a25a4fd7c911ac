/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The dialog of what the program does everywhere: whether and how sessions are recorded, and what
 * room they may take. Changes hold at once. */

#include <adwaita.h>

#include "core/model/duplex-history.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_PREFERENCES (duplex_preferences_get_type ())
G_DECLARE_FINAL_TYPE (DuplexPreferences, duplex_preferences, DUPLEX, PREFERENCES, AdwWindow)

/* history tells what is used now; may be NULL. */
DuplexPreferences *duplex_preferences_new (GtkWindow     *parent,
                                           GSettings     *settings,
                                           DuplexHistory *history);

G_END_DECLS
