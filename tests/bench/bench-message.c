/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A large JSON message in the inspector, from a capture in a file: ms from selecting it to the
 * first frame with its beginning, and the gaps between frames until all has been shown, a piece
 * after the other, as somebody sees who scrolls to its end; of 100 MB so many pieces only. Then
 * to hex, to its end, and back. */

#include <adwaita.h>
#include <glib/gstdio.h>
#include <gtksourceview/gtksource.h>
#include <string.h>

#include "app/duplex-hex-view.h"
#include "app/duplex-inspector.h"
#include "app/duplex-message-view.h"
#include "bench-support.h"
#include "widgets.h"

#define SETTLE_MS 500

typedef struct
{
  const char *name;
  gsize       size;
  guint       max_pieces;
} Load;

static const Load loads[] = {
  { "1-MB", 1000 * 1000, G_MAXUINT },
  { "10-MB", 10 * 1000 * 1000, G_MAXUINT },
  { "100-MB", 100 * 1000 * 1000, 100 },
};

typedef struct
{
  GMainLoop         *loop;
  GtkWidget         *window;
  DuplexInspector   *inspector;
  DuplexMessageView *view;
  GtkTextBuffer     *buffer;
  DuplexCapture     *capture;
  GArray            *gaps; /* gint64 µs */
  gint64             last_tick;
  gboolean (*is_done) (gpointer bench);
} Bench;

/* Records as servers send them, on one line. */
static void
append_message (DuplexCapture *capture,
                gsize          size)
{
  g_autoptr (GString) text = g_string_sized_new (size + 200);
  DuplexEvent         event = DUPLEX_EVENT_INIT;
  DuplexFrameHeader   header = { .fin = TRUE, .opcode = DUPLEX_OPCODE_TEXT, .length_bits = 64 };

  g_string_append (text, "{\"rows\":[");
  for (guint i = 0; text->len + 140 < size; i++)
    g_string_append_printf (text,
                            "%s{\"id\":%u,\"name\":\"row %u\",\"price\":%u.25,\"ok\":true,"
                            "\"tags\":[\"a\",\"b\"],\"note\":null,\"text\":\"some words of it\"}",
                            i > 0 ? "," : "", i, i, i % 1000);
  g_string_append (text, "]}");

  header.length = text->len;
  event.header_size = (guint8)duplex_frame_header_encode (&header, event.header);
  event.direction = DUPLEX_DIRECTION_RECEIVED;
  event.connection = 1;
  event.flags = DUPLEX_EVENT_FLAG_ROW;
  event.opcode = DUPLEX_OPCODE_TEXT;
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  event.message = 1;
  event.message_size = text->len;
  event.n_frames = 1;
  event.payload = (const guint8 *)text->str;
  event.payload_size = text->len;
  duplex_capture_append (capture, &event);
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
  g_array_append_val (bench->gaps, gap);
  return G_SOURCE_CONTINUE;
}

/* A frame was drawn. */
static void
painted_cb (GdkFrameClock *clock,
            gpointer       data)
{
  Bench *bench = data;

  if (bench->is_done != NULL && bench->is_done (bench))
    {
      bench->is_done = NULL;
      g_main_loop_quit (bench->loop);
    }
}

/* Until a frame was drawn after that; ms. */
static double
wait (Bench *bench,
      gboolean (*is_done) (gpointer bench))
{
  gint64 start = g_get_monotonic_time ();

  bench->is_done = is_done;
  g_main_loop_run (bench->loop);
  return (g_get_monotonic_time () - start) / 1e3;
}

static gboolean
is_shown (gpointer data)
{
  Bench *bench = data;

  return !duplex_message_view_is_loading (bench->view) &&
         gtk_text_buffer_get_char_count (bench->buffer) > 0;
}

static gboolean
is_loaded (gpointer data)
{
  return !duplex_message_view_is_loading (((Bench *)data)->view);
}

static gboolean
is_read (gpointer data)
{
  Bench *bench = data;

  return !duplex_message_view_is_loading (bench->view) &&
         !duplex_message_view_is_checking (bench->view);
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
say (const Load *load,
     const char *name,
     double      value,
     const char *unit)
{
  g_print ("message %s-%s %.1f %s\n", load->name, name, value, unit);
}

static void
say_gaps (Bench      *bench,
          const Load *load,
          const char *what)
{
  g_autofree char *longest = g_strconcat (what, "-gap-longest", NULL);
  g_autofree char *most = g_strconcat (what, "-gap-99%", NULL);
  guint            n = bench->gaps->len;

  g_array_sort (bench->gaps, compare_gaps);
  say (load, longest, g_array_index (bench->gaps, gint64, n - 1) / 1e3, "ms");
  say (load, most, g_array_index (bench->gaps, gint64, n * 99 / 100) / 1e3, "ms");
  g_array_set_size (bench->gaps, 0);
}

static GtkWidget *
find_more (GtkWidget *root)
{
  GtkWidget *found = NULL;

  if (GTK_IS_BUTTON (root) &&
      g_strcmp0 (gtk_actionable_get_action_name (GTK_ACTIONABLE (root)), "message.more") == 0)
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_more (child);
  return found;
}

/* The rest of the message, as somebody would have it who scrolls to the end of what there is and
 * asks for more. */
static void
fill (Bench      *bench,
      const Load *load)
{
  GtkWidget     *text = widgets_find_type (GTK_WIDGET (bench->view), GTK_SOURCE_TYPE_VIEW);
  GtkAdjustment *scroll = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (text));
  gint64         start = g_get_monotonic_time ();
  GtkWidget     *more = find_more (GTK_WIDGET (bench->view));
  guint          n = 1;

  while (n < load->max_pieces && gtk_widget_get_visible (more))
    {
      gtk_adjustment_set_value (scroll, gtk_adjustment_get_upper (scroll));
      gtk_widget_activate_action (GTK_WIDGET (bench->view), "message.more", NULL);
      wait (bench, is_loaded);
      n++;
    }
  say (load, "pieces", n, "of 128 KiB of text at most");
  say (load, "pieces-shown-in", (g_get_monotonic_time () - start) / 1e3, "ms");
  say (load, "text-in-view", gtk_text_buffer_get_char_count (bench->buffer) / 1e6, "MB");
  bench_settle (bench->loop, SETTLE_MS);
}

