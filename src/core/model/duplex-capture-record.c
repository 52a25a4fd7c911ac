/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The recording of a capture: to a file, to its end, and what is made of the file later. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "core/model/duplex-capture-begun.h"
#include "core/model/duplex-capture-private.h"
#include "core/model/duplex-redact.h"

void
duplex_capture_want_flush (DuplexCapture *self)
{
  if (self->wants_flush || self->writer == NULL)
    return;
  self->wants_flush = TRUE;
  duplex_capture_writer_want_flush (self->writer);
}

/* ---- what the writer reports, on its thread ---- */

static void
flush_cb (gpointer user_data)
{
  DuplexCapture *self = user_data;

  g_mutex_lock (&self->mutex);
  self->wants_flush = FALSE;
  duplex_capture_queue_open_chunks (self);
  duplex_capture_queue_last (self);
  duplex_capture_queue_begun (self);
  g_mutex_unlock (&self->mutex);
}

/* The last block stays in memory: it may still grow. */
static void
written_cb (const DuplexCaptureBlockInfo *info,
            gpointer                      user_data)
{
  DuplexCapture      *self = user_data;
  DuplexCaptureEntry *entry;

  g_mutex_lock (&self->mutex);
  entry = duplex_capture_index_find_event (&self->index, info->first_event);
  if (entry != NULL && entry->id == info->id)
    {
      entry->n_written = (guint32)info->n_events;
      if (entry != duplex_capture_index_get_last (&self->index))
        duplex_capture_cache_written (self, entry);
    }
  g_mutex_unlock (&self->mutex);
}

static void
lost_cb (const DuplexCaptureBlockInfo *info,
         gpointer                      user_data)
{
  DuplexCapture      *self = user_data;
  DuplexCaptureEntry *entry;

  g_mutex_lock (&self->mutex);
  entry = duplex_capture_index_find_event (&self->index, info->first_event);
  if (entry != NULL && entry->id == info->id)
    {
      entry->lost = TRUE;
      entry->n_findings = 0;
      g_clear_pointer (&entry->block, duplex_capture_block_unref);
    }
  duplex_capture_schedule_publish (self);
  g_mutex_unlock (&self->mutex);
}

static void
trouble_cb (const char *trouble,
            gpointer    user_data)
{
  DuplexCapture *self = user_data;

  g_mutex_lock (&self->mutex);
  g_free (self->trouble);
  self->trouble = g_strdup (trouble);
  if (self->recording != DUPLEX_RECORDING_ENDED)
    self->recording = trouble != NULL ? DUPLEX_RECORDING_STALLED : DUPLEX_RECORDING_ON;
  duplex_capture_schedule_publish (self);
  g_mutex_unlock (&self->mutex);
}

static void
room_cb (gpointer user_data)
{
  DuplexCapture *self = user_data;

  g_mutex_lock (&self->mutex);
  /* More may have come since it said so. */
  self->writer_full = self->writer != NULL && duplex_capture_writer_is_full (self->writer);
  duplex_capture_check_bound (self);
  g_mutex_unlock (&self->mutex);
}

static const DuplexCaptureWriterCallbacks writer_callbacks = {
  .flush = flush_cb,
  .written = written_cb,
  .lost = lost_cb,
  .trouble = trouble_cb,
  .room = room_cb,
};

/* ---- begin ---- */

/* A profile that is called as its URL has that in its id, where "_" stands for "/". */
static gboolean
has_secret (const char *id)
{
  g_auto (GStrv)   parts = g_strsplit (id, ":__", -1);
  g_autofree char *name = g_strjoinv ("://", parts);
  g_autofree char *clean = duplex_redact_dup_text (name);

  return !g_str_equal (name, clean);
}

