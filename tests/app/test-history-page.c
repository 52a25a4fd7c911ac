/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-history-page.h"

#include <glib/gstdio.h>
#include <string.h>

#include "app/duplex-history-progress.h"
#include "app/duplex-history-rename.h"
#include "app/duplex-history-row.h"
#include "app/duplex-preferences.h"
#include "app/duplex-settings.h"
#include "duplex-history-support.h"
#include "shell-support.h"

typedef struct
{
  char              *folder;
  DuplexHistory     *history;
  GtkWindow         *window;
  DuplexHistoryPage *page;
  GtkStack          *stack;
  GListModel        *rows;
  char              *opened; /* path */
} Fixture;

static void
write_session (Fixture                 *f,
               const char              *name,
               const DuplexTestSession *session)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);

  duplex_test_write_session (path, session);
}

static void
opened_cb (Fixture    *f,
           const char *path)
{
  g_free (f->opened);
  f->opened = g_strdup (path);
}

static gboolean
is_loaded (gpointer user_data)
{
  return !duplex_history_is_loading (((Fixture *)user_data)->history);
}

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  g_autofree char *top = g_dir_make_tmp ("duplex-test-XXXXXX", NULL);

  f->folder = g_build_filename (top, "captures", NULL);
  g_assert_cmpint (g_mkdir (f->folder, 0700), ==, 0);
  f->history = duplex_history_new (f->folder);
}

/* The page in a window, as soon as it has listed what is in the folder. */
static void
open_page (Fixture *f)
{
  GtkWidget *overlay = adw_toast_overlay_new ();

  f->page = DUPLEX_HISTORY_PAGE (duplex_history_page_new (f->history));
  g_object_set (f->page, "budget", (guint64)1 << 31, NULL);
  g_signal_connect_swapped (f->page, "open", G_CALLBACK (opened_cb), f);
  adw_toast_overlay_set_child (ADW_TOAST_OVERLAY (overlay), GTK_WIDGET (f->page));
  f->window = GTK_WINDOW (adw_window_new ());
  adw_window_set_content (ADW_WINDOW (f->window), overlay);
  gtk_window_set_default_size (f->window, 800, 600);
  gtk_window_present (f->window);
  f->stack = SHELL_CHILD (f->page, DUPLEX_TYPE_HISTORY_PAGE, "stack");
  f->rows = G_LIST_MODEL (
    gtk_list_view_get_model (SHELL_CHILD (f->page, DUPLEX_TYPE_HISTORY_PAGE, "view")));
  shell_wait (is_loaded, f, "the sessions to be listed");
  shell_settle ();
}

static gboolean
is_gone (gpointer user_data)
{
  return *(gpointer *)user_data == NULL;
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_autofree char *top = g_path_get_dirname (f->folder);
  gpointer         history = f->history;

  if (f->window != NULL)
    gtk_window_destroy (f->window);
  g_object_add_weak_pointer (G_OBJECT (f->history), &history);
  g_object_unref (f->history);
  shell_wait (is_gone, &history, "the history to end");
  shell_remove_tree (top);
  g_free (f->folder);
  g_free (f->opened);
}

static void
activate (Fixture    *f,
          const char *action)
{
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f->page), action, NULL));
  shell_settle ();
}

static void
assert_page (Fixture    *f,
             const char *name)
{
  g_assert_cmpstr (gtk_stack_get_visible_child_name (f->stack), ==, name);
}

static char *
dup_name (Fixture *f,
          guint    position)
{
  g_autoptr (DuplexHistoryEntry) entry = g_list_model_get_item (f->rows, position);

  return entry != NULL ? g_strdup (duplex_history_entry_get_name (entry)) : NULL;
}

static void
assert_name (Fixture    *f,
             guint       position,
             const char *expected)
{
  g_autofree char *name = dup_name (f, position);

  g_assert_cmpstr (name, ==, expected);
}

