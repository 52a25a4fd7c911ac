/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-history-export.h"

#include <string.h>
#include <unistd.h>

#include "core/model/duplex-capture.h"
#include "duplex-history-support.h"
#include "duplex-model-support.h"

typedef struct
{
  char         *folder;
  char         *path;
  GFile        *target;
  GAsyncResult *result;
  guint64       done;
  guint64       total;
} Fixture;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  DuplexCaptureOrigin       origin = { .profile_name = "Demo" };
  g_autofree char          *target = NULL;
  g_autoptr (GError)        error = NULL;

  f->folder = duplex_test_make_folder ();
  f->path = g_build_filename (f->folder, "a.duplex", NULL);
  target = g_build_filename (f->folder, "out", NULL);
  f->target = g_file_new_for_path (target);
  g_assert_true (duplex_capture_record (capture, f->path, &origin, &error));
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *text = g_strdup_printf ("message %u", i);
      DuplexEvent      event = duplex_test_text (text);

      duplex_capture_append (capture, &event);
    }
  g_assert_true (duplex_capture_finish (capture, &error));
  g_assert_no_error (error);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_clear_object (&f->result);
  g_clear_object (&f->target);
  g_clear_pointer (&f->path, g_free);
  duplex_test_remove_folder (f->folder);
}

static void
progress_cb (guint64  done,
             guint64  total,
             gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_cmpuint (done, <=, total);
  g_assert_cmpuint (done, >=, f->done);
  f->done = done;
  f->total = total;
}

static char *
read_target (Fixture *f,
             gsize   *ret_size)
{
  char *text = NULL;

  g_file_load_contents (f->target, NULL, &text, ret_size, NULL, NULL);
  return text;
}

static void
test_jsonl (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *text = NULL;
  g_auto (GStrv)     lines = NULL;

  g_assert_true (duplex_history_export (f->path, DUPLEX_HISTORY_EXPORT_JSONL, f->target, NULL,
                                        progress_cb, f, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->done, ==, 1000);
  g_assert_cmpuint (f->total, ==, 1000);

  text = read_target (f, NULL);
  lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 1001);
  g_assert_nonnull (strstr (lines[0], "\"message 0\""));
  g_assert_nonnull (strstr (lines[999], "\"message 999\""));
  g_assert_cmpstr (lines[1000], ==, "");
}

static void
test_copy (Fixture      *f,
           gconstpointer data)
{
  g_autoptr (GError)        error = NULL;
  g_autoptr (DuplexCapture) capture = NULL;
  g_autofree char          *target = g_file_get_path (f->target);
  DuplexTotals              totals;

  g_assert_true (duplex_history_export (f->path, DUPLEX_HISTORY_EXPORT_COPY, f->target, NULL, NULL,
                                        NULL, &error));
  g_assert_no_error (error);
  capture = duplex_capture_open (target, &error);
  g_assert_no_error (error);
  duplex_capture_get_totals (capture, &totals);
  g_assert_cmpuint (totals.messages[1], ==, 1000);
}

