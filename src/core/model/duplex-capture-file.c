/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-file-private.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Steps of SQLite's machine between two looks at how much work is left, and how many looks a call
 * may take: a hundred times what any of ours needs. */
#define WORK_STEP 10000
#define WORK      200

/* Where a name is compared below, its table must have been made by just this text: so there is no
 * expression, trigger or view of a stranger's that SQLite would run. */
static const struct
{
  const char *name;
  const char *sql;
} tables[] = {
  { "meta", "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID" },
  { "block", "CREATE TABLE block(id INTEGER PRIMARY KEY, first_event, n_events, first_row, n_rows, "
             "first_time_us, last_time_us, messages_sent, messages_received, bytes_sent, "
             "bytes_received, frames_sent, frames_received, wire_bytes_sent, wire_bytes_received, "
             "findings, events, rows, size, checksum)" },
  { "block_data", "CREATE TABLE block_data(id INTEGER PRIMARY KEY, data BLOB)" },
  { "chunk", "CREATE TABLE chunk(id INTEGER PRIMARY KEY, data BLOB)" },
  { "connection", "CREATE TABLE connection(id INTEGER PRIMARY KEY, event, time_us, url TEXT, "
                  "request BLOB, response BLOB, status, tls TEXT, connected_us, ended_us, "
                  "close_code, close_reason TEXT, error TEXT)" },
  { "note", "CREATE TABLE note(event INTEGER PRIMARY KEY, bookmarked, comment TEXT)" },
};

#define BLOCK_COLUMNS                                                                          \
  "id, first_event, n_events, first_row, n_rows, first_time_us, last_time_us, messages_sent, " \
  "messages_received, bytes_sent, bytes_received, frames_sent, frames_received, "              \
  "wire_bytes_sent, wire_bytes_received, findings, events, rows, size, checksum"

/* What is the same in every statement about a connection: ?1 its id, ?2 the event's payload, ?3 its
 * time, ?4 its value, ?5 its number. */
