/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A capture's file: an SQLite database as duplex-capture(5) describes it. Only
 * duplex-capture-file*.c know SQLite. They know nothing of events: a block is bytes with an entry
 * that says which events are in it. No threads and no locks: one caller at a time an object. All
 * calls block. Private to core/model, and to the programs that ask for a summary.
 *
 * Errors are of G_IO_ERROR, see each; what SQLite says stands in the message. */

#include <glib.h>

#include "core/model/duplex-totals.h"

G_BEGIN_DECLS

typedef struct _DuplexCaptureFile DuplexCaptureFile;

/* 'D' 'P' 'L' 'X', in the database's header. */
#define DUPLEX_CAPTURE_FILE_APPLICATION_ID 0x44504c58
#define DUPLEX_CAPTURE_FILE_VERSION        1

/* Bytes of a chunk of a payload that does not stand in its block. Only a payload's last chunk is
 * shorter. */
#define DUPLEX_CAPTURE_FILE_CHUNK ((gsize)256 * 1024)

/* A row of the table "block". */
typedef struct
{
  guint64      id; /* from 1, ascending */
  guint64      first_event;
  guint64      n_events;
  guint64      first_row;
  guint64      n_rows;
  gint64       first_time_us; /* of its first event, see DuplexEvent */
  gint64       last_time_us;
  DuplexTotals totals; /* of the file from its beginning to the end of this block. When read, what
                          was compressed is 0: see duplex_capture_file_read_sums() */
  gsize size;          /* bytes of data; 0: what stood here was not kept */
} DuplexCaptureBlockInfo;

/* What a list of captures shows. Strings are owned, NULL where the file does not say. */
typedef struct
{
  char        *title;   /* given by the user, or NULL */
  char        *profile; /* name of the profile */
  char        *profile_id;
  char        *url;        /* of the last connection; demo:/path where that was it */
  gint64       created_us; /* g_get_real_time() */
  gint64       last_us;    /* of the last event that is there */
  DuplexTotals totals;
  guint64      file_bytes; /* with what stands beside it (-wal) */
  guint64      n_not_kept; /* events */
  gint64       close_code; /* of the last connection, or -1: it was not closed, or never open */
  char        *error;      /* why the last connection failed or broke, or NULL */
  gboolean     is_live;    /* recording has not ended: another program writes, or wrote, it */
} DuplexCaptureSummary;

void duplex_capture_summary_clear (DuplexCaptureSummary *self);

/* Reads no block. */
gboolean duplex_capture_file_read_summary (const char           *path,
                                           DuplexCaptureSummary *ret_summary,
                                           GError              **error);

/* ---- writing ---- */

/* Makes path, which must not exist yet (G_IO_ERROR_EXISTS): WAL,
 * synchronous OFF, mode 0600. */
DuplexCaptureFile *duplex_capture_file_create (const char *path,
                                               GError    **error);

void duplex_capture_file_free (DuplexCaptureFile *self);

/* One transaction: what is added between begin and commit is in the file as a whole or not at all.
 * A failure of any call in it (a full disk most of all) leaves the transaction open for rollback.
 * Full disk: G_IO_ERROR_NO_SPACE; the file is not at its path any more: G_IO_ERROR_NOT_FOUND; all
 * else: G_IO_ERROR_FAILED. */
gboolean duplex_capture_file_begin (DuplexCaptureFile *self,
                                    GError           **error);
gboolean duplex_capture_file_commit (DuplexCaptureFile *self,
                                     GError           **error);
void     duplex_capture_file_rollback (DuplexCaptureFile *self);

/* Adds a block, or replaces the one with that id by what has become of it. data may be NULL where
 * info's size is 0. */
gboolean duplex_capture_file_put_block (DuplexCaptureFile            *self,
                                        const DuplexCaptureBlockInfo *info,
                                        const guint8                 *data,
                                        GError                      **error);

/* Chunk number sequence (from 0) of payload, at most DUPLEX_CAPTURE_FILE_CHUNK bytes. payload is
 * from 1 to 2^38. */
gboolean duplex_capture_file_put_chunk (DuplexCaptureFile *self,
                                        guint64            payload,
                                        guint              sequence,
                                        const guint8      *data,
                                        gsize              size,
                                        GError           **error);

/* A fact about a connection for the table "connection", from one of its events that are not frames:
 * CONNECTING makes the row; the others fill theirs in. */
gboolean duplex_capture_file_put_fact (DuplexCaptureFile *self,
                                       const DuplexEvent *event,
                                       GError           **error);

