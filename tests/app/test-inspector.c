/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-inspector.h"

#include <adwaita.h>
#include <glib/gstdio.h>
#include <gtksourceview/gtksource.h>
#include <string.h>

#include "app/duplex-hex-view.h"
#include "app/duplex-message-pieces.h"
#include "app/duplex-message-save.h"
#include "app/duplex-message-text.h"
#include "app/duplex-message-view.h"
#include "conversation.h"
#include "core/proto/duplex-error.h"
#include "widgets.h"

#define LONG_TEXT (3 * DUPLEX_MESSAGE_TEXT_PIECE)

typedef struct
{
  DuplexCapture   *capture;
  GtkWidget       *window;
  DuplexInspector *inspector;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->capture = duplex_capture_new ();
  fixture->inspector = DUPLEX_INSPECTOR (duplex_inspector_new ());
  duplex_inspector_set_capture (fixture->inspector, fixture->capture);
  fixture->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (fixture->window), 340, 700);
  gtk_window_set_child (GTK_WINDOW (fixture->window), GTK_WIDGET (fixture->inspector));
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_object_ref (fixture->inspector);
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  widgets_wait_until (widgets_is_last_ref, fixture->inspector, "the end of the inspector's tasks");
  g_assert_finalize_object (fixture->inspector);
  widgets_wait_until (widgets_is_last_ref, fixture->capture, "the end of the rows");
  g_assert_finalize_object (fixture->capture);
}

static gboolean
is_laid_out (gpointer data)
{
  return gtk_widget_get_mapped (data) && gtk_widget_get_width (data) > 0;
}

static void
present (Fixture *fixture)
{
  gtk_window_present (GTK_WINDOW (fixture->window));
  widgets_wait_until (is_laid_out, fixture->inspector, "the window");
}

static gpointer
find (Fixture *fixture,
      GType    type)
{
  return widgets_find_type (GTK_WIDGET (fixture->inspector), type);
}

static void
select_row (Fixture *fixture,
            guint    position)
{
  g_autoptr (DuplexRow) row = conversation_get_row (fixture->capture, position);

  duplex_inspector_set_row (fixture->inspector, row);
}

static gboolean
has_loaded (gpointer data)
{
  return !duplex_message_view_is_loading (data);
}

static char *
get_text (Fixture *fixture)
{
  GtkTextView   *view = find (fixture, GTK_SOURCE_TYPE_VIEW);
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (view);
  GtkTextIter    start;
  GtkTextIter    end;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, TRUE);
}

static void
assert_text (Fixture    *fixture,
             const char *expected)
{
  g_autofree char *text = get_text (fixture);

  g_assert_cmpstr (text, ==, expected);
}

static void
assert_format (Fixture    *fixture,
               const char *expected)
{
  g_autofree char *format = NULL;

  g_object_get (find (fixture, DUPLEX_TYPE_MESSAGE_VIEW), "format", &format, NULL);
  g_assert_cmpstr (format, ==, expected);
}

/* Message */

static void
test_empty (Fixture      *fixture,
            gconstpointer data)
{
  GtkWidget *root = GTK_WIDGET (fixture->inspector);

  present (fixture);
  g_assert_true (widgets_is_shown (widgets_find_label (root, "No Message Selected"), root));

  duplex_inspector_set_page_name (fixture->inspector, "handshake");
  g_assert_true (widgets_is_shown (widgets_find_label (root, "No Handshake"), root));
}

static void
test_json (Fixture      *fixture,
           gconstpointer data)
{
  present (fixture);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "{\"a\":[1]}", -1);
  select_row (fixture, 0);
  assert_format (fixture, "json");
  assert_text (fixture, "{\n  \"a\": [\n    1\n  ]\n}");

  g_object_set (find (fixture, DUPLEX_TYPE_MESSAGE_VIEW), "format", "text", NULL);
  assert_format (fixture, "text");
  assert_text (fixture, "{\"a\":[1]}");
}

