/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One look at a folder of captures in a worker thread, newest name first, which opens only files
 * that changed since the last look. Private to core/model. */

#include "core/model/duplex-history-entry.h"

G_BEGIN_DECLS

/* What was found of one file. */
typedef struct
{
  char                *path;
  DuplexHistoryStamp   stamp;
  DuplexCaptureSummary summary; /* unless error */
  GError              *error;
  gboolean             is_recorded;
} DuplexHistoryFound;

void duplex_history_found_free (DuplexHistoryFound *self);

/* What the last look knew of a file. */
typedef struct
{
  DuplexHistoryStamp stamp;
  gboolean           look_again; /* even if the stamp is the same */
} DuplexHistoryKnown;

/* found (DuplexHistoryFound) has new files and those that changed; a few at a time. */
typedef void (*DuplexHistoryFoundFunc) (GPtrArray *found,
                                        gpointer   user_data);

/* known: path to DuplexHistoryKnown, both owned by the table, which is taken over. func is called
 * in the thread-default main context of the caller, and before callback; neither it nor callback is
 * called for a scan that was cancelled. */
void duplex_history_scan_async (const char            *folder,
                                GHashTable            *known,
                                GCancellable          *cancellable,
                                DuplexHistoryFoundFunc func,
                                GAsyncReadyCallback    callback,
                                gpointer               user_data);

/* The full paths of all files that are there, as a set. */
GHashTable *duplex_history_scan_finish (GAsyncResult *result,
                                        GError      **error);

G_END_DECLS
