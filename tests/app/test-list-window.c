/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-list-window.h"

#include "app/duplex-list-closures.h"

/* A mirror that is kept by the window's items-changed alone: what a list view believes. */
typedef struct
{
  GtkStringList    *model;
  DuplexListWindow *window;
  GPtrArray        *mirror;
  guint             n_changes;
} Fixture;

static void
items_changed_cb (GListModel *list,
                  guint       position,
                  guint       removed,
                  guint       added,
                  Fixture    *fixture)
{
  g_assert_cmpuint (position + removed, <=, fixture->mirror->len);
  if (removed > 0)
    g_ptr_array_remove_range (fixture->mirror, position, removed);
  for (guint i = 0; i < added; i++)
    g_ptr_array_insert (fixture->mirror, (int)(position + i),
                        g_list_model_get_item (list, position + i));

  fixture->n_changes++;
  g_assert_cmpuint (fixture->mirror->len, ==, g_list_model_get_n_items (list));
}

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->model = gtk_string_list_new (NULL);
  fixture->window = duplex_list_window_new ();
  fixture->mirror = g_ptr_array_new_with_free_func (g_object_unref);
  g_signal_connect (fixture->window, "items-changed", G_CALLBACK (items_changed_cb), fixture);
  duplex_list_window_set_tail (fixture->window, 5);
  duplex_list_window_set_max (fixture->window, 20);
  duplex_list_window_set_model (fixture->window, G_LIST_MODEL (fixture->model));
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_ptr_array_unref (fixture->mirror);
  g_assert_finalize_object (fixture->window);
  g_assert_finalize_object (fixture->model);
}

/* Appends n items, named after their positions. */
static void
append (Fixture *fixture,
        guint    n)
{
  guint                 start = g_list_model_get_n_items (G_LIST_MODEL (fixture->model));
  g_autoptr (GPtrArray) strings = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (strings, g_strdup_printf ("%u", start + i));
  g_ptr_array_add (strings, NULL);
  gtk_string_list_splice (fixture->model, start, 0, (const char *const *)strings->pdata);
}

/* The mirror holds the items from first up to end. */
static void
assert_shows (Fixture *fixture,
              guint    first,
              guint    end)
{
  g_assert_cmpuint (fixture->mirror->len, ==, end - first);
  for (guint i = 0; i < fixture->mirror->len; i++)
    {
      g_autofree char *expected = g_strdup_printf ("%u", first + i);

      g_assert_cmpstr (gtk_string_object_get_string (g_ptr_array_index (fixture->mirror, i)), ==,
                       expected);
    }
  if (end > first)
    g_assert_cmpuint (duplex_list_window_get_start (fixture->window), ==, first);
}

static void
assert_selected (Fixture    *fixture,
                 const char *expected)
{
  GtkStringObject *item = duplex_list_window_get_selected_item (fixture->window);

  g_assert_cmpstr (item != NULL ? gtk_string_object_get_string (item) : NULL, ==, expected);
}

static guint
get_n_below (Fixture *fixture)
{
  guint n_below;

  g_object_get (fixture->window, "n-below", &n_below, NULL);
  return n_below;
}

static void
test_follow (Fixture      *fixture,
             gconstpointer data)
{
  assert_shows (fixture, 0, 0);
  append (fixture, 3);
  assert_shows (fixture, 0, 3);
  append (fixture, 4);
  assert_shows (fixture, 2, 7);
  append (fixture, 1);
  assert_shows (fixture, 3, 8);
  append (fixture, 100);
  assert_shows (fixture, 103, 108);
  g_assert_cmpuint (get_n_below (fixture), ==, 0);
}

/* A batch is one change, or two where some rows stay. */
static void
test_follow_changes (Fixture      *fixture,
                     gconstpointer data)
{
  append (fixture, 10);
  fixture->n_changes = 0;
  append (fixture, 1000);
  g_assert_cmpuint (fixture->n_changes, ==, 1);
  append (fixture, 2);
  g_assert_cmpuint (fixture->n_changes, ==, 3);
}

/* What is on screen while following ends stays; the rest comes around it. */
static void
test_grow (Fixture      *fixture,
           gconstpointer data)
{
  append (fixture, 15);
  duplex_list_window_set_following (fixture->window, FALSE);
  assert_shows (fixture, 10, 15);
  append (fixture, 2);
  assert_shows (fixture, 10, 15);
  g_assert_true (duplex_list_window_reaches_end (fixture->window));
  g_assert_true (duplex_list_window_grow (fixture->window, 1));
  assert_shows (fixture, 9, 16);
  g_assert_true (duplex_list_window_grow (fixture->window, 1));
  assert_shows (fixture, 8, 17);
  g_assert_false (duplex_list_window_grow (fixture->window, G_MAXUINT));
  assert_shows (fixture, 0, 17);
  g_assert_cmpuint (get_n_below (fixture), ==, 2);
}

