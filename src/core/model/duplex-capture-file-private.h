/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the parts of the capture's file share: the open database, its statements, its errors.
 * Private to duplex-capture-file*.c. */

#include <gio/gio.h>
#include <sqlite3.h>
#include <stddef.h>

#include "core/model/duplex-capture-file.h"

G_BEGIN_DECLS

/* Bytes of a block's data. The capture makes them of DUPLEX_LIMIT_CAPTURE_BLOCK, and larger ones
 * for what a single event brings with it; what claims to be larger than this was not made by it,
 * and nothing is allocated for it. */
#define DUPLEX_CAPTURE_FILE_BLOCK_MAX ((gsize)8 * 1024 * 1024)

/* The number of a chunk's row: its payload's id, and its place in the payload. */
#define DUPLEX_CAPTURE_FILE_SEQUENCE_BITS 24
#define DUPLEX_CAPTURE_FILE_MAX_SEQUENCE  ((1u << DUPLEX_CAPTURE_FILE_SEQUENCE_BITS) - 1)
#define DUPLEX_CAPTURE_FILE_MAX_PAYLOAD   ((guint64)1 << 38)

/* Each is prepared when it is first used and kept. */
typedef enum {
  DUPLEX_STATEMENT_BEGIN,
  DUPLEX_STATEMENT_COMMIT,
  DUPLEX_STATEMENT_PUT_BLOCK,
  DUPLEX_STATEMENT_PUT_DATA,
  DUPLEX_STATEMENT_REMOVE_DATA,
  DUPLEX_STATEMENT_PUT_CHUNK,
  DUPLEX_STATEMENT_PUT_META,
  DUPLEX_STATEMENT_REMOVE_META,
  DUPLEX_STATEMENT_PUT_END,
  DUPLEX_STATEMENT_PUT_NOTE,
  DUPLEX_STATEMENT_REMOVE_NOTE,
  DUPLEX_STATEMENT_PUT_CONNECTING,
  DUPLEX_STATEMENT_PUT_REQUEST,
  DUPLEX_STATEMENT_PUT_RESPONSE,
  DUPLEX_STATEMENT_PUT_TLS,
  DUPLEX_STATEMENT_PUT_CONNECTED,
  DUPLEX_STATEMENT_PUT_CLOSED,
  DUPLEX_STATEMENT_PUT_FAILED,
  DUPLEX_STATEMENT_GET_META,
  DUPLEX_STATEMENT_GET_BLOCK,
  DUPLEX_STATEMENT_GET_BLOCKS,
  DUPLEX_STATEMENT_GET_BLOCK_BEFORE,
  DUPLEX_STATEMENT_GET_DATA,
  DUPLEX_STATEMENT_GET_CONNECTING,
  DUPLEX_STATEMENT_GET_LAST_CONNECTION,
  DUPLEX_STATEMENT_GET_NOTES,
  DUPLEX_N_STATEMENTS,
} DuplexStatement;

typedef struct _DuplexCaptureFileSalvage DuplexCaptureFileSalvage;

/* The members of DuplexTotals that have a column of "block", in its order. Those behind them are
 * sums for the whole file in rows of "meta": Duplex reads only files whose tables are just those
 * that it makes, so a column more would keep earlier versions from reading new files. */
#define DUPLEX_CAPTURE_FILE_N_TOTALS (offsetof (DuplexTotals, compressed) / sizeof (guint64))
#define DUPLEX_CAPTURE_FILE_N_SUMS \
  (sizeof (DuplexTotals) / sizeof (guint64) - DUPLEX_CAPTURE_FILE_N_TOTALS)

/* What a writer knows of its file; all but the last are kept in rows of "meta". */
typedef struct
{
  guint64 n_events; /* that there are blocks for, "events" */
  guint64 n_lost;   /* of them those whose bytes are not there, "not-kept" */
  guint64 sums[DUPLEX_CAPTURE_FILE_N_SUMS];
  guint64 last_block;
} DuplexCaptureFileCounts;

struct _DuplexCaptureFile
{
  sqlite3      *db;
  sqlite3_stmt *statements[DUPLEX_N_STATEMENTS];
  char         *path;     /* without symbolic links */
  char         *wal_path; /* what SQLite writes beside it */