static void
put_origin (DuplexCapture             *self,
            const DuplexCaptureOrigin *origin)
{
  g_autofree char *redacted = NULL;
  g_autofree char *redacted_name = NULL;
  const char      *json = origin->profile_json;
  const char      *name = origin->profile_name;

  duplex_capture_writer_put_meta (self->writer, "program", "Duplex " DUPLEX_VERSION);
  if (json != NULL && !origin->record_secrets)
    json = redacted = duplex_redact_profile (json);
  if (json != NULL)
    duplex_capture_writer_put_meta (self->writer, "profile", json);
  if (name != NULL && !origin->record_secrets)
    name = redacted_name = duplex_redact_dup_text (name);
  if (name != NULL)
    duplex_capture_writer_put_meta (self->writer, "profile-name", name);
  if (origin->profile_id != NULL && (origin->record_secrets || !has_secret (origin->profile_id)))
    duplex_capture_writer_put_meta (self->writer, "profile-id", origin->profile_id);
}

gboolean
duplex_capture_record (DuplexCapture             *self,
                       const char                *path,
                       const DuplexCaptureOrigin *origin,
                       GError                   **error)
{
  g_autoptr (GError) own = NULL;
  DuplexCaptureFile *file;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);
  g_return_val_if_fail (path != NULL && origin != NULL, FALSE);
  g_return_val_if_fail (self->path == NULL && self->next_number == 0, FALSE);

  file = duplex_capture_file_create (path, &own);
  if (file == NULL && !origin->keep_trying)
    {
      g_propagate_error (error, g_steal_pointer (&own));
      return FALSE;
    }
  g_mutex_lock (&self->mutex);
  self->path = g_strdup (path);
  self->record_secrets = origin->record_secrets;
  self->temporary = origin->temporary;
  self->recording = own == NULL ? DUPLEX_RECORDING_ON : DUPLEX_RECORDING_STALLED;
  self->trouble = own != NULL ? g_strdup (own->message) : NULL;
  self->writer = duplex_capture_writer_new (path, file, &writer_callbacks, self);
  put_origin (self, origin);
  duplex_capture_schedule_publish (self);
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

void
duplex_capture_set_max_pages (DuplexCapture *self,
                              guint          max_pages)
{
  duplex_capture_writer_set_max_pages (self->writer, max_pages);
}

/* ---- end ---- */

gboolean
duplex_capture_stop_writer (DuplexCapture *self,
                            GError       **error)
{
  DuplexCaptureWriter *writer;
  gboolean             done;

  /* Who reads must not stand in the way of making one plain file of it. */
  g_mutex_lock (&self->file_mutex);
  g_mutex_lock (&self->mutex);
  writer = self->recording != DUPLEX_RECORDING_ENDED ? self->writer : NULL;
  if (writer != NULL)
    self->recording = DUPLEX_RECORDING_ENDED;
  g_mutex_unlock (&self->mutex);
  if (writer == NULL)
    {
      g_mutex_unlock (&self->file_mutex);
      return TRUE;
    }
  g_clear_pointer (&self->file, duplex_capture_file_free);
  done = duplex_capture_writer_stop (writer, error);
  g_mutex_lock (&self->mutex);
  self->n_not_kept += duplex_capture_writer_get_n_lost (writer);
  self->writer = NULL;
  self->writer_full = FALSE;
  duplex_capture_check_bound (self);
  duplex_capture_schedule_publish (self);
  g_mutex_unlock (&self->mutex);
  duplex_capture_writer_free (writer);
  if (self->temporary)
    g_unlink (self->path);
  g_mutex_unlock (&self->file_mutex);
  return done;
}

gboolean
duplex_capture_finish (DuplexCapture *self,
                       GError       **error)
{
  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);

  return duplex_capture_stop_writer (self, error);
}