static void
test_grow_bound (Fixture      *fixture,
                 gconstpointer data)
{
  append (fixture, 50);
  duplex_list_window_set_following (fixture->window, FALSE);
  g_assert_false (duplex_list_window_grow (fixture->window, G_MAXUINT));
  assert_shows (fixture, 30, 50);
  append (fixture, 50);
  g_assert_false (duplex_list_window_grow (fixture->window, G_MAXUINT));
  assert_shows (fixture, 30, 50);
  g_assert_cmpuint (get_n_below (fixture), ==, 50);
  g_assert_false (duplex_list_window_reaches_end (fixture->window));
  duplex_list_window_show (fixture->window, 99, GTK_INVALID_LIST_POSITION);
  g_assert_true (duplex_list_window_reaches_end (fixture->window));
}

static void
test_follow_again (Fixture      *fixture,
                   gconstpointer data)
{
  append (fixture, 15);
  duplex_list_window_set_following (fixture->window, FALSE);
  duplex_list_window_grow (fixture->window, G_MAXUINT);
  append (fixture, 1);
  duplex_list_window_set_following (fixture->window, TRUE);
  assert_shows (fixture, 11, 16);
  g_assert_cmpuint (get_n_below (fixture), ==, 0);
  g_assert_false (duplex_list_window_grow (fixture->window, G_MAXUINT));
  assert_shows (fixture, 11, 16);
}

static void
test_show (Fixture      *fixture,
           gconstpointer data)
{
  append (fixture, 100);
  duplex_list_window_show (fixture->window, 0, GTK_INVALID_LIST_POSITION);
  assert_shows (fixture, 95, 100);
  duplex_list_window_set_following (fixture->window, FALSE);
  duplex_list_window_show (fixture->window, 0, GTK_INVALID_LIST_POSITION);
  assert_shows (fixture, 0, 20);
  duplex_list_window_show (fixture->window, 18, GTK_INVALID_LIST_POSITION);
  assert_shows (fixture, 8, 28);

  /* Nothing comes with what goes: a list view would look for the ones among the others. */
  fixture->n_changes = 0;
  duplex_list_window_show (fixture->window, 99, GTK_INVALID_LIST_POSITION);
  assert_shows (fixture, 80, 100);
  g_assert_cmpuint (fixture->n_changes, ==, 2);
}

/* Up to the boundary all items stay, where it stays; else all are new. */
static void
test_show_boundary (Fixture      *fixture,
                    gconstpointer data)
{
  gpointer kept;

  append (fixture, 100);
  duplex_list_window_set_following (fixture->window, FALSE);
  duplex_list_window_show (fixture->window, 60, GTK_INVALID_LIST_POSITION);
  assert_shows (fixture, 50, 70);

  kept = g_ptr_array_index (fixture->mirror, 7);
  fixture->n_changes = 0;
  duplex_list_window_show (fixture->window, 55, 58);
  assert_shows (fixture, 45, 65);
  g_assert_cmpuint (fixture->n_changes, ==, 3);
  g_assert_true (g_ptr_array_index (fixture->mirror, 12) == kept);

  fixture->n_changes = 0;
  duplex_list_window_show (fixture->window, 50, 63);
  assert_shows (fixture, 40, 60);
  g_assert_cmpuint (fixture->n_changes, ==, 2);
  duplex_list_window_show (fixture->window, 10, 41);
  assert_shows (fixture, 0, 20);
}

/* The items around one, and then as many at each end as there is room for. */
static void
test_show_near (Fixture      *fixture,
                gconstpointer data)
{
  append (fixture, 100);
  duplex_list_window_show_near (fixture->window, 50, 2);
  assert_shows (fixture, 95, 100);
  duplex_list_window_set_following (fixture->window, FALSE);
  duplex_list_window_show_near (fixture->window, 50, 2);
  assert_shows (fixture, 48, 53);
  g_assert_true (duplex_list_window_grow (fixture->window, 3));
  assert_shows (fixture, 45, 56);
  g_assert_false (duplex_list_window_grow (fixture->window, G_MAXUINT));
  assert_shows (fixture, 41, 61);

  duplex_list_window_show_near (fixture->window, 1, 2);
  assert_shows (fixture, 0, 4);
  g_assert_false (duplex_list_window_grow (fixture->window, G_MAXUINT));
  assert_shows (fixture, 0, 20);
  duplex_list_window_show_near (fixture->window, 98, 2);
  assert_shows (fixture, 96, 100);
  g_assert_false (duplex_list_window_grow (fixture->window, G_MAXUINT));
  assert_shows (fixture, 80, 100);
  duplex_list_window_show_near (fixture->window, 100, 2);
  assert_shows (fixture, 80, 100);
}

