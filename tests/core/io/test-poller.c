/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-poller.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEED 6455

/* A descriptor under watch, and what was said about it. */
typedef struct _Probe Probe;
struct _Probe
{
  DuplexWatch   watch;
  DuplexPoller *poller;
  int           fd;
  int           peer; /* the other end of a pair, or -1 */
  guint         n_calls;
  GIOCondition  conditions; /* of all calls */
  GString      *log;        /* each call appends letter, where there is one */
  char          letter;
  void (*act) (Probe *self); /* within the call, or NULL */
  Probe  *other;
  Probe **survivor;
};

static void
probe_cb (DuplexWatch *watch,
          GIOCondition conditions)
{
  Probe *self = (Probe *)((guint8 *)watch - G_STRUCT_OFFSET (Probe, watch));

  self->n_calls++;
  self->conditions |= conditions;
  if (self->log != NULL)
    g_string_append_c (self->log, self->letter);
  if (self->act != NULL)
    self->act (self);
}

static Probe *
probe_new (DuplexPoller *poller,
           int           fd,
           int           peer)
{
  Probe *self = g_new0 (Probe, 1);

  self->watch.func = probe_cb;
  self->poller = poller;
  self->fd = fd;
  self->peer = peer;
  duplex_poller_watch (poller, &self->watch, fd);
  return self;
}

static Probe *
probe_new_pair (DuplexPoller *poller)
{
  int fds[2];

  g_assert_cmpint (
    socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  return probe_new (poller, fds[0], fds[1]);
}

static void
probe_free (Probe *self)
{
  duplex_poller_unwatch (self->poller, &self->watch);
  close (self->fd);
  if (self->peer >= 0)
    close (self->peer);
  memset (self, 0xee, sizeof *self);
  g_free (self);
}

/* All that is possible now. */
static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Room to write is told of once, at the beginning. */
static void
settle (Probe *probe)
{
  turn ();
  g_assert_cmpint (probe->conditions, ==, G_IO_OUT);
  probe->n_calls = 0;
  probe->conditions = 0;
}

static void
tell (int         fd,
      const char *text)
{
  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize)strlen (text));
}

/* ---- descriptors ---- */

/* Bytes that are not read are told of once; more of them once more. */
static void
test_edges (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  Probe                   *probe = probe_new_pair (poller);
  char                     byte;

  settle (probe);
  tell (probe->peer, "abc");
  turn ();
  g_assert_cmpuint (probe->n_calls, ==, 1);
  g_assert_true (probe->conditions & G_IO_IN);
  g_assert_false (probe->conditions & G_IO_HUP);
  turn ();
  g_assert_cmpuint (probe->n_calls, ==, 1);

  /* A read of less than there is, and then more comes. */
  g_assert_cmpint (read (probe->fd, &byte, 1), ==, 1);
  turn ();
  g_assert_cmpuint (probe->n_calls, ==, 1);
  tell (probe->peer, "d");
  turn ();
  g_assert_cmpuint (probe->n_calls, ==, 2);
  probe_free (probe);
}

static void
test_end_behind_bytes (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  Probe                   *probe = probe_new_pair (poller);
  char                     bytes[8];

  settle (probe);
  tell (probe->peer, "abc");
  g_assert_cmpint (shutdown (probe->peer, SHUT_WR), ==, 0);
  turn ();
  g_assert_true (probe->conditions & G_IO_IN);
  g_assert_true (probe->conditions & G_IO_HUP);
  g_assert_cmpint (read (probe->fd, bytes, sizeof bytes), ==, 3);
  g_assert_cmpint (read (probe->fd, bytes, sizeof bytes), ==, 0);
  probe_free (probe);
}

static void
test_room_after_blocking (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  g_autofree char         *much = g_strnfill (65536, 'x');
  Probe                   *probe = probe_new_pair (poller);

  settle (probe);
  while (write (probe->fd, much, 65536) > 0)
    ;
  turn ();
  probe->n_calls = 0;
  probe->conditions = 0;
  turn ();
  g_assert_cmpuint (probe->n_calls, ==, 0);
  while (read (probe->peer, much, 65536) > 0)
    ;
  turn ();
  g_assert_true (probe->conditions & G_IO_OUT);
  probe_free (probe);
}

