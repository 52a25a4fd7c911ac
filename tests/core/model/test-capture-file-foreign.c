/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-file.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "duplex-file-support.h"
#include "duplex-model-support.h"

/* Files that another program made or changed. */

static void
write_bytes (const char   *path,
             const guint8 *bytes,
             gsize         size)
{
  FILE *stream = g_fopen (path, "wb");

  g_assert_nonnull (stream);
  g_assert_cmpuint (fwrite (bytes, 1, size, stream), ==, size);
  g_assert_cmpint (fclose (stream), ==, 0);
}

static void
test_no_capture (DuplexTestFile *fixture,
                 gconstpointer   unused)
{
  static const struct
  {
    const char *bytes;
    gsize       size;
  } cases[] = {
    { "", 0 },
    { "x", 1 },
    { "{\"log\": {}}", 11 },
    { "SQLite format 3", 16 },
    { "SQLite format 3\0\x10\0\1\1\0\x40\x20\x20", 24 },
  };

  for (guint i = 0; i <= G_N_ELEMENTS (cases); i++)
    {
      g_autofree guint8 *bytes = g_malloc0 (100000);
      g_autoptr (GError) error = NULL;

      if (i < G_N_ELEMENTS (cases))
        memcpy (bytes, cases[i].bytes, cases[i].size);
      write_bytes (fixture->path, bytes, i < G_N_ELEMENTS (cases) ? cases[i].size : 100000);
      g_assert_null (duplex_capture_file_open (fixture->path, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    }
}

static void
test_no_file (DuplexTestFile *fixture,
              gconstpointer   unused)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (duplex_capture_file_open (fixture->path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (duplex_capture_file_open (fixture->folder, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_clear_error (&error);
  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  g_assert_null (duplex_capture_file_open (fixture->path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);
}

/* What another program may have made of it, and what we make of that. */
static void
test_changed (DuplexTestFile *fixture,
              gconstpointer   unused)
{
  static const struct
  {
    const char *sql;
    int         code;
    const char *text; /* in the message */
  } cases[] = {
    { "PRAGMA user_version = 7", G_IO_ERROR_NOT_SUPPORTED,
      "version 7, and this Duplex reads version 1" },
    { "PRAGMA user_version = 0", G_IO_ERROR_INVALID_DATA, "no version" },
    { "PRAGMA user_version = -3", G_IO_ERROR_INVALID_DATA, "no version" },
    { "PRAGMA application_id = 1", G_IO_ERROR_INVALID_DATA, "another program's" },
    { "UPDATE meta SET value = 'big' WHERE key = 'byte-order'", G_IO_ERROR_NOT_SUPPORTED,
      "big-endian" },
    { "DROP TABLE note", G_IO_ERROR_INVALID_DATA, "tables" },
    { "DROP TABLE meta; DROP TABLE block; DROP TABLE block_data; DROP TABLE chunk;"
      "DROP TABLE connection; DROP TABLE note",
      G_IO_ERROR_INVALID_DATA, "tables" },
    { "DROP TABLE meta; CREATE TABLE meta(key, value)", G_IO_ERROR_INVALID_DATA, "tables" },
    { "CREATE TABLE more(x)", G_IO_ERROR_INVALID_DATA, "tables" },
    { "CREATE INDEX more ON note(comment)", G_IO_ERROR_INVALID_DATA, "tables" },
    { "CREATE TRIGGER more INSERT ON note BEGIN DELETE FROM block; END", G_IO_ERROR_INVALID_DATA,
      "tables" },
    { "DROP TABLE note; CREATE VIEW note AS SELECT 1 event, 1 bookmarked, randomblob(1000000000) "
      "comment",
      G_IO_ERROR_INVALID_DATA, "tables" },
    { "DROP TABLE note; CREATE TABLE note(event INTEGER PRIMARY KEY, bookmarked, comment AS "
      "(zeroblob(1000000000)))",
      G_IO_ERROR_INVALID_DATA, "tables" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      duplex_test_make_file (fixture->path, 1);
      duplex_test_run_sql (fixture->path, cases[i].sql);
      g_assert_null (duplex_capture_file_open (fixture->path, &error));
      g_assert_error (error, G_IO_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, cases[i].text));
      g_assert_null (duplex_capture_file_open_to_change (fixture->path, NULL));
      g_unlink (fixture->path);
    }
}

static gboolean
count_block_cb (const DuplexCaptureBlockInfo *info,
                gpointer                      user_data)
{
  ++*(guint64 *)user_data;

  return TRUE;
}

/* A walk ends at the first entry that cannot be right. */
static void
test_contradictions (DuplexTestFile *fixture,
                     gconstpointer   unused)
{
  static const struct
  {
    const char *sql;
    guint64     n;
  } cases[] = {
    { "DELETE FROM block WHERE id = 5", 4 },
    { "DELETE FROM block WHERE id = 1", 0 },
    { "DELETE FROM block WHERE id = 8", 7 },
    { "UPDATE block SET n_events = 0 WHERE id = 8", 7 },
    { "UPDATE block SET n_events = 9223372036854775807 WHERE id = 6", 5 },
    { "UPDATE block SET n_events = n_events + 1 WHERE id = 6", 6 },
    { "UPDATE block SET first_event = 51 WHERE id = 6", 5 },
    { "UPDATE block SET first_row = 1 WHERE id = 6", 5 },
    { "UPDATE block SET n_rows = 11 WHERE id = 6", 5 },
    { "UPDATE block SET bytes_sent = 3 WHERE id = 6", 5 },
    { "UPDATE block SET rows = -1 WHERE id = 6", 5 },
    { "UPDATE block SET size = 'x' WHERE id = 6", 5 },
    { "UPDATE block SET size = NULL WHERE id = 6", 5 },
    { "UPDATE block SET size = 1 << 40 WHERE id = 6", 5 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexCaptureFile) file = NULL;
      g_autofree char              *missing = NULL;
      guint64                       n = 0;

      duplex_test_make_file (fixture->path, 8);
      duplex_test_run_sql (fixture->path, cases[i].sql);
      file = duplex_capture_file_open (fixture->path, NULL);
      duplex_capture_file_walk_blocks (file, 1, count_block_cb, &n, &missing);
      g_test_message ("%s: %s", cases[i].sql, missing);
      g_assert_cmpuint (n, ==, cases[i].n);
      g_assert_nonnull (missing);
      g_unlink (fixture->path);
    }
}

/* Bytes of a block that are not what its entry says are not given out. */
static void
test_wrong_data (DuplexTestFile *fixture,
                 gconstpointer   unused)
{
  static const char *const cases[] = {
    "DELETE FROM block_data WHERE id = 2",
    "UPDATE block_data SET data = NULL WHERE id = 2",
    "UPDATE block_data SET data = 'text' WHERE id = 2",
    "UPDATE block_data SET data = zeroblob(length(data)) WHERE id = 2",
    "UPDATE block_data SET data = data || x'00' WHERE id = 2",
    "UPDATE block_data SET data = zeroblob(100000000) WHERE id = 2",
    "UPDATE block SET checksum = checksum + 1 WHERE id = 2",
    "UPDATE block SET checksum = 'x' WHERE id = 2",
    "UPDATE block SET size = size - 1 WHERE id = 2",
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexCaptureFile) file = NULL;
      g_autoptr (GError)            error = NULL;
      g_autofree guint8            *good = NULL;
      gsize                         size;

      duplex_test_make_file (fixture->path, 3);
      duplex_test_run_sql (fixture->path, cases[i]);
      file = duplex_capture_file_open (fixture->path, NULL);
      g_assert_null (duplex_capture_file_read_block (file, 2, &size, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      good = duplex_capture_file_read_block (file, 3, &size, NULL);
      g_assert_nonnull (good);
      g_unlink (fixture->path);
    }
}

static void
test_wrong_chunks (DuplexTestFile *fixture,
                   gconstpointer   unused)
{
  g_autoptr (DuplexCaptureFile) file = NULL;
  g_autofree guint8            *buffer = g_malloc (3 * DUPLEX_CAPTURE_FILE_CHUNK);

  duplex_test_make_file (fixture->path, 1);
  duplex_test_run_sql (fixture->path,
                       "UPDATE chunk SET data = zeroblob(100000000) WHERE id = 7 << 24 | 1");
  file = duplex_capture_file_open (fixture->path, NULL);
  g_assert_cmpuint (
    duplex_capture_file_read_payload (file, 7, 0, buffer, 3 * DUPLEX_CAPTURE_FILE_CHUNK), ==,
    DUPLEX_CAPTURE_FILE_CHUNK);
}

#define ADD(name, func)                                                                        \
  g_test_add ("/core/capture-file/" name, DuplexTestFile, NULL, duplex_test_file_set_up, func, \
              duplex_test_file_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("no-capture", test_no_capture);
  ADD ("no-file", test_no_file);
  ADD ("changed", test_changed);
  ADD ("contradictions", test_contradictions);
  ADD ("wrong-data", test_wrong_data);
  ADD ("wrong-chunks", test_wrong_chunks);

  return g_test_run ();
}
