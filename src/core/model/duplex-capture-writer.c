/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-writer.h"

#include <gio/gio.h>
#include <sys/resource.h>

#include "core/model/duplex-capture-job.h"
#include "core/proto/duplex-limits.h"

/* A crash loses what is younger than 100 ms: half of that until it is given to us, the rest to
 * write it. */
#define FLUSH_US (50 * 1000)
/* Between two attempts to write to a file that takes nothing. */
#define RETRY_US G_TIME_SPAN_SECOND
/* Bytes of a transaction: some blocks share its cost, and none waits long for it. */
#define BATCH_BYTES ((gsize)1024 * 1024)
/* A disk or a processor that others use: what has waited this long would, with more behind it, come
 * too late. */
#define WAIT_US (30 * 1000)
/* Steps of "nice" below the window's thread. */
#define NICE 5

struct _DuplexCaptureWriter
{
  /* owned */
  GThread *thread;
  char    *path;

  /* borrowed */
  const DuplexCaptureWriterCallbacks *callbacks;
  gpointer                            user_data;

  /* the writer's thread only; set before it starts */
  DuplexCaptureFile *file;
  guint64            last_written; /* id of the newest block in the file */
  guint64            n_in_last;    /* events of it there */

  GMutex mutex; /* guards all below */
  GCond  cond;

  GQueue      jobs;   /* of DuplexCaptureJob, the oldest first; those of the open transaction too */
  gsize       waits;  /* bytes of them */
  GHashTable *chunks; /* of guint64: those of jobs, see get_chunk_id() */
  GHashTable *cut;    /* of guint64: payloads of which a chunk was given up */
  guint64     n_lost;
  gint64      flush_at; /* monotonic, or 0 */
  guint       max_pages;
  gboolean    is_full;
  gboolean    is_stalled;
  gboolean    stops;
};

/* ---- jobs in, with the mutex held ---- */

/* Whether more than max bytes wait, or the oldest has waited for too long. */
static gboolean
is_behind (DuplexCaptureWriter *self,
           gsize                max)
{
  const DuplexCaptureJob *oldest = g_queue_peek_head (&self->jobs);

  if (oldest == NULL)
    return FALSE;
  return self->waits > max || g_get_monotonic_time () - oldest->since > WAIT_US;
}

static void
push (DuplexCaptureWriter *self,
      DuplexCaptureJob    *job)
{
  job->since = g_get_monotonic_time ();
  g_queue_push_tail (&self->jobs, job);
  self->waits += job->size;
  if (job->kind == DUPLEX_JOB_CHUNK)
    {
      guint64 id = duplex_capture_job_get_chunk_id (job->number, job->sequence);

      g_hash_table_insert (self->chunks, g_memdup2 (&id, sizeof id), job);
    }
  if (!self->is_stalled && is_behind (self, DUPLEX_LIMIT_CAPTURE_WAITS))
    self->is_full = TRUE;
  g_cond_signal (&self->cond);
}

/* Unlinks and frees. */
static void
drop_link (DuplexCaptureWriter *self,
           GList               *link)
{
  DuplexCaptureJob *job = link->data;

  if (job->kind == DUPLEX_JOB_CHUNK)
    {
      guint64 id = duplex_capture_job_get_chunk_id (job->number, job->sequence);

      /* The same chunk may wait again, with more in it. */
      if (g_hash_table_lookup (self->chunks, &id) == job)
        g_hash_table_remove (self->chunks, &id);
    }
  self->waits -= job->size;
  g_queue_delete_link (&self->jobs, link);
  duplex_capture_job_free (job);
}

/* The newest that is of its kind, and is the same block or key. */
static GList *
find_earlier (DuplexCaptureWriter    *self,
              const DuplexCaptureJob *job)
{
  for (GList *link = self->jobs.tail; link != NULL; link = link->prev)
    {
      const DuplexCaptureJob *other = link->data;

      if (other->kind != job->kind)
        continue;
      if (job->kind == DUPLEX_JOB_META && g_str_equal (other->key, job->key))
        return link;
      /* Blocks are in order. */
      if (job->kind == DUPLEX_JOB_BLOCK)
        return other->info.id == job->info.id ? link : NULL;
    }
  return NULL;
}

