/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SCHED_IDLE */
#define _GNU_SOURCE
#include "config.h"

#include "relay/duplex-recorder.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>

#include "core/proto/duplex-limits.h"
#include "relay/duplex-log.h"
#include "relay/duplex-record-opening.h"
#include "relay/duplex-record-queue.h"
#include "relay/duplex-recorded-leg.h"

/* Bytes of openings that may wait. They are worth more than what follows, so have a share of their
 * own. */
#define MAX_OPENINGS ((guint)(DUPLEX_LIMIT_RECORDER_WAITS / 8))
/* The part of these, and of the budget, that clients without a backend may take. */
#define REFUSED_OPENINGS (MAX_OPENINGS / 2)
#define REFUSED_SHARE    8
/* Bytes that are recorded of what such a client sends: it is to close, and to send no more. */
#define REFUSED_BYTES ((gsize)64 * 1024)
/* Bytes that an event takes in the file beside its payload and header, about; and that the file has
 * beyond what was recorded: its tables have a page of 16 KiB each at least, and their last pages
 * are not full. */
#define EVENT_SIZE  128
#define FILE_MARGIN ((guint64)192 * 1024)

/* Of a pair: whose bytes, and which way. */
typedef enum {
  STREAM_FROM_CLIENT,
  STREAM_TO_CLIENT,
  STREAM_FROM_BACKEND,
  STREAM_TO_BACKEND,
  N_STREAMS,
} Stream;

typedef enum {
  RECORD_BEGIN,   /* data: a pointer to a DuplexRecordOpening */
  RECORD_REFUSED, /* likewise, without an owner */
  RECORD_BYTES,   /* of a stream */
  RECORD_END,     /* data: an Ending */
} RecordKind;

typedef struct
{
  DuplexPumpEnd client;
  DuplexPumpEnd backend;
  guint64       missed[N_STREAMS];
} Ending;

struct _DuplexRecordedPair
{
  DuplexRecorder *recorder;

  /* the worker's */
  DuplexRecordLane *lane; /* NULL: nothing of it is recorded */
  guint64           missed[N_STREAMS];
  gsize             room; /* bytes that the client may still send to be recorded */

  /* the recording thread's */
  DuplexRecordedLeg *client;  /* NULL once nothing is recorded any more */
  DuplexRecordedLeg *backend; /* NULL then, and where it was not open */
};

struct _DuplexRecorder
{
  /* owned */
  DuplexCapture     *capture;
  GMainContext      *context; /* of the capture, whose list nobody looks at */
  DuplexRecordQueue *queue;
  GThread           *thread;

  /* borrowed */
  DuplexMetrics *metrics;

  /* state */
  guint64  budget;
  gboolean full;     /* atomic: the budget is used up */
  guint    openings; /* atomic: bytes of those that wait */
  guint64  refused;  /* atomic: bytes of clients without a backend, recorded or waiting */
  guint    skipped;  /* atomic: connections that were not recorded, and not told of yet */

  /* the recording thread's */
  GHashTable *pairs;         /* of DuplexRecordedPair */
  guint64     openings_size; /* of those that were recorded */
  guint64     file_size;     /* lately */
  gboolean    stalled;

  GMutex   mutex; /* guards the rest */
  GCond    cond;
  char    *path;
  GError  *error;   /* why it did not begin to record, or NULL */
  gboolean started; /* or did not */
  gboolean waits;   /* for the capture's writer */
};

/* ---- on the workers ---- */

static void
miss (DuplexRecordedPair *self,
      Stream              stream,
      gsize               len)
{
  self->missed[stream] += len;
  duplex_metrics_not_recorded (self->recorder->metrics, len);
}

static gboolean
is_recorded (DuplexRecordedPair *self)
{
  return self->lane != NULL && !__atomic_load_n (&self->recorder->full, __ATOMIC_RELAXED);
}

/* Of who has a backend there is no end. */
static void
take_room (DuplexRecordedPair *self,
           gsize               len)
{
  if (self->room == G_MAXSIZE)
    return;
  self->room -= len;
  __atomic_fetch_add (&self->recorder->refused, len, __ATOMIC_RELAXED);
}