/* What is wanted stays wanted over messages that cannot have it. */
static void
test_fall_back (Fixture      *fixture,
                gconstpointer data)
{
  present (fixture);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "[oops]", -1);
  conversation_message (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_BINARY, "\1\2", 2, 1,
                        0);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "[1]", -1);

  select_row (fixture, 0);
  assert_format (fixture, "text");
  assert_text (fixture, "[oops]");
  select_row (fixture, 1);
  assert_format (fixture, "hex");
  g_assert_cmpuint (duplex_hex_view_get_size (find (fixture, DUPLEX_TYPE_HEX_VIEW)), ==, 2);
  select_row (fixture, 2);
  assert_format (fixture, "json");
}

static void
test_state_row (Fixture      *fixture,
                gconstpointer data)
{
  present (fixture);
  conversation_state (fixture->capture, DUPLEX_EVENT_CLOSED, "bye", 1000);
  select_row (fixture, 0);
  assert_text (fixture, "Disconnected (1000 Normal Closure): bye");
}

static void
append_long_text (Fixture *fixture)
{
  g_autofree char *text = g_malloc (LONG_TEXT);

  for (gsize i = 0; i < LONG_TEXT; i++)
    text[i] = i % 64 == 63 ? '\n' : 'a' + (char)(i / 64 % 26);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_RECEIVED, text, LONG_TEXT);
}

static void
test_pieces (Fixture      *fixture,
             gconstpointer data)
{
  GtkWidget *view = find (fixture, DUPLEX_TYPE_MESSAGE_VIEW);
  GtkWidget *more = widgets_find_action (view, "message.more");

  present (fixture);
  append_long_text (fixture);
  select_row (fixture, 0);
  for (gsize n = 1; n <= 3; n++)
    {
      g_autofree char *text = NULL;

      g_assert_true (duplex_message_view_is_loading (DUPLEX_MESSAGE_VIEW (view)));
      widgets_wait_until (has_loaded, view, "a piece of the message");
      text = get_text (fixture);
      g_assert_cmpuint (strlen (text), ==, n * DUPLEX_MESSAGE_TEXT_PIECE);
      g_assert_true (g_str_has_suffix (text, "\n"));
      g_assert_cmpint (widgets_is_shown (more, view), ==, n < 3);
      gtk_widget_activate_action (more, "message.more", NULL);
    }
  g_assert_false (duplex_message_view_is_loading (DUPLEX_MESSAGE_VIEW (view)));
}

/* The worker of a row that is no longer selected has nothing to say. */
static void
test_outdated (Fixture      *fixture,
               gconstpointer data)
{
  GtkWidget *view = find (fixture, DUPLEX_TYPE_MESSAGE_VIEW);

  present (fixture);
  append_long_text (fixture);
  append_long_text (fixture);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "small", -1);
  select_row (fixture, 0);
  select_row (fixture, 1);
  g_assert_true (duplex_message_view_is_loading (DUPLEX_MESSAGE_VIEW (view)));
  select_row (fixture, 2);
  g_assert_false (duplex_message_view_is_loading (DUPLEX_MESSAGE_VIEW (view)));
  assert_text (fixture, "small");

  /* Whatever they still do is done before this one's. */
  select_row (fixture, 0);
  widgets_wait_until (has_loaded, view, "the long message");
  select_row (fixture, 2);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  assert_text (fixture, "small");
}

static GtkWidget *
find_label_with_prefix (GtkWidget  *root,
                        const char *prefix)
{
  if (GTK_IS_LABEL (root) && g_str_has_prefix (gtk_label_get_text (GTK_LABEL (root)), prefix))
    return root;

  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_label_with_prefix (child, prefix);

      if (found != NULL)
        return found;
    }
  return NULL;
}

/* Recorded: what is shown comes from a file, a piece of it at a time. */

#define N_RECORDS 30000

