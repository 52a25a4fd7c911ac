/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-file.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "duplex-file-support.h"
#include "duplex-model-support.h"

/* Files whose program was killed, that may not be written, or that were cut short. */

/* Whom files and folders of others are read-only to, also where the tests run as root. */
#define NOBODY 65534

/* Runs func in a process of its own, which it may end as it likes. Returns what waitpid() says. */
static int
run_child (int (*func) (DuplexTestFile *),
           DuplexTestFile *fixture)
{
  pid_t pid;
  int   status;

  /* What stands in buffers would be written twice. */
  fflush (NULL);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    _exit (func (fixture));
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);

  return status;
}

/* The same without a right to change the folder or a file in it. */
static int
run_without_rights (int (*func) (DuplexTestFile *),
                    DuplexTestFile *fixture)
{
  int status;

  g_chmod (fixture->path, 0444);
  g_chmod (fixture->wal, 0444);
  g_chmod (fixture->folder, 0555);
  status = run_child (func, fixture);
  g_chmod (fixture->folder, 0755);
  g_assert_true (WIFEXITED (status));

  return WEXITSTATUS (status);
}

static gboolean
try_drop_rights (void)
{
  return getuid () != 0 || (setgid (NOBODY) == 0 && setuid (NOBODY) == 0);
}

static void
drop_rights (void)
{
  g_assert_true (try_drop_rights ());
}

static int
die_while_writing (DuplexTestFile *fixture)
{
  DuplexCaptureFile     *file = duplex_test_begin_file (fixture->path, 10);
  DuplexCaptureBlockInfo info;

  duplex_test_put_blocks (file, 11, 20);
  duplex_capture_file_begin (file, NULL);
  for (guint64 id = 21; id < 60; id++)
    {
      GBytes *bytes = duplex_test_fill_block (id, &info);

      duplex_capture_file_put_block (file, &info, g_bytes_get_data (bytes, NULL), NULL);
    }
  raise (SIGKILL);

  return 0;
}

static void
make_killed (DuplexTestFile *fixture)
{
  int status = run_child (die_while_writing, fixture);

  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
  g_assert_true (g_file_test (fixture->wal, G_FILE_TEST_EXISTS));
}

