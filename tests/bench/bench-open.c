/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A capture of ten million messages in the window: ms from the wish to open it to the first frame
 * that shows messages, and from a jump to the frame that has the row in sight. The file is made
 * beforehand by a process of its own; once it is opened when the system holds nothing of it, and
 * then again.
 *
 *   bench-open [--rows N] [--file FILE]
 */

#include <adwaita.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "app/duplex-message-list.h"
#include "app/duplex-session-page.h"
#include "bench-support.h"
#include "shown-rows.h"

#define SIZE      200
#define N_OPENS   4
#define N_JUMPS   24
#define SETTLE_MS 500

static int   n_rows = 10000000;
static char *make_path;
static char *file_path;

static const GOptionEntry options[] = {
  { "rows", 0, 0, G_OPTION_ARG_INT, &n_rows, "Rows of the capture (10000000)", "N" },
  { "file", 0, 0, G_OPTION_ARG_FILENAME, &file_path, "A capture that --make has made", "FILE" },
  { "make", 0, 0, G_OPTION_ARG_FILENAME, &make_path, "Only make the capture", "FILE" },
  { NULL }
};

/* ---- the file ---- */

static DuplexEvent
make_event (guint64 i)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.time_us = G_GINT64_CONSTANT (1709294462000000) + (gint64)i * 100;
  event.direction = i % 7 == 0 ? DUPLEX_DIRECTION_SENT : DUPLEX_DIRECTION_RECEIVED;
  event.connection = 1;
  event.flags = DUPLEX_EVENT_FLAG_ROW;
  event.opcode = DUPLEX_OPCODE_TEXT;
  event.header_size = 4;
  memcpy (event.header, "\x81\x7e\x00\xc8", 4);
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  event.message = i + 1;
  event.message_size = SIZE;
  event.n_frames = 1;
  event.payload_size = SIZE;
  return event;
}

static int
make_capture (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (GError)        error = NULL;
  DuplexCaptureOrigin       origin = { .profile_name = "Bench" };
  BenchGate                 gate;
  char                      text[SIZE + 1];

  if (!duplex_capture_record (capture, make_path, &origin, &error))
    g_error ("%s", error->message);
  bench_gate_init (&gate, capture);
  for (int i = 0; i < n_rows; i++)
    {
      DuplexEvent event = make_event ((guint64)i);
      int         n = g_snprintf (text, sizeof text,
                                  "{\"seq\":%d,\"symbol\":\"BTC-USD\",\"price\":%d.25,"
                                          "\"side\":\"buy\",\"book\":[1,2,3],\"note\":\"",
                                  i, 60000 + i % 1000);

      memset (text + n, 'x', (gsize)(SIZE - 2 - n));
      memcpy (text + SIZE - 2, "\"}", 2);
      event.payload = (const guint8 *)text;
      duplex_capture_append (capture, &event);
      bench_gate_wait (&gate);
    }
  if (!duplex_capture_finish (capture, &error))
    g_error ("%s", error->message);
  bench_gate_clear (&gate, capture);
  return 0;
}

/* The system forgets what it holds of the file. */
static void
forget_file (const char *path)
{
  int fd = g_open (path, O_RDONLY, 0);

  fsync (fd);
  posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED);
  close (fd);
}

/* ---- the window ---- */

typedef struct
{
  GMainLoop     *loop;
  GtkWidget     *window;
  const char    *path;
  DuplexCapture *capture;
  GtkWidget     *page;
  GtkWidget     *list;
  gint64         target; /* a row, or -1: any */
  gboolean       is_shown;
} Bench;

static GtkWidget *
find_type (GtkWidget *root,
           GType      type)
{
  GtkWidget *found = G_TYPE_CHECK_INSTANCE_TYPE (root, type) ? root : NULL;

  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_type (child, type);
  return found;
}

/* A frame was drawn. */
static void
painted_cb (GdkFrameClock *clock,
            gpointer       data)
{
  Bench  *bench = data;
  guint64 first;
  gint64  last;

  if (bench->list == NULL || bench->is_shown)
    return;
  last = shown_rows_get_last (bench->list);
  bench->is_shown =
    last >= 0 && last >= bench->target &&
    duplex_message_list_get_first_shown (DUPLEX_MESSAGE_LIST (bench->list), &first) &&
    (bench->target < 0 || (gint64)first <= bench->target);
  if (bench->is_shown)
    g_main_loop_quit (bench->loop);
}

/* Until a frame has shown target; ms since start. */
static double
wait_until_shown (Bench *bench,
                  gint64 start,
                  gint64 target)
{
  bench->target = target;
  bench->is_shown = FALSE;
  gtk_widget_queue_draw (bench->window);
  g_main_loop_run (bench->loop);
  return (g_get_monotonic_time () - start) / 1e3;
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      data)
{
  Bench                    *bench = data;
  g_autoptr (GError)        error = NULL;
  g_autoptr (DuplexProfile) profile = duplex_profile_new ("Bench", "ws://localhost/");

  bench->capture = duplex_capture_open_finish (result, &error);
  if (bench->capture == NULL)
    g_error ("%s", error->message);
  bench->page = GTK_WIDGET (duplex_session_page_new_for_capture (profile, bench->capture));
  bench->list = find_type (bench->page, DUPLEX_TYPE_MESSAGE_LIST);
  adw_window_set_content (ADW_WINDOW (bench->window), bench->page);
}

