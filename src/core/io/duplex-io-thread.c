/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-io-thread.h"

#include <sys/resource.h>

struct _DuplexIoThread
{
  GThread      *thread;
  GMainContext *context;
  GMainLoop    *loop;
  GMutex        mutex;
  GCond         idle;
  guint         holds;
  gboolean      foremost; /* set before the thread begins */
};

typedef struct
{
  GSourceOnceFunc func;
  gpointer        data;
  GDestroyNotify  destroy;
} Call;

/* The window must win when both want the processor. On Linux a nice value belongs to a thread. */
#define THREAD_NICE 5

static gpointer
io_worker (gpointer data)
{
  DuplexIoThread *self = data;

  if (!self->foremost)
    setpriority (PRIO_PROCESS, 0, THREAD_NICE);
  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static DuplexIoThread *
new_thread (const char *name,
            gboolean    foremost)
{
  DuplexIoThread *self = g_new0 (DuplexIoThread, 1);

  self->foremost = foremost;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->idle);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->thread = g_thread_new (name, io_worker, self);
  return self;
}

DuplexIoThread *
duplex_io_thread_new (const char *name)
{
  return new_thread (name, /* foremost= */ FALSE);
}

DuplexIoThread *
duplex_io_thread_new_foremost (const char *name)
{
  return new_thread (name, /* foremost= */ TRUE);
}

static void
quit_cb (gpointer data)
{
  g_main_loop_quit (data);
}

void
duplex_io_thread_free (DuplexIoThread *self)
{
  if (self == NULL)
    return;
  g_return_if_fail (g_thread_self () != self->thread);

  /* Through the queue: the loop may not run yet, and quitting it then would be lost. */
  duplex_io_thread_invoke (self, quit_cb, self->loop, NULL);
  g_thread_join (self->thread);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_cond_clear (&self->idle);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

DuplexIoThread *
duplex_io_thread_get_default (void)
{
  static gsize shared = 0;

  if (g_once_init_enter (&shared))
    g_once_init_leave (&shared, (gsize)duplex_io_thread_new ("duplex-io"));
  return (DuplexIoThread *)shared;
}

GMainContext *
duplex_io_thread_get_context (DuplexIoThread *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->context;
}

static gboolean
call_cb (gpointer data)
{
  Call *call = data;

  call->func (call->data);
  return G_SOURCE_REMOVE;
}

static void
call_free (gpointer data)
{
  Call *call = data;

  if (call->destroy != NULL)
    call->destroy (call->data);
  g_free (call);
}

void
duplex_io_thread_invoke (DuplexIoThread *self,
                         GSourceOnceFunc func,
                         gpointer        data,
                         GDestroyNotify  destroy)
{
  g_autoptr (GSource) source = NULL;
  Call               *call;

  g_return_if_fail (self != NULL);
  g_return_if_fail (func != NULL);

  call = g_new (Call, 1);
  call->func = func;
  call->data = data;
  call->destroy = destroy;
  /* A source even on the thread itself: calls keep their order and never nest. */
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, call_cb, call, call_free);
  g_source_attach (source, self->context);
}

void
duplex_io_thread_hold (DuplexIoThread *self)
{
  g_return_if_fail (self != NULL);

  g_mutex_lock (&self->mutex);
  self->holds++;
  g_mutex_unlock (&self->mutex);
}

void
duplex_io_thread_release (DuplexIoThread *self)
{
  g_return_if_fail (self != NULL);

  g_mutex_lock (&self->mutex);
  g_assert (self->holds > 0);
  self->holds--;
  if (self->holds == 0)
    g_cond_broadcast (&self->idle);
  g_mutex_unlock (&self->mutex);
}

gboolean
duplex_io_thread_wait (DuplexIoThread *self,
                       guint           timeout_ms)
{
  gint64   deadline = g_get_monotonic_time () + (gint64)timeout_ms * G_TIME_SPAN_MILLISECOND;
  gboolean idle;

  g_return_val_if_fail (self != NULL, FALSE);

  g_mutex_lock (&self->mutex);
  while (self->holds > 0 && g_cond_wait_until (&self->idle, &self->mutex, deadline))
    ;
  idle = self->holds == 0;
  g_mutex_unlock (&self->mutex);
  return idle;
}

void
duplex_io_clear_source (GSource **source)
{
  g_return_if_fail (source != NULL);

  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}
