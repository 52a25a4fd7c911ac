/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the message list bears a flood: a thread appends rows of JSON while the window follows.
 * Prints the frames a second, the gaps between the ticks of the frame clock, and how many rows
 * the last one on screen is away from the last that was appended, a few frames after it was. Run
 * it in a session: tests/ui/session.py --a11y none -- bench-list. */

#include <adwaita.h>

#include "app/duplex-message-list.h"
#include "conversation.h"
#include "shown-rows.h"

static int      n_rows = 100000;
static int      rate = 10000;
static int      size = 200;
static gboolean hold;
static gboolean scroll_up;

static const GOptionEntry options[] = {
  { "rows", 0, 0, G_OPTION_ARG_INT, &n_rows, "Rows to append (100000)", "N" },
  { "rate", 0, 0, G_OPTION_ARG_INT, &rate, "Rows a second, 0 for as fast as it goes (10000)", "N" },
  { "size", 0, 0, G_OPTION_ARG_INT, &size, "Bytes of a message (200)", "N" },
  { "scroll-up", 0, 0, G_OPTION_ARG_NONE, &scroll_up, "Stop following in the middle", NULL },
  { "hold", 0, 0, G_OPTION_ARG_NONE, &hold, "Leave the window open at the end", NULL },
  { NULL }
};

typedef struct
{
  GtkWidget     *window;
  GtkWidget     *list;
  DuplexCapture *capture;
  GThread       *thread;
  gint           done;        /* atomic: the thread has appended all */
  gint64         appended_us; /* how long that took */
  GArray        *gaps;        /* gint64 µs */
  gint64         start;
  gint64         last_tick;
  guint          settling; /* frames since the thread was done */
} Bench;

static gpointer
append_worker (gpointer data)
{
  Bench              *bench = data;
  g_autoptr (GString) text = g_string_new (NULL);
  gint64              start = g_get_monotonic_time ();

  for (int i = 0; i < n_rows; i++)
    {
      g_string_printf (
        text,
        "{\"seq\":%d,\"symbol\":\"BTC-USD\",\"price\":%d.25,\"side\":\"buy\",\"ok\":true,"
        "\"book\":[1,2,3],\"note\":\"",
        i, 60000 + i % 1000);
      while ((int)text->len < size - 2)
        g_string_append_c (text, 'x');
      g_string_append (text, "\"}");
      conversation_text (bench->capture,
                         i % 7 == 0 ? DUPLEX_DIRECTION_SENT : DUPLEX_DIRECTION_RECEIVED, text->str,
                         (gssize)text->len);

      /* Ten milliseconds' worth at a time. */
      if (rate > 0 && i % MAX (rate / 100, 1) == 0)
        {
          gint64 due = start + (gint64)i * G_USEC_PER_SEC / rate;
          gint64 now = g_get_monotonic_time ();

          if (due > now)
            g_usleep ((gulong)(due - now));
        }
    }

  bench->appended_us = g_get_monotonic_time () - start;
  g_atomic_int_set (&bench->done, TRUE);
  return NULL;
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
percentile (Bench *bench,
            double part)
{
  guint index = MIN ((guint)(part * bench->gaps->len), bench->gaps->len - 1);

  return g_array_index (bench->gaps, gint64, index) / 1e3;
}

static void
print_measure (const char *name,
               double      value,
               const char *unit)
{
  g_print ("list %s %.1f %s (%d rows of %d bytes, %d a second)\n", name, value, unit, n_rows, size,
           rate);
}

static void
report (Bench *bench)
{
  gint64 last_shown = shown_rows_get_last (bench->list);
  double seconds = (bench->last_tick - bench->start) / 1e6;

  g_array_sort (bench->gaps, compare_gaps);
  print_measure ("appended", n_rows / (bench->appended_us / 1e6), "rows/s");
  print_measure ("frames", bench->gaps->len / seconds, "frames/s");
  print_measure ("gap-median", percentile (bench, 0.5), "ms");
  print_measure ("gap-95%", percentile (bench, 0.95), "ms");
  print_measure ("gap-99%", percentile (bench, 0.99), "ms");
  print_measure ("gap-longest", percentile (bench, 1), "ms");
  print_measure ("last-row-missing", scroll_up ? 0 : (double)(n_rows - 1 - last_shown), "rows");
}

static gboolean
tick_cb (GtkWidget     *widget,
         GdkFrameClock *clock,
         gpointer       data)
{
  Bench *bench = data;
  gint64 now = g_get_monotonic_time ();
  gint64 gap = now - bench->last_tick;

  /* The first frames are the window's own. */
  if (bench->last_tick != 0)
    g_array_append_val (bench->gaps, gap);
  else
    bench->start = now;
  bench->last_tick = now;

  if (scroll_up && bench->gaps->len == 60)
    duplex_message_list_set_following (DUPLEX_MESSAGE_LIST (bench->list), FALSE);

  /* The end must be on screen soon after the last row came, not at some time. */
  if (g_atomic_int_get (&bench->done) && ++bench->settling > 15)
    {
      report (bench);
      if (!hold)
        gtk_window_destroy (GTK_WINDOW (bench->window));
      return G_SOURCE_REMOVE;
    }

  return G_SOURCE_CONTINUE;
}

static gboolean
start_cb (gpointer data)
{
  Bench *bench = data;

  gtk_widget_add_tick_callback (bench->window, tick_cb, bench, NULL);
  bench->thread = g_thread_new ("append", append_worker, bench);
  return G_SOURCE_REMOVE;
}

static void
activate_cb (GtkApplication *app,
             Bench          *bench)
{
  bench->window = adw_application_window_new (app);
  bench->list = duplex_message_list_new ();
  bench->capture = duplex_capture_new ();
  bench->gaps = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_object_set (bench->list, "capture", bench->capture, NULL);
  adw_application_window_set_content (ADW_APPLICATION_WINDOW (bench->window), bench->list);
  gtk_window_set_default_size (GTK_WINDOW (bench->window), 700, 700);
  gtk_window_present (GTK_WINDOW (bench->window));
  g_timeout_add (500, start_cb, bench);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (AdwApplication) app = NULL;
  g_autoptr (GError)         error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  Bench                      bench = { 0 };
  int                        status;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  app = adw_application_new ("io.github.duplexws.Duplex", G_APPLICATION_NON_UNIQUE);
  g_signal_connect (app, "activate", G_CALLBACK (activate_cb), &bench);
  status = g_application_run (G_APPLICATION (app), 1, argv);

  g_thread_join (bench.thread);
  g_clear_object (&bench.capture);
  g_array_unref (bench.gaps);
  return status;
}
