/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The folder of recorded sessions as a GListModel of DuplexHistoryEntry, the newest first. Files
 * are looked at off the thread that made it; while somebody watches, changes in the folder, and
 * files that grow, are picked up within about a second. Owner's thread only. */

#include "core/model/duplex-history-entry.h"
#include "core/model/duplex-history-files.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_HISTORY (duplex_history_get_type ())
G_DECLARE_FINAL_TYPE (DuplexHistory, duplex_history, DUPLEX, HISTORY, GObject)

/* Properties, read only:
 *   "loading"  gboolean: the first look at the folder is not over
 *   "bytes"    guint64: what all files in the list take on the disk
 *   "trouble"  string: why the folder cannot be read, or NULL */

/* Nothing is made or listed until the first watch; but what a program that died left taken away is
 * brought back here. */
DuplexHistory *duplex_history_new (const char *folder);

const char *duplex_history_get_folder (DuplexHistory *self);
gboolean    duplex_history_is_loading (DuplexHistory *self);
guint64     duplex_history_get_bytes (DuplexHistory *self);
const char *duplex_history_get_trouble (DuplexHistory *self);

/* Keeps the list as the folder is, from now on until unwatch has been called as often. */
void duplex_history_watch (DuplexHistory *self);
void duplex_history_unwatch (DuplexHistory *self);

/* Borrowed; NULL where it is not in the list. */
DuplexHistoryEntry *duplex_history_lookup (DuplexHistory *self,
                                           const char    *path);

/* Writes a title into entry's file; NULL or empty removes it. */
void     duplex_history_rename_async (DuplexHistory      *self,
                                      DuplexHistoryEntry *entry,
                                      const char         *title,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data);
gboolean duplex_history_rename_finish (DuplexHistory *self,
                                       GAsyncResult  *result,
                                       GError       **error);

/* Takes entry off the list and away from the folder, until it is restored or purged; the last
 * reference to the history purges what is left. After a crash it is back. Fails for one that is
 * being recorded. */
gboolean duplex_history_delete (DuplexHistory      *self,
                                DuplexHistoryEntry *entry,
                                GError            **error);
gboolean duplex_history_restore (DuplexHistory      *self,
                                 DuplexHistoryEntry *entry,
                                 GError            **error);
/* Removes the files for good, in a thread. Does nothing for one that is not deleted. */
void duplex_history_purge (DuplexHistory      *self,
                           DuplexHistoryEntry *entry);

/* duplex_history_files_enforce() in a thread. */
void     duplex_history_enforce_async (DuplexHistory      *self,
                                       guint64             budget,
                                       const char *const  *keep,
                                       GAsyncReadyCallback callback,
                                       gpointer            user_data);
gboolean duplex_history_enforce_finish (DuplexHistory *self,
                                        GAsyncResult  *result,
                                        guint         *ret_count,
                                        guint64       *ret_bytes,
                                        GError       **error);

/* duplex_history_files_clean() in a thread. */
void duplex_history_clean_in_thread (const char *folder);

G_END_DECLS
