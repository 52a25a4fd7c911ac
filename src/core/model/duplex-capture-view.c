/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-view.h"

#include "core/model/duplex-capture-scan.h"
#include "core/model/duplex-row.h"

/* Positions in one piece of memory: what was found never moves, and an almost empty view is
 * small. A power of two. */
#define PIECE 16384

struct _DuplexCaptureView
{
  GObject parent_instance;

  /* owned */
  DuplexCapture     *capture;
  DuplexFilter      *filter;
  DuplexCaptureScan *scan;   /* NULL: nothing is looked for any more */
  GPtrArray         *pieces; /* of PIECE guint32: the rows, ascending */

  /* state */
  guint    n_items;
  guint    n_scanned; /* rows */
  guint    n_rows;
  gboolean is_busy;
  double   progress;
};

enum {
  PROP_0,
  PROP_BUSY,
  PROP_PROGRESS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void duplex_capture_view_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexCaptureView,
                               duplex_capture_view,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      duplex_capture_view_list_model_init))

static guint32
get_row (DuplexCaptureView *self,
         guint              position)
{
  const guint32 *piece = g_ptr_array_index (self->pieces, position / PIECE);

  return piece[position % PIECE];
}

static void
add_row (DuplexCaptureView *self,
         guint32            row)
{
  guint32 *piece;

  if (self->n_items % PIECE == 0)
    g_ptr_array_add (self->pieces, g_new (guint32, PIECE));

  piece = g_ptr_array_index (self->pieces, self->n_items / PIECE);
  piece[self->n_items++ % PIECE] = row;
}

/* GListModel */

static GType
duplex_capture_view_get_item_type (GListModel *model)
{
  return DUPLEX_TYPE_ROW;
}

static guint
duplex_capture_view_get_n_items (GListModel *model)
{
  return DUPLEX_CAPTURE_VIEW (model)->n_items;
}

static gpointer
duplex_capture_view_get_item (GListModel *model,
                              guint       position)
{
  DuplexCaptureView *self = DUPLEX_CAPTURE_VIEW (model);

  if (position >= self->n_items)
    return NULL;

  return g_list_model_get_item (G_LIST_MODEL (self->capture), get_row (self, position));
}

static void
duplex_capture_view_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = duplex_capture_view_get_item_type;
  iface->get_n_items = duplex_capture_view_get_n_items;
  iface->get_item = duplex_capture_view_get_item;
}

/* What is seen of the scan */

static void
update_state (DuplexCaptureView *self)
{
  gboolean is_busy = self->scan != NULL && self->n_scanned < self->n_rows;
  double   progress = self->n_rows > 0 ? (double)self->n_scanned / self->n_rows : 1;

  g_object_freeze_notify (G_OBJECT (self));
  if (is_busy != self->is_busy)
    {
      self->is_busy = is_busy;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
    }
  if (progress < self->progress || progress > self->progress)
    {
      self->progress = progress;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROGRESS]);
    }
  g_object_thaw_notify (G_OBJECT (self));
}

static void
found_cb (gpointer user_data)
{
  DuplexCaptureView *self = DUPLEX_CAPTURE_VIEW (user_data);
  g_autoptr (GArray) matches = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint              old_n = self->n_items;

  g_object_ref (self);
  self->n_scanned = duplex_capture_scan_take (self->scan, matches);
  for (guint i = 0; i < matches->len; i++)
    add_row (self, g_array_index (matches, guint32, i));
  if (matches->len > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), old_n, 0, matches->len);
  update_state (self);
  g_object_unref (self);
}

static void
start_over (DuplexCaptureView *self)
{
  guint old_n = self->n_items;

  self->n_items = 0;
  self->n_scanned = 0;
  g_ptr_array_set_size (self->pieces, 0);
  if (self->scan != NULL)
    duplex_capture_scan_restart (self->scan, self->n_rows);
  if (old_n > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, old_n, 0);
}