/* All of a short list. */
static void
test_show_short (Fixture      *fixture,
                 gconstpointer data)
{
  append (fixture, 12);
  duplex_list_window_set_following (fixture->window, FALSE);
  duplex_list_window_show (fixture->window, 0, GTK_INVALID_LIST_POSITION);
  assert_shows (fixture, 0, 12);
}

static void
test_tail (Fixture      *fixture,
           gconstpointer data)
{
  append (fixture, 50);
  duplex_list_window_set_tail (fixture->window, 8);
  assert_shows (fixture, 42, 50);
  duplex_list_window_set_tail (fixture->window, 3);
  assert_shows (fixture, 42, 50);
  append (fixture, 1);
  assert_shows (fixture, 48, 51);
}

static void
test_clear (Fixture      *fixture,
            gconstpointer data)
{
  append (fixture, 50);
  duplex_list_window_set_selected (fixture->window, 49);
  duplex_list_window_set_following (fixture->window, FALSE);
  gtk_string_list_splice (fixture->model, 0, 50, NULL);
  assert_shows (fixture, 0, 0);
  assert_selected (fixture, NULL);
  g_assert_true (duplex_list_window_get_following (fixture->window));
  append (fixture, 7);
  assert_shows (fixture, 2, 7);
}

static void
test_no_model (Fixture      *fixture,
               gconstpointer data)
{
  append (fixture, 5);
  duplex_list_window_set_model (fixture->window, NULL);
  assert_shows (fixture, 0, 0);
  g_assert_cmpuint (duplex_list_window_get_total (fixture->window), ==, 0);
  append (fixture, 5);
  assert_shows (fixture, 0, 0);
}

/* The selection is of the item, wherever the window is. */
static void
test_selection (Fixture      *fixture,
                gconstpointer data)
{
  GtkSelectionModel *selection = GTK_SELECTION_MODEL (fixture->window);

  append (fixture, 10);
  gtk_selection_model_select_item (selection, 1, TRUE);
  assert_selected (fixture, "6");
  g_assert_cmpuint (duplex_list_window_get_selected (fixture->window), ==, 6);
  g_assert_true (gtk_selection_model_is_selected (selection, 1));

  append (fixture, 1);
  g_assert_true (gtk_selection_model_is_selected (selection, 0));
  append (fixture, 100);
  assert_selected (fixture, "6");
  for (guint i = 0; i < 5; i++)
    g_assert_false (gtk_selection_model_is_selected (selection, i));

  duplex_list_window_set_following (fixture->window, FALSE);
  duplex_list_window_show (fixture->window, 6, GTK_INVALID_LIST_POSITION);
  g_assert_true (gtk_selection_model_is_selected (selection, 6));
  gtk_selection_model_unselect_item (selection, 6);
  assert_selected (fixture, NULL);
}

static void
test_selection_set (Fixture      *fixture,
                    gconstpointer data)
{
  GtkSelectionModel    *selection = GTK_SELECTION_MODEL (fixture->window);
  g_autoptr (GtkBitset) set = NULL;

  append (fixture, 10);
  duplex_list_window_set_selected (fixture->window, 2);
  set = gtk_selection_model_get_selection (selection);
  g_assert_true (gtk_bitset_is_empty (set));
  g_clear_pointer (&set, gtk_bitset_unref);

  duplex_list_window_set_selected (fixture->window, 7);
  set = gtk_selection_model_get_selection (selection);
  g_assert_cmpuint (gtk_bitset_get_size (set), ==, 1);
  g_assert_true (gtk_bitset_contains (set, 2));

  duplex_list_window_set_selected (fixture->window, 10);
  g_assert_cmpuint (duplex_list_window_get_selected (fixture->window), ==,
                    GTK_INVALID_LIST_POSITION);
}

static void
test_closures (void)
{
  g_autofree char *none = duplex_closure_new_messages (NULL, 0);
  g_autofree char *one = duplex_closure_new_messages (NULL, 1);

  g_assert_cmpstr (none, ==, "Latest");
  g_assert_cmpstr (one, ==, "1 new");
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
  g_test_init (&argc, &argv, NULL);

  add ("/app/list-window/follow", test_follow);
  add ("/app/list-window/follow/changes", test_follow_changes);
  add ("/app/list-window/follow/again", test_follow_again);
  add ("/app/list-window/grow", test_grow);
  add ("/app/list-window/grow/bound", test_grow_bound);
  add ("/app/list-window/show", test_show);
  add ("/app/list-window/show/boundary", test_show_boundary);
  add ("/app/list-window/show/near", test_show_near);
  add ("/app/list-window/show/short", test_show_short);
  add ("/app/list-window/tail", test_tail);
  add ("/app/list-window/clear", test_clear);
  add ("/app/list-window/no-model", test_no_model);
  add ("/app/list-window/selection", test_selection);
  add ("/app/list-window/selection/set", test_selection_set);
  g_test_add_func ("/app/list-closures", test_closures);

  return g_test_run ();
}
