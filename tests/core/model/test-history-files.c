/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-history-files.h"

#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>
#include <unistd.h>

#include "duplex-history-support.h"
#include "duplex-model-support.h"

static void
touch (const char *folder,
       const char *name,
       const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static gboolean
has (const char *folder,
     const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
test_names (void)
{
  static const struct
  {
    const char *name;
    const char *expected;
  } cases[] = {
    { "Demo", "2026-05-04T120102-demo.duplex" },
    { NULL, "2026-05-04T120102-session.duplex" },
    { "", "2026-05-04T120102-session.duplex" },
    { "..", "2026-05-04T120102-session.duplex" },
    { "../../etc/passwd", "2026-05-04T120102-etc-passwd.duplex" },
    { "My  API (test)", "2026-05-04T120102-my-api-test.duplex" },
    { "wss://api.example:8443/v1?token=x", "2026-05-04T120102-api-example-8443.duplex" },
    { "wss://me:p@ss@api.example/", "2026-05-04T120102-api-example.duplex" },
    { "Größe 12", "2026-05-04T120102-größe-12.duplex" },
    { "bad\xff"
      "bytes",
      "2026-05-04T120102-bad-bytes.duplex" },
  };
  char                 *folder = duplex_test_make_folder ();
  g_autoptr (GDateTime) when = g_date_time_new_local (2026, 5, 4, 12, 1, 2.5);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = duplex_history_files_make_path (folder, cases[i].name, when);
      g_autofree char *base = g_path_get_basename (path);

      g_assert_cmpstr (base, ==, cases[i].expected);
    }
  duplex_test_remove_folder (folder);
}

static void
test_long_name (void)
{
  char            *folder = duplex_test_make_folder ();
  g_autofree char *name = g_strnfill (1000, 'x');
  g_autofree char *path = duplex_history_new_path (folder, name);
  g_autofree char *base = g_path_get_basename (path);

  g_assert_cmpuint (strlen (base), <, 100);
  g_assert_true (g_str_has_suffix (base, DUPLEX_HISTORY_SUFFIX));
  duplex_test_remove_folder (folder);
}

/* Also what stands beside a capture, and what was taken away, keeps a name. */
static void
test_names_are_unique (void)
{
  char                 *folder = duplex_test_make_folder ();
  g_autoptr (GDateTime) when = g_date_time_new_local (2026, 5, 4, 12, 1, 2);
  g_autofree char      *path = NULL;
  g_autofree char      *base = NULL;

  touch (folder, "2026-05-04T120102-a.duplex", "");
  touch (folder, "2026-05-04T120102-a-2.duplex-wal", "");
  touch (folder, "2026-05-04T120102-a-3.duplex", "");
  path = g_build_filename (folder, "2026-05-04T120102-a-3.duplex", NULL);
  g_assert_true (duplex_history_files_take_away (path, NULL));
  g_clear_pointer (&path, g_free);

  path = duplex_history_files_make_path (folder, "a", when);
  base = g_path_get_basename (path);
  g_assert_cmpstr (base, ==, "2026-05-04T120102-a-4.duplex");
  duplex_test_remove_folder (folder);
}

static void
test_list (void)
{
  char                 *folder = duplex_test_make_folder ();
  g_autofree char      *missing = g_build_filename (folder, "missing", NULL);
  g_autofree char      *file = g_build_filename (folder, "a.duplex", NULL);
  g_autoptr (GPtrArray) paths = NULL;
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (GError)    error = NULL;

  touch (folder, "a.duplex", "");
  touch (folder, "a.duplex-wal", "");
  touch (folder, ".hidden.duplex", "");
  touch (folder, "notes.txt", "");
  paths = duplex_history_files_list (folder, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (paths->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (paths, 0), ==, file);

  none = duplex_history_files_list (missing, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_null (duplex_history_files_list (file, &error));
  g_assert_nonnull (error);
  duplex_test_remove_folder (folder);
}

static void
test_stat (void)
{
  char              *folder = duplex_test_make_folder ();
  g_autofree char   *path = g_build_filename (folder, "a.duplex", NULL);
  DuplexHistoryStamp stamp;

  g_assert_false (duplex_history_files_stat (path, &stamp));
  touch (folder, "a.duplex", "12345");
  touch (folder, "a.duplex-wal", "123");
  g_assert_true (duplex_history_files_stat (path, &stamp));
  g_assert_cmpuint (stamp.bytes, ==, 8);
  g_assert_cmpint (stamp.mtime_us, >, g_get_real_time () - 60 * G_USEC_PER_SEC);
  duplex_test_remove_folder (folder);
}

static void
test_take_away (void)
{
  char                 *folder = duplex_test_make_folder ();
  g_autofree char      *path = g_build_filename (folder, "a.duplex", NULL);
  g_autofree char      *text = NULL;
  g_autoptr (GPtrArray) paths = NULL;
  g_autoptr (GError)    error = NULL;

  g_assert_false (duplex_history_files_take_away (path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);

  touch (folder, "a.duplex", "one");
  touch (folder, "a.duplex-wal", "two");
  g_assert_true (duplex_history_files_take_away (path, &error));
  paths = duplex_history_files_list (folder, NULL);
  g_assert_cmpuint (paths->len, ==, 0);
  g_assert_false (has (folder, "a.duplex-wal"));

  g_assert_true (duplex_history_files_bring_back (path, &error));
  g_assert_true (has (folder, "a.duplex-wal"));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "one");

  g_assert_true (duplex_history_files_take_away (path, &error));
  touch (folder, "a.duplex", "another");
  g_assert_false (duplex_history_files_bring_back (path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_true (duplex_history_files_destroy (path, &error));
  g_assert_true (has (folder, "a.duplex"));
  g_assert_true (has (folder, ".deleted-a.duplex") == FALSE);
  g_assert_true (has (folder, ".deleted-a.duplex-wal") == FALSE);
  duplex_test_remove_folder (folder);
}

/* Whatever the moment at which a program died between two names. */
static void
test_recover (void)
{
  char *folder = duplex_test_make_folder ();

  touch (folder, ".deleted-whole.duplex", "");
  touch (folder, ".deleted-whole.duplex-wal", "");
  touch (folder, ".deleted-half.duplex", "");
  touch (folder, "half.duplex-wal", "");
  touch (folder, ".deleted-gone.duplex-wal", "");
  touch (folder, ".deleted-gone.duplex-shm", "");
  touch (folder, "coming.duplex-shm", "");
  touch (folder, ".deleted-coming.duplex-wal", "");
  touch (folder, ".deleted-coming.duplex", "");

  g_assert_cmpuint (duplex_history_files_recover (folder), ==, 3);
  g_assert_true (has (folder, "whole.duplex"));
  g_assert_true (has (folder, "whole.duplex-wal"));
  g_assert_true (has (folder, "half.duplex"));
  g_assert_true (has (folder, "half.duplex-wal"));
  g_assert_true (has (folder, "coming.duplex"));
  g_assert_true (has (folder, "coming.duplex-wal"));
  g_assert_false (has (folder, ".deleted-gone.duplex-wal"));
  g_assert_false (has (folder, ".deleted-gone.duplex-shm"));
  g_assert_false (has (folder, "gone.duplex"));
  duplex_test_remove_folder (folder);
}

/* Another window may still offer to undo. */
static void
test_recover_waits_for_the_living (void)
{
  char *folder = duplex_test_make_folder ();
  int   hold = duplex_history_files_hold (folder);
  int   second = duplex_history_files_hold (folder);

  g_assert_cmpint (hold, >=, 0);
  g_assert_cmpint (second, >=, 0);
  touch (folder, ".deleted-a.duplex", "");
  g_assert_cmpuint (duplex_history_files_recover (folder), ==, 0);
  close (hold);
  g_assert_cmpuint (duplex_history_files_recover (folder), ==, 0);
  close (second);
  g_assert_cmpuint (duplex_history_files_recover (folder), ==, 1);
  g_assert_true (has (folder, "a.duplex"));
  duplex_test_remove_folder (folder);
}

static void
test_recorded (void)
{
  char                         *folder = duplex_test_make_folder ();
  g_autofree char              *path = g_build_filename (folder, "a.duplex", NULL);
  g_autoptr (DuplexCaptureFile) file = NULL;
  g_autoptr (DuplexCaptureFile) reader = NULL;
  g_autoptr (GError)            error = NULL;

  g_assert_false (duplex_history_files_is_recorded (path));
  file = duplex_test_record_session (path, &(DuplexTestSession){ 0 });
  g_assert_true (duplex_history_files_is_recorded (path));
  g_clear_pointer (&file, duplex_capture_file_free);
  g_assert_false (duplex_history_files_is_recorded (path));

  /* Who reads it does not record it. */
  reader = duplex_capture_file_open (path, &error);
  g_assert_no_error (error);
  g_assert_false (duplex_history_files_is_recorded (path));
  duplex_test_remove_folder (folder);
}

static void
make_old (const char *folder,
          const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  struct utimbuf   times = { 1000000000, 1000000000 };

  g_assert_cmpint (g_utime (path, &times), ==, 0);
}

static void
test_clean (void)
{
  char                         *folder = duplex_test_make_folder ();
  g_autofree char              *missing = g_build_filename (folder, "missing", NULL);
  g_autofree char              *live_path = g_build_filename (folder, "live.duplex", NULL);
  g_autoptr (DuplexCaptureFile) live = NULL;

  live = duplex_test_record_session (live_path, &(DuplexTestSession){ 0 });
  touch (folder, "left.duplex", "");
  touch (folder, "left.duplex-shm", "");
  touch (folder, "new.duplex", "");
  touch (folder, "other", "");
  make_old (folder, "live.duplex");
  make_old (folder, "live.duplex-wal");
  make_old (folder, "left.duplex");
  g_assert_cmpuint (duplex_history_files_clean (folder), ==, 1);
  g_assert_false (has (folder, "left.duplex"));
  g_assert_false (has (folder, "left.duplex-shm"));
  g_assert_true (has (folder, "live.duplex"));
  g_assert_true (has (folder, "new.duplex"));
  g_assert_true (has (folder, "other"));
  g_assert_cmpuint (duplex_history_files_clean (missing), ==, 0);
  duplex_test_remove_folder (folder);
}

/* -- budget ------------------------------------------------------------------------------------ */

#define BALLAST 100000

static char *
write_session (const char *folder,
               const char *name)
{
  char *path = g_build_filename (folder, name, NULL);

  duplex_test_write_session (path, &(DuplexTestSession){ .ballast = BALLAST });
  return path;
}

static guint64
sum_up (const char *folder)
{
  g_autoptr (GPtrArray) paths = duplex_history_files_list (folder, NULL);
  guint64               sum = 0;

  for (guint i = 0; i < paths->len; i++)
    {
      DuplexHistoryStamp stamp;

      g_assert_true (duplex_history_files_stat (g_ptr_array_index (paths, i), &stamp));
      sum += stamp.bytes;
    }
  return sum;
}

static guint
enforce (const char        *folder,
         guint64            budget,
         const char *const *keep)
{
  g_autoptr (GError) error = NULL;
  guint64            before = sum_up (folder);
  guint64            bytes = 0;
  guint              count = 0;

  g_assert_true (duplex_history_files_enforce (folder, budget, keep, &count, &bytes, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (before - sum_up (folder), ==, bytes);
  return count;
}

/* The names are in the opposite order of the age. */
static void
test_budget (void)
{
  char            *folder = duplex_test_make_folder ();
  g_autofree char *first = write_session (folder, "d.duplex");
  g_autofree char *second = write_session (folder, "c.duplex");
  g_autofree char *third = write_session (folder, "b.duplex");
  g_autofree char *last = write_session (folder, "a.duplex");
  const char      *keep[] = { second, NULL };
  guint64          all = sum_up (folder);

  g_assert_cmpuint (enforce (folder, all, NULL), ==, 0);
  g_assert_cmpuint (enforce (folder, all - 1, NULL), ==, 1);
  g_assert_false (g_file_test (first, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (enforce (folder, all / 2, keep), ==, 1);
  g_assert_true (g_file_test (second, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (third, G_FILE_TEST_EXISTS));

  /* The newest stays, however small the budget is. */
  g_assert_cmpuint (enforce (folder, 0, NULL), ==, 1);
  g_assert_true (g_file_test (last, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (enforce (folder, 0, NULL), ==, 0);
  duplex_test_remove_folder (folder);
}

static void
test_budget_leaves_alone (void)
{
  char                         *folder = duplex_test_make_folder ();
  g_autofree char              *live_path = g_build_filename (folder, "live.duplex", NULL);
  g_autoptr (DuplexCaptureFile) live = NULL;
  g_autofree char              *old = NULL;
  g_autofree char              *last = NULL;

  live = duplex_test_record_session (live_path, &(DuplexTestSession){ .ballast = BALLAST });
  touch (folder, "strange.duplex", "this is no capture");
  old = write_session (folder, "old.duplex");
  last = write_session (folder, "last.duplex");

  g_assert_cmpuint (enforce (folder, 0, NULL), ==, 1);
  g_assert_true (has (folder, "strange.duplex"));
  g_assert_true (has (folder, "live.duplex"));
  g_assert_true (has (folder, "last.duplex"));
  g_assert_false (has (folder, "old.duplex"));
  duplex_test_remove_folder (folder);
}

static void
test_budget_of_nothing (void)
{
  char            *folder = duplex_test_make_folder ();
  g_autofree char *missing = g_build_filename (folder, "missing", NULL);
  g_autofree char *file = g_build_filename (folder, "file", NULL);
  guint64          bytes;
  guint            count;

  g_assert_cmpuint (enforce (missing, 0, NULL), ==, 0);
  touch (folder, "file", "");
  g_assert_false (duplex_history_files_enforce (file, 0, NULL, &count, &bytes, NULL));
  duplex_test_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/history-files/names", test_names);
  g_test_add_func ("/core/history-files/long-name", test_long_name);
  g_test_add_func ("/core/history-files/names-are-unique", test_names_are_unique);
  g_test_add_func ("/core/history-files/list", test_list);
  g_test_add_func ("/core/history-files/stat", test_stat);
  g_test_add_func ("/core/history-files/take-away", test_take_away);
  g_test_add_func ("/core/history-files/recover", test_recover);
  g_test_add_func ("/core/history-files/recover-waits-for-the-living",
                   test_recover_waits_for_the_living);
  g_test_add_func ("/core/history-files/recorded", test_recorded);
  g_test_add_func ("/core/history-files/clean", test_clean);
  g_test_add_func ("/core/history-files/budget", test_budget);
  g_test_add_func ("/core/history-files/budget-leaves-alone", test_budget_leaves_alone);
  g_test_add_func ("/core/history-files/budget-of-nothing", test_budget_of_nothing);

  return g_test_run ();
}
