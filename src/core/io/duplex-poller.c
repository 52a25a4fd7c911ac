/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-poller.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/io/duplex-io-thread.h"

/* Descriptors of one look at the set. */
#define BATCH 256

typedef struct
{
  GSource       source;
  DuplexPoller *poller;
} PollerSource;

struct _DuplexPoller
{
  /* owned */
  GMainContext *context;
  GSource      *source;
  int           fd;
  gpointer      tag;  /* of fd within source */
  GPtrArray    *heap; /* of DuplexDeadline, borrowed; the earliest at 1, nothing at 0 */
  int           timer;

  /* borrowed */
  DuplexWatch *first; /* of those who asked to be called again, in order */
  DuplexWatch *last;

  /* state */
  gint64             now;    /* monotonic µs, of the last look at the set */
  gint64             armed;  /* when timer is due, likewise, or G_MAXINT64 */
  DuplexWatch        alarm;  /* of timer */
  int                wakeup; /* the descriptor by which other threads wake the context, or -1 */
  struct epoll_event batch[BATCH];
  guint              batch_at;
  guint              batch_len;
};

/* ---- deadlines: a binary heap ---- */

static DuplexDeadline *
get (DuplexPoller *self,
     guint         place)
{
  return self->heap->pdata[place];
}

static void
put (DuplexPoller   *self,
     guint           place,
     DuplexDeadline *deadline)
{
  self->heap->pdata[place] = deadline;
  deadline->place = place;
}

/* Moves the deadline up or down from place, until those above are earlier and those below later. */
static void
sift (DuplexPoller   *self,
      DuplexDeadline *deadline,
      guint           place)
{
  guint n = self->heap->len - 1;

  for (; place > 1 && get (self, place / 2)->due > deadline->due; place /= 2)
    put (self, place, get (self, place / 2));
  for (guint child = 2 * place; child <= n; child = 2 * place)
    {
      if (child < n && get (self, child + 1)->due < get (self, child)->due)
        child++;
      if (get (self, child)->due >= deadline->due)
        break;
      put (self, place, get (self, child));
      place = child;
    }
  put (self, place, deadline);
}

void
duplex_poller_set_deadline (DuplexPoller   *self,
                            DuplexDeadline *deadline,
                            gint64          due)
{
  g_return_if_fail (self != NULL && deadline != NULL);

  if (deadline->place == 0)
    {
      g_ptr_array_add (self->heap, deadline);
      deadline->place = self->heap->len - 1;
    }
  deadline->due = due;
  sift (self, deadline, deadline->place);
}

void
duplex_poller_clear_deadline (DuplexPoller   *self,
                              DuplexDeadline *deadline)
{
  guint           place;
  DuplexDeadline *last;

  g_return_if_fail (self != NULL && deadline != NULL);

  place = deadline->place;
  if (place == 0)
    return;
  deadline->place = 0;
  last = g_ptr_array_steal_index (self->heap, self->heap->len - 1);
  if (last != deadline)
    sift (self, last, place);
}

gboolean
duplex_deadline_is_set (const DuplexDeadline *deadline)
{
  g_return_val_if_fail (deadline != NULL, FALSE);

  return deadline->place != 0;
}

/* At the last look at the set. */
static gboolean
is_due (DuplexPoller *self)
{
  return self->heap->len > 1 && get (self, 1)->due <= self->now;
}

/* The set says when the earliest is due: as the timeout of each look it would have to be set and
 * taken back each time. What is put off or cleared meanwhile makes us look once for nothing. */
static void
arm (DuplexPoller *self)
{
  gint64            due = self->heap->len > 1 ? get (self, 1)->due : G_MAXINT64;
  struct itimerspec spec = {
    .it_value = { .tv_sec = due / G_USEC_PER_SEC, .tv_nsec = due % G_USEC_PER_SEC * 1000 },
  };

  if (due >= self->armed || is_due (self))
    return;
  if (timerfd_settime (self->timer, TFD_TIMER_ABSTIME, &spec, NULL) != 0)
    g_error ("The system sets no timer: %s", g_strerror (errno));
  self->armed = due;
}

/* The deadlines follow: see source_dispatch(). */
static void
alarm_cb (DuplexWatch *watch,
          GIOCondition conditions)
{
  DuplexPoller *self =
    (DuplexPoller *)((guint8 *)watch - G_STRUCT_OFFSET (DuplexPoller, alarm));

  self->armed = G_MAXINT64;
}

static void
run_deadlines (DuplexPoller *self)
{
  gint64 now = g_get_monotonic_time ();

  while (self->heap->len > 1 && get (self, 1)->due <= now)
    {
      DuplexDeadline *deadline = get (self, 1);

      duplex_poller_clear_deadline (self, deadline);
      deadline->func (deadline);
    }
}

/* ---- descriptors ---- */