static const char *const statements[DUPLEX_N_STATEMENTS] = {
  [DUPLEX_STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
  [DUPLEX_STATEMENT_COMMIT] = "COMMIT",
  [DUPLEX_STATEMENT_PUT_BLOCK] =
    "INSERT OR REPLACE INTO block(" BLOCK_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
    "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
  [DUPLEX_STATEMENT_PUT_DATA] = "INSERT OR REPLACE INTO block_data VALUES(?1, ?2)",
  [DUPLEX_STATEMENT_REMOVE_DATA] = "DELETE FROM block_data WHERE id = ?1",
  [DUPLEX_STATEMENT_PUT_CHUNK] = "INSERT OR REPLACE INTO chunk VALUES(?1, ?2)",
  [DUPLEX_STATEMENT_PUT_META] = "INSERT OR REPLACE INTO meta VALUES(?1, ?2)",
  [DUPLEX_STATEMENT_REMOVE_META] = "DELETE FROM meta WHERE key = ?1",
  [DUPLEX_STATEMENT_PUT_END] = "INSERT OR IGNORE INTO meta VALUES(?1, ?2)",
  [DUPLEX_STATEMENT_PUT_NOTE] = "INSERT OR REPLACE INTO note VALUES(?1, ?2, ?3)",
  [DUPLEX_STATEMENT_REMOVE_NOTE] = "DELETE FROM note WHERE event = ?1",
  [DUPLEX_STATEMENT_PUT_CONNECTING] =
    "INSERT OR REPLACE INTO connection(id, url, time_us, event) VALUES(?1, CAST(?2 AS TEXT), ?3, "
    "?5)",
  [DUPLEX_STATEMENT_PUT_REQUEST] = "UPDATE connection SET request = ?2 WHERE id = ?1",
  [DUPLEX_STATEMENT_PUT_RESPONSE] =
    "UPDATE connection SET response = ?2, status = ?4 WHERE id = ?1",
  [DUPLEX_STATEMENT_PUT_TLS] = "UPDATE connection SET tls = CAST(?2 AS TEXT) WHERE id = ?1",
  [DUPLEX_STATEMENT_PUT_CONNECTED] = "UPDATE connection SET connected_us = ?3 WHERE id = ?1",
  [DUPLEX_STATEMENT_PUT_CLOSED] =
    "UPDATE connection SET ended_us = ?3, close_code = ?4, close_reason = CAST(?2 AS TEXT) "
    "WHERE id = ?1",
  [DUPLEX_STATEMENT_PUT_FAILED] =
    "UPDATE connection SET ended_us = ?3, error = CAST(?2 AS TEXT) WHERE id = ?1",
  [DUPLEX_STATEMENT_GET_META] = "SELECT value FROM meta WHERE key = ?1",
  [DUPLEX_STATEMENT_GET_BLOCK] = "SELECT " BLOCK_COLUMNS " FROM block WHERE id = ?1",
  [DUPLEX_STATEMENT_GET_BLOCKS] =
    "SELECT " BLOCK_COLUMNS " FROM block WHERE id >= ?1 AND id > 0 ORDER BY id LIMIT ?2",
  [DUPLEX_STATEMENT_GET_BLOCK_BEFORE] =
    "SELECT " BLOCK_COLUMNS " FROM block WHERE id < ?1 AND id > 0 ORDER BY id DESC LIMIT 1",
  [DUPLEX_STATEMENT_GET_DATA] = "SELECT data FROM block_data WHERE id = ?1",
  [DUPLEX_STATEMENT_GET_CONNECTING] = "SELECT id, event FROM connection ORDER BY id",
  [DUPLEX_STATEMENT_GET_LAST_CONNECTION] =
    "SELECT url, close_code, error FROM connection ORDER BY id DESC LIMIT 1",
  [DUPLEX_STATEMENT_GET_NOTES] =
    "SELECT event, bookmarked, comment FROM note WHERE event >= ?1 ORDER BY event LIMIT ?2",
};

DuplexCaptureFile *
duplex_capture_file_new (void)
{
  DuplexCaptureFile *self = g_new0 (DuplexCaptureFile, 1);

  self->wal_fd = -1;

  return self;
}

/* A file from outside can be made so that a search in it never ends. */
static int
work_cb (gpointer user_data)
{
  DuplexCaptureFile *self = user_data;

  return --self->work_left < 0;
}

gboolean
duplex_capture_file_connect (DuplexCaptureFile *self,
                             const char        *query,
                             int                flags,
                             const char        *vfs,
                             GError           **error)
{
  g_autofree char *escaped = g_uri_escape_string (self->path, "/", /* allow_utf8= */ FALSE);
  g_autofree char *uri = g_strconcat ("file://", escaped, query, NULL);
  int              code;

  g_assert (self->db == NULL);

  code = sqlite3_open_v2 (uri, &self->db,
                          flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
                          vfs);
  if (code != SQLITE_OK)
    return duplex_capture_file_fail (self, "open", error);

  sqlite3_extended_result_codes (self->db, TRUE);
  sqlite3_progress_handler (self->db, WORK_STEP, work_cb, self);
  /* An object that goes without finish leaves what a killed program leaves. */
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);

  return TRUE;
}

void
duplex_capture_file_disconnect (DuplexCaptureFile *self)
{
  g_clear_pointer (&self->salvage, duplex_capture_file_salvage_free);
  for (guint i = 0; i < DUPLEX_N_STATEMENTS; i++)
    g_clear_pointer (&self->statements[i], sqlite3_finalize);
  g_clear_pointer (&self->db, sqlite3_close);
}

void
duplex_capture_file_free (DuplexCaptureFile *self)
{
  if (self == NULL)
    return;

  duplex_capture_file_disconnect (self);
  if (self->wal_fd >= 0)
    close (self->wal_fd);
  g_free (self->path);
  g_free (self->wal_path);
  g_free (self);
}

/* SQLite says FULL only for ENOSPC. A quota and a largest file size are the same to a user; and
 * where the index beside the -wal cannot grow, the disk is full too. */
static gboolean
is_full (int code,
         int system_errno)
{
  if ((code & 0xff) == SQLITE_FULL)
    return TRUE;

  return (code & 0xff) == SQLITE_IOERR &&
         (system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG);
}

static GIOErrorEnum
get_error_code (int code,
                int system_errno)
{
  if (is_full (code, system_errno))
    return G_IO_ERROR_NO_SPACE;

  switch (code & 0xff)
    {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return G_IO_ERROR_INVALID_DATA;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return system_errno != 0 ? g_io_error_from_errno (system_errno) : G_IO_ERROR_FAILED;
    case SQLITE_READONLY:
      return G_IO_ERROR_READ_ONLY;
    case SQLITE_BUSY:
      return G_IO_ERROR_BUSY;
    default:
      return G_IO_ERROR_FAILED;
    }
}

