/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-farewell.h"

/* Owns itself: the last notification of the session frees it. */
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

static gboolean
end_cb (gpointer user_data)
{
  farewell_free (user_data);
  return G_SOURCE_REMOVE;
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

  if (duplex_session_get_state (session) == DUPLEX_SESSION_DISCONNECTED)
    return;

  self = g_new0 (Farewell, 1);
  self->application = g_object_ref (application);
  self->session = g_object_ref (session);
  g_application_hold (application);
  self->handler =
    g_signal_connect_swapped (session, "notify::state", G_CALLBACK (state_changed_cb), self);

  if (duplex_session_get_state (session) == DUPLEX_SESSION_CONNECTING)
    duplex_session_cancel (session);
  else if (duplex_session_get_state (session) == DUPLEX_SESSION_OPEN &&
           !duplex_session_disconnect (session, 0, NULL, &error))
    g_warning ("The default Close was refused: %s", error->message);
}
