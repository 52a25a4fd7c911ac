/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The list of saved profiles beside the tabs, with folder headings and a search entry once there
 * are many. It makes, edits, duplicates and deletes profiles in the store by itself (actions
 * "profile.new", ".open", ".edit", ".duplicate", ".copy-url" and ".delete", on the selected row);
 * what it has to say goes to the AdwToastOverlay around it. */

#include <adwaita.h>

#include "core/model/duplex-profile-store.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_PROFILE_SIDEBAR (duplex_profile_sidebar_get_type ())
G_DECLARE_FINAL_TYPE (DuplexProfileSidebar, duplex_profile_sidebar, DUPLEX, PROFILE_SIDEBAR, AdwBin)

/* Properties: "store" (DuplexProfileStore), "selected" (DuplexProfile, nullable),
 * "alone" (gboolean): it is all that the window shows, so it has the window's buttons.
 * Signal: "open" (DuplexProfile *profile): a double click, Enter or the menu asks for a
 * connection. */

GtkWidget *duplex_profile_sidebar_new (DuplexProfileStore *store);

DuplexProfile *duplex_profile_sidebar_get_selected (DuplexProfileSidebar *self);
/* NULL, or a profile that is not in the list, selects nothing. */
void duplex_profile_sidebar_set_selected (DuplexProfileSidebar *self,
                                          DuplexProfile        *profile);
/* Gives the focus to the selected row, or to the first. */
void duplex_profile_sidebar_focus_list (DuplexProfileSidebar *self);

G_END_DECLS
