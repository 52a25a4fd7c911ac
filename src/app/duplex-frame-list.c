/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-frame-list.h"

struct _DuplexFrameList
{
  GObject parent_instance;

  /* owned */
  DuplexCapture *capture;
  GArray        *numbers;
};

static GType
duplex_frame_list_get_item_type (GListModel *model)
{
  return DUPLEX_TYPE_FRAME_ITEM;
}

static guint
duplex_frame_list_get_n_items (GListModel *model)
{
  return DUPLEX_FRAME_LIST (model)->numbers->len;
}

static gpointer
duplex_frame_list_get_item (GListModel *model,
                            guint       position)
{
  DuplexFrameList     *self = DUPLEX_FRAME_LIST (model);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  guint64              number;

  if (position >= self->numbers->len)
    return NULL;

  /* A capture that was cleared since knows the number no more; a model must give an item all the
   * same. */
  number = g_array_index (self->numbers, guint64, position);
  if (!duplex_capture_read (self->capture, number, &event))
    event.kind = DUPLEX_EVENT_LOST;

  return duplex_frame_item_new (self->capture, position, &event);
}

static void
list_model_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = duplex_frame_list_get_item_type;
  iface->get_n_items = duplex_frame_list_get_n_items;
  iface->get_item = duplex_frame_list_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexFrameList,
                               duplex_frame_list,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_iface_init))

static void
duplex_frame_list_dispose (GObject *object)
{
  DuplexFrameList *self = DUPLEX_FRAME_LIST (object);

  g_clear_object (&self->capture);

  G_OBJECT_CLASS (duplex_frame_list_parent_class)->dispose (object);
}

static void
duplex_frame_list_finalize (GObject *object)
{
  DuplexFrameList *self = DUPLEX_FRAME_LIST (object);

  g_clear_pointer (&self->numbers, g_array_unref);

  G_OBJECT_CLASS (duplex_frame_list_parent_class)->finalize (object);
}

static void
duplex_frame_list_class_init (DuplexFrameListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = duplex_frame_list_dispose;
  object_class->finalize = duplex_frame_list_finalize;
}

static void
duplex_frame_list_init (DuplexFrameList *self)
{
}

DuplexFrameList *
duplex_frame_list_new (DuplexCapture *capture,
                       GArray        *numbers)
{
  DuplexFrameList *self;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (capture), NULL);
  g_return_val_if_fail (numbers != NULL, NULL);

  self = g_object_new (DUPLEX_TYPE_FRAME_LIST, NULL);
  self->capture = g_object_ref (capture);
  self->numbers = g_array_ref (numbers);
  return self;
}
