/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Received messages a second: our session, which records every frame, against a plain libsoup
 * client that only counts. Both read the same flood of the built-in server, in turn, in one
 * process. */

#include <libsoup/soup.h>

#include "core/io/duplex-demo-server.h"
#include "core/io/duplex-session.h"

#define RUNS 5

typedef struct
{
  guint64 messages;
  gsize   size;
} Load;

static const Load loads[] = {
  { 500000, 20 },
  { 500000, 200 },
  { 20000, 16 * 1024 },
  { 500, 1024 * 1024 },
  { 32, 16 * 1024 * 1024 },
};

typedef struct
{
  GMainLoop *loop;
  guint64    received;
} Plain;

static void
plain_message_cb (SoupWebsocketConnection *connection,
                  int                      type,
                  GBytes                  *message,
                  gpointer                 data)
{
  ((Plain *)data)->received++;
}

static void
plain_closed_cb (SoupWebsocketConnection *connection,
                 gpointer                 data)
{
  g_main_loop_quit (((Plain *)data)->loop);
  g_object_unref (connection);
}

static void
plain_connected_cb (GObject      *object,
                    GAsyncResult *result,
                    gpointer      data)
{
  SoupWebsocketConnection *connection =
    soup_session_websocket_connect_finish (SOUP_SESSION (object), result, NULL);

  g_assert_nonnull (connection);
  soup_websocket_connection_set_max_incoming_payload_size (connection, 64 * 1024 * 1024);
  g_signal_connect (connection, "message", G_CALLBACK (plain_message_cb), data);
  g_signal_connect (connection, "closed", G_CALLBACK (plain_closed_cb), data);
}

static double
run_plain (const char *url,
           const Load *load)
{
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  Plain                   plain = { g_main_loop_new (NULL, FALSE), 0 };
  gint64                  start = g_get_monotonic_time ();

  soup_session_websocket_connect_async (session, message, NULL, NULL, G_PRIORITY_DEFAULT, NULL,
                                        plain_connected_cb, &plain);
  g_main_loop_run (plain.loop);
  g_main_loop_unref (plain.loop);
  g_assert_cmpuint (plain.received, ==, load->messages);
  return (g_get_monotonic_time () - start) / 1e6;
}

static void
closed_cb (DuplexSession *session,
           guint          code,
           const char    *reason,
           gboolean       by_peer,
           gpointer       data)
{
  g_main_loop_quit (data);
}

static double
run_ours (const char *url,
          const Load *load)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new ("Bench", url);
  g_autoptr (DuplexSession) session = duplex_session_new (profile);
  g_autoptr (GMainLoop)     loop = g_main_loop_new (NULL, FALSE);
  gint64                    start = g_get_monotonic_time ();
  DuplexTotals              totals;

  g_signal_connect (session, "closed", G_CALLBACK (closed_cb), loop);
  g_assert_true (duplex_session_connect (session, NULL));
  g_main_loop_run (loop);
  duplex_capture_get_totals (duplex_session_get_capture (session), &totals);
  g_assert_cmpuint (totals.messages[1], ==, load->messages);
  return (g_get_monotonic_time () - start) / 1e6;
}

static int
compare_times (gconstpointer a,
               gconstpointer b)
{
  double x = *(const double *)a;
  double y = *(const double *)b;

  return x < y ? -1 : x > y;
}

static double
median (double times[RUNS])
{
  qsort (times, RUNS, sizeof *times, compare_times);
  return times[RUNS / 2];
}

static void
measure (DuplexDemoServer *server,
         const Load       *load)
{
  g_autofree char *url = g_strdup_printf (
    "ws://127.0.0.1:%u/flood?n=%" G_GUINT64_FORMAT "&size=%" G_GSIZE_FORMAT,
    duplex_demo_server_get_port (server), load->messages, load->size);
  double plain[RUNS], ours[RUNS];
  double plain_median, ours_median;

  for (int i = 0; i < RUNS; i++)
    {
      plain[i] = run_plain (url, load);
      ours[i] = run_ours (url, load);
    }
  plain_median = median (plain);
  ours_median = median (ours);
  g_print ("%9" G_GSIZE_FORMAT " B: libsoup %8.0f/s %7.0f MB/s, ours %8.0f/s %7.0f MB/s, %.2fx\n",
           load->size, load->messages / plain_median,
           load->messages * load->size / plain_median / 1e6, load->messages / ours_median,
           load->messages * load->size / ours_median / 1e6, plain_median / ours_median);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (DuplexDemoServer) server = duplex_demo_server_new (0, NULL);

  g_assert_nonnull (server);
  for (gsize i = 0; i < G_N_ELEMENTS (loads); i++)
    measure (server, &loads[i]);
  return 0;
}