  /* writing */
  DuplexCaptureFileCounts counts;
  DuplexCaptureFileCounts committed;
  int                     wal_fd;    /* to lock it, or -1 */
  gboolean                is_writer; /* it made the file */
  gboolean                in_transaction;
  gboolean                has_failed; /* in this transaction */

  /* reading */
  gint     work_left;  /* until a file that sends SQLite in circles is given up */
  gboolean is_damaged; /* SQLite itself found the file to be shorter than it says, or worse */
  gboolean is_alone;   /* nothing was beside it: what is in the file is all there is */
  gsize    page_size;  /* as its header has it */
  gsize    reserved;   /* bytes at the end of each page */

  DuplexCaptureFileSalvage *salvage; /* made when it is needed */
};

DuplexCaptureFile *duplex_capture_file_new (void);

/* Opens self->path in SQLite. vfs may be NULL. */
gboolean duplex_capture_file_connect (DuplexCaptureFile *self,
                                      const char        *query,
                                      int                flags,
                                      const char        *vfs,
                                      GError           **error);
void     duplex_capture_file_disconnect (DuplexCaptureFile *self);

/* Sets error from what SQLite says last, "Cannot WHAT PATH: ...". Always FALSE. */
gboolean duplex_capture_file_fail (DuplexCaptureFile *self,
                                   const char        *what,
                                   GError           **error);

/* Runs SQL of ours; what as above. */
gboolean duplex_capture_file_run (DuplexCaptureFile *self,
                                  const char        *sql,
                                  const char        *what,
                                  GError           **error);

/* Ready to be bound; NULL where the file is so damaged that it cannot be prepared. The caller
 * resets it, in any case before it asks for the next one. */
sqlite3_stmt *duplex_capture_file_get_statement (DuplexCaptureFile *self,
                                                 DuplexStatement    statement);

/* What every statement begins with: the work that a call may make of a file. */
void duplex_capture_file_renew (DuplexCaptureFile *self);

/* Ends the use of a statement; what was bound to it may go. */
void duplex_capture_file_reset (sqlite3_stmt *statement);

/* Whether the tables are those that this version makes, and nothing else is in the file. */
gboolean duplex_capture_file_check_tables (DuplexCaptureFile *self,
                                           GError           **error);

gboolean duplex_capture_file_make_tables (DuplexCaptureFile *self,
                                          GError           **error);

/* The columns of PUT_BLOCK and of the GET_BLOCKs, in their order, but for the checksum, which comes
 * after them. FALSE where a column holds something else than what was put. */
#define DUPLEX_CAPTURE_FILE_N_INFO 19

gboolean duplex_capture_file_get_info (sqlite3_stmt           *statement,
                                       DuplexCaptureBlockInfo *ret_info);

/* As duplex_capture_file_walk_blocks(); with check_data, bytes that are damaged end it too. */
void duplex_capture_file_walk (DuplexCaptureFile         *self,
                               guint64                    id,
                               gboolean                   check_data,
                               DuplexCaptureFileBlockFunc func,
                               gpointer                   user_data,
                               char                     **ret_missing);

gboolean duplex_capture_file_has_meta (DuplexCaptureFile *self,
                                       const char        *key);

/* Looks through all pages of a file for rows that hold bytes. file is borrowed. */
DuplexCaptureFileSalvage *duplex_capture_file_salvage_new (sqlite3_file *file,
                                                           gsize         page_size,
                                                           gsize         reserved);
void                      duplex_capture_file_salvage_free (DuplexCaptureFileSalvage *self);

/* The bytes of a row with id whose size is within the bounds, and which have checksum, may be NULL;
 * g_malloc()ed. NULL where there is none. */
guint8 *duplex_capture_file_salvage_read (DuplexCaptureFileSalvage *self,
                                          gint64                    id,
                                          gsize                     min_size,
                                          gsize                     max_size,
                                          const guint32            *checksum,
                                          gsize                    *ret_size);

/* The keys of the sums in "meta". */
extern const char *const duplex_capture_file_sum_keys[DUPLEX_CAPTURE_FILE_N_SUMS];

/* An integer of "meta"; 0 where there is none. */
guint64 duplex_capture_file_get_count (DuplexCaptureFile *self,
                                       const char        *key);

G_END_DECLS
