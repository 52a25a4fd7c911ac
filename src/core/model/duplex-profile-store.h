/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The folder of profiles, as a sorted GListModel of DuplexProfile: those of the top folder first,
 * then folder by folder, by name in the order of g_utf8_collate(). Files are written atomically; a
 * file that cannot be read is listed with its error and left alone; changes from outside are picked
 * up. Owner's thread only; files are small and written synchronously. */

#include "core/model/duplex-profile.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_PROFILE_STORE (duplex_profile_store_get_type ())
G_DECLARE_FINAL_TYPE (DuplexProfileStore, duplex_profile_store, DUPLEX, PROFILE_STORE, GObject)

/* path is created when it is missing, and then filled with the first run's profiles: Demo
 * ("demo:/echo"), and in the folder "Public test servers" the three of the specification. */
DuplexProfileStore *duplex_profile_store_new (const char *path);

/* Reads the folder. Called once after new; fails only where the folder itself cannot be made or
 * read. */
gboolean duplex_profile_store_load (DuplexProfileStore *self,
                                    GError            **error);

const char *duplex_profile_store_get_path (DuplexProfileStore *self);

/* Borrowed; NULL where there is none. */
DuplexProfile *duplex_profile_store_lookup (DuplexProfileStore *self,
                                            const char         *id);

/* Saves profile: a new one gets a file named after it in folder (NULL or "" for the top), with a
 * number behind where the name is taken, and is added to the list; a known one is written to its
 * file, which follows a change of its name. On failure (DUPLEX_ERROR_IO) the list is as it was. */
gboolean duplex_profile_store_save (DuplexProfileStore *self,
                                    DuplexProfile      *profile,
                                    const char         *folder,
                                    GError            **error);

/* Deletes the file and takes the profile off the list. ret_undo receives what restore needs, file
 * contents included (also of one that cannot be read). */
typedef struct _DuplexDeletedProfile DuplexDeletedProfile;

gboolean duplex_profile_store_delete (DuplexProfileStore    *self,
                                      DuplexProfile         *profile,
                                      DuplexDeletedProfile **ret_undo,
                                      GError               **error);
/* Brings it back, under its old id where that is free. */
gboolean duplex_profile_store_restore (DuplexProfileStore   *self,
                                       DuplexDeletedProfile *undo,
                                       GError              **error);
void     duplex_deleted_profile_free (DuplexDeletedProfile *undo);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexDeletedProfile, duplex_deleted_profile_free)

G_END_DECLS
