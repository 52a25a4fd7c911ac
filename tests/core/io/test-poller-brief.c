/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is called without a turn of the context, and that the context has its turn when it is due.
 */
#include "core/io/duplex-poller.h"

#include <sys/socket.h>
#include <unistd.h>

/* One byte that goes round for ever. */
typedef struct
{
  DuplexWatch    watch;
  DuplexDeadline deadline;
  DuplexPoller  *poller;
  int            fds[2]; /* it is read at the first, and written at the second */
  guint          n_calls;
  gint64         due;      /* of a deadline that the first call sets, 0 for none */
  gint64         fell_due; /* when it did, 0 for not */
} Round;

static void
round_cb (DuplexWatch *watch,
          GIOCondition conditions)
{
  Round *self = (Round *)((guint8 *)watch - G_STRUCT_OFFSET (Round, watch));
  char   byte;

  if (recv (self->fds[0], &byte, 1, 0) != 1)
    return;
  self->n_calls++;
  g_assert_cmpint (write (self->fds[1], &byte, 1), ==, 1);
  if (self->due > 0 && !duplex_deadline_is_set (&self->deadline))
    duplex_poller_set_deadline (self->poller, &self->deadline, self->due);
}

static void
due_cb (DuplexDeadline *deadline)
{
  Round *self = (Round *)((guint8 *)deadline - G_STRUCT_OFFSET (Round, deadline));

  self->due = 0;
  self->fell_due = g_get_monotonic_time ();
}

static Round *
round_new (DuplexPoller *poller,
           gboolean      brief)
{
  Round *self = g_new0 (Round, 1);

  self->poller = poller;
  self->watch.func = round_cb;
  self->watch.brief = brief;
  self->deadline.func = due_cb;
  g_assert_cmpint (
    socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, self->fds), ==, 0);
  g_assert_true (duplex_poller_watch (poller, &self->watch, self->fds[0]));
  g_assert_cmpint (write (self->fds[1], "", 1), ==, 1);
  return self;
}

static void
round_free (Round *self)
{
  duplex_poller_unwatch (self->poller, &self->watch);
  duplex_poller_clear_deadline (self->poller, &self->deadline);
  close (self->fds[0]);
  close (self->fds[1]);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Round, round_free)

/* ---- how often the context has its turn ---- */

typedef struct
{
  GSource source;
  guint   n_turns;
} Counter;

static gboolean
counter_prepare (GSource *source,
                 int     *timeout)
{
  *timeout = -1;
  ((Counter *)source)->n_turns++;
  return FALSE;
}

static gboolean
over_cb (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Hardly ever for their sake; and yet a timeout of the context's own is in time. */
static void
test_timeout_in_time (void)
{
  static GSourceFuncs      funcs = { .prepare = counter_prepare };
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  g_autoptr (GSource)      counter = g_source_new (&funcs, sizeof (Counter));
  g_autoptr (Round)        round = round_new (poller, /* brief= */ TRUE);
  gint64                   begin = g_get_monotonic_time ();
  gboolean                 over = FALSE;

  g_source_attach (counter, NULL);
  g_timeout_add (30, over_cb, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (counter);
  g_assert_cmpint (g_get_monotonic_time (), <, begin + 20 * G_TIME_SPAN_SECOND);
  g_assert_cmpuint (round->n_calls, >, 100);
  g_assert_cmpuint (((Counter *)counter)->n_turns, <, round->n_calls / 10);
}

/* ---- what must not wait for the last call ---- */

/* A deadline that a call sets, though the context knows of none. */
static void
test_deadline_in_time (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  g_autoptr (Round)        round = round_new (poller, /* brief= */ TRUE);
  gint64                   due = g_get_monotonic_time () + 20 * G_TIME_SPAN_MILLISECOND;

  round->due = due;
  while (round->fell_due == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (round->fell_due, >=, due);
  g_assert_cmpint (round->fell_due, <, due + 20 * G_TIME_SPAN_SECOND);
}

/* One that is not brief. */
static void
test_others_are_called (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  g_autoptr (Round)        brief = round_new (poller, /* brief= */ TRUE);
  g_autoptr (Round)        other = round_new (poller, /* brief= */ FALSE);

  while (other->n_calls < 100)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (brief->n_calls, >=, 100);
}

/* One that asked to be called again. */
static void
test_again_is_called (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  g_autoptr (Round)        brief = round_new (poller, /* brief= */ TRUE);
  g_autoptr (Round)        other = round_new (poller, /* brief= */ FALSE);

  duplex_poller_unwatch (poller, &other->watch);
  duplex_poller_again (poller, &other->watch);
  while (other->n_calls == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (other->n_calls, ==, 1);
}

static gpointer
wake_thread (gpointer data)
{
  g_idle_add (over_cb, data);
  return NULL;
}

/* What another thread adds to the context. */
static void
test_woken (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  g_autoptr (Round)        round = round_new (poller, /* brief= */ TRUE);

  for (guint i = 0; i < 100; i++)
    {
      gboolean over = FALSE;
      GThread *thread = g_thread_new ("wake", wake_thread, &over);

      while (!over)
        g_main_context_iteration (NULL, TRUE);
      g_thread_join (thread);
    }
  g_assert_cmpuint (round->n_calls, >, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/io/poller/brief/timeout-in-time", test_timeout_in_time);
  g_test_add_func ("/io/poller/brief/deadline-in-time", test_deadline_in_time);
  g_test_add_func ("/io/poller/brief/others", test_others_are_called);
  g_test_add_func ("/io/poller/brief/again", test_again_is_called);
  g_test_add_func ("/io/poller/brief/woken", test_woken);

  return g_test_run ();
}
