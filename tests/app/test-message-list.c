/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <adwaita.h>

#include "app/duplex-list-window.h"
#include "app/duplex-texts.h"
#include "conversation.h"
#include "list-fixture.h"
#include "widgets.h"

static void
test_empty (ListFixture  *fixture,
            gconstpointer data)
{
  GtkStack *stack = GTK_STACK (widgets_find_type (GTK_WIDGET (fixture->list), GTK_TYPE_STACK));

  g_assert_cmpstr (gtk_stack_get_visible_child_name (stack), ==, "empty");
  g_assert_nonnull (widgets_find_label (GTK_WIDGET (fixture->list), "No Messages Yet"));
  list_fixture_append (fixture, 1);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (stack), ==, "messages");
  duplex_capture_clear (fixture->capture);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (stack), ==, "empty");
}

static void
test_follow (ListFixture  *fixture,
             gconstpointer data)
{
  for (guint i = 0; i < 10; i++)
    {
      list_fixture_append (fixture, 37);
      list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end after an append");
      list_fixture_wait_frames (fixture, 3);
      g_assert_true (list_fixture_is_end_shown (fixture));
      g_assert_true (duplex_message_list_get_following (fixture->list));
    }
  g_assert_cmpuint (list_fixture_count_shown (fixture), <, 100);
}

/* One row after the other, each well before the last has settled. */
static void
test_follow_fast (ListFixture  *fixture,
                  gconstpointer data)
{
  for (guint i = 0; i < 60; i++)
    {
      list_fixture_append (fixture, 1 + i % 7);
      list_fixture_wait_frames (fixture, 1);
    }
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end after many appends");
  g_assert_true (duplex_message_list_get_following (fixture->list));
}

/* Rows of one height, then of another: the number that is kept laid out follows. */
static void
test_follow_heights (ListFixture  *fixture,
                     gconstpointer data)
{
  list_fixture_append (fixture, 200);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end of high rows");
  for (guint i = 0; i < 300; i++)
    conversation_control (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_PING, "", 0, -1);
  duplex_capture_publish (fixture->capture);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end of low rows");
  list_fixture_wait_frames (fixture, 5);
  g_assert_true (list_fixture_is_end_shown (fixture));
  g_assert_cmpfloat (gtk_adjustment_get_upper (fixture->adjustment), >=,
                     2 * gtk_adjustment_get_page_size (fixture->adjustment));
}

static void
test_resize (ListFixture  *fixture,
             gconstpointer data)
{
  list_fixture_append (fixture, 50);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
  gtk_window_set_default_size (GTK_WINDOW (fixture->window), 400, 300);
  list_fixture_wait_frames (fixture, 10);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end in a smaller window");
  g_assert_true (duplex_message_list_get_following (fixture->list));
}

/* A move of the wheel ends following at once; what was on screen stays where it was put while two
 * thousand rows come before it. */
static void
test_scroll_up (ListFixture  *fixture,
                gconstpointer data)
{
  float y;

  list_fixture_append (fixture, 2000);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
  list_fixture_wait_frames (fixture, 5);
  y = list_fixture_get_y (fixture, 1998);
  list_fixture_scroll_by (fixture, -120);
  g_assert_false (duplex_message_list_get_following (fixture->list));
  list_fixture_wait_frames (fixture, 2);
  g_assert_cmpfloat_with_epsilon (list_fixture_get_y (fixture, 1998), y + 120, STILL);
  list_fixture_wait_until (fixture, list_fixture_is_all_counted, "all rows");
  list_fixture_wait_frames (fixture, 3);
  g_assert_cmpfloat_with_epsilon (list_fixture_get_y (fixture, 1998), y + 120, STILL);
  g_assert_false (duplex_message_list_get_following (fixture->list));
}

/* And while more come behind. */
static void
test_stay (ListFixture  *fixture,
           gconstpointer data)
{
  float y;

  list_fixture_append (fixture, 500);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
  list_fixture_scroll_by (fixture, -300);
  list_fixture_wait_frames (fixture, 3);
  y = list_fixture_get_y (fixture, 497);
  for (guint i = 0; i < 30; i++)
    {
      list_fixture_append (fixture, 20);
      list_fixture_wait_frames (fixture, 1);
    }
  list_fixture_wait_until (fixture, list_fixture_is_all_counted, "all rows");
  g_assert_cmpfloat_with_epsilon (list_fixture_get_y (fixture, 497), y, STILL);
  g_assert_false (duplex_message_list_get_following (fixture->list));
  g_assert_cmpuint (duplex_message_list_get_n_new (fixture->list), ==, 600);
}

