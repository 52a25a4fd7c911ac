/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-file-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

/* Measured with 2,000 blocks of 256 KiB: 8 KiB 2.1, 16 KiB 2.4, 32 KiB 2.5 M events/s. Larger pages
 * make a slow stream write more than it has, a few pages ten times a second. */
#define PAGE_SIZE (16 * 1024)

/* Bytes of the -wal at which it goes into the file: what a reader has to go through after a crash,
 * and what waits for the disk at a time. */
#define WAL_SIZE (16 * 1024 * 1024)

/* Bytes to which a -wal is cut back that grew while a reader held it. Less than twice the size, and
 * it would be cut and made again each time. */
#define WAL_MAX (4 * WAL_SIZE)

/* KiB of pages: a transaction of eight blocks fits in twice. */
#define CACHE_SIZE 4096

/* As many as SQLite can count: its own default. */
#define MAX_PAGES 1073741823u

/* ms that a transaction waits for another program's, which changes a title or a note. */
#define BUSY_TIMEOUT 5000

static gboolean
run_statement (DuplexCaptureFile *self,
               sqlite3_stmt      *statement,
               GError           **error)
{
  int      code = sqlite3_step (statement);
  gboolean is_done = code == SQLITE_DONE || code == SQLITE_ROW;

  if (!is_done)
    {
      self->has_failed = self->in_transaction;
      duplex_capture_file_fail (self, "write to", error);
    }
  duplex_capture_file_reset (statement);

  return is_done;
}

/* NULL where nothing may be written now. */
static sqlite3_stmt *
get_statement (DuplexCaptureFile *self,
               DuplexStatement    statement,
               GError           **error)
{
  sqlite3_stmt *ready;

  /* After some failures SQLite has ended the transaction; what came then would stand alone. */
  if (self->has_failed)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                           "Something in this transaction has failed before");
      return NULL;
    }

  ready = duplex_capture_file_get_statement (self, statement);
  if (ready == NULL)
    duplex_capture_file_fail (self, "write to", error);

  return ready;
}