/* More than one look at the set brings: each is called once. */
static void
test_many (void)
{
  enum { N = 700 };
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  Probe                   *probes[N];

  for (guint i = 0; i < N; i++)
    {
      int fd = eventfd (1, EFD_NONBLOCK | EFD_CLOEXEC);

      g_assert_cmpint (fd, >=, 0);
      probes[i] = probe_new (poller, fd, -1);
    }
  turn ();
  for (guint i = 0; i < N; i++)
    {
      g_assert_cmpuint (probes[i]->n_calls, ==, 1);
      g_assert_true (probes[i]->conditions & G_IO_IN);
      probe_free (probes[i]);
    }
}

static void
free_other (Probe *self)
{
  g_clear_pointer (&self->other, probe_free);
}

/* Both are in the batch that was fetched. */
static void
test_free_other_in_batch (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  Probe                   *a = probe_new_pair (poller);
  Probe                   *b = probe_new_pair (poller);
  g_autoptr (GString)      log = g_string_new (NULL);

  a->other = b;
  b->other = a;
  a->act = b->act = free_other;
  a->log = b->log = log;
  a->letter = 'a';
  b->letter = 'b';
  turn ();
  g_assert_cmpuint (log->len, ==, 1);
  probe_free (log->str[0] == 'a' ? a : b);
}

static void
free_called_other (Probe *self)
{
  /* One that was called already: nothing of it is left in the batch. */
  if (self->other->n_calls > 0)
    {
      g_clear_pointer (&self->other, probe_free);
      *self->survivor = self;
    }
}

static void
test_free_earlier_in_batch (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  Probe                   *a = probe_new_pair (poller);
  Probe                   *b = probe_new_pair (poller);
  Probe                   *survivor = NULL;

  a->other = b;
  b->other = a;
  a->survivor = b->survivor = &survivor;
  a->act = b->act = free_called_other;
  turn ();
  g_assert_nonnull (survivor);
  probe_free (survivor);
}

static void
free_self (Probe *self)
{
  *(gboolean *)self->other = TRUE;
  probe_free (self);
}

static void
test_free_self (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  gboolean                 freed[2] = { FALSE, FALSE };

  for (guint i = 0; i < 2; i++)
    {
      Probe *probe = probe_new_pair (poller);

      probe->act = free_self;
      probe->other = (Probe *)&freed[i];
      if (i == 1)
        duplex_poller_again (poller, &probe->watch);
    }
  turn ();
  g_assert_true (freed[0] && freed[1]);
}

/* The set takes no plain file, and says so. */
static void
test_unwatchable (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  g_autofree char         *path = NULL;
  Probe                    probe = { .watch.func = probe_cb };
  int                      fd = g_file_open_tmp (NULL, &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  unlink (path);
  g_assert_false (duplex_poller_watch (poller, &probe.watch, fd));
  turn ();
  g_assert_cmpuint (probe.n_calls, ==, 0);
  duplex_poller_unwatch (poller, &probe.watch);
  close (fd);
}

static void
test_unwatch_twice (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  Probe                   *probe = probe_new_pair (poller);

  settle (probe);
  duplex_poller_unwatch (poller, &probe->watch);
  duplex_poller_unwatch (poller, &probe->watch);
  tell (probe->peer, "abc");
  turn ();
  g_assert_cmpuint (probe->n_calls, ==, 0);
  /* And back again: what is there is told. */
  duplex_poller_watch (poller, &probe->watch, probe->fd);
  turn ();
  g_assert_true (probe->conditions & G_IO_IN);
  probe_free (probe);
}

/* ---- those who ask to be called again ---- */

static void
ask_again (Probe *self)
{
  if (self->n_calls < 100)
    duplex_poller_again (self->poller, &self->watch);
}

static gboolean
count_cb (gpointer data)
{
  ++*(guint *)data;
  return G_SOURCE_CONTINUE;
}

/* One who always wants more neither keeps others from their turn, nor other sources. */
static void
test_again_is_fair (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  g_autoptr (GString)      log = g_string_new (NULL);
  Probe                   *probes[3];
  guint                    n_others = 0;
  guint                    source;

  for (guint i = 0; i < 3; i++)
    {
      probes[i] = probe_new_pair (poller);
      settle (probes[i]);
      probes[i]->log = log;
      probes[i]->letter = (char)('a' + i);
      probes[i]->act = ask_again;
    }
  for (guint i = 0; i < 3; i++)
    {
      duplex_poller_again (poller, &probes[i]->watch);
      /* Asking twice is asking once. */
      duplex_poller_again (poller, &probes[i]->watch);
    }
  source = g_timeout_add (0, count_cb, &n_others);
  for (guint i = 1; i <= 100; i++)
    {
      gsize before = log->len;

      g_main_context_iteration (NULL, FALSE);
      g_assert_cmpuint (log->len - before, <=, 3);
    }
  g_source_remove (source);
  turn ();
  g_assert_cmpuint (n_others, >=, 50);
  g_assert_cmpuint (log->len, ==, 300);
  for (guint i = 0; i < 300; i++)
    g_assert_cmpint (log->str[i], ==, 'a' + (int)(i % 3));
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpint (probes[i]->conditions, ==, 0);
      probe_free (probes[i]);
    }
}

