/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-save.h"

#include <glib/gi18n.h>

#include "app/duplex-compat.h"
#include "app/duplex-message-bytes.h"
#include "app/duplex-row-hold.h"
#include "core/proto/duplex-error.h"

typedef struct
{
  DuplexRow *row;
  GFile     *file;
} Save;

static void
save_free (Save *save)
{
  g_clear_pointer (&save->row, duplex_row_hold_release);
  g_clear_object (&save->file);
  g_free (save);
}

/* A payload on its way to the file. */
typedef struct
{
  GOutputStream *stream;
  GCancellable  *cancellable;
  GError        *error;
} Output;

static gboolean
write_piece (const guint8 *data,
             gsize         size,
             gpointer      user_data)
{
  Output *output = user_data;

  return g_output_stream_write_all (output->stream, data, size, NULL, output->cancellable,
                                    &output->error);
}

static gboolean
write_payload (DuplexRow     *row,
               GOutputStream *stream,
               GCancellable  *cancellable,
               GError       **error)
{
  g_autoptr (DuplexMessageBytes) bytes = duplex_message_bytes_new (row);
  Output                         output = { stream, cancellable, NULL };
  guint64                        n_frames = duplex_row_get_n_frames (row);
  guint64                        n_there = duplex_message_bytes_walk (bytes, write_piece, &output);

  if (output.error != NULL)
    {
      g_propagate_error (error, output.error);
      return FALSE;
    }
  if (n_there < n_frames)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO,
                   "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " frames are gone",
                   n_frames - n_there, n_frames);
      return FALSE;
    }
  return TRUE;
}

gboolean
duplex_message_save_to_file (DuplexRow    *row,
                             GFile        *file,
                             GCancellable *cancellable,
                             GError      **error)
{
  g_autoptr (GFileOutputStream) stream = NULL;
  g_autoptr (GCancellable)      abandon = NULL;

  g_return_val_if_fail (DUPLEX_IS_ROW (row), FALSE);
  g_return_val_if_fail (G_IS_FILE (file), FALSE);

  stream = g_file_replace (file, NULL, /* make_backup= */ FALSE, G_FILE_CREATE_NONE, cancellable,
                           error);
  if (stream == NULL)
    return FALSE;
  if (write_payload (row, G_OUTPUT_STREAM (stream), cancellable, error))
    return g_output_stream_close (G_OUTPUT_STREAM (stream), cancellable, error);

  /* Closed when cancelled, GIO throws away what was written and leaves the old file. */
  abandon = g_cancellable_new ();
  g_cancellable_cancel (abandon);
  g_output_stream_close (G_OUTPUT_STREAM (stream), abandon, NULL);
  return FALSE;
}

static void
save_worker (GTask        *task,
             gpointer      source_object,
             gpointer      task_data,
             GCancellable *cancellable)
{
  Save   *save = task_data;
  GError *error = NULL;

  if (duplex_message_save_to_file (save->row, save->file, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
chosen_ready_cb (GObject      *parent,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  Save             *save = g_task_get_task_data (task);
  GError           *error = NULL;

  save->file = duplex_compat_choose_save_file_finish (GTK_WINDOW (parent), result, &error);
  if (save->file != NULL)
    g_task_run_in_thread (task, save_worker);
  else if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, FALSE);
}

void
duplex_message_save_async (DuplexRow          *row,
                           GtkWindow          *parent,
                           const char         *name,
                           GCancellable       *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  Save             *save;

  g_return_if_fail (DUPLEX_IS_ROW (row));
  g_return_if_fail (GTK_IS_WINDOW (parent));

  save = g_new0 (Save, 1);
  save->row = g_object_ref (row);
  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, duplex_message_save_async);
  g_task_set_task_data (task, save, (GDestroyNotify)save_free);
  duplex_compat_choose_save_file_async (parent, _ ("Save Message"), name, chosen_ready_cb,
                                        g_steal_pointer (&task));
}

gboolean
duplex_message_save_finish (GAsyncResult *result,
                            GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
