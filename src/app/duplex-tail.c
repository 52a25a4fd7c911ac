/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-tail.h"

/* Frames for which the end must hold before it counts as reached: with one, GTK 4.8 was seen to
 * show something else in 6 of 20 runs; with two in none. */
#define SETTLED_FRAMES 2

/* Pixels by which rounding may miss the end. */
#define END_TOLERANCE 1.5

/* Pages from an edge of the window at which it is moved over a longer model. */
#define EDGE_PAGES 20

/* Pages of rows that are kept laid out while following, so that a first move of the wheel finds
 * some; and the bounds of their number. The lower is also what is there when short rows come
 * after tall ones, for a frame. */
#define TAIL_PAGES 3
#define TAIL_MIN   10
#define TAIL_MAX   300

/* When following ends, the rows that GtkListView wants laid out around what it shows, about a
 * hundred each way, come a few a frame. All others, which it only counts, come at once. */
#define GROW_ROWS   12
#define GROW_FRAMES 12

struct _DuplexTail
{
  GObject parent_instance;

  /* owned */
  GtkAdjustment    *adjustment;
  DuplexListWindow *window;
  GdkFrameClock    *clock;

  /* borrowed */
  GtkWidget         *view;
  DuplexTailBoundary boundary;

  /* state */
  guint    tick;
  guint    settled;   /* frames for which the view has been at the end */
  guint    grown;     /* frames since following ended in which the window grew */
  guint    n_moves;   /* of the person */
  guint    scrolling; /* what changes the adjustment now is the program */
  gboolean in_layout; /* or the layout */
  gboolean moved;     /* the person has changed it since the last layout */
};

G_DEFINE_FINAL_TYPE (DuplexTail, duplex_tail, G_TYPE_OBJECT)

gboolean
duplex_tail_is_at_end (DuplexTail *self)
{
  double end;

  g_return_val_if_fail (DUPLEX_IS_TAIL (self), FALSE);

  end = gtk_adjustment_get_value (self->adjustment) +
        gtk_adjustment_get_page_size (self->adjustment);
  return end >= gtk_adjustment_get_upper (self->adjustment) - END_TOLERANCE;
}

gboolean
duplex_tail_is_pending (DuplexTail *self)
{
  g_return_val_if_fail (DUPLEX_IS_TAIL (self), FALSE);

  return self->tick != 0;
}

static void
scroll_to_end (DuplexTail *self)
{
  guint n_items = g_list_model_get_n_items (G_LIST_MODEL (self->window));

  if (n_items == 0)
    return;

  duplex_tail_begin_scrolling (self);
  gtk_widget_activate_action (self->view, "list.scroll-to-item", "u", n_items - 1);
  duplex_tail_end_scrolling (self);
}

/* While following, each row costs a layout with every batch: no more of them than the view can show
 * soon. All are laid out, so that the upper end of the adjustment is their height. */
static void
fit_tail (DuplexTail *self)
{
  double upper = gtk_adjustment_get_upper (self->adjustment);
  double page = gtk_adjustment_get_page_size (self->adjustment);
  guint  n_items = g_list_model_get_n_items (G_LIST_MODEL (self->window));
  double wanted;

  if (n_items == 0 || page <= 0 || upper <= 0)
    return;

  /* The upper end is at least a page, also where the rows do not fill one. */
  wanted = upper > page + END_TOLERANCE ? TAIL_PAGES * page / upper * n_items + 1 : 2.0 * n_items;
  duplex_list_window_set_tail (self->window, (guint)CLAMP (wanted, TAIL_MIN, TAIL_MAX));
}

