/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-follow.h"

/* Events after which what was read is forgotten: often enough to keep little. */
#define FORGET 1024

struct _DuplexCliFollow
{
  DuplexCapture                  *capture;
  const DuplexCliFollowCallbacks *callbacks; /* borrowed */
  gpointer                        user_data;
  gulong                          published_id;
  guint64                         next; /* number of the event that comes next */
  gboolean                        running;
};

static void
published_cb (DuplexCapture   *capture,
              DuplexCliFollow *self)
{
  duplex_cli_follow_run (self);
}

DuplexCliFollow *
duplex_cli_follow_new (DuplexCapture                  *capture,
                       const DuplexCliFollowCallbacks *callbacks,
                       gpointer                        user_data)
{
  DuplexCliFollow *self = g_new0 (DuplexCliFollow, 1);

  self->capture = g_object_ref (capture);
  self->callbacks = callbacks;
  self->user_data = user_data;
  self->published_id =
    g_signal_connect (capture, "published", G_CALLBACK (published_cb), self);
  return self;
}

void
duplex_cli_follow_free (DuplexCliFollow *self)
{
  if (self == NULL)
    return;
  g_clear_signal_handler (&self->published_id, self->capture);
  g_object_unref (self->capture);
  g_free (self);
}

void
duplex_cli_follow_run (DuplexCliFollow *self)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  /* The callbacks may close the session, and news of it may come here. */
  if (self->running)
    return;
  self->running = TRUE;
  while (duplex_capture_read (self->capture, self->next, &event))
    {
      self->next++;
      self->callbacks->event (&event, self->user_data);
      duplex_event_clear (&event);
      if (self->next % FORGET == 0)
        duplex_capture_drop_before (self->capture, self->next);
    }
  duplex_capture_drop_before (self->capture, self->next);
  self->running = FALSE;
  self->callbacks->batch (self->user_data);
}
