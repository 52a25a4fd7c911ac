/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the list shows: the capture, or those of its rows that match. Whatever changes, the row that
 * a person looks at stays where it is on the screen. */
#include "app/duplex-message-list-private.h"

/* How long the list waits for the matches that belong on the screen, rather than show others for a
 * moment. */
#define PATIENCE_MS 300

guint64
duplex_message_list_to_row (DuplexMessageList *self,
                            guint              position)
{
  return self->shown != NULL ? duplex_capture_view_get_row (self->shown, position) : position;
}

static GListModel *
get_model (DuplexMessageList *self)
{
  return self->shown != NULL ? G_LIST_MODEL (self->shown) : G_LIST_MODEL (self->capture);
}

/* Of the row or, where it is filtered out, of one beside it. */
static guint
get_nearest (DuplexMessageList *self,
             guint64            row)
{
  guint total = g_list_model_get_n_items (get_model (self));
  guint position = (guint)MIN (row, G_MAXUINT);

  if (self->shown != NULL)
    position = duplex_capture_view_find (self->shown, row);

  return total > 0 ? MIN (position, total - 1) : GTK_INVALID_LIST_POSITION;
}

guint
duplex_message_list_to_position (DuplexMessageList *self,
                                 guint64            row)
{
  guint position = get_nearest (self, row);

  if (position == GTK_INVALID_LIST_POSITION || duplex_message_list_to_row (self, position) != row)
    return GTK_INVALID_LIST_POSITION;

  return position;
}

void
duplex_message_list_reveal_nearest (DuplexMessageList *self,
                                    guint64            row)
{
  guint position;

  g_return_if_fail (DUPLEX_IS_MESSAGE_LIST (self));

  if (self->capture == NULL)
    return;

  position = get_nearest (self, row);
  if (position == GTK_INVALID_LIST_POSITION)
    return;

  duplex_list_window_set_selected (self->window, position);
  duplex_list_place_reveal (self->place, position);
}

static guint
find_selected (DuplexMessageList *self)
{
  DuplexRow *row = duplex_list_window_get_selected_item (self->window);

  if (row == NULL)
    return GTK_INVALID_LIST_POSITION;

  return duplex_message_list_to_position (self, duplex_row_get_position (row));
}

/* The selected row, where it is on screen, else the first that is. What was chosen before holds as
 * long as nobody has scrolled: a filter that is typed letter by letter comes back to where it
 * began. */
static void
choose_anchor (DuplexMessageList *self)
{
  guint  selected = duplex_list_window_get_selected (self->window);
  guint  moves = duplex_tail_get_n_moves (self->tail);
  double first;
  double last;
  double height;

  if (self->has_anchor && self->anchor_moves == moves)
    return;

  self->has_anchor = FALSE;
  self->anchor_moves = moves;
  if (!duplex_list_items_get_range (self->view, &first, &last))
    return;

  if (selected == GTK_INVALID_LIST_POSITION ||
      !duplex_list_items_get_place (self->view, selected, &self->anchor_top, &height))
    {
      selected = (guint)first;
      if (!duplex_list_items_get_place (self->view, selected, &self->anchor_top, &height))
        return;
    }

  self->anchor_row = duplex_message_list_to_row (self, selected);
  self->has_anchor = TRUE;
}

static gboolean
is_anchor_found (DuplexMessageList *self)
{
  return !duplex_capture_view_get_busy (self->matches) ||
         duplex_capture_view_find (self->matches, self->anchor_row) <
           g_list_model_get_n_items (G_LIST_MODEL (self->matches));
}

static void
place_anchor (DuplexMessageList *self)
{
  guint position = get_nearest (self, self->anchor_row);

  if (self->has_anchor && position != GTK_INVALID_LIST_POSITION &&
      !duplex_list_window_get_following (self->window) &&
      self->anchor_moves == duplex_tail_get_n_moves (self->tail))
    duplex_list_place_show (self->place, position, self->anchor_top, 0);
}

/* Matches that come before what was seen are not new. */
static void
update_seen (DuplexMessageList *self)
{
  guint64 seen = self->seen_row;

  if (self->shown != NULL)
    seen = duplex_capture_view_find (self->shown, seen);
  duplex_list_window_set_seen (self->window, (guint)MIN (seen, G_MAXUINT));
}

void
duplex_message_list_remember_seen (DuplexMessageList *self)
{
  self->seen_row = g_list_model_get_n_items (G_LIST_MODEL (self->capture));
  if (!duplex_list_window_get_following (self->window))
    update_seen (self);
}