static void
test_killed (DuplexTestFile *fixture,
             gconstpointer   unused)
{
  g_auto (DuplexCaptureSummary) summary = { 0 };
  g_autoptr (DuplexCaptureFile) file = NULL;
  g_autoptr (GError)            error = NULL;
  char                         *missing;

  make_killed (fixture);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (duplex_test_check_file (fixture->path, &missing), ==, 20);
      g_assert_cmpstr (missing, ==, NULL);
      g_assert_true (duplex_capture_file_read_summary (fixture->path, &summary, NULL));
      g_assert_true (summary.is_live);
      g_assert_cmpuint (summary.totals.events, ==, 20 * DUPLEX_TEST_EVENTS);
      duplex_capture_summary_clear (&summary);
    }

  /* A change leaves it as it is; settling makes one file of it, which misses nothing. */
  file = duplex_capture_file_open_to_change (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_true (duplex_capture_file_put_note (file, 5, TRUE, NULL, NULL));
  g_clear_pointer (&file, duplex_capture_file_free);
  g_assert_true (g_file_test (fixture->wal, G_FILE_TEST_EXISTS));

  file = duplex_capture_file_open_to_change (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_true (duplex_capture_file_settle (file, &error));
  g_assert_no_error (error);
  g_clear_pointer (&file, duplex_capture_file_free);
  g_assert_false (g_file_test (fixture->wal, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (fixture->shm, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (duplex_test_check_file (fixture->path, &missing), ==, 20);
  g_assert_cmpstr (missing, ==, NULL);
  g_assert_true (duplex_capture_file_read_summary (fixture->path, &summary, NULL));
  g_assert_true (summary.is_live);
}

/* The number of blocks, or 100 and more for what should not be. */
static int
count_without_rights (DuplexTestFile *fixture)
{
  g_autoptr (GError)            error = NULL;
  g_autoptr (DuplexCaptureFile) file = NULL;
  g_autofree char              *missing = NULL;
  guint64                       n;
  gsize                         size;

  drop_rights ();
  if (access (fixture->path, W_OK) == 0 || access (fixture->folder, W_OK) == 0)
    return 100;
  if (duplex_capture_file_open_to_change (fixture->path, &error) != NULL ||
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    return 101;

  g_clear_error (&error);
  file = duplex_capture_file_open (fixture->path, &error);
  if (file == NULL)
    return 102;
  n = duplex_test_check_blocks (file, &missing);
  if (missing != NULL)
    return 103;
  g_free (duplex_capture_file_read_block (file, n, &size, &error));

  return error == NULL ? (int)n : 104;
}

static int
enter_without_rights (DuplexTestFile *fixture)
{
  return try_drop_rights () && access (fixture->folder, X_OK) == 0;
}

/* Root's temporary folder may be closed to others, and a sandbox may have no others. */
static gboolean
can_drop_rights (DuplexTestFile *fixture)
{
  return run_without_rights (enter_without_rights, fixture) == 1;
}

/* With the -wal's index, with one that cannot be read, and without: nothing of the -wal is lost. */
static void
test_killed_read_only (DuplexTestFile *fixture,
                       gconstpointer   unused)
{
  if (!can_drop_rights (fixture))
    {
      g_test_skip ("nobody else can be here, or enter the temporary folder");
      return;
    }

  make_killed (fixture);
  g_assert_cmpint (g_chmod (fixture->shm, 0444), ==, 0);
  g_assert_cmpint (run_without_rights (count_without_rights, fixture), ==, 20);
  g_assert_cmpint (g_chmod (fixture->shm, 0), ==, 0);
  g_assert_cmpint (run_without_rights (count_without_rights, fixture), ==, 20);
  g_assert_cmpint (g_unlink (fixture->shm), ==, 0);
  g_assert_cmpint (run_without_rights (count_without_rights, fixture), ==, 20);
  g_assert_true (g_file_test (fixture->wal, G_FILE_TEST_EXISTS));
}

static void
test_closed_read_only (DuplexTestFile *fixture,
                       gconstpointer   unused)
{
  if (!can_drop_rights (fixture))
    {
      g_test_skip ("nobody else can be here, or enter the temporary folder");
      return;
    }

  duplex_test_make_file (fixture->path, 10);
  g_assert_cmpint (run_without_rights (count_without_rights, fixture), ==, 10);
}

static int
open_forbidden (DuplexTestFile *fixture)
{
  g_autoptr (GError) error = NULL;

  drop_rights ();

  return duplex_capture_file_open (fixture->path, &error) == NULL &&
             g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED)
           ? 0
           : 1;
}

static void
test_forbidden (DuplexTestFile *fixture,
                gconstpointer   unused)
{
  if (!can_drop_rights (fixture))
    {
      g_test_skip ("nobody else can be here, or enter the temporary folder");
      return;
    }

  duplex_test_make_file (fixture->path, 1);
  g_chmod (fixture->folder, 0755);
  g_chmod (fixture->path, 0);
  g_assert_cmpint (run_child (open_forbidden, fixture), ==, 0);
}

/* What a file says that came without what stood beside it. */
static void
test_wal_lost (DuplexTestFile *fixture,
               gconstpointer   unused)
{
  char *missing;

  make_killed (fixture);
  g_unlink (fixture->wal);
  g_unlink (fixture->shm);
  g_assert_cmpuint (duplex_test_check_file (fixture->path, &missing), <, 20);
  g_assert_nonnull (strstr (missing, "-wal"));
  g_free (missing);
}

/* A change that was broken off when part of it was in the file is taken back. */
static int
die_while_changing (DuplexTestFile *fixture)
{
  DuplexCaptureFile *file = duplex_capture_file_open_to_change (fixture->path, NULL);
  char              *large = g_strnfill (4 * 1024 * 1024, 'x');

  duplex_capture_file_begin (file, NULL);
  duplex_capture_file_put_meta (file, "title", large, NULL);
  duplex_capture_file_put_meta (file, "profile", large, NULL);
  raise (SIGKILL);

  return 0;
}

static void
test_journal (DuplexTestFile *fixture,
              gconstpointer   unused)
{
  g_autofree char              *journal = g_strconcat (fixture->path, "-journal", NULL);
  g_autofree char              *title = NULL;
  g_autoptr (DuplexCaptureFile) file = NULL;
  char                         *missing;

  duplex_test_make_file (fixture->path, 10);
  g_assert_true (WIFSIGNALED (run_child (die_while_changing, fixture)));
  g_assert_true (g_file_test (journal, G_FILE_TEST_EXISTS));
  file = duplex_capture_file_open (fixture->path, NULL);
  g_assert_nonnull (file);
  title = duplex_capture_file_dup_meta (file, "title");
  g_assert_cmpstr (title, ==, "A title");
  g_assert_cmpuint (duplex_test_check_blocks (file, &missing), ==, 10);
  g_assert_cmpstr (missing, ==, NULL);
  g_assert_false (g_file_test (journal, G_FILE_TEST_EXISTS));
}

/* A largest size of files is a full disk too. */
static int
write_too_much (DuplexTestFile *fixture)
{
  static const struct rlimit limit = { 1024 * 1024, 1024 * 1024 };
  DuplexCaptureFile         *file = duplex_test_begin_file (fixture->path, 4);
  DuplexCaptureBlockInfo     info;
  GError                    *error = NULL;

  signal (SIGXFSZ, SIG_IGN);
  setrlimit (RLIMIT_FSIZE, &limit);
  for (guint64 id = 5; id < 100; id++)
    {
      GBytes *bytes = duplex_test_fill_block (id, &info);

      if (!duplex_capture_file_begin (file, &error) ||
          !duplex_capture_file_put_block (file, &info, g_bytes_get_data (bytes, NULL), &error) ||
          !duplex_capture_file_commit (file, &error))
        break;
    }
  duplex_capture_file_rollback (file);

  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE) ? (int)info.id : 0;
}

static void
test_too_large (DuplexTestFile *fixture,
                gconstpointer   unused)
{
  int   status = run_child (write_too_much, fixture);
  char *missing;

  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), >, 4);
  g_assert_cmpuint (duplex_test_check_file (fixture->path, &missing), ==,
                    WEXITSTATUS (status) - 1);
  g_assert_cmpstr (missing, ==, NULL);
}

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

/* Whatever the length: what is whole is there, and that something is missing is said. */
static void
test_cut (DuplexTestFile *fixture,
          gconstpointer   unused)
{
  g_autofree guint8 *bytes = NULL;
  gsize              size;
  guint64            before = 0;

  duplex_test_make_file (fixture->path, 40);
  g_assert_true (g_file_get_contents (fixture->path, (char **)&bytes, &size, NULL));

  for (gsize length = 0; length < size; length += length < 400 ? 33 : 9973)
    {
      g_autoptr (DuplexCaptureFile) file = NULL;
      g_autoptr (GError)            error = NULL;
      g_autofree char              *missing = NULL;
      guint64                       n;

      write_bytes (fixture->path, bytes, length);
      file = duplex_capture_file_open (fixture->path, &error);
      if (file == NULL)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
          g_assert_cmpuint (length, <, 40000);
          continue;
        }

      n = duplex_test_check_blocks (file, &missing);
      g_assert_nonnull (missing);
      g_assert_cmpuint (n, >=, before);
      before = n;
      for (guint64 id = 1; id <= n; id++)
        {
          gsize              data_size;
          g_autofree guint8 *data = duplex_capture_file_read_block (file, id, &data_size, NULL);

          g_assert_nonnull (data);
        }
      g_assert_null (duplex_capture_file_open_to_change (fixture->path, NULL));
    }
  g_assert_cmpuint (before, ==, 40);
}

