/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-filter-bar.h"

#include <adwaita.h>

#include "app/duplex-filter-menu.h"
#include "conversation.h"
#include "core/proto/duplex-frame.h"
#include "widgets.h"

typedef struct
{
  DuplexCapture   *capture;
  DuplexFilterBar *bar;
  GtkWidget       *root;
  GtkWidget       *window;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->capture = duplex_capture_new ();
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *text = g_strdup_printf ("Message %u", i);

      conversation_text (fixture->capture,
                         i % 2 == 0 ? DUPLEX_DIRECTION_SENT : DUPLEX_DIRECTION_RECEIVED, text, -1);
    }
  conversation_control (fixture->capture, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_PING, "x", 1, -1);
  duplex_capture_publish (fixture->capture);

  fixture->bar = DUPLEX_FILTER_BAR (duplex_filter_bar_new ());
  fixture->root = GTK_WIDGET (fixture->bar);
  fixture->window = gtk_window_new ();
  gtk_window_set_child (GTK_WINDOW (fixture->window), fixture->root);
  gtk_window_present (GTK_WINDOW (fixture->window));
  duplex_filter_bar_set_capture (fixture->bar, fixture->capture);
  duplex_filter_bar_set_open (fixture->bar, TRUE);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (fixture->bar), (gpointer *)&fixture->bar);
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (fixture->bar);
  g_assert_finalize_object (fixture->capture);
}

static gboolean
is_done (gpointer data)
{
  DuplexCaptureView *view = duplex_filter_bar_get_view (((Fixture *)data)->bar);

  return view != NULL && !duplex_capture_view_get_busy (view);
}

static gboolean
has_no_view (gpointer data)
{
  return duplex_filter_bar_get_view (((Fixture *)data)->bar) == NULL;
}

/* Waits for the search to end, and returns how many match. */
static guint
count (Fixture *fixture)
{
  widgets_wait_until (is_done, fixture, "the end of the search");
  return g_list_model_get_n_items (G_LIST_MODEL (duplex_filter_bar_get_view (fixture->bar)));
}

static void
assert_shown (Fixture    *fixture,
              const char *text)
{
  GtkWidget *label = widgets_find_label (fixture->root, text);

  if (label == NULL || !widgets_is_shown (label, fixture->root))
    g_error ("“%s” is not in the bar", text);
}

static GtkEditable *
get_entry (Fixture *fixture)
{
  return GTK_EDITABLE (widgets_find_type (fixture->root, GTK_TYPE_ENTRY));
}

/* The toggle button with that label. */
static GtkToggleButton *
get_toggle (Fixture    *fixture,
            const char *text)
{
  GtkWidget *label = NULL;

  for (GtkWidget *child = gtk_widget_get_first_child (gtk_widget_get_parent (
         gtk_widget_get_ancestor (widgets_find_label (fixture->root, "Received"),
                                  GTK_TYPE_TOGGLE_BUTTON)));
       child != NULL; child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_TOGGLE_BUTTON (child) &&
        g_strcmp0 (gtk_button_get_label (GTK_BUTTON (child)), text) == 0)
      label = child;

  g_assert_nonnull (label);
  return GTK_TOGGLE_BUTTON (label);
}

static void
test_text (Fixture      *fixture,
           gconstpointer data)
{
  g_autoptr (DuplexRow) row = conversation_get_row (fixture->capture, 12);

  g_assert_null (duplex_filter_bar_get_view (fixture->bar));
  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_TEXT, "message 1");
  g_assert_cmpuint (count (fixture), ==, 11);
  assert_shown (fixture, "11 matches");

  duplex_filter_bar_set_row (fixture->bar, row);
  assert_shown (fixture, "4 of 11");
  duplex_filter_bar_set_row (fixture->bar, NULL);

  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_TEXT, "nothing");
  g_assert_cmpuint (count (fixture), ==, 0);
  assert_shown (fixture, "No matches");

  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_TEXT, "");
  g_assert_null (duplex_filter_bar_get_view (fixture->bar));
}

static void
test_typing (Fixture      *fixture,
             gconstpointer data)
{
  gtk_editable_set_text (get_entry (fixture), "Message 99");
  g_assert_null (duplex_filter_bar_get_view (fixture->bar));
  g_assert_cmpuint (count (fixture), ==, 1);
  gtk_editable_set_text (get_entry (fixture), "");
  widgets_wait_until (has_no_view, fixture, "an empty entry to match nothing");
}

