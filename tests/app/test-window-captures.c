/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* memmem() */

/* What the window does with captures: records, keeps the budget, opens what is stored. */
#include "app/duplex-window.h"

#include <string.h>

#include "app/duplex-history-page.h"
#include "app/duplex-preferences.h"
#include "app/duplex-session-tab.h"
#include "app/duplex-settings.h"
#include "duplex-history-support.h"
#include "shell-support.h"

/* One for all tests: what it exports on the bus goes only with the process. */
static GtkApplication *application;

typedef struct
{
  DuplexProfileStore *store;
  GSettings          *settings;
  char               *folder;
  DuplexHistory      *history;
  DuplexWindow       *window;
  AdwTabView         *tabs;
  GtkStack           *stack;
  const char         *text; /* of what is waited for */
} Fixture;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  g_autofree char *top = NULL;

  f->store = shell_store_new ();
  top = g_path_get_dirname (duplex_profile_store_get_path (f->store));
  f->folder = g_build_filename (top, "captures", NULL);
  f->settings = duplex_settings_new ();
  f->history = duplex_history_new (f->folder);
  f->window = duplex_window_new (application, f->store, f->settings);
  duplex_window_set_history (f->window, f->history);
  f->tabs = SHELL_CHILD (f->window, DUPLEX_TYPE_WINDOW, "tabs");
  f->stack = SHELL_CHILD (f->window, DUPLEX_TYPE_WINDOW, "main_stack");
  gtk_window_present (GTK_WINDOW (f->window));
  shell_settle ();
}

static gboolean
has_no_windows (gpointer user_data)
{
  return gtk_application_get_windows (user_data) == NULL;
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
  gpointer history = f->history;

  gtk_window_close (GTK_WINDOW (f->window));
  shell_wait (has_no_windows, application, "the window to close");
  g_object_add_weak_pointer (G_OBJECT (f->history), &history);
  g_object_unref (f->history);
  shell_wait (is_gone, &history, "the history to end");
  shell_store_free (f->store);
  g_settings_reset (f->settings, "record");
  g_settings_reset (f->settings, "capture-budget");
  g_clear_object (&f->settings);
  g_free (f->folder);
}

static DuplexSession *
connect_demo (Fixture *f)
{
  duplex_window_open_profile (f->window, shell_find_profile (f->store, "Demo"),
                              DUPLEX_WINDOW_CONNECT);
  return duplex_session_page_get_session (duplex_window_get_selected_page (f->window));
}

static gboolean
is_open (gpointer session)
{
  return duplex_session_get_state (session) == DUPLEX_SESSION_OPEN;
}

/* Nothing can be appended, and all is in the one file. */
static gboolean
has_ended (gpointer capture)
{
  return duplex_capture_get_recording (capture) == DUPLEX_RECORDING_ENDED &&
         !duplex_history_files_is_recorded (duplex_capture_get_path (capture));
}

static gboolean
has_label_with_prefix (GtkWidget  *widget,
                       const char *prefix)
{
  if (GTK_IS_LABEL (widget) && g_str_has_prefix (gtk_label_get_label (GTK_LABEL (widget)), prefix))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (has_label_with_prefix (child, prefix))
      return TRUE;
  return FALSE;
}

static gboolean
has_prefix (gpointer user_data)
{
  Fixture *f = user_data;

  return has_label_with_prefix (GTK_WIDGET (f->window), f->text);
}

static void
wait_for_prefix (Fixture    *f,
                 const char *prefix)
{
  f->text = prefix;
  shell_wait (has_prefix, f, prefix);
}

static guint
count_files (const char *folder)
{
  g_autoptr (GPtrArray) paths = duplex_history_files_list (folder, NULL);

  return paths->len;
}

