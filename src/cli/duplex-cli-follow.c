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
  guint64                         next; /* number of the event that comes next, or a later one */
  guint64                         n_read;
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

static gboolean
event_cb (const DuplexEvent *event,
          gpointer           user_data)
{
  DuplexCliFollow *self = user_data;

  self->next = event->number + 1;
  self->callbacks->event (event, self->user_data);
  return ++self->n_read % FORGET != 0;
}

void
duplex_cli_follow_run (DuplexCliFollow *self)
{
  guint64 before;

  /* The callbacks may close the session, and news of it may come here. */
  if (self->running)
    return;
  self->running = TRUE;
  do
    {
      before = self->n_read;
      duplex_capture_walk (self->capture, self->next, G_MAXUINT64, event_cb, self);
      duplex_capture_drop_before (self->capture, self->next);
  } while (self->n_read != before);
  self->running = FALSE;
  self->callbacks->batch (self->user_data);
}
