/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-private.h"
#include "core/proto/duplex-limits.h"

/* At most 20 batches a second become visible: a person does not read faster, and each makes the
 * window lay out its list. */
#define PUBLISH_INTERVAL_US (50 * 1000)

static void duplex_capture_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexCapture,
                               duplex_capture,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      duplex_capture_list_model_init))

enum {
  PROP_0,
  PROP_RECORDING,
  N_PROPS
};

enum {
  SIGNAL_PUBLISHED,
  SIGNAL_NOTE_CHANGED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

GType
duplex_recording_get_type (void)
{
  static gsize            type = 0;
  static const GEnumValue values[] = {
    { DUPLEX_RECORDING_OFF, "DUPLEX_RECORDING_OFF", "off" },
    { DUPLEX_RECORDING_ON, "DUPLEX_RECORDING_ON", "on" },
    { DUPLEX_RECORDING_STALLED, "DUPLEX_RECORDING_STALLED", "stalled" },
    { DUPLEX_RECORDING_ENDED, "DUPLEX_RECORDING_ENDED", "ended" },
    { DUPLEX_RECORDING_STORED, "DUPLEX_RECORDING_STORED", "stored" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("DuplexRecording", values));
  return (GType)type;
}

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
void
duplex_capture_schedule_publish (DuplexCapture *self)
{
  GSource  *source;
  GWeakRef *ref;

  self->is_dirty = TRUE;
  if (self->publish_source != NULL || self->is_disposed)
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
  guint           old_n;
  guint           new_n;
  DuplexRecording recording;
  gboolean        was_dirty;

  g_return_if_fail (DUPLEX_IS_CAPTURE (self));

  g_mutex_lock (&self->mutex);
  clear_publish_source (self);
  was_dirty = self->is_dirty;
  self->is_dirty = FALSE;
  new_n = MIN (self->totals.rows, G_MAXUINT);
  recording = self->recording;
  g_mutex_unlock (&self->mutex);

  if (!was_dirty)
    return;

  g_object_ref (self);
  old_n = self->n_visible;
  self->n_visible = new_n;
  if (new_n > old_n)
    g_list_model_items_changed (G_LIST_MODEL (self), old_n, 0, new_n - old_n);
  if (recording != self->told)
    {
      self->told = recording;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RECORDING]);
    }
  g_signal_emit (self, signals[SIGNAL_PUBLISHED], 0);
  begin_interval (self);
  g_object_unref (self);
}

void
duplex_capture_clear (DuplexCapture *self)
{
  guint old_n;

  g_return_if_fail (DUPLEX_IS_CAPTURE (self));
  g_return_if_fail (self->recording != DUPLEX_RECORDING_STORED);

  g_mutex_lock (&self->mutex);
  clear_publish_source (self);
  duplex_capture_queue_last (self);
  duplex_capture_index_clear (&self->index);
  self->n_cached = 0;
  self->held = 0;
  duplex_capture_check_bound (self);
  self->first_number = self->next_number;
  duplex_totals_join (&self->cleared, &self->totals);
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

void
duplex_capture_check_bound (DuplexCapture *self)
{
  gboolean is_full = self->held > (self->is_full ? self->bound / 2 : self->bound) ||
                     self->writer_full;

  if (self->full_func == NULL || is_full == self->is_full)
    return;
  self->is_full = is_full;
  self->full_func (is_full, self->full_data);
}

void
duplex_capture_drop_before (DuplexCapture *self,
                            guint64        number)
{
  DuplexCaptureEntry *first;

  g_return_if_fail (DUPLEX_IS_CAPTURE (self));

  g_mutex_lock (&self->mutex);
  /* The block that is still filled may go too; the file gets it first. */
  if (number >= self->next_number)
    duplex_capture_queue_last (self);
  self->held -= duplex_capture_index_drop_before (&self->index, number);
  duplex_capture_check_bound (self);
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
  duplex_capture_check_bound (self);
  g_mutex_unlock (&self->mutex);
}

/* GObject */

static void
duplex_capture_dispose (GObject *object)
{
  DuplexCapture *self = DUPLEX_CAPTURE (object);

  g_mutex_lock (&self->mutex);
  self->is_disposed = TRUE;
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

  duplex_capture_stop_writer (self, NULL);
  g_clear_pointer (&self->file, duplex_capture_file_free);
  duplex_capture_index_free (&self->index);
  g_clear_pointer (&self->payloads, g_hash_table_unref);
  g_clear_pointer (&self->notes, g_hash_table_unref);
  g_queue_free_full (self->originals, duplex_capture_original_free);
  g_free (self->path);
  g_free (self->trouble);
  g_clear_pointer (&self->connecting, g_array_unref);
  g_clear_pointer (&self->rows, g_hash_table_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_mutex_clear (&self->mutex);
  g_mutex_clear (&self->file_mutex);

  G_OBJECT_CLASS (duplex_capture_parent_class)->finalize (object);
}

static void
duplex_capture_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  DuplexCapture *self = DUPLEX_CAPTURE (object);

  switch (prop_id)
    {
    case PROP_RECORDING:
      g_value_set_enum (value, (gint)duplex_capture_get_recording (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_capture_class_init (DuplexCaptureClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = duplex_capture_dispose;
  object_class->finalize = duplex_capture_finalize;
  object_class->get_property = duplex_capture_get_property;

  properties[PROP_RECORDING] =
    g_param_spec_enum ("recording", NULL, NULL, DUPLEX_TYPE_RECORDING, DUPLEX_RECORDING_OFF,
                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_PUBLISHED] =
    g_signal_new ("published", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 0);
  signals[SIGNAL_NOTE_CHANGED] =
    g_signal_new ("note-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                  NULL, G_TYPE_NONE, 1, G_TYPE_UINT64);
}

static void
duplex_capture_init (DuplexCapture *self)
{
  g_mutex_init (&self->mutex);
  g_mutex_init (&self->file_mutex);
  duplex_capture_index_init (&self->index);
  self->connecting = g_array_new (FALSE, FALSE, sizeof (DuplexCaptureConnecting));
  self->rows = g_hash_table_new (NULL, NULL);
  self->payloads = duplex_capture_payloads_new ();
  self->notes = duplex_capture_notes_new ();
  self->originals = g_queue_new ();
  self->next_block = 1;
  self->next_payload = 1;
  self->bound = G_MAXUINT64;
  self->context = g_main_context_ref_thread_default ();
  /* So that the first batch comes at once. */
  self->published_at = -PUBLISH_INTERVAL_US;
}

DuplexCapture *
duplex_capture_new (void)
{
  return g_object_new (DUPLEX_TYPE_CAPTURE, NULL);
}
