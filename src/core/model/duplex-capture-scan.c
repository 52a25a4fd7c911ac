/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-scan.h"

#include <sys/resource.h>

#include "core/model/duplex-filter-private.h"

/* At most 20 batches a second become visible, as of the capture itself. */
#define INTERVAL_US (50 * 1000)

/* Work between two looks at what is asked for. */
#define CHUNK_US (10 * 1000)

/* Events between two looks at the clock, which costs as much as a small event. A power of two. */
#define EVENTS_A_LOOK 16

/* The window must win when both want the processor. On Linux a nice value belongs to a thread. */
#define THREAD_NICE 5

struct _DuplexCaptureScan
{
  gatomicrefcount ref_count; /* one of the owner, one of the thread */

  DuplexCapture *capture;
  DuplexFilter  *filter;
  GThread       *thread;  /* the owner's */
  GMainContext  *context; /* of the owner; NULL once the thread has ended */

  DuplexCaptureScanFunc func;
  gpointer              user_data;

  gint interrupt; /* atomic: what is looked at now is not wanted any more */

  GMutex   mutex; /* guards all below */
  GCond    cond;  /* there is work, or none any more */
  guint    n_rows;
  guint    next_row;   /* below it all was looked at */
  guint    generation; /* of the rows */
  GArray  *found;      /* guint32: to be taken */
  gboolean is_stopped;
  gboolean is_waiting; /* the thread holds nothing up and will see at once what it is told */
  gboolean is_joined;  /* the owner waits for the end of the thread */
  GSource *source;     /* attached, will call func; or NULL */
  gint64   called_at;  /* monotonic, of the end of the last call */
};