static void
push (DuplexPoller *self,
      DuplexWatch  *watch)
{
  if (watch->listed)
    return;
  watch->listed = TRUE;
  watch->next = NULL;
  if (self->last != NULL)
    self->last->next = watch;
  else
    self->first = watch;
  self->last = watch;
}

static void
remove_listed (DuplexPoller *self,
               DuplexWatch  *watch)
{
  DuplexWatch *before = NULL;

  if (!watch->listed)
    return;
  for (DuplexWatch *at = self->first; at != watch; at = at->next)
    before = at;
  if (before != NULL)
    before->next = watch->next;
  else
    self->first = watch->next;
  if (self->last == watch)
    self->last = before;
  watch->listed = FALSE;
}

/* Those who ask again meanwhile wait for the next turn. */
static void
run_again (DuplexPoller *self)
{
  guint n = 0;

  for (DuplexWatch *watch = self->first; watch != NULL; watch = watch->next)
    n++;
  for (; n > 0 && self->first != NULL; n--)
    {
      DuplexWatch *watch = self->first;

      remove_listed (self, watch);
      watch->func (watch, 0);
    }
}

static GIOCondition
translate (guint32 events)
{
  GIOCondition conditions = 0;

  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    conditions |= G_IO_IN;
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
    conditions |= G_IO_OUT;
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    conditions |= G_IO_HUP;
  return conditions;
}

/* TRUE where other threads want the context's attention, which is no watch's. */
static gboolean
look (DuplexPoller *self,
      int           timeout)
{
  int      n = epoll_wait (self->fd, self->batch, BATCH, timeout);
  gboolean woken = FALSE;

  self->now = g_get_monotonic_time ();
  self->batch_at = 0;
  self->batch_len = n > 0 ? (guint)n : 0;
  for (guint i = 0; i < self->batch_len; i++)
    woken = woken || self->batch[i].data.ptr == NULL;
  return woken;
}

static void
run_ready (DuplexPoller *self)
{
  for (self->batch_at = 0; self->batch_at < self->batch_len; self->batch_at++)
    {
      DuplexWatch *watch = self->batch[self->batch_at].data.ptr;

      if (watch != NULL)
        watch->func (watch, translate (self->batch[self->batch_at].events));
    }
  self->batch_len = 0;
}

gboolean
duplex_poller_watch (DuplexPoller *self,
                     DuplexWatch  *watch,
                     int           fd)
{
  struct epoll_event event = {
    .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
    .data.ptr = watch,
  };

  g_return_val_if_fail (self != NULL && watch != NULL, FALSE);
  g_return_val_if_fail (watch->func != NULL && fd >= 0, FALSE);

  watch->fd = fd;
  watch->watched = epoll_ctl (self->fd, EPOLL_CTL_ADD, fd, &event) == 0;
  if (!watch->watched)
    g_debug ("epoll_ctl: %s", g_strerror (errno));
  return watch->watched;
}

void
duplex_poller_unwatch (DuplexPoller *self,
                       DuplexWatch  *watch)
{
  struct epoll_event none = { 0 };

  g_return_if_fail (self != NULL && watch != NULL);

  remove_listed (self, watch);
  if (!watch->watched)
    return;
  watch->watched = FALSE;
  epoll_ctl (self->fd, EPOLL_CTL_DEL, watch->fd, &none);
  for (guint i = self->batch_at; i < self->batch_len; i++)
    if (self->batch[i].data.ptr == watch)
      self->batch[i].data.ptr = NULL;
}

void
duplex_poller_again (DuplexPoller *self,
                     DuplexWatch  *watch)
{
  g_return_if_fail (self != NULL && watch != NULL);

  push (self, watch);
}

gint64
duplex_poller_get_time (DuplexPoller *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->now;
}

/* ---- the source ---- */

/* The poller of the thread, for a poll function has no data. */
static __thread DuplexPoller *current;

static void
watch_wakeup (DuplexPoller *self,
              int           fd)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

  if (self->wakeup == fd)
    return;
  if (epoll_ctl (self->fd, EPOLL_CTL_ADD, fd, &event) == 0)
    self->wakeup = fd;
}

/* Whether all that is to be called leaves the context's sources alone. */
static gboolean
is_brief (DuplexPoller *self)
{
  for (guint i = 0; i < self->batch_len; i++)
    {
      const DuplexWatch *watch = self->batch[i].data.ptr;

      if (watch != NULL && !watch->brief)
        return FALSE;
    }
  for (const DuplexWatch *watch = self->first; watch != NULL; watch = watch->next)
    if (!watch->brief)
      return FALSE;
  return TRUE;
}

/* In ms for epoll_wait(), rounded up: a turn for nothing would follow. */
static int
get_timeout (DuplexPoller *self,
             gint64        due)
{
  if (self->first != NULL || due <= self->now)
    return 0;
  return due == G_MAXINT64 ? -1 : (int)MIN ((due - self->now + 999) / 1000, G_MAXINT);
}

