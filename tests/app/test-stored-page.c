/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A page that shows a recording, and what is said of recordings. */
#include <adwaita.h>
#include <glib/gstdio.h>

#include "app/duplex-composer.h"
#include "app/duplex-filter-bar.h"
#include "app/duplex-inspector.h"
#include "app/duplex-message-list.h"
#include "app/duplex-recording-banner.h"
#include "app/duplex-recording-text.h"
#include "app/duplex-session-page.h"
#include "app/duplex-stored-bar.h"
#include "conversation.h"
#include "core/proto/duplex-frame.h"
#include "widgets.h"

typedef struct
{
  char              *folder;
  char              *path;
  DuplexProfile     *profile;
  DuplexCapture     *capture;
  DuplexSessionPage *page;
  GtkWidget         *root;
  GtkWidget         *window;
  DuplexMessageList *list;
  DuplexProfile     *opened; /* what "open-profile" asked for */
} Fixture;

static void
open_profile_cb (Fixture       *fixture,
                 DuplexProfile *profile)
{
  fixture->opened = profile;
}

/* Of 200 rows, number 50 and 150 have findings. */
static void
record (const char *path)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (GError)        error = NULL;
  DuplexCaptureOrigin       origin = { .profile_name = "Test" };

  duplex_capture_record (capture, path, &origin, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"number\": %u}", i);

      conversation_message (capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, text,
                            strlen (text), 1, i % 100 == 50 ? 1 : 0);
    }
  duplex_capture_finish (capture, &error);
  g_assert_no_error (error);
}

static void
open_page (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->capture = duplex_capture_open (fixture->path, &error);
  g_assert_no_error (error);
  fixture->page = duplex_session_page_new_for_capture (fixture->profile, fixture->capture);
  g_signal_connect_swapped (fixture->page, "open-profile", G_CALLBACK (open_profile_cb), fixture);
  fixture->root = GTK_WIDGET (fixture->page);
  fixture->list =
    DUPLEX_MESSAGE_LIST (widgets_find_type (fixture->root, DUPLEX_TYPE_MESSAGE_LIST));
  fixture->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (fixture->window), 900, 600);
  gtk_window_set_child (GTK_WINDOW (fixture->window), fixture->root);
  gtk_window_present (GTK_WINDOW (fixture->window));
}

static void
close_page (Fixture *fixture)
{
  g_object_add_weak_pointer (G_OBJECT (fixture->page), (gpointer *)&fixture->page);
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (fixture->page);
  g_assert_finalize_object (fixture->capture);
}

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("duplex-stored-page-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->folder, "first.duplex", NULL);
  fixture->profile = duplex_profile_new ("Test", "demo:/echo");
  record (fixture->path);
  open_page (fixture);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  close_page (fixture);
  g_assert_finalize_object (fixture->profile);
  g_assert_cmpint (g_remove (fixture->path), ==, 0);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->path);
  g_free (fixture->folder);
}

static gboolean
is_enabled (Fixture    *fixture,
            const char *action)
{
  g_autofree char *name = g_strconcat ("page.", action, NULL);

  return gtk_widget_is_sensitive (widgets_find_action (fixture->root, name));
}

static void
act (Fixture    *fixture,
     const char *action)
{
  g_assert_true (gtk_widget_activate_action (fixture->root, action, NULL));
}

static guint64
get_selected (Fixture *fixture)
{
  DuplexRow *row = duplex_message_list_get_selected_row (fixture->list);

  return row != NULL ? duplex_row_get_position (row) : G_MAXUINT64;
}

/* It says what it is, and cannot be mistaken for a connection. */
static void
test_looks (Fixture      *fixture,
            gconstpointer data)
{
  GtkWidget *bar = widgets_find_type (fixture->root, DUPLEX_TYPE_STORED_BAR);

  g_assert_false (gtk_widget_get_visible (widgets_find_type (fixture->root, DUPLEX_TYPE_COMPOSER)));
  g_assert_true (widgets_is_shown (bar, fixture->root));
  g_assert_nonnull (widgets_find_label (bar, "first.duplex"));
  g_assert_false (is_enabled (fixture, "connect"));
  g_assert_true (duplex_session_page_is_stored (fixture->page));
  g_assert_cmpstr (duplex_session_page_get_title (fixture->page), ==, "Test");

  g_assert_true (is_enabled (fixture, "open-profile"));
  act (fixture, "page.open-profile");
  g_assert_true (fixture->opened == fixture->profile);
}