static void
test_case (Fixture      *fixture,
           gconstpointer data)
{
  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_TEXT, "MESSAGE 99");
  g_assert_cmpuint (count (fixture), ==, 1);
  gtk_toggle_button_set_active (
    GTK_TOGGLE_BUTTON (gtk_widget_get_ancestor (widgets_find_label (fixture->root, "Aa"),
                                                GTK_TYPE_TOGGLE_BUTTON)),
    TRUE);
  g_assert_cmpuint (count (fixture), ==, 0);
}

static void
test_regex (Fixture      *fixture,
            gconstpointer data)
{
  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_REGEX, "e [12]$");
  g_assert_cmpuint (count (fixture), ==, 2);
  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_REGEX, "e [12");
  g_assert_nonnull (duplex_filter_bar_get_problem (fixture->bar));
}

/* Half of what is being typed is no reason to forget what was found. */
static void
test_problem (Fixture      *fixture,
              gconstpointer data)
{
  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_EXPRESSION, "sent");
  g_assert_cmpuint (count (fixture), ==, 51);
  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_EXPRESSION, "sent and siz");
  g_assert_true (g_str_has_prefix (duplex_filter_bar_get_problem (fixture->bar), "Character 10: "));
  g_assert_true (gtk_widget_has_css_class (GTK_WIDGET (get_entry (fixture)), "error"));
  gtk_test_accessible_assert_state (get_entry (fixture), GTK_ACCESSIBLE_STATE_INVALID,
                                    GTK_ACCESSIBLE_INVALID_TRUE);
  g_assert_cmpuint (count (fixture), ==, 51);

  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_EXPRESSION, "sent and size > 9");
  g_assert_null (duplex_filter_bar_get_problem (fixture->bar));
  g_assert_false (gtk_widget_has_css_class (GTK_WIDGET (get_entry (fixture)), "error"));
  g_assert_cmpuint (count (fixture), ==, 45);
}

/* The buttons write the expression, and what is typed moves the buttons. */
static void
test_chips (Fixture      *fixture,
            gconstpointer data)
{
  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_TEXT, "1");
  gtk_toggle_button_set_active (get_toggle (fixture, "Received"), TRUE);
  g_assert_cmpstr (gtk_editable_get_text (get_entry (fixture)), ==, "received and \"1\"");
  g_assert_cmpuint (count (fixture), ==, 14);
  gtk_toggle_button_set_active (get_toggle (fixture, "Received"), FALSE);
  g_assert_cmpstr (gtk_editable_get_text (get_entry (fixture)), ==, "\"1\"");

  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_EXPRESSION, "sent and control");
  g_assert_true (gtk_toggle_button_get_active (get_toggle (fixture, "Sent")));
  g_assert_true (gtk_toggle_button_get_active (get_toggle (fixture, "Control")));
  g_assert_false (gtk_toggle_button_get_active (get_toggle (fixture, "Received")));
  g_assert_cmpuint (count (fixture), ==, 1);
}

static DuplexCaptureView *
get_shown (Fixture *fixture)
{
  DuplexCaptureView *view;

  g_object_get (fixture->bar, "shown-view", &view, NULL);
  if (view != NULL)
    g_object_unref (view);
  return view;
}

static void
test_only_matches (Fixture      *fixture,
                   gconstpointer data)
{
  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_TEXT, "1");
  g_assert_nonnull (get_shown (fixture));
  duplex_filter_bar_set_only_matches (fixture->bar, FALSE);
  g_assert_null (get_shown (fixture));
  g_assert_nonnull (duplex_filter_bar_get_view (fixture->bar));

  duplex_filter_bar_set_only_matches (fixture->bar, TRUE);
  duplex_filter_bar_set_open (fixture->bar, FALSE);
  g_assert_null (get_shown (fixture));
  g_assert_null (duplex_filter_bar_get_view (fixture->bar));
  duplex_filter_bar_set_open (fixture->bar, TRUE);
  g_assert_nonnull (get_shown (fixture));
}

static void
test_live (Fixture      *fixture,
           gconstpointer data)
{
  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_TEXT, "new");
  g_assert_cmpuint (count (fixture), ==, 0);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "something new", -1);
  duplex_capture_publish (fixture->capture);
  g_assert_cmpuint (count (fixture), ==, 1);
  assert_shown (fixture, "1 match");
}

