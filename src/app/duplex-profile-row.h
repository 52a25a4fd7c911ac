/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A profile in the sidebar's list: name, URL, and a menu of what can be done with it. The menu and
 * the keys select the row and then activate the actions "profile.*" of the sidebar around it. */

#include <gtk/gtk.h>

#include "core/model/duplex-profile.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_PROFILE_ROW (duplex_profile_row_get_type ())
G_DECLARE_FINAL_TYPE (DuplexProfileRow, duplex_profile_row, DUPLEX, PROFILE_ROW, GtkListBoxRow)

/* Property: "profile" (DuplexProfile, construct only). */

GtkWidget     *duplex_profile_row_new (DuplexProfile *profile);
DuplexProfile *duplex_profile_row_get_profile (DuplexProfileRow *self);
/* The file's name and, on a line of its own, why it cannot be read; NULL where it can. */
char *duplex_profile_row_dup_problem (DuplexProfile *profile);

G_END_DECLS
