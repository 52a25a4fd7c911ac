/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A capture of the history as its list knows it: what its file said when it was last looked at.
 * Owner's thread only. */

#include <gio/gio.h>

#include "core/model/duplex-capture-file.h"
#include "core/model/duplex-history-files.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_HISTORY_ENTRY (duplex_history_entry_get_type ())
G_DECLARE_FINAL_TYPE (DuplexHistoryEntry, duplex_history_entry, DUPLEX, HISTORY_ENTRY, GObject)

/* How the recording of a capture stands. */
typedef enum {
  DUPLEX_HISTORY_FINISHED,    /* what the last connection came to: close code and error */
  DUPLEX_HISTORY_LIVE,        /* a program records into it now */
  DUPLEX_HISTORY_INTERRUPTED, /* the program that recorded it did not end the file */
  DUPLEX_HISTORY_UNREADABLE,  /* see duplex_history_entry_get_error() */
} DuplexHistoryState;

/* Signal: "changed" () after what its file says has changed. */

/* summary is taken over and emptied, or NULL where error says why it could not be read. */
DuplexHistoryEntry *duplex_history_entry_new (const char               *path,
                                              const DuplexHistoryStamp *stamp,
                                              DuplexCaptureSummary     *summary,
                                              gboolean                  is_recorded,
                                              const GError             *error);
void                duplex_history_entry_update (DuplexHistoryEntry       *self,
                                                 const DuplexHistoryStamp *stamp,
                                                 DuplexCaptureSummary     *summary,
                                                 gboolean                  is_recorded,
                                                 const GError             *error);

const char               *duplex_history_entry_get_path (DuplexHistoryEntry *self);
const DuplexHistoryStamp *duplex_history_entry_get_stamp (DuplexHistoryEntry *self);
DuplexHistoryState        duplex_history_entry_get_state (DuplexHistoryEntry *self);

/* All zero where the file could not be read. */
const DuplexCaptureSummary *duplex_history_entry_get_summary (DuplexHistoryEntry *self);

/* Why the file could not be read, or NULL. */
const GError *duplex_history_entry_get_error (DuplexHistoryEntry *self);

/* When it began; of a file that cannot be read, when it was last changed. µs since 1970. */
gint64 duplex_history_entry_get_created (DuplexHistoryEntry *self);

/* What the user calls it, else the profile's name, else the URL, else the file's name without its
 * ending. Never NULL, UTF-8. */
const char *duplex_history_entry_get_name (DuplexHistoryEntry *self);

/* Whether needle, which is case folded, is in what a person can read of it: name, profile, URL and
 * the file's name. */
gboolean duplex_history_entry_matches (DuplexHistoryEntry *self,
                                       const char         *needle);

/* The newest first; those of one moment by path. */
int duplex_history_entry_compare (DuplexHistoryEntry *self,
                                  DuplexHistoryEntry *other);

G_END_DECLS