static void
test_cut_text (DuplexTestFile *fixture,
               gconstpointer   unused)
{
  g_auto (DuplexCaptureSummary) summary = { 0 };
  g_autofree guint8            *bytes = NULL;
  g_autofree char              *expected = NULL;
  g_autofree char              *missing = NULL;
  gsize                         size;
  guint64                       n;

  duplex_test_make_file (fixture->path, 40);
  g_assert_true (g_file_get_contents (fixture->path, (char **)&bytes, &size, NULL));
  write_bytes (fixture->path, bytes, size / 2);
  n = duplex_test_check_file (fixture->path, &missing);
  g_assert_cmpuint (n, >, 10);
  g_assert_cmpuint (n, <, 40);
  expected = g_strdup_printf ("%u of 400 events are missing at the end: the file is cut short or "
                              "damaged",
                              (guint)(40 - n) * DUPLEX_TEST_EVENTS);
  g_assert_cmpstr (missing, ==, expected);
  g_assert_true (duplex_capture_file_read_summary (fixture->path, &summary, NULL));
  g_assert_cmpstr (summary.title, ==, "A title");
}

/* Ids of payloads that are a small chunk each, whose rows are many pages of PAGE bytes. */
#define FIRST_SMALL 100
#define LAST_SMALL  300
#define PAGE        512

