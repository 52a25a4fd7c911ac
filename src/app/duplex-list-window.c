/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-list-window.h"

struct _DuplexListWindow
{
  GObject parent_instance;

  /* owned */
  GListModel *model;
  GObject    *selected_item;

  /* state: the items from start on are shown */
  guint    start;
  guint    n_items;
  guint    tail;
  guint    max;
  guint    selected;
  guint    seen; /* length of the model when following ended */
  gboolean following;
};

enum {
  PROP_MODEL = 1,
  PROP_FOLLOWING,
  PROP_SELECTED_ITEM,
  PROP_N_BELOW,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static GType
duplex_list_window_get_item_type (GListModel *list)
{
  return G_TYPE_OBJECT;
}

static guint
duplex_list_window_get_n_items (GListModel *list)
{
  return DUPLEX_LIST_WINDOW (list)->n_items;
}

static gpointer
duplex_list_window_get_item (GListModel *list,
                             guint       position)
{
  DuplexListWindow *self = DUPLEX_LIST_WINDOW (list);

  if (position >= self->n_items)
    return NULL;

  return g_list_model_get_item (self->model, self->start + position);
}

static gboolean
duplex_list_window_is_selected (GtkSelectionModel *model,
                                guint              position)
{
  DuplexListWindow *self = DUPLEX_LIST_WINDOW (model);

  return position < self->n_items && self->start + position == self->selected;
}

static GtkBitset *
duplex_list_window_get_selection_in_range (GtkSelectionModel *model,
                                           guint              position,
                                           guint              n_items)
{
  DuplexListWindow *self = DUPLEX_LIST_WINDOW (model);
  GtkBitset        *set = gtk_bitset_new_empty ();

  if (self->selected != GTK_INVALID_LIST_POSITION && self->selected >= self->start &&
      self->selected - self->start < self->n_items)
    gtk_bitset_add (set, self->selected - self->start);

  return set;
}

static gboolean
duplex_list_window_select_item (GtkSelectionModel *model,
                                guint              position,
                                gboolean           unselect_rest)
{
  DuplexListWindow *self = DUPLEX_LIST_WINDOW (model);

  if (position < self->n_items)
    duplex_list_window_set_selected (self, self->start + position);

  return TRUE;
}

static gboolean
duplex_list_window_unselect_item (GtkSelectionModel *model,
                                  guint              position)
{
  DuplexListWindow *self = DUPLEX_LIST_WINDOW (model);

  if (duplex_list_window_is_selected (model, position))
    duplex_list_window_set_selected (self, GTK_INVALID_LIST_POSITION);

  return TRUE;
}

static void
list_model_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = duplex_list_window_get_item_type;
  iface->get_n_items = duplex_list_window_get_n_items;
  iface->get_item = duplex_list_window_get_item;
}

static void
selection_model_iface_init (GtkSelectionModelInterface *iface)
{
  iface->is_selected = duplex_list_window_is_selected;
  iface->get_selection_in_range = duplex_list_window_get_selection_in_range;
  iface->select_item = duplex_list_window_select_item;
  iface->unselect_item = duplex_list_window_unselect_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexListWindow,
                               duplex_list_window,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_iface_init)
                                 G_IMPLEMENT_INTERFACE (GTK_TYPE_SELECTION_MODEL,
                                                        selection_model_iface_init))

