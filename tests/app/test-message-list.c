/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-list.h"

#include <adwaita.h>
#include <math.h>

#include "app/duplex-list-window.h"
#include "app/duplex-message-row.h"
#include "app/duplex-texts.h"
#include "conversation.h"
#include "widgets.h"

/* Pixels by which a row may move while the list changes around it. */
#define STILL 1.5

typedef struct
{
  DuplexCapture     *capture;
  GtkWidget         *window;
  DuplexMessageList *list;
  GtkListView       *view;
  GtkAdjustment     *adjustment;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->capture = duplex_capture_new ();
  fixture->list = DUPLEX_MESSAGE_LIST (duplex_message_list_new ());
  fixture->view =
    GTK_LIST_VIEW (widgets_find_type (GTK_WIDGET (fixture->list), GTK_TYPE_LIST_VIEW));
  fixture->adjustment = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (fixture->view));
  g_object_set (fixture->list, "capture", fixture->capture, NULL);

  fixture->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (fixture->window), 600, 500);
  gtk_window_set_child (GTK_WINDOW (fixture->window), GTK_WIDGET (fixture->list));
  gtk_window_present (GTK_WINDOW (fixture->window));
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (fixture->list), (gpointer *)&fixture->list);
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (fixture->list);
  g_assert_finalize_object (fixture->capture);
}

static void
append (Fixture *fixture,
        guint    n)
{
  guint start = g_list_model_get_n_items (G_LIST_MODEL (fixture->capture));

  for (guint i = start; i < start + n; i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"number\":%u,\"text\":\"message %u\"}", i, i);

      /* Of different heights, as messages are. */
      conversation_text (fixture->capture,
                         i % 3 == 0 ? DUPLEX_DIRECTION_SENT : DUPLEX_DIRECTION_RECEIVED,
                         i % 4 == 0 ? "short" : text, -1);
    }
  duplex_capture_publish (fixture->capture);
}

typedef gboolean (*Condition) (Fixture *fixture);

/* Turns the main loop, frames included, until condition holds. */
static void
wait_until (Fixture    *fixture,
            Condition   condition,
            const char *what)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  while (!condition (fixture))
    {
      if (g_get_monotonic_time () > deadline)
        g_error ("waited ten seconds for: %s; following %d, value %f of %f, %u items shown", what,
                 duplex_message_list_get_following (fixture->list),
                 gtk_adjustment_get_value (fixture->adjustment),
                 gtk_adjustment_get_upper (fixture->adjustment),
                 g_list_model_get_n_items (G_LIST_MODEL (gtk_list_view_get_model (fixture->view))));
      gtk_widget_queue_draw (fixture->window);
      g_main_context_iteration (NULL, TRUE);
    }
}

