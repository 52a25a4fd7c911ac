/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-profile-editor.h"
#include "app/duplex-profile-row.h"
#include "app/duplex-profile-sidebar.h"
#include "shell-support.h"

#include <glib/gstdio.h>

typedef struct
{
  DuplexProfileStore   *store;
  GtkWidget            *window;
  AdwToastOverlay      *toasts;
  DuplexProfileSidebar *sidebar;
  GtkListBox           *list;
} Fixture;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->store = shell_store_new ();
  f->window = gtk_window_new ();
  f->toasts = ADW_TOAST_OVERLAY (adw_toast_overlay_new ());
  f->sidebar = DUPLEX_PROFILE_SIDEBAR (duplex_profile_sidebar_new (f->store));
  f->list = SHELL_CHILD (f->sidebar, DUPLEX_TYPE_PROFILE_SIDEBAR, "list");
  adw_toast_overlay_set_child (f->toasts, GTK_WIDGET (f->sidebar));
  gtk_window_set_child (GTK_WINDOW (f->window), GTK_WIDGET (f->toasts));
  gtk_window_present (GTK_WINDOW (f->window));
  shell_settle ();
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  gtk_window_destroy (GTK_WINDOW (f->window));
  shell_store_free (f->store);
}

static guint
count_rows (Fixture *f)
{
  guint n = 0;

  while (gtk_list_box_get_row_at_index (f->list, n) != NULL)
    n++;
  return n;
}

static const char *
get_row_name (Fixture *f,
              int      i)
{
  GtkListBoxRow *row = gtk_list_box_get_row_at_index (f->list, i);

  g_assert_nonnull (row);
  return duplex_profile_get_name (duplex_profile_row_get_profile (DUPLEX_PROFILE_ROW (row)));
}

static void
select_name (Fixture    *f,
             const char *name)
{
  DuplexProfile *profile = shell_find_profile (f->store, name);

  g_assert_nonnull (profile);
  duplex_profile_sidebar_set_selected (f->sidebar, profile);
  g_assert_true (duplex_profile_sidebar_get_selected (f->sidebar) == profile);
}

static void
activate (Fixture    *f,
          const char *action)
{
  gtk_widget_activate_action (GTK_WIDGET (f->sidebar), action, NULL);
  shell_settle ();
}

static void
test_first_run (Fixture      *f,
                gconstpointer data)
{
  GtkWidget *heading = gtk_list_box_row_get_header (gtk_list_box_get_row_at_index (f->list, 1));

  g_assert_cmpuint (count_rows (f), ==, 4);
  g_assert_cmpstr (get_row_name (f, 0), ==, "Demo");
  g_assert_null (gtk_list_box_row_get_header (gtk_list_box_get_row_at_index (f->list, 0)));
  g_assert_cmpstr (gtk_label_get_label (GTK_LABEL (heading)), ==, "Public test servers");
  g_assert_null (gtk_list_box_row_get_header (gtk_list_box_get_row_at_index (f->list, 2)));
}

static void
test_accessible_name (Fixture      *f,
                      gconstpointer data)
{
  GtkAccessible *row = GTK_ACCESSIBLE (gtk_list_box_get_row_at_index (f->list, 0));

  gtk_test_accessible_assert_property (row, GTK_ACCESSIBLE_PROPERTY_LABEL, "Demo, demo:/echo");
  duplex_profile_set_name (shell_find_profile (f->store, "Demo"), "Test");
  gtk_test_accessible_assert_property (row, GTK_ACCESSIBLE_PROPERTY_LABEL, "Test, demo:/echo");
}

static void
count_open_cb (DuplexProfile **ret_profile,
               DuplexProfile  *profile)
{
  g_assert_null (*ret_profile);
  *ret_profile = profile;
}

static void
test_open (Fixture      *f,
           gconstpointer data)
{
  DuplexProfile *opened = NULL;

  g_signal_connect_swapped (f->sidebar, "open", G_CALLBACK (count_open_cb), &opened);
  select_name (f, "Demo");
  g_assert_null (opened);
  g_signal_emit_by_name (f->list, "row-activated", gtk_list_box_get_selected_row (f->list));
  g_assert_true (opened == shell_find_profile (f->store, "Demo"));
}

