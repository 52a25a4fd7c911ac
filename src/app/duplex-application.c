/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "app/duplex-application.h"

#include <glib/gi18n.h>
#include <string.h>

#include "app/duplex-compat.h"
#include "app/duplex-screenshot.h"
#include "app/duplex-settings.h"
#include "app/duplex-showcase.h"
#include "app/duplex-window.h"
#include "core/proto/duplex-url.h"

/* A picture is a matter of two seconds; a machine that is ten times slower still makes it. */
#define SCREENSHOT_DEADLINE_MS 20000

struct _DuplexApplication
{
  AdwApplication parent_instance;

  DuplexProfileStore *store;    /* owned */
  DuplexHistory      *history;  /* owned */
  GSettings          *settings; /* owned, or NULL */
  DuplexShowcase     *showcase; /* owned, or NULL: the last --demo */
  GError             *problem;  /* owned, or NULL: why there are no profiles */

  int exit_status;
};

G_DEFINE_FINAL_TYPE (DuplexApplication, duplex_application, ADW_TYPE_APPLICATION)

static const GOptionEntry options[] = {
  { "demo", 0, 0, G_OPTION_ARG_NONE, NULL,
    N_ ("Start the demo server, connect to it and send a sample"), NULL },
  { "screenshot", 0, 0, G_OPTION_ARG_FILENAME, NULL,
    N_ ("Save a picture of the window once it has settled, and quit"), N_ ("FILE.png") },
  { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Print the version and quit"), NULL },
  { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, NULL, NULL,
    N_ ("[URL | FILE.duplex…]") },
  { NULL }
};

/* What keys do. No text entry has a use for any of these: such keys arrive here first. */
static const struct
{
  const char *action;
  const char *accels[3];
} keys[] = {
  { "app.quit", { "<Control>q" } },
  { "window.close", { "<Shift><Control>w" } },
  { "win.show-help-overlay", { "<Control>question", "F1" } },
  { "win.new-profile", { "<Control>n" } },
  { "win.new-tab", { "<Control>t" } },
  { "win.close-tab", { "<Control>w" } },
  { "win.open-capture", { "<Control>o" } },
  { "win.history", { "<Control>h" } },
  { "win.preferences", { "<Control>comma" } },
  { "win.sidebar", { "F9" } },
  { "win.inspector", { "<Control>i", "F12" } },
  { "win.page::connect", { "<Control>d" } },
  { "win.page::focus-url", { "<Control>l" } },
  { "win.page::focus-composer", { "<Control>m" } },
  { "win.page::ping", { "<Control>p" } },
  { "win.page::pong", { "<Shift><Control>p" } },
  { "win.page::clear", { "<Control>k" } },
  { "win.page::follow", { "<Alt>End" } },
  { "win.page::copy-message", { "<Shift><Control>c" } },
  { "win.page::save-profile", { "<Control>s" } },
  { "win.page::find", { "<Control>f" } },
  { "win.page::next-match", { "<Control>g" } },
  { "win.page::previous-match", { "<Shift><Control>g" } },
  { "win.page::next-finding", { "F8" } },
  { "win.page::previous-finding", { "<Shift>F8" } },
  { "win.page::jump-to-time", { "<Control>j" } },
  { "win.page::bookmark", { "<Control>b" } },
  { "win.page::comment", { "<Shift><Control>b" } },
};

static DuplexWindow *
ensure_window (DuplexApplication *self)
{
  GList        *windows = gtk_application_get_windows (GTK_APPLICATION (self));
  DuplexWindow *window;

  for (GList *l = windows; l != NULL; l = l->next)
    if (DUPLEX_IS_WINDOW (l->data))
      return l->data;

  window = duplex_window_new (GTK_APPLICATION (self), self->store, self->settings);
  duplex_window_set_history (window, self->history);
  if (self->problem != NULL)
    duplex_window_show_error (window, self->problem);
  return window;
}

static gboolean
has_window (DuplexApplication *self)
{
  return gtk_application_get_windows (GTK_APPLICATION (self)) != NULL;
}

/* -- actions ----------------------------------------------------------------------------------- */

static void
about_action (GSimpleAction *action,
              GVariant      *parameter,
              gpointer       user_data)
{
  duplex_compat_show_about (GTK_WINDOW (ensure_window (DUPLEX_APPLICATION (user_data))));
}

/* The window closes its connections and asks about what is not saved; the program ends with it. */
static void
quit_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  DuplexApplication *self = DUPLEX_APPLICATION (user_data);

  if (has_window (self))
    gtk_window_close (GTK_WINDOW (ensure_window (self)));
}