static void
scan_unref (DuplexCaptureScan *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_object (&self->capture);
  g_clear_pointer (&self->filter, duplex_filter_unref);
  g_clear_pointer (&self->found, g_array_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static DuplexCaptureScan *
scan_ref (DuplexCaptureScan *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* Handing over */

static gboolean
source_dispatch (GSource    *source,
                 GSourceFunc callback,
                 gpointer    user_data)
{
  return callback (user_data);
}

static GSourceFuncs source_funcs = {
  .dispatch = source_dispatch,
};

static void
clear_source (DuplexCaptureScan *self)
{
  if (self->source == NULL)
    return;

  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static gboolean
call_cb (gpointer user_data)
{
  DuplexCaptureScan *self = scan_ref (user_data);

  g_mutex_lock (&self->mutex);
  clear_source (self);
  g_mutex_unlock (&self->mutex);

  self->func (self->user_data);

  /* The interval counts from here, so that all else has its turn however long that took. */
  g_mutex_lock (&self->mutex);
  self->called_at = g_get_monotonic_time ();
  if (self->source != NULL)
    g_source_set_ready_time (self->source, self->called_at + INTERVAL_US);
  g_mutex_unlock (&self->mutex);
  scan_unref (self);

  return G_SOURCE_REMOVE;
}

/* With the mutex held. The owner destroys the source before it lets go of us. */
static void
schedule_call (DuplexCaptureScan *self)
{
  if (self->source != NULL)
    return;

  self->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "[duplex] found rows");
  g_source_set_callback (self->source, call_cb, self, NULL);
  g_source_set_ready_time (self->source, self->called_at + INTERVAL_US);
  g_source_attach (self->source, self->context);
}

/* Looking */

/* Some rows that are looked at in one go. */
typedef struct
{
  DuplexCaptureScan *scan;
  GArray            *matches;
  guint64            number; /* of the event that comes next; G_MAXUINT64: of any */
  guint64            row;    /* that it belongs to */
  guint64            end;    /* the row to stop before */
  gint64             deadline;
  guint              n_events;
  gboolean           is_cut; /* there is more */
} Chunk;

static gboolean
must_stop (Chunk *chunk)
{
  if (g_atomic_int_get (&chunk->scan->interrupt) != 0)
    chunk->is_cut = TRUE;
  else if ((++chunk->n_events & (EVENTS_A_LOOK - 1)) == 0)
    chunk->is_cut = g_get_monotonic_time () >= chunk->deadline;

  return chunk->is_cut;
}

static gboolean
look_at_event (const DuplexEvent *event,
               gpointer           user_data)
{
  Chunk             *chunk = user_data;
  DuplexCaptureScan *scan = chunk->scan;

  /* Events before this one were forgotten, and their rows with them. */
  if (event->number != chunk->number &&
      !duplex_capture_find_row_of (scan->capture, event->number, &chunk->row))
    return FALSE;

  chunk->number = event->number + 1;
  if (chunk->row >= chunk->end)
    return FALSE;

  if (event->flags & DUPLEX_EVENT_FLAG_ROW)
    {
      guint32 row = (guint32)chunk->row++;

      if (duplex_filter_match_until (scan->filter, scan->capture, event, &scan->interrupt))
        g_array_append_val (chunk->matches, row);
    }

  return !must_stop (chunk);
}

/* Returns the row that is to be looked at next. */
static guint
look_at_rows (DuplexCaptureScan *self,
              guint              first,
              guint              end,
              GArray            *matches)
{
  Chunk   chunk = { .scan = self, .matches = matches, .row = first, .end = end };
  guint64 number = 0;

  chunk.deadline = g_get_monotonic_time () + CHUNK_US;
  /* Where the row is not there any more: from the first event that is. */
  if (duplex_capture_find_row (self->capture, first, &number))
    chunk.number = number;
  else
    chunk.number = G_MAXUINT64;
  duplex_capture_walk (self->capture, number, G_MAXUINT64, look_at_event, &chunk);

  return chunk.is_cut && chunk.row < end ? (guint)chunk.row : end;
}

/* With the mutex held, which it lets go of meanwhile. */
static void
run_chunk (DuplexCaptureScan *self)
{
  g_autoptr (GArray) matches = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint              generation = self->generation;
  guint              first = self->next_row;
  guint              end = self->n_rows;
  guint              next;

  g_atomic_int_set (&self->interrupt, 0);
  g_mutex_unlock (&self->mutex);
  next = look_at_rows (self, first, end, matches);
  g_mutex_lock (&self->mutex);

  if (self->is_stopped || self->generation != generation)
    return;

  self->next_row = next;
  if (matches->len > 0)
    g_array_append_vals (self->found, matches->data, matches->len);
  schedule_call (self);
}

static gboolean
end_cb (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

/* The capture and the filter end on the owner's thread, where they began. If its context does not
 * run any more, then with the context. */
static void
end_on_owner (DuplexCaptureScan *self)
{
  g_autoptr (GMainContext) context = g_steal_pointer (&self->context);
  g_autoptr (GSource)      source = g_idle_source_new ();

  g_source_set_static_name (source, "[duplex] end of a scan");
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, end_cb, self, (GDestroyNotify)scan_unref);
  g_source_attach (source, context);
}

static gpointer
scan_worker (gpointer data)
{
  DuplexCaptureScan *self = data;
  gboolean           is_joined;

  setpriority (PRIO_PROCESS, 0, THREAD_NICE);

  g_mutex_lock (&self->mutex);
  while (!self->is_stopped)
    {
      if (self->next_row < self->n_rows)
        {
          run_chunk (self);
          continue;
        }
      self->is_waiting = TRUE;
      g_cond_wait (&self->cond, &self->mutex);
      self->is_waiting = FALSE;
    }
  is_joined = self->is_joined;
  g_mutex_unlock (&self->mutex);

  if (is_joined)
    scan_unref (self);
  else
    end_on_owner (self);
  return NULL;
}

DuplexCaptureScan *
duplex_capture_scan_new (DuplexCapture        *capture,
                         DuplexFilter         *filter,
                         DuplexCaptureScanFunc func,
                         gpointer              user_data)
{
  DuplexCaptureScan *self = g_new0 (DuplexCaptureScan, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->capture = g_object_ref (capture);
  self->filter = duplex_filter_ref (filter);
  self->context = g_main_context_ref_thread_default ();
  self->func = func;
  self->user_data = user_data;
  self->found = g_array_new (FALSE, FALSE, sizeof (guint32));
  /* So that the first batch comes at once. */
  self->called_at = -INTERVAL_US;
  self->thread = g_thread_new ("duplex-scan", scan_worker, scan_ref (self));

  return self;
}

void
duplex_capture_scan_free (DuplexCaptureScan *self)
{
  GThread *thread = g_steal_pointer (&self->thread);
  gboolean is_waiting;

  g_mutex_lock (&self->mutex);
  clear_source (self);
  g_atomic_int_set (&self->interrupt, 1);
  self->is_stopped = TRUE;
  is_waiting = self->is_waiting;
  self->is_joined = is_waiting;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);

  /* A thread that waits ends at once. */
  if (is_waiting)
    g_thread_join (thread);
  else
    g_thread_unref (thread);
  scan_unref (self);
}

void
duplex_capture_scan_set_rows (DuplexCaptureScan *self,
                              guint              n_rows)
{
  g_mutex_lock (&self->mutex);
  self->n_rows = n_rows;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

void
duplex_capture_scan_restart (DuplexCaptureScan *self,
                             guint              n_rows)
{
  g_mutex_lock (&self->mutex);
  clear_source (self);
  g_atomic_int_set (&self->interrupt, 1);
  g_array_set_size (self->found, 0);
  self->generation++;
  self->next_row = 0;
  self->n_rows = n_rows;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

guint
duplex_capture_scan_take (DuplexCaptureScan *self,
                          GArray            *matches)
{
  guint next_row;

  g_mutex_lock (&self->mutex);
  if (self->found->len > 0)
    g_array_append_vals (matches, self->found->data, self->found->len);
  g_array_set_size (self->found, 0);
  next_row = self->next_row;
  g_mutex_unlock (&self->mutex);

  return next_row;
}
