/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What plain-client does, by a session of ours, which records every frame in its capture in memory.
 * Prints the same. */
#include "core/io/duplex-session.h"

static void
closed_cb (DuplexSession *session,
           guint          code,
           const char    *reason,
           gboolean       by_peer,
           gpointer       data)
{
  g_main_loop_quit (data);
}

static void
failed_cb (DuplexSession *session,
           const GError  *error,
           gpointer       data)
{
  g_printerr ("engine-client: %s\n", error->message);
  g_main_loop_quit (data);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new ("Bench", argc == 2 ? argv[1] : "");
  g_autoptr (DuplexSession) session = duplex_session_new (profile);
  g_autoptr (GMainLoop)     loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError)        error = NULL;
  gint64                    begun = g_get_monotonic_time ();
  DuplexTotals              totals;

  g_signal_connect (session, "closed", G_CALLBACK (closed_cb), loop);
  g_signal_connect (session, "failed", G_CALLBACK (failed_cb), loop);
  if (!duplex_session_connect (session, &error))
    {
      g_printerr ("usage: engine-client ws://...: %s\n", error->message);
      return 1;
    }
  g_main_loop_run (loop);
  duplex_capture_get_totals (duplex_session_get_capture (session), &totals);
  g_print ("%" G_GUINT64_FORMAT " %.6f\n", totals.messages[1],
           (g_get_monotonic_time () - begun) / 1e6);
  return 0;
}