static const GActionEntry actions[] = {
  { "about", about_action },
  { "quit", quit_action },
};

/* -- command line ------------------------------------------------------------------------------ */

/* A URL has a scheme of more than a letter, and "file" is none of ours. */
static gboolean
is_file (const char *argument)
{
  g_autofree char *scheme = g_uri_parse_scheme (argument);

  return scheme == NULL || g_str_equal (scheme, "file") || strlen (scheme) == 1;
}

static gboolean
check_argument (const char *argument)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile)  file = NULL;

  if (!is_file (argument))
    {
      if (duplex_url_check (argument, &error))
        return TRUE;
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return FALSE;
    }

  file = g_file_new_for_commandline_arg (argument);
  if (g_file_query_exists (file, NULL))
    return TRUE;
  /* Translators: the name of the program, and what was said on its command line. */
  g_printerr (_ ("%s: %s is neither a WebSocket URL nor a file\n"), g_get_prgname (), argument);
  return FALSE;
}

static gboolean
check_arguments (const char *const *arguments)
{
  for (gsize i = 0; arguments != NULL && arguments[i] != NULL; i++)
    if (!check_argument (arguments[i]))
      return FALSE;
  return TRUE;
}

static int
duplex_application_handle_local_options (GApplication *application,
                                         GVariantDict *dict)
{
  g_autofree const char **arguments = NULL;

  if (g_variant_dict_contains (dict, "version"))
    {
      g_print ("duplex %s\n", DUPLEX_VERSION);
      return 0;
    }

  g_variant_dict_lookup (dict, G_OPTION_REMAINING, "^a&ay", &arguments);
  if (!check_arguments (arguments))
    return 1;

  /* A picture is taken of a window of its own, by who was asked for it. */
  if (g_variant_dict_contains (dict, "screenshot"))
    g_application_set_flags (application,
                             g_application_get_flags (application) | G_APPLICATION_NON_UNIQUE);
  return -1;
}

static void
screenshot_ready_cb (GObject      *window,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr (DuplexApplication) self = DUPLEX_APPLICATION (user_data);
  g_autoptr (GError)            error = NULL;

  if (!duplex_screenshot_finish (GTK_WINDOW (window), result, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      self->exit_status = 1;
    }
  gtk_window_close (GTK_WINDOW (window));
}

static const char *
find_missing (gpointer user_data)
{
  DuplexApplication *self = DUPLEX_APPLICATION (user_data);
  const char        *missing = NULL;

  if (self->showcase != NULL)
    missing = duplex_showcase_get_missing (self->showcase);
  if (missing == NULL && duplex_window_is_connecting (ensure_window (self)))
    missing = "a connection";
  return missing;
}

static void
open_argument (DuplexWindow            *window,
               GApplicationCommandLine *command_line,
               const char              *argument)
{
  g_autoptr (GFile) file = NULL;

  if (!is_file (argument))
    {
      duplex_window_open_url (window, argument, DUPLEX_WINDOW_CONNECT);
      return;
    }

  /* Relative to where the command was given. */
  file = g_application_command_line_create_file_for_arg (command_line, argument);
  duplex_window_open_file (window, file);
}

static int
duplex_application_command_line (GApplication            *application,
                                 GApplicationCommandLine *command_line)
{
  DuplexApplication      *self = DUPLEX_APPLICATION (application);
  GVariantDict           *dict = g_application_command_line_get_options_dict (command_line);
  gboolean                is_first = !has_window (self);
  DuplexWindow           *window = ensure_window (self);
  g_autofree const char **arguments = NULL;
  const char             *path;
  gboolean                demo = g_variant_dict_contains (dict, "demo");

  g_variant_dict_lookup (dict, G_OPTION_REMAINING, "^a&ay", &arguments);
  for (gsize i = 0; arguments != NULL && arguments[i] != NULL; i++)
    open_argument (window, command_line, arguments[i]);
  if (demo)
    {
      g_clear_pointer (&self->showcase, duplex_showcase_free);
      self->showcase = duplex_showcase_new (window);
    }
  if (is_first && arguments == NULL && !demo)
    duplex_window_open_last (window);
  gtk_window_present (GTK_WINDOW (window));

  if (g_variant_dict_lookup (dict, "screenshot", "^&ay", &path))
    duplex_screenshot_async (GTK_WINDOW (window), path, SCREENSHOT_DEADLINE_MS, find_missing, self,
                             screenshot_ready_cb, g_object_ref (self));
  return 0;
}

/* -- class ------------------------------------------------------------------------------------- */

static void
duplex_application_activate (GApplication *application)
{
  DuplexApplication *self = DUPLEX_APPLICATION (application);
  gboolean           is_first = !has_window (self);
  DuplexWindow      *window = ensure_window (self);

  if (is_first)
    duplex_window_open_last (window);
  gtk_window_present (GTK_WINDOW (window));
}

static void
duplex_application_open (GApplication *application,
                         GFile       **files,
                         int           n_files,
                         const char   *hint)
{
  DuplexWindow *window = ensure_window (DUPLEX_APPLICATION (application));

  for (int i = 0; i < n_files; i++)
    {
      g_autofree char *uri = g_file_get_uri (files[i]);

      if (is_file (uri))
        duplex_window_open_file (window, files[i]);
      else
        duplex_window_open_url (window, uri, DUPLEX_WINDOW_CONNECT);
    }
  gtk_window_present (GTK_WINDOW (window));
}

static void
duplex_application_startup (GApplication *application)
{
  DuplexApplication *self = DUPLEX_APPLICATION (application);
  g_autofree char   *path = g_build_filename (g_get_user_data_dir (), "duplex", "profiles", NULL);
  g_autofree char   *captures =
    g_build_filename (g_get_user_data_dir (), "duplex", "captures", NULL);
  g_autofree char *cache = g_build_filename (g_get_user_cache_dir (), "duplex", NULL);

  G_APPLICATION_CLASS (duplex_application_parent_class)->startup (application);

  gtk_window_set_default_icon_name (DUPLEX_APP_ID);
  self->settings = duplex_settings_new ();
  self->store = duplex_profile_store_new (path);
  duplex_profile_store_load (self->store, &self->problem);
  self->history = duplex_history_new (captures);
  duplex_history_clean_in_thread (cache);

  g_action_map_add_action_entries (G_ACTION_MAP (self), actions, G_N_ELEMENTS (actions), self);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), keys[i].action, keys[i].accels);
}