/* The file is whole once the tab has gone. */
static void
test_records (Fixture      *f,
              gconstpointer data)
{
  g_autoptr (DuplexCapture)     capture = NULL;
  g_auto (DuplexCaptureSummary) summary = { 0 };
  DuplexSession                *session = connect_demo (f);
  g_autoptr (GError)            error = NULL;

  g_set_object (&capture, duplex_session_get_capture (session));
  shell_wait (is_open, session, "the demo server");
  g_assert_cmpint (duplex_capture_get_recording (capture), ==, DUPLEX_RECORDING_ON);
  g_assert_cmpuint (count_files (f->folder), ==, 1);
  g_assert_true (duplex_session_send_text (session, "hello", -1, NULL));

  gtk_widget_activate_action (GTK_WIDGET (f->window), "win.close-tab", NULL);
  shell_wait (has_ended, capture, "the recording to end");
  g_assert_true (
    duplex_capture_file_read_summary (duplex_capture_get_path (capture), &summary, &error));
  g_assert_no_error (error);
  g_assert_false (summary.is_live);
  g_assert_cmpint (summary.close_code, ==, 1000);
  g_assert_cmpstr (summary.profile, ==, "Demo");
}

static void
test_window_ends_recordings (Fixture      *f,
                             gconstpointer data)
{
  g_autoptr (DuplexCapture) capture = NULL;
  DuplexSession            *session = connect_demo (f);

  g_set_object (&capture, duplex_session_get_capture (session));
  shell_wait (is_open, session, "the demo server");
  gtk_window_close (GTK_WINDOW (f->window));
  shell_wait (has_ended, capture, "the recording to end");

  /* For the end of the test. */
  f->window = duplex_window_new (application, f->store, f->settings);
  gtk_window_present (GTK_WINDOW (f->window));
  shell_settle ();
}

static void
test_recording_switched_off (Fixture      *f,
                             gconstpointer data)
{
  DuplexSession *session;

  g_settings_set_boolean (f->settings, "record", FALSE);
  session = connect_demo (f);
  shell_wait (is_open, session, "the demo server");
  g_assert_cmpuint (count_files (f->folder), ==, 0);
}

static void
test_budget (Fixture      *f,
             gconstpointer data)
{
  g_assert_cmpint (g_mkdir_with_parents (f->folder, 0700), ==, 0);
  for (int i = 0; i < 3; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%d.duplex", f->folder, i);

      duplex_test_write_session (path, &(DuplexTestSession){ .ballast = 900000 });
    }
  g_settings_set_uint64 (f->settings, "capture-budget", 2);
  shell_wait (is_open, connect_demo (f), "the demo server");
  wait_for_prefix (f, "2 old sessions (");
  g_assert_nonnull (
    shell_find_widget (GTK_WIDGET (f->window), GTK_TYPE_BUTTON, "_Preferences"));
  /* One that is kept, and the one that has begun. */
  g_assert_cmpuint (count_files (f->folder), ==, 2);
}

static char *
write_capture (Fixture *f)
{
  char *path = g_build_filename (f->folder, "stored.duplex", NULL);

  g_assert_cmpint (g_mkdir_with_parents (f->folder, 0700), ==, 0);
  duplex_test_write_session (path, &(DuplexTestSession){ .title = "Stored",
                                                         .profile = "Demo",
                                                         .url = "demo:/echo",
                                                         .code = 1000 });
  return path;
}

static gboolean
has_tab (gpointer user_data)
{
  Fixture *f = user_data;

  return adw_tab_view_get_n_pages (f->tabs) > 0 && !duplex_window_is_connecting (f->window);
}

static void
test_open (Fixture      *f,
           gconstpointer data)
{
  g_autofree char   *path = write_capture (f);
  DuplexSessionPage *page;

  g_object_set (f->window, "history-visible", TRUE, NULL);
  duplex_window_open_capture (f->window, path);
  g_assert_true (duplex_window_is_connecting (f->window));
  shell_wait (has_tab, f, "the capture to be opened");
  page = duplex_window_get_selected_page (f->window);
  g_assert_true (duplex_session_page_is_stored (page));
  g_assert_cmpstr (duplex_session_page_get_title (page), ==, "Stored");
  g_assert_cmpstr (duplex_profile_get_url (duplex_session_page_get_profile (page)), ==,
                   "demo:/echo");
  g_assert_cmpstr (gtk_stack_get_visible_child_name (f->stack), ==, "sessions");

  /* Once is enough. */
  g_object_set (f->window, "history-visible", TRUE, NULL);
  duplex_window_open_capture (f->window, path);
  shell_settle ();
  g_assert_cmpint (adw_tab_view_get_n_pages (f->tabs), ==, 1);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (f->stack), ==, "sessions");

  /* "Connect again" is a tab of its own. */
  g_signal_emit_by_name (page, "open-profile", duplex_session_page_get_profile (page));
  g_assert_cmpint (adw_tab_view_get_n_pages (f->tabs), ==, 2);
}