static double
get_memory (void)
{
  g_autofree char *status = NULL;
  const char      *at;

  if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    return 0;
  at = strstr (status, "VmRSS:");
  return at != NULL ? g_ascii_strtod (at + strlen ("VmRSS:"), NULL) / 1024 : 0;
}

static void
measure (Bench      *bench,
         const Load *load,
         guint       position)
{
  g_autoptr (DuplexRow) row = g_list_model_get_item (G_LIST_MODEL (bench->capture), position);
  DuplexHexView        *hex =
    DUPLEX_HEX_VIEW (widgets_find_type (GTK_WIDGET (bench->view), DUPLEX_TYPE_HEX_VIEW));

  say (load, "memory-before", get_memory (), "MB");
  g_array_set_size (bench->gaps, 0);
  duplex_inspector_set_row (bench->inspector, row);
  say (load, "first-screen", wait (bench, is_shown), "ms");
  say (load, "read-to-the-end", wait (bench, is_read), "ms more");
  say_gaps (bench, load, "open");
  say (load, "memory", get_memory (), "MB");
  fill (bench, load);
  say_gaps (bench, load, "fill");
  say (load, "memory-filled", get_memory (), "MB");

  g_object_set (bench->view, "format", "hex", NULL);
  say (load, "to-hex", wait (bench, is_loaded), "ms");
  duplex_hex_view_select (hex, duplex_hex_view_get_size (hex) - 1, 1);
  bench_settle (bench->loop, SETTLE_MS);
  say_gaps (bench, load, "hex");
  g_object_set (bench->view, "format", "json", NULL);
  say (load, "to-json", wait (bench, is_loaded), "ms");
  bench_settle (bench->loop, SETTLE_MS);
  duplex_inspector_set_row (bench->inspector, NULL);
  bench_settle (bench->loop, SETTLE_MS);
}

static void
measure_all (Bench *bench)
{
  GtkWidget *found;

  bench->loop = g_main_loop_new (NULL, FALSE);
  bench->gaps = g_array_new (FALSE, FALSE, sizeof (gint64));
  bench->inspector = DUPLEX_INSPECTOR (duplex_inspector_new ());
  duplex_inspector_set_capture (bench->inspector, bench->capture);
  found = widgets_find_type (GTK_WIDGET (bench->inspector), DUPLEX_TYPE_MESSAGE_VIEW);
  bench->view = DUPLEX_MESSAGE_VIEW (found);
  bench->buffer = gtk_text_view_get_buffer (
    GTK_TEXT_VIEW (widgets_find_type (GTK_WIDGET (bench->view), GTK_SOURCE_TYPE_VIEW)));
  bench->window = adw_window_new ();
  adw_window_set_content (ADW_WINDOW (bench->window), GTK_WIDGET (bench->inspector));
  gtk_window_set_default_size (GTK_WINDOW (bench->window), 500, 750);
  gtk_window_present (GTK_WINDOW (bench->window));
  g_signal_connect (gtk_widget_get_frame_clock (bench->window), "after-paint",
                    G_CALLBACK (painted_cb), bench);
  gtk_widget_add_tick_callback (bench->window, tick_cb, bench, NULL);
  bench_settle (bench->loop, SETTLE_MS);
  for (guint i = 0; i < G_N_ELEMENTS (loads); i++)
    measure (bench, &loads[i], i);
  gtk_window_destroy (GTK_WINDOW (bench->window));
  g_array_unref (bench->gaps);
  g_main_loop_unref (bench->loop);
}

int
main (void)
{
  g_autofree char          *folder = g_dir_make_tmp ("duplex-bench-XXXXXX", NULL);
  g_autofree char          *path = g_build_filename (folder, "a.duplex", NULL);
  const DuplexCaptureOrigin origin = { 0 };
  g_autoptr (GError)        error = NULL;
  Bench                     bench = { 0 };

  bench.capture = duplex_capture_new ();
  if (!duplex_capture_record (bench.capture, path, &origin, &error))
    g_error ("%s", error->message);
  for (guint i = 0; i < G_N_ELEMENTS (loads); i++)
    append_message (bench.capture, loads[i].size);
  if (!duplex_capture_finish (bench.capture, &error))
    g_error ("%s", error->message);
  g_clear_object (&bench.capture);

  adw_init ();
  gtk_source_init ();
  bench.capture = duplex_capture_open (path, &error);
  if (bench.capture == NULL)
    g_error ("%s", error->message);
  measure_all (&bench);
  g_clear_object (&bench.capture);
  g_unlink (path);
  g_rmdir (folder);
  return 0;
}