static gboolean
put_number (DuplexCaptureFile *self,
            DuplexStatement    statement,
            const char        *key,
            gint64             value,
            GError           **error)
{
  sqlite3_stmt *put = get_statement (self, statement, error);

  if (put == NULL)
    return FALSE;

  sqlite3_bind_text (put, 1, key, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (put, 2, value);

  return run_statement (self, put, error);
}

/* A table's first page is its root. When the rows do not fit into it any more, SQLite moves them to
 * pages further back and keeps only the way to them: of a file that is cut short before those,
 * nothing could be read. So that happens now. Two rows that fill a page each do it; they must stay,
 * but may become small. (For the bytes it happens once more after about 1,800 pages with rows, half
 * a GB or more: see duplex-capture-file-salvage.c.) */
#define SPLIT                                                                           \
  "INSERT INTO block(id, checksum) VALUES(-2, zeroblob(15000)), (-1, zeroblob(15000));" \
  "UPDATE block SET checksum = NULL;"                                                   \
  "INSERT INTO block_data VALUES(-2, zeroblob(15000)), (-1, zeroblob(15000));"          \
  "UPDATE block_data SET data = NULL"

static gboolean
make_file (const char *path,
           GError    **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  int              fd = g_open (path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

  if (fd < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "Cannot make %s: %s",
                   shown, g_strerror (saved_errno));
      return FALSE;
    }

  return g_close (fd, error);
}

/* The tables are in the file itself before the first -wal: a file that is cut short, or whose -wal
 * is lost, still says what it is.
 *
 * Nothing waits for the disk: what a killed program has committed is in the kernel's hands, and
 * waiting for it to be on the disk as well made recording half as fast. What a machine that fails
 * leaves is read as far as it is whole. */
static gboolean
make_database (DuplexCaptureFile *self,
               GError           **error)
{
  g_autofree char *settings = g_strdup_printf (
    "PRAGMA page_size = %d; PRAGMA auto_vacuum = NONE; PRAGMA secure_delete = OFF;"
    "PRAGMA cache_size = -%d; PRAGMA wal_autocheckpoint = %d; PRAGMA journal_size_limit = %d;"
    "PRAGMA synchronous = OFF; BEGIN; PRAGMA application_id = %d; PRAGMA user_version = %d",
    PAGE_SIZE, CACHE_SIZE, WAL_SIZE / PAGE_SIZE, WAL_MAX, DUPLEX_CAPTURE_FILE_APPLICATION_ID,
    DUPLEX_CAPTURE_FILE_VERSION);

  if (!duplex_capture_file_connect (self, "", SQLITE_OPEN_READWRITE, NULL, error))
    return FALSE;

  sqlite3_busy_timeout (self->db, BUSY_TIMEOUT);
  if (!duplex_capture_file_run (self, settings, "make", error) ||
      !duplex_capture_file_make_tables (self, error) ||
      !duplex_capture_file_run (self, SPLIT, "make", error) ||
      !duplex_capture_file_put_meta (self, "byte-order",
                                     G_BYTE_ORDER == G_LITTLE_ENDIAN ? "little" : "big", error) ||
      !put_number (self, DUPLEX_STATEMENT_PUT_META, "created", g_get_real_time (), error) ||
      !duplex_capture_file_run (self, "COMMIT; PRAGMA journal_mode = WAL", "make", error))
    return FALSE;

  /* The first that goes to the -wal, so that one is there from now on. */
  return put_number (self, DUPLEX_STATEMENT_PUT_META, "events", 0, error);
}

/* A file that could not be made leaves nothing. */
static void
unmake (DuplexCaptureFile *self)
{
  g_autofree char *shm_path = g_strconcat (self->path, "-shm", NULL);
  g_autofree char *journal_path = g_strconcat (self->path, "-journal", NULL);

  duplex_capture_file_disconnect (self);
  g_unlink (self->wal_path);
  g_unlink (shm_path);
  g_unlink (journal_path);
  g_unlink (self->path);
}

DuplexCaptureFile *
duplex_capture_file_create (const char *path,
                            GError    **error)
{
  g_autoptr (DuplexCaptureFile) self = NULL;
  char                         *real;

  g_return_val_if_fail (path != NULL, NULL);

  if (!make_file (path, error))
    return NULL;

  self = duplex_capture_file_new ();
  self->is_writer = TRUE;
  real = realpath (path, NULL);
  self->path = g_strdup (real != NULL ? real : path);
  self->wal_path = g_strconcat (self->path, "-wal", NULL);
  free (real);
  if (!make_database (self, error))
    {
      unmake (self);
      return NULL;
    }

  /* Says that this is being recorded: see duplex_history_files_is_recorded(). SQLite has no locks
   * on the -wal: closing this descriptor drops none. */
  self->wal_fd = g_open (self->wal_path, O_RDONLY | O_CLOEXEC, 0);
  if (self->wal_fd >= 0)
    (void)flock (self->wal_fd, LOCK_EX);

  return g_steal_pointer (&self);
}

/* SQLite would write on, to a file that nobody finds. */
static gboolean
is_there (DuplexCaptureFile *self,
          GError           **error)
{
  g_autofree char *shown = NULL;
  int              has_moved = 0;

  if (sqlite3_file_control (self->db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved) != SQLITE_OK ||
      !has_moved)
    return TRUE;

  shown = g_filename_display_name (self->path);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "Cannot write to %s: it was moved or deleted", shown);

  return FALSE;
}

gboolean
duplex_capture_file_begin (DuplexCaptureFile *self,
                           GError           **error)
{
  sqlite3_stmt *begin;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (!self->in_transaction, FALSE);

  if (!is_there (self, error))
    return FALSE;
  self->has_failed = FALSE;
  self->in_transaction = TRUE;
  begin = get_statement (self, DUPLEX_STATEMENT_BEGIN, error);

  return begin != NULL && run_statement (self, begin, error);
}

