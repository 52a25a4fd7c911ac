/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-history-export.h"

#include <sys/stat.h>

#include "core/model/duplex-capture-file.h"
#include "core/model/duplex-export-jsonl.h"
#include "core/model/duplex-history-files.h"

/* Lines are written together, up to about this size. */
#define WRITE_SIZE 65536

/* For a bar that seems to move steadily. */
#define PROGRESS_US (100 * 1000)

/* -- JSON Lines -------------------------------------------------------------------------------- */

typedef struct
{
  DuplexCapture            *capture; /* borrowed, like all else but out */
  GOutputStream            *stream;
  GString                  *out;
  GCancellable             *cancellable;
  DuplexHistoryProgressFunc progress;
  gpointer                  progress_data;
  guint64                   total;
  GError                   *error; /* of writing */
} Writer;

static void
write_out (Writer *writer)
{
  if (writer->error == NULL)
    g_output_stream_write_all (writer->stream, writer->out->str, writer->out->len, NULL,
                               writer->cancellable, &writer->error);
  g_string_truncate (writer->out, 0);
}

static void
settle_cb (GString *out,
           gpointer user_data)
{
  if (out->len >= WRITE_SIZE)
    write_out (user_data);
}

static gboolean
write_event_cb (const DuplexEvent *event,
                gpointer           user_data)
{
  Writer *writer = user_data;

  /* What is missing in a damaged file is told in the line. */
  duplex_export_jsonl_append (writer->out, writer->capture, event, settle_cb, writer);
  settle_cb (writer->out, writer);
  if (writer->progress != NULL)
    writer->progress (MIN (event->number + 1, writer->total), writer->total,
                      writer->progress_data);
  return writer->error == NULL && !g_cancellable_set_error_if_cancelled (writer->cancellable,
                                                                         &writer->error);
}

static gboolean
write_lines (Writer  *writer,
             GError **error)
{
  DuplexTotals totals;

  duplex_capture_get_totals (writer->capture, &totals);
  writer->total = MAX (totals.events, 1);
  if (totals.events > 0)
    duplex_capture_walk (writer->capture, 0, totals.events - 1, write_event_cb, writer);
  write_out (writer);
  if (writer->error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&writer->error));
  return FALSE;
}

static gboolean
export_jsonl (const char               *path,
              GFile                    *target,
              GCancellable             *cancellable,
              DuplexHistoryProgressFunc progress,
              gpointer                  progress_data,
              GError                  **error)
{
  g_autoptr (DuplexCapture)     capture = duplex_capture_open (path, error);
  g_autoptr (GFileOutputStream) stream = NULL;
  g_autoptr (GString)           out = g_string_sized_new (WRITE_SIZE);
  g_autoptr (GCancellable)      abandon = NULL;
  Writer                        writer = { .capture = capture,
                                           .out = out,
                                           .cancellable = cancellable,
                                           .progress = progress,
                                           .progress_data = progress_data };

  if (capture == NULL)
    return FALSE;

  stream = g_file_replace (target, NULL, /* make_backup= */ FALSE, G_FILE_CREATE_NONE, cancellable,
                           error);
  if (stream == NULL)
    return FALSE;
  writer.stream = G_OUTPUT_STREAM (stream);
  if (write_lines (&writer, error))
    return g_output_stream_close (writer.stream, cancellable, error);

  /* Closed when cancelled, GIO throws away what was written and leaves the old file. */
  abandon = g_cancellable_new ();
  g_cancellable_cancel (abandon);
  g_output_stream_close (writer.stream, abandon, NULL);
  return FALSE;
}

/* -- a copy ------------------------------------------------------------------------------------ */

typedef struct
{
  DuplexHistoryProgressFunc progress;
  gpointer                  user_data;
} Copy;

static void
copied_cb (goffset  done,
           goffset  total,
           gpointer user_data)
{
  Copy *copy = user_data;

  if (copy->progress != NULL && total > 0)
    copy->progress (done, total, copy->user_data);
}

/* What an interrupted recording left beside its file belongs into it. */
static gboolean
make_one_file (const char *path,
               GError    **error)
{
  g_autofree char              *wal = g_strconcat (path, "-wal", NULL);
  g_autoptr (DuplexCaptureFile) file = NULL;

  if (!g_file_test (wal, G_FILE_TEST_EXISTS))
    return TRUE;
  if (duplex_history_files_is_recorded (path))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s is being recorded", path);
      return FALSE;
    }

  file = duplex_capture_file_open_to_change (path, error);
  return file != NULL && duplex_capture_file_settle (file, error);
}

