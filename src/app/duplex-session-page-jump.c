/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a page jumps to in its messages. */
#include <glib/gi18n.h>

#include "app/duplex-jump-popover.h"
#include "app/duplex-session-page-private.h"

static DuplexCapture *
get_capture (DuplexSessionPage *self)
{
  return duplex_session_get_capture (self->session);
}

static guint64
get_n_rows (DuplexSessionPage *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (get_capture (self)));
}

/* Where a jump starts, as the first row that it may reach. */
static guint64
get_start (DuplexSessionPage *self,
           DuplexJump         where)
{
  DuplexRow *row = duplex_message_list_get_selected_row (self->list);
  guint64    first = 0;

  if (row != NULL)
    return duplex_row_get_position (row) + (where == DUPLEX_JUMP_ON ? 1 : 0);

  duplex_message_list_get_first_shown (self->list, &first);
  return first;
}

static void
reveal (DuplexSessionPage *self,
        guint64            row)
{
  if (!duplex_message_list_reveal_row (self->list, row))
    duplex_session_page_toast (self, _ ("The filter hides this message from the list"));
}

void
duplex_session_page_jump_to_match (DuplexSessionPage *self,
                                   DuplexJump         where)
{
  DuplexCaptureView *view = duplex_filter_bar_get_view (self->filter_bar);
  guint              n = view != NULL ? g_list_model_get_n_items (G_LIST_MODEL (view)) : 0;
  guint              position;

  if (n == 0)
    return;

  position = duplex_capture_view_find (view, get_start (self, where));
  if (where == DUPLEX_JUMP_BACK)
    position = position > 0 ? position - 1 : n - 1;
  else if (position >= n)
    position = 0;

  duplex_message_list_reveal_row (self->list, duplex_capture_view_get_row (view, position));
}

/* The events that row and what is before it end at are those below the result. */
static guint64
get_end (DuplexCapture *capture,
         guint64        row)
{
  guint64 number;

  return duplex_capture_find_row (capture, row, &number) ? number + 1 : G_MAXUINT64;
}

/* The last event before end with a finding, by halving: whether there is one from an event on to
 * the end is quickly answered, and where there is one, also for all events before. */
static gboolean
find_last_finding (DuplexCapture *capture,
                   guint64        end,
                   guint64       *ret_number)
{
  guint64 low = 0;
  guint64 high = end;
  guint64 found;

  if (!duplex_capture_find_finding (capture, 0, &found) || found >= end)
    return FALSE;

  low = found;
  while (low + 1 < high)
    {
      guint64 middle = low + (high - low) / 2;

      if (duplex_capture_find_finding (capture, middle, &found) && found < end)
        low = found;
      else
        high = middle;
    }

  *ret_number = low;
  return TRUE;
}

/* The row of the next finding after the rows before start, or of the last in them. */
static gboolean
find_finding (DuplexCapture *capture,
              guint64        start,
              DuplexJump     where,
              guint64       *ret_row)
{
  guint64  number;
  guint64  end = start > 0 ? get_end (capture, start - 1) : 0;
  gboolean found = where == DUPLEX_JUMP_ON ? duplex_capture_find_finding (capture, end, &number)
                                           : find_last_finding (capture, end, &number);

  return found && duplex_capture_find_row_of (capture, number, ret_row);
}

void
duplex_session_page_jump_to_finding (DuplexSessionPage *self,
                                     DuplexJump         where)
{
  DuplexCapture *capture = get_capture (self);
  guint64        around = where == DUPLEX_JUMP_ON ? 0 : get_n_rows (self);
  guint64        row;

  if (find_finding (capture, get_start (self, where), where, &row) ||
      find_finding (capture, around, where, &row))
    reveal (self, row);
  else
    duplex_session_page_toast (self, _ ("There are no findings"));
}

static void
jump_cb (DuplexSessionPage *self,
         gint64             time_us)
{
  guint64 row = duplex_capture_find_time (get_capture (self), time_us);

  duplex_message_list_reveal_nearest (self->list, MIN (row, MAX (get_n_rows (self), 1) - 1));
}

void
duplex_session_page_ask_for_time (DuplexSessionPage *self)
{
  GtkWidget *list = GTK_WIDGET (self->list);

  if (get_n_rows (self) == 0)
    return;

  if (self->jump == NULL)
    {
      self->jump = duplex_jump_popover_new ();
      gtk_widget_set_parent (self->jump, list);
      g_signal_connect_object (self->jump, "jump", G_CALLBACK (jump_cb), self, G_CONNECT_SWAPPED);
    }

  gtk_popover_set_position (GTK_POPOVER (self->jump), GTK_POS_BOTTOM);
  gtk_popover_set_pointing_to (GTK_POPOVER (self->jump),
                               &(GdkRectangle){ gtk_widget_get_width (list) / 2, 0, 1, 1 });
  duplex_jump_popover_ask (DUPLEX_JUMP_POPOVER (self->jump), get_capture (self));
}

/* Where the inspector tells of an event's findings. */
static const char *
get_page_for (DuplexEventKind kind)
{
  switch (kind)
    {
    case DUPLEX_EVENT_FRAME:
      return "frames";
    case DUPLEX_EVENT_TLS:
    case DUPLEX_EVENT_REQUEST:
    case DUPLEX_EVENT_RESPONSE:
    case DUPLEX_EVENT_BODY:
      return "handshake";
    case DUPLEX_EVENT_CONNECTING:
    case DUPLEX_EVENT_CONNECTED:
    case DUPLEX_EVENT_CLOSED:
    case DUPLEX_EVENT_FAILED:
    case DUPLEX_EVENT_UNFINISHED:
    case DUPLEX_EVENT_GAP:
    default:
      return "message";
    }
}

void
duplex_session_page_show_finding (DuplexSessionPage *self)
{
  DuplexCapture       *capture = get_capture (self);
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  guint64              number;
  guint64              row;

  if (!duplex_capture_find_finding (capture, 0, &number) ||
      !duplex_capture_find_row_of (capture, number, &row) || row >= get_n_rows (self) ||
      !duplex_capture_read (capture, number, &event))
    return;

  reveal (self, row);
  g_object_set (self->inspector, "page-name", get_page_for (event.kind), NULL);
  duplex_session_page_set_inspector_visible (self, TRUE);
}