/* In the file of a capture, and beside it. */
static gboolean
is_written (const char *path,
            const char *text)
{
  static const char *const ends[] = { "", "-wal", "-shm" };

  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autofree char *file = g_strconcat (path, ends[i], NULL);
      g_autofree char *contents = NULL;
      gsize            size;

      if (g_file_get_contents (file, &contents, &size, NULL) &&
          memmem (contents, size, text, strlen (text)) != NULL)
        return TRUE;
    }
  return FALSE;
}

#define SECRET_URL "demo:/echo?token=geheimnis&room=17"

/* Records a session of a profile that is not saved, and closes its tab. Returns the file's path. */
static char *
record_secrets (Fixture *f)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new (SECRET_URL, SECRET_URL);
  g_autoptr (DuplexCapture) capture = NULL;
  DuplexHeader              headers[] = { { (char *)"X-Api-Key", (char *)"geheimnis" } };
  DuplexSession            *session;
  const char               *path;

  duplex_profile_set_headers (profile, headers, G_N_ELEMENTS (headers));
  session = duplex_session_page_get_session (
    duplex_window_open_profile (f->window, profile, DUPLEX_WINDOW_CONNECT));
  g_set_object (&capture, duplex_session_get_capture (session));
  shell_wait (is_open, session, "the demo server");
  path = duplex_capture_get_path (capture);
  gtk_widget_activate_action (GTK_WIDGET (f->window), "win.close-tab", NULL);
  shell_wait (has_ended, capture, "the recording to end");
  return g_strdup (path);
}

/* From the capture, by its page's button. Returns the new page. */
static DuplexSessionPage *
connect_anew (Fixture    *f,
              const char *path)
{
  DuplexSessionPage *page;

  duplex_window_open_capture (f->window, path);
  shell_wait (has_tab, f, "the capture to be opened");
  page = duplex_window_get_selected_page (f->window);
  g_signal_emit_by_name (page, "open-profile", duplex_session_page_get_profile (page));
  return duplex_window_get_selected_page (f->window);
}

/* What is selected in the focused entry: typing replaces it. */
static char *
dup_selected (Fixture *f)
{
  GtkWidget *focus = gtk_root_get_focus (GTK_ROOT (f->window));
  int        start;
  int        end;

  g_assert_true (GTK_IS_EDITABLE (focus));
  if (!gtk_editable_get_selection_bounds (GTK_EDITABLE (focus), &start, &end))
    return g_strdup ("");
  return gtk_editable_get_chars (GTK_EDITABLE (focus), start, end);
}

/* Whoever connects anew from a recording is told what it does not have: nobody is asked with a mark
 * for a token. */
static void
test_secrets (Fixture      *f,
              gconstpointer data)
{
  g_autofree char   *path = record_secrets (f);
  DuplexSessionPage *page;
  DuplexSession     *session;
  DuplexHeader       headers[] = { { (char *)"X-Api-Key", (char *)"geheimnis" } };
  g_autofree char   *selected = NULL;

  g_assert_false (is_written (path, "geheimnis"));
  g_assert_true (is_written (path, "room=17"));
  g_assert_null (strstr (path, "geheimnis"));
  page = connect_anew (f, path);
  session = duplex_session_page_get_session (page);
  g_assert_false (duplex_session_page_is_stored (page));
  g_assert_cmpint (duplex_session_get_state (session), ==, DUPLEX_SESSION_DISCONNECTED);
  wait_for_prefix (f, "A secret of this address was not recorded. Put it in place of “not-"
                      "recorded”");
  selected = dup_selected (f);
  g_assert_cmpstr (selected, ==, "not-recorded");

  duplex_profile_set_url (duplex_session_get_profile (session), SECRET_URL);
  duplex_session_page_connect (page);
  g_assert_cmpint (duplex_session_get_state (session), ==, DUPLEX_SESSION_DISCONNECTED);
  wait_for_prefix (f, "The value of “X-Api-Key” was not recorded");

  duplex_profile_set_headers (duplex_session_page_get_profile (page), headers, 1);
  duplex_session_page_connect (page);
  shell_wait (is_open, session, "the demo server");
}