static void
received_cb (DuplexRole    sender,
             const guint8 *data,
             gsize         len,
             gsize         begin,
             gpointer      user_data)
{
  DuplexRecordedPair *self = user_data;
  DuplexRecord        record = { .owner = self, .kind = RECORD_BYTES };
  Stream              stream;

  stream = sender == DUPLEX_ROLE_CLIENT ? STREAM_FROM_CLIENT : STREAM_FROM_BACKEND;
  if (!is_recorded (self) || (self->missed[stream] > 0 && begin >= len) || len > self->room)
    {
      miss (self, stream, len);
      return;
    }
  take_room (self, len);
  if (self->missed[stream] > 0)
    {
      miss (self, stream, begin);
      data += begin;
      len -= begin;
    }
  record.stream = stream;
  record.missed = self->missed[stream];
  record.time_us = g_get_real_time ();
  if (duplex_record_lane_put_source (self->lane, &record, data, len))
    self->missed[stream] = 0;
  else
    miss (self, stream, len);
}

static void
sent_cb (DuplexRole           receiver,
         const GOutputVector *spans,
         guint                n,
         gpointer             user_data)
{
  DuplexRecordedPair *self = user_data;
  DuplexRecord        record = { .owner = self, .kind = RECORD_BYTES };
  Stream              stream;

  stream = receiver == DUPLEX_ROLE_CLIENT ? STREAM_TO_CLIENT : STREAM_TO_BACKEND;
  record.stream = stream;
  record.missed = self->missed[stream];
  record.time_us = g_get_real_time ();
  if (is_recorded (self) &&
      duplex_record_lane_put (self->lane, &record, spans, n, DUPLEX_RECORD_MAY))
    {
      self->missed[stream] = 0;
      return;
    }
  for (guint i = 0; i < n; i++)
    miss (self, stream, spans[i].size);
}

static const DuplexPumpTap tap = {
  .received = received_cb,
  .sent = sent_cb,
};

const DuplexPumpTap *
duplex_recorder_get_tap (void)
{
  return &tap;
}

static void
put (DuplexRecordLane   *lane,
     DuplexRecordedPair *pair,
     RecordKind          kind,
     gpointer            data,
     gsize               size)
{
  DuplexRecord  record = { .owner = pair, .kind = kind, .time_us = g_get_real_time () };
  GOutputVector span = { data, size };

  duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MUST);
}

/* Whether there is room for another opening: of a client without a backend there is less, so that
 * those who are turned away do not fill the file. */
static gboolean
has_room (DuplexRecorder *self,
          gboolean        is_refused)
{
  guint max = is_refused ? REFUSED_OPENINGS : MAX_OPENINGS;

  if (__atomic_load_n (&self->full, __ATOMIC_RELAXED) ||
      __atomic_load_n (&self->openings, __ATOMIC_RELAXED) > max)
    return FALSE;
  return !is_refused || self->budget == 0 ||
         __atomic_load_n (&self->refused, __ATOMIC_RELAXED) < self->budget / REFUSED_SHARE;
}

static void
skip (DuplexRecorder *self)
{
  __atomic_fetch_add (&self->skipped, 1, __ATOMIC_RELAXED);
}

/* Gives known away. */
static DuplexRecordLane *
put_opening (DuplexRecorder      *self,
             DuplexRecordedPair  *pair,
             RecordKind           kind,
             DuplexRecordOpening *known)
{
  DuplexRecordLane *lane = duplex_record_queue_get_lane (self->queue);
  gsize             size = duplex_record_opening_get_size (known);

  __atomic_fetch_add (&self->openings, (guint)size, __ATOMIC_RELAXED);
  if (!duplex_record_opening_is_open (known))
    __atomic_fetch_add (&self->refused, size, __ATOMIC_RELAXED);
  put (lane, pair, kind, &known, sizeof known);
  return lane;
}

void
duplex_recorder_add_refused (DuplexRecorder              *self,
                             const DuplexRecordedOpening *opening)
{
  g_return_if_fail (self != NULL && opening != NULL);

  if (has_room (self, /* is_refused= */ TRUE))
    put_opening (self, NULL, RECORD_REFUSED,
                 duplex_record_opening_new (opening, /* is_refused= */ TRUE));
  else
    skip (self);
}

