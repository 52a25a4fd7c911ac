/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-adaptive-bin.h"

struct _DuplexAdaptiveBin
{
  GtkWidget parent_instance;

  GtkWidget *child; /* owned through the widget tree */

  int   minimum_width;
  int   allocated_width;
  int   width; /* as told */
  guint tick_id;
};

enum {
  PROP_0,
  PROP_CHILD,
  PROP_MINIMUM_WIDTH,
  PROP_WIDTH,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
buildable_add_child (GtkBuildable *buildable,
                     GtkBuilder   *builder,
                     GObject      *child,
                     const char   *type)
{
  g_return_if_fail (GTK_IS_WIDGET (child));

  g_object_set (buildable, "child", child, NULL);
}

static void
buildable_iface_init (GtkBuildableIface *iface)
{
  iface->add_child = buildable_add_child;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexAdaptiveBin,
                               duplex_adaptive_bin,
                               GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_BUILDABLE, buildable_iface_init))

static gboolean
tell_width_cb (GtkWidget     *widget,
               GdkFrameClock *clock,
               gpointer       user_data)
{
  DuplexAdaptiveBin *self = DUPLEX_ADAPTIVE_BIN (widget);

  self->tick_id = 0;
  if (self->width != self->allocated_width)
    {
      self->width = self->allocated_width;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WIDTH]);
    }
  return G_SOURCE_REMOVE;
}

static void
set_child (DuplexAdaptiveBin *self,
           GtkWidget         *child)
{
  if (self->child == child)
    return;

  g_clear_pointer (&self->child, gtk_widget_unparent);
  if (child != NULL)
    {
      gtk_widget_set_parent (child, GTK_WIDGET (self));
      self->child = child;
    }
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CHILD]);
}

static GtkSizeRequestMode
duplex_adaptive_bin_get_request_mode (GtkWidget *widget)
{
  DuplexAdaptiveBin *self = DUPLEX_ADAPTIVE_BIN (widget);

  return self->child != NULL ? gtk_widget_get_request_mode (self->child)
                             : GTK_SIZE_REQUEST_CONSTANT_SIZE;
}

static void
duplex_adaptive_bin_measure (GtkWidget     *widget,
                             GtkOrientation orientation,
                             int            for_size,
                             int           *minimum,
                             int           *natural,
                             int           *minimum_baseline,
                             int           *natural_baseline)
{
  DuplexAdaptiveBin *self = DUPLEX_ADAPTIVE_BIN (widget);
  int                child_minimum;

  if (self->child == NULL)
    return;

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      gtk_widget_measure (self->child, orientation, for_size, minimum, natural, NULL, NULL);
      *minimum = MIN (*minimum, self->minimum_width);
      return;
    }

  if (for_size >= 0)
    {
      gtk_widget_measure (self->child, GTK_ORIENTATION_HORIZONTAL, -1, &child_minimum, NULL, NULL,
                          NULL);
      for_size = MAX (for_size, child_minimum);
    }
  gtk_widget_measure (self->child, orientation, for_size, minimum, natural, NULL, NULL);
}

static void
duplex_adaptive_bin_size_allocate (GtkWidget *widget,
                                   int        width,
                                   int        height,
                                   int        baseline)
{
  DuplexAdaptiveBin *self = DUPLEX_ADAPTIVE_BIN (widget);
  int                minimum;

  if (self->child != NULL)
    {
      gtk_widget_measure (self->child, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
      gtk_widget_allocate (self->child, MAX (width, minimum), height, baseline, NULL);
    }

  self->allocated_width = width;
  if (self->width != width && self->tick_id == 0)
    self->tick_id = gtk_widget_add_tick_callback (widget, tell_width_cb, NULL, NULL);
}

static void
duplex_adaptive_bin_dispose (GObject *object)
{
  DuplexAdaptiveBin *self = DUPLEX_ADAPTIVE_BIN (object);

  if (self->tick_id != 0)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->tick_id);
  self->tick_id = 0;
  g_clear_pointer (&self->child, gtk_widget_unparent);

  G_OBJECT_CLASS (duplex_adaptive_bin_parent_class)->dispose (object);
}

static void
duplex_adaptive_bin_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  DuplexAdaptiveBin *self = DUPLEX_ADAPTIVE_BIN (object);

  switch (prop_id)
    {
    case PROP_CHILD:
      g_value_set_object (value, self->child);
      break;
    case PROP_MINIMUM_WIDTH:
      g_value_set_int (value, self->minimum_width);
      break;
    case PROP_WIDTH:
      g_value_set_int (value, self->width);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_adaptive_bin_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  DuplexAdaptiveBin *self = DUPLEX_ADAPTIVE_BIN (object);

  switch (prop_id)
    {
    case PROP_CHILD:
      set_child (self, g_value_get_object (value));
      break;
    case PROP_MINIMUM_WIDTH:
      if (self->minimum_width == g_value_get_int (value))
        return;
      self->minimum_width = g_value_get_int (value);
      gtk_widget_queue_resize (GTK_WIDGET (self));
      g_object_notify_by_pspec (object, pspec);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_adaptive_bin_class_init (DuplexAdaptiveBinClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_adaptive_bin_dispose;
  object_class->get_property = duplex_adaptive_bin_get_property;
  object_class->set_property = duplex_adaptive_bin_set_property;
  widget_class->get_request_mode = duplex_adaptive_bin_get_request_mode;
  widget_class->measure = duplex_adaptive_bin_measure;
  widget_class->size_allocate = duplex_adaptive_bin_size_allocate;

  properties[PROP_CHILD] =
    g_param_spec_object ("child", NULL, NULL, GTK_TYPE_WIDGET,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_MINIMUM_WIDTH] =
    g_param_spec_int ("minimum-width", NULL, NULL, 0, G_MAXINT, 0,
                      G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_WIDTH] = g_param_spec_int ("width", NULL, NULL, 0, G_MAXINT, 0,
                                             G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
duplex_adaptive_bin_init (DuplexAdaptiveBin *self)
{
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
}

int
duplex_adaptive_bin_get_width (DuplexAdaptiveBin *self)
{
  g_return_val_if_fail (DUPLEX_IS_ADAPTIVE_BIN (self), 0);

  return self->width;
}