static void
write_three (Fixture *f)
{
  write_session (f, "a.duplex",
                 &(DuplexTestSession){ .title = "First", .profile = "Zoo", .ballast = 900000 });
  write_session (
    f, "b.duplex",
    &(DuplexTestSession){ .profile = "Second", .url = "ws://localhost/", .code = 1000 });
  write_session (f, "c.duplex", &(DuplexTestSession){ .title = "Third", .profile = "Aviary" });
}

static void
test_empty (Fixture      *f,
            gconstpointer data)
{
  open_page (f);
  assert_page (f, "empty");
  g_assert_null (duplex_history_page_get_selected (f->page));
  g_assert_null (shell_find_widget (GTK_WIDGET (f->page), GTK_TYPE_BUTTON, "_Preferences"));
  g_object_set (f->page, "recording", FALSE, NULL);
  g_assert_nonnull (
    shell_find_widget (GTK_WIDGET (f->page), GTK_TYPE_LABEL, "Recording is switched off"));
}

static void
test_folder_that_cannot_be_read (Fixture      *f,
                                 gconstpointer data)
{
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_assert_true (g_file_set_contents (f->folder, "", 0, NULL));
  open_page (f);
  assert_page (f, "empty");
  shell_wait_for_label (GTK_WIDGET (f->window), "The Sessions Cannot Be Listed");
}

static void
test_rows (Fixture      *f,
           gconstpointer data)
{
  write_three (f);
  open_page (f);
  assert_page (f, "list");
  assert_name (f, 0, "Third");
  assert_name (f, 1, "Second");
  assert_name (f, 2, "First");
  shell_wait_for_label (GTK_WIDGET (f->window), "ws://localhost/");
  g_assert_nonnull (shell_find_widget (GTK_WIDGET (f->page), DUPLEX_TYPE_HISTORY_ROW, NULL));
}

static void
test_search (Fixture      *f,
             gconstpointer data)
{
  GtkEditable *search;

  write_three (f);
  open_page (f);
  activate (f, "history.search");
  search = SHELL_CHILD (f->page, DUPLEX_TYPE_HISTORY_PAGE, "search");
  g_signal_emit_by_name (search, "search-changed");
  gtk_editable_set_text (search, "LOCALHOST");
  g_signal_emit_by_name (search, "search-changed");
  g_assert_cmpuint (g_list_model_get_n_items (f->rows), ==, 1);
  assert_name (f, 0, "Second");
  g_signal_emit_by_name (search, "activate");
  g_assert_true (g_str_has_suffix (f->opened, "/b.duplex"));

  gtk_editable_set_text (search, "nothing like this");
  g_signal_emit_by_name (search, "search-changed");
  assert_page (f, "nothing");
  gtk_editable_set_text (search, "");
  g_signal_emit_by_name (search, "search-changed");
  assert_page (f, "list");
}

static void
test_sort (Fixture      *f,
           gconstpointer data)
{
  static const struct
  {
    const char *sort;
    const char *first;
  } cases[] = {
    { "oldest", "First" }, { "largest", "First" }, { "profile", "Third" }, { "newest", "Third" }
  };

  write_three (f);
  open_page (f);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_object_set (f->page, "sort", cases[i].sort, NULL);
      assert_name (f, 0, cases[i].first);
    }
}

static void
test_unreadable_is_not_opened (Fixture      *f,
                               gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "strange.duplex", NULL);

  g_assert_true (g_file_set_contents (path, "this is no capture", -1, NULL));
  open_page (f);
  assert_name (f, 0, "strange");
  activate (f, "history.open");
  g_assert_null (f->opened);
  g_assert_false (gtk_widget_activate_action (GTK_WIDGET (f->page), "no.such-action", NULL));
}

static gboolean
is_renamed (gpointer user_data)
{
  g_autofree char *name = dup_name (user_data, 0);

  return g_strcmp0 (name, "A better name") == 0;
}

static GtkWindow *
find_dialog (GType type)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *l = windows; l != NULL; l = l->next)
    if (G_TYPE_CHECK_INSTANCE_TYPE (l->data, type))
      return l->data;
  return NULL;
}

