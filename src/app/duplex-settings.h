/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the window remembers, behind one call that does not abort where the schema is not installed,
 * as g_settings_new() would: a program run from its build tree without its environment must still
 * start. */

#include <gio/gio.h>

G_BEGIN_DECLS

/* The settings of this program. Without the schema: NULL, with one line in the log. */
GSettings *duplex_settings_new (void);

/* Of recording; their defaults where settings is NULL. The budget is in bytes. */
gboolean duplex_settings_get_record (GSettings *settings);
gboolean duplex_settings_get_record_secrets (GSettings *settings);
guint64  duplex_settings_get_budget (GSettings *settings);

G_END_DECLS