/* Three mebibytes of JSON, in frames of a mebibyte each, that end with end. */
static gsize
append_records (Fixture    *fixture,
                const char *end,
                guint       n_frames)
{
  g_autoptr (GString) text = g_string_new ("[");

  for (guint i = 0; i < N_RECORDS; i++)
    g_string_append_printf (text,
                            "%s{\"n\":%u,\"price\":67120.25,\"side\":\"buy\","
                            "\"note\":\"some text of it\"}",
                            i > 0 ? "," : "", i);
  g_string_append (text, end);
  conversation_message (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, text->str,
                        text->len, n_frames, 0);
  return text->len;
}

static void
record (Fixture *fixture)
{
  const DuplexCaptureOrigin origin = { .temporary = TRUE };
  g_autofree char          *folder = g_dir_make_tmp ("duplex-XXXXXX", NULL);
  g_autofree char          *path = g_build_filename (folder, "a.duplex", NULL);
  g_autoptr (GError)        error = NULL;

  duplex_capture_record (fixture->capture, path, &origin, &error);
  g_assert_no_error (error);
  g_object_set_data_full (G_OBJECT (fixture->window), "folder", g_steal_pointer (&folder), g_free);
}

/* Before tear_down: the file goes with the capture's end. */
static void
remove_folder (Fixture *fixture)
{
  const char *folder = g_object_get_data (G_OBJECT (fixture->window), "folder");

  duplex_capture_finish (fixture->capture, NULL);
  g_rmdir (folder);
}

static gboolean
is_text (gpointer data)
{
  g_autofree char *format = NULL;

  g_object_get (data, "format", &format, NULL);
  return g_strcmp0 (format, "text") == 0;
}

static gboolean
has_read_all (gpointer data)
{
  return !duplex_message_view_is_checking (data);
}

/* All of a row's payload, re-indented. */
static char *
format_row (Fixture *fixture,
            guint    position)
{
  g_autoptr (DuplexRow) row = conversation_get_row (fixture->capture, position);
  g_autoptr (GBytes)    payload = duplex_row_dup_payload (row, G_MAXINT, NULL);

  return duplex_message_text_format (payload, DUPLEX_MESSAGE_FORMAT_JSON);
}

/* Asks for more, or for what was before, until there is no more of it. All the time a part of the
 * whole text is shown, and not too much of it. Returns where that is. */
static gsize
walk_pieces (Fixture    *fixture,
             const char *action,
             const char *all)
{
  GtkWidget  *view = find (fixture, DUPLEX_TYPE_MESSAGE_VIEW);
  GtkWidget  *button = widgets_find_action (view, action);
  const char *at = NULL;

  while (widgets_is_shown (button, view))
    {
      g_autofree char *text = NULL;

      gtk_widget_activate_action (button, action, NULL);
      widgets_wait_until (has_loaded, view, "another piece of the message");
      text = get_text (fixture);
      at = strstr (all, text);
      g_assert_nonnull (at);
      g_assert_cmpuint (strlen (text), <=,
                        (DUPLEX_MESSAGE_PIECES_MAX + 1) * DUPLEX_MESSAGE_TEXT_PIECE);
    }
  g_assert_nonnull (at);
  return (gsize)(at - all);
}

