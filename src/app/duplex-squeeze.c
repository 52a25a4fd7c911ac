/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-squeeze.h"

struct _DuplexSqueezeSlot
{
  GtkLayoutChild parent_instance;

  guint drop;
};

G_DEFINE_FINAL_TYPE (DuplexSqueezeSlot, duplex_squeeze_slot, GTK_TYPE_LAYOUT_CHILD)

struct _DuplexSqueeze
{
  GtkLayoutManager parent_instance;

  guint spacing;
};

G_DEFINE_FINAL_TYPE (DuplexSqueeze, duplex_squeeze, GTK_TYPE_LAYOUT_MANAGER)

enum {
  CHILD_PROP_0,
  CHILD_PROP_DROP,
  CHILD_N_PROPS
};

enum {
  PROP_0,
  PROP_SPACING,
  N_PROPS
};

static GParamSpec *child_properties[CHILD_N_PROPS];
static GParamSpec *properties[N_PROPS];

/* One visible child while the row is being measured. */
typedef struct
{
  GtkWidget *widget;
  guint      drop;
  int        minimum;
  int        natural;
} Item;

static GArray *
collect_items (GtkLayoutManager *manager,
               GtkWidget        *widget)
{
  GArray *items = g_array_new (FALSE, FALSE, sizeof (Item));

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      Item            item = { .widget = child };
      GtkLayoutChild *layout_child;

      if (!gtk_widget_should_layout (child))
        continue;

      layout_child = gtk_layout_manager_get_layout_child (manager, child);
      item.drop = DUPLEX_SQUEEZE_SLOT (layout_child)->drop;
      gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &item.minimum, &item.natural, NULL,
                          NULL);
      g_array_append_val (items, item);
    }

  return items;
}

static int
sum_natural (GArray *items,
             guint   spacing)
{
  int sum = items->len > 0 ? (int)(spacing * (items->len - 1)) : 0;

  for (guint i = 0; i < items->len; i++)
    sum += g_array_index (items, Item, i).natural;

  return sum;
}

static int
sum_minimum_of_staying (GArray *items,
                        guint   spacing)
{
  int   sum = 0;
  guint n = 0;

  for (guint i = 0; i < items->len; i++)
    {
      const Item *item = &g_array_index (items, Item, i);

      if (item->drop > 0)
        continue;
      sum += item->minimum;
      n++;
    }

  return sum + (n > 0 ? (int)(spacing * (n - 1)) : 0);
}

static void
duplex_squeeze_measure (GtkLayoutManager *manager,
                        GtkWidget        *widget,
                        GtkOrientation    orientation,
                        int               for_size,
                        int              *minimum,
                        int              *natural,
                        int              *minimum_baseline,
                        int              *natural_baseline)
{
  DuplexSqueeze     *self = DUPLEX_SQUEEZE (manager);
  g_autoptr (GArray) items = collect_items (manager, widget);

  *minimum_baseline = -1;
  *natural_baseline = -1;

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = sum_minimum_of_staying (items, self->spacing);
      *natural = sum_natural (items, self->spacing);
      return;
    }

  *minimum = 0;
  *natural = 0;
  for (guint i = 0; i < items->len; i++)
    {
      int child_minimum, child_natural;

      gtk_widget_measure (g_array_index (items, Item, i).widget, GTK_ORIENTATION_VERTICAL, -1,
                          &child_minimum, &child_natural, NULL, NULL);
      *minimum = MAX (*minimum, child_minimum);
      *natural = MAX (*natural, child_natural);
    }
}

/* Takes one droppable child out of items. FALSE where none is left. */
static gboolean
drop_one (GArray *items)
{
  guint best = 0;
  guint best_drop = 0;

  for (guint i = 0; i < items->len; i++)
    {
      guint drop = g_array_index (items, Item, i).drop;

      if (drop > best_drop)
        {
          best = i;
          best_drop = drop;
        }
    }

  if (best_drop == 0)
    return FALSE;

  gtk_widget_set_child_visible (g_array_index (items, Item, best).widget, FALSE);
  g_array_remove_index (items, best);
  return TRUE;
}

static GtkRequestedSize *
distribute (GArray *items,
            int     width)
{
  GtkRequestedSize *sizes = g_new0 (GtkRequestedSize, items->len);
  int               rest = width;
  int               n_expand = 0;

  for (guint i = 0; i < items->len; i++)
    {
      const Item *item = &g_array_index (items, Item, i);

      sizes[i].minimum_size = item->minimum;
      sizes[i].natural_size = item->natural;
      rest -= item->minimum;
      n_expand += gtk_widget_compute_expand (item->widget, GTK_ORIENTATION_HORIZONTAL);
    }

  rest = gtk_distribute_natural_allocation (MAX (rest, 0), items->len, sizes);

  for (guint i = 0; i < items->len && n_expand > 0; i++)
    {
      int share = rest / n_expand;

      if (!gtk_widget_compute_expand (g_array_index (items, Item, i).widget,
                                      GTK_ORIENTATION_HORIZONTAL))
        continue;

      sizes[i].minimum_size += share;
      rest -= share;
      n_expand--;
    }

  return sizes;
}

