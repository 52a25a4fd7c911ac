/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "duplex-fake-clock.h"

#include <dlfcn.h>

/* Any, but not 0, which stands for a time that is not known. */
#define BEGINNING G_TIME_SPAN_SECOND

static gint64 now = BEGINNING;
static gint64 step;

typedef struct
{
  GSource source;
  gint64  interval;
  gint64  due;
} Timer;

void
duplex_fake_clock_reset (void)
{
  now = BEGINNING;
  step = 0;
}

void
duplex_fake_clock_advance (gint64 us)
{
  now += us;
}

void
duplex_fake_clock_set_step (gint64 us)
{
  step = us;
}

gint64
g_get_monotonic_time (void)
{
  now += step;
  return now;
}

static gboolean
timer_prepare (GSource *source,
               int     *timeout)
{
  *timeout = -1;
  return now >= ((Timer *)source)->due;
}

static gboolean
timer_check (GSource *source)
{
  return now >= ((Timer *)source)->due;
}

static gboolean
timer_dispatch (GSource    *source,
                GSourceFunc callback,
                gpointer    data)
{
  Timer *timer = (Timer *)source;

  timer->due = now + timer->interval;
  return callback != NULL && callback (data);
}

/* What g_source_set_dummy_callback() gives a source to call: it is the child of another. */
static gboolean
timer_closure_cb (gpointer closure)
{
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = {
  .prepare = timer_prepare,
  .check = timer_check,
  .dispatch = timer_dispatch,
  .closure_callback = timer_closure_cb,
};

GSource *
g_timeout_source_new (guint interval)
{
  GSource *source = g_source_new (&timer_funcs, sizeof (Timer));
  Timer   *timer = (Timer *)source;

  timer->interval = interval * G_TIME_SPAN_MILLISECOND;
  timer->due = now + timer->interval;
  return source;
}

GSource *
g_timeout_source_new_seconds (guint interval)
{
  return g_timeout_source_new (interval * 1000);
}

/* Of our timers; other sources have GLib's. */
void
g_source_set_ready_time (GSource *source,
                         gint64   ready_time)
{
  static void (*real) (GSource *, gint64);

  if (source->source_funcs == &timer_funcs)
    {
      ((Timer *)source)->due = ready_time < 0 ? G_MAXINT64 : ready_time;
      return;
    }
  if (real == NULL)
    *(void **)&real = dlsym (RTLD_NEXT, "g_source_set_ready_time");
  real (source, ready_time);
}
