/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A flood into a page of the window that records to a file, with the list following: seconds from
 * connecting until the connection has ended and the last message is on screen, the gaps between the
 * ticks of the window's frame clock meanwhile, and the resident memory. What the machine adds to a
 * gap shows in a thread that sleeps for the time of a frame, again and again, and does nothing:
 * when it comes back late, so does a window.
 *
 *   bench-window URL FOLDER
 *
 * Ends with 1 where the messages are not all there. */

#include <adwaita.h>
#include <stdio.h>
#include <string.h>

#include "app/duplex-message-list.h"
#include "app/duplex-session-page.h"
#include "shown-rows.h"
#include "widgets.h"

/* What the idle thread sleeps, µs. */
#define NAP 16667

/* So long the window stands before it connects: what comes with its first frames is over. */
#define SETTLE_MS 1000

typedef struct
{
  const char        *url;
  const char        *folder;
  guint64            n_expected;
  GtkWidget         *window;
  DuplexSessionPage *page;
  GtkWidget         *list;
  DuplexCapture     *capture; /* borrowed from the session */
  GArray            *gaps;    /* gint64 µs */
  gint64             start;   /* 0 until it connects */
  gint64             last_tick;
  gint64             ended; /* the connection */
  GThread           *thread;
  gint               stops; /* atomic: the idle thread is to end */
  GArray            *naps;  /* gint64 µs, of that thread until it has ended */
  int                status;
} Bench;

static void
say (const char *name,
     double      value,
     const char *unit)
{
  g_print ("window %s %.2f %s\n", name, value, unit);
}

/* "VmHWM" or "VmRSS" of this process, MB. */
static double
get_memory (const char *name)
{
  g_autofree char *status = NULL;
  const char      *at;

  if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    return 0;
  at = strstr (status, name);
  return at != NULL ? g_ascii_strtod (at + strlen (name) + 1, NULL) / 1024 : 0;
}

static int
compare_gaps (gconstpointer a,
              gconstpointer b)
{
  gint64 x = *(const gint64 *)a;
  gint64 y = *(const gint64 *)b;

  return x < y ? -1 : x > y;
}

static double
percentile (GArray *gaps,
            double  part)
{
  guint index = MIN ((guint)(part * gaps->len), gaps->len - 1);

  return g_array_index (gaps, gint64, index) / 1e3;
}

static gpointer
nap_worker (gpointer data)
{
  Bench *bench = data;

  while (!g_atomic_int_get (&bench->stops))
    {
      gint64 start = g_get_monotonic_time ();
      gint64 nap;

      g_usleep (NAP);
      nap = g_get_monotonic_time () - start;
      g_array_append_val (bench->naps, nap);
    }
  return NULL;
}

static void
report (Bench *bench)
{
  DuplexTotals totals;

  duplex_capture_get_totals (bench->capture, &totals);
  g_atomic_int_set (&bench->stops, TRUE);
  g_thread_join (bench->thread);
  g_array_sort (bench->gaps, compare_gaps);
  g_array_sort (bench->naps, compare_gaps);
  say ("wall", (bench->last_tick - bench->start) / 1e6, "s");
  say ("received", (bench->ended - bench->start) / 1e6, "s");
  say ("frames", bench->gaps->len / ((bench->last_tick - bench->start) / 1e6), "a second");
  say ("gap-median", percentile (bench->gaps, 0.5), "ms");
  say ("gap-99%", percentile (bench->gaps, 0.99), "ms");
  say ("gap-longest", percentile (bench->gaps, 1), "ms");
  say ("gap-idle-99%", percentile (bench->naps, 0.99), "ms");
  say ("gap-idle-longest", percentile (bench->naps, 1), "ms");
  say ("memory-peak", get_memory ("VmHWM:"), "MB");
  say ("memory", get_memory ("VmRSS:"), "MB");
  say ("file", totals.bytes[1] / 1e6, "MB of payload");
  bench->status = totals.messages[1] == bench->n_expected ? 0 : 1;
}

static gboolean
has_ended (Bench *bench)
{
  DuplexSession *session = duplex_session_page_get_session (bench->page);
  guint          n = g_list_model_get_n_items (G_LIST_MODEL (bench->capture));

  if (duplex_session_get_state (session) != DUPLEX_SESSION_DISCONNECTED)
    return FALSE;
  if (bench->ended == 0)
    bench->ended = g_get_monotonic_time ();
  return n > 0 && shown_rows_get_last (bench->list) == (gint64)n - 1;
}

static gboolean
tick_cb (GtkWidget     *widget,
         GdkFrameClock *clock,
         gpointer       data)
{
  Bench *bench = data;
  gint64 now = g_get_monotonic_time ();
  gint64 gap = now - bench->last_tick;

  bench->last_tick = now;
  if (bench->start == 0)
    return G_SOURCE_CONTINUE;

  g_array_append_val (bench->gaps, gap);
  if (!has_ended (bench))
    return G_SOURCE_CONTINUE;

  report (bench);
  gtk_window_destroy (GTK_WINDOW (bench->window));
  return G_SOURCE_REMOVE;
}

static gboolean
start_cb (gpointer data)
{
  Bench *bench = data;

  bench->start = g_get_monotonic_time ();
  bench->last_tick = bench->start;
  bench->thread = g_thread_new ("nap", nap_worker, bench);
  duplex_session_page_connect (bench->page);
  return G_SOURCE_REMOVE;
}

static void
activate_cb (GtkApplication *app,
             Bench          *bench)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new ("Flood", bench->url);
  DuplexSession            *session;

  bench->window = adw_application_window_new (app);
  bench->page = duplex_session_page_new (profile);
  session = duplex_session_page_get_session (bench->page);
  duplex_session_set_capture_folder (session, bench->folder, /* record_secrets= */ FALSE);
  bench->capture = duplex_session_get_capture (session);
  bench->list = widgets_find_type (GTK_WIDGET (bench->page), DUPLEX_TYPE_MESSAGE_LIST);
  adw_application_window_set_content (ADW_APPLICATION_WINDOW (bench->window),
                                      GTK_WIDGET (bench->page));
  gtk_window_set_default_size (GTK_WINDOW (bench->window), 1100, 750);
  gtk_window_present (GTK_WINDOW (bench->window));
  gtk_widget_add_tick_callback (bench->window, tick_cb, bench, NULL);
  g_timeout_add (SETTLE_MS, start_cb, bench);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (AdwApplication) app = NULL;
  Bench                      bench = { .status = 1 };
  const char                *n;

  if (argc != 3 || (n = strstr (argv[1], "n=")) == NULL)
    {
      g_printerr ("usage: bench-window ws://...?n=N FOLDER\n");
      return 1;
    }
  bench.url = argv[1];
  bench.folder = argv[2];
  bench.n_expected = g_ascii_strtoull (n + strlen ("n="), NULL, 10);
  bench.gaps = g_array_new (FALSE, FALSE, sizeof (gint64));
  bench.naps = g_array_new (FALSE, FALSE, sizeof (gint64));
  app = adw_application_new ("io.github.duplexws.Duplex", G_APPLICATION_NON_UNIQUE);
  g_signal_connect (app, "activate", G_CALLBACK (activate_cb), &bench);
  g_application_run (G_APPLICATION (app), 1, argv);
  g_array_unref (bench.gaps);
  g_array_unref (bench.naps);
  return bench.status;
}