/* Calls those that are brief until something is left to do for the context. TRUE where another
 * thread has woken it. */
static gboolean
serve (DuplexPoller *self,
       int           timeout)
{
  gint64 due = timeout < 0 ? G_MAXINT64 : G_MININT64;

  if (timeout > 0)
    {
      self->now = g_get_monotonic_time ();
      due = self->now + (gint64)timeout * 1000;
    }
  for (;;)
    {
      arm (self);
      if (look (self, get_timeout (self, due)))
        return TRUE;
      if (!is_brief (self))
        return FALSE;
      run_ready (self);
      run_again (self);
      if (is_due (self) || due <= self->now)
        return FALSE;
    }
}

/* Where the context has nothing to look at but our set and what wakes it, which is as long as
 * nobody dials, one look at the set does: polling the set first would be another. And what can be
 * done without the context is done here: its own way from one look to the next costs more than all
 * that we do between them. Of others' descriptors the set is not told, for they may be closed and
 * come back as something else. */
static int
poll_context (GPollFD *fds,
              guint    n,
              int      timeout)
{
  DuplexPoller *self = current;
  GPollFD      *own;
  GPollFD      *wakeup;

  if (self == NULL || n != 2 || self->batch_len > 0 ||
      (fds[0].fd != self->fd && fds[1].fd != self->fd))
    return g_poll (fds, n, timeout);
  own = fds[0].fd == self->fd ? &fds[0] : &fds[1];
  wakeup = own == &fds[0] ? &fds[1] : &fds[0];
  watch_wakeup (self, wakeup->fd);
  if (self->wakeup != wakeup->fd)
    return g_poll (fds, n, timeout);
  wakeup->revents = serve (self, timeout) ? G_IO_IN : 0;
  own->revents = self->batch_len > 0 || self->first != NULL ? G_IO_IN : 0;
  return (wakeup->revents != 0) + (own->revents != 0);
}

static gboolean
source_prepare (GSource *source,
                int     *timeout)
{
  DuplexPoller *self = ((PollerSource *)source)->poller;

  *timeout = self->first != NULL || self->batch_len > 0 || is_due (self) ? 0 : -1;
  arm (self);
  /* poll_context() may leave nothing to dispatch. */
  return FALSE;
}

static gboolean
source_check (GSource *source)
{
  DuplexPoller *self = ((PollerSource *)source)->poller;

  return self->first != NULL || self->batch_len > 0 || is_due (self) ||
         g_source_query_unix_fd (source, self->tag) != 0;
}

static gboolean
source_dispatch (GSource    *source,
                 GSourceFunc callback,
                 gpointer    data)
{
  DuplexPoller *self = ((PollerSource *)source)->poller;

  if (self->batch_len == 0)
    look (self, 0);
  run_ready (self);
  run_again (self);
  if (self->heap->len > 1)
    run_deadlines (self);
  return G_SOURCE_CONTINUE;
}

DuplexPoller *
duplex_poller_new (void)
{
  static GSourceFuncs funcs = { source_prepare, source_check, source_dispatch };
  DuplexPoller       *self = g_new0 (DuplexPoller, 1);

  self->fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->fd < 0)
    g_error ("The system gives no epoll set: %s", g_strerror (errno));
  self->heap = g_ptr_array_new ();
  g_ptr_array_add (self->heap, NULL);
  self->wakeup = -1;
  self->now = g_get_monotonic_time ();
  self->armed = G_MAXINT64;
  self->alarm.func = alarm_cb;
  self->timer = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (self->timer < 0 || !duplex_poller_watch (self, &self->alarm, self->timer))
    g_error ("The system gives no timer: %s", g_strerror (errno));
  self->context = g_main_context_ref_thread_default ();
  self->source = g_source_new (&funcs, sizeof (PollerSource));
  ((PollerSource *)self->source)->poller = self;
  g_source_set_static_name (self->source, "duplex-poller");
  /* Nobody runs the context from within; but GLib would take the descriptor away for as long as the
   * source is dispatched, and wake the context each time. */
  g_source_set_can_recurse (self->source, TRUE);
  self->tag = g_source_add_unix_fd (self->source, self->fd, G_IO_IN);
  g_source_attach (self->source, self->context);
  current = self;
  g_main_context_set_poll_func (self->context, poll_context);
  return self;
}

void
duplex_poller_free (DuplexPoller *self)
{
  if (self == NULL)
    return;
  g_warn_if_fail (self->heap->len == 1);
  if (current == self)
    {
      current = NULL;
      g_main_context_set_poll_func (self->context, NULL);
    }
  duplex_io_clear_source (&self->source);
  g_main_context_unref (self->context);
  close (self->timer);
  close (self->fd);
  g_ptr_array_unref (self->heap);
  g_free (self);
}