static gboolean
count_frame_cb (GtkWidget     *widget,
                GdkFrameClock *clock,
                gpointer       data)
{
  guint *left = data;

  return --*left > 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
wait_frames (Fixture *fixture,
             guint    n)
{
  guint left = n;

  gtk_widget_add_tick_callback (fixture->window, count_frame_cb, &left, NULL);
  while (left > 0)
    g_main_context_iteration (NULL, TRUE);
}

static guint
count_shown (Fixture *fixture)
{
  return g_list_model_get_n_items (G_LIST_MODEL (gtk_list_view_get_model (fixture->view)));
}

/* Walks the rows that have a widget. Where position is not invalid, tells where that row is. */
static gint64
find_last_visible (Fixture *fixture,
                   guint    position,
                   float   *ret_y)
{
  GtkWidget *list = GTK_WIDGET (fixture->list);
  gint64     last = -1;

  for (GtkWidget *item = gtk_widget_get_first_child (GTK_WIDGET (fixture->view)); item != NULL;
       item = gtk_widget_get_next_sibling (item))
    {
      GtkWidget      *child = gtk_widget_get_first_child (item);
      DuplexRow      *row;
      graphene_rect_t bounds;

      if (!DUPLEX_IS_MESSAGE_ROW (child) || !gtk_widget_compute_bounds (child, list, &bounds))
        continue;

      row = duplex_bubble_get_row (duplex_message_row_get_bubble (DUPLEX_MESSAGE_ROW (child)));
      if (ret_y != NULL && duplex_row_get_position (row) == position)
        *ret_y = bounds.origin.y;
      /* Before the first layout it has no size. */
      if (gtk_widget_get_mapped (child) && bounds.size.height > 0 && bounds.origin.y >= 0 &&
          bounds.origin.y + bounds.size.height <= (float)gtk_widget_get_height (list))
        last = MAX (last, (gint64)duplex_row_get_position (row));
    }

  return last;
}

static gboolean
is_end_shown (Fixture *fixture)
{
  guint n_rows = g_list_model_get_n_items (G_LIST_MODEL (fixture->capture));

  return n_rows > 0 && find_last_visible (fixture, GTK_INVALID_LIST_POSITION, NULL) == n_rows - 1;
}

static gboolean
is_all_counted (Fixture *fixture)
{
  return count_shown (fixture) == g_list_model_get_n_items (G_LIST_MODEL (fixture->capture));
}

static float
get_y (Fixture *fixture,
       guint    position)
{
  float y = NAN;

  find_last_visible (fixture, position, &y);
  return y;
}

/* As the wheel does. */
static void
scroll_by (Fixture *fixture,
           double   pixels)
{
  gtk_adjustment_set_value (fixture->adjustment,
                            gtk_adjustment_get_value (fixture->adjustment) + pixels);
}

static void
test_empty (Fixture      *fixture,
            gconstpointer data)
{
  GtkStack *stack = GTK_STACK (widgets_find_type (GTK_WIDGET (fixture->list), GTK_TYPE_STACK));

  g_assert_cmpstr (gtk_stack_get_visible_child_name (stack), ==, "empty");
  g_assert_nonnull (widgets_find_label (GTK_WIDGET (fixture->list), "No messages yet"));
  append (fixture, 1);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (stack), ==, "messages");
  duplex_capture_clear (fixture->capture);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (stack), ==, "empty");
}

static void
test_follow (Fixture      *fixture,
             gconstpointer data)
{
  for (guint i = 0; i < 10; i++)
    {
      append (fixture, 37);
      wait_until (fixture, is_end_shown, "the end after an append");
      wait_frames (fixture, 3);
      g_assert_true (is_end_shown (fixture));
      g_assert_true (duplex_message_list_get_following (fixture->list));
    }
  g_assert_cmpuint (count_shown (fixture), <, 100);
}

/* One row after the other, each well before the last has settled. */
static void
test_follow_fast (Fixture      *fixture,
                  gconstpointer data)
{
  for (guint i = 0; i < 60; i++)
    {
      append (fixture, 1 + i % 7);
      wait_frames (fixture, 1);
    }
  wait_until (fixture, is_end_shown, "the end after many appends");
  g_assert_true (duplex_message_list_get_following (fixture->list));
}

/* Rows of one height, then of another: the number that is kept laid out follows. */
static void
test_follow_heights (Fixture      *fixture,
                     gconstpointer data)
{
  append (fixture, 200);
  wait_until (fixture, is_end_shown, "the end of high rows");
  for (guint i = 0; i < 300; i++)
    conversation_control (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_PING, "", 0, -1);
  duplex_capture_publish (fixture->capture);
  wait_until (fixture, is_end_shown, "the end of low rows");
  wait_frames (fixture, 5);
  g_assert_true (is_end_shown (fixture));
  g_assert_cmpfloat (gtk_adjustment_get_upper (fixture->adjustment), >=,
                     2 * gtk_adjustment_get_page_size (fixture->adjustment));
}

static void
test_resize (Fixture      *fixture,
             gconstpointer data)
{
  append (fixture, 50);
  wait_until (fixture, is_end_shown, "the end");
  gtk_window_set_default_size (GTK_WINDOW (fixture->window), 400, 300);
  wait_frames (fixture, 10);
  wait_until (fixture, is_end_shown, "the end in a smaller window");
  g_assert_true (duplex_message_list_get_following (fixture->list));
}

/* A move of the wheel ends following at once; what was on screen stays where it was put while two
 * thousand rows come before it. */
