/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/model/duplex-capture-file.h"

/* The input says how a small real capture is changed before it is read: the first byte which one
 * and how it is cut, then four bytes a change: an operation, a place, a value. Pages of 512 bytes,
 * so that changes meet the tables' inner pages as often as the rows. */

#define PAGE_SIZE 512

/* What one input may take, in seconds: with sanitizers and a busy machine. SQLite's own bounds, and
 * ours, are far below. */
#define TIME_LIMIT 20

/* Blocks of the capture, and of those the reader may say that it found. */
#define N_BLOCKS 60

enum {
  BASE_CLOSED, /* the closed file */
  BASE_LIVE,   /* with a -wal, which is changed */
  BASE_HEADER, /* the closed file, changed in its first page only */
  N_BASES
};

static char       *folder;
static GByteArray *closed;
static GByteArray *live;
static GByteArray *wal;

static char *
get_path (const char *suffix)
{
  return g_strconcat (folder, "/x.duplex", suffix, NULL);
}

static void
remove_files (void)
{
  static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = get_path (suffixes[i]);

      g_unlink (path);
    }
}

static void
leave (void)
{
  remove_files ();
  g_rmdir (folder);
}

static GByteArray *
load (const char *suffix)
{
  g_autofree char *path = get_path (suffix);
  char            *contents;
  gsize            size;

  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));

  return g_byte_array_new_take ((guint8 *)contents, size);
}

static void
save (GByteArray *bytes,
      const char *suffix)
{
  g_autofree char *path = get_path (suffix);
  FILE            *stream = g_fopen (path, "wb");

  g_assert_nonnull (stream);
  g_assert_cmpuint (fwrite (bytes->data, 1, bytes->len, stream), ==, bytes->len);
  g_assert_cmpint (fclose (stream), ==, 0);
}