static void
items_changed_cb (GListModel        *capture,
                  guint              position,
                  guint              removed,
                  guint              added,
                  DuplexCaptureView *self)
{
  if (self->scan == NULL && removed == 0)
    return;

  self->n_rows = g_list_model_get_n_items (capture);
  if (removed > 0)
    start_over (self);
  else
    duplex_capture_scan_set_rows (self->scan, self->n_rows);
  update_state (self);
}

/* GObject */

static void
duplex_capture_view_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  DuplexCaptureView *self = DUPLEX_CAPTURE_VIEW (object);

  switch (prop_id)
    {
    case PROP_BUSY:
      g_value_set_boolean (value, self->is_busy);
      break;
    case PROP_PROGRESS:
      g_value_set_double (value, self->progress);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_capture_view_dispose (GObject *object)
{
  DuplexCaptureView *self = DUPLEX_CAPTURE_VIEW (object);

  g_clear_pointer (&self->scan, duplex_capture_scan_free);

  G_OBJECT_CLASS (duplex_capture_view_parent_class)->dispose (object);
}

static void
duplex_capture_view_finalize (GObject *object)
{
  DuplexCaptureView *self = DUPLEX_CAPTURE_VIEW (object);

  g_clear_pointer (&self->pieces, g_ptr_array_unref);
  g_clear_pointer (&self->filter, duplex_filter_unref);
  g_clear_object (&self->capture);

  G_OBJECT_CLASS (duplex_capture_view_parent_class)->finalize (object);
}

static void
duplex_capture_view_class_init (DuplexCaptureViewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags   flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = duplex_capture_view_get_property;
  object_class->dispose = duplex_capture_view_dispose;
  object_class->finalize = duplex_capture_view_finalize;

  properties[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, flags);
  properties[PROP_PROGRESS] = g_param_spec_double ("progress", NULL, NULL, 0, 1, 1, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
duplex_capture_view_init (DuplexCaptureView *self)
{
  self->pieces = g_ptr_array_new_with_free_func (g_free);
  self->progress = 1;
}

DuplexCaptureView *
duplex_capture_view_new (DuplexCapture *capture,
                         DuplexFilter  *filter)
{
  DuplexCaptureView *self;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (capture), NULL);
  g_return_val_if_fail (filter != NULL, NULL);

  self = g_object_new (DUPLEX_TYPE_CAPTURE_VIEW, NULL);
  self->capture = g_object_ref (capture);
  self->filter = duplex_filter_ref (filter);
  self->scan = duplex_capture_scan_new (capture, filter, found_cb, self);
  g_signal_connect_object (capture, "items-changed", G_CALLBACK (items_changed_cb), self, 0);
  items_changed_cb (G_LIST_MODEL (capture), 0, 0, 0, self);

  return self;
}

void
duplex_capture_view_cancel (DuplexCaptureView *self)
{
  g_return_if_fail (DUPLEX_IS_CAPTURE_VIEW (self));

  g_clear_pointer (&self->scan, duplex_capture_scan_free);
  update_state (self);
}

gboolean
duplex_capture_view_get_busy (DuplexCaptureView *self)
{
  g_return_val_if_fail (DUPLEX_IS_CAPTURE_VIEW (self), FALSE);

  return self->is_busy;
}

double
duplex_capture_view_get_progress (DuplexCaptureView *self)
{
  g_return_val_if_fail (DUPLEX_IS_CAPTURE_VIEW (self), 0);

  return self->progress;
}

DuplexFilter *
duplex_capture_view_get_filter (DuplexCaptureView *self)
{
  g_return_val_if_fail (DUPLEX_IS_CAPTURE_VIEW (self), NULL);

  return self->filter;
}

guint64
duplex_capture_view_get_row (DuplexCaptureView *self,
                             guint              position)
{
  g_return_val_if_fail (DUPLEX_IS_CAPTURE_VIEW (self), 0);
  g_return_val_if_fail (position < self->n_items, 0);

  return get_row (self, position);
}

guint
duplex_capture_view_find (DuplexCaptureView *self,
                          guint64            row)
{
  guint low = 0;
  guint high;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE_VIEW (self), 0);

  high = self->n_items;
  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (get_row (self, middle) < row)
        low = middle + 1;
      else
        high = middle;
    }

  return low;
}
