/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-view.h"

#include <adwaita.h>
#include <gtksourceview/gtksource.h>
#include <string.h>

#include "app/duplex-hex-view.h"
#include "conversation.h"
#include "widgets.h"

typedef struct
{
  DuplexCapture *capture;
  GtkWidget     *window;
  GtkWidget     *view;
} Fixture;

static gboolean
is_mapped (gpointer data)
{
  return gtk_widget_get_mapped (data);
}

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->capture = duplex_capture_new ();
  fixture->view = g_object_new (DUPLEX_TYPE_MESSAGE_VIEW, NULL);
  fixture->window = gtk_window_new ();
  gtk_window_set_child (GTK_WINDOW (fixture->window), fixture->view);
  gtk_window_present (GTK_WINDOW (fixture->window));
  widgets_wait_until (is_mapped, fixture->view, "the window");
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  widgets_wait_until (widgets_is_last_ref, fixture->capture, "the end of the rows");
  g_assert_finalize_object (fixture->capture);
}

static void
select_row (Fixture *fixture)
{
  g_autoptr (DuplexRow) row = conversation_get_row (fixture->capture, 0);

  duplex_message_view_set_row (DUPLEX_MESSAGE_VIEW (fixture->view), row);
}

static void
assert_format (Fixture    *fixture,
               const char *expected)
{
  g_autofree char *format = NULL;

  g_object_get (fixture->view, "format", &format, NULL);
  g_assert_cmpstr (format, ==, expected);
}

static void
assert_text (Fixture    *fixture,
             const char *expected)
{
  GtkWidget       *view = widgets_find_type (fixture->view, GTK_SOURCE_TYPE_VIEW);
  GtkTextBuffer   *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (view));
  g_autofree char *text = NULL;

  g_object_get (buffer, "text", &text, NULL);
  g_assert_cmpstr (text, ==, expected);
}

static guint64
get_hex_size (Fixture *fixture)
{
  return duplex_hex_view_get_size (
    DUPLEX_HEX_VIEW (widgets_find_type (fixture->view, DUPLEX_TYPE_HEX_VIEW)));
}

/* Whether a label has that in its text. */
static gboolean
says (GtkWidget  *root,
      const char *part)
{
  if (GTK_IS_LABEL (root) && strstr (gtk_label_get_text (GTK_LABEL (root)), part) != NULL)
    return TRUE;

  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (says (child, part))
      return TRUE;
  return FALSE;
}

/* What it is worth is shown, in every format, and both sizes. */
static void
test_compressed (Fixture      *fixture,
                 gconstpointer data)
{
  conversation_compressed (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT,
                           "{\"a\":[1]}", 9, 3);
  select_row (fixture);
  assert_format (fixture, "json");
  assert_text (fixture, "{\n  \"a\": [\n    1\n  ]\n}");
  g_assert_true (says (fixture->view, " · 9 bytes, 11 bytes on the wire · 3 frames"));

  g_object_set (fixture->view, "format", "text", NULL);
  assert_text (fixture, "{\"a\":[1]}");
  g_object_set (fixture->view, "format", "hex", NULL);
  g_assert_cmpuint (get_hex_size (fixture), ==, 9);
}

/* What could not be inflated is no text. */
static void
test_corrupt (Fixture      *fixture,
              gconstpointer data)
{
  conversation_corrupt (fixture->capture);
  select_row (fixture);
  assert_format (fixture, "hex");
  g_assert_cmpuint (get_hex_size (fixture), ==, 5);
  g_assert_true (says (fixture->view, "5 bytes on the wire, not inflated"));
}

/* Characters that would hide or move text are spelled out. */
static void
test_unsafe (Fixture      *fixture,
             gconstpointer data)
{
  conversation_text (fixture->capture, DUPLEX_DIRECTION_RECEIVED,
                     "a\u202eb\u2067c\xc2\x9b\x7f", -1);
  select_row (fixture);
  assert_format (fixture, "text");
  assert_text (fixture, "a\\u202eb\\u2067c\\u009b\\u007f");
}

static void
add (const char *path,
     void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int   argc,
      char *argv[])
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

  add ("/app/message-view/compressed", test_compressed);
  add ("/app/message-view/corrupt", test_corrupt);
  add ("/app/message-view/unsafe", test_unsafe);

  return g_test_run ();
}