static void
test_recorded (Fixture      *fixture,
               gconstpointer data)
{
  GtkWidget *view = find (fixture, DUPLEX_TYPE_MESSAGE_VIEW);

  present (fixture);
  record (fixture);
  for (guint i = 0; i < 2; i++)
    {
      gsize            size = append_records (fixture, "]", i == 0 ? 1 : 3);
      g_autofree char *all = format_row (fixture, i);
      g_autofree char *text = NULL;

      select_row (fixture, i);
      widgets_wait_until (has_loaded, view, "the beginning of the message");
      assert_format (fixture, "json");
      text = get_text (fixture);
      g_assert_cmpuint (strlen (text), >=, DUPLEX_MESSAGE_TEXT_PIECE);
      g_assert_true (g_str_has_prefix (all, text));
      widgets_wait_until (has_read_all, view, "the end of the message");
      assert_format (fixture, "json");

      g_assert_cmpuint (walk_pieces (fixture, "message.more", all), >, 0);
      g_clear_pointer (&text, g_free);
      text = get_text (fixture);
      g_assert_true (g_str_has_suffix (all, text));
      g_assert_cmpuint (walk_pieces (fixture, "message.earlier", all), ==, 0);

      g_object_set (view, "format", "hex", NULL);
      widgets_wait_until (has_loaded, view, "the bytes of the message");
      g_assert_cmpuint (duplex_hex_view_get_size (find (fixture, DUPLEX_TYPE_HEX_VIEW)), ==, size);
      g_object_set (view, "format", "json", NULL);
      widgets_wait_until (has_loaded, view, "the JSON again");
    }
  remove_folder (fixture);
}

/* What begins as JSON and does not end so is shown as text in the end, with the reason. */
static void
test_bad_end (Fixture      *fixture,
              gconstpointer data)
{
  GtkWidget *view = find (fixture, DUPLEX_TYPE_MESSAGE_VIEW);

  present (fixture);
  record (fixture);
  append_records (fixture, "}", 3);
  select_row (fixture, 0);
  widgets_wait_until (is_text, view, "the verdict");
  g_assert_nonnull (find_label_with_prefix (view, "Not JSON: line 1, column "));
  g_object_set (view, "format", "json", NULL);
  widgets_wait_until (has_loaded, view, "another try");
  assert_format (fixture, "text");
  g_assert_nonnull (find_label_with_prefix (view, "Not JSON: line 1, column "));

  /* Of the next message nothing is known yet. */
  append_records (fixture, "]", 1);
  select_row (fixture, 1);
  widgets_wait_until (has_loaded, view, "the next message");
  assert_format (fixture, "json");
  widgets_wait_until (has_read_all, view, "its end");
  assert_format (fixture, "json");
  remove_folder (fixture);
}

static char *
get_clipboard (GtkWidget *widget)
{
  GdkContentProvider *content = gdk_clipboard_get_content (gtk_widget_get_clipboard (widget));
  g_auto (GValue)     value = G_VALUE_INIT;

  g_assert_nonnull (content);
  g_value_init (&value, G_TYPE_STRING);
  g_assert_true (gdk_content_provider_get_value (content, &value, NULL));
  return g_value_dup_string (&value);
}

static gboolean
has_clipboard (gpointer data)
{
  return gdk_clipboard_get_content (gtk_widget_get_clipboard (data)) != NULL;
}

static void
test_copy (Fixture      *fixture,
           gconstpointer data)
{
  GtkWidget       *view = find (fixture, DUPLEX_TYPE_MESSAGE_VIEW);
  g_autofree char *json = NULL;
  g_autofree char *hex = NULL;

  present (fixture);
  gdk_clipboard_set_content (gtk_widget_get_clipboard (view), NULL);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "[1]", -1);
  select_row (fixture, 0);
  gtk_widget_activate_action (view, "message.copy", NULL);
  widgets_wait_until (has_clipboard, view, "the copy");
  json = get_clipboard (view);
  g_assert_cmpstr (json, ==, "[\n  1\n]");

  g_object_set (view, "format", "hex", NULL);
  gtk_widget_activate_action (view, "message.copy", NULL);
  hex = get_clipboard (view);
  g_assert_cmpstr (hex, ==, "5b 31 5d");
}