static void
duplex_squeeze_allocate (GtkLayoutManager *manager,
                         GtkWidget        *widget,
                         int               width,
                         int               height,
                         int               baseline)
{
  DuplexSqueeze               *self = DUPLEX_SQUEEZE (manager);
  g_autoptr (GArray)           items = collect_items (manager, widget);
  g_autofree GtkRequestedSize *sizes = NULL;
  gboolean                     rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int                          x = 0;

  if (items->len == 0)
    return;

  for (guint i = 0; i < items->len; i++)
    gtk_widget_set_child_visible (g_array_index (items, Item, i).widget, TRUE);
  while (sum_natural (items, self->spacing) > width && drop_one (items))
    ;
  if (items->len == 0)
    return;

  sizes = distribute (items, width - (int)(self->spacing * (items->len - 1)));

  for (guint i = 0; i < items->len; i++)
    {
      int           size = sizes[i].minimum_size;
      GtkAllocation place = { rtl ? width - x - size : x, 0, size, height };

      gtk_widget_size_allocate (g_array_index (items, Item, i).widget, &place, -1);
      x += size + (int)self->spacing;
    }
}

static GtkSizeRequestMode
duplex_squeeze_get_request_mode (GtkLayoutManager *manager,
                                 GtkWidget        *widget)
{
  return GTK_SIZE_REQUEST_CONSTANT_SIZE;
}

static void
duplex_squeeze_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  DuplexSqueeze *self = DUPLEX_SQUEEZE (object);

  switch (prop_id)
    {
    case PROP_SPACING:
      g_value_set_uint (value, self->spacing);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_squeeze_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  DuplexSqueeze *self = DUPLEX_SQUEEZE (object);

  switch (prop_id)
    {
    case PROP_SPACING:
      if (self->spacing == g_value_get_uint (value))
        break;
      self->spacing = g_value_get_uint (value);
      gtk_layout_manager_layout_changed (GTK_LAYOUT_MANAGER (self));
      g_object_notify_by_pspec (object, pspec);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_squeeze_class_init (DuplexSqueezeClass *klass)
{
  GObjectClass          *object_class = G_OBJECT_CLASS (klass);
  GtkLayoutManagerClass *layout_class = GTK_LAYOUT_MANAGER_CLASS (klass);

  object_class->get_property = duplex_squeeze_get_property;
  object_class->set_property = duplex_squeeze_set_property;
  layout_class->layout_child_type = DUPLEX_TYPE_SQUEEZE_SLOT;
  layout_class->measure = duplex_squeeze_measure;
  layout_class->allocate = duplex_squeeze_allocate;
  layout_class->get_request_mode = duplex_squeeze_get_request_mode;

  properties[PROP_SPACING] =
    g_param_spec_uint ("spacing", NULL, NULL, 0, G_MAXINT16, 0,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
duplex_squeeze_init (DuplexSqueeze *self)
{
}

static void
duplex_squeeze_slot_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  DuplexSqueezeSlot *self = DUPLEX_SQUEEZE_SLOT (object);

  switch (prop_id)
    {
    case CHILD_PROP_DROP:
      g_value_set_uint (value, self->drop);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_squeeze_slot_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  DuplexSqueezeSlot *self = DUPLEX_SQUEEZE_SLOT (object);
  GtkLayoutManager  *manager;

  switch (prop_id)
    {
    case CHILD_PROP_DROP:
      if (self->drop == g_value_get_uint (value))
        break;
      self->drop = g_value_get_uint (value);
      manager = gtk_layout_child_get_layout_manager (GTK_LAYOUT_CHILD (self));
      gtk_layout_manager_layout_changed (manager);
      g_object_notify_by_pspec (object, pspec);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_squeeze_slot_class_init (DuplexSqueezeSlotClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = duplex_squeeze_slot_get_property;
  object_class->set_property = duplex_squeeze_slot_set_property;

  child_properties[CHILD_PROP_DROP] =
    g_param_spec_uint ("drop", NULL, NULL, 0, 100, 0,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, CHILD_N_PROPS, child_properties);
}

static void
duplex_squeeze_slot_init (DuplexSqueezeSlot *self)
{
}

GtkLayoutManager *
duplex_squeeze_new (guint spacing)
{
  return g_object_new (DUPLEX_TYPE_SQUEEZE, "spacing", spacing, NULL);
}
