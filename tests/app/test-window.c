/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-window.h"

#include "app/duplex-adaptive-bin.h"
#include "app/duplex-profile-editor.h"
#include "app/duplex-profile-sidebar.h"
#include "app/duplex-session-tab.h"
#include "app/duplex-settings.h"
#include "shell-support.h"

/* One for all tests: what it exports on the bus goes only with the process. */
static GtkApplication *application;

typedef struct
{
  DuplexProfileStore *store;
  GSettings          *settings;
  DuplexWindow       *window;
  AdwTabView         *tabs;
} Fixture;

static void
open_window (Fixture *f)
{
  f->window = duplex_window_new (application, f->store, f->settings);
  f->tabs = SHELL_CHILD (f->window, DUPLEX_TYPE_WINDOW, "tabs");
  gtk_window_present (GTK_WINDOW (f->window));
  shell_settle ();
}

static gboolean
has_no_windows (gpointer user_data)
{
  return gtk_application_get_windows (user_data) == NULL;
}

static void
close_window (Fixture *f)
{
  gtk_window_close (GTK_WINDOW (f->window));
  shell_wait (has_no_windows, application, "the window to close");
  f->window = NULL;
}

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->store = shell_store_new ();
  f->settings = duplex_settings_new ();
  g_assert_nonnull (f->settings);
  open_window (f);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_auto (GStrv)              keys = NULL;
  g_autoptr (GSettingsSchema) schema = NULL;

  if (f->window != NULL)
    close_window (f);
  shell_store_free (f->store);

  g_object_get (f->settings, "settings-schema", &schema, NULL);
  keys = g_settings_schema_list_keys (schema);
  for (gsize i = 0; keys[i] != NULL; i++)
    g_settings_reset (f->settings, keys[i]);
  g_clear_object (&f->settings);
}

static DuplexProfile *
find_demo (Fixture *f)
{
  DuplexProfile *demo = shell_find_profile (f->store, "Demo");

  g_assert_nonnull (demo);
  return demo;
}

static DuplexSession *
get_session (Fixture *f)
{
  return duplex_session_page_get_session (duplex_window_get_selected_page (f->window));
}

static gboolean
is_open (gpointer session)
{
  return duplex_session_get_state (session) == DUPLEX_SESSION_OPEN;
}

static gboolean
is_disconnected (gpointer session)
{
  return duplex_session_get_state (session) == DUPLEX_SESSION_DISCONNECTED;
}

static void
activate (Fixture    *f,
          const char *action)
{
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f->window), action, NULL));
  shell_settle ();
}

static void
activate_page (Fixture    *f,
               const char *action)
{
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f->window), "win.page", "s", action));
  shell_settle ();
}

static void
test_empty (Fixture      *f,
            gconstpointer data)
{
  GtkStack *content = SHELL_CHILD (f->window, DUPLEX_TYPE_WINDOW, "content");

  g_assert_null (duplex_window_get_selected_page (f->window));
  g_assert_cmpstr (gtk_stack_get_visible_child_name (content), ==, "empty");
  g_assert_cmpstr (gtk_window_get_title (GTK_WINDOW (f->window)), ==, "Duplex");
  duplex_window_open_last (f->window);
  g_assert_null (duplex_window_get_selected_page (f->window));

  activate (f, "win.new-tab");
  g_assert_cmpstr (gtk_stack_get_visible_child_name (content), ==, "tabs");
  activate (f, "win.close-tab");
  g_assert_cmpstr (gtk_stack_get_visible_child_name (content), ==, "empty");
}

