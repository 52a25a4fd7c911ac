/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-window.h"

#include <glib/gi18n.h>

#include "app/duplex-farewell.h"
#include "app/duplex-profile-editor.h"
#include "app/duplex-session-tab.h"
#include "app/duplex-settings.h"
#include "app/duplex-texts.h"
#include "app/duplex-window-private.h"

G_DEFINE_FINAL_TYPE (DuplexWindow, duplex_window, ADW_TYPE_APPLICATION_WINDOW)

enum {
  PROP_0,
  PROP_SIDEBAR_VISIBLE,
  PROP_INSPECTOR_VISIBLE,
  PROP_HISTORY_VISIBLE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/* -- panes ------------------------------------------------------------------------------------- */

/* Makes widgets show what the panels say. */
static void
apply_panels (DuplexWindow *self)
{
  gboolean inspector = duplex_panel_is_shown (&self->state.panels.inspector);
  gboolean inspector_alone = duplex_panels_is_inspector_alone (&self->state.panels);
  gboolean sidebar_alone = duplex_panels_is_sidebar_alone (&self->state.panels);

  self->applying = TRUE;
  gtk_widget_set_visible (self->main, !sidebar_alone);
  g_object_set (self->sidebar, "alone", sidebar_alone, NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->sidebar),
                          duplex_panel_is_shown (&self->state.panels.sidebar));
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tabs); i++)
    {
      AdwTabPage *tab = adw_tab_view_get_nth_page (self->tabs, i);

      g_object_set (adw_tab_page_get_child (tab), "inspector-visible", inspector,
                    "inspector-alone", inspector_alone, NULL);
    }
  self->applying = FALSE;

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SIDEBAR_VISIBLE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_INSPECTOR_VISIBLE]);
}

static void
width_changed_cb (DuplexWindow *self)
{
  duplex_panels_set_width (&self->state.panels, duplex_adaptive_bin_get_width (self->bin));
  apply_panels (self);
  gtk_paned_set_position (self->panes, self->state.sidebar_width);
}

/* Only a hand on the handle is a wish; the handle also moves while there is too little room, before
 * panes have been hidden. */
static void
sidebar_width_changed_cb (DuplexWindow *self)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self->bin));

  if (width > 0 && width == duplex_adaptive_bin_get_width (self->bin))
    self->state.sidebar_width = gtk_paned_get_position (self->panes);
}

/* Where the sidebar has taken the place of the rest, whoever asks for that wants to see it. */
static void
show_main (DuplexWindow *self)
{
  if (!duplex_panels_is_sidebar_alone (&self->state.panels))
    return;

  duplex_panels_ask_sidebar (&self->state.panels, FALSE);
  apply_panels (self);
}

/* The page has an action of its own for that. */
static void
inspector_visible_changed_cb (DuplexWindow *self,
                              GParamSpec   *pspec,
                              GObject      *page)
{
  gboolean visible;

  if (self->applying)
    return;

  g_object_get (page, "inspector-visible", &visible, NULL);
  duplex_panels_ask_inspector (&self->state.panels, visible);
  apply_panels (self);
}

static void
inspector_width_changed_cb (DuplexWindow *self,
                            GParamSpec   *pspec,
                            GObject      *page)
{
  if (!self->applying)
    g_object_get (page, "inspector-width", &self->state.inspector_width, NULL);
}

static void
inspector_page_changed_cb (DuplexWindow *self,
                           GParamSpec   *pspec,
                           GObject      *page)
{
  g_clear_pointer (&self->state.inspector_page, g_free);
  g_object_get (page, "inspector-page", &self->state.inspector_page, NULL);
}

static gboolean
is_history_visible (DuplexWindow *self)
{
  /* The action asks before the template is there. */
  return self->main_stack != NULL &&
         g_strcmp0 (gtk_stack_get_visible_child_name (self->main_stack), "history") == 0;
}