/* A bookmark lets its row match at once. */
static void
test_bookmark (Fixture      *fixture,
               gconstpointer data)
{
  g_autoptr (DuplexRow) row = conversation_get_row (fixture->capture, 12);

  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_EXPRESSION, "bookmark");
  g_assert_cmpuint (count (fixture), ==, 0);
  g_assert_true (duplex_capture_set_note (fixture->capture, duplex_row_get_event (row)->number,
                                          TRUE, NULL, NULL));
  g_assert_cmpuint (count (fixture), ==, 1);
  g_assert_true (duplex_capture_set_note (fixture->capture, duplex_row_get_event (row)->number,
                                          FALSE, NULL, NULL));
  g_assert_cmpuint (count (fixture), ==, 0);
}

static DuplexFilterMenu *
get_menu (Fixture *fixture)
{
  return DUPLEX_FILTER_MENU (widgets_find_type (fixture->root, DUPLEX_TYPE_FILTER_MENU));
}

static guint
count_saved (Fixture *fixture)
{
  g_autoptr (GSettings) settings = g_settings_new ("io.github.duplexws.Duplex");
  g_autoptr (GVariant)  saved = g_settings_get_value (settings, "saved-filters");

  return (guint)g_variant_n_children (saved);
}

/* Saved under a name, chosen again, replaced, and removed. */
static void
test_saved (Fixture      *fixture,
            gconstpointer data)
{
  GtkWidget *menu = GTK_WIDGET (get_menu (fixture));
  GtkWidget *list;
  GtkWidget *row;

  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_REGEX, "e 1$");
  gtk_popover_popup (GTK_POPOVER (menu));
  gtk_editable_set_text (GTK_EDITABLE (widgets_find_type (menu, GTK_TYPE_ENTRY)), " First ");
  g_signal_emit_by_name (widgets_find_type (menu, GTK_TYPE_ENTRY), "activate");
  g_assert_cmpuint (count_saved (fixture), ==, 1);
  g_assert_nonnull (widgets_find_label (menu, "First"));
  g_assert_nonnull (widgets_find_label (menu, "/e 1$/i"));

  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_EXPRESSION, "sent");
  gtk_editable_set_text (GTK_EDITABLE (widgets_find_type (menu, GTK_TYPE_ENTRY)), "First");
  g_assert_nonnull (widgets_find_label (menu, "_Replace"));
  g_signal_emit_by_name (widgets_find_type (menu, GTK_TYPE_ENTRY), "activate");
  g_assert_cmpuint (count_saved (fixture), ==, 1);

  duplex_filter_bar_set_query (fixture->bar, DUPLEX_FILTER_MODE_TEXT, "");
  list = widgets_find_type (menu, GTK_TYPE_LIST_BOX);
  row = gtk_widget_get_first_child (list);
  g_signal_emit_by_name (list, "row-activated", row);
  g_assert_cmpstr (gtk_editable_get_text (get_entry (fixture)), ==, "sent");
  g_assert_cmpuint (count (fixture), ==, 51);

  gtk_popover_popup (GTK_POPOVER (menu));
  row = gtk_widget_get_first_child (list);
  g_signal_emit_by_name (widgets_find_type (row, GTK_TYPE_BUTTON), "clicked");
  g_assert_cmpuint (count_saved (fixture), ==, 0);
  gtk_popover_popdown (GTK_POPOVER (menu));
}

/* What fits in one line of a wide window takes more in a narrow one, and is never cut. */
static void
test_narrow (Fixture      *fixture,
             gconstpointer data)
{
  int minimum;
  int wide;
  int narrow;

  gtk_widget_measure (fixture->root, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 360);
  gtk_widget_measure (fixture->root, GTK_ORIENTATION_VERTICAL, 1000, &wide, NULL, NULL, NULL);
  gtk_widget_measure (fixture->root, GTK_ORIENTATION_VERTICAL, 360, &narrow, NULL, NULL, NULL);
  g_assert_cmpint (narrow, >, wide);
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

  add ("/app/filter-bar/text", test_text);
  add ("/app/filter-bar/typing", test_typing);
  add ("/app/filter-bar/case", test_case);
  add ("/app/filter-bar/regex", test_regex);
  add ("/app/filter-bar/problem", test_problem);
  add ("/app/filter-bar/chips", test_chips);
  add ("/app/filter-bar/only-matches", test_only_matches);
  add ("/app/filter-bar/live", test_live);
  add ("/app/filter-bar/bookmark", test_bookmark);
  add ("/app/filter-bar/saved", test_saved);
  add ("/app/filter-bar/narrow", test_narrow);

  return g_test_run ();
}
