/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-list-place.h"

#include "app/duplex-list-items.h"

/* Corrections after which the place is as good as it gets: some rows keep changing their height. */
#define MAX_TRIES 12

/* Layouts in a frame that may be corrected: GDK warns after four. */
#define MAX_LAYOUTS 2

/* Pixels by which a place may be missed: adjustments are whole pixels. */
#define TOLERANCE 1.0

/* Height of the lowest row, about, in pixels. */
#define MIN_ROW 20

/* Items that should be there on either side of what is shown, so that the first moves of a wheel
 * need no other window. */
#define MARGIN 1000

struct _DuplexListPlace
{
  GObject parent_instance;

  /* owned */
  DuplexListWindow *window;
  DuplexTail       *tail;
  GtkAdjustment    *adjustment;
  GdkFrameClock    *clock;

  /* borrowed */
  GtkListView *view;

  /* state: what was asked for */
  guint    position; /* GTK_INVALID_LIST_POSITION: nothing */
  double   top;
  double   fraction;
  guint    tries;   /* layouts that were corrected */
  guint    layouts; /* of the last frame */
  gint64   frame;   /* its number */
  guint    tick;
  gboolean begun; /* the view was told to bring it on screen */
};

G_DEFINE_FINAL_TYPE (DuplexListPlace, duplex_list_place, G_TYPE_OBJECT)

static gboolean
has_size (DuplexListPlace *self)
{
  return gtk_widget_get_height (GTK_WIDGET (self->view)) > 0;
}

/* Has the window where the item is inside, with some on either side. Where the view has no row
 * for it, all rows are new, and as many of them come first as are on screen: GtkListView of GTK
 * 4.8 wants some 200, which takes longer than a frame may. */
static void
move_window (DuplexListPlace *self)
{
  guint  page = (guint)gtk_widget_get_height (GTK_WIDGET (self->view)) / MIN_ROW + 1;
  double top;
  double height;
  guint  start = duplex_list_window_get_start (self->window);
  guint  end = start + g_list_model_get_n_items (G_LIST_MODEL (self->window));
  guint  total = duplex_list_window_get_total (self->window);

  if (!duplex_list_items_get_place (self->view, self->position, &top, &height))
    {
      duplex_list_window_show_near (self->window, self->position, page);
      duplex_tail_grow (self->tail);
      return;
    }
  if ((start == 0 || self->position >= start + MARGIN) &&
      (end == total || (end > MARGIN && self->position < end - MARGIN)))
    return;

  duplex_list_window_show (self->window, self->position,
                           duplex_list_items_find_boundary (self->view));
}

static void
bring_on_screen (DuplexListPlace *self)
{
  guint start = duplex_list_window_get_start (self->window);

  duplex_tail_begin_scrolling (self->tail);
  gtk_widget_activate_action (GTK_WIDGET (self->view), "list.scroll-to-item", "u",
                              self->position - start);
  duplex_tail_end_scrolling (self->tail);
}

/* By how much the item is too low. FALSE where it has no place at all. */
static gboolean
get_error (DuplexListPlace *self,
           double          *ret_error)
{
  double top;
  double height;

  if (!duplex_list_items_get_place (self->view, self->position, &top, &height))
    return FALSE;

  *ret_error = top + self->fraction * height - self->top;
  return TRUE;
}

/* One step nearer, after a layout. TRUE when there is no more to do. */
static gboolean
correct (DuplexListPlace *self)
{
  double value = gtk_adjustment_get_value (self->adjustment);
  double end =
    gtk_adjustment_get_upper (self->adjustment) - gtk_adjustment_get_page_size (self->adjustment);
  double error;
  double wanted;

  if (++self->tries > MAX_TRIES)
    return TRUE;
  if (!get_error (self, &error))
    {
      bring_on_screen (self);
      return FALSE;
    }

  wanted = CLAMP (value + error, 0, MAX (end, 0));
  if (ABS (wanted - value) <= TOLERANCE)
    return TRUE;

  duplex_tail_begin_scrolling (self->tail);
  gtk_adjustment_set_value (self->adjustment, wanted);
  duplex_tail_end_scrolling (self->tail);
  return FALSE;
}

static void
begin (DuplexListPlace *self)
{
  self->begun = TRUE;
  move_window (self);
  bring_on_screen (self);
}

static gboolean
tick_cb (GtkWidget     *view,
         GdkFrameClock *clock,
         gpointer       user_data)
{
  DUPLEX_LIST_PLACE (user_data)->tick = 0;
  gtk_widget_queue_allocate (view);

  return G_SOURCE_REMOVE;
}

