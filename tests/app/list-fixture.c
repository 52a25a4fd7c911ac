/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "list-fixture.h"

#include <math.h>

#include "app/duplex-message-row.h"
#include "conversation.h"
#include "widgets.h"

void
list_fixture_set_up (ListFixture  *fixture,
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

void
list_fixture_tear_down (ListFixture  *fixture,
                        gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (fixture->list), (gpointer *)&fixture->list);
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (fixture->list);
  g_assert_finalize_object (fixture->capture);
}

void
list_fixture_append (ListFixture *fixture,
                     guint        n)
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

typedef gboolean (*Condition) (ListFixture *fixture);

/* Turns the main loop, frames included, until condition holds. */
void
list_fixture_wait_until (ListFixture *fixture,
                         gboolean (*condition) (ListFixture *fixture),
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

void
list_fixture_wait_frames (ListFixture *fixture,
                          guint        n)
{
  guint left = n;

  gtk_widget_add_tick_callback (fixture->window, count_frame_cb, &left, NULL);
  while (left > 0)
    g_main_context_iteration (NULL, TRUE);
}

guint
list_fixture_count_shown (ListFixture *fixture)
{
  return g_list_model_get_n_items (G_LIST_MODEL (gtk_list_view_get_model (fixture->view)));
}

/* Walks the rows that have a widget. Where position is not invalid, tells where that row is. */
gint64
list_fixture_find_last_visible (ListFixture *fixture,
                                guint        position,
                                float       *ret_y)
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

gboolean
list_fixture_is_end_shown (ListFixture *fixture)
{
  guint n_rows = g_list_model_get_n_items (G_LIST_MODEL (fixture->capture));

  return n_rows > 0 && list_fixture_find_last_visible (fixture, GTK_INVALID_LIST_POSITION, NULL) ==
                         n_rows - 1;
}

gboolean
list_fixture_is_all_counted (ListFixture *fixture)
{
  return list_fixture_count_shown (fixture) ==
         g_list_model_get_n_items (G_LIST_MODEL (fixture->capture));
}

float
list_fixture_get_y (ListFixture *fixture,
                    guint        position)
{
  float y = NAN;

  list_fixture_find_last_visible (fixture, position, &y);
  return y;
}

/* As the wheel does. */
void
list_fixture_scroll_by (ListFixture *fixture,
                        double       pixels)
{
  gtk_adjustment_set_value (fixture->adjustment,
                            gtk_adjustment_get_value (fixture->adjustment) + pixels);
}
