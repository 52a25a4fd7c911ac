/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-file-support.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "duplex-model-support.h"

/* Of the last chunk of the payload. */
#define REST 1000

GBytes *
duplex_test_fill_block (guint64                 id,
                        DuplexCaptureBlockInfo *ret_info)
{
  gsize   size = id % 5 == 0 ? 200000 + id : 100 + id * 13 % 700;
  guint8 *data = g_malloc (size);
  guint64 n = id * DUPLEX_TEST_EVENTS;

  for (gsize i = 0; i < size; i++)
    data[i] = (i * 31 + id * 7) >> (i % 3);

  *ret_info = (DuplexCaptureBlockInfo){
    .id = id,
    .first_event = (id - 1) * DUPLEX_TEST_EVENTS,
    .n_events = DUPLEX_TEST_EVENTS,
    .first_row = (id - 1) * DUPLEX_TEST_ROWS,
    .n_rows = DUPLEX_TEST_ROWS,
    .first_time_us = 1000 * id,
    .last_time_us = 1000 * id + 999,
    .totals = { .messages = { n, n + 1 },
                .bytes = { n + 2, n + 3 },
                .frames = { n + 4, n + 5 },
                .wire_bytes = { n + 6, n + 7 },
                .findings = n + 8,
                .events = n,
                .rows = id * DUPLEX_TEST_ROWS },
    .size = size,
  };

  return g_bytes_new_take (data, size);
}

void
duplex_test_put_blocks (DuplexCaptureFile *file,
                        guint64            first,
                        guint64            last)
{
  g_autoptr (GError) error = NULL;

  duplex_capture_file_begin (file, &error);
  g_assert_no_error (error);
  for (guint64 id = first; id <= last; id++)
    {
      DuplexCaptureBlockInfo info;
      g_autoptr (GBytes)     data = duplex_test_fill_block (id, &info);

      duplex_capture_file_put_block (file, &info, g_bytes_get_data (data, NULL), &error);
      g_assert_no_error (error);
    }
  duplex_capture_file_commit (file, &error);
  g_assert_no_error (error);
}

static void
put_payload (DuplexCaptureFile *file)
{
  g_autofree guint8 *chunk = g_malloc (DUPLEX_CAPTURE_FILE_CHUNK);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      memset (chunk, 'a' + i, DUPLEX_CAPTURE_FILE_CHUNK);
      duplex_capture_file_put_chunk (file, 7, i, chunk, i < 2 ? DUPLEX_CAPTURE_FILE_CHUNK : REST,
                                     &error);
      g_assert_no_error (error);
    }
}

static void
put_connection (DuplexCaptureFile *file)
{
  static const char  url[] = "ws://example.org/";
  DuplexEvent        event = DUPLEX_EVENT_INIT;
  g_autoptr (GError) error = NULL;

  event.kind = DUPLEX_EVENT_CONNECTING;
  event.connection = 1;
  event.payload = (const guint8 *)url;
  event.payload_size = strlen (url);
  duplex_capture_file_put_fact (file, &event, &error);
  g_assert_no_error (error);
}

DuplexCaptureFile *
duplex_test_begin_file (const char *path,
                        guint64     n)
{
  g_autoptr (GError) error = NULL;
  DuplexCaptureFile *file = duplex_capture_file_create (path, &error);

  g_assert_no_error (error);
  duplex_capture_file_put_meta (file, "title", "A title", &error);
  g_assert_no_error (error);
  put_connection (file);
  duplex_capture_file_put_note (file, 3, TRUE, "a comment", &error);
  g_assert_no_error (error);
  duplex_test_put_blocks (file, 1, n);
  put_payload (file);

  return file;
}

void
duplex_test_make_file (const char *path,
                       guint64     n)
{
  g_autoptr (DuplexCaptureFile) file = duplex_test_begin_file (path, n);
  g_autoptr (GError)            error = NULL;

  duplex_capture_file_finish (file, &error);
  g_assert_no_error (error);
}

typedef struct
{
  DuplexCaptureFile *file;
  guint64            n;
} Check;

static gboolean
check_block_cb (const DuplexCaptureBlockInfo *info,
                gpointer                      user_data)
{
  Check                 *check = user_data;
  DuplexCaptureBlockInfo expected;
  g_autoptr (GBytes)     bytes = duplex_test_fill_block (++check->n, &expected);
  g_autofree guint8     *data = NULL;
  g_autoptr (GError)     error = NULL;
  gsize                  size;

  g_assert_cmpmem (info, sizeof *info, &expected, sizeof expected);
  data = duplex_capture_file_read_block (check->file, info->id, &size, &error);
  if (data == NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  else
    g_assert_cmpmem (data, size, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  return TRUE;
}

guint64
duplex_test_check_blocks (DuplexCaptureFile *file,
                          char             **ret_missing)
{
  Check check = { .file = file };

  duplex_capture_file_walk_blocks (file, 1, check_block_cb, &check, ret_missing);

  return check.n;
}

guint64
duplex_test_check_file (const char *path,
                        char      **ret_missing)
{
  g_autoptr (GError)            error = NULL;
  g_autoptr (DuplexCaptureFile) file = duplex_capture_file_open (path, &error);

  g_assert_no_error (error);

  return duplex_test_check_blocks (file, ret_missing);
}

void
duplex_test_run_sql (const char *path,
                     const char *sql)
{
  sqlite3 *db = NULL;
  char    *message = NULL;

  g_assert_cmpint (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
  sqlite3_exec (db, sql, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
  sqlite3_close (db);
}

void
duplex_test_file_set_up (DuplexTestFile *self,
                         gconstpointer   unused)
{
  self->folder = duplex_test_make_folder ();
  self->path = g_build_filename (self->folder, "a capture.duplex", NULL);
  self->wal = g_strconcat (self->path, "-wal", NULL);
  self->shm = g_strconcat (self->path, "-shm", NULL);
}

void
duplex_test_file_tear_down (DuplexTestFile *self,
                            gconstpointer   unused)
{
  g_chmod (self->folder, 0700);
  g_clear_pointer (&self->folder, duplex_test_remove_folder);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->wal, g_free);
  g_clear_pointer (&self->shm, g_free);
}
