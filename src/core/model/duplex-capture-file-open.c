/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-file-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opening a file that is there. No function here opens it other than through SQLite: closing any
 * descriptor of a file drops all locks that this process has on it (POSIX), also those of a
 * connection that is writing it. */

/* SQLite's header: where it has the numbers that say what a file is, big-endian. */
#define HEADER_SIZE           100
#define HEADER_PAGE_SIZE      16
#define HEADER_RESERVED       20
#define HEADER_CHANGES        24
#define HEADER_N_PAGES        28
#define HEADER_USER_VERSION   60
#define HEADER_APPLICATION_ID 68
#define HEADER_COUNTED        92 /* the changes when the pages were counted */

static const char header_magic[16] = "SQLite format 3";

/* KiB of pages that a reader keeps: the inner pages of the tables and one block. */
#define READER_CACHE 2048

/* ms that a change waits for another one. */
#define BUSY_TIMEOUT 5000

static gboolean
fail_errno (const char *path,
            int         saved_errno,
            GError    **error)
{
  g_autofree char *shown = g_filename_display_name (path);

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "Cannot open %s: %s", shown,
               g_strerror (saved_errno));

  return FALSE;
}

static gboolean
refuse (DuplexCaptureFile *self,
        GIOErrorEnum       code,
        const char        *why,
        GError           **error)
{
  g_autofree char *shown = g_filename_display_name (self->path);

  g_set_error (error, G_IO_ERROR, code, "%s %s", shown, why);

  return FALSE;
}

/* Follows links, as SQLite does before it looks for what stands beside a file. */
static gboolean
find (DuplexCaptureFile *self,
      const char        *path,
      GError           **error)
{
  char       *real = realpath (path, NULL);
  struct stat info;

  if (real == NULL || stat (real, &info) != 0)
    {
      int saved_errno = errno;

      free (real);
      return fail_errno (path, saved_errno, error);
    }

  self->path = g_strdup (real);
  self->wal_path = g_strconcat (real, "-wal", NULL);
  free (real);
  if (S_ISDIR (info.st_mode))
    return fail_errno (path, EISDIR, error);
  /* Opening a pipe would wait for its other end. */
  if (!S_ISREG (info.st_mode))
    return refuse (self, G_IO_ERROR_NOT_REGULAR_FILE, "is no file", error);
  if (access (self->path, R_OK) != 0)
    return fail_errno (path, errno, error);

  return TRUE;
}

static gboolean
is_beside (DuplexCaptureFile *self,
           const char        *suffix)
{
  g_autofree char *path = g_strconcat (self->path, suffix, NULL);

  return access (path, F_OK) == 0;
}

static guint32
get_uint32 (const guint8 *bytes)
{
  return (guint32)bytes[0] << 24 | (guint32)bytes[1] << 16 | (guint32)bytes[2] << 8 | bytes[3];
}

static gboolean
check_version (DuplexCaptureFile *self,
               guint32            version,
               GError           **error)
{
  g_autofree char *shown = NULL;

  if (version == DUPLEX_CAPTURE_FILE_VERSION)
    return TRUE;
  if (version == 0 || version > G_MAXINT32)
    return refuse (self, G_IO_ERROR_INVALID_DATA, "is no capture: it has no version", error);

  shown = g_filename_display_name (self->path);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "%s was made by a later Duplex: it has version %u, and this Duplex reads version %d",
               shown, version, DUPLEX_CAPTURE_FILE_VERSION);

  return FALSE;
}

/* 65,536 does not fit. */
static guint32
get_page_size (const guint8 *header)
{
  guint32 page_size = get_uint32 (header + HEADER_PAGE_SIZE) >> 16;

  return page_size == 1 ? 65536 : page_size;
}

/* SQLite counts the beginning of a page for a whole one. */
static gboolean
is_cut (sqlite3_file *file,
        const guint8 *header)
{
  guint64       n_pages = get_uint32 (header + HEADER_N_PAGES);
  sqlite3_int64 size = 0;

  return get_uint32 (header + HEADER_CHANGES) == get_uint32 (header + HEADER_COUNTED) &&
         file->pMethods->xFileSize (file, &size) == SQLITE_OK &&
         (guint64)size < n_pages * get_page_size (header);
}

