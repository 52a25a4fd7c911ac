/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-bell.h"

/* A source that is never ready of its own accord. */
struct _DuplexBell
{
  GSource         source;
  GSourceOnceFunc func;
  gpointer        user_data;
};

/* Silenced first: a ring during the call is one more. */
static gboolean
bell_dispatch (GSource    *source,
               GSourceFunc callback,
               gpointer    data)
{
  DuplexBell *self = (DuplexBell *)source;

  g_source_set_ready_time (source, -1);
  self->func (self->user_data);
  return G_SOURCE_CONTINUE;
}

DuplexBell *
duplex_bell_new (GSourceOnceFunc func,
                 gpointer        user_data)
{
  static GSourceFuncs funcs = { .dispatch = bell_dispatch };
  GSource            *source;
  DuplexBell         *self;

  g_return_val_if_fail (func != NULL, NULL);

  source = g_source_new (&funcs, sizeof *self);
  self = (DuplexBell *)source;
  self->func = func;
  self->user_data = user_data;
  g_source_attach (source, g_main_context_get_thread_default ());
  return self;
}

void
duplex_bell_free (DuplexBell *self)
{
  if (self == NULL)
    return;
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

void
duplex_bell_ring (DuplexBell *self)
{
  g_return_if_fail (self != NULL);

  g_source_set_ready_time (&self->source, 0);
}