static gboolean
put_counts (DuplexCaptureFile *self,
            GError           **error)
{
  if (self->counts.n_events != self->committed.n_events &&
      !put_number (self, DUPLEX_STATEMENT_PUT_META, "events", self->counts.n_events, error))
    return FALSE;
  if (self->counts.n_lost != self->committed.n_lost &&
      !put_number (self, DUPLEX_STATEMENT_PUT_META, "not-kept", self->counts.n_lost, error))
    return FALSE;
  for (guint i = 0; i < DUPLEX_CAPTURE_FILE_N_SUMS; i++)
    if (self->counts.sums[i] != self->committed.sums[i] &&
        !put_number (self, DUPLEX_STATEMENT_PUT_META, duplex_capture_file_sum_keys[i],
                     self->counts.sums[i], error))
      return FALSE;

  return TRUE;
}

gboolean
duplex_capture_file_commit (DuplexCaptureFile *self,
                            GError           **error)
{
  sqlite3_stmt *commit;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (self->in_transaction, FALSE);

  if (!put_counts (self, error))
    return FALSE;
  commit = get_statement (self, DUPLEX_STATEMENT_COMMIT, error);
  if (commit == NULL || !run_statement (self, commit, error))
    return FALSE;

  self->in_transaction = FALSE;
  self->committed = self->counts;

  return TRUE;
}

void
duplex_capture_file_rollback (DuplexCaptureFile *self)
{
  g_return_if_fail (self != NULL);

  /* SQLite may have done it by itself, as it does when the disk is full. */
  if (!sqlite3_get_autocommit (self->db))
    sqlite3_exec (self->db, "ROLLBACK", NULL, NULL, NULL);
  self->in_transaction = FALSE;
  self->has_failed = FALSE;
  self->counts = self->committed;
}

/* Takes what a block that will be replaced has in the counts out of them. */
static gboolean
uncount (DuplexCaptureFile *self,
         guint64            id,
         GError           **error)
{
  sqlite3_stmt          *get = get_statement (self, DUPLEX_STATEMENT_GET_BLOCK, error);
  DuplexCaptureBlockInfo info;

  if (get == NULL)
    return FALSE;

  sqlite3_bind_int64 (get, 1, id);
  if (sqlite3_step (get) == SQLITE_ROW && duplex_capture_file_get_info (get, &info) &&
      info.size == 0)
    self->counts.n_lost -= MIN (self->counts.n_lost, info.n_events);
  duplex_capture_file_reset (get);

  return TRUE;
}

static gboolean
put_info (DuplexCaptureFile            *self,
          const DuplexCaptureBlockInfo *info,
          const guint8                 *data,
          GError                      **error)
{
  sqlite3_stmt  *put = get_statement (self, DUPLEX_STATEMENT_PUT_BLOCK, error);
  const guint64 *totals = (const guint64 *)&info->totals;

  if (put == NULL)
    return FALSE;

  sqlite3_bind_int64 (put, 1, info->id);
  sqlite3_bind_int64 (put, 2, info->first_event);
  sqlite3_bind_int64 (put, 3, info->n_events);
  sqlite3_bind_int64 (put, 4, info->first_row);
  sqlite3_bind_int64 (put, 5, info->n_rows);
  sqlite3_bind_int64 (put, 6, info->first_time_us);
  sqlite3_bind_int64 (put, 7, info->last_time_us);
  for (guint i = 0; i < DUPLEX_CAPTURE_FILE_N_TOTALS; i++)
    sqlite3_bind_int64 (put, 8 + i, totals[i]);
  sqlite3_bind_int64 (put, DUPLEX_CAPTURE_FILE_N_INFO, info->size);
  sqlite3_bind_int64 (put, DUPLEX_CAPTURE_FILE_N_INFO + 1, crc32_z (0, data, info->size));

  return run_statement (self, put, error);
}

/* data is NULL to remove it. */
static gboolean
put_bytes (DuplexCaptureFile *self,
           DuplexStatement    statement,
           guint64            id,
           const guint8      *data,
           gsize              size,
           GError           **error)
{
  sqlite3_stmt *put = get_statement (self, statement, error);

  if (put == NULL)
    return FALSE;

  sqlite3_bind_int64 (put, 1, id);
  if (data != NULL)
    sqlite3_bind_blob64 (put, 2, data, size, SQLITE_STATIC);

  return run_statement (self, put, error);
}