/* Those who are listed, removed at each place of the list; and by the one before it. */
static void
test_removed_while_listed (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();

  for (guint out = 0; out < 4; out++)
    {
      g_autoptr (GString) log = g_string_new (NULL);
      Probe              *probes[4];

      for (guint i = 0; i < 4; i++)
        {
          probes[i] = probe_new_pair (poller);
          settle (probes[i]);
          probes[i]->log = log;
          probes[i]->letter = (char)('a' + i);
        }
      for (guint i = 0; i < 4; i++)
        duplex_poller_again (poller, &probes[i]->watch);
      if (out > 0)
        {
          probes[out - 1]->act = free_other;
          probes[out - 1]->other = probes[out];
        }
      else
        g_clear_pointer (&probes[0], probe_free);
      turn ();
      if (out > 0)
        probes[out] = NULL;
      g_assert_cmpstr (log->str, ==, ((const char *[]){ "bcd", "acd", "abd", "abc" })[out]);
      /* The list is whole: one more finds its end. */
      for (guint i = 0; i < 4; i++)
        if (probes[i] != NULL)
          duplex_poller_again (poller, &probes[i]->watch);
      turn ();
      g_assert_cmpuint (log->len, ==, 6);
      for (guint i = 0; i < 4; i++)
        g_clear_pointer (&probes[i], probe_free);
    }
}

/* ---- deadlines ---- */

typedef struct
{
  DuplexDeadline deadline;
  gint64         due; /* 0: not set */
  GArray        *ran; /* of due */
} Timer;

static void
ran_cb (DuplexDeadline *deadline)
{
  Timer *timer = (Timer *)deadline;

  g_assert_false (duplex_deadline_is_set (deadline));
  g_array_append_val (timer->ran, timer->due);
  timer->due = 0;
}

static int
compare_times (gconstpointer a,
               gconstpointer b)
{
  gint64 first = *(const gint64 *)a;
  gint64 second = *(const gint64 *)b;

  return (first > second) - (first < second);
}

/* Set, moved and cleared at random; what is due runs in order, and nothing else. */
static void
test_deadlines_in_order (void)
{
  enum { N = 500,
         CHANGES = 5000,
         ROUNDS = 10 };
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  g_autoptr (GRand)        rand = g_rand_new_with_seed (SEED);
  g_autoptr (GArray)       ran = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autofree Timer        *timers = g_new0 (Timer, N);

  for (guint i = 0; i < N; i++)
    {
      timers[i].deadline.func = ran_cb;
      timers[i].ran = ran;
    }
  for (guint round = 0; round < ROUNDS; round++)
    {
      g_autoptr (GArray) expected = g_array_new (FALSE, FALSE, sizeof (gint64));
      gint64             now = g_get_monotonic_time ();
      guint              n_set = 0;

      for (guint i = 0; i < CHANGES; i++)
        {
          Timer *timer = &timers[g_rand_int_range (rand, 0, N)];

          if (g_rand_int_range (rand, 0, 3) == 0)
            {
              duplex_poller_clear_deadline (poller, &timer->deadline);
              timer->due = 0;
              continue;
            }
          /* Half of them long ago, equal ones among them, half in an hour. */
          timer->due = now - 1 - g_rand_int_range (rand, 0, 300);
          if (g_rand_boolean (rand))
            timer->due += G_TIME_SPAN_HOUR;
          duplex_poller_set_deadline (poller, &timer->deadline, timer->due);
        }
      for (guint i = 0; i < N; i++)
        {
          g_assert_cmpint (duplex_deadline_is_set (&timers[i].deadline), ==, timers[i].due != 0);
          if (timers[i].due != 0 && timers[i].due <= now)
            g_array_append_val (expected, timers[i].due);
        }
      g_array_sort (expected, compare_times);
      g_array_set_size (ran, 0);
      turn ();
      g_assert_cmpmem (ran->data, ran->len * sizeof (gint64), expected->data,
                       expected->len * sizeof (gint64));
      for (guint i = 0; i < N; i++)
        n_set += duplex_deadline_is_set (&timers[i].deadline);
      g_assert_cmpuint (n_set, >, 0);
    }
  for (guint i = 0; i < N; i++)
    duplex_poller_clear_deadline (poller, &timers[i].deadline);
}

