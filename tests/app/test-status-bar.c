/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-status-bar.h"

#include <adwaita.h>
#include <glib/gstdio.h>

#include "conversation.h"
#include "core/proto/duplex-frame.h"
#include "widgets.h"

typedef struct
{
  DuplexProfile   *profile;
  DuplexSession   *session;
  DuplexCapture   *capture;
  DuplexStatusBar *bar;
  GtkWidget       *root;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->profile = duplex_profile_new ("Test", "demo:/echo");
  fixture->session = duplex_session_new (fixture->profile);
  fixture->capture = duplex_session_get_capture (fixture->session);
  fixture->bar = g_object_ref_sink (duplex_status_bar_new ());
  fixture->root = GTK_WIDGET (fixture->bar);
  duplex_status_bar_set_session (fixture->bar, fixture->session);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_assert_finalize_object (fixture->bar);
  g_assert_finalize_object (fixture->session);
  g_assert_finalize_object (fixture->profile);
}

static void
assert_shown (Fixture    *fixture,
              const char *text)
{
  if (widgets_find_label (fixture->root, text) == NULL)
    g_error ("“%s” is not in the status bar", text);
}

static void
test_empty (Fixture      *fixture,
            gconstpointer data)
{
  assert_shown (fixture, "Disconnected");
  assert_shown (fixture, "↑ 0 / 0 bytes");
  assert_shown (fixture, "↓ 0 / 0 bytes");
  assert_shown (fixture, "RTT –");
  assert_shown (fixture, "0 findings");
}

static void
test_totals (Fixture      *fixture,
             gconstpointer data)
{
  GtkWidget *sent = widgets_find_label (fixture->root, "↑ 0 / 0 bytes");

  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "hello", -1);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_RECEIVED, "1", -1);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_RECEIVED, "2", -1);
  duplex_capture_publish (fixture->capture);

  assert_shown (fixture, "↑ 1 / 5 bytes");
  assert_shown (fixture, "↓ 2 / 2 bytes");
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (sent), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Sent: 1 message, 5 bytes");
}

static void
test_deflate (Fixture      *fixture,
              gconstpointer data)
{
  GtkWidget       *label;
  g_autofree char *letters = g_strnfill (480, 'a');

  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, letters, 480);
  duplex_capture_publish (fixture->capture);
  g_assert_null (widgets_find_label (fixture->root, "deflate –"));

  conversation_compressed (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT, letters,
                           480, 1);
  conversation_compressed (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, "hello",
                           5, 1);
  duplex_capture_publish (fixture->capture);
  label = widgets_find_label (fixture->root, "deflate 32.3:1");
  g_assert_nonnull (label);
  g_assert_true (widgets_is_shown (label, fixture->root));
  g_assert_cmpstr (gtk_widget_get_tooltip_text (label), ==,
                   "Compressed messages\n"
                   "Sent: 480 bytes, 8 bytes on the wire\n"
                   "Received: 5 bytes, 7 bytes on the wire");
  assert_shown (fixture, "↑ 2 / 960 bytes");

  duplex_capture_clear (fixture->capture);
  duplex_capture_publish (fixture->capture);
  g_assert_false (widgets_is_shown (label, fixture->root));
}

static void
count_cb (guint *count)
{
  *count += 1;
}

static void
test_findings (Fixture      *fixture,
               gconstpointer data)
{
  GtkWidget *none = widgets_find_label (fixture->root, "0 findings");
  GtkWidget *button = widgets_find_type (fixture->root, GTK_TYPE_BUTTON);
  guint      n_shown = 0;

  g_signal_connect_swapped (fixture->bar, "show-finding", G_CALLBACK (count_cb), &n_shown);
  g_assert_true (gtk_widget_get_visible (none));
  g_assert_false (gtk_widget_get_visible (button));

  conversation_message (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, "x", 1,
                        /* n_frames= */ 2, /* n_findings= */ 1);
  duplex_capture_publish (fixture->capture);
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (button)), ==, "1 finding");
  g_assert_false (gtk_widget_get_visible (none));
  g_assert_true (gtk_widget_get_visible (button));
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "1 finding");
  g_signal_emit_by_name (button, "clicked");
  g_assert_cmpuint (n_shown, ==, 1);

  duplex_capture_clear (fixture->capture);
  duplex_capture_publish (fixture->capture);
  g_assert_cmpstr (gtk_label_get_label (GTK_LABEL (none)), ==, "0 findings");
  g_assert_true (gtk_widget_get_visible (none));
  g_assert_false (gtk_widget_get_visible (button));
}

