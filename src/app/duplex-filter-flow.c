/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-filter-flow.h"

struct _DuplexFilterFlow
{
  GtkLayoutManager parent_instance;

  int spacing;
};

enum {
  PROP_SPACING = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (DuplexFilterFlow, duplex_filter_flow, GTK_TYPE_LAYOUT_MANAGER)

/* A line: children from first up to end, which is not in it. */
typedef struct
{
  GtkWidget *first;
  GtkWidget *end;
  int        width; /* natural, with the space between */
  int        height;
  int        n_expand;
} Line;

static GtkWidget *
skip_hidden (GtkWidget *child)
{
  while (child != NULL && !gtk_widget_should_layout (child))
    child = gtk_widget_get_next_sibling (child);

  return child;
}

static GtkWidget *
get_next (GtkWidget *child)
{
  return skip_hidden (gtk_widget_get_next_sibling (child));
}

static int
get_natural (GtkWidget     *child,
             GtkOrientation orientation,
             int            for_size)
{
  int natural;

  gtk_widget_measure (child, orientation, for_size, NULL, &natural, NULL, NULL);
  return natural;
}

/* Fills line with as many children from first on as width has room for, one at least. */
static void
break_line (DuplexFilterFlow *self,
            GtkWidget        *first,
            int               width,
            Line             *line)
{
  *line = (Line){ .first = first, .end = first };

  while (line->end != NULL)
    {
      int child_width = get_natural (line->end, GTK_ORIENTATION_HORIZONTAL, -1);
      int gap = line->end != first ? self->spacing : 0;

      if (line->end != first && line->width + gap + child_width > width)
        break;

      line->width += gap + child_width;
      line->height = MAX (line->height, get_natural (line->end, GTK_ORIENTATION_VERTICAL, -1));
      line->n_expand += gtk_widget_compute_expand (line->end, GTK_ORIENTATION_HORIZONTAL);
      line->end = get_next (line->end);
    }
}

static int
get_height (DuplexFilterFlow *self,
            GtkWidget        *widget,
            int               width)
{
  GtkWidget *child = skip_hidden (gtk_widget_get_first_child (widget));
  int        height = 0;

  while (child != NULL)
    {
      Line line;

      break_line (self, child, width, &line);
      height += line.height + (height > 0 ? self->spacing : 0);
      child = line.end;
    }

  return height;
}

static GtkSizeRequestMode
duplex_filter_flow_get_request_mode (GtkLayoutManager *manager,
                                     GtkWidget        *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
duplex_filter_flow_measure (GtkLayoutManager *manager,
                            GtkWidget        *widget,
                            GtkOrientation    orientation,
                            int               for_size,
                            int              *minimum,
                            int              *natural,
                            int              *minimum_baseline,
                            int              *natural_baseline)
{
  DuplexFilterFlow *self = DUPLEX_FILTER_FLOW (manager);
  Line              line;

  *minimum = 0;
  *natural = 0;
  if (orientation == GTK_ORIENTATION_VERTICAL)
    {
      *minimum = *natural = get_height (self, widget, for_size >= 0 ? for_size : G_MAXINT);
      return;
    }

  for (GtkWidget *child = skip_hidden (gtk_widget_get_first_child (widget)); child != NULL;
       child = get_next (child))
    *minimum = MAX (*minimum, get_natural (child, orientation, -1));
  break_line (self, skip_hidden (gtk_widget_get_first_child (widget)), G_MAXINT, &line);
  *natural = line.width;
}

static void
allocate_line (DuplexFilterFlow *self,
               GtkWidget        *widget,
               const Line       *line,
               int               width,
               int               y)
{
  gboolean mirrored = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int      extra = line->n_expand > 0 ? MAX (width - line->width, 0) / line->n_expand : 0;
  int      x = 0;

  for (GtkWidget *child = line->first; child != line->end; child = get_next (child))
    {
      int           child_width = get_natural (child, GTK_ORIENTATION_HORIZONTAL, -1);
      GtkAllocation allocation = { x, y, MIN (child_width, width), line->height };

      if (gtk_widget_compute_expand (child, GTK_ORIENTATION_HORIZONTAL))
        allocation.width += extra;
      x += allocation.width + self->spacing;
      if (mirrored)
        allocation.x = width - allocation.x - allocation.width;
      gtk_widget_size_allocate (child, &allocation, -1);
    }
}

static void
duplex_filter_flow_allocate (GtkLayoutManager *manager,
                             GtkWidget        *widget,
                             int               width,
                             int               height,
                             int               baseline)
{
  DuplexFilterFlow *self = DUPLEX_FILTER_FLOW (manager);
  GtkWidget        *child = skip_hidden (gtk_widget_get_first_child (widget));
  int               y = 0;

  while (child != NULL)
    {
      Line line;

      break_line (self, child, width, &line);
      allocate_line (self, widget, &line, width, y);
      y += line.height + self->spacing;
      child = line.end;
    }
}

static void
duplex_filter_flow_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_SPACING:
      g_value_set_uint (value, (guint)DUPLEX_FILTER_FLOW (object)->spacing);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_filter_flow_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  DuplexFilterFlow *self = DUPLEX_FILTER_FLOW (object);

  switch (prop_id)
    {
    case PROP_SPACING:
      if (self->spacing == (int)g_value_get_uint (value))
        break;
      self->spacing = (int)g_value_get_uint (value);
      gtk_layout_manager_layout_changed (GTK_LAYOUT_MANAGER (self));
      g_object_notify_by_pspec (object, pspec);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_filter_flow_class_init (DuplexFilterFlowClass *klass)
{
  GObjectClass          *object_class = G_OBJECT_CLASS (klass);
  GtkLayoutManagerClass *layout_class = GTK_LAYOUT_MANAGER_CLASS (klass);

  object_class->get_property = duplex_filter_flow_get_property;
  object_class->set_property = duplex_filter_flow_set_property;
  layout_class->measure = duplex_filter_flow_measure;
  layout_class->allocate = duplex_filter_flow_allocate;
  layout_class->get_request_mode = duplex_filter_flow_get_request_mode;

  properties[PROP_SPACING] =
    g_param_spec_uint ("spacing", NULL, NULL, 0, G_MAXINT16, 0,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
duplex_filter_flow_init (DuplexFilterFlow *self)
{
}

GtkLayoutManager *
duplex_filter_flow_new (guint spacing)
{
  return g_object_new (DUPLEX_TYPE_FILTER_FLOW, "spacing", spacing, NULL);
}