/* Shows what is asked for. */
static void
show (DuplexMessageList *self)
{
  g_clear_handle_id (&self->deadline, g_source_remove);
  self->anchor_expected = self->matches != NULL && self->has_anchor && !is_anchor_found (self);
  g_set_object (&self->shown, self->matches);
  duplex_list_window_replace_model (self->window, get_model (self), find_selected (self));
  update_seen (self);
  duplex_message_list_update_page (self);
  duplex_tail_queue (self->tail);
  place_anchor (self);
}

static gboolean
is_ready (DuplexMessageList *self)
{
  if (duplex_list_window_get_following (self->window) || !self->has_anchor)
    return !duplex_capture_view_get_busy (self->matches);

  return is_anchor_found (self);
}

static gboolean
deadline_cb (gpointer user_data)
{
  DuplexMessageList *self = DUPLEX_MESSAGE_LIST (user_data);

  self->deadline = 0;
  show (self);

  return G_SOURCE_REMOVE;
}

/* More was found, or all has been looked at. */
static void
matches_changed_cb (DuplexMessageList *self)
{
  if (self->shown != self->matches)
    {
      if (is_ready (self))
        show (self);
      return;
    }

  if (duplex_list_window_get_selected (self->window) == GTK_INVALID_LIST_POSITION &&
      find_selected (self) != GTK_INVALID_LIST_POSITION)
    duplex_list_window_set_selected_item (self->window,
                                          duplex_list_window_get_selected_item (self->window),
                                          find_selected (self));
  update_seen (self);
  if (self->anchor_expected && is_anchor_found (self))
    {
      self->anchor_expected = FALSE;
      place_anchor (self);
    }
  duplex_message_list_update_page (self);
}

void
duplex_message_list_update_page (DuplexMessageList *self)
{
  const char *name = "messages";
  gboolean    stored = self->capture != NULL &&
                    duplex_capture_get_recording (self->capture) == DUPLEX_RECORDING_STORED;

  if (duplex_list_window_get_total (self->window) == 0)
    {
      if (self->shown == NULL)
        name = stored ? "empty-recording" : "empty";
      else
        name = duplex_capture_view_get_busy (self->shown) ? "searching" : "no-match";
    }

  gtk_stack_set_visible_child_name (self->stack, name);
}

void
duplex_message_list_clear_view (DuplexMessageList *self)
{
  g_clear_handle_id (&self->deadline, g_source_remove);
  if (self->matches != NULL)
    g_signal_handlers_disconnect_by_func (self->matches, matches_changed_cb, self);
  g_clear_object (&self->matches);
  g_clear_object (&self->shown);
  self->anchor_expected = FALSE;
}

void
duplex_message_list_start_anew (DuplexMessageList *self)
{
  duplex_message_list_clear_view (self);
  self->has_anchor = FALSE;
  self->seen_row = 0;
  duplex_list_window_set_following (self->window, TRUE);
  duplex_list_window_set_model (self->window, G_LIST_MODEL (self->capture));
  duplex_message_list_update_page (self);
}

DuplexCaptureView *
duplex_message_list_get_view (DuplexMessageList *self)
{
  g_return_val_if_fail (DUPLEX_IS_MESSAGE_LIST (self), NULL);

  return self->matches;
}

void
duplex_message_list_set_view (DuplexMessageList *self,
                              DuplexCaptureView *view)
{
  g_return_if_fail (DUPLEX_IS_MESSAGE_LIST (self));
  g_return_if_fail (view == NULL || DUPLEX_IS_CAPTURE_VIEW (view));

  if (self->matches == view || self->capture == NULL)
    return;

  choose_anchor (self);
  g_clear_handle_id (&self->deadline, g_source_remove);
  if (self->matches != NULL)
    g_signal_handlers_disconnect_by_func (self->matches, matches_changed_cb, self);
  g_set_object (&self->matches, view);
  if (view != NULL)
    {
      g_signal_connect_object (view, "items-changed", G_CALLBACK (matches_changed_cb), self,
                               G_CONNECT_SWAPPED);
      g_signal_connect_object (view, "notify::busy", G_CALLBACK (matches_changed_cb), self,
                               G_CONNECT_SWAPPED);
    }

  /* What is shown stays until there is something to show instead. */
  if (view == self->shown || view == NULL || is_ready (self))
    show (self);
  else
    self->deadline = g_timeout_add (PATIENCE_MS, deadline_cb, self);

  g_object_notify (G_OBJECT (self), "view");
}
