/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Captures in the window: opening stored ones, recording live ones, and keeping the budget. */
#include <glib/gi18n.h>

#include "app/duplex-history-texts.h"
#include "app/duplex-session-tab.h"
#include "app/duplex-settings.h"
#include "app/duplex-window-private.h"

/* What is open by then was not worth a spinner that flashes. */
#define SPINNER_MS 200

/* Of a file that is being opened. */
typedef struct
{
  DuplexWindow *window; /* owned */
  char         *path;
  GCancellable *cancellable;
} Opening;

static void
opening_free (Opening *opening)
{
  g_clear_object (&opening->window);
  g_clear_object (&opening->cancellable);
  g_clear_pointer (&opening->path, g_free);
  g_free (opening);
}

static void
show_capture_error (DuplexWindow *self,
                    const GError *error)
{
  g_autofree char *text = duplex_text_capture_error (error);
  g_autofree char *markup = g_markup_escape_text (text, -1);
  AdwToast        *toast = adw_toast_new (markup);

  /* It names a file and says why: that takes a while to read. */
  adw_toast_set_timeout (toast, 10);
  /* And answers what was asked for just now. */
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH);
  adw_toast_overlay_add_toast (self->toasts, toast);
}

/* -- opening ----------------------------------------------------------------------------------- */

static AdwTabPage *
find_tab (DuplexWindow *self,
          const char   *path)
{
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tabs); i++)
    {
      AdwTabPage    *tab = adw_tab_view_get_nth_page (self->tabs, i);
      DuplexSession *session = duplex_session_tab_get_session (tab);

      if (g_strcmp0 (duplex_capture_get_path (duplex_session_get_capture (session)), path) == 0)
        return tab;
    }
  return NULL;
}

/* As it was when the capture was recorded; where that cannot be told, its URL is all there is. */
static DuplexProfile *
make_profile (DuplexCapture *capture)
{
  g_autofree char              *json = duplex_capture_dup_meta (capture, "profile");
  g_auto (DuplexCaptureSummary) summary = { 0 };
  DuplexProfile                *profile = NULL;

  if (json != NULL)
    profile = duplex_profile_from_json (json, strlen (json), NULL);
  if (profile != NULL)
    return profile;

  duplex_capture_file_read_summary (duplex_capture_get_path (capture), &summary, NULL);
  return duplex_profile_new (summary.profile, summary.url);
}

static void
update_spinner (DuplexWindow *self)
{
  if (self->openings->len > 0)
    return;

  g_clear_handle_id (&self->opening_timer, g_source_remove);
  if (self->opening != NULL)
    gtk_widget_set_visible (self->opening, FALSE);
}

static void
opened_ready_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Opening                  *opening = user_data;
  g_autoptr (DuplexWindow)  self = g_object_ref (opening->window);
  g_autofree char          *path = g_strdup (opening->path);
  g_autoptr (GError)        error = NULL;
  g_autoptr (DuplexCapture) capture = duplex_capture_open_finish (result, &error);
  g_autoptr (DuplexProfile) profile = NULL;

  g_ptr_array_remove (self->openings, opening);
  update_spinner (self);
  /* The window has gone, or nobody waits for it any more. */
  if (self->toasts == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (capture == NULL)
    {
      show_capture_error (self, error);
      return;
    }
  profile = make_profile (capture);
  duplex_window_add_tab (self, duplex_session_page_new_for_capture (profile, capture));
}

static gboolean
spinner_cb (gpointer user_data)
{
  DuplexWindow *self = DUPLEX_WINDOW (user_data);

  self->opening_timer = 0;
  gtk_widget_set_visible (self->opening, TRUE);
  return G_SOURCE_REMOVE;
}

static gboolean
is_opening (DuplexWindow *self,
            const char   *path)
{
  for (guint i = 0; i < self->openings->len; i++)
    if (g_str_equal (((Opening *)g_ptr_array_index (self->openings, i))->path, path))
      return TRUE;
  return FALSE;
}

