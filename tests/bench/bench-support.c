/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench-support.h"

static void
full_cb (gboolean is_full,
         gpointer data)
{
  BenchGate *self = data;

  g_mutex_lock (&self->mutex);
  self->is_full = is_full;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

void
bench_gate_init (BenchGate     *self,
                 DuplexCapture *capture)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->is_full = FALSE;
  duplex_capture_set_bound (capture, G_MAXUINT64, full_cb, self);
}

void
bench_gate_wait (BenchGate *self)
{
  g_mutex_lock (&self->mutex);
  while (self->is_full)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

void
bench_gate_clear (BenchGate     *self,
                  DuplexCapture *capture)
{
  duplex_capture_set_bound (capture, G_MAXUINT64, NULL, NULL);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
}

static gboolean
quit_cb (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

void
bench_settle (GMainLoop *loop,
              guint      ms)
{
  g_timeout_add (ms, quit_cb, loop);
  g_main_loop_run (loop);
}
