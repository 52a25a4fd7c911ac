/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The files of a profile store: names, reading, atomic writing, the walk over its folder. Paths are
 * relative to the store's folder ("Work/Echo.json") and as on disk, which need not be UTF-8.
 * Failures are DUPLEX_ERROR_IO and name the path. Private to core/model. */

#include <glib.h>

G_BEGIN_DECLS

/* What name or one level of a folder becomes on disk: one part of a path, visible, of at most 200
 * bytes, with no control in it, never empty. Case and all else is kept. */
char *duplex_profile_files_safe_name (const char *name);
/* The same for each level of folder; empty levels are dropped. */
char *duplex_profile_files_safe_folder (const char *folder);

/* A path in folder ("" for the top) for name, with a number behind where others have it. */
char *duplex_profile_files_get_free_path (const char *root,
                                          const char *folder,
                                          const char *name);

/* The part of path before its last '/', or "", and between that and ".json", as on disk. */
char *duplex_profile_files_get_folder (const char *path);
char *duplex_profile_files_get_base (const char *path);

/* Adds the paths of all profiles below root, and of all folders ("" is the top). Hidden names are
 * passed over, and links to folders. A folder that cannot be read is passed over but for root. */
gboolean duplex_profile_files_scan (const char *root,
                                    GPtrArray  *paths,
                                    GPtrArray  *folders,
                                    GError    **error);

/* Fails with DUPLEX_ERROR_TOO_BIG, and does not read, over max bytes. */
GBytes *duplex_profile_files_read (const char *root,
                                   const char *path,
                                   guint64     max,
                                   GError    **error);

/* Makes the folders that are missing. The file is the old or the new one at any time. A link is
 * written through; a file that exists keeps its mode, a new one is the user's alone. */
gboolean duplex_profile_files_write (const char *root,
                                     const char *path,
                                     GBytes     *contents,
                                     GError    **error);

/* A file that is not there is removed. */
gboolean duplex_profile_files_remove (const char *root,
                                      const char *path,
                                      GError    **error);

/* Whether something, if only a dangling link, has that path. */
gboolean duplex_profile_files_exists (const char *root,
                                      const char *path);

G_END_DECLS
