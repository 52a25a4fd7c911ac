/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-history-scan.h"

#include <string.h>

/* Long enough that a list of thousands does not change all the time, short enough that a person
 * sees it grow. */
#define BATCH_US (150 * 1000)

typedef struct
{
  char                  *folder;
  GHashTable            *known;
  DuplexHistoryFoundFunc func;
  GAsyncReadyCallback    callback;
  gpointer               user_data;
} Scan;

typedef struct
{
  GTask     *task;
  GPtrArray *found;
} Batch;

static void
scan_free (Scan *scan)
{
  g_clear_pointer (&scan->folder, g_free);
  g_clear_pointer (&scan->known, g_hash_table_unref);
  g_free (scan);
}

void
duplex_history_found_free (DuplexHistoryFound *self)
{
  g_clear_pointer (&self->path, g_free);
  duplex_capture_summary_clear (&self->summary);
  g_clear_error (&self->error);
  g_free (self);
}

static void
batch_free (Batch *batch)
{
  g_clear_pointer (&batch->found, g_ptr_array_unref);
  g_clear_object (&batch->task);
  g_free (batch);
}

static gboolean
deliver_cb (gpointer user_data)
{
  Batch *batch = user_data;
  Scan  *scan = g_task_get_task_data (batch->task);

  if (!g_cancellable_is_cancelled (g_task_get_cancellable (batch->task)))
    scan->func (batch->found, scan->user_data);
  return G_SOURCE_REMOVE;
}

static void
deliver (GTask      *task,
         GPtrArray **found)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Batch              *batch = g_new0 (Batch, 1);

  batch->task = g_object_ref (task);
  batch->found = g_steal_pointer (found);
  *found = g_ptr_array_new_with_free_func ((GDestroyNotify)duplex_history_found_free);
  /* As important as the task's end, and attached before: it comes first. */
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "[duplex] captures found");
  g_source_set_callback (source, deliver_cb, batch, (GDestroyNotify)batch_free);
  g_source_attach (source, g_task_get_context (task));
}

/* NULL where the file has gone, or is as it was known. */
static DuplexHistoryFound *
look (Scan       *scan,
      const char *path)
{
  const DuplexHistoryKnown *known = g_hash_table_lookup (scan->known, path);
  DuplexHistoryStamp        stamp;
  DuplexHistoryFound       *found;

  if (!duplex_history_files_stat (path, &stamp))
    return NULL;
  if (known != NULL && !known->look_again && known->stamp.bytes == stamp.bytes &&
      known->stamp.mtime_us == stamp.mtime_us)
    return NULL;

  found = g_new0 (DuplexHistoryFound, 1);
  found->path = g_strdup (path);
  found->stamp = stamp;
  if (duplex_capture_file_read_summary (path, &found->summary, &found->error))
    found->is_recorded = found->summary.is_live && duplex_history_files_is_recorded (path);
  return found;
}

/* Names begin with the time, so that this is the newest first. */
static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *)b, *(const char *const *)a);
}

static void
scan_worker (GTask        *task,
             gpointer      source_object,
             gpointer      task_data,
             GCancellable *cancellable)
{
  Scan                  *scan = task_data;
  g_autoptr (GHashTable) all = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray)  batch = NULL;
  g_autoptr (GPtrArray)  paths = NULL;
  GError                *error = NULL;
  gint64                 sent = g_get_monotonic_time ();

  paths = duplex_history_files_list (scan->folder, &error);
  if (paths == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  batch = g_ptr_array_new_with_free_func ((GDestroyNotify)duplex_history_found_free);
  g_ptr_array_sort (paths, compare_names);
  for (guint i = 0; i < paths->len && !g_cancellable_is_cancelled (cancellable); i++)
    {
      const char         *path = g_ptr_array_index (paths, i);
      DuplexHistoryFound *found = look (scan, path);

      g_hash_table_add (all, g_strdup (path));
      if (found != NULL)
        g_ptr_array_add (batch, found);
      if (batch->len > 0 && g_get_monotonic_time () - sent > BATCH_US)
        {
          deliver (task, &batch);
          sent = g_get_monotonic_time ();
        }
    }
  if (batch->len > 0)
    deliver (task, &batch);
  g_task_return_pointer (task, g_steal_pointer (&all), (GDestroyNotify)g_hash_table_unref);
}

static void
scan_ready_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  Scan *scan = g_task_get_task_data (G_TASK (result));

  if (!g_cancellable_is_cancelled (g_task_get_cancellable (G_TASK (result))))
    scan->callback (NULL, result, scan->user_data);
}

void
duplex_history_scan_async (const char            *folder,
                           GHashTable            *known,
                           GCancellable          *cancellable,
                           DuplexHistoryFoundFunc func,
                           GAsyncReadyCallback    callback,
                           gpointer               user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, scan_ready_cb, NULL);
  Scan             *scan = g_new0 (Scan, 1);

  scan->folder = g_strdup (folder);
  scan->known = known;
  scan->func = func;
  scan->callback = callback;
  scan->user_data = user_data;
  g_task_set_source_tag (task, duplex_history_scan_async);
  g_task_set_task_data (task, scan, (GDestroyNotify)scan_free);
  g_task_run_in_thread (task, scan_worker);
}

GHashTable *
duplex_history_scan_finish (GAsyncResult *result,
                            GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