static double
measure_open (Bench *bench)
{
  gint64 start = g_get_monotonic_time ();

  duplex_capture_open_async (bench->path, NULL, opened_cb, bench);
  return wait_until_shown (bench, start, -1);
}

static void
close_page (Bench *bench)
{
  bench->list = NULL;
  adw_window_set_content (ADW_WINDOW (bench->window), gtk_label_new ("Bench"));
  bench_settle (bench->loop, SETTLE_MS);
  g_clear_object (&bench->capture);
}

static double
measure_jump (Bench *bench,
              gint64 row)
{
  gint64 start = g_get_monotonic_time ();

  duplex_message_list_reveal_row (DUPLEX_MESSAGE_LIST (bench->list), (guint64)row);
  return wait_until_shown (bench, start, row);
}

/* As the button below the list does. */
static double
measure_end (Bench *bench)
{
  gint64 start = g_get_monotonic_time ();

  duplex_message_list_set_following (DUPLEX_MESSAGE_LIST (bench->list), TRUE);
  return wait_until_shown (bench, start, n_rows - 1);
}

static void
say (const char *name,
     double      value,
     const char *unit)
{
  g_print ("open %s %.1f %s (%d messages of %d bytes)\n", name, value, unit, n_rows, SIZE);
}

static double
get_memory (void)
{
  g_autofree char *status = NULL;
  const char      *at;

  if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    return 0;
  at = strstr (status, "VmHWM:");
  return at != NULL ? g_ascii_strtod (at + strlen ("VmHWM:"), NULL) / 1024 : 0;
}

static void
measure_jumps (Bench      *bench,
               const char *kind)
{
  g_autofree char *name = NULL;
  double           worst = 0;
  double           sum = 0;

  name = g_strconcat ("jump-to-start-", kind, NULL);
  say (name, measure_jump (bench, 0), "ms");
  g_free (name);
  name = g_strconcat ("jump-to-middle-", kind, NULL);
  say (name, measure_jump (bench, n_rows / 2), "ms");
  g_free (name);
  name = g_strconcat ("jump-to-end-", kind, NULL);
  say (name, measure_end (bench), "ms");
  for (int i = 0; i < N_JUMPS; i++)
    {
      double ms = measure_jump (bench, (gint64)((guint64)i * 7919 * 104729 % (guint64)n_rows));

      sum += ms;
      worst = MAX (worst, ms);
    }
  g_free (name);
  name = g_strconcat ("jump-anywhere-", kind, NULL);
  say (name, sum / N_JUMPS, "ms");
  g_free (name);
  name = g_strconcat ("jump-anywhere-worst-", kind, NULL);
  say (name, worst, "ms");
}

static void
measure (Bench *bench)
{
  bench->loop = g_main_loop_new (NULL, FALSE);
  bench->window = adw_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (bench->window), 1100, 750);
  gtk_window_present (GTK_WINDOW (bench->window));
  g_signal_connect (gtk_widget_get_frame_clock (bench->window), "after-paint",
                    G_CALLBACK (painted_cb), bench);
  bench_settle (bench->loop, SETTLE_MS);

  for (int i = 0; i < N_OPENS; i++)
    {
      const char *kind = i % 2 == 0 ? "cold" : "warm";

      if (i % 2 == 0)
        forget_file (bench->path);
      say (i % 2 == 0 ? "first-paint-cold" : "first-paint-warm", measure_open (bench), "ms");
      bench_settle (bench->loop, SETTLE_MS);
      if (i % 2 == 0)
        forget_file (bench->path);
      measure_jumps (bench, kind);
      close_page (bench);
    }
  say ("memory-peak", get_memory (), "MB");
  gtk_window_destroy (GTK_WINDOW (bench->window));
  g_main_loop_unref (bench->loop);
}

static void
make_elsewhere (const char *program,
                const char *path)
{
  g_autofree char *rows = g_strdup_printf ("--rows=%d", n_rows);
  g_autofree char *make = g_strconcat ("--make=", path, NULL);
  const char      *arguments[] = { program, rows, make, NULL };
  int              status = 0;
  gint64           start = g_get_monotonic_time ();

  if (!g_spawn_sync (NULL, (char **)arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL,
                     &status, NULL) ||
      status != 0)
    g_error ("the capture could not be made");
  say ("made-in", (g_get_monotonic_time () - start) / 1e3, "ms");
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError)         error = NULL;
  g_autofree char           *folder = NULL;
  g_autofree char           *path = NULL;
  Bench                      bench = { .target = -1 };

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  if (make_path != NULL)
    return make_capture ();

  adw_init ();
  if (file_path != NULL)
    {
      bench.path = file_path;
      measure (&bench);
      return 0;
    }

  folder = g_dir_make_tmp ("duplex-bench-XXXXXX", NULL);
  path = g_build_filename (folder, "a.duplex", NULL);
  make_elsewhere (argv[0], path);
  bench.path = path;
  measure (&bench);
  g_unlink (path);
  g_rmdir (folder);
  return 0;
}