DuplexRecordedPair *
duplex_recorder_begin (DuplexRecorder              *self,
                       const DuplexRecordedOpening *opening)
{
  DuplexRecordedPair  *pair;
  DuplexRecordOpening *known;
  gboolean             is_open;

  g_return_val_if_fail (self != NULL && opening != NULL, NULL);

  pair = g_new0 (DuplexRecordedPair, 1);
  pair->recorder = self;
  if (!has_room (self, /* is_refused= */ FALSE))
    {
      skip (self);
      return pair;
    }
  known = duplex_record_opening_new (opening, /* is_refused= */ FALSE);
  is_open = duplex_record_opening_is_open (known);
  pair->room = is_open ? G_MAXSIZE : REFUSED_BYTES;
  if (is_open || has_room (self, /* is_refused= */ TRUE))
    pair->lane = put_opening (self, pair, RECORD_BEGIN, known);
  else
    {
      skip (self);
      duplex_record_opening_free (known);
    }
  return pair;
}

void
duplex_recorder_end (DuplexRecordedPair  *pair,
                     const DuplexPumpEnd *client,
                     const DuplexPumpEnd *backend)
{
  Ending ending;

  g_return_if_fail (pair != NULL && client != NULL && backend != NULL);

  if (pair->lane == NULL)
    {
      g_free (pair);
      return;
    }
  ending.client = *client;
  ending.backend = *backend;
  memcpy (ending.missed, pair->missed, sizeof ending.missed);
  put (pair->lane, pair, RECORD_END, &ending, sizeof ending);
}

/* ---- on the recording thread ---- */

static void
drop_leg (DuplexRecordedPair *self,
          DuplexRecordedLeg **leg)
{
  if (*leg == NULL)
    return;
  duplex_metrics_not_recorded (self->recorder->metrics, duplex_recorded_leg_get_n_dropped (*leg));
  g_clear_pointer (leg, duplex_recorded_leg_free);
}

/* Nothing more of it is recorded. */
static void
drop_legs (DuplexRecordedPair *self)
{
  drop_leg (self, &self->client);
  drop_leg (self, &self->backend);
}

static void
pair_free (gpointer data)
{
  DuplexRecordedPair *pair = data;

  drop_legs (pair);
  g_free (pair);
}

/* A gap that belongs to no connection. */
static void
append_gap (DuplexRecorder *self,
            gint64          time_us,
            gint64          value)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = DUPLEX_EVENT_GAP;
  event.time_us = time_us;
  event.value = value;
  duplex_capture_append_state (self->capture, &event, NULL);
}

/* Before what is recorded next, and at the end: a flood of those that are not leaves one event. */
static void
say_skipped (DuplexRecorder *self,
             gint64          time_us)
{
  guint n = __atomic_exchange_n (&self->skipped, 0, __ATOMIC_RELAXED);

  if (n > 0)
    append_gap (self, time_us, n);
}

/* Of what waited, which begins or was refused. NULL where it is not recorded. */
static DuplexRecordOpening *
take_opening (DuplexRecorder     *self,
              const DuplexRecord *record,
              guint32            *ret_client,
              guint32            *ret_backend)
{
  g_autoptr (DuplexRecordOpening) opening = NULL;

  memcpy (&opening, record->data, sizeof opening);
  __atomic_fetch_sub (&self->openings, (guint)duplex_record_opening_get_size (opening),
                      __ATOMIC_RELAXED);
  if (self->full)
    return NULL;
  say_skipped (self, record->time_us);
  *ret_client = duplex_capture_begin_connection (self->capture);
  *ret_backend = duplex_record_opening_has_backend (opening)
                   ? duplex_capture_begin_connection (self->capture)
                   : 0;
  duplex_record_opening_append (opening, self->capture, *ret_client, *ret_backend);
  self->openings_size += duplex_record_opening_get_size (opening);
  return g_steal_pointer (&opening);
}

static void
begin_pair (DuplexRecorder     *self,
            DuplexRecordedPair *pair,
            const DuplexRecord *record)
{
  guint32                         client;
  guint32                         backend;
  g_autoptr (DuplexRecordOpening) opening = take_opening (self, record, &client, &backend);
  const DuplexDeflateAgreement   *deflate;

  g_hash_table_add (self->pairs, pair);
  if (opening == NULL)
    return;
  deflate = duplex_record_opening_get_deflate (opening);
  pair->client = duplex_recorded_leg_new (self->capture, client, DUPLEX_ROLE_CLIENT, deflate);
  if (duplex_record_opening_is_open (opening))
    pair->backend = duplex_recorded_leg_new (self->capture, backend, DUPLEX_ROLE_SERVER, deflate);
}

