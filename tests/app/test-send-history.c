/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-send-history.h"

static void
test_empty (void)
{
  g_autoptr (DuplexSendHistory) history = duplex_send_history_new ();

  g_assert_null (duplex_send_history_back (history, "draft"));
  g_assert_null (duplex_send_history_forth (history));
}

static void
test_walk (void)
{
  g_autoptr (DuplexSendHistory) history = duplex_send_history_new ();

  duplex_send_history_add (history, "one");
  duplex_send_history_add (history, "two");

  g_assert_cmpstr (duplex_send_history_back (history, "draft"), ==, "two");
  g_assert_cmpstr (duplex_send_history_back (history, "two"), ==, "one");
  g_assert_null (duplex_send_history_back (history, "one"));
  g_assert_cmpstr (duplex_send_history_forth (history), ==, "two");
  g_assert_cmpstr (duplex_send_history_forth (history), ==, "draft");
  g_assert_null (duplex_send_history_forth (history));
  g_assert_cmpstr (duplex_send_history_back (history, "draft"), ==, "two");
}

static void
test_leave (void)
{
  g_autoptr (DuplexSendHistory) history = duplex_send_history_new ();

  duplex_send_history_add (history, "one");
  g_assert_cmpstr (duplex_send_history_back (history, "draft"), ==, "one");
  duplex_send_history_leave (history);
  g_assert_null (duplex_send_history_forth (history));
  g_assert_cmpstr (duplex_send_history_back (history, "one more"), ==, "one");
  g_assert_cmpstr (duplex_send_history_forth (history), ==, "one more");
}

static void
test_repeated (void)
{
  g_autoptr (DuplexSendHistory) history = duplex_send_history_new ();

  duplex_send_history_add (history, "one");
  duplex_send_history_add (history, "two");
  duplex_send_history_add (history, "two");

  g_assert_cmpstr (duplex_send_history_back (history, ""), ==, "two");
  g_assert_cmpstr (duplex_send_history_back (history, ""), ==, "one");
}

static void
test_bounds (void)
{
  g_autoptr (DuplexSendHistory) history = duplex_send_history_new ();
  g_autofree char              *longest = g_strnfill (DUPLEX_SEND_HISTORY_BYTES, 'x');
  g_autofree char              *too_long = g_strnfill (DUPLEX_SEND_HISTORY_BYTES + 1, 'x');
  guint                         steps = 0;

  for (guint i = 0; i < DUPLEX_SEND_HISTORY_ITEMS + 5; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);
      duplex_send_history_add (history, text);
    }
  while (duplex_send_history_back (history, "") != NULL)
    steps++;
  g_assert_cmpuint (steps, ==, DUPLEX_SEND_HISTORY_ITEMS);

  duplex_send_history_add (history, longest);
  duplex_send_history_add (history, too_long);
  g_assert_cmpstr (duplex_send_history_back (history, ""), ==, longest);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/send-history/empty", test_empty);
  g_test_add_func ("/app/send-history/walk", test_walk);
  g_test_add_func ("/app/send-history/leave", test_leave);
  g_test_add_func ("/app/send-history/repeated", test_repeated);
  g_test_add_func ("/app/send-history/bounds", test_bounds);

  return g_test_run ();
}