/* It was given before, and has grown or changed: it is to be written once, after what it refers
 * to. */
static void
drop_earlier (DuplexCaptureWriter *self,
              DuplexCaptureJob    *job)
{
  GList            *link = find_earlier (self, job);
  DuplexCaptureJob *earlier = link != NULL ? link->data : NULL;

  if (earlier == NULL)
    return;
  if (job->kind == DUPLEX_JOB_BLOCK && job->value == NULL && earlier->value != NULL)
    job->value = g_strdup ("");
  /* One that is being written just now stays: what comes after replaces it in the file. */
  if (earlier->is_taken)
    earlier->is_old = TRUE;
  else
    drop_link (self, link);
}

void
duplex_capture_writer_want_flush (DuplexCaptureWriter *self)
{
  g_mutex_lock (&self->mutex);
  if (self->flush_at == 0)
    {
      self->flush_at = g_get_monotonic_time () + FLUSH_US;
      g_cond_signal (&self->cond);
    }
  g_mutex_unlock (&self->mutex);
}

void
duplex_capture_writer_put_block (DuplexCaptureWriter          *self,
                                 DuplexCaptureBlock           *block,
                                 const DuplexCaptureBlockInfo *info,
                                 const char                   *begun)
{
  DuplexCaptureJob *job = duplex_capture_job_new_block (block, info, begun);

  g_mutex_lock (&self->mutex);
  drop_earlier (self, job);
  push (self, job);
  g_mutex_unlock (&self->mutex);
}

/* Takes job. */
static void
put (DuplexCaptureWriter *self,
     DuplexCaptureJob    *job)
{
  g_mutex_lock (&self->mutex);
  push (self, job);
  g_mutex_unlock (&self->mutex);
}

void
duplex_capture_writer_put_chunk (DuplexCaptureWriter *self,
                                 guint64              payload,
                                 guint                sequence,
                                 GBytes              *data)
{
  put (self, duplex_capture_job_new_chunk (payload, sequence, data));
}

void
duplex_capture_writer_put_fact (DuplexCaptureWriter *self,
                                const DuplexEvent   *event)
{
  put (self, duplex_capture_job_new_fact (event));
}

void
duplex_capture_writer_put_meta (DuplexCaptureWriter *self,
                                const char          *key,
                                const char          *value)
{
  DuplexCaptureJob *job = duplex_capture_job_new_meta (key, value);

  g_mutex_lock (&self->mutex);
  drop_earlier (self, job);
  push (self, job);
  g_mutex_unlock (&self->mutex);
}

void
duplex_capture_writer_put_note (DuplexCaptureWriter *self,
                                guint64              event,
                                gboolean             bookmarked,
                                const char          *comment)
{
  put (self, duplex_capture_job_new_note (event, bookmarked, comment));
}

/* ---- to the file ---- */

/* With the mutex held: the jobs of the next transaction, which stay in the queue. */
static GPtrArray *
begin_batch (DuplexCaptureWriter *self)
{
  GPtrArray *batch = g_ptr_array_new ();
  gsize      size = 0;

  for (GList *link = self->jobs.head; link != NULL && size < BATCH_BYTES; link = link->next)
    {
      DuplexCaptureJob *job = link->data;

      size += job->size;
      job->is_taken = TRUE;
      g_ptr_array_add (batch, job);
    }
  return batch;
}

/* The mutex is not held: nobody else removes the jobs of the batch. */
static gboolean
write_batch (DuplexCaptureWriter *self,
             GPtrArray           *batch,
             GError             **error)
{
  gboolean done;

  if (self->file == NULL)
    self->file = duplex_capture_file_create (self->path, error);
  if (self->file == NULL)
    return FALSE;
  duplex_capture_file_set_max_pages (self->file, self->max_pages);
  done = duplex_capture_file_begin (self->file, error);
  for (guint i = 0; done && i < batch->len; i++)
    done = duplex_capture_job_write (g_ptr_array_index (batch, i), self->file, error);
  if (done && duplex_capture_file_commit (self->file, error))
    return TRUE;
  duplex_capture_file_rollback (self->file);
  return FALSE;
}

/* With the mutex held: what was to be written, and could not be, waits again; but not what was
 * given once more meanwhile. */