static void
test_scroll_up (Fixture      *fixture,
                gconstpointer data)
{
  float y;

  append (fixture, 2000);
  wait_until (fixture, is_end_shown, "the end");
  wait_frames (fixture, 5);
  y = get_y (fixture, 1998);
  scroll_by (fixture, -120);
  g_assert_false (duplex_message_list_get_following (fixture->list));
  wait_frames (fixture, 2);
  g_assert_cmpfloat_with_epsilon (get_y (fixture, 1998), y + 120, STILL);
  wait_until (fixture, is_all_counted, "all rows");
  wait_frames (fixture, 3);
  g_assert_cmpfloat_with_epsilon (get_y (fixture, 1998), y + 120, STILL);
  g_assert_false (duplex_message_list_get_following (fixture->list));
}

/* And while more come behind. */
static void
test_stay (Fixture      *fixture,
           gconstpointer data)
{
  float y;

  append (fixture, 500);
  wait_until (fixture, is_end_shown, "the end");
  scroll_by (fixture, -300);
  wait_frames (fixture, 3);
  y = get_y (fixture, 497);
  for (guint i = 0; i < 30; i++)
    {
      append (fixture, 20);
      wait_frames (fixture, 1);
    }
  wait_until (fixture, is_all_counted, "all rows");
  g_assert_cmpfloat_with_epsilon (get_y (fixture, 497), y, STILL);
  g_assert_false (duplex_message_list_get_following (fixture->list));
  g_assert_cmpuint (duplex_message_list_get_n_new (fixture->list), ==, 600);
}

static void
test_scroll_back (Fixture      *fixture,
                  gconstpointer data)
{
  append (fixture, 500);
  wait_until (fixture, is_end_shown, "the end");
  scroll_by (fixture, -300);
  wait_until (fixture, is_all_counted, "all rows");
  wait_frames (fixture, 3);
  scroll_by (fixture, 200);
  g_assert_false (duplex_message_list_get_following (fixture->list));
  scroll_by (fixture, 1000);
  g_assert_true (duplex_message_list_get_following (fixture->list));
  append (fixture, 5);
  wait_until (fixture, is_end_shown, "the end again");
  g_assert_cmpuint (count_shown (fixture), <, 100);
  g_assert_cmpuint (duplex_message_list_get_n_new (fixture->list), ==, 0);
}

static void
test_jump (Fixture      *fixture,
           gconstpointer data)
{
  append (fixture, 5000);
  wait_until (fixture, is_end_shown, "the end");
  scroll_by (fixture, -300);
  wait_until (fixture, is_all_counted, "all rows");
  wait_frames (fixture, 3);
  gtk_adjustment_set_value (fixture->adjustment, 0);
  wait_frames (fixture, 3);
  g_assert_cmpfloat (get_y (fixture, 0), <, 50);
  gtk_widget_activate_action (GTK_WIDGET (fixture->list), "messages.jump-to-end", NULL);
  wait_until (fixture, is_end_shown, "the end after the jump");
  g_assert_true (duplex_message_list_get_following (fixture->list));
}

/* With a bound below what there is, the window moves along: from the last row to the first and
 * back, in small steps, nothing is left out and nothing jumps. */
static void
test_window (Fixture      *fixture,
             gconstpointer data)
{
  DuplexListWindow *window = DUPLEX_LIST_WINDOW (gtk_list_view_get_model (fixture->view));
  gint64            last = 599;

  duplex_list_window_set_max (window, 300);
  append (fixture, 600);
  wait_until (fixture, is_end_shown, "the end");

  while (gtk_adjustment_get_value (fixture->adjustment) > 0)
    {
      gint64 now;

      scroll_by (fixture, -400);
      wait_frames (fixture, 2);
      now = find_last_visible (fixture, GTK_INVALID_LIST_POSITION, NULL);
      g_assert_cmpint (now, <=, last);
      g_assert_cmpint (last - now, <, 15);
      last = now;
    }
  g_assert_cmpuint (duplex_list_window_get_start (window), ==, 0);
  g_assert_cmpint (last, <, 20);
  g_assert_cmpuint (count_shown (fixture), ==, 300);

  while (!duplex_message_list_get_following (fixture->list))
    {
      gint64 now;

      scroll_by (fixture, 400);
      wait_frames (fixture, 2);
      now = find_last_visible (fixture, GTK_INVALID_LIST_POSITION, NULL);
      g_assert_cmpint (now, >=, last);
      g_assert_cmpint (now - last, <, 15);
      last = now;
    }
  wait_until (fixture, is_end_shown, "the end again");
}

