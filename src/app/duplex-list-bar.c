/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-list-bar.h"

#include "app/duplex-list-items.h"

/* The part of an item within which the end counts as reached. */
#define END_TOLERANCE 0.01

struct _DuplexListBar
{
  GObject parent_instance;

  /* owned */
  DuplexListWindow *window;
  DuplexListPlace  *place;
  GtkAdjustment    *pixels; /* the view's */
  GtkAdjustment    *items;  /* the scroll bar's */
  GdkFrameClock    *clock;

  /* borrowed */
  GtkWidget   *scrollbar;
  GtkListView *view;

  /* state */
  gboolean changed; /* since the last layout that was looked at */
  gboolean updating;
  gboolean at_end;
  double   asked; /* where the person wants the bar, until something else moves the list; or -1 */
};

enum {
  PROP_AT_END = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (DuplexListBar, duplex_list_bar, G_TYPE_OBJECT)

/* While the person has the bar, the view is where the bar says, to a pixel, and must not push it:
 * neither its place, nor its size, which is that of the rows on screen. */
static gboolean
is_asked_for (DuplexListBar *self,
              double         first)
{
  if (duplex_list_place_is_pending (self->place))
    return TRUE;

  return self->asked >= 0 && ABS (self->asked - first) < 1;
}

static void
set_visible (DuplexListBar *self,
             gboolean       visible)
{
  if (gtk_widget_get_visible (self->scrollbar) != visible)
    gtk_widget_set_visible (self->scrollbar, visible);
}

static void
set_at_end (DuplexListBar *self,
            gboolean       at_end)
{
  if (self->at_end == at_end)
    return;

  self->at_end = at_end;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_AT_END]);
}

static void
update (DuplexListBar *self)
{
  guint    total = duplex_list_window_get_total (self->window);
  gboolean following = duplex_list_window_get_following (self->window);
  double   first;
  double   last;
  double   page;

  if (total == 0 || !duplex_list_items_get_range (self->view, &first, &last))
    {
      set_visible (self, total > 0 && gtk_widget_get_visible (self->scrollbar));
      return;
    }

  set_at_end (self, last >= total - END_TOLERANCE);
  page = MIN (last - first, total);
  if (!following && is_asked_for (self, first))
    {
      first = gtk_adjustment_get_value (self->items);
      page = gtk_adjustment_get_page_size (self->items);
    }
  else
    self->asked = -1;
  if (following)
    first = total - page;

  self->updating = TRUE;
  gtk_adjustment_configure (self->items, first, 0, total, 1, page, page);
  self->updating = FALSE;
  set_visible (self, page < total - END_TOLERANCE);
}

static void
layout_cb (DuplexListBar *self)
{
  if (!self->changed)
    return;

  self->changed = FALSE;
  update (self);
}

/* A layout follows, or this is one. */
static void
changed_cb (DuplexListBar *self)
{
  self->changed = TRUE;
}

/* What came is not on screen; the view has nothing to lay out. */
static void
n_below_cb (DuplexListBar *self)
{
  self->changed = TRUE;
  gtk_widget_queue_allocate (GTK_WIDGET (self->view));
}

static void
moved_cb (DuplexListBar *self)
{
  double value = gtk_adjustment_get_value (self->items);
  double page = gtk_adjustment_get_page_size (self->items);
  double upper = gtk_adjustment_get_upper (self->items);

  if (self->updating)
    return;

  if (value >= upper - page - END_TOLERANCE)
    {
      duplex_list_place_cancel (self->place);
      duplex_list_window_set_following (self->window, TRUE);
      return;
    }

  self->asked = value;
  duplex_list_place_show (self->place, (guint)value, 0, value - (guint)value);
}

static void
unrealize_cb (DuplexListBar *self)
{
  if (self->clock != NULL)
    g_signal_handlers_disconnect_by_data (self->clock, self);
  g_clear_object (&self->clock);
}

static void
realize_cb (DuplexListBar *self)
{
  unrealize_cb (self);

  self->clock = g_object_ref (gtk_widget_get_frame_clock (GTK_WIDGET (self->view)));
  g_signal_connect_object (self->clock, "layout", G_CALLBACK (layout_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
}

static void
hovering_cb (DuplexListBar      *self,
             GParamSpec         *pspec,
             GtkEventController *controller)
{
  if (gtk_event_controller_motion_contains_pointer (GTK_EVENT_CONTROLLER_MOTION (controller)))
    gtk_widget_add_css_class (self->scrollbar, "hovering");
  else
    gtk_widget_remove_css_class (self->scrollbar, "hovering");
}

static void
duplex_list_bar_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_AT_END:
      g_value_set_boolean (value, DUPLEX_LIST_BAR (object)->at_end);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_list_bar_dispose (GObject *object)
{
  DuplexListBar *self = DUPLEX_LIST_BAR (object);

  unrealize_cb (self);
  if (self->view != NULL)
    g_signal_handlers_disconnect_by_data (self->view, self);
  self->view = NULL;
  if (self->pixels != NULL)
    g_signal_handlers_disconnect_by_data (self->pixels, self);
  g_clear_object (&self->pixels);
  if (self->items != NULL)
    g_signal_handlers_disconnect_by_data (self->items, self);
  g_clear_object (&self->items);
  g_clear_object (&self->place);
  g_clear_object (&self->window);

  G_OBJECT_CLASS (duplex_list_bar_parent_class)->dispose (object);
}

static void
duplex_list_bar_class_init (DuplexListBarClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = duplex_list_bar_dispose;
  object_class->get_property = duplex_list_bar_get_property;

  properties[PROP_AT_END] = g_param_spec_boolean ("at-end", NULL, NULL, FALSE,
                                                  G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
duplex_list_bar_init (DuplexListBar *self)
{
  self->asked = -1;
}

DuplexListBar *
duplex_list_bar_new (GtkScrollbar     *scrollbar,
                     GtkListView      *view,
                     DuplexListWindow *window,
                     DuplexListPlace  *place)
{
  DuplexListBar      *self;
  GtkEventController *motion;

  g_return_val_if_fail (GTK_IS_SCROLLBAR (scrollbar), NULL);
  g_return_val_if_fail (GTK_IS_LIST_VIEW (view), NULL);
  g_return_val_if_fail (DUPLEX_IS_LIST_WINDOW (window), NULL);
  g_return_val_if_fail (DUPLEX_IS_LIST_PLACE (place), NULL);

  self = g_object_new (DUPLEX_TYPE_LIST_BAR, NULL);
  self->scrollbar = GTK_WIDGET (scrollbar);
  self->view = view;
  self->window = g_object_ref (window);
  self->place = g_object_ref (place);
  self->pixels = g_object_ref (gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (view)));
  self->items = g_object_ref_sink (gtk_adjustment_new (0, 0, 0, 1, 0, 0));
  gtk_scrollbar_set_adjustment (scrollbar, self->items);

  g_signal_connect_object (self->items, "value-changed", G_CALLBACK (moved_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->pixels, "value-changed", G_CALLBACK (changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->pixels, "changed", G_CALLBACK (changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (window, "notify::n-below", G_CALLBACK (n_below_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (view, "realize", G_CALLBACK (realize_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (view, "unrealize", G_CALLBACK (unrealize_cb), self, G_CONNECT_SWAPPED);
  if (gtk_widget_get_realized (GTK_WIDGET (view)))
    realize_cb (self);

  motion = gtk_event_controller_motion_new ();
  g_signal_connect_object (motion, "notify::contains-pointer", G_CALLBACK (hovering_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_widget_add_controller (self->scrollbar, motion);

  return self;
}