static int
get_file_errno (DuplexCaptureFile *self,
                int                which)
{
  sqlite3_file *file = NULL;
  int           file_errno = 0;

  if (sqlite3_file_control (self->db, "main", which, &file) == SQLITE_OK && file != NULL &&
      file->pMethods != NULL)
    file->pMethods->xFileControl (file, SQLITE_FCNTL_LAST_ERRNO, &file_errno);

  return file_errno;
}

/* What the system said: SQLite does not keep it when a commit fails, but its files do. */
static int
get_system_errno (DuplexCaptureFile *self,
                  int                code)
{
  int system_errno = sqlite3_system_errno (self->db);

  if ((code & 0xff) != SQLITE_IOERR && (code & 0xff) != SQLITE_CANTOPEN)
    return 0;
  if (system_errno == 0)
    system_errno = get_file_errno (self, SQLITE_FCNTL_JOURNAL_POINTER);
  if (system_errno == 0)
    system_errno = get_file_errno (self, SQLITE_FCNTL_FILE_POINTER);

  return system_errno;
}

gboolean
duplex_capture_file_fail (DuplexCaptureFile *self,
                          const char        *what,
                          GError           **error)
{
  g_autofree char *shown = g_filename_display_name (self->path);
  int              code = sqlite3_extended_errcode (self->db);
  int              system_errno = get_system_errno (self, code);
  const char      *text = sqlite3_errmsg (self->db);
  GIOErrorEnum     error_code = get_error_code (code, system_errno);

  if (is_full (code, system_errno))
    text = "No space left";
  else if (system_errno != 0)
    text = g_strerror (system_errno);
  g_set_error (error, G_IO_ERROR, error_code, "Cannot %s %s: %s", what, shown, text);

  return FALSE;
}

gboolean
duplex_capture_file_run (DuplexCaptureFile *self,
                         const char        *sql,
                         const char        *what,
                         GError           **error)
{
  duplex_capture_file_renew (self);
  if (sqlite3_exec (self->db, sql, NULL, NULL, NULL) != SQLITE_OK)
    return duplex_capture_file_fail (self, what, error);

  return TRUE;
}

sqlite3_stmt *
duplex_capture_file_get_statement (DuplexCaptureFile *self,
                                   DuplexStatement    statement)
{
  duplex_capture_file_renew (self);
  if (self->statements[statement] == NULL)
    sqlite3_prepare_v3 (self->db, statements[statement], -1, SQLITE_PREPARE_PERSISTENT,
                        &self->statements[statement], NULL);

  return self->statements[statement];
}

void
duplex_capture_file_renew (DuplexCaptureFile *self)
{
  self->work_left = WORK;
}

void
duplex_capture_file_reset (sqlite3_stmt *statement)
{
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
}

gboolean
duplex_capture_file_make_tables (DuplexCaptureFile *self,
                                 GError           **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    if (!duplex_capture_file_run (self, tables[i].sql, "make", error))
      return FALSE;

  return TRUE;
}

/* Which of the tables a row of sqlite_schema is, or -1. */
static int
find_table (sqlite3_stmt *row)
{
  const char *type = (const char *)sqlite3_column_text (row, 0);
  const char *name = (const char *)sqlite3_column_text (row, 1);
  const char *sql = (const char *)sqlite3_column_text (row, 2);

  if (g_strcmp0 (type, "table") != 0)
    return -1;

  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    if (g_strcmp0 (name, tables[i].name) == 0 && g_strcmp0 (sql, tables[i].sql) == 0)
      return i;

  return -1;
}

static gboolean
refuse_tables (DuplexCaptureFile *self,
               GError           **error)
{
  g_autofree char *shown = g_filename_display_name (self->path);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "The tables of %s are not those of a capture", shown);

  return FALSE;
}

gboolean
duplex_capture_file_check_tables (DuplexCaptureFile *self,
                                  GError           **error)
{
  const char   *sql = "SELECT type, name, sql FROM sqlite_schema";
  sqlite3_stmt *rows = NULL;
  guint         seen = 0;
  gboolean      is_good;
  int           code;

  duplex_capture_file_renew (self);
  code = sqlite3_prepare_v2 (self->db, sql, -1, &rows, NULL);
  if (code != SQLITE_OK)
    return duplex_capture_file_fail (self, "read", error);

  while ((code = sqlite3_step (rows)) == SQLITE_ROW)
    {
      int table = find_table (rows);

      if (table < 0 || (seen & 1u << table) != 0)
        break;
      seen |= 1u << table;
    }

  is_good = code == SQLITE_DONE && seen == (1u << G_N_ELEMENTS (tables)) - 1;
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    duplex_capture_file_fail (self, "read", error);
  else if (!is_good)
    refuse_tables (self, error);
  sqlite3_finalize (rows);

  return is_good;
}