/* -- tabs -------------------------------------------------------------------------------------- */

static void
update_title (DuplexWindow *self)
{
  AdwTabPage *tab = adw_tab_view_get_selected_page (self->tabs);
  const char *title = tab != NULL ? adw_tab_page_get_title (tab) : "Duplex";

  adw_window_title_set_title (self->window_title, title);
  gtk_window_set_title (GTK_WINDOW (self), is_history_visible (self) ? _ ("History") : title);
}

/* What acts on a tab is for one that can be seen. */
static void
update_actions (DuplexWindow *self)
{
  static const char *const names[] = { "win.close-tab", "win.edit-profile", "win.page",
                                       "win.inspector" };
  gboolean                 can_act =
    !is_history_visible (self) && adw_tab_view_get_selected_page (self->tabs) != NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    gtk_widget_action_set_enabled (GTK_WIDGET (self), names[i], can_act);
}

/* GTK would go on at the first button of the header bar, where Enter does what nobody asked for. */
static void
focus_something (DuplexWindow *self)
{
  DuplexSessionPage *page = duplex_window_get_selected_page (self);

  if (page == NULL)
    duplex_profile_sidebar_focus_list (self->sidebar);
  else if (duplex_session_page_is_stored (page))
    gtk_widget_child_focus (GTK_WIDGET (page), GTK_DIR_TAB_FORWARD);
  else
    gtk_widget_activate_action (GTK_WIDGET (page), "page.focus-url", NULL);
}

static void
set_history_visible (DuplexWindow *self,
                     gboolean      visible)
{
  visible = visible && self->history != NULL;
  if (visible)
    show_main (self);
  if (is_history_visible (self) == visible)
    return;

  gtk_stack_set_visible_child_name (self->main_stack, visible ? "history" : "sessions");
  if (visible)
    duplex_history_page_focus_list (self->history_page);
  else
    focus_something (self);
  update_title (self);
  update_actions (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HISTORY_VISIBLE]);
}

static void
show_tabs (DuplexWindow *self)
{
  show_main (self);
  set_history_visible (self, FALSE);
}

/* Somebody who looks at another tab is told that this one has ended. */
static void
state_changed_cb (DuplexWindow  *self,
                  GParamSpec    *pspec,
                  DuplexSession *session)
{
  AdwTabPage *tab = duplex_session_tab_find (self->tabs, session);

  if (tab == NULL)
    return;

  duplex_session_tab_update (tab);
  if (duplex_session_tab_is_disconnected (tab) && !adw_tab_page_get_selected (tab))
    adw_tab_page_set_needs_attention (tab, TRUE);
}

static void
remember_profile (DuplexWindow  *self,
                  DuplexProfile *profile)
{
  if (self->settings != NULL && *duplex_profile_get_id (profile) != '\0')
    g_settings_set_string (self->settings, "last-profile", duplex_profile_get_id (profile));
}

void
duplex_window_profile_saved_cb (DuplexWindow  *self,
                                DuplexProfile *profile)
{
  duplex_profile_sidebar_set_selected (self->sidebar, profile);
  remember_profile (self, profile);
}

/* A new profile comes with the name of its host; nobody is kept from going on by a dialog. */
static void
save_profile_cb (DuplexWindow      *self,
                 DuplexProfile     *profile,
                 DuplexSessionPage *page)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *folder = g_strdup (duplex_profile_get_folder (profile));
  g_autofree char   *text = NULL;

  if (!duplex_profile_store_save (self->store, profile, folder, &error))
    {
      duplex_window_show_error (self, error);
      return;
    }

  /* Translators: %s is the name of the profile. */
  text = g_strdup_printf (_ ("Saved as “%s”"), duplex_profile_get_name (profile));
  duplex_session_page_toast (page, text);
  duplex_window_profile_saved_cb (self, profile);
}