static void
test_tabs_of_a_profile (Fixture      *f,
                        gconstpointer data)
{
  DuplexSessionPage *first;
  DuplexSessionPage *second;
  DuplexProfile     *demo = find_demo (f);

  /* An empty tab gives way to what is opened. */
  activate (f, "win.new-tab");
  first = duplex_window_open_profile (f->window, demo, DUPLEX_WINDOW_CONNECT);
  shell_settle ();
  g_assert_cmpint (adw_tab_view_get_n_pages (f->tabs), ==, 1);
  g_assert_cmpstr (gtk_window_get_title (GTK_WINDOW (f->window)), ==, "Demo");
  shell_wait (is_open, get_session (f), "the demo server");
  g_assert_nonnull (
    adw_tab_page_get_indicator_icon (adw_tab_view_get_selected_page (f->tabs)));

  /* The connection stays; another one gets a tab of its own. */
  second = duplex_window_open_profile (f->window, demo, DUPLEX_WINDOW_CONNECT);
  g_assert_true (first != second);
  g_assert_cmpint (adw_tab_view_get_n_pages (f->tabs), ==, 2);
  shell_wait (is_open, get_session (f), "the second connection");

  activate_page (f, "connect");
  shell_wait (is_disconnected, get_session (f), "the second connection to end");
  g_assert_null (adw_tab_page_get_indicator_icon (adw_tab_view_get_selected_page (f->tabs)));
  g_assert_true (duplex_window_open_profile (f->window, demo, DUPLEX_WINDOW_OPEN) == second);
  g_assert_cmpint (adw_tab_view_get_n_pages (f->tabs), ==, 2);
}

static void
test_sidebar_follows_tabs (Fixture      *f,
                           gconstpointer data)
{
  DuplexProfileSidebar *sidebar = SHELL_CHILD (f->window, DUPLEX_TYPE_WINDOW, "sidebar");
  DuplexProfile        *other = shell_find_profile (f->store, "Postman echo");

  duplex_window_open_profile (f->window, find_demo (f), DUPLEX_WINDOW_OPEN);
  duplex_window_open_profile (f->window, other, DUPLEX_WINDOW_OPEN);
  g_assert_true (duplex_profile_sidebar_get_selected (sidebar) == other);
  adw_tab_view_select_previous_page (f->tabs);
  g_assert_true (duplex_profile_sidebar_get_selected (sidebar) == find_demo (f));
}

static void
test_open_url (Fixture      *f,
               gconstpointer data)
{
  DuplexSessionPage *page;

  page = duplex_window_open_url (f->window, "demo:/echo", DUPLEX_WINDOW_OPEN);
  g_assert_true (duplex_session_page_get_profile (page) == find_demo (f));

  page = duplex_window_open_url (f->window, "demo:/slow", DUPLEX_WINDOW_CONNECT);
  g_assert_cmpstr (duplex_profile_get_id (duplex_session_page_get_profile (page)), ==, "");
  shell_wait (is_open, get_session (f), "a connection without a profile");
  g_assert_cmpint (adw_tab_view_get_n_pages (f->tabs), ==, 2);
}

/* The code of the Close that we sent last, or 0. */
static guint
find_sent_close (DuplexCapture *capture)
{
  DuplexTotals totals;
  guint        code = 0;

  duplex_capture_get_totals (capture, &totals);
  for (guint64 i = 0; i < totals.events; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      if (duplex_capture_read (capture, i, &event) && event.kind == DUPLEX_EVENT_FRAME &&
          event.opcode == DUPLEX_OPCODE_CLOSE && event.direction == DUPLEX_DIRECTION_SENT &&
          event.payload_size >= 2)
        code = event.payload[0] << 8 | event.payload[1];
    }
  return code;
}

static void
test_close_tab_says_goodbye (Fixture      *f,
                             gconstpointer data)
{
  g_autoptr (DuplexSession) session = NULL;

  duplex_window_open_profile (f->window, find_demo (f), DUPLEX_WINDOW_CONNECT);
  session = g_object_ref (get_session (f));
  shell_wait (is_open, session, "the demo server");

  activate (f, "win.close-tab");
  g_assert_cmpint (adw_tab_view_get_n_pages (f->tabs), ==, 0);
  shell_wait (is_disconnected, session, "the connection to end");
  g_assert_cmpuint (find_sent_close (duplex_session_get_capture (session)), ==, 1000);
}