/* A text of the table "meta", NULL removes it. Keys: "title", "profile" (JSON), "profile-name",
 * "profile-id", "program"; create() fills "created", "byte-order". */
gboolean duplex_capture_file_put_meta (DuplexCaptureFile *self,
                                       const char        *key,
                                       const char        *value,
                                       GError           **error);

/* What the user said about an event. Neither bookmarked nor a comment removes it. */
gboolean duplex_capture_file_put_note (DuplexCaptureFile *self,
                                       guint64            event,
                                       gboolean           bookmarked,
                                       const char        *comment,
                                       GError           **error);

/* The end of the recording: says so in the file and makes one plain file of it. Where another
 * connection has the file open, even one of this program that only reads, the -wal stays, with
 * nothing lost: free readers first. On a file that was opened to be changed it fails then, with
 * G_IO_ERROR_BUSY. */
gboolean duplex_capture_file_finish (DuplexCaptureFile *self,
                                     GError           **error);

/* Makes one plain file of one that is opened to be changed, and says nothing of an end: for what a
 * program that died left beside it. Fails where another connection has it open. */
gboolean duplex_capture_file_settle (DuplexCaptureFile *self,
                                     GError           **error);

/* For tests: pages of 4 KiB that the file may have, as if the disk were full then; 0: any. */
void duplex_capture_file_set_max_pages (DuplexCaptureFile *self,
                                        guint              max_pages);

/* ---- reading ---- */

/* Opens path to read it; one that is being written too. What is no capture:
 * G_IO_ERROR_INVALID_DATA; one that a later Duplex made, or a machine of the other byte order:
 * G_IO_ERROR_NOT_SUPPORTED, with both versions in the message; what cannot be read: GIO's code for
 * that. A file that was cut short or is damaged opens, unless its first page is gone: that says
 * what it is. */
DuplexCaptureFile *duplex_capture_file_open (const char *path,
                                             GError    **error);

/* The same for changing its title and its notes. */
DuplexCaptureFile *duplex_capture_file_open_to_change (const char *path,
                                                       GError    **error);

typedef gboolean (*DuplexCaptureFileBlockFunc) (const DuplexCaptureBlockInfo *info,
                                                gpointer                      user_data);

/* Calls func for the blocks from id on in ascending order, until it returns FALSE or the file ends.
 * Only entries that continue the one before without a gap and without a contradiction are passed.
 * ret_missing is set to a text that says what is missing, where the file ends early; to NULL where
 * it is whole. */
void duplex_capture_file_walk_blocks (DuplexCaptureFile         *self,
                                      guint64                    id,
                                      DuplexCaptureFileBlockFunc func,
                                      gpointer                   user_data,
                                      char                     **ret_missing);

/* The bytes of a block, g_malloc()ed; NULL where they are damaged: their checksum is compared.
 * Whether they make sense as events is the caller's to check. */
guint8 *duplex_capture_file_read_block (DuplexCaptureFile *self,
                                        guint64            id,
                                        gsize             *ret_size,
                                        GError           **error);

/* Copies up to size bytes of a payload from offset on; returns how many, fewer where it ends or
 * is damaged. */
gsize duplex_capture_file_read_payload (DuplexCaptureFile *self,
                                        guint64            payload,
                                        guint64            offset,
                                        guint8            *buffer,
                                        gsize              size);

/* NULL where there is no such key. */
char *duplex_capture_file_dup_meta (DuplexCaptureFile *self,
                                    const char        *key);

/* Sets in totals what was compressed, over the whole file, also where it was cut short; 0 where an
 * earlier version wrote it. Leaves the other members alone. */
void duplex_capture_file_read_sums (DuplexCaptureFile *self,
                                    DuplexTotals      *totals);

/* A CONNECTING event. */
typedef struct
{
  guint64 number;
  guint32 connection;
  guint8  end; /* which one recorded it; 0: not looked at yet. See duplex-capture-find.c */
} DuplexCaptureConnecting;

/* Of DuplexCaptureConnecting, with ascending numbers. */
GArray *duplex_capture_file_dup_connecting (DuplexCaptureFile *self);

typedef void (*DuplexCaptureFileNoteFunc) (guint64     event,
                                           gboolean    bookmarked,
                                           const char *comment,
                                           gpointer    user_data);

void duplex_capture_file_walk_notes (DuplexCaptureFile        *self,
                                     DuplexCaptureFileNoteFunc func,
                                     gpointer                  user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexCaptureFile, duplex_capture_file_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DuplexCaptureSummary, duplex_capture_summary_clear)

G_END_DECLS