/* 0, and FALSE, for what is no number or a negative one. */
static gboolean
get_number (sqlite3_stmt *row,
            int           column,
            guint64      *ret_number)
{
  gint64 number = sqlite3_column_int64 (row, column);

  *ret_number = MAX (number, 0);

  return sqlite3_column_type (row, column) == SQLITE_INTEGER && number >= 0;
}

gboolean
duplex_capture_file_get_info (sqlite3_stmt           *statement,
                              DuplexCaptureBlockInfo *ret_info)
{
  guint64 *totals = (guint64 *)&ret_info->totals;
  guint64  size;
  gboolean is_good = TRUE;

  is_good &= get_number (statement, 0, &ret_info->id);
  is_good &= get_number (statement, 1, &ret_info->first_event);
  is_good &= get_number (statement, 2, &ret_info->n_events);
  is_good &= get_number (statement, 3, &ret_info->first_row);
  is_good &= get_number (statement, 4, &ret_info->n_rows);
  ret_info->first_time_us = sqlite3_column_int64 (statement, 5);
  ret_info->last_time_us = sqlite3_column_int64 (statement, 6);
  ret_info->totals = (DuplexTotals){ 0 };
  for (guint i = 0; i < DUPLEX_CAPTURE_FILE_N_TOTALS; i++)
    is_good &= get_number (statement, 7 + i, &totals[i]);
  is_good &= get_number (statement, DUPLEX_CAPTURE_FILE_N_INFO - 1, &size);
  ret_info->size = size;

  return is_good && size <= DUPLEX_CAPTURE_FILE_BLOCK_MAX;
}

G_STATIC_ASSERT (7 + DUPLEX_CAPTURE_FILE_N_TOTALS + 1 == DUPLEX_CAPTURE_FILE_N_INFO);

/* In the order of DuplexTotals. */
const char *const duplex_capture_file_sum_keys[] = {
  "compressed-sent",
  "compressed-received",
  "compressed-bytes-sent",
  "compressed-bytes-received",
  "inflated-bytes-sent",
  "inflated-bytes-received",
};

G_STATIC_ASSERT (G_N_ELEMENTS (duplex_capture_file_sum_keys) == DUPLEX_CAPTURE_FILE_N_SUMS);

void
duplex_capture_file_read_sums (DuplexCaptureFile *self,
                               DuplexTotals      *totals)
{
  guint64 *sums = (guint64 *)totals + DUPLEX_CAPTURE_FILE_N_TOTALS;

  g_return_if_fail (self != NULL);
  g_return_if_fail (totals != NULL);

  for (guint i = 0; i < DUPLEX_CAPTURE_FILE_N_SUMS; i++)
    sums[i] = duplex_capture_file_get_count (self, duplex_capture_file_sum_keys[i]);
}

gboolean
duplex_capture_file_has_meta (DuplexCaptureFile *self,
                              const char        *key)
{
  g_autofree char *value = duplex_capture_file_dup_meta (self, key);

  return value != NULL;
}

guint64
duplex_capture_file_get_count (DuplexCaptureFile *self,
                               const char        *key)
{
  sqlite3_stmt *get = duplex_capture_file_get_statement (self, DUPLEX_STATEMENT_GET_META);
  guint64       count = 0;

  if (get == NULL)
    return 0;

  sqlite3_bind_text (get, 1, key, -1, SQLITE_STATIC);
  if (sqlite3_step (get) == SQLITE_ROW)
    get_number (get, 0, &count);
  duplex_capture_file_reset (get);

  return count;
}

char *
duplex_capture_file_dup_meta (DuplexCaptureFile *self,
                              const char        *key)
{
  g_autofree char *value = NULL;
  sqlite3_stmt    *get;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (key != NULL, NULL);

  get = duplex_capture_file_get_statement (self, DUPLEX_STATEMENT_GET_META);
  if (get == NULL)
    return NULL;

  sqlite3_bind_text (get, 1, key, -1, SQLITE_STATIC);
  if (sqlite3_step (get) == SQLITE_ROW)
    value = g_strdup ((const char *)sqlite3_column_text (get, 0));
  duplex_capture_file_reset (get);

  return value != NULL ? g_utf8_make_valid (value, -1) : NULL;
}
