/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-job.h"

#include "core/model/duplex-capture-begun.h"

static DuplexCaptureJob *
job_new (DuplexJobKind kind)
{
  DuplexCaptureJob *self = g_new0 (DuplexCaptureJob, 1);

  self->kind = kind;
  return self;
}

DuplexCaptureJob *
duplex_capture_job_new_block (DuplexCaptureBlock           *block,
                              const DuplexCaptureBlockInfo *info,
                              const char                   *begun)
{
  DuplexCaptureJob *self = job_new (DUPLEX_JOB_BLOCK);

  self->info = *info;
  self->size = info->size;
  self->block = duplex_capture_block_ref (block);
  self->value = g_strdup (begun);
  return self;
}

DuplexCaptureJob *
duplex_capture_job_new_chunk (guint64 payload,
                              guint   sequence,
                              GBytes *data)
{
  DuplexCaptureJob *self = job_new (DUPLEX_JOB_CHUNK);

  self->number = payload;
  self->sequence = sequence;
  self->data = g_bytes_ref (data);
  self->size = g_bytes_get_size (data);
  return self;
}

DuplexCaptureJob *
duplex_capture_job_new_fact (const DuplexEvent *event)
{
  DuplexCaptureJob *self = job_new (DUPLEX_JOB_FACT);

  self->data = g_bytes_new (event->payload, event->payload_size);
  self->size = sizeof *self + event->payload_size;
  self->event = *event;
  self->event.payload = g_bytes_get_data (self->data, NULL);
  self->event.findings = NULL;
  self->event.n_findings = 0;
  self->event.sent_reason = NULL;
  self->event.sent_reason_size = 0;
  self->event.owner = NULL;
  self->event.hold = NULL;
  self->event.hold_bytes = NULL;
  return self;
}

DuplexCaptureJob *
duplex_capture_job_new_meta (const char *key,
                             const char *value)
{
  DuplexCaptureJob *self = job_new (DUPLEX_JOB_META);

  self->key = g_strdup (key);
  self->value = g_strdup (value);
  return self;
}

DuplexCaptureJob *
duplex_capture_job_new_note (guint64     event,
                             gboolean    bookmarked,
                             const char *comment)
{
  DuplexCaptureJob *self = job_new (DUPLEX_JOB_NOTE);

  self->number = event;
  self->flag = bookmarked;
  self->value = g_strdup (comment);
  return self;
}

void
duplex_capture_job_free (gpointer data)
{
  DuplexCaptureJob *self = data;

  g_clear_pointer (&self->block, duplex_capture_block_unref);
  g_clear_pointer (&self->data, g_bytes_unref);
  g_free (self->key);
  g_free (self->value);
  g_free (self);
}

guint64
duplex_capture_job_get_chunk_id (guint64 payload,
                                 guint   sequence)
{
  return payload << 24 | sequence;
}

/* With it, what it says of frames that have begun: a frame that is complete in the block is none of
 * them any more. */
static gboolean
write_block (const DuplexCaptureJob *self,
             DuplexCaptureFile      *file,
             const guint8           *data,
             GError                **error)
{
  const char *begun = self->value;

  if (!duplex_capture_file_put_block (file, &self->info, data, error))
    return FALSE;
  return begun == NULL || duplex_capture_file_put_meta (file, DUPLEX_CAPTURE_BEGUN,
                                                        *begun != '\0' ? begun : NULL, error);
}

gboolean
duplex_capture_job_write (const DuplexCaptureJob *self,
                          DuplexCaptureFile      *file,
                          GError                **error)
{
  const guint8 *data;
  gsize         size;

  switch (self->kind)
    {
    case DUPLEX_JOB_BLOCK:
      /* It may grow meanwhile: what is written of it was counted when the job was made. */
      data = duplex_capture_block_get_data (self->block, NULL);
      return write_block (self, file, data, error);

    case DUPLEX_JOB_LOST:
      return write_block (self, file, NULL, error);

    case DUPLEX_JOB_CHUNK:
      data = g_bytes_get_data (self->data, &size);
      return duplex_capture_file_put_chunk (file, self->number, self->sequence, data, size, error);

    case DUPLEX_JOB_FACT:
      return duplex_capture_file_put_fact (file, &self->event, error);

    case DUPLEX_JOB_META:
      return duplex_capture_file_put_meta (file, self->key, self->value, error);

    case DUPLEX_JOB_NOTE:
    default:
      return duplex_capture_file_put_note (file, self->number, self->flag, self->value, error);
    }
}