/* A copy is one file, also of a recording that was broken off with all of it in the -wal. */
static void
test_copy_of_an_interrupted_one (Fixture      *f,
                                 gconstpointer data)
{
  g_autofree char              *path = g_build_filename (f->folder, "b.duplex", NULL);
  g_autofree char              *target = g_file_get_path (f->target);
  g_auto (DuplexCaptureSummary) summary = { 0 };
  g_autoptr (DuplexCaptureFile) live = NULL;
  g_autoptr (GError)            error = NULL;

  live = duplex_test_record_session (path, &(DuplexTestSession){ .messages = 7, .title = "x" });
  g_assert_false (duplex_history_export (path, DUPLEX_HISTORY_EXPORT_COPY, f->target, NULL, NULL,
                                         NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_clear_error (&error);

  g_clear_pointer (&live, duplex_capture_file_free);
  g_assert_true (duplex_history_export (path, DUPLEX_HISTORY_EXPORT_COPY, f->target, NULL, NULL,
                                        NULL, &error));
  g_assert_no_error (error);
  g_assert_true (duplex_capture_file_read_summary (target, &summary, &error));
  g_assert_cmpuint (summary.totals.messages[1], ==, 7);
}

/* The old file stays. */
static void
test_failures (Fixture      *f,
               gconstpointer data)
{
  static const DuplexHistoryFormat formats[] = { DUPLEX_HISTORY_EXPORT_JSONL,
                                                 DUPLEX_HISTORY_EXPORT_COPY };
  g_autoptr (GCancellable)         cancelled = g_cancellable_new ();
  g_autoptr (GFile)                self = g_file_new_for_path (f->path);
  g_autofree char                 *missing = g_build_filename (f->folder, "missing", NULL);

  g_cancellable_cancel (cancelled);
  g_assert_true (g_file_replace_contents (f->target, "old", 3, NULL, FALSE, G_FILE_CREATE_NONE,
                                          NULL, NULL, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char   *text = NULL;

      g_assert_false (
        duplex_history_export (f->path, formats[i], f->target, cancelled, NULL, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
      g_assert_false (duplex_history_export (f->path, formats[i], self, NULL, NULL, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
      g_clear_error (&error);
      g_assert_false (
        duplex_history_export (missing, formats[i], f->target, NULL, NULL, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      text = read_target (f, NULL);
      g_assert_cmpstr (text, ==, "old");
    }
}

/* By another name it is the session itself all the same; and a recording that goes on is not
 * replaced. */
static void
test_not_over_a_session (Fixture      *f,
                         gconstpointer data)
{
  static const DuplexHistoryFormat formats[] = { DUPLEX_HISTORY_EXPORT_JSONL,
                                                 DUPLEX_HISTORY_EXPORT_COPY };
  g_autofree char                 *target = g_file_get_path (f->target);
  g_autofree char                 *recorded = g_build_filename (f->folder, "r.duplex", NULL);
  g_autoptr (GFile)                live_target = g_file_new_for_path (recorded);
  g_autoptr (DuplexCaptureFile)    live = NULL;
  g_auto (DuplexCaptureSummary)    summary = { 0 };
  g_autoptr (GError)               error = NULL;

  live = duplex_test_record_session (recorded, &(DuplexTestSession){ .messages = 7 });
  g_assert_cmpint (symlink (f->path, target), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_assert_false (
        duplex_history_export (f->path, formats[i], f->target, NULL, NULL, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
      g_clear_error (&error);
      g_assert_false (
        duplex_history_export (f->path, formats[i], live_target, NULL, NULL, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
      g_clear_error (&error);
    }
  g_assert_true (duplex_capture_file_read_summary (f->path, &summary, &error));
  g_assert_cmpuint (summary.totals.messages[1], ==, 1000);
}

static void
ready_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  ((Fixture *)user_data)->result = g_object_ref (result);
}

static gboolean
has_result (gpointer user_data)
{
  return ((Fixture *)user_data)->result != NULL;
}

static void
test_async (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError)       error = NULL;
  g_autofree char         *text = NULL;

  duplex_history_export_async (f->path, DUPLEX_HISTORY_EXPORT_JSONL, f->target, cancellable,
                               progress_cb, ready_cb, f);
  duplex_test_wait (NULL, has_result, f, "the export");
  g_assert_true (duplex_history_export_finish (f->result, &error));
  g_assert_no_error (error);
  text = read_target (f, NULL);
  g_assert_nonnull (text);

  g_clear_object (&f->result);
  g_cancellable_cancel (cancellable);
  duplex_history_export_async (f->path, DUPLEX_HISTORY_EXPORT_JSONL, f->target, cancellable, NULL,
                               ready_cb, f);
  duplex_test_wait (NULL, has_result, f, "the export that was given up");
  g_assert_false (duplex_history_export_finish (f->result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

#define ADD(name, test) \
  g_test_add ("/core/history-export/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("jsonl", test_jsonl);
  ADD ("copy", test_copy);
  ADD ("copy-of-an-interrupted-one", test_copy_of_an_interrupted_one);
  ADD ("failures", test_failures);
  ADD ("not-over-a-session", test_not_over_a_session);
  ADD ("async", test_async);

  return g_test_run ();
}