/* Before SQLite looks at it: it has only one word for all that can be wrong. */
static gboolean
check_header (DuplexCaptureFile *self,
              GError           **error)
{
  guint8        header[HEADER_SIZE];
  sqlite3_file *file = NULL;
  int           code;

  if (sqlite3_file_control (self->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
      file == NULL || file->pMethods == NULL)
    return duplex_capture_file_fail (self, "read", error);

  code = file->pMethods->xRead (file, header, sizeof header, 0);
  if (code == SQLITE_IOERR_SHORT_READ)
    return refuse (self, G_IO_ERROR_INVALID_DATA, "is no capture: it is too short", error);
  if (code != SQLITE_OK)
    return refuse (self, G_IO_ERROR_INVALID_DATA, "cannot be read", error);
  if (memcmp (header, header_magic, sizeof header_magic) != 0)
    return refuse (self, G_IO_ERROR_INVALID_DATA, "is no capture: it is no SQLite database", error);
  if (get_uint32 (header + HEADER_APPLICATION_ID) != DUPLEX_CAPTURE_FILE_APPLICATION_ID)
    return refuse (self, G_IO_ERROR_INVALID_DATA,
                   "is no capture, but another program's SQLite database", error);

  self->page_size = get_page_size (header);
  self->reserved = header[HEADER_RESERVED];
  /* With a -wal, pages of the file may stand there alone. */
  self->is_damaged = self->is_alone && is_cut (file, header);
  return check_version (self, get_uint32 (header + HEADER_USER_VERSION), error);
}

static gboolean
check_byte_order (DuplexCaptureFile *self,
                  GError           **error)
{
  const char      *ours = G_BYTE_ORDER == G_LITTLE_ENDIAN ? "little" : "big";
  g_autofree char *theirs = duplex_capture_file_dup_meta (self, "byte-order");
  g_autofree char *shown = NULL;

  /* A file that is cut so short that it does not say has no block either. */
  if (theirs == NULL || g_str_equal (theirs, ours))
    return TRUE;

  shown = g_filename_display_name (self->path);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "%s was made on a machine of the other byte order: it is %s-endian, and this "
               "machine %s-endian",
               shown, theirs, ours);

  return FALSE;
}

