/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture.h"

#include "core/model/duplex-capture-index.h"
#include "core/model/duplex-capture-private.h"
#include "core/model/duplex-row.h"
#include "core/proto/duplex-limits.h"

/* At most 20 batches a second become visible: a person does not read faster, and each makes the
 * window lay out its list. */
#define PUBLISH_INTERVAL_US (50 * 1000)

struct _DuplexCapture
{
  GObject parent_instance;

  /* owned */
  GMainContext *context; /* of the thread that made us */
  GHashTable   *rows;    /* position -> DuplexRow that lives, unowned; owner's thread */

  /* owner's thread */
  guint n_visible; /* rows in the list model */

  GMutex mutex; /* guards all below */

  DuplexCaptureIndex index;
  GArray            *connecting; /* guint64: numbers of the CONNECTING events */
  DuplexTotals       totals;
  guint64            first_number; /* below it all was cleared */
  guint64            next_number;
  guint32            n_connections;

  guint64               held; /* bytes of the events that are there, about */
  guint64               bound;
  DuplexCaptureFullFunc full_func; /* or NULL */
  gpointer              full_data;
  gboolean              is_full; /* as func was told last */

  GSource *publish_source; /* attached, will publish; or NULL */
  gint64   published_at;   /* monotonic, of the end of the last batch */
  gboolean is_dirty;       /* something was appended since */
};

static void duplex_capture_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexCapture,
                               duplex_capture,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      duplex_capture_list_model_init))

enum {
  SIGNAL_PUBLISHED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* GListModel: positions are guint, so that a list ends at 4 G rows; the capture does not. */

static GType
duplex_capture_get_item_type (GListModel *model)
{
  return DUPLEX_TYPE_ROW;
}

static guint
duplex_capture_get_n_items (GListModel *model)
{
  return DUPLEX_CAPTURE (model)->n_visible;
}

static gpointer
duplex_capture_get_item (GListModel *model,
                         guint       position)
{
  DuplexCapture       *self = DUPLEX_CAPTURE (model);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  DuplexRow           *row;
  guint64              number;

  if (position >= self->n_visible)
    return NULL;

  /* A list asks again for what it shows: one object a row while it lives lets it keep its
   * widgets. */
  row = g_hash_table_lookup (self->rows, GUINT_TO_POINTER (position));
  if (row != NULL)
    return g_object_ref (row);

  if (!duplex_capture_find_row (self, position, &number) ||
      !duplex_capture_read (self, number, &event))
    return NULL;

  row = duplex_row_new (self, position, &event);
  g_hash_table_insert (self->rows, GUINT_TO_POINTER (position), row);

  return row;
}

static void
duplex_capture_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = duplex_capture_get_item_type;
  iface->get_n_items = duplex_capture_get_n_items;
  iface->get_item = duplex_capture_get_item;
}

void
duplex_capture_forget_row (DuplexCapture *self,
                           DuplexRow     *row)
{
  gpointer key = GUINT_TO_POINTER ((guint)duplex_row_get_position (row));

  if (g_hash_table_lookup (self->rows, key) == row)
    g_hash_table_remove (self->rows, key);
}

/* Publishing */

static gboolean
publish_cb (gpointer data)
{
  g_autoptr (DuplexCapture) self = g_weak_ref_get (data);

  if (self != NULL)
    duplex_capture_publish (self);

  return G_SOURCE_REMOVE;
}

static void
free_weak_ref (gpointer data)
{
  GWeakRef *ref = data;

  g_weak_ref_clear (ref);
  g_free (ref);
}

static gboolean
publish_source_dispatch (GSource    *source,
                         GSourceFunc callback,
                         gpointer    user_data)
{
  return callback (user_data);
}

static GSourceFuncs publish_source_funcs = {
  .dispatch = publish_source_dispatch,
};

/* With the mutex held. The source is attached to the owner's context from any thread. It only knows
 * us weakly, so that it may outlive us. */
static void
schedule_publish (DuplexCapture *self)
{
  GSource  *source;
  GWeakRef *ref;

  self->is_dirty = TRUE;
  if (self->publish_source != NULL)
    return;

  ref = g_new0 (GWeakRef, 1);
  g_weak_ref_init (ref, self);

  source = g_source_new (&publish_source_funcs, sizeof (GSource));
  g_source_set_static_name (source, "[duplex] publish capture");
  g_source_set_callback (source, publish_cb, ref, free_weak_ref);
  /* A time that has passed is dispatched at once. */
  g_source_set_ready_time (source, self->published_at + PUBLISH_INTERVAL_US);
  g_source_attach (source, self->context);
  self->publish_source = source;
}

static void
clear_publish_source (DuplexCapture *self)
{
  if (self->publish_source == NULL)
    return;

  g_source_destroy (self->publish_source);
  g_clear_pointer (&self->publish_source, g_source_unref);
}