static void
duplex_application_shutdown (GApplication *application)
{
  DuplexApplication *self = DUPLEX_APPLICATION (application);

  g_clear_pointer (&self->showcase, duplex_showcase_free);

  G_APPLICATION_CLASS (duplex_application_parent_class)->shutdown (application);
}

static void
duplex_application_dispose (GObject *object)
{
  DuplexApplication *self = DUPLEX_APPLICATION (object);

  g_clear_pointer (&self->showcase, duplex_showcase_free);
  g_clear_object (&self->history);
  g_clear_object (&self->store);
  g_clear_object (&self->settings);
  g_clear_error (&self->problem);

  G_OBJECT_CLASS (duplex_application_parent_class)->dispose (object);
}

static void
duplex_application_class_init (DuplexApplicationClass *klass)
{
  GObjectClass      *object_class = G_OBJECT_CLASS (klass);
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  object_class->dispose = duplex_application_dispose;
  application_class->activate = duplex_application_activate;
  application_class->command_line = duplex_application_command_line;
  application_class->handle_local_options = duplex_application_handle_local_options;
  application_class->open = duplex_application_open;
  application_class->shutdown = duplex_application_shutdown;
  application_class->startup = duplex_application_startup;
}

static void
duplex_application_init (DuplexApplication *self)
{
  g_application_add_main_option_entries (G_APPLICATION (self), options);
  g_application_set_option_context_summary (
    G_APPLICATION (self), _ ("Talk to WebSocket servers and see every frame on the wire"));
}

DuplexApplication *
duplex_application_new (void)
{
  return g_object_new (DUPLEX_TYPE_APPLICATION, "application-id", DUPLEX_APP_ID, "flags",
                       G_APPLICATION_HANDLES_COMMAND_LINE | G_APPLICATION_HANDLES_OPEN, NULL);
}

int
duplex_application_get_exit_status (DuplexApplication *self)
{
  g_return_val_if_fail (DUPLEX_IS_APPLICATION (self), 1);

  return self->exit_status;
}

DuplexProfileStore *
duplex_application_get_store (DuplexApplication *self)
{
  g_return_val_if_fail (DUPLEX_IS_APPLICATION (self), NULL);

  return self->store;
}