static void
test_hex_selection (Fixture      *fixture,
                    gconstpointer data)
{
  DuplexHexView   *hex = find (fixture, DUPLEX_TYPE_HEX_VIEW);
  guint64          offset = 0;
  g_autofree char *text = NULL;

  present (fixture);
  conversation_message (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_BINARY, "\1ab\2", 4,
                        1, 0);
  select_row (fixture, 0);
  duplex_hex_view_select (hex, 1, 2);
  g_assert_cmpuint (duplex_hex_view_get_selection (hex, &offset), ==, 2);
  g_assert_cmpuint (offset, ==, 1);
  gtk_widget_activate_action (GTK_WIDGET (hex), "hex.copy-text", NULL);
  text = get_clipboard (GTK_WIDGET (hex));
  g_assert_cmpstr (text, ==, "ab");

  duplex_hex_view_select (hex, 3, 100);
  g_assert_cmpuint (duplex_hex_view_get_selection (hex, NULL), ==, 1);
  gtk_widget_activate_action (GTK_WIDGET (hex), "hex.select-all", NULL);
  g_assert_cmpuint (duplex_hex_view_get_selection (hex, NULL), ==, 4);
}

/* Save */

static GFile *
make_file (void)
{
  g_autoptr (GFileIOStream) stream = NULL;
  g_autoptr (GError)        error = NULL;
  GFile                    *file = g_file_new_tmp ("duplex-XXXXXX", &stream, &error);

  g_assert_no_error (error);
  return file;
}

static void
assert_file (GFile      *file,
             const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *contents = NULL;
  gsize              len;

  g_file_load_contents (file, NULL, &contents, &len, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (contents, len, expected, strlen (expected));
}

static void
test_save (Fixture      *fixture,
           gconstpointer data)
{
  g_autoptr (DuplexRow) row = NULL;
  g_autoptr (GFile)     file = make_file ();
  g_autoptr (GError)    error = NULL;

  conversation_message (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT, "Hello", 5, 3,
                        0);
  row = conversation_get_row (fixture->capture, 0);
  g_assert_true (duplex_message_save_to_file (row, file, NULL, &error));
  g_assert_no_error (error);
  assert_file (file, "Hello");

  /* What cannot be saved whole leaves the file that was there. */
  duplex_capture_clear (fixture->capture);
  g_assert_false (duplex_message_save_to_file (row, file, NULL, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO);
  assert_file (file, "Hello");
  g_file_delete (file, NULL, NULL);
}

/* Handshake and statistics */

static void
test_handshake (Fixture      *fixture,
                gconstpointer data)
{
  GtkWidget *root = GTK_WIDGET (fixture->inspector);

  duplex_inspector_set_page_name (fixture->inspector, "handshake");
  present (fixture);
  conversation_state (fixture->capture, DUPLEX_EVENT_CONNECTING, "ws://one/", -1);
  duplex_capture_publish (fixture->capture);
  g_assert_true (widgets_is_shown (widgets_find_label (root, "Under way"), root));
  conversation_state (fixture->capture, DUPLEX_EVENT_CONNECTED, "ws://one/", 12);
  duplex_capture_publish (fixture->capture);
  g_assert_true (widgets_is_shown (widgets_find_label (root, "Accepted"), root));

  /* The latest one, and that of the selected row. */
  conversation_state (fixture->capture, DUPLEX_EVENT_CONNECTING, "ws://two/", -1);
  duplex_capture_publish (fixture->capture);
  g_assert_nonnull (widgets_find_label (root, "ws://two/"));
  select_row (fixture, 1);
  g_assert_null (widgets_find_label (root, "ws://two/"));
  g_assert_nonnull (widgets_find_label (root, "ws://one/"));

  /* A row that was selected before the newest attempt is no longer what one looks at. */
  conversation_state (fixture->capture, DUPLEX_EVENT_FAILED, "404 Not Found",
                      DUPLEX_ERROR_HANDSHAKE_REFUSED);
  duplex_capture_publish (fixture->capture);
  g_assert_nonnull (widgets_find_label (root, "ws://one/"));
  conversation_state (fixture->capture, DUPLEX_EVENT_CONNECTING, "ws://three/", -1);
  duplex_capture_publish (fixture->capture);
  g_assert_true (widgets_is_shown (widgets_find_label (root, "Under way"), root));
  g_assert_nonnull (widgets_find_label (root, "ws://three/"));
  conversation_state (fixture->capture, DUPLEX_EVENT_RESPONSE, "HTTP/1.1 404 Not Found\r\n\r\n",
                      404);
  conversation_state (fixture->capture, DUPLEX_EVENT_FAILED, "404 Not Found",
                      DUPLEX_ERROR_HANDSHAKE_REFUSED);
  duplex_capture_publish (fixture->capture);
  g_assert_nonnull (widgets_find_label (root, "ws://three/"));
  g_assert_nonnull (find_label_with_prefix (root, "Refused: "));

  /* Selecting it afresh is a wish again; that connection has ended long since. */
  select_row (fixture, 0);
  g_assert_nonnull (widgets_find_label (root, "ws://one/"));
  g_assert_nonnull (widgets_find_label (root, "Accepted"));
}

static gboolean
has_two_messages (gpointer data)
{
  return widgets_find_label (data, "12 bytes") != NULL;
}

static void
test_statistics (Fixture      *fixture,
                 gconstpointer data)
{
  GtkWidget *root = GTK_WIDGET (fixture->inspector);

  duplex_inspector_set_page_name (fixture->inspector, "statistics");
  present (fixture);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "12345", -1);
  duplex_capture_publish (fixture->capture);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "1234567", -1);
  duplex_capture_publish (fixture->capture);
  widgets_wait_until (has_two_messages, root, "the sum of two messages");
}