static void
put_back (DuplexCaptureWriter *self,
          guint                n)
{
  GList *link = self->jobs.head;

  while (n-- > 0)
    {
      GList            *next = link->next;
      DuplexCaptureJob *job = link->data;

      job->is_taken = FALSE;
      if (job->is_old)
        drop_link (self, link);
      link = next;
    }
}

/* With the mutex held; TRUE where there is room again. */
static gboolean
end_batch (DuplexCaptureWriter *self,
           GPtrArray           *batch,
           gboolean             done)
{
  for (guint i = 0; done && i < batch->len; i++)
    drop_link (self, self->jobs.head);
  if (!done)
    put_back (self, batch->len);
  if (!self->is_full || is_behind (self, DUPLEX_LIMIT_CAPTURE_WAITS / 2))
    return FALSE;
  self->is_full = FALSE;
  return TRUE;
}

/* ---- a file that takes nothing ---- */

/* With the mutex held: events of the block, from the one at first on, are not kept anyway, cut or
 * not. */
static void
forget_cut (DuplexCaptureWriter    *self,
            const DuplexCaptureJob *job,
            guint64                 first)
{
  if (g_hash_table_size (self->cut) == 0)
    return;
  for (guint i = (guint)first; i < job->info.n_events; i++)
    {
      DuplexEvent event;

      duplex_capture_block_get_event (job->block, i, &event);
      g_hash_table_remove (self->cut, &event.payload_id);
      g_hash_table_remove (self->cut, &event.inflated_id);
    }
}

/* Two entries of nothing are one: a disk that is full for hours must not fill the memory. */
static void
give_up_block (DuplexCaptureWriter *self,
               GList               *link)
{
  DuplexCaptureJob *job = link->data;
  DuplexCaptureJob *before = link->prev != NULL ? link->prev->data : NULL;

  forget_cut (self, job, 0);
  self->n_lost += job->info.n_events;
  self->waits -= job->size;
  job->kind = DUPLEX_JOB_LOST;
  job->size = job->info.size = 0;
  g_clear_pointer (&job->block, duplex_capture_block_unref);
  if (before == NULL || before->kind != DUPLEX_JOB_LOST)
    return;
  before->info.n_events += job->info.n_events;
  before->info.n_rows += job->info.n_rows;
  before->info.last_time_us = job->info.last_time_us;
  before->info.totals = job->info.totals;
  if (job->value != NULL)
    {
      g_free (before->value);
      before->value = g_steal_pointer (&job->value);
    }
  drop_link (self, link);
}

/* A fact stands in its event, too. */
static void
give_up_part (DuplexCaptureWriter *self,
              GList               *link)
{
  DuplexCaptureJob *job = link->data;

  if (job->kind == DUPLEX_JOB_CHUNK)
    g_hash_table_add (self->cut, g_memdup2 (&job->number, sizeof job->number));
  drop_link (self, link);
}

/* With the mutex held: the oldest block, chunk or fact that may go. The newest block may still
 * grow, and one that has a part in the file stays whole. */
static GList *
find_oldest (DuplexCaptureWriter *self)
{
  const DuplexCaptureJob *last_block = NULL;

  for (GList *link = self->jobs.tail; link != NULL && last_block == NULL; link = link->prev)
    if (((DuplexCaptureJob *)link->data)->kind == DUPLEX_JOB_BLOCK)
      last_block = link->data;
  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    {
      const DuplexCaptureJob *job = link->data;

      if (job->kind == DUPLEX_JOB_CHUNK || job->kind == DUPLEX_JOB_FACT ||
          (job->kind == DUPLEX_JOB_BLOCK && job != last_block && job->info.id > self->last_written))
        return link;
    }
  return NULL;
}

static void
give_up_oldest (DuplexCaptureWriter *self)
{
  GList *link;

  while (self->waits > DUPLEX_LIMIT_CAPTURE_WAITS && (link = find_oldest (self)) != NULL)
    {
      DuplexCaptureJob      *job = link->data;
      DuplexCaptureBlockInfo info = job->info;

      if (job->kind != DUPLEX_JOB_BLOCK)
        {
          give_up_part (self, link);
          continue;
        }
      give_up_block (self, link);
      g_mutex_unlock (&self->mutex);
      self->callbacks->lost (&info, self->user_data);
      g_mutex_lock (&self->mutex);
    }
}