static void
test_scroll_back (ListFixture  *fixture,
                  gconstpointer data)
{
  list_fixture_append (fixture, 500);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
  list_fixture_scroll_by (fixture, -300);
  list_fixture_wait_until (fixture, list_fixture_is_all_counted, "all rows");
  list_fixture_wait_frames (fixture, 3);
  list_fixture_scroll_by (fixture, 200);
  g_assert_false (duplex_message_list_get_following (fixture->list));
  list_fixture_scroll_by (fixture, 1000);
  g_assert_true (duplex_message_list_get_following (fixture->list));
  list_fixture_append (fixture, 5);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end again");
  g_assert_cmpuint (list_fixture_count_shown (fixture), <, 100);
  g_assert_cmpuint (duplex_message_list_get_n_new (fixture->list), ==, 0);
}

static void
test_jump (ListFixture  *fixture,
           gconstpointer data)
{
  list_fixture_append (fixture, 5000);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
  list_fixture_scroll_by (fixture, -300);
  list_fixture_wait_until (fixture, list_fixture_is_all_counted, "all rows");
  list_fixture_wait_frames (fixture, 3);
  gtk_adjustment_set_value (fixture->adjustment, 0);
  list_fixture_wait_frames (fixture, 3);
  g_assert_cmpfloat (list_fixture_get_y (fixture, 0), <, 50);
  gtk_widget_activate_action (GTK_WIDGET (fixture->list), "messages.jump-to-end", NULL);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end after the jump");
  g_assert_true (duplex_message_list_get_following (fixture->list));
}

/* With a bound below what there is, the window moves along: from the last row to the first and
 * back, in small steps, nothing is left out and nothing jumps. */
static void
test_window (ListFixture  *fixture,
             gconstpointer data)
{
  DuplexListWindow *window = DUPLEX_LIST_WINDOW (gtk_list_view_get_model (fixture->view));
  gint64            last = 599;

  duplex_list_window_set_max (window, 300);
  list_fixture_append (fixture, 600);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");

  while (gtk_adjustment_get_value (fixture->adjustment) > 0)
    {
      gint64 now;

      list_fixture_scroll_by (fixture, -400);
      list_fixture_wait_frames (fixture, 2);
      now = list_fixture_find_last_visible (fixture, GTK_INVALID_LIST_POSITION, NULL);
      g_assert_cmpint (now, <=, last);
      g_assert_cmpint (last - now, <, 15);
      last = now;
    }
  g_assert_cmpuint (duplex_list_window_get_start (window), ==, 0);
  g_assert_cmpint (last, <, 20);
  g_assert_cmpuint (list_fixture_count_shown (fixture), ==, 300);

  while (!duplex_message_list_get_following (fixture->list))
    {
      gint64 now;

      list_fixture_scroll_by (fixture, 400);
      list_fixture_wait_frames (fixture, 2);
      now = list_fixture_find_last_visible (fixture, GTK_INVALID_LIST_POSITION, NULL);
      g_assert_cmpint (now, >=, last);
      g_assert_cmpint (now - last, <, 15);
      last = now;
    }
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end again");
}

/* A short conversation does not fill the list and is at its end all the time. */
static void
test_short (ListFixture  *fixture,
            gconstpointer data)
{
  list_fixture_append (fixture, 2);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "both rows");
  list_fixture_scroll_by (fixture, -100);
  list_fixture_wait_frames (fixture, 3);
  g_assert_true (duplex_message_list_get_following (fixture->list));
}

static void
test_selection (ListFixture  *fixture,
                gconstpointer data)
{
  g_autoptr (DuplexRow) row = NULL;

  list_fixture_append (fixture, 100);
  row = conversation_get_row (fixture->capture, 97);
  duplex_message_list_set_selected_row (fixture->list, row);
  for (guint i = 0; i < 20; i++)
    {
      list_fixture_append (fixture, 100);
      list_fixture_wait_frames (fixture, 1);
    }
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
  g_assert_true (duplex_message_list_get_selected_row (fixture->list) == row);
  g_assert_true (duplex_message_list_get_following (fixture->list));

  duplex_capture_clear (fixture->capture);
  g_assert_null (duplex_message_list_get_selected_row (fixture->list));
}

/* Of another session: not in this list. */
static void
test_selection_foreign (ListFixture  *fixture,
                        gconstpointer data)
{
  g_autoptr (DuplexCapture) other = duplex_capture_new ();
  g_autoptr (DuplexRow)     row = NULL;

  conversation_text (other, DUPLEX_DIRECTION_SENT, "hello", -1);
  row = conversation_get_row (other, 0);
  list_fixture_append (fixture, 1);
  duplex_message_list_set_selected_row (fixture->list, row);
  g_assert_null (duplex_message_list_get_selected_row (fixture->list));
}