static void
test_duplicate (Fixture      *f,
                gconstpointer data)
{
  DuplexProfile *copy;

  select_name (f, "Postman echo");
  activate (f, "profile.duplicate");

  copy = duplex_profile_sidebar_get_selected (f->sidebar);
  g_assert_cmpstr (duplex_profile_get_name (copy), ==, "Postman echo (copy)");
  g_assert_cmpstr (duplex_profile_get_folder (copy), ==, "Public test servers");
  g_assert_cmpstr (duplex_profile_get_url (copy), ==, "wss://ws.postman-echo.com/raw");
  g_assert_cmpuint (count_rows (f), ==, 5);
}

static void
test_delete_and_undo (Fixture      *f,
                      gconstpointer data)
{
  GtkWidget *undo;

  select_name (f, "Demo");
  activate (f, "profile.delete");
  g_assert_null (shell_find_profile (f->store, "Demo"));
  g_assert_cmpuint (count_rows (f), ==, 3);

  undo = shell_find_widget (GTK_WIDGET (f->toasts), GTK_TYPE_BUTTON, "_Undo");
  g_assert_nonnull (undo);
  g_signal_emit_by_name (undo, "clicked");
  shell_settle ();
  g_assert_nonnull (shell_find_profile (f->store, "Demo"));
  g_assert_cmpstr (get_row_name (f, 0), ==, "Demo");
}

static gboolean
is_at (Fixture *f,
       int      i)
{
  GtkListBoxRow *row = gtk_list_box_get_row_at_index (f->list, i);

  return row != NULL && row == gtk_list_box_get_selected_row (f->list) &&
         gtk_window_get_focus (GTK_WINDOW (f->window)) == GTK_WIDGET (row);
}

/* Delete pressed twice takes neighbours, never the first of the list. */
static void
test_delete_goes_on (Fixture      *f,
                     gconstpointer data)
{
  g_autofree char *third = g_strdup (get_row_name (f, 2));
  g_autofree char *last = g_strdup (get_row_name (f, 3));

  select_name (f, third);
  duplex_profile_sidebar_focus_list (f->sidebar);
  g_assert_true (is_at (f, 2));
  activate (f, "profile.delete");
  g_assert_cmpstr (get_row_name (f, 2), ==, last);
  g_assert_true (is_at (f, 2));
  activate (f, "profile.delete");
  g_assert_true (is_at (f, 1));
  activate (f, "profile.delete");
  g_assert_true (is_at (f, 0));
  activate (f, "profile.delete");
  g_assert_cmpuint (count_rows (f), ==, 0);
}

static void
test_delete_escapes_markup (Fixture      *f,
                            gconstpointer data)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new ("a <b> & c", "ws://localhost/");
  g_autoptr (GError)        error = NULL;

  duplex_profile_store_save (f->store, profile, "", &error);
  g_assert_no_error (error);
  duplex_profile_sidebar_set_selected (f->sidebar, profile);
  /* Markup that does not parse is a warning, and warnings are fatal. */
  activate (f, "profile.delete");
  g_assert_cmpuint (count_rows (f), ==, 4);
}

static gboolean
is_one_row (gpointer user_data)
{
  return count_rows (user_data) == 1;
}

static void
test_filter (Fixture      *f,
             gconstpointer data)
{
  GtkWidget     *area = SHELL_CHILD (f->sidebar, DUPLEX_TYPE_PROFILE_SIDEBAR, "search_area");
  GtkEditable   *search = SHELL_CHILD (f->sidebar, DUPLEX_TYPE_PROFILE_SIDEBAR, "search");
  DuplexProfile *opened = NULL;

  g_assert_false (gtk_widget_get_visible (area));
  for (guint i = 0; i < 5; i++)
    {
      g_autofree char          *name = g_strdup_printf ("Server %u", i);
      g_autoptr (DuplexProfile) profile = duplex_profile_new (name, "ws://localhost/");

      g_assert_true (duplex_profile_store_save (f->store, profile, "Many", NULL));
    }
  g_assert_true (gtk_widget_get_visible (area));

  gtk_editable_set_text (search, "SERVER 3");
  shell_wait (is_one_row, f, "one profile that matches");
  g_assert_cmpstr (get_row_name (f, 0), ==, "Server 3");

  gtk_editable_set_text (search, "postman-echo.COM");
  shell_wait (is_one_row, f, "a match in a URL");
  g_signal_connect_swapped (f->sidebar, "open", G_CALLBACK (count_open_cb), &opened);
  g_signal_emit_by_name (search, "activate");
  g_assert_true (opened == shell_find_profile (f->store, "Postman echo"));

  g_signal_emit_by_name (search, "stop-search");
  g_assert_cmpstr (gtk_editable_get_text (search), ==, "");
}