static void
test_findings (Fixture      *fixture,
               gconstpointer data)
{
  act (fixture, "page.next-finding");
  g_assert_cmpuint (get_selected (fixture), ==, 50);
  act (fixture, "page.next-finding");
  g_assert_cmpuint (get_selected (fixture), ==, 150);
  act (fixture, "page.next-finding");
  g_assert_cmpuint (get_selected (fixture), ==, 50);
  act (fixture, "page.previous-finding");
  g_assert_cmpuint (get_selected (fixture), ==, 150);
  act (fixture, "page.previous-finding");
  g_assert_cmpuint (get_selected (fixture), ==, 50);
}

static gboolean
is_found (gpointer data)
{
  GtkWidget         *bar = widgets_find_type (((Fixture *)data)->root, DUPLEX_TYPE_FILTER_BAR);
  DuplexCaptureView *view = duplex_filter_bar_get_view (DUPLEX_FILTER_BAR (bar));

  return view != NULL && !duplex_capture_view_get_busy (view);
}

static guint
count_rows (Fixture *fixture)
{
  guint n_rows;

  g_object_get (fixture->list, "n-rows", &n_rows, NULL);
  return n_rows;
}

static gboolean
is_filtered (gpointer data)
{
  return count_rows (data) < 200;
}

/* From match to match among all messages; then nothing but matches, and all again. */
static void
test_filter (Fixture      *fixture,
             gconstpointer data)
{
  DuplexFilterBar *bar =
    DUPLEX_FILTER_BAR (widgets_find_type (fixture->root, DUPLEX_TYPE_FILTER_BAR));

  act (fixture, "page.find");
  duplex_filter_bar_set_only_matches (bar, FALSE);
  duplex_filter_bar_set_query (bar, DUPLEX_FILTER_MODE_EXPRESSION, "$.number >= 198");
  widgets_wait_until (is_found, fixture, "the matches");
  act (fixture, "page.next-match");
  g_assert_cmpuint (get_selected (fixture), ==, 198);
  act (fixture, "page.next-match");
  g_assert_cmpuint (get_selected (fixture), ==, 199);
  act (fixture, "page.next-match");
  g_assert_cmpuint (get_selected (fixture), ==, 198);
  act (fixture, "page.previous-match");
  g_assert_cmpuint (get_selected (fixture), ==, 199);
  g_assert_cmpuint (count_rows (fixture), ==, 200);

  duplex_filter_bar_set_only_matches (bar, TRUE);
  widgets_wait_until (is_filtered, fixture, "the filtered list");
  g_assert_cmpuint (count_rows (fixture), ==, 2);
  g_assert_cmpuint (get_selected (fixture), ==, 199);

  act (fixture, "page.close-find");
  g_assert_cmpuint (count_rows (fixture), ==, 200);
  g_assert_cmpuint (get_selected (fixture), ==, 199);
}

static gboolean
is_bookmarked (Fixture *fixture,
               guint64  row,
               char   **ret_comment)
{
  gboolean bookmarked = FALSE;
  guint64  number;

  g_assert_true (duplex_capture_find_row (fixture->capture, row, &number));
  duplex_capture_get_note (fixture->capture, number, &bookmarked, ret_comment);
  return bookmarked;
}

/* They are kept in the file. */
static void
test_notes (Fixture      *fixture,
            gconstpointer data)
{
  g_autofree char      *comment = NULL;
  g_autoptr (GError)    error = NULL;
  g_autoptr (DuplexRow) row = conversation_get_row (fixture->capture, 7);

  duplex_session_page_select_row (fixture->page, row);
  g_assert_false (is_bookmarked (fixture, 7, NULL));
  act (fixture, "page.bookmark");
  g_assert_true (is_bookmarked (fixture, 7, NULL));
  act (fixture, "page.bookmark");
  g_assert_false (is_bookmarked (fixture, 7, NULL));
  act (fixture, "page.bookmark");
  duplex_capture_set_note (fixture->capture, duplex_row_get_event (row)->number, TRUE, "look",
                           &error);
  g_assert_no_error (error);
  g_clear_object (&row);

  close_page (fixture);
  open_page (fixture);
  g_assert_true (is_bookmarked (fixture, 7, &comment));
  g_assert_cmpstr (comment, ==, "look");
}