/* The interval counts from the end of a batch: where showing one takes longer than that, drawing
 * and all else of lower priority still has its turn before the next. */
static void
begin_interval (DuplexCapture *self)
{
  g_mutex_lock (&self->mutex);
  self->published_at = g_get_monotonic_time ();
  if (self->publish_source != NULL)
    g_source_set_ready_time (self->publish_source, self->published_at + PUBLISH_INTERVAL_US);
  g_mutex_unlock (&self->mutex);
}

void
duplex_capture_publish (DuplexCapture *self)
{
  guint    old_n;
  guint    new_n;
  gboolean was_dirty;

  g_return_if_fail (DUPLEX_IS_CAPTURE (self));

  g_mutex_lock (&self->mutex);
  clear_publish_source (self);
  was_dirty = self->is_dirty;
  self->is_dirty = FALSE;
  new_n = MIN (self->totals.rows, G_MAXUINT);
  g_mutex_unlock (&self->mutex);

  if (!was_dirty)
    return;

  g_object_ref (self);
  old_n = self->n_visible;
  self->n_visible = new_n;
  if (new_n > old_n)
    g_list_model_items_changed (G_LIST_MODEL (self), old_n, 0, new_n - old_n);
  g_signal_emit (self, signals[SIGNAL_PUBLISHED], 0);
  begin_interval (self);
  g_object_unref (self);
}

/* Appending */

/* The payload without a copy where the event's owner has it. */
static GBytes *
hold_payload (const DuplexEvent *event)
{
  gsize    size = 0;
  guintptr start = 0;
  guintptr payload = (guintptr)event->payload;

  if (event->owner != NULL)
    start = (guintptr)g_bytes_get_data (event->owner, &size);

  if (payload >= start && payload - start <= size &&
      event->payload_size <= size - (payload - start))
    return g_bytes_new_from_bytes (event->owner, payload - start, event->payload_size);

  return g_bytes_new (event->payload, event->payload_size);
}

static gboolean
is_data_opcode (guint8 opcode)
{
  return opcode <= DUPLEX_OPCODE_BINARY;
}

static void
add_to_totals (DuplexTotals      *totals,
               const DuplexEvent *event)
{
  guint i = event->direction == DUPLEX_DIRECTION_RECEIVED ? 1 : 0;

  totals->events++;
  totals->findings += event->n_findings;
  if (event->flags & DUPLEX_EVENT_FLAG_ROW)
    totals->rows++;

  if (event->kind != DUPLEX_EVENT_FRAME || event->direction == DUPLEX_DIRECTION_NONE)
    return;

  totals->frames[i]++;
  totals->wire_bytes[i] += duplex_event_get_wire_size (event);

  if ((event->flags & DUPLEX_EVENT_FLAG_ROW) && !(event->flags & DUPLEX_EVENT_FLAG_CUT) &&
      is_data_opcode (event->opcode))
    {
      totals->messages[i]++;
      totals->bytes[i] += event->message_size;
    }
}

/* With the mutex held: copies event into the open block, or into a new one where that is full. */
static DuplexCaptureEntry *
store_event (DuplexCapture     *self,
             const DuplexEvent *event,
             GBytes            *beside)
{
  DuplexCaptureEntry *entry = duplex_capture_index_get_last (&self->index);
  gsize               room;

  if (entry != NULL && duplex_capture_block_append (entry->block, event, beside))
    return entry;

  /* A payload just under the limit needs a little more, for its record. */
  room = MAX (DUPLEX_LIMIT_CAPTURE_BLOCK, duplex_capture_block_get_room (event, beside != NULL));
  entry = duplex_capture_index_add (&self->index, duplex_capture_block_new (room),
                                    self->next_number, self->totals.rows);
  entry->first_time_us = event->time_us;
  if (!duplex_capture_block_append (entry->block, event, beside))
    g_assert_not_reached ();

  return entry;
}

/* With the mutex held. */
static void
check_bound (DuplexCapture *self)
{
  gboolean is_full = self->held > (self->is_full ? self->bound / 2 : self->bound);

  if (self->full_func == NULL || is_full == self->is_full)
    return;
  self->is_full = is_full;
  self->full_func (is_full, self->full_data);
}

static void
add_held (DuplexCapture      *self,
          DuplexCaptureEntry *entry,
          const DuplexEvent  *event)
{
  guint64 bytes = sizeof *event + event->payload_size;

  entry->bytes += bytes;
  self->held += bytes;
  check_bound (self);
}