/* What a block that is replaced has of them, it has later too. */
static void
take_sums (DuplexCaptureFile  *self,
           const DuplexTotals *totals)
{
  const guint64 *sums = (const guint64 *)totals + DUPLEX_CAPTURE_FILE_N_TOTALS;

  for (guint i = 0; i < DUPLEX_CAPTURE_FILE_N_SUMS; i++)
    self->counts.sums[i] = MAX (self->counts.sums[i], sums[i]);
}

gboolean
duplex_capture_file_put_block (DuplexCaptureFile            *self,
                               const DuplexCaptureBlockInfo *info,
                               const guint8                 *data,
                               GError                      **error)
{
  gboolean is_new;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (info != NULL && info->id > 0 && info->id < G_MAXINT64, FALSE);
  g_return_val_if_fail (data != NULL || info->size == 0, FALSE);
  g_return_val_if_fail (info->size <= DUPLEX_CAPTURE_FILE_BLOCK_MAX, FALSE);

  is_new = info->id > self->counts.last_block;
  if (!is_new && !uncount (self, info->id, error))
    return FALSE;
  if (!put_info (self, info, data, error))
    return FALSE;
  if (info->size > 0 &&
      !put_bytes (self, DUPLEX_STATEMENT_PUT_DATA, info->id, data, info->size, error))
    return FALSE;
  if (info->size == 0 && !is_new &&
      !put_bytes (self, DUPLEX_STATEMENT_REMOVE_DATA, info->id, NULL, 0, error))
    return FALSE;

  if (is_new)
    self->counts.last_block = info->id;
  self->counts.n_events = MAX (self->counts.n_events, info->first_event + info->n_events);
  take_sums (self, &info->totals);
  if (info->size == 0)
    self->counts.n_lost += info->n_events;

  return TRUE;
}

gboolean
duplex_capture_file_put_chunk (DuplexCaptureFile *self,
                               guint64            payload,
                               guint              sequence,
                               const guint8      *data,
                               gsize              size,
                               GError           **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (payload > 0 && payload <= DUPLEX_CAPTURE_FILE_MAX_PAYLOAD, FALSE);
  g_return_val_if_fail (sequence <= DUPLEX_CAPTURE_FILE_MAX_SEQUENCE, FALSE);
  g_return_val_if_fail (data != NULL && size <= DUPLEX_CAPTURE_FILE_CHUNK, FALSE);

  return put_bytes (self, DUPLEX_STATEMENT_PUT_CHUNK,
                    payload << DUPLEX_CAPTURE_FILE_SEQUENCE_BITS | sequence, data, size, error);
}

/* What an event says about its connection, or DUPLEX_N_STATEMENTS. */
static DuplexStatement
find_fact (DuplexEventKind kind)
{
  switch (kind)
    {
    case DUPLEX_EVENT_CONNECTING:
      return DUPLEX_STATEMENT_PUT_CONNECTING;
    case DUPLEX_EVENT_REQUEST:
      return DUPLEX_STATEMENT_PUT_REQUEST;
    case DUPLEX_EVENT_RESPONSE:
      return DUPLEX_STATEMENT_PUT_RESPONSE;
    case DUPLEX_EVENT_TLS:
      return DUPLEX_STATEMENT_PUT_TLS;
    case DUPLEX_EVENT_CONNECTED:
      return DUPLEX_STATEMENT_PUT_CONNECTED;
    case DUPLEX_EVENT_CLOSED:
      return DUPLEX_STATEMENT_PUT_CLOSED;
    case DUPLEX_EVENT_FAILED:
      return DUPLEX_STATEMENT_PUT_FAILED;
    case DUPLEX_EVENT_FRAME:
    case DUPLEX_EVENT_BODY:
    case DUPLEX_EVENT_UNFINISHED:
    case DUPLEX_EVENT_LOST:
    case DUPLEX_EVENT_GAP:
      return DUPLEX_N_STATEMENTS;
    }

  return DUPLEX_N_STATEMENTS;
}

