/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Takes a recorded session out of the history: as JSON Lines (duplex-export-jsonl.h), or as a copy
 * of its file. Memory stays small, however big the session is; the target is the old or the new
 * file at any time. */

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  DUPLEX_HISTORY_EXPORT_JSONL,
  DUPLEX_HISTORY_EXPORT_COPY,
} DuplexHistoryFormat;

/* done of total, both of the same unit; total is not 0. */
typedef void (*DuplexHistoryProgressFunc) (guint64  done,
                                           guint64  total,
                                           gpointer user_data);

/* Blocks. Of a session that is being recorded, JSON Lines has what is there now, and a copy fails
 * with G_IO_ERROR_BUSY. Else fails as duplex_capture_open() and GIO do; with G_IO_ERROR_EXISTS
 * where target is the session itself. progress may be NULL. */
gboolean duplex_history_export (const char               *path,
                                DuplexHistoryFormat       format,
                                GFile                    *target,
                                GCancellable             *cancellable,
                                DuplexHistoryProgressFunc progress,
                                gpointer                  progress_data,
                                GError                  **error);

/* The same in a thread. progress is called where callback is, a few times a second, and not after
 * it. */
void     duplex_history_export_async (const char               *path,
                                      DuplexHistoryFormat       format,
                                      GFile                    *target,
                                      GCancellable             *cancellable,
                                      DuplexHistoryProgressFunc progress,
                                      GAsyncReadyCallback       callback,
                                      gpointer                  user_data);
gboolean duplex_history_export_finish (GAsyncResult *result,
                                       GError      **error);

G_END_DECLS