static gboolean
has_no_dialog (gpointer user_data)
{
  return find_dialog (DUPLEX_TYPE_HISTORY_RENAME) == NULL;
}

static void
test_rename (Fixture      *f,
             gconstpointer data)
{
  GtkWindow   *dialog;
  GtkEditable *entry;

  write_three (f);
  open_page (f);
  activate (f, "history.rename");
  dialog = find_dialog (DUPLEX_TYPE_HISTORY_RENAME);
  g_assert_nonnull (dialog);
  entry = SHELL_CHILD (dialog, DUPLEX_TYPE_HISTORY_RENAME, "entry_row");
  g_assert_cmpstr (gtk_editable_get_text (entry), ==, "Third");
  gtk_editable_set_text (entry, "  A better name ");
  gtk_widget_activate_action (GTK_WIDGET (dialog), "rename.save", NULL);
  shell_wait (is_renamed, f, "the new name");
  shell_wait (has_no_dialog, NULL, "the dialog to close");
}

/* What keeps a title from being written is said where it was typed. */
static void
test_rename_fails (Fixture      *f,
                   gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "c.duplex", NULL);
  GtkWindow       *dialog;
  gpointer         problem;

  write_three (f);
  open_page (f);
  activate (f, "history.rename");
  dialog = find_dialog (DUPLEX_TYPE_HISTORY_RENAME);
  g_assert_cmpint (g_unlink (path), ==, 0);
  gtk_widget_activate_action (GTK_WIDGET (dialog), "rename.save", NULL);
  problem = SHELL_CHILD (dialog, DUPLEX_TYPE_HISTORY_RENAME, "problem");
  shell_wait ((ShellCondition)gtk_widget_get_visible, problem, "what went wrong");
  g_assert_true (
    g_str_has_prefix (gtk_label_get_label (GTK_LABEL (problem)), "There is no such file"));
  gtk_window_close (dialog);
}

static void
press_toast_button (Fixture *f)
{
  GtkWidget *button = shell_find_widget (GTK_WIDGET (f->window), GTK_TYPE_BUTTON, "_Undo");

  g_assert_nonnull (button);
  g_signal_emit_by_name (button, "clicked");
  shell_settle ();
}

static void
test_delete_and_undo (Fixture      *f,
                      gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "c.duplex", NULL);

  write_three (f);
  open_page (f);
  activate (f, "history.delete");
  g_assert_cmpuint (g_list_model_get_n_items (f->rows), ==, 2);
  shell_wait_for_label (GTK_WIDGET (f->window), "“Third” deleted");
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  /* The next one is selected, and one toast is for both. */
  assert_name (f, 0, "Second");
  activate (f, "history.delete");
  shell_wait_for_label (GTK_WIDGET (f->window), "2 sessions deleted");
  g_assert_cmpuint (g_list_model_get_n_items (f->rows), ==, 1);

  press_toast_button (f);
  g_assert_cmpuint (g_list_model_get_n_items (f->rows), ==, 3);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  assert_name (f, 0, "Third");
}

static gboolean
has_no_files (gpointer user_data)
{
  Fixture         *f = user_data;
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);

  return g_dir_read_name (dir) == NULL;
}

/* The last thing on a toast is what closes it. */
static void
close_toast (Fixture *f)
{
  GtkWidget *toast =
    shell_find_widget (GTK_WIDGET (f->window), g_type_from_name ("AdwToastWidget"), NULL);
  GtkWidget *button = gtk_widget_get_last_child (toast);

  g_assert_true (GTK_IS_BUTTON (button));
  g_signal_emit_by_name (button, "clicked");
}

static void
test_delete_for_good (Fixture      *f,
                      gconstpointer data)
{
  write_session (f, "a.duplex", &(DuplexTestSession){ .title = "First" });
  open_page (f);
  activate (f, "history.delete");
  assert_page (f, "empty");
  g_assert_false (has_no_files (f));
  /* As its time would end it. */
  shell_wait_for_label (GTK_WIDGET (f->window), "“First” deleted");
  close_toast (f);
  shell_wait (has_no_files, f, "the file to be removed");
}

