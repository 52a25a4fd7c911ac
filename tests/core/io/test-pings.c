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

static GBytes *
add (DuplexPings *pings,
     const char  *payload)
{
  GBytes *bytes = g_bytes_new (payload, strlen (payload));

  duplex_pings_add (pings, bytes);
  g_bytes_unref (bytes);
  return bytes; /* held by pings: an identity only */
}

static void
test_answered (void)
{
  g_autoptr (DuplexPings) pings = duplex_pings_new ();
  GBytes                 *one = add (pings, "one");

  g_assert_cmpint (answer (pings, "one", 5), ==, -1); /* it has not left */
  duplex_pings_left (pings, one, 100);
  g_assert_cmpint (answer (pings, "two", 150), ==, -1);
  g_assert_cmpint (answer (pings, "one", 150), ==, 50);
  g_assert_cmpint (answer (pings, "one", 160), ==, -1);
}

/* RFC 6455 §5.5.3: a pong may answer the most recent ping only. */
static void
test_later_answers_earlier (void)
{
  g_autoptr (DuplexPings) pings = duplex_pings_new ();

  duplex_pings_left (pings, add (pings, "one"), 100);
  duplex_pings_left (pings, add (pings, "two"), 200);
  duplex_pings_left (pings, add (pings, ""), 300);
  g_assert_cmpint (answer (pings, "two", 250), ==, 50);
  g_assert_cmpint (answer (pings, "one", 260), ==, -1);
  g_assert_cmpint (answer (pings, "", 400), ==, 100);
}

/* One bytes object for both: each has its own time. */
static void
test_same_bytes (void)
{
  g_autoptr (DuplexPings) pings = duplex_pings_new ();
  g_autoptr (GBytes)      ping = g_bytes_new_static ("p", 1);

  duplex_pings_add (pings, ping);
  duplex_pings_add (pings, ping);
  duplex_pings_left (pings, ping, 100);
  g_assert_cmpint (answer (pings, "p", 150), ==, 50);
  g_assert_cmpint (answer (pings, "p", 160), ==, -1);
  duplex_pings_left (pings, ping, 200);
  duplex_pings_add (pings, ping);
  duplex_pings_left (pings, ping, 300);
  g_assert_cmpint (answer (pings, "p", 350), ==, 150);
  g_assert_cmpint (answer (pings, "p", 360), ==, 60);
}

static void
test_bounded (void)
{
  g_autoptr (DuplexPings) pings = duplex_pings_new ();

  duplex_pings_left (pings, add (pings, "first"), 1);
  for (int i = 0; i < 5000; i++)
    duplex_pings_left (pings, add (pings, "more"), 2);
  g_assert_cmpint (answer (pings, "first", 3), ==, -1);
  g_assert_cmpint (answer (pings, "more", 3), ==, 1);
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
  g_test_add_func ("/core/pings/same-bytes", test_same_bytes);
  g_test_add_func ("/core/pings/bounded", test_bounded);
  g_test_add_func ("/core/io-thread/order", test_thread_runs_what_was_due);
  g_test_add_func ("/core/io-thread/holds", test_thread_holds);
  return g_test_run ();
}