static gboolean
has_broken (gpointer user_data)
{
  return shell_find_profile (user_data, "broken") != NULL;
}

/* The toast that tells why a file cannot be read: a label that wraps, unlike those of rows. */
static GtkWidget *
find_toast (Fixture *f)
{
  GtkWidget *toast =
    shell_find_widget (GTK_WIDGET (f->toasts), g_type_from_name ("AdwToastWidget"), NULL);

  return toast != NULL ? shell_find_widget (toast, GTK_TYPE_LABEL, NULL) : NULL;
}

static void
test_unreadable (Fixture      *f,
                 gconstpointer data)
{
  g_autofree char *path = NULL;
  GtkWidget       *row;

  path = g_build_filename (duplex_profile_store_get_path (f->store), "broken.json", NULL);
  g_assert_true (g_file_set_contents (path, "{ \"name\": ", -1, NULL));
  shell_wait (has_broken, f->store, "the file to be noticed");

  select_name (f, "broken");
  row = gtk_list_box_row_get_child (gtk_list_box_get_selected_row (f->list));
  g_assert_true (
    g_str_has_prefix (gtk_widget_get_tooltip_text (row), "broken.json\nCannot be read: "));

  /* A double click tells all of it. */
  g_assert_null (find_toast (f));
  g_signal_emit_by_name (f->list, "row-activated", gtk_list_box_get_selected_row (f->list));
  g_assert_nonnull (find_toast (f));
  g_assert_cmpstr (gtk_label_get_text (GTK_LABEL (find_toast (f))), ==,
                   gtk_widget_get_tooltip_text (row));

  /* What cannot be read cannot be edited or copied, but it can be thrown away. */
  activate (f, "profile.duplicate");
  activate (f, "profile.edit");
  g_assert_null (shell_find_profile (f->store, "broken (copy)"));
  activate (f, "profile.delete");
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static GtkWindow *
find_editor (void)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *l = windows; l != NULL; l = l->next)
    if (DUPLEX_IS_PROFILE_EDITOR (l->data))
      return l->data;
  return NULL;
}

static void
test_new_and_edit (Fixture      *f,
                   gconstpointer data)
{
  GtkWindow *editor;

  activate (f, "profile.new");
  editor = find_editor ();
  g_assert_nonnull (editor);
  g_assert_cmpstr (gtk_window_get_title (editor), ==, "New Profile");
  gtk_editable_set_text (SHELL_CHILD (editor, DUPLEX_TYPE_PROFILE_EDITOR, "url_row"),
                         "ws://localhost:9000/");
  gtk_widget_activate_action (GTK_WIDGET (editor), "editor.save", NULL);
  shell_settle ();
  g_assert_null (find_editor ());
  g_assert_cmpstr (duplex_profile_get_name (duplex_profile_sidebar_get_selected (f->sidebar)), ==,
                   "localhost:9000");
  g_assert_true (is_at (f, 0) || is_at (f, 1));

  activate (f, "profile.edit");
  editor = find_editor ();
  g_assert_cmpstr (gtk_window_get_title (editor), ==, "Edit Profile");
  gtk_window_close (editor);
  shell_settle ();
  g_assert_null (find_editor ());
}

#define ADD(name, test) \
  g_test_add ("/app/profile-sidebar/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int    argc,
      char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

  ADD ("first-run", test_first_run);
  ADD ("accessible-name", test_accessible_name);
  ADD ("open", test_open);
  ADD ("duplicate", test_duplicate);
  ADD ("delete-and-undo", test_delete_and_undo);
  ADD ("delete-goes-on", test_delete_goes_on);
  ADD ("delete-escapes-markup", test_delete_escapes_markup);
  ADD ("filter", test_filter);
  ADD ("unreadable", test_unreadable);
  ADD ("new-and-edit", test_new_and_edit);

  return g_test_run ();
}