static gboolean
settle (DuplexTail *self)
{
  self->settled = duplex_tail_is_at_end (self) ? self->settled + 1 : 0;
  if (self->settled > SETTLED_FRAMES)
    return G_SOURCE_REMOVE;

  fit_tail (self);
  scroll_to_end (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
grow (DuplexTail *self)
{
  gboolean all = self->grown >= GROW_FRAMES;

  self->grown++;
  return duplex_list_window_grow (self->window, all ? G_MAXUINT : GROW_ROWS);
}

static gboolean
tick_cb (GtkWidget     *view,
         GdkFrameClock *clock,
         gpointer       user_data)
{
  DuplexTail *self = DUPLEX_TAIL (user_data);
  gboolean    following = duplex_list_window_get_following (self->window);
  gboolean    more = following ? settle (self) : grow (self);

  if (!more)
    self->tick = 0;

  return more;
}

static void
start_tick (DuplexTail *self)
{
  self->settled = 0;
  if (self->tick == 0)
    self->tick = gtk_widget_add_tick_callback (self->view, tick_cb, self, NULL);
}

static void
following_cb (DuplexTail *self)
{
  self->grown = 0;
  start_tick (self);
}

/* There is more in the model. */
static void
n_below_cb (DuplexTail *self)
{
  if (!duplex_list_window_get_following (self->window))
    start_tick (self);
}

void
duplex_tail_queue (DuplexTail *self)
{
  g_return_if_fail (DUPLEX_IS_TAIL (self));

  if (duplex_list_window_get_following (self->window))
    start_tick (self);
}

void
duplex_tail_grow (DuplexTail *self)
{
  g_return_if_fail (DUPLEX_IS_TAIL (self));

  self->grown = 0;
  if (!duplex_list_window_get_following (self->window))
    start_tick (self);
}

void
duplex_tail_begin_scrolling (DuplexTail *self)
{
  g_return_if_fail (DUPLEX_IS_TAIL (self));

  self->scrolling++;
}

void
duplex_tail_end_scrolling (DuplexTail *self)
{
  g_return_if_fail (DUPLEX_IS_TAIL (self));
  g_return_if_fail (self->scrolling > 0);

  self->scrolling--;
}

guint
duplex_tail_get_n_moves (DuplexTail *self)
{
  g_return_val_if_fail (DUPLEX_IS_TAIL (self), 0);

  return self->n_moves;
}

/* Near an edge of a window that does not show all, there must be more to scroll to. */
static void
move_window (DuplexTail *self)
{
  double value = gtk_adjustment_get_value (self->adjustment);
  double upper = gtk_adjustment_get_upper (self->adjustment);
  double page = gtk_adjustment_get_page_size (self->adjustment);
  guint  n_items = g_list_model_get_n_items (G_LIST_MODEL (self->window));
  guint  start = duplex_list_window_get_start (self->window);
  guint  total = duplex_list_window_get_total (self->window);

  if (n_items == total || upper <= 0)
    return;

  if ((start > 0 && value < EDGE_PAGES * page) ||
      (start + n_items < total && value > upper - (EDGE_PAGES + 1) * page))
    duplex_list_window_show (self->window, start + (guint)(value / upper * n_items),
                             self->boundary (GTK_LIST_VIEW (self->view)));
}

static void
follow_at_end (DuplexTail *self)
{
  if (duplex_tail_is_at_end (self) && duplex_list_window_reaches_end (self->window))
    duplex_list_window_set_following (self->window, TRUE);
}

static void
value_changed_cb (DuplexTail *self)
{
  gboolean at_end = duplex_tail_is_at_end (self);
  gboolean following = duplex_list_window_get_following (self->window);

  if (self->in_layout || self->scrolling > 0)
    {
      if (following && !at_end)
        duplex_tail_queue (self);
      return;
    }

  self->n_moves++;
  if (following)
    {
      if (!at_end)
        duplex_list_window_set_following (self->window, FALSE);
      return;
    }

  self->moved = TRUE;
  move_window (self);
  follow_at_end (self);
}

/* Rows came, the view was resized, or a row's height became known. */
static void
changed_cb (DuplexTail *self)
{
  if (!duplex_tail_is_at_end (self))
    duplex_tail_queue (self);
}

static void
after_update_cb (DuplexTail *self)
{
  self->in_layout = TRUE;
  /* So that the end of the layout shows also in a frame that paints nothing. */
  gdk_frame_clock_request_phase (self->clock, GDK_FRAME_CLOCK_PHASE_AFTER_PAINT);
}

static void
after_layout_cb (DuplexTail *self)
{
  self->in_layout = FALSE;

  /* GTK 4.8 may put the view somewhere else than it was moved to, when that happened twice since
   * the last layout; the end is such a place. */
  if (self->moved)
    follow_at_end (self);
  self->moved = FALSE;
}

static void
unrealize_cb (DuplexTail *self)
{
  if (self->clock != NULL)
    g_signal_handlers_disconnect_by_data (self->clock, self);
  g_clear_object (&self->clock);
  self->in_layout = FALSE;
}

static void
realize_cb (DuplexTail *self)
{
  unrealize_cb (self);

  self->clock = g_object_ref (gtk_widget_get_frame_clock (self->view));
  /* After the tick callbacks, some of which scroll for a person: a flick runs out in them. */
  g_signal_connect_object (self->clock, "update", G_CALLBACK (after_update_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (self->clock, "paint", G_CALLBACK (after_layout_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->clock, "after-paint", G_CALLBACK (after_layout_cb), self,
                           G_CONNECT_SWAPPED);
}

static void
duplex_tail_dispose (GObject *object)
{
  DuplexTail *self = DUPLEX_TAIL (object);

  if (self->tick != 0)
    gtk_widget_remove_tick_callback (self->view, self->tick);
  self->tick = 0;
  unrealize_cb (self);
  if (self->view != NULL)
    g_signal_handlers_disconnect_by_data (self->view, self);
  self->view = NULL;
  if (self->adjustment != NULL)
    g_signal_handlers_disconnect_by_data (self->adjustment, self);
  g_clear_object (&self->adjustment);
  g_clear_object (&self->window);

  G_OBJECT_CLASS (duplex_tail_parent_class)->dispose (object);
}

static void
duplex_tail_class_init (DuplexTailClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = duplex_tail_dispose;
}

static void
duplex_tail_init (DuplexTail *self)
{
}

DuplexTail *
duplex_tail_new (GtkListView       *view,
                 DuplexListWindow  *window,
                 DuplexTailBoundary boundary)
{
  DuplexTail *self;

  g_return_val_if_fail (GTK_IS_LIST_VIEW (view), NULL);
  g_return_val_if_fail (DUPLEX_IS_LIST_WINDOW (window), NULL);
  g_return_val_if_fail (boundary != NULL, NULL);

  self = g_object_new (DUPLEX_TYPE_TAIL, NULL);
  self->view = GTK_WIDGET (view);
  self->boundary = boundary;
  self->window = g_object_ref (window);
  self->adjustment = g_object_ref (gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (view)));

  g_signal_connect_object (self->adjustment, "value-changed", G_CALLBACK (value_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->adjustment, "changed", G_CALLBACK (changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (window, "notify::following", G_CALLBACK (following_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (window, "notify::n-below", G_CALLBACK (n_below_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (window, "items-changed", G_CALLBACK (duplex_tail_queue), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (view, "realize", G_CALLBACK (realize_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (view, "unrealize", G_CALLBACK (unrealize_cb), self, G_CONNECT_SWAPPED);
  if (gtk_widget_get_realized (self->view))
    realize_cb (self);

  return self;
}