guint64
duplex_capture_append (DuplexCapture     *self,
                       const DuplexEvent *event)
{
  g_autoptr (GBytes)  beside = NULL;
  DuplexCaptureEntry *entry;
  guint64             number;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), 0);
  g_return_val_if_fail (event != NULL, 0);
  g_return_val_if_fail (event->payload != NULL || event->payload_size == 0, 0);
  g_return_val_if_fail (event->findings != NULL || event->n_findings == 0, 0);

  if (event->payload_size > DUPLEX_LIMIT_CAPTURE_BLOCK)
    beside = hold_payload (event);

  g_mutex_lock (&self->mutex);

  entry = store_event (self, event, beside);
  entry->last_time_us = event->time_us;
  add_held (self, entry, event);
  number = self->next_number++;
  add_to_totals (&self->totals, event);
  if (event->kind == DUPLEX_EVENT_CONNECTING)
    g_array_append_val (self->connecting, number);
  schedule_publish (self);

  g_mutex_unlock (&self->mutex);

  return number;
}

guint32
duplex_capture_begin_connection (DuplexCapture *self)
{
  guint32 connection;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), 0);

  g_mutex_lock (&self->mutex);
  connection = ++self->n_connections;
  g_mutex_unlock (&self->mutex);

  return connection;
}

/* Reading */

/* References the block that has event number. ret_n is the number of its events that may be
 * read. */
static DuplexCaptureBlock *
ref_block (DuplexCapture *self,
           guint64        number,
           guint         *ret_index,
           guint         *ret_n)
{
  DuplexCaptureBlock *block = NULL;
  DuplexCaptureEntry *entry;

  g_mutex_lock (&self->mutex);

  entry = duplex_capture_index_find_event (&self->index, number);
  if (entry != NULL)
    {
      block = duplex_capture_block_ref (entry->block);
      *ret_index = number - entry->first_event;
      *ret_n = duplex_capture_block_get_n_events (block);
    }

  g_mutex_unlock (&self->mutex);

  return block;
}

static gboolean
is_first_itself (const DuplexEvent *event)
{
  if (event->first == DUPLEX_EVENT_FIRST_IS_SELF)
    return TRUE;

  return (event->flags & DUPLEX_EVENT_FLAG_ROW) && event->n_frames <= 1 &&
         event->kind != DUPLEX_EVENT_UNFINISHED;
}

/* Fills ret_event from the block; it borrows from there. */
static void
get_event (DuplexCaptureBlock *block,
           guint               index,
           guint64             number,
           DuplexEvent        *ret_event)
{
  duplex_capture_block_get_event (block, index, ret_event);
  ret_event->number = number;

  if (is_first_itself (ret_event))
    ret_event->first = number;
}

gboolean
duplex_capture_read (DuplexCapture *self,
                     guint64        number,
                     DuplexEvent   *ret_event)
{
  DuplexCaptureBlock *block;
  guint               index;
  guint               n;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);
  g_return_val_if_fail (ret_event != NULL && ret_event->hold == NULL, FALSE);

  block = ref_block (self, number, &index, &n);
  if (block == NULL)
    return FALSE;

  get_event (block, index, number, ret_event);
  ret_event->hold = block;

  return TRUE;
}

void
duplex_capture_walk (DuplexCapture        *self,
                     guint64               first,
                     guint64               last,
                     DuplexCaptureWalkFunc func,
                     gpointer              user_data)
{
  guint64 number;

  g_mutex_lock (&self->mutex);
  number = MAX (first, self->first_number);
  g_mutex_unlock (&self->mutex);

  while (number <= last)
    {
      g_autoptr (DuplexCaptureBlock) block = NULL;
      guint                          index;
      guint                          n;

      block = ref_block (self, number, &index, &n);
      if (block == NULL)
        return;

      for (; index < n && number <= last; index++, number++)
        {
          DuplexEvent event;

          get_event (block, index, number, &event);
          if (!func (&event, user_data))
            return;
        }
    }
}

static gboolean
has_no_finding (const DuplexEvent *event,
                gpointer           user_data)
{
  *(guint64 *)user_data = event->number;

  return event->n_findings == 0;
}

gboolean
duplex_capture_find_finding (DuplexCapture *self,
                             guint64       *ret_number)
{
  guint64     last = G_MAXUINT64;
  DuplexEvent event = { 0 };
  gboolean    found;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);
  g_return_val_if_fail (ret_number != NULL, FALSE);

  duplex_capture_walk (self, 0, G_MAXUINT64, has_no_finding, &last);
  if (!duplex_capture_read (self, last, &event))
    return FALSE;

  found = event.n_findings > 0;
  duplex_event_clear (&event);
  *ret_number = last;
  return found;
}

gboolean
duplex_capture_find_row (DuplexCapture *self,
                         guint64        row,
                         guint64       *ret_number)
{
  DuplexCaptureEntry *entry;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);
  g_return_val_if_fail (ret_number != NULL, FALSE);

  g_mutex_lock (&self->mutex);

  entry = duplex_capture_index_find_row (&self->index, row);
  if (entry != NULL)
    *ret_number = entry->first_event +
                  duplex_capture_block_get_row (entry->block, row - entry->first_row);

  g_mutex_unlock (&self->mutex);

  return entry != NULL;
}

