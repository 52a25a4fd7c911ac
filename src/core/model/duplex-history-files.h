/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The files of a folder of captures: their names, what stands beside them while they are written
 * (-wal, -shm), removing them in two steps, and the budget. Nothing here holds state; all of it may
 * be called on any thread, and blocks.
 *
 * Removing in two steps: a capture is first taken away, which gives it a name that is hidden from
 * every list, and is then destroyed, or brought back. A program that dies in between loses nothing:
 * duplex_history_files_recover() brings back what was taken away. */

#include <gio/gio.h>

G_BEGIN_DECLS

#define DUPLEX_HISTORY_SUFFIX ".duplex"

/* A path in folder for a capture that begins now and is called name (a profile's name, or a URL,
 * whose host is taken; may be NULL): "2026-05-04T120102-demo.duplex", in local time, with a number
 * behind where that is taken. Nothing is made. */
char *duplex_history_new_path (const char *folder,
                               const char *name);

/* The same for any moment. */
char *duplex_history_files_make_path (const char *folder,
                                      const char *name,
                                      GDateTime  *when);

/* What tells one state of a file from another without opening it. */
typedef struct
{
  gint64  mtime_us; /* the latest of the capture and its -wal */
  guint64 bytes;    /* with what stands beside it */
} DuplexHistoryStamp;

/* FALSE where there is no such file. */
gboolean duplex_history_files_stat (const char         *path,
                                    DuplexHistoryStamp *ret_stamp);

/* Full paths of all captures in folder but those that were taken away, in no order. An empty folder
 * and one that is missing are the same. */
GPtrArray *duplex_history_files_list (const char *folder,
                                      GError    **error);

/* Whether a program records into the capture now: it holds a lock (flock) of its -wal. */
gboolean duplex_history_files_is_recorded (const char *path);

/* Renames the capture and what stands beside it. */
gboolean duplex_history_files_take_away (const char *path,
                                         GError    **error);
/* Fails with G_IO_ERROR_EXISTS where path is taken again. */
gboolean duplex_history_files_bring_back (const char *path,
                                          GError    **error);
/* Removes what was taken away. */
gboolean duplex_history_files_destroy (const char *path,
                                       GError    **error);

/* A promise that what was taken away in folder is still thought about; it ends with the descriptor
 * (close() it) or the program. -1 where that is not possible. */
int duplex_history_files_hold (const char *folder);

/* Brings back what a program that died had taken away, unless another one holds the folder.
 * Returns how many. */
guint duplex_history_files_recover (const char *folder);

/* Removes all captures in folder that are not being recorded: what programs that died left of
 * recordings that were only there to keep memory small. Returns how many. */
guint duplex_history_files_clean (const char *folder);

/* Removes the oldest captures that are readable and finished until all of folder fits into budget
 * bytes: never the newest one, none that is being recorded, none of keep (NULL-terminated, full
 * paths; may be NULL). What cannot be read is left alone. */
gboolean duplex_history_files_enforce (const char        *folder,
                                       guint64            budget,
                                       const char *const *keep,
                                       guint             *ret_count,
                                       guint64           *ret_bytes,
                                       GError           **error);

G_END_DECLS
