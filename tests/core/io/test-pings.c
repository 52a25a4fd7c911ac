/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/io/duplex-io-thread.h"
#include "core/io/duplex-pings.h"

static gint64
answer (DuplexPings *pings,
        const char  *payload,
        gint64       now)
{
  return duplex_pings_answer (pings, (const guint8 *)payload, strlen (payload), now);
}

static void
left (DuplexPings *pings,
      const char  *payload,
      gint64       now)
{
  duplex_pings_left (pings, (const guint8 *)payload, strlen (payload), now);
}

static void
test_answered (void)
{
  g_autoptr (DuplexPings) pings = duplex_pings_new (0, 0, NULL, NULL);

  g_assert_cmpint (answer (pings, "one", 5), ==, -1); /* it has not left */
  left (pings, "one", 100);
  g_assert_cmpint (answer (pings, "two", 150), ==, -1);
  g_assert_cmpint (answer (pings, "one", 150), ==, 50);
  g_assert_cmpint (answer (pings, "one", 160), ==, -1);
}

/* RFC 6455 §5.5.3: a pong may answer the most recent ping only. */
static void
test_later_answers_earlier (void)
{
  g_autoptr (DuplexPings) pings = duplex_pings_new (0, 0, NULL, NULL);

  left (pings, "one", 100);
  left (pings, "two", 200);
  left (pings, "", 300);
  g_assert_cmpint (answer (pings, "two", 250), ==, 50);
  g_assert_cmpint (answer (pings, "one", 260), ==, -1);
  g_assert_cmpint (answer (pings, "", 400), ==, 100);
}

/* Each has its own time. */
static void
test_same_payload (void)
{
  g_autoptr (DuplexPings) pings = duplex_pings_new (0, 0, NULL, NULL);

  left (pings, "p", 100);
  left (pings, "p", 200);
  left (pings, "p", 300);
  g_assert_cmpint (answer (pings, "p", 350), ==, 250);
  g_assert_cmpint (answer (pings, "p", 360), ==, 160);
  g_assert_cmpint (answer (pings, "p", 370), ==, 70);
  g_assert_cmpint (answer (pings, "p", 380), ==, -1);
}

static void
test_bounded (void)
{
  g_autoptr (DuplexPings) pings = duplex_pings_new (0, 0, NULL, NULL);

  left (pings, "first", 1);
  for (int i = 0; i < 5000; i++)
    left (pings, "more", 2);
  g_assert_cmpint (answer (pings, "first", 3), ==, -1);
  g_assert_cmpint (answer (pings, "more", 3), ==, 1);
}

/* A ping that was composed on purpose has no legal answer. */
static void
test_too_long (void)
{
  g_autoptr (DuplexPings) pings = duplex_pings_new (0, 0, NULL, NULL);
  guint8                  payload[126] = { 0 };

  duplex_pings_left (pings, payload, sizeof payload, 1);
  g_assert_cmpint (duplex_pings_answer (pings, payload, sizeof payload, 2), ==, -1);
}

/* ---- the thread that runs all this ---- */

static void
append_cb (gpointer data)
{
  GString *order = data;

  g_string_append_c (order, (char)('a' + order->len));
}

static void
test_thread_runs_what_was_due (void)
{
  g_autoptr (GString) order = g_string_new (NULL);
  DuplexIoThread     *thread = duplex_io_thread_new ("test");

  for (int i = 0; i < 5; i++)
    duplex_io_thread_invoke (thread, append_cb, order, NULL);
  duplex_io_thread_free (thread);
  g_assert_cmpstr (order->str, ==, "abcde");
}

static void
release_cb (gpointer data)
{
  duplex_io_thread_release (data);
}

static void
test_thread_holds (void)
{
  g_autoptr (DuplexIoThread) thread = duplex_io_thread_new ("test");

  g_assert_true (duplex_io_thread_wait (thread, 0));
  duplex_io_thread_hold (thread);
  g_assert_false (duplex_io_thread_wait (thread, 10));
  duplex_io_thread_invoke (thread, release_cb, thread, NULL);
  g_assert_true (duplex_io_thread_wait (thread, 10000));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/pings/answered", test_answered);
  g_test_add_func ("/core/pings/later-answers-earlier", test_later_answers_earlier);
  g_test_add_func ("/core/pings/same-payload", test_same_payload);
  g_test_add_func ("/core/pings/bounded", test_bounded);
  g_test_add_func ("/core/pings/too-long", test_too_long);
  g_test_add_func ("/core/io-thread/order", test_thread_runs_what_was_due);
  g_test_add_func ("/core/io-thread/holds", test_thread_holds);
  return g_test_run ();
}