static void
test_close_window_says_goodbye (Fixture      *f,
                                gconstpointer data)
{
  g_autoptr (DuplexSession) session = NULL;

  duplex_window_open_profile (f->window, find_demo (f), DUPLEX_WINDOW_CONNECT);
  session = g_object_ref (get_session (f));
  shell_wait (is_open, session, "the demo server");

  close_window (f);
  shell_wait (is_disconnected, session, "the connection to end");
  g_assert_cmpuint (find_sent_close (duplex_session_get_capture (session)), ==, 1000);
}

static void
test_settings (Fixture      *f,
               gconstpointer data)
{
  g_autofree char   *last = NULL;
  g_autofree char   *name = NULL;
  DuplexSessionPage *page;

  page = duplex_window_open_profile (f->window, find_demo (f), DUPLEX_WINDOW_OPEN);
  g_object_set (page, "inspector-page", "frames", NULL);
  activate (f, "win.sidebar");
  close_window (f);
  g_assert_false (g_settings_get_boolean (f->settings, "sidebar-visible"));
  last = g_settings_get_string (f->settings, "last-profile");
  g_assert_cmpstr (last, ==, "Demo");

  open_window (f);
  g_assert_false (
    gtk_widget_get_visible (SHELL_CHILD (f->window, DUPLEX_TYPE_WINDOW, "sidebar")));
  duplex_window_open_last (f->window);
  page = duplex_window_get_selected_page (f->window);
  g_assert_true (duplex_session_page_get_profile (page) == find_demo (f));
  g_assert_true (is_disconnected (get_session (f)));
  g_object_get (page, "inspector-page", &name, NULL);
  g_assert_cmpstr (name, ==, "frames");
}

static gboolean
is_inspector_hidden (gpointer user_data)
{
  Fixture *f = user_data;
  gboolean visible;

  g_object_get (f->window, "inspector-visible", &visible, NULL);
  return !visible;
}

static gboolean
is_inspector_shown (gpointer user_data)
{
  return !is_inspector_hidden (user_data);
}

/* The window has its first size, so that another one is not lost on the way to the display. */
static gboolean
has_width (gpointer user_data)
{
  Fixture *f = user_data;

  return duplex_adaptive_bin_get_width (SHELL_CHILD (f->window, DUPLEX_TYPE_WINDOW, "bin")) > 0;
}

static void
test_width (Fixture      *f,
            gconstpointer data)
{
  DuplexSessionPage *page =
    duplex_window_open_profile (f->window, find_demo (f), DUPLEX_WINDOW_OPEN);

  shell_wait (has_width, f, "the window's first size");
  g_assert_true (is_inspector_shown (f));
  g_assert_true (duplex_session_page_get_inspector_visible (page));
  gtk_window_set_default_size (GTK_WINDOW (f->window), 700, 600);
  shell_wait (is_inspector_hidden, f, "the inspector to leave a narrow window");
  g_assert_false (duplex_session_page_get_inspector_visible (page));

  /* The page's own action is the person's wish as well. */
  gtk_widget_activate_action (GTK_WIDGET (page), "page.toggle-inspector", NULL);
  g_assert_true (is_inspector_shown (f));
  gtk_window_set_default_size (GTK_WINDOW (f->window), 1100, 600);
  shell_settle ();
  shell_wait (is_inspector_shown, f, "the inspector in a wide window again");

  /* What narrowness hid is not forgotten. */
  close_window (f);
  g_assert_true (g_settings_get_boolean (f->settings, "inspector-visible"));
}

static gboolean
has_focus_within (Fixture    *f,
                  const char *type_name)
{
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (f->window));

  return focus != NULL &&
         (g_str_equal (G_OBJECT_TYPE_NAME (focus), type_name) ||
          gtk_widget_get_ancestor (focus, g_type_from_name (type_name)) != NULL);
}

/* Enter does what one most likely wants: never opens an editor. */
static void
test_first_focus (Fixture      *f,
                  gconstpointer data)
{
  g_assert_true (has_focus_within (f, "DuplexProfileRow"));
  close_window (f);

  g_settings_set_string (f->settings, "last-profile", duplex_profile_get_id (find_demo (f)));
  f->window = duplex_window_new (application, f->store, f->settings);
  f->tabs = SHELL_CHILD (f->window, DUPLEX_TYPE_WINDOW, "tabs");
  duplex_window_open_last (f->window);
  gtk_window_present (GTK_WINDOW (f->window));
  shell_settle ();
  g_assert_true (has_focus_within (f, "DuplexUrlBar"));
}