static void
make_deep (DuplexTestFile *fixture)
{
  g_autoptr (DuplexCaptureFile) file = duplex_test_begin_file (fixture->path, 200);
  guint8                        small[400];

  memset (small, 's', sizeof small);
  duplex_capture_file_begin (file, NULL);
  for (guint64 id = FIRST_SMALL; id <= LAST_SMALL; id++)
    g_assert_true (duplex_capture_file_put_chunk (file, id, 0, small, sizeof small, NULL));
  g_assert_true (duplex_capture_file_commit (file, NULL));
  g_assert_true (duplex_capture_file_finish (file, NULL));
  g_clear_pointer (&file, duplex_capture_file_free);
  duplex_test_run_sql (fixture->path, "PRAGMA page_size = " G_STRINGIFY (PAGE) "; VACUUM");
}

/* The chunks are the last: when 30 of the small ones are left, all before them are there. */
static void
check_chunks (DuplexTestFile *fixture,
              const guint8   *bytes,
              gsize           size)
{
  g_autoptr (DuplexCaptureFile) file = NULL;
  g_autofree guint8            *buffer = g_malloc (4 * DUPLEX_CAPTURE_FILE_CHUNK);

  write_bytes (fixture->path, bytes, size - (LAST_SMALL - FIRST_SMALL - 30) * PAGE);
  file = duplex_capture_file_open (fixture->path, NULL);
  g_assert_nonnull (file);
  g_assert_cmpuint (
    duplex_capture_file_read_payload (file, 7, 0, buffer, 4 * DUPLEX_CAPTURE_FILE_CHUNK), ==,
    2 * DUPLEX_CAPTURE_FILE_CHUNK + 1000);
  g_assert_cmpint (buffer[2 * DUPLEX_CAPTURE_FILE_CHUNK + 999], ==, 'c');
  g_assert_cmpuint (duplex_capture_file_read_payload (file, FIRST_SMALL, 10, buffer, 1000), ==,
                    390);
  g_assert_cmpuint (duplex_capture_file_read_payload (file, LAST_SMALL, 0, buffer, 1), ==, 0);
}

/* Small pages make of a small file what a gigabyte is with ours: the way to the first rows leads
 * over pages that are cut off. The rows are found without it. */