/* The loop waits for one, and runs it not before it is due; clearing one that is not set is all
 * right. */
static void
test_deadline_is_waited_for (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  g_autoptr (GArray)       ran = g_array_new (FALSE, FALSE, sizeof (gint64));
  Timer                    timer = { .deadline.func = ran_cb, .ran = ran };
  gint64                   begin = g_get_monotonic_time ();
  guint                    n_turns = 0;

  timer.due = begin + 30 * G_TIME_SPAN_MILLISECOND;
  duplex_poller_clear_deadline (poller, &timer.deadline);
  duplex_poller_set_deadline (poller, &timer.deadline, timer.due);
  while (ran->len == 0)
    {
      g_main_context_iteration (NULL, TRUE);
      n_turns++;
    }
  g_assert_cmpint (g_get_monotonic_time (), >=, begin + 30 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (g_get_monotonic_time (), <, begin + 20 * G_TIME_SPAN_SECOND);
  /* It sleeps meanwhile. */
  g_assert_cmpuint (n_turns, <, 10);
}

typedef struct
{
  DuplexDeadline  deadline;
  DuplexPoller   *poller;
  DuplexDeadline *other;
  guint           n;
} Chain;

static void
chain_cb (DuplexDeadline *deadline)
{
  Chain *self = (Chain *)deadline;

  if (self->other != NULL)
    duplex_poller_clear_deadline (self->poller, self->other);
  if (++self->n < 5)
    duplex_poller_set_deadline (self->poller, deadline, self->n);
}

/* Within the call it may be set again, and others cleared. */
static void
test_deadline_changes_others (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  g_autoptr (GArray)       ran = g_array_new (FALSE, FALSE, sizeof (gint64));
  Timer                    never = { .deadline.func = ran_cb, .ran = ran, .due = 2 };
  Chain                    chain = { .deadline.func = chain_cb, .poller = poller };

  chain.other = &never.deadline;
  duplex_poller_set_deadline (poller, &never.deadline, 2);
  duplex_poller_set_deadline (poller, &chain.deadline, 1);
  turn ();
  g_assert_cmpuint (chain.n, ==, 5);
  g_assert_cmpuint (ran->len, ==, 0);
  g_assert_false (duplex_deadline_is_set (&chain.deadline));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/io/poller/edges", test_edges);
  g_test_add_func ("/io/poller/end-behind-bytes", test_end_behind_bytes);
  g_test_add_func ("/io/poller/room-after-blocking", test_room_after_blocking);
  g_test_add_func ("/io/poller/many", test_many);
  g_test_add_func ("/io/poller/free/other-in-batch", test_free_other_in_batch);
  g_test_add_func ("/io/poller/free/earlier-in-batch", test_free_earlier_in_batch);
  g_test_add_func ("/io/poller/free/self", test_free_self);
  g_test_add_func ("/io/poller/unwatchable", test_unwatchable);
  g_test_add_func ("/io/poller/unwatch-twice", test_unwatch_twice);
  g_test_add_func ("/io/poller/again/fair", test_again_is_fair);
  g_test_add_func ("/io/poller/again/removed", test_removed_while_listed);
  g_test_add_func ("/io/poller/deadlines/in-order", test_deadlines_in_order);
  g_test_add_func ("/io/poller/deadlines/waited-for", test_deadline_is_waited_for);
  g_test_add_func ("/io/poller/deadlines/change-others", test_deadline_changes_others);

  return g_test_run ();
}
