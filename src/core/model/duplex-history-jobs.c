/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What changes files of the history, each in a thread. */
#include "core/model/duplex-history-private.h"

static void
purge_worker (GTask        *task,
              gpointer      source_object,
              gpointer      task_data,
              GCancellable *cancellable)
{
  GError *error = NULL;

  if (duplex_history_files_destroy (task_data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
duplex_history_destroy_in_thread (const char *path)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_set_source_tag (task, duplex_history_destroy_in_thread);
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, purge_worker);
}

typedef struct
{
  char *path;
  char *title;
} Rename;

static void
rename_free (Rename *job)
{
  g_clear_pointer (&job->path, g_free);
  g_clear_pointer (&job->title, g_free);
  g_free (job);
}

static void
rename_worker (GTask        *task,
               gpointer      source_object,
               gpointer      task_data,
               GCancellable *cancellable)
{
  Rename                       *job = task_data;
  GError                       *error = NULL;
  g_autoptr (DuplexCaptureFile) file = duplex_capture_file_open_to_change (job->path, &error);

  if (file != NULL && duplex_capture_file_put_meta (file, "title", job->title, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
duplex_history_rename_async (DuplexHistory      *self,
                             DuplexHistoryEntry *entry,
                             const char         *title,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  Rename           *job;

  g_return_if_fail (DUPLEX_IS_HISTORY (self));
  g_return_if_fail (DUPLEX_IS_HISTORY_ENTRY (entry));

  job = g_new0 (Rename, 1);
  job->path = g_strdup (duplex_history_entry_get_path (entry));
  if (title != NULL && *title != '\0')
    job->title = g_strdup (title);
  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, duplex_history_rename_async);
  g_task_set_task_data (task, job, (GDestroyNotify)rename_free);
  g_task_run_in_thread (task, rename_worker);
}

gboolean
duplex_history_rename_finish (DuplexHistory *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;

  duplex_history_look (self);
  return TRUE;
}

typedef struct
{
  char   *folder;
  GStrv   keep; /* or NULL */
  guint64 budget;
  guint   count;
  guint64 bytes;
} Enforcement;

static void
enforcement_free (Enforcement *job)
{
  g_clear_pointer (&job->folder, g_free);
  g_clear_pointer (&job->keep, g_strfreev);
  g_free (job);
}

static void
enforce_worker (GTask        *task,
                gpointer      source_object,
                gpointer      task_data,
                GCancellable *cancellable)
{
  Enforcement *job = task_data;
  GError      *error = NULL;

  if (duplex_history_files_enforce (job->folder, job->budget, (const char *const *)job->keep,
                                    &job->count, &job->bytes, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
duplex_history_enforce_async (DuplexHistory      *self,
                              guint64             budget,
                              const char *const  *keep,
                              GAsyncReadyCallback callback,
                              gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  Enforcement      *job;

  g_return_if_fail (DUPLEX_IS_HISTORY (self));

  job = g_new0 (Enforcement, 1);
  job->folder = g_strdup (duplex_history_get_folder (self));
  job->keep = g_strdupv ((GStrv)keep);
  job->budget = budget;
  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, duplex_history_enforce_async);
  g_task_set_task_data (task, job, (GDestroyNotify)enforcement_free);
  g_task_run_in_thread (task, enforce_worker);
}

gboolean
duplex_history_enforce_finish (DuplexHistory *self,
                               GAsyncResult  *result,
                               guint         *ret_count,
                               guint64       *ret_bytes,
                               GError       **error)
{
  Enforcement *job;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  job = g_task_get_task_data (G_TASK (result));
  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;

  *ret_count = job->count;
  *ret_bytes = job->bytes;
  if (job->count > 0)
    duplex_history_look (self);
  return TRUE;
}

static void
clean_worker (GTask        *task,
              gpointer      source_object,
              gpointer      task_data,
              GCancellable *cancellable)
{
  duplex_history_files_clean (task_data);
  g_task_return_boolean (task, TRUE);
}

void
duplex_history_clean_in_thread (const char *folder)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (folder != NULL);

  task = g_task_new (NULL, NULL, NULL, NULL);
  g_task_set_source_tag (task, duplex_history_clean_in_thread);
  g_task_set_task_data (task, g_strdup (folder), g_free);
  g_task_run_in_thread (task, clean_worker);
}