static void
add_refused (DuplexRecorder     *self,
             const DuplexRecord *record)
{
  guint32 client;
  guint32 backend;

  duplex_record_opening_free (take_opening (self, record, &client, &backend));
}

static void
feed_pair (DuplexRecorder     *self,
           DuplexRecordedPair *pair,
           const DuplexRecord *record)
{
  gboolean of_client =
    record->stream == STREAM_FROM_CLIENT || record->stream == STREAM_TO_CLIENT;
  gboolean is_received =
    record->stream == STREAM_FROM_CLIENT || record->stream == STREAM_FROM_BACKEND;
  DuplexRecordedLeg *leg = of_client ? pair->client : pair->backend;

  if (leg == NULL)
    {
      duplex_metrics_not_recorded (self->metrics, record->size);
      return;
    }
  duplex_recorded_leg_feed (leg, is_received ? DUPLEX_DIRECTION_RECEIVED : DUPLEX_DIRECTION_SENT,
                            record->time_us, record->missed, record->data, record->size);
}

static void
end_pair (DuplexRecorder     *self,
          DuplexRecordedPair *pair,
          const DuplexRecord *record)
{
  Ending ending;

  memcpy (&ending, record->data, sizeof ending);
  if (pair->client != NULL)
    duplex_recorded_leg_end (pair->client, &ending.client,
                             pair->backend != NULL ? &ending.backend : NULL, record->time_us,
                             ending.missed[STREAM_FROM_CLIENT], ending.missed[STREAM_TO_CLIENT]);
  if (pair->backend != NULL)
    duplex_recorded_leg_end (pair->backend, &ending.backend, &ending.client, record->time_us,
                             ending.missed[STREAM_FROM_BACKEND],
                             ending.missed[STREAM_TO_BACKEND]);
  g_hash_table_remove (self->pairs, pair);
}

/* ---- the budget ---- */

/* What was recorded, and is in the file soon; or what the file has already, where many small blocks
 * make it larger. With an event for each leg that would be given up. */
static guint64
get_file_size (DuplexRecorder *self)
{
  DuplexTotals totals;
  guint64      ends = 2 * (guint64)g_hash_table_size (self->pairs) * EVENT_SIZE;
  guint64      size;

  duplex_capture_get_totals (self->capture, &totals);
  size = totals.events * EVENT_SIZE + totals.wire_bytes[0] + totals.wire_bytes[1] +
         totals.inflated_bytes[0] + totals.inflated_bytes[1] + self->openings_size;
  return MAX (size, self->file_size) + ends + FILE_MARGIN;
}

static void
look_at_file (DuplexRecorder *self)
{
  GStatBuf status;

  if (g_stat (duplex_capture_get_path (self->capture), &status) == 0)
    self->file_size = (guint64)MAX (status.st_size, 0);
}

static void
say_full (DuplexRecorder *self)
{
  DuplexLogLine *line = duplex_log_begin ("capture-full");

  duplex_log_add (line, "file", duplex_capture_get_path (self->capture));
  duplex_log_add_number (line, "budget", self->budget);
  duplex_log_add (line, "text", _ ("Nothing is recorded any more"));
  duplex_log_end (line);
}

static void
give_up (DuplexRecorder *self,
         gint64          time_us)
{
  GHashTableIter iter;
  gpointer       key;

  __atomic_store_n (&self->full, TRUE, __ATOMIC_RELAXED);
  g_hash_table_iter_init (&iter, self->pairs);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      DuplexRecordedPair *pair = key;

      if (pair->client == NULL)
        continue;
      duplex_recorded_leg_give_up (pair->client, time_us);
      if (pair->backend != NULL)
        duplex_recorded_leg_give_up (pair->backend, time_us);
      drop_legs (pair);
    }
  append_gap (self, time_us, -1);
  say_full (self);
}

/* ---- the thread ---- */