void
duplex_capture_get_totals (DuplexCapture *self,
                           DuplexTotals  *ret_totals)
{
  g_return_if_fail (DUPLEX_IS_CAPTURE (self));
  g_return_if_fail (ret_totals != NULL);

  g_mutex_lock (&self->mutex);
  *ret_totals = self->totals;
  g_mutex_unlock (&self->mutex);
}

gboolean
duplex_capture_find_connecting (DuplexCapture *self,
                                guint64        number,
                                guint64       *ret_number)
{
  gboolean found = FALSE;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);
  g_return_val_if_fail (ret_number != NULL, FALSE);

  g_mutex_lock (&self->mutex);

  /* From the end: the question is mostly about the connection that is open. */
  for (guint i = self->connecting->len; i > 0 && !found; i--)
    {
      guint64 candidate = g_array_index (self->connecting, guint64, i - 1);

      if (candidate <= number)
        {
          *ret_number = candidate;
          found = TRUE;
        }
    }

  g_mutex_unlock (&self->mutex);

  return found;
}

void
duplex_capture_drop_before (DuplexCapture *self,
                            guint64        number)
{
  DuplexCaptureEntry *first;

  g_return_if_fail (DUPLEX_IS_CAPTURE (self));

  g_mutex_lock (&self->mutex);
  self->held -= duplex_capture_index_drop_before (&self->index, number);
  check_bound (self);
  first = duplex_capture_index_get_first (&self->index);
  self->first_number = first != NULL ? first->first_event : self->next_number;
  g_mutex_unlock (&self->mutex);
}

void
duplex_capture_set_bound (DuplexCapture        *self,
                          guint64               bytes,
                          DuplexCaptureFullFunc func,
                          gpointer              user_data)
{
  g_return_if_fail (DUPLEX_IS_CAPTURE (self));

  g_mutex_lock (&self->mutex);
  self->bound = bytes;
  self->full_func = func;
  self->full_data = user_data;
  self->is_full = FALSE;
  check_bound (self);
  g_mutex_unlock (&self->mutex);
}

void
duplex_capture_clear (DuplexCapture *self)
{
  guint old_n;

  g_return_if_fail (DUPLEX_IS_CAPTURE (self));

  g_mutex_lock (&self->mutex);
  clear_publish_source (self);
  duplex_capture_index_clear (&self->index);
  self->held = 0;
  check_bound (self);
  self->first_number = self->next_number;
  g_array_set_size (self->connecting, 0);
  self->totals = (DuplexTotals){ 0 };
  self->is_dirty = FALSE;
  g_mutex_unlock (&self->mutex);

  g_object_ref (self);
  g_hash_table_remove_all (self->rows);
  old_n = self->n_visible;
  self->n_visible = 0;
  if (old_n > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, old_n, 0);
  g_signal_emit (self, signals[SIGNAL_PUBLISHED], 0);
  begin_interval (self);
  g_object_unref (self);
}

/* GObject */

static void
duplex_capture_dispose (GObject *object)
{
  DuplexCapture *self = DUPLEX_CAPTURE (object);

  g_mutex_lock (&self->mutex);
  clear_publish_source (self);
  g_mutex_unlock (&self->mutex);

  G_OBJECT_CLASS (duplex_capture_parent_class)->dispose (object);
}

static void
duplex_capture_finalize (GObject *object)
{
  DuplexCapture *self = DUPLEX_CAPTURE (object);

  /* A row holds its capture: there is none any more. */
  g_assert (g_hash_table_size (self->rows) == 0);

  duplex_capture_index_free (&self->index);
  g_clear_pointer (&self->connecting, g_array_unref);
  g_clear_pointer (&self->rows, g_hash_table_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_mutex_clear (&self->mutex);

  G_OBJECT_CLASS (duplex_capture_parent_class)->finalize (object);
}

static void
duplex_capture_class_init (DuplexCaptureClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = duplex_capture_dispose;
  object_class->finalize = duplex_capture_finalize;

  signals[SIGNAL_PUBLISHED] =
    g_signal_new ("published", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 0);
}

static void
duplex_capture_init (DuplexCapture *self)
{
  g_mutex_init (&self->mutex);
  duplex_capture_index_init (&self->index);
  self->connecting = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->rows = g_hash_table_new (NULL, NULL);
  self->context = g_main_context_ref_thread_default ();
  /* So that the first batch comes at once. */
  self->published_at = -PUBLISH_INTERVAL_US;
}

DuplexCapture *
duplex_capture_new (void)
{
  return g_object_new (DUPLEX_TYPE_CAPTURE, NULL);
}
