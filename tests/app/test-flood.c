/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A hundred thousand messages from the demo server into the window: all arrive, in order, the list
 * follows, and the window goes on drawing. Prints the gaps between the ticks of the frame clock;
 * machines are noisy, so only a window that stands still for seconds fails. */

#include <adwaita.h>

#include "app/duplex-message-list.h"
#include "app/duplex-session-page.h"
#include "shown-rows.h"
#include "widgets.h"

#define N_MESSAGES    100000
#define STANDSTILL_US (5 * G_TIME_SPAN_SECOND)

typedef struct
{
  GtkWidget         *window;
  DuplexSessionPage *page;
  GtkWidget         *list;
  DuplexCapture     *capture; /* borrowed from the session */
  GArray            *gaps;    /* gint64 µs, while messages came */
  gint64             last_tick;
} Flood;

static gboolean
tick_cb (GtkWidget     *widget,
         GdkFrameClock *clock,
         gpointer       data)
{
  Flood *flood = data;
  gint64 now = g_get_monotonic_time ();
  gint64 gap = now - flood->last_tick;

  if (flood->last_tick != 0)
    g_array_append_val (flood->gaps, gap);
  flood->last_tick = now;
  return G_SOURCE_CONTINUE;
}

static gboolean
has_ticked (gpointer data)
{
  return ((Flood *)data)->last_tick != 0;
}

static gboolean
has_ended (gpointer data)
{
  Flood       *flood = data;
  DuplexTotals totals;

  duplex_capture_get_totals (flood->capture, &totals);
  return totals.messages[1] == N_MESSAGES &&
         duplex_session_get_state (duplex_session_page_get_session (flood->page)) ==
           DUPLEX_SESSION_DISCONNECTED;
}

static gboolean
shows_the_end (gpointer data)
{
  Flood *flood = data;
  guint  n = g_list_model_get_n_items (G_LIST_MODEL (flood->capture));

  return n > 0 && shown_rows_get_last (flood->list) == (gint64)n - 1;
}

static int
compare_gaps (gconstpointer a,
              gconstpointer b)
{
  gint64 x = *(const gint64 *)a;
  gint64 y = *(const gint64 *)b;

  return x < y ? -1 : x > y;
}

static void
check_gaps (Flood *flood)
{
  gint64 longest;

  g_assert_cmpuint (flood->gaps->len, >, 0);
  g_array_sort (flood->gaps, compare_gaps);
  longest = g_array_index (flood->gaps, gint64, flood->gaps->len - 1);
  g_test_message ("%u frames; gaps between them: median %.1f ms, 99 %% %.1f ms, longest %.1f ms",
                  flood->gaps->len,
                  g_array_index (flood->gaps, gint64, flood->gaps->len / 2) / 1e3,
                  g_array_index (flood->gaps, gint64, flood->gaps->len * 99 / 100) / 1e3,
                  longest / 1e3);
  g_assert_cmpint (longest, <, STANDSTILL_US);
}

static void
check_order (Flood *flood)
{
  guint64 next = 0;

  for (guint64 i = 0;; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
      g_autofree char     *head = NULL;

      if (!duplex_capture_read (flood->capture, i, &event))
        break;
      if (event.kind != DUPLEX_EVENT_FRAME || event.opcode != DUPLEX_OPCODE_TEXT)
        continue;
      head = g_strdup_printf ("{\"n\":%" G_GUINT64_FORMAT ",", next++);
      g_assert_cmpuint (event.payload_size, ==, 200);
      g_assert_cmpmem (event.payload, strlen (head), head, strlen (head));
    }
  g_assert_cmpuint (next, ==, N_MESSAGES);
}

/* GLib's tests print every debug message, and libsoup has two for each message that it reads. */
static void
ignore_log (const char    *domain,
            GLogLevelFlags level,
            const char    *message,
            gpointer       data)
{
}

static void
test_flood (void)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new ("Flood", "demo:/flood?n=100000&size=200");
  Flood                     flood = { 0 };

  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  flood.gaps = g_array_new (FALSE, FALSE, sizeof (gint64));
  flood.page = duplex_session_page_new (profile);
  flood.capture = duplex_session_get_capture (duplex_session_page_get_session (flood.page));
  flood.list = widgets_find_type (GTK_WIDGET (flood.page), DUPLEX_TYPE_MESSAGE_LIST);
  flood.window = adw_window_new ();
  adw_window_set_content (ADW_WINDOW (flood.window), GTK_WIDGET (flood.page));
  gtk_window_set_default_size (GTK_WINDOW (flood.window), 1000, 700);
  gtk_window_present (GTK_WINDOW (flood.window));
  gtk_widget_add_tick_callback (flood.window, tick_cb, &flood, NULL);

  widgets_wait_until (has_ticked, &flood, "the window's first frame");
  duplex_session_page_connect (flood.page);
  widgets_wait_for (has_ended, &flood, 90, "a hundred thousand messages and the end");
  widgets_wait_for (shows_the_end, &flood, 30, "the last row on screen");
  check_gaps (&flood);
  g_assert_true (duplex_message_list_get_following (DUPLEX_MESSAGE_LIST (flood.list)));
  check_order (&flood);

  gtk_window_destroy (GTK_WINDOW (flood.window));
  g_array_unref (flood.gaps);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/app/flood/hundred-thousand", test_flood);
  return g_test_run ();
}