static gboolean
export_copy (const char               *path,
             GFile                    *target,
             GCancellable             *cancellable,
             DuplexHistoryProgressFunc progress,
             gpointer                  progress_data,
             GError                  **error)
{
  g_autoptr (GFile) source = g_file_new_for_path (path);
  Copy              copy = { progress, progress_data };

  return make_one_file (path, error) &&
         g_file_copy (source, target, G_FILE_COPY_OVERWRITE, cancellable, copied_cb, &copy, error);
}

/* A file may have several names; and what is recorded would go on without one. */
static gboolean
check_target (const char *path,
              GFile      *target,
              GError    **error)
{
  g_autofree char *other = g_file_get_path (target);
  struct stat      from;
  struct stat      to;

  if (other == NULL || stat (path, &from) != 0 || stat (other, &to) != 0)
    return TRUE;
  if (from.st_dev == to.st_dev && from.st_ino == to.st_ino)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "%s is the session itself", other);
      return FALSE;
    }
  if (duplex_history_files_is_recorded (other))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s is being recorded", other);
      return FALSE;
    }
  return TRUE;
}

gboolean
duplex_history_export (const char               *path,
                       DuplexHistoryFormat       format,
                       GFile                    *target,
                       GCancellable             *cancellable,
                       DuplexHistoryProgressFunc progress,
                       gpointer                  progress_data,
                       GError                  **error)
{
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (G_IS_FILE (target), FALSE);

  if (!check_target (path, target, error))
    return FALSE;

  switch (format)
    {
    case DUPLEX_HISTORY_EXPORT_COPY:
      return export_copy (path, target, cancellable, progress, progress_data, error);
    case DUPLEX_HISTORY_EXPORT_JSONL:
    default:
      return export_jsonl (path, target, cancellable, progress, progress_data, error);
    }
}

/* -- in a thread ------------------------------------------------------------------------------- */

typedef struct
{
  char                     *path;
  GFile                    *target;
  DuplexHistoryProgressFunc progress;
  gpointer                  user_data;
  DuplexHistoryFormat       format;
  gint64                    told; /* monotonic */
} Job;

typedef struct
{
  GTask  *task;
  guint64 done;
  guint64 total;
} Progress;

static void
job_free (Job *job)
{
  g_clear_pointer (&job->path, g_free);
  g_clear_object (&job->target);
  g_free (job);
}

static void
progress_free (Progress *progress)
{
  g_clear_object (&progress->task);
  g_free (progress);
}

static gboolean
progress_cb (gpointer user_data)
{
  Progress *progress = user_data;
  Job      *job = g_task_get_task_data (progress->task);

  if (!g_task_get_completed (progress->task))
    job->progress (progress->done, progress->total, job->user_data);
  return G_SOURCE_REMOVE;
}

static void
tell (guint64  done,
      guint64  total,
      gpointer user_data)
{
  GTask              *task = G_TASK (user_data);
  Job                *job = g_task_get_task_data (task);
  g_autoptr (GSource) source = NULL;
  Progress           *progress;

  if (job->progress == NULL || g_get_monotonic_time () - job->told < PROGRESS_US)
    return;

  job->told = g_get_monotonic_time ();
  progress = g_new0 (Progress, 1);
  progress->task = g_object_ref (task);
  progress->done = done;
  progress->total = total;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "[duplex] export goes on");
  g_source_set_callback (source, progress_cb, progress, (GDestroyNotify)progress_free);
  g_source_attach (source, g_task_get_context (task));
}

static void
export_worker (GTask        *task,
               gpointer      source_object,
               gpointer      task_data,
               GCancellable *cancellable)
{
  Job    *job = task_data;
  GError *error = NULL;

  if (duplex_history_export (job->path, job->format, job->target, cancellable, tell, task, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
duplex_history_export_async (const char               *path,
                             DuplexHistoryFormat       format,
                             GFile                    *target,
                             GCancellable             *cancellable,
                             DuplexHistoryProgressFunc progress,
                             GAsyncReadyCallback       callback,
                             gpointer                  user_data)
{
  g_autoptr (GTask) task = NULL;
  Job              *job;

  g_return_if_fail (path != NULL);
  g_return_if_fail (G_IS_FILE (target));

  job = g_new0 (Job, 1);
  job->path = g_strdup (path);
  job->target = g_object_ref (target);
  job->format = format;
  job->progress = progress;
  job->user_data = user_data;
  job->told = g_get_monotonic_time ();
  task = g_task_new (NULL, cancellable, callback, user_data);
  /* Who cancels waits until the thread has put the target back as it was. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_source_tag (task, duplex_history_export_async);
  g_task_set_task_data (task, job, (GDestroyNotify)job_free);
  g_task_run_in_thread (task, export_worker);
}

gboolean
duplex_history_export_finish (GAsyncResult *result,
                              GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