static void
test_page_name (Fixture      *fixture,
                gconstpointer data)
{
  const char *const names[] = { "frames", "handshake", "statistics", "message" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      duplex_inspector_set_page_name (fixture->inspector, names[i]);
      g_assert_cmpstr (duplex_inspector_get_page_name (fixture->inspector), ==, names[i]);
    }
  duplex_inspector_set_page_name (fixture->inspector, "no such page");
  g_assert_cmpstr (duplex_inspector_get_page_name (fixture->inspector), ==, "message");
}

/* A page that was out of sight catches up. */
static void
test_hidden_page (Fixture      *fixture,
                  gconstpointer data)
{
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "one", -1);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "two", -1);
  present (fixture);
  select_row (fixture, 0);
  duplex_inspector_set_page_name (fixture->inspector, "statistics");
  select_row (fixture, 1);
  assert_text (fixture, "one");
  duplex_inspector_set_page_name (fixture->inspector, "message");
  assert_text (fixture, "two");
}

/* All pages fit beside a message list on a small screen. */
static void
test_narrow (Fixture      *fixture,
             gconstpointer data)
{
  int minimum;

  conversation_message (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT, "Hello", 5, 3,
                        1);
  present (fixture);
  select_row (fixture, 0);
  gtk_widget_measure (GTK_WIDGET (fixture->inspector), GTK_ORIENTATION_HORIZONTAL, -1, &minimum,
                      NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 320);
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
  gtk_source_init ();

  add ("/app/inspector/empty", test_empty);
  add ("/app/inspector/page-name", test_page_name);
  add ("/app/inspector/hidden-page", test_hidden_page);
  add ("/app/inspector/narrow", test_narrow);
  add ("/app/inspector/message/json", test_json);
  add ("/app/inspector/message/fall-back", test_fall_back);
  add ("/app/inspector/message/state", test_state_row);
  add ("/app/inspector/message/pieces", test_pieces);
  add ("/app/inspector/message/outdated", test_outdated);
  add ("/app/inspector/message/copy", test_copy);
  add ("/app/inspector/message/hex-selection", test_hex_selection);
  add ("/app/inspector/message/save", test_save);
  add ("/app/inspector/message/recorded", test_recorded);
  add ("/app/inspector/message/bad-end", test_bad_end);
  add ("/app/inspector/handshake", test_handshake);
  add ("/app/inspector/statistics", test_statistics);

  return g_test_run ();
}