/* Within an append, and on the writer's thread. */
static void
capture_full_cb (gboolean is_full,
                 gpointer data)
{
  DuplexRecorder *self = data;

  g_mutex_lock (&self->mutex);
  self->waits = is_full;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

/* A disk that is slower than the wire holds up this thread, and then the queue is full. */
static void
wait_for_writer (DuplexRecorder *self)
{
  g_mutex_lock (&self->mutex);
  while (self->waits)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

static void
say_stalled (DuplexRecorder *self)
{
  g_autofree char *trouble = NULL;

  if (self->stalled == (duplex_capture_get_recording (self->capture) == DUPLEX_RECORDING_STALLED))
    return;
  self->stalled = !self->stalled;
  trouble = duplex_capture_dup_trouble (self->capture);
  duplex_log_text ("capture", self->stalled ? trouble : _ ("Recording goes on"));
}

static void
take (DuplexRecorder     *self,
      const DuplexRecord *record)
{
  switch ((RecordKind)record->kind)
    {
    case RECORD_BEGIN:
      begin_pair (self, record->owner, record);
      break;
    case RECORD_REFUSED:
      add_refused (self, record);
      break;
    case RECORD_BYTES:
      feed_pair (self, record->owner, record);
      break;
    case RECORD_END:
      end_pair (self, record->owner, record);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Makes the capture here, so that the thread that writes it inherits how this one is scheduled, and
 * its list belongs to a context that nobody iterates. */
static gboolean
start (DuplexRecorder *self)
{
  const DuplexCaptureOrigin origin = { 0 };
  gboolean                  done;

  g_mutex_lock (&self->mutex);
  self->capture = duplex_capture_new ();
  done = duplex_capture_record (self->capture, self->path, &origin, &self->error);
  self->started = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  if (done)
    duplex_capture_set_bound (self->capture, G_MAXUINT64, capture_full_cb, self);
  return done;
}

static void
record_all (DuplexRecorder *self)
{
  DuplexRecord record;

  while (duplex_record_queue_wait (self->queue))
    {
      while (duplex_record_queue_take (self->queue, &record))
        {
          wait_for_writer (self);
          take (self, &record);
          if (!self->full && self->budget > 0 && get_file_size (self) > self->budget)
            give_up (self, record.time_us);
        }
      look_at_file (self);
      say_stalled (self);
    }
  if (!self->full)
    say_skipped (self, g_get_real_time ());
}

static gpointer
record_worker (gpointer data)
{
  DuplexRecorder          *self = data;
  const struct sched_param none = { 0 };

  /* It has what nobody else wants, and whoever wants it has it at once: a thread that is merely
   * "nice" would finish its slice first. Of this thread alone, and those that it starts. */
  if (sched_setscheduler (0, SCHED_IDLE, &none) != 0)
    g_debug ("The recorder competes with what it records: %s", g_strerror (errno));
  g_main_context_push_thread_default (self->context);
  if (start (self))
    record_all (self);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/* ---- the recorder ---- */

DuplexRecorder *
duplex_recorder_new (const char    *path,
                     guint64        budget,
                     DuplexMetrics *metrics,
                     GError       **error)
{
  DuplexRecorder *self;

  g_return_val_if_fail (path != NULL && metrics != NULL, NULL);

  self = g_new0 (DuplexRecorder, 1);
  self->metrics = metrics;
  self->budget = budget;
  self->path = g_strdup (path);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->pairs = g_hash_table_new_full (NULL, NULL, pair_free, NULL);
  self->queue = duplex_record_queue_new (DUPLEX_LIMIT_RECORDER_WAITS);
  self->context = g_main_context_new ();
  self->thread = g_thread_new ("recorder", record_worker, self);
  g_mutex_lock (&self->mutex);
  while (!self->started)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  if (self->error == NULL)
    return self;
  g_thread_join (g_steal_pointer (&self->thread));
  g_propagate_error (error, g_steal_pointer (&self->error));
  duplex_recorder_free (self);
  return NULL;
}

gboolean
duplex_recorder_finish (DuplexRecorder *self,
                        GError        **error)
{
  g_return_val_if_fail (self != NULL && self->thread != NULL, FALSE);

  duplex_record_queue_stop (self->queue);
  g_thread_join (g_steal_pointer (&self->thread));
  duplex_capture_set_bound (self->capture, 0, NULL, NULL);
  return duplex_capture_finish (self->capture, error);
}

void
duplex_recorder_free (DuplexRecorder *self)
{
  if (self == NULL)
    return;
  if (self->thread != NULL)
    duplex_recorder_finish (self, NULL);
  g_hash_table_unref (self->pairs);
  duplex_record_queue_free (self->queue);
  g_clear_object (&self->capture);
  g_main_context_unref (self->context);
  g_free (self->path);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}