static void
finish_worker (GTask        *task,
               gpointer      source,
               gpointer      task_data,
               GCancellable *cancellable)
{
  GError *error = NULL;

  if (duplex_capture_stop_writer (source, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
duplex_capture_finish_async (DuplexCapture      *self,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (DUPLEX_IS_CAPTURE (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, duplex_capture_finish_async);
  g_task_run_in_thread (task, finish_worker);
}

gboolean
duplex_capture_finish_finish (DuplexCapture *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- a stored one ---- */

/* What cannot be in the file is lost, as what was not kept. */
static gboolean
add_entry (const DuplexCaptureBlockInfo *info,
           gpointer                      user_data)
{
  DuplexCapture     *self = user_data;
  DuplexCaptureEntry entry = {
    .first_event = info->first_event,
    .first_row = info->first_row,
    .n_events = info->n_events,
    .n_rows = info->n_rows,
    .first_time_us = info->first_time_us,
    .last_time_us = info->last_time_us,
    .bytes = info->size,
    .id = info->id,
    .lost = !duplex_capture_block_may_hold (info->size, info->n_events),
  };

  if (!entry.lost)
    entry.n_findings = info->totals.findings - self->totals.findings;
  duplex_capture_index_add (&self->index, &entry);
  self->totals = info->totals;
  /* The list has what the blocks have. */
  self->totals.events = info->first_event + info->n_events;
  self->totals.rows = info->first_row + info->n_rows;
  self->next_number = info->first_event + info->n_events;
  if (entry.lost)
    self->n_not_kept += info->n_events;
  return TRUE;
}

/* Its file is read in any thread; the capture is made in the one that will own it. */
typedef struct
{
  DuplexCaptureFile *file;
  GArray            *infos; /* of DuplexCaptureBlockInfo */
  GArray            *connecting;
  GArray            *begun; /* of DuplexEvent */
  DuplexTotals       sums;  /* what was compressed; nothing else in it is set */
  char              *missing;
} Opened;

static void
opened_free (gpointer data)
{
  Opened *opened = data;

  g_clear_pointer (&opened->file, duplex_capture_file_free);
  g_clear_pointer (&opened->infos, g_array_unref);
  g_clear_pointer (&opened->connecting, g_array_unref);
  g_clear_pointer (&opened->begun, g_array_unref);
  g_free (opened->missing);
  g_free (opened);
}

static gboolean
collect_info (const DuplexCaptureBlockInfo *info,
              gpointer                      user_data)
{
  g_array_append_vals (user_data, info, 1);
  return TRUE;
}

static Opened *
read_index (const char *path,
            GError    **error)
{
  DuplexCaptureFile *file = duplex_capture_file_open (path, error);
  Opened            *opened;

  if (file == NULL)
    return NULL;
  opened = g_new0 (Opened, 1);
  opened->file = file;
  opened->infos = g_array_new (FALSE, FALSE, sizeof (DuplexCaptureBlockInfo));
  duplex_capture_file_walk_blocks (file, 1, collect_info, opened->infos, &opened->missing);
  opened->connecting = duplex_capture_file_dup_connecting (file);
  opened->begun = duplex_capture_read_begun (file);
  duplex_capture_file_read_sums (file, &opened->sums);
  return opened;
}

/* A frame that was begun and is not in any block: cut where the recording was. */
static void
add_begun (DuplexCapture *self,
           DuplexEvent   *event)
{
  DuplexFinding      cut = { DUPLEX_FINDING_FRAME_CUT, event->header_size + event->payload_size };
  DuplexCaptureEntry entry = {
    .first_event = self->next_number++,
    .first_row = self->totals.rows,
    .n_events = 1,
    .n_rows = 1,
    .n_findings = 1,
    .first_time_us = event->time_us,
    .last_time_us = event->time_us,
  };

  event->findings = &cut;
  event->n_findings = 1;
  entry.block = duplex_capture_block_new (duplex_capture_block_get_room (event, NULL, NULL));
  duplex_capture_block_append (entry.block, event, NULL, NULL);
  duplex_capture_index_add (&self->index, &entry);
  duplex_totals_add (&self->totals, event);
}

static DuplexCapture *
make_stored (const char *path,
             Opened     *opened)
{
  DuplexCapture *self = duplex_capture_new ();

  self->path = g_strdup (path);
  self->recording = self->told = DUPLEX_RECORDING_STORED;
  self->file = g_steal_pointer (&opened->file);
  self->trouble = g_steal_pointer (&opened->missing);
  for (guint i = 0; i < opened->infos->len; i++)
    add_entry (&g_array_index (opened->infos, DuplexCaptureBlockInfo, i), self);
  duplex_totals_join (&self->totals, &opened->sums);
  for (guint i = 0; i < opened->begun->len; i++)
    add_begun (self, &g_array_index (opened->begun, DuplexEvent, i));
  g_array_append_vals (self->connecting, opened->connecting->data, opened->connecting->len);
  self->n_connections = self->connecting->len;
  self->n_visible = (guint)MIN (self->totals.rows, G_MAXUINT);
  duplex_capture_load_notes (self, self->file);
  return self;
}

DuplexCapture *
duplex_capture_open (const char *path,
                     GError    **error)
{
  Opened        *opened;
  DuplexCapture *self;

  g_return_val_if_fail (path != NULL, NULL);

  opened = read_index (path, error);
  if (opened == NULL)
    return NULL;
  self = make_stored (path, opened);
  opened_free (opened);
  return self;
}

static void
open_worker (GTask        *task,
             gpointer      source,
             gpointer      task_data,
             GCancellable *cancellable)
{
  GError *error = NULL;
  Opened *opened = read_index (task_data, &error);

  if (opened != NULL)
    g_task_return_pointer (task, opened, opened_free);
  else
    g_task_return_error (task, error);
}

void
duplex_capture_open_async (const char         *path,
                           GCancellable       *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (path != NULL);

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, duplex_capture_open_async);
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, open_worker);
}

DuplexCapture *
duplex_capture_open_finish (GAsyncResult *result,
                            GError      **error)
{
  DuplexCapture *self;
  Opened        *opened;

  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  opened = g_task_propagate_pointer (G_TASK (result), error);
  if (opened == NULL)
    return NULL;
  self = make_stored (g_task_get_task_data (G_TASK (result)), opened);
  opened_free (opened);
  return self;
}

/* ---- questions ---- */

DuplexRecording
duplex_capture_get_recording (DuplexCapture *self)
{
  DuplexRecording recording;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), DUPLEX_RECORDING_OFF);

  g_mutex_lock (&self->mutex);
  recording = self->recording;
  g_mutex_unlock (&self->mutex);
  return recording;
}

gboolean
duplex_capture_is_begun (DuplexCapture *self)
{
  gboolean is_begun;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);

  g_mutex_lock (&self->mutex);
  is_begun = self->next_number > 0;
  g_mutex_unlock (&self->mutex);
  return is_begun;
}

const char *
duplex_capture_get_path (DuplexCapture *self)
{
  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), NULL);

  return self->path;
}

guint64
duplex_capture_get_n_not_kept (DuplexCapture *self)
{
  guint64 n;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), 0);

  g_mutex_lock (&self->mutex);
  n = self->n_not_kept;
  if (self->writer != NULL)
    n += duplex_capture_writer_get_n_lost (self->writer);
  g_mutex_unlock (&self->mutex);
  return n;
}

char *
duplex_capture_dup_trouble (DuplexCapture *self)
{
  char *trouble;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), NULL);

  g_mutex_lock (&self->mutex);
  trouble = g_strdup (self->trouble);
  g_mutex_unlock (&self->mutex);
  return trouble;
}

char *
duplex_capture_dup_meta (DuplexCapture *self,
                         const char    *key)
{
  DuplexCaptureFile *file;
  char              *value = NULL;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), NULL);

  g_mutex_lock (&self->file_mutex);
  file = duplex_capture_need_file (self, NULL);
  if (file != NULL)
    value = duplex_capture_file_dup_meta (file, key);
  g_mutex_unlock (&self->file_mutex);
  return value;
}
