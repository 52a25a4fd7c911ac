/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-trimmer.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "core/io/duplex-io-thread.h"

/* Seconds between two looks at how many are left. Trimming takes 2.4 ms after 4,000 connections, in
 * which a thread that allocates may have to wait. */
#define PERIOD 5

/* Connections that must have gone: what fewer leave, about 1.5 KB each, is used again soon. */
#define CROWD 500

struct _DuplexTrimmer
{
  /* owned */
  GSource *timer; /* NULL while there was no crowd */

  /* borrowed */
  const guint *n_open;

  /* state */
  guint most; /* since memory was given back last */
};

static guint
count (DuplexTrimmer *self)
{
  return (guint)g_atomic_int_get (self->n_open);
}

static gboolean
look_cb (gpointer data)
{
  DuplexTrimmer *self = data;
  guint          n = count (self);

  if (self->most - MIN (n, self->most) >= MAX (self->most / 2, CROWD))
    {
#ifdef __GLIBC__
      malloc_trim (0);
#endif
      self->most = n;
    }
  self->most = MAX (self->most, n);
  if (self->most >= CROWD)
    return G_SOURCE_CONTINUE;
  duplex_io_clear_source (&self->timer);
  return G_SOURCE_REMOVE;
}

DuplexTrimmer *
duplex_trimmer_new (const guint *n_open)
{
  DuplexTrimmer *self;

  g_return_val_if_fail (n_open != NULL, NULL);

  self = g_new0 (DuplexTrimmer, 1);
  self->n_open = n_open;
  return self;
}

void
duplex_trimmer_free (DuplexTrimmer *self)
{
  if (self == NULL)
    return;
  duplex_io_clear_source (&self->timer);
  g_free (self);
}

void
duplex_trimmer_note (DuplexTrimmer *self)
{
  g_return_if_fail (self != NULL);

  self->most = MAX (self->most, count (self));
  if (self->most < CROWD || self->timer != NULL)
    return;
  self->timer = g_timeout_source_new_seconds (PERIOD);
  g_source_set_callback (self->timer, look_cb, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}
