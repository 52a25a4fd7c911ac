/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The window in which a profile is made or changed. It works on a copy: nothing reaches the profile
 * or its file before Save, and nothing that was typed is dropped without a question. */

#include <adwaita.h>

#include "core/model/duplex-profile-store.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_PROFILE_EDITOR (duplex_profile_editor_get_type ())
G_DECLARE_FINAL_TYPE (DuplexProfileEditor, duplex_profile_editor, DUPLEX, PROFILE_EDITOR, AdwWindow)

/* Signal: "saved" (DuplexProfile *profile), which is in the store now. */

/* Above parent. profile is one that store knows, to be changed; one that it does not know yet,
 * whose settings are the beginning of a new one; or NULL for a new and empty one. */
DuplexProfileEditor *duplex_profile_editor_new (GtkWindow          *parent,
                                                DuplexProfileStore *store,
                                                DuplexProfile      *profile);

/* Whether closing would lose something. */
gboolean duplex_profile_editor_has_changes (DuplexProfileEditor *self);

G_END_DECLS