/* What is corrected is laid out once more in the same frame. A frame does that a few times only. */
static void
layout_cb (DuplexListPlace *self)
{
  gint64 frame = gdk_frame_clock_get_frame_counter (self->clock);

  if (self->position == GTK_INVALID_LIST_POSITION || !has_size (self))
    return;

  self->layouts = frame == self->frame ? self->layouts + 1 : 1;
  self->frame = frame;
  if (self->layouts > MAX_LAYOUTS)
    {
      if (self->tick == 0)
        self->tick = gtk_widget_add_tick_callback (GTK_WIDGET (self->view), tick_cb, self, NULL);
    }
  else if (!self->begun)
    begin (self);
  else if (correct (self))
    self->position = GTK_INVALID_LIST_POSITION;
}

static void
unrealize_cb (DuplexListPlace *self)
{
  if (self->clock != NULL)
    g_signal_handlers_disconnect_by_data (self->clock, self);
  g_clear_object (&self->clock);
}

static void
realize_cb (DuplexListPlace *self)
{
  unrealize_cb (self);

  self->clock = g_object_ref (gtk_widget_get_frame_clock (GTK_WIDGET (self->view)));
  g_signal_connect_object (self->clock, "layout", G_CALLBACK (layout_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
}

static void
duplex_list_place_dispose (GObject *object)
{
  DuplexListPlace *self = DUPLEX_LIST_PLACE (object);

  if (self->tick != 0)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self->view), self->tick);
  self->tick = 0;
  unrealize_cb (self);
  if (self->view != NULL)
    g_signal_handlers_disconnect_by_data (self->view, self);
  self->view = NULL;
  g_clear_object (&self->adjustment);
  g_clear_object (&self->tail);
  g_clear_object (&self->window);

  G_OBJECT_CLASS (duplex_list_place_parent_class)->dispose (object);
}

static void
duplex_list_place_class_init (DuplexListPlaceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = duplex_list_place_dispose;
}

static void
duplex_list_place_init (DuplexListPlace *self)
{
  self->position = GTK_INVALID_LIST_POSITION;
}

DuplexListPlace *
duplex_list_place_new (GtkListView      *view,
                       DuplexListWindow *window,
                       DuplexTail       *tail)
{
  DuplexListPlace *self;

  g_return_val_if_fail (GTK_IS_LIST_VIEW (view), NULL);
  g_return_val_if_fail (DUPLEX_IS_LIST_WINDOW (window), NULL);
  g_return_val_if_fail (DUPLEX_IS_TAIL (tail), NULL);

  self = g_object_new (DUPLEX_TYPE_LIST_PLACE, NULL);
  self->view = view;
  self->window = g_object_ref (window);
  self->tail = g_object_ref (tail);
  self->adjustment = g_object_ref (gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (view)));

  g_signal_connect_object (view, "realize", G_CALLBACK (realize_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (view, "unrealize", G_CALLBACK (unrealize_cb), self, G_CONNECT_SWAPPED);
  if (gtk_widget_get_realized (GTK_WIDGET (view)))
    realize_cb (self);

  return self;
}

void
duplex_list_place_show (DuplexListPlace *self,
                        guint            position,
                        double           top,
                        double           fraction)
{
  g_return_if_fail (DUPLEX_IS_LIST_PLACE (self));

  if (position >= duplex_list_window_get_total (self->window))
    return;

  duplex_list_window_set_following (self->window, FALSE);
  self->position = position;
  self->top = top;
  self->fraction = fraction;
  self->tries = 0;
  self->begun = FALSE;
  if (has_size (self))
    begin (self);
  gtk_widget_queue_allocate (GTK_WIDGET (self->view));
}

void
duplex_list_place_reveal (DuplexListPlace *self,
                          guint            position)
{
  double page;
  double top;
  double height;

  g_return_if_fail (DUPLEX_IS_LIST_PLACE (self));

  page = gtk_widget_get_height (GTK_WIDGET (self->view));
  if (duplex_list_items_get_place (self->view, position, &top, &height) && top >= 0 &&
      top + height <= page)
    {
      /* It would not stay when the next row comes. */
      duplex_list_window_set_following (self->window, FALSE);
      return;
    }

  duplex_list_place_show (self, position, page / 3, 0);
}

void
duplex_list_place_cancel (DuplexListPlace *self)
{
  g_return_if_fail (DUPLEX_IS_LIST_PLACE (self));

  self->position = GTK_INVALID_LIST_POSITION;
}

gboolean
duplex_list_place_is_pending (DuplexListPlace *self)
{
  g_return_val_if_fail (DUPLEX_IS_LIST_PLACE (self), FALSE);

  return self->position != GTK_INVALID_LIST_POSITION;
}