static const struct
{
  DuplexRecording recording;
  const char     *trouble;
  guint64         n_not_kept;
  const char     *text; /* or NULL */
} descriptions[] = {
  { DUPLEX_RECORDING_OFF, NULL, 0, NULL },
  { DUPLEX_RECORDING_ON, NULL, 0, NULL },
  { DUPLEX_RECORDING_ON, NULL, 12, "12 events were not kept." },
  { DUPLEX_RECORDING_STALLED, "the disk is full", 0, "Not recording: the disk is full." },
  { DUPLEX_RECORDING_STALLED, "the disk is full", 1,
    "Not recording: the disk is full. 1 event was not kept." },
  { DUPLEX_RECORDING_STALLED, NULL, 2, "Not recording. 2 events were not kept." },
  { DUPLEX_RECORDING_STORED, NULL, 0, NULL },
  { DUPLEX_RECORDING_STORED, NULL, 3, NULL },
  { DUPLEX_RECORDING_STORED, "the end is missing", 0,
    "This recording is not whole: the end is missing." },
  { DUPLEX_RECORDING_ENDED, NULL, 0, NULL },
};

static void
test_descriptions (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (descriptions); i++)
    {
      g_autofree char *text = duplex_recording_describe (
        descriptions[i].recording, descriptions[i].trouble, descriptions[i].n_not_kept);

      g_assert_cmpstr (text, ==, descriptions[i].text);
    }
}

/* A file that cannot be made stalls the recording, and the page says so. */
static void
test_stalled (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  DuplexCaptureOrigin       origin = { .keep_trying = TRUE };
  GtkWidget                *banner = g_object_ref_sink (duplex_recording_banner_new ());
  GtkWidget                *revealer = widgets_find_type (banner, GTK_TYPE_REVEALER);

  g_object_set (banner, "capture", capture, NULL);
  g_assert_false (gtk_revealer_get_reveal_child (GTK_REVEALER (revealer)));
  g_assert_true (duplex_capture_record (capture, "/nonexistent/a.duplex", &origin, NULL));
  g_assert_cmpint (duplex_capture_get_recording (capture), ==, DUPLEX_RECORDING_STALLED);
  duplex_capture_publish (capture);
  g_assert_true (gtk_revealer_get_reveal_child (GTK_REVEALER (revealer)));
  g_object_set (banner, "capture", NULL, NULL);
  g_assert_false (gtk_revealer_get_reveal_child (GTK_REVEALER (revealer)));
  g_assert_finalize_object (banner);
}

/* Nobody is asked to connect a recording. */
static void
test_empty (void)
{
  g_autoptr (GError)        error = NULL;
  g_autofree char          *folder = g_dir_make_tmp ("duplex-stored-page-XXXXXX", &error);
  g_autofree char          *path = g_build_filename (folder, "empty.duplex", NULL);
  g_autoptr (DuplexCapture) empty = duplex_capture_new ();
  g_autoptr (DuplexCapture) stored = NULL;
  DuplexCaptureOrigin       origin = { 0 };
  GtkWidget                *list = g_object_ref_sink (duplex_message_list_new ());
  GtkWidget                *stack = widgets_find_type (list, GTK_TYPE_STACK);

  duplex_capture_record (empty, path, &origin, &error);
  g_assert_no_error (error);
  duplex_capture_finish (empty, &error);
  g_assert_no_error (error);
  stored = duplex_capture_open (path, &error);
  g_assert_no_error (error);

  g_object_set (list, "capture", stored, NULL);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (GTK_STACK (stack)), ==, "empty-recording");
  g_assert_finalize_object (list);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
add (const char *path,
     void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int    argc,
      char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

  add ("/app/stored-page/looks", test_looks);
  add ("/app/stored-page/findings", test_findings);
  add ("/app/stored-page/filter", test_filter);
  add ("/app/stored-page/notes", test_notes);
  g_test_add_func ("/app/recording/descriptions", test_descriptions);
  g_test_add_func ("/app/stored-page/empty", test_empty);
  g_test_add_func ("/app/recording/stalled", test_stalled);

  return g_test_run ();
}
