/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The actions of the window. */
#include <glib/gi18n.h>

#include "app/duplex-compat.h"
#include "app/duplex-history-texts.h"
#include "app/duplex-preferences.h"
#include "app/duplex-profile-editor.h"
#include "app/duplex-session-tab.h"
#include "app/duplex-window-private.h"

static void
new_profile_action (GtkWidget  *widget,
                    const char *action,
                    GVariant   *parameter)
{
  gtk_widget_activate_action (GTK_WIDGET (DUPLEX_WINDOW (widget)->sidebar), "profile.new", NULL);
}

static void
new_tab_action (GtkWidget  *widget,
                const char *action,
                GVariant   *parameter)
{
  g_autoptr (DuplexProfile) profile = duplex_profile_new ("", "");
  AdwTabPage               *tab =
    duplex_window_add_tab (DUPLEX_WINDOW (widget), duplex_session_page_new (profile));

  gtk_widget_activate_action (GTK_WIDGET (duplex_session_tab_get_page (tab)), "page.focus-url",
                              NULL);
}

static void
close_tab_action (GtkWidget  *widget,
                  const char *action,
                  GVariant   *parameter)
{
  AdwTabView *tabs = DUPLEX_WINDOW (widget)->tabs;

  if (adw_tab_view_get_selected_page (tabs) != NULL)
    adw_tab_view_close_page (tabs, adw_tab_view_get_selected_page (tabs));
}

/* The URL that stands in the bar is the beginning of a profile that is not saved yet. */
static void
edit_profile_action (GtkWidget  *widget,
                     const char *action,
                     GVariant   *parameter)
{
  DuplexWindow        *self = DUPLEX_WINDOW (widget);
  DuplexSessionPage   *page = duplex_window_get_selected_page (self);
  DuplexProfile       *profile;
  DuplexProfile       *shown;
  DuplexProfileEditor *editor;

  if (page == NULL)
    return;

  profile = duplex_session_page_get_profile (page);
  shown = duplex_session_get_profile (duplex_session_page_get_session (page));
  if (*duplex_profile_get_id (profile) == '\0')
    duplex_profile_set_url (profile, duplex_profile_get_url (shown));

  editor = duplex_profile_editor_new (GTK_WINDOW (self), self->store, profile);
  g_signal_connect_object (editor, "saved", G_CALLBACK (duplex_window_profile_saved_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (editor));
}

/* Keys and the menu act on the selected tab, which does not stand above the focus in the tree. */
static void
page_action (GtkWidget  *widget,
             const char *action,
             GVariant   *parameter)
{
  DuplexSessionPage *page = duplex_window_get_selected_page (DUPLEX_WINDOW (widget));
  g_autofree char   *name = g_strconcat ("page.", g_variant_get_string (parameter, NULL), NULL);

  if (page != NULL)
    gtk_widget_activate_action (GTK_WIDGET (page), name, NULL);
}

static void
preferences_action (GtkWidget  *widget,
                    const char *action,
                    GVariant   *parameter)
{
  DuplexWindow *self = DUPLEX_WINDOW (widget);

  if (self->settings != NULL)
    gtk_window_present (
      GTK_WINDOW (duplex_preferences_new (GTK_WINDOW (self), self->settings, self->history)));
}

static void
chosen_ready_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  DuplexWindow      *self = DUPLEX_WINDOW (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile)  file =
    duplex_compat_choose_open_file_finish (GTK_WINDOW (self), result, &error);

  if (file != NULL)
    duplex_window_open_file (self, file);
  else if (error != NULL)
    duplex_window_show_error (self, error);
}

static void
open_capture_action (GtkWidget  *widget,
                     const char *action,
                     GVariant   *parameter)
{
  duplex_compat_choose_open_file_async (GTK_WINDOW (widget), _ ("Open Capture"), _ ("Captures"),
                                        "*" DUPLEX_HISTORY_SUFFIX, chosen_ready_cb, NULL);
}

static void
cancel_opening_action (GtkWidget  *widget,
                       const char *action,
                       GVariant   *parameter)
{
  duplex_window_cancel_opening (DUPLEX_WINDOW (widget));
}

void
duplex_window_install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.new-profile", NULL, new_profile_action);
  gtk_widget_class_install_action (widget_class, "win.new-tab", NULL, new_tab_action);
  gtk_widget_class_install_action (widget_class, "win.close-tab", NULL, close_tab_action);
  gtk_widget_class_install_action (widget_class, "win.edit-profile", NULL, edit_profile_action);
  gtk_widget_class_install_action (widget_class, "win.page", "s", page_action);
  gtk_widget_class_install_action (widget_class, "win.preferences", NULL, preferences_action);
  gtk_widget_class_install_action (widget_class, "win.open-capture", NULL, open_capture_action);
  gtk_widget_class_install_action (widget_class, "win.cancel-opening", NULL,
                                   cancel_opening_action);
}
