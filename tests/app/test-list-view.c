/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <adwaita.h>
#include <math.h>

#include "app/duplex-list-window.h"
#include "conversation.h"
#include "list-fixture.h"
#include "widgets.h"

/* Rows of the long list: three windows of what a GtkListView is shown. */
#define N_LONG (3 * DUPLEX_LIST_WINDOW_MAX)

/* The list's own, not the one of its scrolled window, which is never shown. */
static GtkAdjustment *
get_bar (ListFixture *fixture)
{
  GtkWidget *overlay = widgets_find_type (GTK_WIDGET (fixture->list), GTK_TYPE_OVERLAY);
  GtkWidget *child = gtk_widget_get_first_child (overlay);

  while (!GTK_IS_SCROLLBAR (child))
    child = gtk_widget_get_next_sibling (child);
  return gtk_scrollbar_get_adjustment (GTK_SCROLLBAR (child));
}

static void
append_pings (ListFixture *fixture,
              guint        n)
{
  for (guint i = 0; i < n; i++)
    conversation_control (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_PING, "", 0, -1);
  duplex_capture_publish (fixture->capture);
}

static void
assert_first (ListFixture *fixture,
              guint64      row)
{
  guint64 first = G_MAXUINT64;

  g_assert_true (duplex_message_list_get_first_shown (fixture->list, &first));
  g_assert_cmpuint (first, ==, row);
}

/* The bar counts the rows of all, not of what the view is shown. */
static void
test_bar (ListFixture  *fixture,
          gconstpointer data)
{
  GtkAdjustment *bar = get_bar (fixture);
  double         page;

  list_fixture_append (fixture, 5000);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
  list_fixture_wait_frames (fixture, 3);
  page = gtk_adjustment_get_page_size (bar);
  g_assert_cmpfloat (gtk_adjustment_get_upper (bar), ==, 5000);
  g_assert_cmpfloat (page, >, 2);
  g_assert_cmpfloat (page, <, 20);
  g_assert_cmpfloat_with_epsilon (gtk_adjustment_get_value (bar), 5000 - page, 0.001);

  gtk_adjustment_set_value (bar, 2500.5);
  g_assert_false (duplex_message_list_get_following (fixture->list));
  list_fixture_wait_frames (fixture, 3);
  assert_first (fixture, 2500);
  g_assert_cmpfloat (list_fixture_get_y (fixture, 2500), <, -5);

  gtk_adjustment_set_value (bar, 0);
  list_fixture_wait_frames (fixture, 3);
  assert_first (fixture, 0);
  g_assert_cmpfloat (list_fixture_get_y (fixture, 0), >=, 0);

  gtk_adjustment_set_value (bar, 5000);
  g_assert_true (duplex_message_list_get_following (fixture->list));
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end again");
}

/* A drag: the bar stays where the hand is, and the list goes with it. */
static void
test_bar_drag (ListFixture  *fixture,
               gconstpointer data)
{
  GtkAdjustment *bar = get_bar (fixture);

  list_fixture_append (fixture, 3000);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
  list_fixture_wait_frames (fixture, 3);
  for (double value = 2900; value >= 100; value -= 70.3)
    {
      gtk_adjustment_set_value (bar, value);
      list_fixture_wait_frames (fixture, 1);
      g_assert_cmpfloat_with_epsilon (gtk_adjustment_get_value (bar), value, 0.001);
      assert_first (fixture, (guint64)value);
    }
  list_fixture_wait_frames (fixture, 5);
  g_assert_false (duplex_message_list_get_following (fixture->list));

  /* And after it the wheel moves both. */
  list_fixture_scroll_by (fixture, -1000);
  list_fixture_wait_frames (fixture, 3);
  g_assert_cmpfloat (gtk_adjustment_get_value (bar), <, 155);
  g_assert_cmpfloat (gtk_adjustment_get_value (bar), >, 130);
}

/* A short list has no bar. */
static void
test_bar_short (ListFixture  *fixture,
                gconstpointer data)
{
  list_fixture_append (fixture, 2);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "both rows");
  list_fixture_wait_frames (fixture, 3);
  g_assert_cmpfloat (gtk_adjustment_get_page_size (get_bar (fixture)), ==, 2);
}