static void
test_row_name (ListFixture  *fixture,
               gconstpointer data)
{
  g_autoptr (DuplexRow) row = NULL;
  g_autofree char      *label = NULL;
  GtkWidget            *item;

  list_fixture_append (fixture, 1);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the row");
  row = conversation_get_row (fixture->capture, 0);
  label = duplex_text_row_label (row);
  item = gtk_widget_get_first_child (GTK_WIDGET (fixture->view));
  gtk_test_accessible_assert_role (item, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
  gtk_test_accessible_assert_property (item, GTK_ACCESSIBLE_PROPERTY_LABEL, label);
}

static char *
get_clipboard (ListFixture *fixture)
{
  GdkClipboard       *clipboard = gtk_widget_get_clipboard (GTK_WIDGET (fixture->list));
  GdkContentProvider *content = gdk_clipboard_get_content (clipboard);
  g_auto (GValue)     value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_STRING);
  if (content == NULL || !gdk_content_provider_get_value (content, &value, NULL))
    return NULL;

  return g_value_dup_string (&value);
}

static void
test_copy (ListFixture  *fixture,
           gconstpointer data)
{
  g_autoptr (DuplexRow) row = NULL;
  g_autofree char      *text = NULL;
  g_autofree char      *hex = NULL;

  g_assert_false (duplex_message_list_copy (fixture->list));
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "{\"a\": 1}", -1);
  row = conversation_get_row (fixture->capture, 0);
  duplex_message_list_set_selected_row (fixture->list, row);
  gtk_widget_activate_action (GTK_WIDGET (fixture->list), "messages.copy", NULL);
  text = get_clipboard (fixture);
  g_assert_cmpstr (text, ==, "{\"a\": 1}");
  gtk_widget_activate_action (GTK_WIDGET (fixture->list), "messages.copy-hex", NULL);
  hex = get_clipboard (fixture);
  g_assert_cmpstr (hex, ==, "7b 22 61 22 3a 20 31 7d");
}

static void
signal_cb (DuplexMessageList *list,
           DuplexRow         *row,
           DuplexRow        **ret_row)
{
  *ret_row = row;
}

static void
test_signals (ListFixture  *fixture,
              gconstpointer data)
{
  g_autoptr (DuplexRow) state = NULL;
  g_autoptr (DuplexRow) message = NULL;
  DuplexRow            *activated = NULL;
  DuplexRow            *frames = NULL;

  g_signal_connect (fixture->list, "row-activated", G_CALLBACK (signal_cb), &activated);
  g_signal_connect (fixture->list, "show-frames", G_CALLBACK (signal_cb), &frames);
  conversation_state (fixture->capture, DUPLEX_EVENT_CONNECTED, "ws://localhost/", 0);
  list_fixture_append (fixture, 1);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the rows");
  state = conversation_get_row (fixture->capture, 0);
  message = conversation_get_row (fixture->capture, 1);

  gtk_widget_activate_action (GTK_WIDGET (fixture->view), "list.activate-item", "u", 1);
  g_assert_true (activated == message);

  duplex_message_list_set_selected_row (fixture->list, state);
  gtk_widget_activate_action (GTK_WIDGET (fixture->list), "messages.show-frames", NULL);
  g_assert_null (frames);
  duplex_message_list_set_selected_row (fixture->list, message);
  gtk_widget_activate_action (GTK_WIDGET (fixture->list), "messages.show-frames", NULL);
  g_assert_true (frames == message);
}

static void
test_clear (ListFixture  *fixture,
            gconstpointer data)
{
  list_fixture_append (fixture, 300);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
  list_fixture_scroll_by (fixture, -500);
  list_fixture_wait_until (fixture, list_fixture_is_all_counted, "all rows");
  duplex_capture_clear (fixture->capture);
  list_fixture_wait_frames (fixture, 2);
  g_assert_cmpuint (list_fixture_count_shown (fixture), ==, 0);
  list_fixture_append (fixture, 300);
  g_assert_true (duplex_message_list_get_following (fixture->list));
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end of the new rows");
}

static void
add (const char *path,
     void (*test) (ListFixture *, gconstpointer))
{
  g_test_add (path, ListFixture, NULL, list_fixture_set_up, test, list_fixture_tear_down);
}

int
main (int    argc,
      char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

  add ("/app/message-list/empty", test_empty);
  add ("/app/message-list/follow", test_follow);
  add ("/app/message-list/follow/fast", test_follow_fast);
  add ("/app/message-list/follow/heights", test_follow_heights);
  add ("/app/message-list/follow/resize", test_resize);
  add ("/app/message-list/follow/short", test_short);
  add ("/app/message-list/scroll/up", test_scroll_up);
  add ("/app/message-list/scroll/stay", test_stay);
  add ("/app/message-list/scroll/back", test_scroll_back);
  add ("/app/message-list/scroll/jump", test_jump);
  add ("/app/message-list/scroll/window", test_window);
  add ("/app/message-list/selection", test_selection);
  add ("/app/message-list/selection/foreign", test_selection_foreign);
  add ("/app/message-list/row-name", test_row_name);
  add ("/app/message-list/copy", test_copy);
  add ("/app/message-list/signals", test_signals);
  add ("/app/message-list/clear", test_clear);

  return g_test_run ();
}