gboolean
duplex_capture_file_put_fact (DuplexCaptureFile *self,
                              const DuplexEvent *event,
                              GError           **error)
{
  DuplexStatement statement;
  sqlite3_stmt   *put;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (event != NULL, FALSE);

  statement = find_fact (event->kind);
  if (statement == DUPLEX_N_STATEMENTS)
    return TRUE;

  put = get_statement (self, statement, error);
  if (put == NULL)
    return FALSE;

  /* Not every statement has them all; what it does not have is refused and changes nothing. */
  sqlite3_bind_int64 (put, 1, event->connection);
  sqlite3_bind_blob64 (put, 2, event->payload != NULL ? event->payload : (const guint8 *)"",
                       event->payload != NULL ? event->payload_size : 0, SQLITE_STATIC);
  sqlite3_bind_int64 (put, 3, event->time_us);
  sqlite3_bind_int64 (put, 4, event->value);
  sqlite3_bind_int64 (put, 5, event->number);

  return run_statement (self, put, error);
}

gboolean
duplex_capture_file_put_meta (DuplexCaptureFile *self,
                              const char        *key,
                              const char        *value,
                              GError           **error)
{
  sqlite3_stmt *put;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (key != NULL, FALSE);

  put = get_statement (self,
                       value != NULL ? DUPLEX_STATEMENT_PUT_META : DUPLEX_STATEMENT_REMOVE_META,
                       error);
  if (put == NULL)
    return FALSE;

  sqlite3_bind_text (put, 1, key, -1, SQLITE_STATIC);
  if (value != NULL)
    sqlite3_bind_text (put, 2, value, -1, SQLITE_STATIC);

  return run_statement (self, put, error);
}

gboolean
duplex_capture_file_put_note (DuplexCaptureFile *self,
                              guint64            event,
                              gboolean           bookmarked,
                              const char        *comment,
                              GError           **error)
{
  gboolean      is_empty = !bookmarked && (comment == NULL || *comment == '\0');
  sqlite3_stmt *put;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (event <= G_MAXINT64, FALSE);

  put = get_statement (self,
                       is_empty ? DUPLEX_STATEMENT_REMOVE_NOTE : DUPLEX_STATEMENT_PUT_NOTE,
                       error);
  if (put == NULL)
    return FALSE;

  sqlite3_bind_int64 (put, 1, event);
  if (!is_empty)
    {
      sqlite3_bind_int (put, 2, bookmarked);
      sqlite3_bind_text (put, 3, comment, -1, SQLITE_STATIC);
    }

  return run_statement (self, put, error);
}

/* Fails with BUSY while another connection has the file open, even one that only reads. */
static gboolean
make_plain (DuplexCaptureFile *self,
            GError           **error)
{
  /* What the first cannot do now, the second does or fails in. */
  return duplex_capture_file_run (self, "PRAGMA wal_checkpoint(TRUNCATE)", "finish", error) &&
         duplex_capture_file_run (self, "PRAGMA journal_mode = DELETE", "finish", error);
}

static gboolean
put_end (DuplexCaptureFile *self,
         GError           **error)
{
  return put_number (self, DUPLEX_STATEMENT_PUT_END, "ended", g_get_real_time (), error);
}

gboolean
duplex_capture_file_finish (DuplexCaptureFile *self,
                            GError           **error)
{
  g_autoptr (GError) local_error = NULL;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (!self->in_transaction, FALSE);

  /* Who did not make the file must know first that nobody writes it. */
  if (!self->is_writer)
    return make_plain (self, error) && put_end (self, error);

  if (!put_end (self, error))
    return FALSE;
  if (make_plain (self, &local_error) ||
      g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_BUSY))
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

gboolean
duplex_capture_file_settle (DuplexCaptureFile *self,
                            GError           **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (!self->is_writer && !self->in_transaction, FALSE);

  /* So that nobody misses what was beside it. */
  return make_plain (self, error) &&
         put_number (self, DUPLEX_STATEMENT_PUT_META, "settled", g_get_real_time (), error);
}

void
duplex_capture_file_set_max_pages (DuplexCaptureFile *self,
                                   guint              max_pages)
{
  g_autofree char *sql = g_strdup_printf ("PRAGMA max_page_count = %u",
                                          max_pages == 0 ? MAX_PAGES
                                                         : max_pages / (PAGE_SIZE / 4096));

  g_return_if_fail (self != NULL);

  duplex_capture_file_run (self, sql, "limit", NULL);
}