/* A number that gets shorter leaves its room, so that nothing beside it jumps. */
static void
test_width (Fixture      *fixture,
            gconstpointer data)
{
  GtkWidget       *sent = widgets_find_label (fixture->root, "↑ 0 / 0 bytes");
  g_autofree char *text = g_strnfill (123456, 'x');
  int              wide, after;

  for (guint i = 0; i < 12; i++)
    conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, text, -1);
  duplex_capture_publish (fixture->capture);
  gtk_widget_measure (sent, GTK_ORIENTATION_HORIZONTAL, -1, &wide, NULL, NULL, NULL);

  duplex_capture_clear (fixture->capture);
  duplex_capture_publish (fixture->capture);
  gtk_widget_measure (sent, GTK_ORIENTATION_HORIZONTAL, -1, &after, NULL, NULL, NULL);
  g_assert_cmpint (after, ==, wide);
}

static void
test_narrow (Fixture      *fixture,
             gconstpointer data)
{
  GtkWidget *sent = widgets_find_label (fixture->root, "↑ 0 / 0 bytes");
  GtkWidget *state = widgets_find_label (fixture->root, "Disconnected");

  widgets_allocate (fixture->root, 1000);
  g_assert_true (widgets_is_shown (state, fixture->root));
  widgets_allocate (fixture->root, 300);
  g_assert_false (widgets_is_shown (state, fixture->root));
  g_assert_true (widgets_is_shown (sent, fixture->root));
}

static void
test_no_session (Fixture      *fixture,
                 gconstpointer data)
{
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "hello", -1);
  duplex_capture_publish (fixture->capture);
  duplex_status_bar_set_session (fixture->bar, NULL);
  assert_shown (fixture, "↑ 0 / 0 bytes");
}

/* Memory only: said once there is something that could have been recorded. */
static void
test_not_recorded (Fixture      *fixture,
                   gconstpointer data)
{
  g_assert_null (widgets_find_label (fixture->root, "Not recorded"));
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "hello", -1);
  duplex_capture_publish (fixture->capture);
  duplex_status_bar_set_session (fixture->bar, NULL);
  duplex_status_bar_set_session (fixture->bar, fixture->session);
  assert_shown (fixture, "Not recorded");
}

/* A file that goes with its tab is no recording. */
static void
test_recording (Fixture      *fixture,
                gconstpointer data)
{
  DuplexCaptureOrigin origin = { .temporary = TRUE };
  g_autoptr (GError)  error = NULL;
  g_autofree char    *folder = g_dir_make_tmp ("duplex-status-bar-XXXXXX", &error);
  g_autofree char    *path = g_build_filename (folder, "a.duplex", NULL);
  GtkWidget          *label;

  duplex_session_set_capture_temporary (fixture->session, TRUE);
  duplex_capture_record (fixture->capture, path, &origin, &error);
  g_assert_no_error (error);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "hello", -1);
  duplex_capture_publish (fixture->capture);
  duplex_status_bar_set_session (fixture->bar, NULL);
  duplex_status_bar_set_session (fixture->bar, fixture->session);
  label = widgets_find_label (fixture->root, "Not recorded");
  g_assert_nonnull (label);
  g_assert_null (gtk_widget_get_tooltip_text (label));

  duplex_session_set_capture_temporary (fixture->session, FALSE);
  duplex_status_bar_set_session (fixture->bar, NULL);
  duplex_status_bar_set_session (fixture->bar, fixture->session);
  g_assert_true (g_str_has_prefix (gtk_label_get_label (GTK_LABEL (label)), "Recording · "));
  g_assert_cmpstr (gtk_widget_get_tooltip_text (label), ==, path);

  duplex_capture_finish (fixture->capture, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

#define ADD(path, test) g_test_add ("/app/status-bar/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  adw_init ();

  ADD ("empty", test_empty);
  ADD ("totals", test_totals);
  ADD ("deflate", test_deflate);
  ADD ("findings", test_findings);
  ADD ("width", test_width);
  ADD ("narrow", test_narrow);
  ADD ("no-session", test_no_session);
  ADD ("not-recorded", test_not_recorded);
  ADD ("recording", test_recording);

  return g_test_run ();
}