/* ---- the thread ---- */

static void
tell_trouble (DuplexCaptureWriter *self,
              const GError        *error)
{
  gboolean stalled = error != NULL;

  if (stalled == self->is_stalled)
    return;
  self->is_stalled = stalled;
  self->is_full = FALSE;
  g_mutex_unlock (&self->mutex);
  self->callbacks->trouble (stalled ? error->message : NULL, self->user_data);
  self->callbacks->room (self->user_data);
  g_mutex_lock (&self->mutex);
}

/* With the mutex held, which is released meanwhile. */
static gboolean
write_some (DuplexCaptureWriter *self,
            GError             **error)
{
  g_autoptr (GPtrArray) batch = begin_batch (self);
  g_autoptr (GArray)    written = g_array_new (FALSE, FALSE, sizeof (DuplexCaptureBlockInfo));
  g_autoptr (GError)    own = NULL;
  gboolean              done;
  gboolean              room;

  g_mutex_unlock (&self->mutex);
  done = write_batch (self, batch, &own);
  for (guint i = 0; done && i < batch->len; i++)
    {
      const DuplexCaptureJob *job = g_ptr_array_index (batch, i);

      if (job->kind == DUPLEX_JOB_BLOCK)
        {
          g_array_append_val (written, job->info);
          self->last_written = job->info.id;
          self->n_in_last = job->info.n_events;
        }
    }
  g_mutex_lock (&self->mutex);
  room = end_batch (self, batch, done);
  tell_trouble (self, own);
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < written->len; i++)
    self->callbacks->written (&g_array_index (written, DuplexCaptureBlockInfo, i),
                              self->user_data);
  if (room)
    self->callbacks->room (self->user_data);
  g_mutex_lock (&self->mutex);
  if (!done)
    g_propagate_error (error, g_steal_pointer (&own));
  return done;
}

/* With the mutex held: until there is something to do. */
static void
wait (DuplexCaptureWriter *self,
      gint64               retry_at)
{
  while (!self->stops)
    {
      gboolean idle = g_queue_is_empty (&self->jobs);
      gint64   until = self->flush_at;

      if (!idle && !self->is_stalled)
        return;
      if (!idle && self->waits > DUPLEX_LIMIT_CAPTURE_WAITS && find_oldest (self) != NULL)
        return;
      if (!idle)
        until = retry_at;
      if (until != 0 && g_get_monotonic_time () >= until)
        return;
      if (until == 0)
        g_cond_wait (&self->cond, &self->mutex);
      else
        g_cond_wait_until (&self->cond, &self->mutex, until);
    }
}

/* With the mutex held. */
static void
flush (DuplexCaptureWriter *self)
{
  self->flush_at = 0;
  g_mutex_unlock (&self->mutex);
  self->callbacks->flush (self->user_data);
  g_mutex_lock (&self->mutex);
}

static gpointer
writer_worker (gpointer data)
{
  DuplexCaptureWriter *self = data;
  gint64               retry_at = g_get_monotonic_time ();

  /* Of this thread alone, on Linux. Elsewhere nothing depends on it. */
  setpriority (PRIO_PROCESS, 0, NICE);
  g_mutex_lock (&self->mutex);
  while (!self->stops)
    {
      gint64 now;

      wait (self, retry_at);
      now = g_get_monotonic_time ();
      if (self->flush_at != 0 && now >= self->flush_at)
        flush (self);
      if (self->is_stalled)
        give_up_oldest (self);
      if (self->is_stalled && now < retry_at)
        continue;
      if (!g_queue_is_empty (&self->jobs) && !write_some (self, NULL))
        retry_at = g_get_monotonic_time () + RETRY_US;
    }
  g_mutex_unlock (&self->mutex);
  return NULL;
}

/* ---- begin and end ---- */