void
duplex_window_open_capture (DuplexWindow *self,
                            const char   *path)
{
  AdwTabPage *tab;
  Opening    *opening;

  g_return_if_fail (DUPLEX_IS_WINDOW (self));
  g_return_if_fail (path != NULL);

  tab = find_tab (self, path);
  if (tab != NULL)
    {
      duplex_window_select_tab (self, tab);
      return;
    }
  if (is_opening (self, path))
    return;

  opening = g_new0 (Opening, 1);
  opening->window = g_object_ref (self);
  opening->path = g_strdup (path);
  opening->cancellable = g_cancellable_new ();
  g_ptr_array_add (self->openings, opening);
  if (self->opening_timer == 0)
    self->opening_timer = g_timeout_add (SPINNER_MS, spinner_cb, self);
  duplex_capture_open_async (path, opening->cancellable, opened_ready_cb, opening);
}

void
duplex_window_open_file (DuplexWindow *self,
                         GFile        *file)
{
  g_autofree char   *path = NULL;
  g_autofree char   *uri = NULL;
  g_autoptr (GError) error = NULL;

  g_return_if_fail (DUPLEX_IS_WINDOW (self));
  g_return_if_fail (G_IS_FILE (file));

  path = g_file_get_path (file);
  if (path != NULL)
    {
      duplex_window_open_capture (self, path);
      return;
    }

  uri = g_file_get_uri (file);
  g_set_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s is no file of this machine", uri);
  show_capture_error (self, error);
}

void
duplex_window_cancel_opening (DuplexWindow *self)
{
  for (guint i = 0; i < self->openings->len; i++)
    g_cancellable_cancel (((Opening *)g_ptr_array_index (self->openings, i))->cancellable);
}

/* Whoever changed a profile since then wants it as it is now, if it can still be told which it
 * was. */
static DuplexProfile *
find_saved (DuplexWindow  *self,
            DuplexCapture *capture,
            DuplexProfile *profile)
{
  g_autofree char *id = duplex_capture_dup_meta (capture, "profile-id");

  if (id != NULL && duplex_profile_store_lookup (self->store, id) != NULL)
    return duplex_profile_store_lookup (self->store, id);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->store)); i++)
    {
      g_autoptr (DuplexProfile) known = g_list_model_get_item (G_LIST_MODEL (self->store), i);

      if (duplex_profile_has_same_settings (known, profile))
        return known;
    }
  return NULL;
}

void
duplex_window_connect_again (DuplexWindow      *self,
                             DuplexProfile     *profile,
                             DuplexSessionPage *page)
{
  DuplexSession *session = duplex_session_page_get_session (page);
  DuplexProfile *saved =
    find_saved (self, duplex_session_get_capture (session), profile);
  g_autoptr (DuplexProfile) copy = NULL;

  if (saved != NULL && duplex_profile_get_error (saved) == NULL)
    {
      duplex_window_open_profile (self, saved, DUPLEX_WINDOW_CONNECT);
      return;
    }

  /* Not the page's own, for which that page would be taken. */
  copy = duplex_profile_copy (profile);
  duplex_window_open_profile (self, copy, DUPLEX_WINDOW_CONNECT);
}

static gboolean
drop_cb (DuplexWindow *self,
         const GValue *value)
{
  GSList *files = g_value_get_boxed (value);

  for (GSList *l = files; l != NULL; l = l->next)
    duplex_window_open_file (self, G_FILE (l->data));
  return files != NULL;
}

/* -- the budget -------------------------------------------------------------------------------- */

/* Paths of the captures in tabs. */
static GStrv
list_open (DuplexWindow *self)
{
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();

  for (int i = 0; i < adw_tab_view_get_n_pages (self->tabs); i++)
    {
      AdwTabPage    *tab = adw_tab_view_get_nth_page (self->tabs, i);
      DuplexSession *session = duplex_session_tab_get_session (tab);
      const char    *path = duplex_capture_get_path (duplex_session_get_capture (session));

      if (path != NULL)
        g_strv_builder_add (paths, path);
    }
  return g_strv_builder_end (paths);
}

static void enforce (DuplexWindow *self);

