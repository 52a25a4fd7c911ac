/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-showcase.h"

#include "core/model/duplex-row.h"

#define DEMO_URL "demo:/echo"

/* Made up. A number that no double holds, an escape and a bit of structure show what verbatim
 * means. */
static const char sample[] =
  "{\"type\":\"subscribe\",\"id\":9007199254740993,\"channel\":\"prices\","
  "\"symbols\":[\"EUR/USD\",\"GBP/USD\"],\"depth\":5,\"note\":\"caf\\u00e9\",\"snapshot\":true}";

typedef enum {
  STEP_CONNECT,
  STEP_ANSWER,
  STEP_DONE,
} Step;

struct _DuplexShowcase
{
  DuplexSessionPage *page; /* owned */
  GSignalGroup      *session_signals;
  GSignalGroup      *capture_signals;
  Step               step;
};

static void
state_changed_cb (DuplexShowcase *self,
                  GParamSpec     *pspec,
                  DuplexSession  *session)
{
  g_autoptr (GError) error = NULL;

  if (self->step != STEP_CONNECT || duplex_session_get_state (session) != DUPLEX_SESSION_OPEN)
    return;

  if (duplex_session_send_text (session, sample, -1, &error))
    self->step = STEP_ANSWER;
  else
    duplex_session_page_toast (self->page, error->message);
}

static gboolean
is_answer (DuplexRow *row)
{
  return duplex_row_get_kind (row) == DUPLEX_ROW_TEXT &&
         duplex_row_get_event (row)->direction == DUPLEX_DIRECTION_RECEIVED;
}

static void
rows_changed_cb (DuplexShowcase *self,
                 guint           position,
                 guint           n_removed,
                 guint           n_added,
                 GListModel     *rows)
{
  for (guint i = position; self->step == STEP_ANSWER && i < position + n_added; i++)
    {
      g_autoptr (DuplexRow) row = g_list_model_get_item (rows, i);

      if (!is_answer (row))
        continue;
      /* The bubble has the text already; the frame is what no other program shows. */
      g_object_set (self->page, "inspector-page", "frames", NULL);
      duplex_session_page_select_row (self->page, row);
      self->step = STEP_DONE;
    }
}

DuplexShowcase *
duplex_showcase_new (DuplexWindow *window)
{
  DuplexShowcase *self;
  DuplexSession  *session;

  g_return_val_if_fail (DUPLEX_IS_WINDOW (window), NULL);

  self = g_new0 (DuplexShowcase, 1);
  self->page = g_object_ref (duplex_window_open_url (window, DEMO_URL, DUPLEX_WINDOW_CONNECT));
  session = duplex_session_page_get_session (self->page);

  self->session_signals = g_signal_group_new (DUPLEX_TYPE_SESSION);
  g_signal_group_connect_swapped (self->session_signals, "notify::state",
                                  G_CALLBACK (state_changed_cb), self);
  g_signal_group_set_target (self->session_signals, session);
  self->capture_signals = g_signal_group_new (DUPLEX_TYPE_CAPTURE);
  g_signal_group_connect_swapped (self->capture_signals, "items-changed",
                                  G_CALLBACK (rows_changed_cb), self);
  g_signal_group_set_target (self->capture_signals, duplex_session_get_capture (session));
  return self;
}

void
duplex_showcase_free (DuplexShowcase *self)
{
  if (self == NULL)
    return;

  g_clear_object (&self->session_signals);
  g_clear_object (&self->capture_signals);
  g_clear_object (&self->page);
  g_free (self);
}

const char *
duplex_showcase_get_missing (DuplexShowcase *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  switch (self->step)
    {
    case STEP_CONNECT:
      return "the connection to the demo server";
    case STEP_ANSWER:
      return "the answer to the sample";
    case STEP_DONE:
    default:
      return NULL;
    }
}