/* More rows than the view is ever shown: everywhere the position by index is right. */
static void
test_long (ListFixture  *fixture,
           gconstpointer data)
{
  static const guint places[] = { N_LONG / 2, N_LONG - 5000, 12345, 0, DUPLEX_LIST_WINDOW_MAX + 3 };
  GtkAdjustment     *bar = get_bar (fixture);
  GtkSelectionModel *shown = gtk_list_view_get_model (fixture->view);

  append_pings (fixture, N_LONG);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      gtk_adjustment_set_value (bar, places[i]);
      list_fixture_wait_frames (fixture, 3);
      assert_first (fixture, places[i]);
      list_fixture_scroll_by (fixture, 200);
      list_fixture_wait_frames (fixture, 2);
      g_assert_cmpfloat (gtk_adjustment_get_value (bar), >, places[i]);
      g_assert_cmpfloat (gtk_adjustment_get_value (bar), <, places[i] + 20);
      g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (shown)), <=,
                        DUPLEX_LIST_WINDOW_MAX);
    }

  gtk_widget_activate_action (GTK_WIDGET (fixture->list), "messages.jump-to-end", NULL);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end again");
}

static void
test_reveal (ListFixture  *fixture,
             gconstpointer data)
{
  float y;

  list_fixture_append (fixture, 3000);
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
  g_assert_true (duplex_message_list_reveal_row (fixture->list, 1234));
  list_fixture_wait_frames (fixture, 3);
  y = list_fixture_get_y (fixture, 1234);
  g_assert_cmpfloat (y, >, 100);
  g_assert_cmpfloat (y, <, 300);
  g_assert_cmpuint (
    duplex_row_get_position (duplex_message_list_get_selected_row (fixture->list)), ==, 1234);

  /* What is on screen needs no scrolling. */
  g_assert_true (duplex_message_list_reveal_row (fixture->list, 1235));
  list_fixture_wait_frames (fixture, 3);
  g_assert_cmpfloat_with_epsilon (list_fixture_get_y (fixture, 1234), y, STILL);

  g_assert_false (duplex_message_list_reveal_row (fixture->list, 3000));
}

static DuplexCaptureView *
filter (ListFixture *fixture,
        const char  *text)
{
  g_autoptr (GError)       error = NULL;
  g_autoptr (DuplexFilter) rule =
    duplex_filter_new_for_text (text, DUPLEX_FILTER_TEXT_PLAIN, &error);

  g_assert_no_error (error);
  return duplex_capture_view_new (fixture->capture, rule);
}

static gboolean
is_filtered (ListFixture *fixture)
{
  DuplexCaptureView *view = duplex_message_list_get_view (fixture->list);
  guint              n_rows;

  g_object_get (fixture->list, "n-rows", &n_rows, NULL);
  return view != NULL && !duplex_capture_view_get_busy (view) &&
         n_rows == g_list_model_get_n_items (G_LIST_MODEL (view));
}

static gboolean
are_all_matches_counted (ListFixture *fixture)
{
  return list_fixture_count_shown (fixture) == 750;
}

/* On and off again, the selected row stays where it is, to the pixel. */
static void
test_filter_keeps_place (ListFixture  *fixture,
                         gconstpointer data)
{
  g_autoptr (DuplexCaptureView) view = NULL;
  guint                         position;
  float                         y;

  list_fixture_append (fixture, 3000);
  view = filter (fixture, "short");
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
  g_assert_true (duplex_message_list_reveal_row (fixture->list, 1400));
  list_fixture_wait_frames (fixture, 3);
  y = list_fixture_get_y (fixture, 1400);

  duplex_message_list_set_view (fixture->list, view);
  list_fixture_wait_until (fixture, is_filtered, "the matches");
  list_fixture_wait_frames (fixture, 3);
  g_assert_cmpfloat_with_epsilon (list_fixture_get_y (fixture, 1400), y, STILL);

  /* First come those around it, then all others. */
  list_fixture_wait_until (fixture, are_all_matches_counted, "all matches");
  list_fixture_wait_frames (fixture, 3);
  g_assert_cmpfloat_with_epsilon (list_fixture_get_y (fixture, 1400), y, STILL);
  position = (guint)duplex_row_get_position (
    duplex_message_list_get_selected_row (fixture->list));
  g_assert_cmpuint (position, ==, 1400);
  g_assert_true (isnan (list_fixture_get_y (fixture, 1401)));

  duplex_message_list_set_view (fixture->list, NULL);
  list_fixture_wait_frames (fixture, 3);
  g_assert_cmpfloat_with_epsilon (list_fixture_get_y (fixture, 1400), y, STILL);
  g_assert_false (isnan (list_fixture_get_y (fixture, 1401)));
  g_assert_false (duplex_message_list_get_following (fixture->list));
}