static gboolean
is_idle (gpointer user_data)
{
  return !duplex_history_progress_is_busy (user_data);
}

static void
test_export (Fixture      *f,
             gconstpointer data)
{
  g_autofree char       *path = g_build_filename (f->folder, "out.jsonl", NULL);
  g_autoptr (GFile)      target = g_file_new_for_path (path);
  DuplexHistoryProgress *progress;

  write_three (f);
  open_page (f);
  progress = SHELL_CHILD (f->page, DUPLEX_TYPE_HISTORY_PAGE, "progress");
  duplex_history_progress_export (progress, duplex_history_page_get_selected (f->page),
                                  DUPLEX_HISTORY_EXPORT_JSONL, target);
  g_assert_true (duplex_history_progress_is_busy (progress));
  shell_wait (is_idle, progress, "the export");
  shell_wait_for_label (GTK_WIDGET (f->window), "Exported to “out.jsonl”");
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_export_is_given_up (Fixture      *f,
                         gconstpointer data)
{
  g_autofree char       *path = g_build_filename (f->folder, "out.duplex", NULL);
  g_autoptr (GFile)      target = g_file_new_for_path (path);
  DuplexHistoryProgress *progress;

  write_three (f);
  open_page (f);
  progress = SHELL_CHILD (f->page, DUPLEX_TYPE_HISTORY_PAGE, "progress");
  duplex_history_progress_export (progress, duplex_history_page_get_selected (f->page),
                                  DUPLEX_HISTORY_EXPORT_JSONL, target);
  duplex_history_progress_cancel (progress);
  shell_wait (is_idle, progress, "the export to be given up");
  shell_wait_for_label (GTK_WIDGET (f->window), "Export cancelled");
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_preferences (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (GSettings) settings = duplex_settings_new ();
  DuplexPreferences    *dialog;
  GtkAdjustment        *budget;

  write_three (f);
  open_page (f);
  g_assert_true (duplex_settings_get_record (settings));
  g_assert_false (duplex_settings_get_record_secrets (settings));
  g_assert_cmpuint (duplex_settings_get_budget (settings), ==, (guint64)1 << 31);
  g_assert_cmpuint (duplex_settings_get_budget (NULL), ==, (guint64)1 << 31);

  dialog = duplex_preferences_new (f->window, settings, f->history);
  gtk_window_present (GTK_WINDOW (dialog));
  shell_settle ();
  budget = SHELL_CHILD (dialog, DUPLEX_TYPE_PREFERENCES, "budget");
  g_assert_cmpfloat (gtk_adjustment_get_value (budget), ==, 2.0);
  gtk_adjustment_set_value (budget, 0.5);
  g_assert_cmpuint (duplex_settings_get_budget (settings), ==, (guint64)1 << 29);
  gtk_switch_set_active (SHELL_CHILD (dialog, DUPLEX_TYPE_PREFERENCES, "record_switch"), FALSE);
  g_assert_false (duplex_settings_get_record (settings));

  g_settings_reset (settings, "capture-budget");
  g_settings_reset (settings, "record");
  gtk_window_destroy (GTK_WINDOW (dialog));
}

#define ADD(name, test) \
  g_test_add ("/app/history-page/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int    argc,
      char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

  ADD ("empty", test_empty);
  ADD ("folder-that-cannot-be-read", test_folder_that_cannot_be_read);
  ADD ("rows", test_rows);
  ADD ("search", test_search);
  ADD ("sort", test_sort);
  ADD ("unreadable-is-not-opened", test_unreadable_is_not_opened);
  ADD ("rename", test_rename);
  ADD ("rename-fails", test_rename_fails);
  ADD ("delete-and-undo", test_delete_and_undo);
  ADD ("delete-for-good", test_delete_for_good);
  ADD ("export", test_export);
  ADD ("export-is-given-up", test_export_is_given_up);
  ADD ("preferences", test_preferences);

  return g_test_run ();
}