static void
page_attached_cb (DuplexWindow *self,
                  AdwTabPage   *tab)
{
  DuplexSessionPage *page = duplex_session_tab_get_page (tab);

  g_object_set (page, "inspector-visible", duplex_panel_is_shown (&self->state.panels.inspector),
                "inspector-alone", duplex_panels_is_inspector_alone (&self->state.panels),
                "inspector-width", self->state.inspector_width, "inspector-page",
                self->state.inspector_page, NULL);
  g_object_bind_property (page, "title", tab, "title", G_BINDING_SYNC_CREATE);
  g_signal_connect_object (tab, "notify::title", G_CALLBACK (update_title), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (page, "save-profile", G_CALLBACK (save_profile_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (page, "open-profile", G_CALLBACK (duplex_window_connect_again), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (page, "notify::inspector-visible",
                           G_CALLBACK (inspector_visible_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (page, "notify::inspector-width", G_CALLBACK (inspector_width_changed_cb),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (page, "notify::inspector-page", G_CALLBACK (inspector_page_changed_cb),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (duplex_session_tab_get_session (tab), "notify::state",
                           G_CALLBACK (state_changed_cb), self, G_CONNECT_SWAPPED);
  duplex_session_tab_update (tab);
  duplex_window_record_tab (self, tab);
}

static gboolean
close_page_cb (DuplexWindow *self,
               AdwTabPage   *tab,
               AdwTabView   *tabs)
{
  duplex_farewell (G_APPLICATION (gtk_window_get_application (GTK_WINDOW (self))),
                   duplex_session_tab_get_session (tab));
  adw_tab_view_close_page_finish (tabs, tab, /* confirm= */ TRUE);
  return GDK_EVENT_STOP;
}

static void
selected_page_changed_cb (DuplexWindow *self)
{
  AdwTabPage    *tab = adw_tab_view_get_selected_page (self->tabs);
  gboolean       any = tab != NULL;
  DuplexProfile *profile;

  gtk_stack_set_visible_child_name (self->content, any ? "tabs" : "empty");
  update_actions (self);
  update_title (self);
  if (!any)
    return;

  profile = duplex_session_page_get_profile (duplex_session_tab_get_page (tab));
  adw_tab_page_set_needs_attention (tab, FALSE);
  duplex_profile_sidebar_set_selected (self->sidebar, profile);
  remember_profile (self, profile);
}

AdwTabPage *
duplex_window_add_tab (DuplexWindow      *self,
                       DuplexSessionPage *page)
{
  AdwTabPage *selected = adw_tab_view_get_selected_page (self->tabs);
  AdwTabPage *tab = adw_tab_view_add_page (self->tabs, GTK_WIDGET (page), selected);

  adw_tab_view_set_selected_page (self->tabs, tab);
  show_tabs (self);
  if (selected != NULL && duplex_session_tab_is_empty (selected))
    adw_tab_view_close_page (self->tabs, selected);
  return tab;
}

void
duplex_window_select_tab (DuplexWindow *self,
                          AdwTabPage   *tab)
{
  adw_tab_view_set_selected_page (self->tabs, tab);
  show_tabs (self);
}

static void
sidebar_open_cb (DuplexWindow  *self,
                 DuplexProfile *profile)
{
  duplex_window_open_profile (self, profile, DUPLEX_WINDOW_CONNECT);
}

/* -- settings ---------------------------------------------------------------------------------- */

static void
load_settings (DuplexWindow *self)
{
  duplex_window_state_clear (&self->state);
  duplex_window_state_load (&self->state, self->settings);

  gtk_window_set_default_size (GTK_WINDOW (self), self->state.width, self->state.height);
  if (self->state.maximized)
    gtk_window_maximize (GTK_WINDOW (self));
  gtk_paned_set_position (self->panes, self->state.sidebar_width);
}

static void
save_settings (DuplexWindow *self)
{
  int width, height;

  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  if (width > 0 && height > 0)
    {
      self->state.width = width;
      self->state.height = height;
    }
  self->state.maximized = gtk_window_is_maximized (GTK_WINDOW (self));
  duplex_window_state_save (&self->state, self->settings);
}

/* -- closing ----------------------------------------------------------------------------------- */

/* An editor above this window may have something to lose: it is asked first. Returns whether one of
 * them stays. */
static gboolean
close_editors (DuplexWindow *self)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();
  gboolean          stays = FALSE;

  for (GList *l = windows; l != NULL; l = l->next)
    {
      if (!DUPLEX_IS_PROFILE_EDITOR (l->data) ||
          gtk_window_get_transient_for (GTK_WINDOW (l->data)) != GTK_WINDOW (self))
        continue;

      if (duplex_profile_editor_has_changes (l->data))
        stays = TRUE;
      gtk_window_close (GTK_WINDOW (l->data));
    }
  return stays;
}

static gboolean
duplex_window_close_request (GtkWindow *window)
{
  DuplexWindow *self = DUPLEX_WINDOW (window);
  GApplication *application = G_APPLICATION (gtk_window_get_application (window));

  if (close_editors (self))
    return GDK_EVENT_STOP;

  save_settings (self);
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tabs); i++)
    duplex_farewell (application,
                     duplex_session_tab_get_session (adw_tab_view_get_nth_page (self->tabs, i)));
  return GTK_WINDOW_CLASS (duplex_window_parent_class)->close_request (window);
}

/* -- class ------------------------------------------------------------------------------------- */

static void
duplex_window_show (GtkWidget *widget)
{
  DuplexWindow *self = DUPLEX_WINDOW (widget);

  if (gtk_window_get_focus (GTK_WINDOW (self)) == NULL)
    focus_something (self);
  GTK_WIDGET_CLASS (duplex_window_parent_class)->show (widget);
}

/* Pure. */
static gboolean
is_hidden (GObject *object,
           gboolean visible)
{
  return !visible;
}

static void
duplex_window_dispose (GObject *object)
{
  DuplexWindow *self = DUPLEX_WINDOW (object);

  duplex_window_dispose_captures (self);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_WINDOW);
  g_clear_object (&self->history);
  g_clear_object (&self->settings);
  g_clear_object (&self->store);

  G_OBJECT_CLASS (duplex_window_parent_class)->dispose (object);
}

static void
duplex_window_finalize (GObject *object)
{
  DuplexWindow *self = DUPLEX_WINDOW (object);

  duplex_window_state_clear (&self->state);
  g_clear_pointer (&self->openings, g_ptr_array_unref);

  G_OBJECT_CLASS (duplex_window_parent_class)->finalize (object);
}

static void
duplex_window_get_property (GObject    *object,
                            guint       prop_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  DuplexWindow *self = DUPLEX_WINDOW (object);

  switch (prop_id)
    {
    case PROP_SIDEBAR_VISIBLE:
      g_value_set_boolean (value, duplex_panel_is_shown (&self->state.panels.sidebar));
      break;
    case PROP_INSPECTOR_VISIBLE:
      g_value_set_boolean (value, duplex_panel_is_shown (&self->state.panels.inspector));
      break;
    case PROP_HISTORY_VISIBLE:
      g_value_set_boolean (value, is_history_visible (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_window_set_property (GObject      *object,
                            guint         prop_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  DuplexWindow *self = DUPLEX_WINDOW (object);

  switch (prop_id)
    {
    case PROP_SIDEBAR_VISIBLE:
      duplex_panels_ask_sidebar (&self->state.panels, g_value_get_boolean (value));
      apply_panels (self);
      break;
    case PROP_INSPECTOR_VISIBLE:
      duplex_panels_ask_inspector (&self->state.panels, g_value_get_boolean (value));
      apply_panels (self);
      break;
    case PROP_HISTORY_VISIBLE:
      set_history_visible (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/duplexws/Duplex/duplex-window.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexWindow, bin);
  gtk_widget_class_bind_template_child (widget_class, DuplexWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, DuplexWindow, panes);
  gtk_widget_class_bind_template_child (widget_class, DuplexWindow, sidebar);
  gtk_widget_class_bind_template_child (widget_class, DuplexWindow, main);
  gtk_widget_class_bind_template_child (widget_class, DuplexWindow, main_stack);
  gtk_widget_class_bind_template_child (widget_class, DuplexWindow, history_page);
  gtk_widget_class_bind_template_child (widget_class, DuplexWindow, opening);
  gtk_widget_class_bind_template_child (widget_class, DuplexWindow, tabs);
  gtk_widget_class_bind_template_child (widget_class, DuplexWindow, window_title);
  gtk_widget_class_bind_template_child (widget_class, DuplexWindow, content);
  gtk_widget_class_bind_template_callback (widget_class, close_page_cb);
  gtk_widget_class_bind_template_callback (widget_class, duplex_window_open_capture);
  gtk_widget_class_bind_template_callback (widget_class, is_hidden);
  gtk_widget_class_bind_template_callback (widget_class, page_attached_cb);
  gtk_widget_class_bind_template_callback (widget_class, selected_page_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, sidebar_open_cb);
  gtk_widget_class_bind_template_callback (widget_class, sidebar_width_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, width_changed_cb);
}

static void
duplex_window_class_init (DuplexWindowClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass   *widget_class = GTK_WIDGET_CLASS (klass);
  GtkWindowClass   *window_class = GTK_WINDOW_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->dispose = duplex_window_dispose;
  object_class->finalize = duplex_window_finalize;
  object_class->get_property = duplex_window_get_property;
  object_class->set_property = duplex_window_set_property;
  widget_class->show = duplex_window_show;
  window_class->close_request = duplex_window_close_request;

  properties[PROP_SIDEBAR_VISIBLE] =
    g_param_spec_boolean ("sidebar-visible", NULL, NULL, TRUE, flags);
  properties[PROP_INSPECTOR_VISIBLE] =
    g_param_spec_boolean ("inspector-visible", NULL, NULL, TRUE, flags);
  properties[PROP_HISTORY_VISIBLE] =
    g_param_spec_boolean ("history-visible", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  bind_template (widget_class);

  duplex_window_install_actions (widget_class);
  gtk_widget_class_install_property_action (widget_class, "win.sidebar", "sidebar-visible");
  gtk_widget_class_install_property_action (widget_class, "win.inspector", "inspector-visible");
  gtk_widget_class_install_property_action (widget_class, "win.history", "history-visible");
}

static void
duplex_window_init (DuplexWindow *self)
{
  duplex_window_state_load (&self->state, NULL);

  g_type_ensure (DUPLEX_TYPE_ADAPTIVE_BIN);
  g_type_ensure (DUPLEX_TYPE_HISTORY_PAGE);
  g_type_ensure (DUPLEX_TYPE_PROFILE_SIDEBAR);
  gtk_widget_init_template (GTK_WIDGET (self));
  duplex_window_init_captures (self);
}

DuplexWindow *
duplex_window_new (GtkApplication     *application,
                   DuplexProfileStore *store,
                   GSettings          *settings)
{
  DuplexWindow *self;

  g_return_val_if_fail (GTK_IS_APPLICATION (application), NULL);
  g_return_val_if_fail (DUPLEX_IS_PROFILE_STORE (store), NULL);
  g_return_val_if_fail (settings == NULL || G_IS_SETTINGS (settings), NULL);

  self = g_object_new (DUPLEX_TYPE_WINDOW, "application", application, NULL);
  g_set_object (&self->store, store);
  g_set_object (&self->settings, settings);
  load_settings (self);
  g_object_set (self->sidebar, "store", store, NULL);
  apply_panels (self);
  duplex_window_watch_settings (self);
  selected_page_changed_cb (self);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.history", FALSE);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.preferences", settings != NULL);
  return self;
}

void
duplex_window_set_history (DuplexWindow  *self,
                           DuplexHistory *history)
{
  g_return_if_fail (DUPLEX_IS_WINDOW (self));
  g_return_if_fail (history == NULL || DUPLEX_IS_HISTORY (history));

  if (history == NULL)
    set_history_visible (self, FALSE);
  g_set_object (&self->history, history);
  g_object_set (self->history_page, "history", history, NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.history", history != NULL);
  duplex_window_update_recording (self);
}

DuplexSessionPage *
duplex_window_open_profile (DuplexWindow    *self,
                            DuplexProfile   *profile,
                            DuplexWindowOpen how)
{
  AdwTabPage *tab;

  g_return_val_if_fail (DUPLEX_IS_WINDOW (self), NULL);
  g_return_val_if_fail (DUPLEX_IS_PROFILE (profile), NULL);

  tab = duplex_session_tab_find_profile (self->tabs, profile);
  if (tab == NULL)
    tab = duplex_window_add_tab (self, duplex_session_page_new (profile));
  duplex_window_select_tab (self, tab);
  duplex_profile_sidebar_set_selected (self->sidebar, profile);
  if (how == DUPLEX_WINDOW_CONNECT && duplex_session_tab_is_disconnected (tab))
    duplex_session_page_connect (duplex_session_tab_get_page (tab));
  return duplex_session_tab_get_page (tab);
}

DuplexSessionPage *
duplex_window_open_url (DuplexWindow    *self,
                        const char      *url,
                        DuplexWindowOpen how)
{
  g_autoptr (DuplexProfile) profile = NULL;

  g_return_val_if_fail (DUPLEX_IS_WINDOW (self), NULL);
  g_return_val_if_fail (url != NULL, NULL);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->store)); i++)
    {
      g_autoptr (DuplexProfile) known = g_list_model_get_item (G_LIST_MODEL (self->store), i);

      if (g_str_equal (duplex_profile_get_url (known), url))
        return duplex_window_open_profile (self, known, how);
    }

  profile = duplex_profile_new ("", url);
  return duplex_window_open_profile (self, profile, how);
}

void
duplex_window_open_last (DuplexWindow *self)
{
  g_autofree char *id = NULL;
  DuplexProfile   *profile;

  g_return_if_fail (DUPLEX_IS_WINDOW (self));

  if (self->settings == NULL)
    return;

  id = g_settings_get_string (self->settings, "last-profile");
  profile = *id != '\0' ? duplex_profile_store_lookup (self->store, id) : NULL;
  if (profile != NULL && duplex_profile_get_error (profile) == NULL)
    duplex_window_open_profile (self, profile, DUPLEX_WINDOW_OPEN);
}

void
duplex_window_show_error (DuplexWindow *self,
                          const GError *error)
{
  g_autofree char *text = NULL;
  g_autofree char *markup = NULL;

  g_return_if_fail (DUPLEX_IS_WINDOW (self));
  g_return_if_fail (error != NULL);

  text = duplex_text_error (error);
  markup = g_markup_escape_text (text, -1);
  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (markup));
}

gboolean
duplex_window_is_connecting (DuplexWindow *self)
{
  g_return_val_if_fail (DUPLEX_IS_WINDOW (self), FALSE);

  for (int i = 0; i < adw_tab_view_get_n_pages (self->tabs); i++)
    if (adw_tab_page_get_loading (adw_tab_view_get_nth_page (self->tabs, i)))
      return TRUE;
  return self->openings->len > 0;
}

DuplexSessionPage *
duplex_window_get_selected_page (DuplexWindow *self)
{
  AdwTabPage *tab;

  g_return_val_if_fail (DUPLEX_IS_WINDOW (self), NULL);

  tab = adw_tab_view_get_selected_page (self->tabs);
  return tab != NULL ? duplex_session_tab_get_page (tab) : NULL;
}