static void
run_sql (const char *sql)
{
  g_autofree char *path = get_path ("");
  sqlite3         *db = NULL;
  char            *message = NULL;

  g_assert_cmpint (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
  sqlite3_db_config (db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  sqlite3_exec (db, sql, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
  g_assert_cmpint (sqlite3_close (db), ==, SQLITE_OK);
}

static void
put_event (DuplexCaptureFile *file,
           DuplexEventKind    kind,
           guint32            connection)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = kind;
  event.connection = connection;
  event.number = connection;
  event.payload = (const guint8 *)"ws://example.org/";
  event.payload_size = 17;
  g_assert_true (duplex_capture_file_put_fact (file, &event, NULL));
}

static void
put_all (DuplexCaptureFile *file)
{
  DuplexCaptureBlockInfo info = { .n_events = 3, .n_rows = 2 };
  guint8                 data[5000];

  g_assert_true (duplex_capture_file_begin (file, NULL));
  for (info.id = 1; info.id <= N_BLOCKS; info.id++)
    {
      info.size = info.id % 7 == 0 ? 0 : info.id * 997 % sizeof data;
      info.totals.events += 3;
      memset (data, info.id, sizeof data);
      g_assert_true (duplex_capture_file_put_block (file, &info, data, NULL));
      info.first_event += 3;
      info.first_row += 2;
      put_event (file, DUPLEX_EVENT_CONNECTING, info.id);
      put_event (file, DUPLEX_EVENT_CLOSED, info.id);
      g_assert_true (
        duplex_capture_file_put_note (file, info.id, TRUE, info.id % 2 == 0 ? "text" : NULL, NULL));
      g_assert_true (duplex_capture_file_put_chunk (file, info.id, 0, data, 4000, NULL));
    }
  g_assert_true (duplex_capture_file_put_meta (file, "title", "A title", NULL));
  g_assert_true (duplex_capture_file_commit (file, NULL));
}

/* Once: the files that are changed later. */
static void
make_bases (void)
{
  g_autofree char   *path = NULL;
  DuplexCaptureFile *file;

  folder = g_dir_make_tmp ("duplex-fuzz-XXXXXX", NULL);
  g_assert_nonnull (folder);
  atexit (leave);

  path = get_path ("");
  file = duplex_capture_file_create (path, NULL);
  g_assert_nonnull (file);
  put_all (file);
  g_assert_true (duplex_capture_file_finish (file, NULL));
  g_clear_pointer (&file, duplex_capture_file_free);
  run_sql ("PRAGMA page_size = " G_STRINGIFY (PAGE_SIZE) "; VACUUM");
  closed = load ("");

  run_sql ("PRAGMA journal_mode = WAL; UPDATE block SET first_time_us = 7 WHERE id > 20;"
           "UPDATE meta SET value = 'Another' WHERE key = 'title'");
  live = load ("");
  wal = load ("-wal");
  remove_files ();
}

static guint
take_number (FuzzInput *input)
{
  guint high = fuzz_take_byte (input);

  return high << 8 | fuzz_take_byte (input);
}

/* A page moves to another's place: the tables then lead where they should not. */
static void
copy_page (GByteArray *bytes,
           guint       from,
           guint       to)
{
  guint n_pages = bytes->len / PAGE_SIZE;

  if (n_pages > 0)
    memmove (bytes->data + to % n_pages * PAGE_SIZE, bytes->data + from % n_pages * PAGE_SIZE,
             PAGE_SIZE);
}

static void
change (GByteArray *bytes,
        FuzzInput  *input,
        guint       limit)
{
  while (input->size > 0 && bytes->len > 0)
    {
      guint8 operation = fuzz_take_byte (input);
      guint  place = take_number (input);
      guint8 value = fuzz_take_byte (input);
      guint  at = (place * 3 + operation / 8) % MIN (bytes->len, limit);

      switch (operation % 8)
        {
        case 0:
        case 1:
          bytes->data[at] = value;
          break;
        case 2:
          bytes->data[at] ^= 1 << value % 8;
          break;
        case 3:
          /* The numbers of a page's header, and the places of its cells. */
          bytes->data[at / PAGE_SIZE * PAGE_SIZE + place % 40] = value;
          break;
        case 4:
          /* The page that a cell leads to first. */
          bytes->data[at / PAGE_SIZE * PAGE_SIZE + PAGE_SIZE - 1 - place % 16] = value;
          break;
        case 5:
          copy_page (bytes, place, value);
          break;
        case 6:
          memset (bytes->data + at, value, MIN (bytes->len - at, value));
          break;
        default:
          bytes->data[at] += value;
          break;
        }
    }
}

static GByteArray *
copy_bytes (GByteArray *bytes)
{
  return g_byte_array_append (g_byte_array_new (), bytes->data, bytes->len);
}

static void
write_changed (FuzzInput *input)
{
  guint8                 how = fuzz_take_byte (input);
  guint                  base = how % N_BASES;
  g_autoptr (GByteArray) bytes = copy_bytes (base == BASE_LIVE ? wal : closed);

  if (how & 0x80)
    g_byte_array_set_size (bytes, take_number (input) * 3 % bytes->len);
  change (bytes, input, base == BASE_HEADER ? PAGE_SIZE : G_MAXUINT);
  save (bytes, base == BASE_LIVE ? "-wal" : "");
  if (base == BASE_LIVE)
    save (live, "");
}

typedef struct
{
  DuplexCaptureFile     *file;
  DuplexCaptureBlockInfo last;
  guint                  n;
} Walk;

static gboolean
block_cb (const DuplexCaptureBlockInfo *info,
          gpointer                      user_data)
{
  Walk              *walk = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *data = NULL;
  gsize              size = 0;

  /* What walk_blocks() promises. */
  g_assert_cmpuint (info->id, >, walk->last.id);
  g_assert_cmpuint (info->first_event, ==, walk->last.first_event + walk->last.n_events);
  g_assert_cmpuint (info->first_row, ==, walk->last.first_row + walk->last.n_rows);
  walk->last = *info;
  walk->n++;

  data = duplex_capture_file_read_block (walk->file, info->id, &size, &error);
  g_assert_true ((data != NULL) == (error == NULL));
  /* Not of info's size: where pages are damaged two rows may have one id, and what is found by it
   * is the other. */
  if (data != NULL)
    g_assert_cmpuint (size, >, 0);

  return TRUE;
}

static void
note_cb (guint64     event,
         gboolean    bookmarked,
         const char *comment,
         gpointer    user_data)
{
  ++*(guint *)user_data;
  g_assert_true (comment == NULL || g_utf8_validate (comment, -1, NULL));
}

static void
read_all (DuplexCaptureFile *file)
{
  g_autoptr (GArray) connecting = duplex_capture_file_dup_connecting (file);
  g_autofree char   *title = duplex_capture_file_dup_meta (file, "title");
  g_autofree char   *missing = NULL;
  Walk               walk = { .file = file };
  guint              n_notes = 0;
  guint8             buffer[5000];

  g_assert_nonnull (connecting);
  g_assert_true (title == NULL || g_utf8_validate (title, -1, NULL));
  duplex_capture_file_walk_blocks (file, 1, block_cb, &walk, &missing);
  g_assert_true (walk.n >= N_BLOCKS || missing != NULL);
  duplex_capture_file_walk_notes (file, note_cb, &n_notes);
  for (guint64 payload = 1; payload <= N_BLOCKS; payload += 5)
    {
      gsize n = duplex_capture_file_read_payload (file, payload, 0, buffer, sizeof buffer);

      g_assert_cmpuint (n, <=, sizeof buffer);
    }
}

/* The same of a file that takes changes: they may fail and must not break anything. They wait for
 * the disk, so not every input is used for that. */
static void
change_all (const char *path)
{
  g_autoptr (DuplexCaptureFile) file = duplex_capture_file_open_to_change (path, NULL);

  if (file == NULL)
    return;

  if (duplex_capture_file_begin (file, NULL) &&
      duplex_capture_file_put_note (file, 5, FALSE, NULL, NULL) &&
      duplex_capture_file_put_note (file, 1000, TRUE, "a comment", NULL) &&
      duplex_capture_file_put_meta (file, "title", "Changed", NULL) &&
      duplex_capture_file_commit (file, NULL))
    read_all (file);
  else
    duplex_capture_file_rollback (file);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzInput                     input = { data, size };
  g_auto (DuplexCaptureSummary) summary = { 0 };
  g_autoptr (DuplexCaptureFile) file = NULL;
  g_autoptr (GError)            error = NULL;
  g_autofree char              *path = NULL;

  if (folder == NULL)
    make_bases ();
  path = get_path ("");
  write_changed (&input);

  /* Ends the program where a file sends the reader in circles. */
  alarm (TIME_LIMIT);
  file = duplex_capture_file_open (path, &error);
  g_assert_true ((file != NULL) == (error == NULL));
  if (file != NULL)
    read_all (file);
  else
    g_assert_true (error->domain == G_IO_ERROR && g_utf8_validate (error->message, -1, NULL));
  g_clear_pointer (&file, duplex_capture_file_free);
  g_assert_true (duplex_capture_file_read_summary (path, &summary, NULL) == (error == NULL));
  if (size > 0 && data[0] & 0x40)
    change_all (path);
  alarm (0);

  remove_files ();
  return 0;
}