static void
test_cut_deep (DuplexTestFile *fixture,
               gconstpointer   unused)
{
  g_autofree guint8 *bytes = NULL;
  gsize              size;
  guint64            before = 0;

  make_deep (fixture);
  g_assert_true (g_file_get_contents (fixture->path, (char **)&bytes, &size, NULL));
  for (guint percent = 10; percent < 100; percent += 6)
    {
      g_autoptr (DuplexCaptureFile) file = NULL;
      g_autofree char              *missing = NULL;
      guint64                       n;

      write_bytes (fixture->path, bytes, size / 100 * percent);
      file = duplex_capture_file_open (fixture->path, NULL);
      g_assert_nonnull (file);
      n = duplex_test_check_blocks (file, &missing);
      g_assert_nonnull (missing);
      g_assert_cmpuint (n + 20, >=, 200 * percent / 100);
      g_assert_cmpuint (n, >=, before);
      before = n;
    }

  check_chunks (fixture, bytes, size);
}

static void
count_note_cb (guint64     event,
               gboolean    bookmarked,
               const char *comment,
               gpointer    user_data)
{
  ++*(guint *)user_data;
}

static gboolean
check_data_cb (const DuplexCaptureBlockInfo *info,
               gpointer                      user_data)
{
  DuplexCaptureBlockInfo expected;
  g_autoptr (GBytes)     bytes = NULL;
  g_autofree guint8     *data = NULL;
  gsize                  size;

  g_assert_cmpuint (info->id, <=, 10);
  bytes = duplex_test_fill_block (info->id, &expected);
  data = duplex_capture_file_read_block (user_data, info->id, &size, NULL);
  if (data != NULL)
    g_assert_cmpmem (data, size, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  return TRUE;
}

/* One byte is wrong: what is read as a block's is what was written. */
static void
test_flipped (DuplexTestFile *fixture,
              gconstpointer   unused)
{
  g_autoptr (GRand)  rand = g_rand_new_with_seed (20110413);
  g_autofree guint8 *bytes = NULL;
  gsize              size;
  guint              n_opened = 0;

  duplex_test_make_file (fixture->path, 10);
  g_assert_true (g_file_get_contents (fixture->path, (char **)&bytes, &size, NULL));

  for (guint i = 0; i < 500; i++)
    {
      /* Half of them where the tables' pages begin and end. */
      gsize                         page = g_rand_int_range (rand, 0, size / 16384) * 16384;
      gsize                         at = i % 2 == 0 ? (gsize)g_rand_int_range (rand, 0, size)
                                                    : page + g_rand_int_range (rand, 0, 200);
      guint8                        old = bytes[at];
      g_autoptr (GError)            error = NULL;
      g_autoptr (DuplexCaptureFile) file = NULL;
      g_autoptr (GArray)            connecting = NULL;
      g_autofree char              *missing = NULL;
      guint                         n_notes = 0;

      bytes[at] = g_rand_int (rand);
      write_bytes (fixture->path, bytes, size);
      bytes[at] = old;
      file = duplex_capture_file_open (fixture->path, &error);
      if (file == NULL)
        {
          g_assert_true (error->domain == G_IO_ERROR);
          continue;
        }
      n_opened++;
      duplex_capture_file_walk_blocks (file, 1, check_data_cb, file, &missing);
      duplex_capture_file_walk_notes (file, count_note_cb, &n_notes);
      connecting = duplex_capture_file_dup_connecting (file);
      g_assert_cmpuint (connecting->len, <=, 1);
    }
  g_assert_cmpuint (n_opened, >, 300);
}

#define ADD(name, func)                                                                        \
  g_test_add ("/core/capture-file/" name, DuplexTestFile, NULL, duplex_test_file_set_up, func, \
              duplex_test_file_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("killed", test_killed);
  ADD ("killed-read-only", test_killed_read_only);
  ADD ("closed-read-only", test_closed_read_only);
  ADD ("forbidden", test_forbidden);
  ADD ("wal-lost", test_wal_lost);
  ADD ("journal", test_journal);
  ADD ("too-large", test_too_large);
  ADD ("cut", test_cut);
  ADD ("cut-deep", test_cut_deep);
  ADD ("cut-text", test_cut_text);
  ADD ("flipped", test_flipped);

  return g_test_run ();
}