static void
notify (DuplexListWindow *self,
        guint             property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/* Takes n items off the front, or puts them before it where n is negative. */
static void
move_front (DuplexListWindow *self,
            gint64            n)
{
  self->start = (guint)(self->start + n);
  self->n_items = (guint)(self->n_items - n);
  if (n > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, (guint)n, 0);
  else if (n < 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, 0, (guint)-n);
}

static void
move_back (DuplexListWindow *self,
           guint             end)
{
  guint old = self->n_items;

  self->n_items = end - self->start;
  if (self->n_items > old)
    g_list_model_items_changed (G_LIST_MODEL (self), old, 0, self->n_items - old);
  else if (self->n_items < old)
    g_list_model_items_changed (G_LIST_MODEL (self), self->n_items, old - self->n_items, 0);
}

/* Shows the items from start up to end, which is not before the end that there is. Items that are
 * in the window before and after are not touched. */
static void
move_to (DuplexListWindow *self,
         guint             start,
         guint             end)
{
  guint old = self->n_items;

  if (start < self->start + self->n_items)
    {
      move_front (self, (gint64)start - self->start);
      move_back (self, end);
      return;
    }

  /* Where items go, GtkListView of GTK 4.8 asks for each one that comes with the same change,
   * whether it is one of those: a few while following, and else a million. */
  if (!self->following)
    {
      move_back (self, self->start);
      old = 0;
    }
  self->start = start;
  self->n_items = end - start;
  if (old > 0 || self->n_items > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, old, self->n_items);
}

/* The other way. Items that were never in a view, only counted, may go and come back. */
static void
move_up (DuplexListWindow *self,
         guint             start,
         guint             end,
         guint             boundary)
{
  if (boundary > self->start && boundary <= MIN (end, self->start + self->n_items))
    {
      move_back (self, boundary);
      move_front (self, (gint64)start - self->start);
    }
  else
    {
      move_back (self, self->start);
      self->start = start;
    }

  move_back (self, end);
}

static void
move_to_end (DuplexListWindow *self)
{
  guint total = duplex_list_window_get_total (self);
  guint size = self->following ? self->tail : self->max;

  move_to (self, total > size ? total - size : 0, total);
}

static void
unselect (DuplexListWindow *self)
{
  self->selected = GTK_INVALID_LIST_POSITION;
  if (g_set_object (&self->selected_item, NULL))
    notify (self, PROP_SELECTED_ITEM);
}

static void
start_anew (DuplexListWindow *self)
{
  guint old = self->n_items;

  self->start = 0;
  self->n_items = 0;
  if (old > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, old, 0);
  unselect (self);
  if (!self->following)
    {
      self->following = TRUE;
      notify (self, PROP_FOLLOWING);
    }
  move_to_end (self);
}

static void
items_changed_cb (GListModel       *model,
                  guint             position,
                  guint             removed,
                  guint             added,
                  DuplexListWindow *self)
{
  guint total = g_list_model_get_n_items (model);

  if (removed > 0 || position + added != total)
    start_anew (self);
  else if (self->following)
    move_to_end (self);

  notify (self, PROP_N_BELOW);
}

static void
clear_model (DuplexListWindow *self)
{
  if (self->model != NULL)
    g_signal_handlers_disconnect_by_func (self->model, items_changed_cb, self);
  g_clear_object (&self->model);
}

static guint
get_n_below (DuplexListWindow *self)
{
  guint total = duplex_list_window_get_total (self);

  return self->following || total < self->seen ? 0 : total - self->seen;
}

static void
duplex_list_window_get_property (GObject    *object,
                                 guint       property_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  DuplexListWindow *self = DUPLEX_LIST_WINDOW (object);

  switch (property_id)
    {
    case PROP_MODEL:
      g_value_set_object (value, self->model);
      break;
    case PROP_FOLLOWING:
      g_value_set_boolean (value, self->following);
      break;
    case PROP_SELECTED_ITEM:
      g_value_set_object (value, self->selected_item);
      break;
    case PROP_N_BELOW:
      g_value_set_uint (value, get_n_below (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
duplex_list_window_set_property (GObject      *object,
                                 guint         property_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  DuplexListWindow *self = DUPLEX_LIST_WINDOW (object);

  switch (property_id)
    {
    case PROP_MODEL:
      duplex_list_window_set_model (self, g_value_get_object (value));
      break;
    case PROP_FOLLOWING:
      duplex_list_window_set_following (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
duplex_list_window_dispose (GObject *object)
{
  DuplexListWindow *self = DUPLEX_LIST_WINDOW (object);

  clear_model (self);
  self->n_items = 0;
  g_clear_object (&self->selected_item);

  G_OBJECT_CLASS (duplex_list_window_parent_class)->dispose (object);
}

static void
duplex_list_window_class_init (DuplexListWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = duplex_list_window_dispose;
  object_class->get_property = duplex_list_window_get_property;
  object_class->set_property = duplex_list_window_set_property;

  properties[PROP_MODEL] =
    g_param_spec_object ("model", NULL, NULL, G_TYPE_LIST_MODEL,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_FOLLOWING] =
    g_param_spec_boolean ("following", NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_SELECTED_ITEM] =
    g_param_spec_object ("selected-item", NULL, NULL, G_TYPE_OBJECT,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_N_BELOW] =
    g_param_spec_uint ("n-below", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
duplex_list_window_init (DuplexListWindow *self)
{
  self->tail = DUPLEX_LIST_WINDOW_TAIL;
  self->max = DUPLEX_LIST_WINDOW_MAX;
  self->selected = GTK_INVALID_LIST_POSITION;
  self->following = TRUE;
}

DuplexListWindow *
duplex_list_window_new (void)
{
  return g_object_new (DUPLEX_TYPE_LIST_WINDOW, NULL);
}

void
duplex_list_window_set_model (DuplexListWindow *self,
                              GListModel       *model)
{
  g_return_if_fail (DUPLEX_IS_LIST_WINDOW (self));
  g_return_if_fail (model == NULL || G_IS_LIST_MODEL (model));

  if (self->model == model)
    return;

  clear_model (self);
  if (model != NULL)
    {
      self->model = g_object_ref (model);
      g_signal_connect_object (model, "items-changed", G_CALLBACK (items_changed_cb), self, 0);
    }
  start_anew (self);
  notify (self, PROP_MODEL);
  notify (self, PROP_N_BELOW);
}

void
duplex_list_window_replace_model (DuplexListWindow *self,
                                  GListModel       *model,
                                  guint             selected)
{
  guint old;

  g_return_if_fail (DUPLEX_IS_LIST_WINDOW (self));
  g_return_if_fail (G_IS_LIST_MODEL (model));

  if (self->model == model)
    return;

  old = self->n_items;
  self->start = 0;
  self->n_items = 0;
  if (old > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, old, 0);

  clear_model (self);
  self->model = g_object_ref (model);
  g_signal_connect_object (model, "items-changed", G_CALLBACK (items_changed_cb), self, 0);
  self->selected = selected;
  self->seen = duplex_list_window_get_total (self);
  if (self->following)
    move_to_end (self);
  notify (self, PROP_MODEL);
  notify (self, PROP_N_BELOW);
}

gboolean
duplex_list_window_get_following (DuplexListWindow *self)
{
  g_return_val_if_fail (DUPLEX_IS_LIST_WINDOW (self), FALSE);

  return self->following;
}

void
duplex_list_window_set_following (DuplexListWindow *self,
                                  gboolean          following)
{
  g_return_if_fail (DUPLEX_IS_LIST_WINDOW (self));

  if (self->following == (following != FALSE))
    return;

  self->following = following != FALSE;
  self->seen = duplex_list_window_get_total (self);
  if (self->following)
    move_to_end (self);
  notify (self, PROP_FOLLOWING);
  notify (self, PROP_N_BELOW);
}

guint
duplex_list_window_get_start (DuplexListWindow *self)
{
  g_return_val_if_fail (DUPLEX_IS_LIST_WINDOW (self), 0);

  return self->start;
}

guint
duplex_list_window_get_total (DuplexListWindow *self)
{
  g_return_val_if_fail (DUPLEX_IS_LIST_WINDOW (self), 0);

  return self->model != NULL ? g_list_model_get_n_items (self->model) : 0;
}

gboolean
duplex_list_window_grow (DuplexListWindow *self,
                         guint             n)
{
  guint total;
  guint max;
  guint room;
  guint before;
  guint after;

  g_return_val_if_fail (DUPLEX_IS_LIST_WINDOW (self), FALSE);

  if (self->following)
    return FALSE;

  total = duplex_list_window_get_total (self);
  max = MIN (self->max, total);

  /* Where there is not room for all, half of it is for each end, or what the other leaves. */
  room = max - MIN (self->n_items, max);
  after = MIN (MIN (n, total - (self->start + self->n_items)), room);
  before = MIN (MIN (n, self->start), MAX (room / 2, room - after));
  after = MIN (after, room - before);
  move_front (self, -(gint64)before);
  move_back (self, self->start + self->n_items + after);

  return self->n_items < max;
}

gboolean
duplex_list_window_reaches_end (DuplexListWindow *self)
{
  guint below;

  g_return_val_if_fail (DUPLEX_IS_LIST_WINDOW (self), FALSE);

  below = duplex_list_window_get_total (self) - (self->start + self->n_items);
  return below == 0 || (self->n_items < self->max && below <= self->max - self->n_items);
}

void
duplex_list_window_show (DuplexListWindow *self,
                         guint             position,
                         guint             boundary)
{
  guint total;
  guint start;
  guint end;

  g_return_if_fail (DUPLEX_IS_LIST_WINDOW (self));

  total = duplex_list_window_get_total (self);
  if (self->following || position >= total)
    return;

  start = position > self->max / 2 ? position - self->max / 2 : 0;
  start = MIN (start, total > self->max ? total - self->max : 0);
  end = MIN (start + self->max, total);
  if (end < self->start + self->n_items)
    move_up (self, start, end, boundary);
  else
    move_to (self, start, end);
}

void
duplex_list_window_show_near (DuplexListWindow *self,
                              guint             position,
                              guint             n)
{
  guint total;

  g_return_if_fail (DUPLEX_IS_LIST_WINDOW (self));

  total = duplex_list_window_get_total (self);
  if (self->following || position >= total)
    return;

  n = MIN (n, (self->max - 1) / 2);
  move_back (self, self->start);
  self->start = position - MIN (n, position);
  move_back (self, position + 1 + MIN (n, total - position - 1));
}

void
duplex_list_window_set_selected (DuplexListWindow *self,
                                 guint             position)
{
  g_autoptr (GObject) item = NULL;

  g_return_if_fail (DUPLEX_IS_LIST_WINDOW (self));

  if (position >= duplex_list_window_get_total (self))
    position = GTK_INVALID_LIST_POSITION;
  if (self->selected == position && (position != GTK_INVALID_LIST_POSITION ||
                                     self->selected_item == NULL))
    return;

  if (position != GTK_INVALID_LIST_POSITION)
    item = g_list_model_get_item (self->model, position);
  duplex_list_window_set_selected_item (self, item, position);
}

void
duplex_list_window_set_selected_item (DuplexListWindow *self,
                                      gpointer          item,
                                      guint             position)
{
  GtkSelectionModel *selection = GTK_SELECTION_MODEL (self);
  guint              old;

  g_return_if_fail (DUPLEX_IS_LIST_WINDOW (self));

  old = self->selected;
  self->selected = position;
  for (guint i = 0; i < 2 && old != position; i++)
    {
      guint changed = i == 0 ? old : position;

      if (changed != GTK_INVALID_LIST_POSITION && changed >= self->start &&
          changed - self->start < self->n_items)
        gtk_selection_model_selection_changed (selection, changed - self->start, 1);
    }
  if (g_set_object (&self->selected_item, item))
    notify (self, PROP_SELECTED_ITEM);
}

void
duplex_list_window_set_seen (DuplexListWindow *self,
                             guint             seen)
{
  g_return_if_fail (DUPLEX_IS_LIST_WINDOW (self));

  if (self->seen == seen)
    return;

  self->seen = seen;
  notify (self, PROP_N_BELOW);
}

guint
duplex_list_window_get_selected (DuplexListWindow *self)
{
  g_return_val_if_fail (DUPLEX_IS_LIST_WINDOW (self), GTK_INVALID_LIST_POSITION);

  return self->selected;
}

gpointer
duplex_list_window_get_selected_item (DuplexListWindow *self)
{
  g_return_val_if_fail (DUPLEX_IS_LIST_WINDOW (self), NULL);

  return self->selected_item;
}

void
duplex_list_window_set_tail (DuplexListWindow *self,
                             guint             tail)
{
  g_return_if_fail (DUPLEX_IS_LIST_WINDOW (self));
  g_return_if_fail (tail > 0);

  self->tail = tail;
  if (self->following && self->n_items < tail && self->start > 0)
    move_to_end (self);
}

void
duplex_list_window_set_max (DuplexListWindow *self,
                            guint             max)
{
  g_return_if_fail (DUPLEX_IS_LIST_WINDOW (self));
  g_return_if_fail (max > 0);

  self->max = max;
}