static void
enforced_ready_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (DuplexWindow) self = DUPLEX_WINDOW (user_data);
  g_autoptr (GError)       error = NULL;
  g_autofree char         *text = NULL;
  AdwToast                *toast;
  guint64                  bytes = 0;
  guint                    count = 0;
  gboolean                 done;

  done = duplex_history_enforce_finish (DUPLEX_HISTORY (source), result, &count, &bytes, &error);
  self->is_enforcing = FALSE;
  if (self->toasts == NULL)
    return;

  if (!done)
    show_capture_error (self, error);
  else if (count > 0)
    {
      text = duplex_text_dropped (count, bytes, duplex_settings_get_budget (self->settings));
      toast = adw_toast_new (text);
      adw_toast_set_button_label (toast, _ ("_Preferences"));
      adw_toast_set_action_name (toast, "win.preferences");
      adw_toast_set_timeout (toast, 10);
      adw_toast_overlay_add_toast (self->toasts, toast);
    }
  if (self->enforce_again)
    enforce (self);
}

static void
enforce (DuplexWindow *self)
{
  g_auto (GStrv) keep = NULL;

  if (self->history == NULL || self->tabs == NULL)
    return;

  self->enforce_again = self->is_enforcing;
  if (self->is_enforcing)
    return;

  keep = list_open (self);
  self->is_enforcing = TRUE;
  duplex_history_enforce_async (self->history, duplex_settings_get_budget (self->settings),
                                (const char *const *)keep, enforced_ready_cb, g_object_ref (self));
}

/* -- recording --------------------------------------------------------------------------------- */

static void
recording_changed_cb (DuplexWindow  *self,
                      GParamSpec    *pspec,
                      DuplexCapture *capture)
{
  DuplexRecording recording = duplex_capture_get_recording (capture);

  if (recording == DUPLEX_RECORDING_ON || recording == DUPLEX_RECORDING_ENDED)
    enforce (self);
}

/* Where nothing is to be kept, a file still keeps memory small while the tab is there. */
static void
set_folder (DuplexWindow  *self,
            DuplexSession *session)
{
  g_autofree char *cache = g_build_filename (g_get_user_cache_dir (), "duplex", NULL);
  gboolean         record = duplex_settings_get_record (self->settings);
  const char      *folder = NULL;

  if (self->history != NULL)
    folder = record ? duplex_history_get_folder (self->history) : cache;
  duplex_session_set_capture_folder (session, folder,
                                     duplex_settings_get_record_secrets (self->settings));
  duplex_session_set_capture_temporary (session, !record);
}

void
duplex_window_record_tab (DuplexWindow *self,
                          AdwTabPage   *tab)
{
  DuplexSession *session = duplex_session_tab_get_session (tab);
  DuplexCapture *capture = duplex_session_get_capture (session);

  if (duplex_capture_get_recording (capture) != DUPLEX_RECORDING_OFF)
    return;

  set_folder (self, session);
  g_signal_connect_object (capture, "notify::recording", G_CALLBACK (recording_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

static void
settings_changed_cb (DuplexWindow *self)
{
  duplex_window_update_recording (self);
}

void
duplex_window_update_recording (DuplexWindow *self)
{
  g_object_set (self->history_page, "budget", duplex_settings_get_budget (self->settings),
                "recording", duplex_settings_get_record (self->settings), NULL);
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tabs); i++)
    {
      DuplexSession *session =
        duplex_session_tab_get_session (adw_tab_view_get_nth_page (self->tabs, i));

      if (duplex_capture_get_recording (duplex_session_get_capture (session)) ==
          DUPLEX_RECORDING_OFF)
        set_folder (self, session);
    }
}

/* -- the window -------------------------------------------------------------------------------- */

void
duplex_window_watch_settings (DuplexWindow *self)
{
  if (self->settings != NULL)
    g_signal_connect_object (self->settings, "changed", G_CALLBACK (settings_changed_cb), self,
                             G_CONNECT_SWAPPED);
}

void
duplex_window_init_captures (DuplexWindow *self)
{
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  self->openings = g_ptr_array_new_with_free_func ((GDestroyNotify)opening_free);
  g_signal_connect_swapped (target, "drop", G_CALLBACK (drop_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}

void
duplex_window_dispose_captures (DuplexWindow *self)
{
  g_clear_handle_id (&self->opening_timer, g_source_remove);
  duplex_window_cancel_opening (self);
}
