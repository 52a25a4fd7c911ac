/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-row.h"

/* A bubble takes three quarters of the list, so that its side shows at a glance; in a narrow list
 * more, for text needs room; and never more than a line that can be read. */
#define MAX_WIDTH        720
#define COMFORTABLE      480
#define NARROW_LIST_EDGE 32

/* What was sent and what answers it stay near each other in the widest list. */
#define MAX_LIST_WIDTH 1200

struct _DuplexMessageRow
{
  GtkWidget parent_instance;

  /* owned by being its child */
  GtkWidget *bubble;

  /* borrowed */
  GtkListItem *item; /* weak */
};

G_DEFINE_FINAL_TYPE (DuplexMessageRow, duplex_message_row, GTK_TYPE_WIDGET)

static DuplexDirection
get_side (DuplexMessageRow *self)
{
  DuplexRow *row = duplex_bubble_get_row (DUPLEX_BUBBLE (self->bubble));

  return row != NULL ? duplex_row_get_event (row)->direction : DUPLEX_DIRECTION_NONE;
}

static int
get_bubble_width (DuplexMessageRow *self,
                  int               width)
{
  int minimum;
  int natural;
  int limit = width;

  gtk_widget_measure (self->bubble, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &natural, NULL, NULL);
  if (get_side (self) != DUPLEX_DIRECTION_NONE)
    limit = CLAMP (width * 3 / 4, MIN (width - NARROW_LIST_EDGE, COMFORTABLE), MAX_WIDTH);

  return MAX (MIN (natural, limit), minimum);
}

static GtkSizeRequestMode
duplex_message_row_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
duplex_message_row_measure (GtkWidget     *widget,
                            GtkOrientation orientation,
                            int            for_size,
                            int           *minimum,
                            int           *natural,
                            int           *minimum_baseline,
                            int           *natural_baseline)
{
  DuplexMessageRow *self = DUPLEX_MESSAGE_ROW (widget);

  if (orientation == GTK_ORIENTATION_VERTICAL && for_size >= 0)
    for_size = get_bubble_width (self, MIN (for_size, MAX_LIST_WIDTH));

  gtk_widget_measure (self->bubble, orientation, for_size, minimum, natural, NULL, NULL);
}

static void
duplex_message_row_size_allocate (GtkWidget *widget,
                                  int        width,
                                  int        height,
                                  int        baseline)
{
  DuplexMessageRow *self = DUPLEX_MESSAGE_ROW (widget);
  int               list_width = MIN (width, MAX_LIST_WIDTH);
  int               bubble_width = get_bubble_width (self, list_width);
  int               room = MAX (list_width - bubble_width, 0);
  gboolean          mirrored = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  GtkAllocation     allocation = { (width - list_width) / 2, 0, bubble_width, height };

  switch (get_side (self))
    {
    case DUPLEX_DIRECTION_SENT:
      allocation.x += mirrored ? 0 : room;
      break;
    case DUPLEX_DIRECTION_RECEIVED:
      allocation.x += mirrored ? room : 0;
      break;
    case DUPLEX_DIRECTION_NONE:
    default:
      allocation.x += room / 2;
      break;
    }

  gtk_widget_size_allocate (self->bubble, &allocation, -1);
}

static void
duplex_message_row_dispose (GObject *object)
{
  DuplexMessageRow *self = DUPLEX_MESSAGE_ROW (object);

  g_clear_weak_pointer (&self->item);
  g_clear_pointer (&self->bubble, gtk_widget_unparent);

  G_OBJECT_CLASS (duplex_message_row_parent_class)->dispose (object);
}

static void
duplex_message_row_class_init (DuplexMessageRowClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_message_row_dispose;

  widget_class->get_request_mode = duplex_message_row_get_request_mode;
  widget_class->measure = duplex_message_row_measure;
  widget_class->size_allocate = duplex_message_row_size_allocate;

  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
duplex_message_row_init (DuplexMessageRow *self)
{
  self->bubble = duplex_bubble_new ();
  gtk_widget_set_parent (self->bubble, GTK_WIDGET (self));
}

GtkWidget *
duplex_message_row_new (void)
{
  return g_object_new (DUPLEX_TYPE_MESSAGE_ROW, NULL);
}

DuplexBubble *
duplex_message_row_get_bubble (DuplexMessageRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_MESSAGE_ROW (self), NULL);

  return DUPLEX_BUBBLE (self->bubble);
}

void
duplex_message_row_set_row (DuplexMessageRow *self,
                            DuplexRow        *row)
{
  g_return_if_fail (DUPLEX_IS_MESSAGE_ROW (self));

  duplex_bubble_set_row (DUPLEX_BUBBLE (self->bubble), row);
}

void
duplex_message_row_set_item (DuplexMessageRow *self,
                             GtkListItem      *item)
{
  g_return_if_fail (DUPLEX_IS_MESSAGE_ROW (self));
  g_return_if_fail (item == NULL || GTK_IS_LIST_ITEM (item));

  g_set_weak_pointer (&self->item, item);
}

guint
duplex_message_row_get_position (DuplexMessageRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_MESSAGE_ROW (self), GTK_INVALID_LIST_POSITION);

  return self->item != NULL ? gtk_list_item_get_position (self->item) : GTK_INVALID_LIST_POSITION;
}
