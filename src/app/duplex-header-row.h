/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One request header in the profile editor: entries for name and value, what is wrong with them,
 * and a button that removes it. */

#include <adwaita.h>

G_BEGIN_DECLS

#define DUPLEX_TYPE_HEADER_ROW (duplex_header_row_get_type ())
G_DECLARE_FINAL_TYPE (DuplexHeaderRow, duplex_header_row, DUPLEX, HEADER_ROW, AdwPreferencesRow)

/* Signals: "changed" (a text was edited), "entry-activated" (Enter in one), "remove" (the
 * button was pressed). */

GtkWidget  *duplex_header_row_new (const char *name,
                                   const char *value);
const char *duplex_header_row_get_name (DuplexHeaderRow *self);
const char *duplex_header_row_get_value (DuplexHeaderRow *self);
/* Also where both are empty: such a row is not saved. */
gboolean duplex_header_row_is_valid (DuplexHeaderRow *self);

G_END_DECLS