static void
test_save_profile (Fixture      *f,
                   gconstpointer data)
{
  DuplexSessionPage *page;

  page = duplex_window_open_url (f->window, "ws://localhost:4711/x", DUPLEX_WINDOW_OPEN);
  activate_page (f, "save-profile");
  g_assert_nonnull (shell_find_profile (f->store, "localhost:4711"));
  g_assert_true (duplex_session_page_get_profile (page) ==
                 shell_find_profile (f->store, "localhost:4711"));
  g_assert_nonnull (
    shell_find_widget (GTK_WIDGET (page), GTK_TYPE_LABEL, "Saved as “localhost:4711”"));
}

static DuplexProfileEditor *
find_editor (void)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *l = windows; l != NULL; l = l->next)
    if (DUPLEX_IS_PROFILE_EDITOR (l->data))
      return l->data;
  return NULL;
}

static void
test_options_of_a_new_connection (Fixture      *f,
                                  gconstpointer data)
{
  DuplexSessionPage   *page;
  DuplexProfileEditor *editor;
  GtkEditable         *url;

  activate (f, "win.new-tab");
  page = duplex_window_get_selected_page (f->window);
  duplex_profile_set_url (duplex_session_get_profile (get_session (f)), "ws://localhost:4712/");
  activate (f, "win.edit-profile");
  editor = find_editor ();
  g_assert_nonnull (editor);
  url = SHELL_CHILD (editor, DUPLEX_TYPE_PROFILE_EDITOR, "url_row");
  g_assert_cmpstr (gtk_editable_get_text (url), ==, "ws://localhost:4712/");

  gtk_editable_set_text (SHELL_CHILD (editor, DUPLEX_TYPE_PROFILE_EDITOR, "name_row"), "Mine");
  gtk_widget_activate_action (GTK_WIDGET (editor), "editor.save", NULL);
  shell_settle ();
  g_assert_true (shell_find_profile (f->store, "Mine") == duplex_session_page_get_profile (page));
  g_assert_cmpstr (gtk_window_get_title (GTK_WINDOW (f->window)), ==, "Mine");
}

static void
test_editor_is_asked_first (Fixture      *f,
                            gconstpointer data)
{
  DuplexProfileEditor *editor;

  editor = duplex_profile_editor_new (GTK_WINDOW (f->window), f->store, NULL);
  gtk_window_present (GTK_WINDOW (editor));
  gtk_editable_set_text (SHELL_CHILD (editor, DUPLEX_TYPE_PROFILE_EDITOR, "name_row"), "x");
  gtk_window_close (GTK_WINDOW (f->window));
  shell_settle ();
  g_assert_true (gtk_widget_get_visible (GTK_WIDGET (f->window)));

  gtk_editable_set_text (SHELL_CHILD (editor, DUPLEX_TYPE_PROFILE_EDITOR, "name_row"), "");
  close_window (f);
}

#define ADD(name, test) g_test_add ("/app/window/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int    argc,
      char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  application = GTK_APPLICATION (adw_application_new (NULL, G_APPLICATION_NON_UNIQUE));
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));

  ADD ("empty", test_empty);
  ADD ("tabs-of-a-profile", test_tabs_of_a_profile);
  ADD ("sidebar-follows-tabs", test_sidebar_follows_tabs);
  ADD ("open-url", test_open_url);
  ADD ("close-tab-says-goodbye", test_close_tab_says_goodbye);
  ADD ("close-window-says-goodbye", test_close_window_says_goodbye);
  ADD ("settings", test_settings);
  ADD ("width", test_width);
  ADD ("first-focus", test_first_focus);
  ADD ("save-profile", test_save_profile);
  ADD ("options-of-a-new-connection", test_options_of_a_new_connection);
  ADD ("editor-is-asked-first", test_editor_is_asked_first);

  return g_test_run ();
}