/* A short conversation does not fill the list and is at its end all the time. */
static void
test_short (Fixture      *fixture,
            gconstpointer data)
{
  append (fixture, 2);
  wait_until (fixture, is_end_shown, "both rows");
  scroll_by (fixture, -100);
  wait_frames (fixture, 3);
  g_assert_true (duplex_message_list_get_following (fixture->list));
}

static void
test_selection (Fixture      *fixture,
                gconstpointer data)
{
  g_autoptr (DuplexRow) row = NULL;

  append (fixture, 100);
  row = conversation_get_row (fixture->capture, 97);
  duplex_message_list_set_selected_row (fixture->list, row);
  for (guint i = 0; i < 20; i++)
    {
      append (fixture, 100);
      wait_frames (fixture, 1);
    }
  wait_until (fixture, is_end_shown, "the end");
  g_assert_true (duplex_message_list_get_selected_row (fixture->list) == row);
  g_assert_true (duplex_message_list_get_following (fixture->list));

  duplex_capture_clear (fixture->capture);
  g_assert_null (duplex_message_list_get_selected_row (fixture->list));
}

/* Of another session: not in this list. */
static void
test_selection_foreign (Fixture      *fixture,
                        gconstpointer data)
{
  g_autoptr (DuplexCapture) other = duplex_capture_new ();
  g_autoptr (DuplexRow)     row = NULL;

  conversation_text (other, DUPLEX_DIRECTION_SENT, "hello", -1);
  row = conversation_get_row (other, 0);
  append (fixture, 1);
  duplex_message_list_set_selected_row (fixture->list, row);
  g_assert_null (duplex_message_list_get_selected_row (fixture->list));
}

static void
test_row_name (Fixture      *fixture,
               gconstpointer data)
{
  g_autoptr (DuplexRow) row = NULL;
  g_autofree char      *label = NULL;
  GtkWidget            *item;

  append (fixture, 1);
  wait_until (fixture, is_end_shown, "the row");
  row = conversation_get_row (fixture->capture, 0);
  label = duplex_text_row_label (row);
  item = gtk_widget_get_first_child (GTK_WIDGET (fixture->view));
  gtk_test_accessible_assert_role (item, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
  gtk_test_accessible_assert_property (item, GTK_ACCESSIBLE_PROPERTY_LABEL, label);
}

static char *
get_clipboard (Fixture *fixture)
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
test_copy (Fixture      *fixture,
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
test_signals (Fixture      *fixture,
              gconstpointer data)
{
  g_autoptr (DuplexRow) state = NULL;
  g_autoptr (DuplexRow) message = NULL;
  DuplexRow            *activated = NULL;
  DuplexRow            *frames = NULL;

  g_signal_connect (fixture->list, "row-activated", G_CALLBACK (signal_cb), &activated);
  g_signal_connect (fixture->list, "show-frames", G_CALLBACK (signal_cb), &frames);
  conversation_state (fixture->capture, DUPLEX_EVENT_CONNECTED, "ws://localhost/", 0);
  append (fixture, 1);
  wait_until (fixture, is_end_shown, "the rows");
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
test_clear (Fixture      *fixture,
            gconstpointer data)
{
  append (fixture, 300);
  wait_until (fixture, is_end_shown, "the end");
  scroll_by (fixture, -500);
  wait_until (fixture, is_all_counted, "all rows");
  duplex_capture_clear (fixture->capture);
  wait_frames (fixture, 2);
  g_assert_cmpuint (count_shown (fixture), ==, 0);
  append (fixture, 300);
  g_assert_true (duplex_message_list_get_following (fixture->list));
  wait_until (fixture, is_end_shown, "the end of the new rows");
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