/* Unless secrets are to be recorded. */
static void
test_recorded_secrets (Fixture      *f,
                       gconstpointer data)
{
  g_autofree char   *path = NULL;
  DuplexSessionPage *page;

  g_settings_set_boolean (f->settings, "record-secrets", TRUE);
  path = record_secrets (f);
  g_settings_reset (f->settings, "record-secrets");
  g_assert_true (is_written (path, "?token=geheimnis&room=17"));
  g_assert_true (is_written (path, "X-Api-Key: geheimnis"));
  page = connect_anew (f, path);
  shell_wait (is_open, duplex_session_page_get_session (page), "the demo server");
}

static void
test_open_fails (Fixture      *f,
                 gconstpointer data)
{
  g_autoptr (GFile) missing = g_file_new_for_path ("/nonexistent/a.duplex");
  g_autoptr (GFile) remote = g_file_new_for_uri ("gopher://localhost/a.duplex");
  g_autofree char  *strange = g_build_filename (f->folder, "strange.duplex", NULL);

  duplex_window_open_file (f->window, missing);
  wait_for_prefix (f, "There is no such file: Cannot open /nonexistent/a.duplex");
  g_assert_cmpint (g_mkdir_with_parents (f->folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (strange, "this is no capture", -1, NULL));
  duplex_window_open_capture (f->window, strange);
  wait_for_prefix (f, "This is not a capture of Duplex: ");
  duplex_window_open_file (f->window, remote);
  wait_for_prefix (f, "There is no such file: gopher:");
  g_assert_cmpint (adw_tab_view_get_n_pages (f->tabs), ==, 0);
}

static void
test_cancel (Fixture      *f,
             gconstpointer data)
{
  g_autofree char *path = write_capture (f);

  duplex_window_open_capture (f->window, path);
  gtk_widget_activate_action (GTK_WIDGET (f->window), "win.cancel-opening", NULL);
  while (duplex_window_is_connecting (f->window))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (adw_tab_view_get_n_pages (f->tabs), ==, 0);
}

static void
test_history (Fixture      *f,
              gconstpointer data)
{
  g_autofree char *path = write_capture (f);

  duplex_window_open_url (f->window, "demo:/slow", DUPLEX_WINDOW_OPEN);
  gtk_widget_activate_action (GTK_WIDGET (f->window), "win.history", NULL);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (f->stack), ==, "history");
  g_assert_cmpstr (gtk_window_get_title (GTK_WINDOW (f->window)), ==, "History");
  shell_wait_for_label (GTK_WIDGET (f->window), "Stored");
  /* Nothing happens to a tab that cannot be seen. */
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f->window), "win.close-tab", NULL));
  shell_settle ();
  g_assert_cmpint (adw_tab_view_get_n_pages (f->tabs), ==, 1);

  g_signal_emit_by_name (SHELL_CHILD (f->window, DUPLEX_TYPE_WINDOW, "history_page"), "open", path);
  shell_wait (has_tab, f, "the session to be opened");
  duplex_window_set_history (f->window, NULL);
  gtk_widget_activate_action (GTK_WIDGET (f->window), "win.history", NULL);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (f->stack), ==, "sessions");
}

static void
test_preferences (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (GList) windows = NULL;
  guint             n = 0;

  gtk_widget_activate_action (GTK_WIDGET (f->window), "win.preferences", NULL);
  windows = gtk_window_list_toplevels ();
  for (GList *l = windows; l != NULL; l = l->next)
    n += DUPLEX_IS_PREFERENCES (l->data);
  g_assert_cmpuint (n, ==, 1);
}

#define ADD(name, test) \
  g_test_add ("/app/window-captures/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int    argc,
      char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  application = GTK_APPLICATION (adw_application_new (NULL, G_APPLICATION_NON_UNIQUE));
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));

  ADD ("records", test_records);
  ADD ("window-ends-recordings", test_window_ends_recordings);
  ADD ("recording-switched-off", test_recording_switched_off);
  ADD ("budget", test_budget);
  ADD ("open", test_open);
  ADD ("secrets", test_secrets);
  ADD ("recorded-secrets", test_recorded_secrets);
  ADD ("open-fails", test_open_fails);
  ADD ("cancel", test_cancel);
  ADD ("history", test_history);
  ADD ("preferences", test_preferences);

  return g_test_run ();
}