DuplexCaptureWriter *
duplex_capture_writer_new (const char                         *path,
                           DuplexCaptureFile                  *file,
                           const DuplexCaptureWriterCallbacks *callbacks,
                           gpointer                            user_data)
{
  DuplexCaptureWriter *self = g_new0 (DuplexCaptureWriter, 1);

  self->path = g_strdup (path);
  self->file = file;
  self->is_stalled = file == NULL;
  self->callbacks = callbacks;
  self->user_data = user_data;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  g_queue_init (&self->jobs);
  self->chunks = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->cut = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->thread = g_thread_new ("capture-writer", writer_worker, self);
  return self;
}

void
duplex_capture_writer_free (DuplexCaptureWriter *self)
{
  g_queue_clear_full (&self->jobs, duplex_capture_job_free);
  g_clear_pointer (&self->chunks, g_hash_table_unref);
  g_clear_pointer (&self->cut, g_hash_table_unref);
  g_clear_pointer (&self->file, duplex_capture_file_free);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self->path);
  g_free (self);
}

/* With the mutex held: what still waits will never be in the file. A block may be there as it was
 * before it grew. */
static void
count_rest (DuplexCaptureWriter *self)
{
  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    {
      const DuplexCaptureJob *job = link->data;
      guint64                 n_there;

      if (job->kind != DUPLEX_JOB_BLOCK)
        continue;
      n_there = job->info.id == self->last_written ? self->n_in_last : 0;
      self->n_lost += job->info.n_events - n_there;
      forget_cut (self, job, n_there);
    }
}

/* What waits: its blocks and chunks are not in the file. */
static gboolean
write_rest (DuplexCaptureWriter *self,
            GError             **error)
{
  gboolean done = TRUE;

  g_mutex_lock (&self->mutex);
  while (done && !g_queue_is_empty (&self->jobs))
    done = write_some (self, error);
  if (!done)
    count_rest (self);
  g_mutex_unlock (&self->mutex);
  return done;
}

gboolean
duplex_capture_writer_stop (DuplexCaptureWriter *self,
                            GError             **error)
{
  gboolean done;

  g_mutex_lock (&self->mutex);
  self->stops = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  g_thread_join (self->thread);
  self->callbacks->flush (self->user_data);
  done = write_rest (self, error);
  if (self->file != NULL && !duplex_capture_file_finish (self->file, done ? error : NULL))
    done = FALSE;
  g_clear_pointer (&self->file, duplex_capture_file_free);
  if (done && duplex_capture_writer_get_n_lost (self) > 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                   "%" G_GUINT64_FORMAT " events were not kept",
                   duplex_capture_writer_get_n_lost (self));
      done = FALSE;
    }
  return done;
}

/* ---- questions ---- */

gboolean
duplex_capture_writer_is_full (DuplexCaptureWriter *self)
{
  gboolean is_full;

  g_mutex_lock (&self->mutex);
  is_full = self->is_full;
  g_mutex_unlock (&self->mutex);
  return is_full;
}

guint64
duplex_capture_writer_get_n_lost (DuplexCaptureWriter *self)
{
  guint64 n;

  g_mutex_lock (&self->mutex);
  n = self->n_lost + g_hash_table_size (self->cut);
  g_mutex_unlock (&self->mutex);
  return n;
}

GBytes *
duplex_capture_writer_ref_chunk (DuplexCaptureWriter *self,
                                 guint64              payload,
                                 guint                sequence)
{
  guint64           id = duplex_capture_job_get_chunk_id (payload, sequence);
  GBytes           *bytes = NULL;
  DuplexCaptureJob *job;

  g_mutex_lock (&self->mutex);
  job = g_hash_table_lookup (self->chunks, &id);
  if (job != NULL)
    bytes = g_bytes_ref (job->data);
  g_mutex_unlock (&self->mutex);
  return bytes;
}

gsize
duplex_capture_writer_get_waits (DuplexCaptureWriter *self,
                                 guint               *ret_n)
{
  gsize waits;

  g_mutex_lock (&self->mutex);
  waits = self->waits;
  if (ret_n != NULL)
    *ret_n = g_queue_get_length (&self->jobs);
  g_mutex_unlock (&self->mutex);
  return waits;
}

void
duplex_capture_writer_set_max_pages (DuplexCaptureWriter *self,
                                     guint                max_pages)
{
  g_mutex_lock (&self->mutex);
  self->max_pages = max_pages;
  g_mutex_unlock (&self->mutex);
}