/* A row that does not match stays selected out of sight, and comes back. */
static void
test_filter_hides_selected (ListFixture  *fixture,
                            gconstpointer data)
{
  g_autoptr (DuplexCaptureView) view = NULL;
  DuplexRow                    *row;
  float                         y;

  list_fixture_append (fixture, 3000);
  view = filter (fixture, "short");
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
  g_assert_true (duplex_message_list_reveal_row (fixture->list, 1401));
  list_fixture_wait_frames (fixture, 3);
  y = list_fixture_get_y (fixture, 1401);
  row = duplex_message_list_get_selected_row (fixture->list);

  duplex_message_list_set_view (fixture->list, view);
  list_fixture_wait_until (fixture, is_filtered, "the matches");
  list_fixture_wait_frames (fixture, 3);
  g_assert_true (duplex_message_list_get_selected_row (fixture->list) == row);
  g_assert_false (duplex_message_list_reveal_row (fixture->list, 1401));
  g_assert_cmpfloat_with_epsilon (list_fixture_get_y (fixture, 1404), y, STILL);

  duplex_message_list_set_view (fixture->list, NULL);
  list_fixture_wait_frames (fixture, 3);
  g_assert_true (duplex_message_list_get_selected_row (fixture->list) == row);
  g_assert_cmpfloat_with_epsilon (list_fixture_get_y (fixture, 1401), y, STILL);
}

/* Live traffic goes on being filtered, and the end followed. */
static void
test_filter_follows (ListFixture  *fixture,
                     gconstpointer data)
{
  g_autoptr (DuplexCaptureView) view = NULL;

  list_fixture_append (fixture, 100);
  view = filter (fixture, "short");
  duplex_message_list_set_view (fixture->list, view);
  list_fixture_wait_until (fixture, is_filtered, "the matches");
  for (guint i = 0; i < 20; i++)
    {
      list_fixture_append (fixture, 40);
      list_fixture_wait_frames (fixture, 2);
    }
  list_fixture_wait_until (fixture, is_filtered, "all matches");
  g_assert_true (duplex_message_list_get_following (fixture->list));
  list_fixture_wait_frames (fixture, 10);
  /* Of 900 rows every fourth. */
  g_assert_cmpint (list_fixture_find_last_visible (fixture, GTK_INVALID_LIST_POSITION, NULL), ==,
                   896);

  list_fixture_scroll_by (fixture, -200);
  g_assert_false (duplex_message_list_get_following (fixture->list));
  list_fixture_append (fixture, 40);
  list_fixture_wait_until (fixture, is_filtered, "the new matches");
  g_assert_cmpuint (duplex_message_list_get_n_new (fixture->list), ==, 10);
  duplex_message_list_set_view (fixture->list, NULL);
  g_assert_cmpuint (duplex_message_list_get_n_new (fixture->list), ==, 40);
}

static void
test_filter_nothing (ListFixture  *fixture,
                     gconstpointer data)
{
  g_autoptr (DuplexCaptureView) view = NULL;
  GtkStack                     *stack;

  stack = GTK_STACK (widgets_find_type (GTK_WIDGET (fixture->list), GTK_TYPE_STACK));

  list_fixture_append (fixture, 100);
  view = filter (fixture, "not there");
  duplex_message_list_set_view (fixture->list, view);
  list_fixture_wait_until (fixture, is_filtered, "no match");
  g_assert_cmpstr (gtk_stack_get_visible_child_name (stack), ==, "no-match");
  duplex_message_list_set_view (fixture->list, NULL);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (stack), ==, "messages");
  list_fixture_wait_until (fixture, list_fixture_is_end_shown, "the end");
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

  add ("/app/list-view/bar", test_bar);
  add ("/app/list-view/bar/drag", test_bar_drag);
  add ("/app/list-view/bar/short", test_bar_short);
  add ("/app/list-view/long", test_long);
  add ("/app/list-view/reveal", test_reveal);
  add ("/app/list-view/filter/keeps-place", test_filter_keeps_place);
  add ("/app/list-view/filter/hides-selected", test_filter_hides_selected);
  add ("/app/list-view/filter/follows", test_filter_follows);
  add ("/app/list-view/filter/nothing", test_filter_nothing);

  return g_test_run ();
}
