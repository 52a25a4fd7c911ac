/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-farewell.h"

#include "app/duplex-window.h"

/* Owns itself: the end of the session's recording frees it. */
typedef struct
{
  GApplication  *application; /* owned, and held */
  DuplexSession *session;     /* owned */
  gulong         handler;
} Farewell;

static void
farewell_free (Farewell *self)
{
  g_clear_signal_handler (&self->handler, self->session);
  g_application_release (self->application);
  g_clear_object (&self->session);
  g_clear_object (&self->application);
  g_free (self);
}

/* In the window, if there is one left. */
static void
tell (Farewell     *self,
      const GError *error)
{
  GList *windows = gtk_application_get_windows (GTK_APPLICATION (self->application));

  for (GList *l = windows; l != NULL; l = l->next)
    if (DUPLEX_IS_WINDOW (l->data))
      {
        duplex_window_show_error (l->data, error);
        return;
      }
  g_printerr ("%s: %s\n", g_get_prgname (), error->message);
}

static void
finished_ready_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Farewell          *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!duplex_capture_finish_finish (DUPLEX_CAPTURE (source), result, &error))
    tell (self, error);
  farewell_free (self);
}

/* What is written at the end may take a while, and is the capture's to do in a thread. */
static gboolean
end_cb (gpointer user_data)
{
  Farewell *self = user_data;

  duplex_capture_finish_async (duplex_session_get_capture (self->session), finished_ready_cb, self);
  return G_SOURCE_REMOVE;
}

static gboolean
is_recording (DuplexSession *session)
{
  DuplexRecording recording =
    duplex_capture_get_recording (duplex_session_get_capture (session));

  return recording == DUPLEX_RECORDING_ON || recording == DUPLEX_RECORDING_STALLED;
}

static void
state_changed_cb (Farewell *self)
{
  if (duplex_session_get_state (self->session) != DUPLEX_SESSION_DISCONNECTED)
    return;

  /* Not from within the session's own notification, which the last reference must outlive. */
  g_clear_signal_handler (&self->handler, self->session);
  g_idle_add (end_cb, self);
}

void
duplex_farewell (GApplication  *application,
                 DuplexSession *session)
{
  g_autoptr (GError) error = NULL;
  Farewell          *self;

  g_return_if_fail (G_IS_APPLICATION (application));
  g_return_if_fail (DUPLEX_IS_SESSION (session));

  if (duplex_session_get_state (session) == DUPLEX_SESSION_DISCONNECTED && !is_recording (session))
    return;

  self = g_new0 (Farewell, 1);
  self->application = g_object_ref (application);
  self->session = g_object_ref (session);
  g_application_hold (application);
  self->handler =
    g_signal_connect_swapped (session, "notify::state", G_CALLBACK (state_changed_cb), self);

  if (duplex_session_get_state (session) == DUPLEX_SESSION_DISCONNECTED)
    state_changed_cb (self);
  else if (duplex_session_get_state (session) == DUPLEX_SESSION_CONNECTING)
    duplex_session_cancel (session);
  else if (duplex_session_get_state (session) == DUPLEX_SESSION_OPEN &&
           !duplex_session_disconnect (session, 0, NULL, &error))
    g_warning ("The default Close was refused: %s", error->message);
}