/* What a file claims must not become memory. */
static void
set_limits (DuplexCaptureFile *self)
{
  sqlite3_limit (self->db, SQLITE_LIMIT_LENGTH, DUPLEX_CAPTURE_FILE_BLOCK_MAX);
  sqlite3_limit (self->db, SQLITE_LIMIT_SQL_LENGTH, 10000);
  sqlite3_limit (self->db, SQLITE_LIMIT_EXPR_DEPTH, 20);
  sqlite3_limit (self->db, SQLITE_LIMIT_COLUMN, 100);
  sqlite3_limit (self->db, SQLITE_LIMIT_COMPOUND_SELECT, 3);
  sqlite3_limit (self->db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit (self->db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

/* SQLite takes a file that is shorter than it says for unreadable, unless it is told that its
 * tables are about to be repaired. Nothing can be written all the same. */
static gboolean
check_tables (DuplexCaptureFile *self,
              GError           **error)
{
  g_autoptr (GError) local_error = NULL;

  if (duplex_capture_file_check_tables (self, &local_error))
    return TRUE;

  if ((sqlite3_errcode (self->db) & 0xff) != SQLITE_CORRUPT)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  sqlite3_db_config (self->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, NULL);
  self->is_damaged = TRUE;

  return duplex_capture_file_check_tables (self, error);
}

/* query and flags of one way to open a file; FALSE also where SQLite cannot go this way. */
static gboolean
try_way (DuplexCaptureFile *self,
         const char        *query,
         int                flags,
         const char        *vfs,
         GError           **error)
{
  duplex_capture_file_disconnect (self);
  self->is_damaged = FALSE;
  if (!duplex_capture_file_connect (self, query, flags, vfs, error))
    return FALSE;

  set_limits (self);
  sqlite3_busy_timeout (self->db, BUSY_TIMEOUT);
  if (!check_header (self, error))
    return FALSE;
  /* Exclusive together with a VFS that has no locks: the index of the -wal is then in memory. */
  if (!duplex_capture_file_run (self, "PRAGMA mmap_size = 0", "read", error) ||
      !duplex_capture_file_run (self, "PRAGMA cell_size_check = ON", "read", error) ||
      (vfs != NULL && !duplex_capture_file_run (self, "PRAGMA locking_mode = EXCLUSIVE", "read",
                                                error)))
    return FALSE;

  return check_tables (self, error) && check_byte_order (self, error);
}

/* TRUE where another way of opening may do better: all but what the file itself is to blame for. */
static gboolean
may_retry (const GError *error)
{
  return !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA) &&
         !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

/* With a -wal beside it: as one of several programs; where that needs a file beside it that cannot
 * be made, alone, on what is there now. */
static gboolean
open_with_wal (DuplexCaptureFile *self,
               GError           **error)
{
  g_autoptr (GError) local_error = NULL;

  if (try_way (self, "", SQLITE_OPEN_READONLY, NULL, &local_error))
    return TRUE;
  if (may_retry (local_error))
    {
      g_clear_error (&local_error);
      return try_way (self, "", SQLITE_OPEN_READONLY, "unix-none", error);
    }

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* A change of a title or note was broken off: SQLite takes it back, if it may write. */
static gboolean
open_with_journal (DuplexCaptureFile *self,
                   GError           **error)
{
  g_autoptr (GError) local_error = NULL;

  if (try_way (self, "", SQLITE_OPEN_READWRITE, NULL, &local_error))
    return TRUE;
  if (may_retry (local_error))
    {
      g_clear_error (&local_error);
      return try_way (self, "?immutable=1", SQLITE_OPEN_READONLY, NULL, error);
    }

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
open_to_read (DuplexCaptureFile *self,
              GError           **error)
{
  g_autofree char *cache = g_strdup_printf ("PRAGMA cache_size = -%d", READER_CACHE);
  gboolean         is_open;

  if (is_beside (self, "-wal"))
    is_open = open_with_wal (self, error);
  else if (is_beside (self, "-journal"))
    is_open = open_with_journal (self, error);
  else
    {
      self->is_alone = TRUE;
      is_open = try_way (self, "?immutable=1", SQLITE_OPEN_READONLY, NULL, error);
    }

  /* The file could ask for a large cache: ours comes after its tables were read. */
  return is_open && duplex_capture_file_run (self, "PRAGMA query_only = ON", "read", error) &&
         duplex_capture_file_run (self, cache, "read", error);
}

DuplexCaptureFile *
duplex_capture_file_open (const char *path,
                          GError    **error)
{
  g_autoptr (DuplexCaptureFile) self = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  self = duplex_capture_file_new ();
  if (!find (self, path, error) || !open_to_read (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

static gboolean
open_to_change (DuplexCaptureFile *self,
                GError           **error)
{
  if (access (self->path, W_OK) != 0)
    return fail_errno (self->path, errno, error);

  self->is_alone = !is_beside (self, "-wal") && !is_beside (self, "-journal");
  if (!try_way (self, "", SQLITE_OPEN_READWRITE, NULL, error))
    return FALSE;
  if (self->is_damaged)
    return refuse (self, G_IO_ERROR_INVALID_DATA, "is cut short or damaged, and is not changed",
                   error);

  self->counts.n_events = duplex_capture_file_get_count (self, "events");
  self->counts.n_lost = duplex_capture_file_get_count (self, "not-kept");
  self->counts.last_block = G_MAXINT64;
  self->committed = self->counts;

  return TRUE;
}

DuplexCaptureFile *
duplex_capture_file_open_to_change (const char *path,
                                    GError    **error)
{
  g_autoptr (DuplexCaptureFile) self = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  self = duplex_capture_file_new ();
  if (!find (self, path, error) || !open_to_change (self, error))
    return NULL;

  return g_steal_pointer (&self);
}
