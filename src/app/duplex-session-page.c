/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-session-page.h"

#include <glib/gi18n.h>

#include "app/duplex-recording-banner.h"
#include "app/duplex-session-page-private.h"
#include "app/duplex-status-bar.h"
#include "app/duplex-stored-bar.h"
#include "app/duplex-texts.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"

G_DEFINE_FINAL_TYPE (DuplexSessionPage, duplex_session_page, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_PROFILE,
  PROP_SESSION,
  PROP_TITLE,
  PROP_MODIFIED,
  PROP_INSPECTOR_VISIBLE,
  PROP_INSPECTOR_WIDTH,
  PROP_INSPECTOR_PAGE,
  PROP_INSPECTOR_ALONE,
  PROP_STORED,
  N_PROPS
};

enum {
  SIGNAL_SAVE_PROFILE,
  SIGNAL_OPEN_PROFILE,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

static void
update_title (DuplexSessionPage *self)
{
  DuplexCapture   *capture = duplex_session_get_capture (self->session);
  const char      *name = duplex_profile_get_name (self->profile);
  const char      *url = duplex_profile_get_url (self->working);
  g_autofree char *title = NULL;

  /* What somebody called the recording says more than where it comes from. */
  if (self->stored)
    title = duplex_capture_dup_meta (capture, "title");

  if (title != NULL)
    ;
  else if (*name != '\0')
    title = g_strdup (name);
  else if (*url != '\0')
    title = duplex_text_host (url);
  else
    title = g_strdup (_ ("New Connection"));

  if (g_strcmp0 (self->title, title) == 0)
    return;

  g_free (self->title);
  self->title = g_steal_pointer (&title);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TITLE]);
}

static void
update_modified (DuplexSessionPage *self)
{
  const char *url = duplex_profile_get_url (self->working);
  gboolean    modified;

  if (*duplex_profile_get_id (self->profile) == '\0')
    modified = *url != '\0';
  else
    modified = !g_str_equal (url, duplex_profile_get_url (self->profile));
  modified = modified && !self->stored;

  if (self->modified == modified)
    return;

  self->modified = modified;
  duplex_session_page_update_actions (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MODIFIED]);
}

static void
working_url_changed_cb (DuplexSessionPage *self)
{
  update_title (self);
  update_modified (self);
}

static void
profile_url_changed_cb (DuplexSessionPage *self)
{
  duplex_profile_set_url (self->working, duplex_profile_get_url (self->profile));
  update_modified (self);
}

/* All settings but the URL are the profile's, also those that changed since the page opened. */
static void
adopt_settings (DuplexSessionPage *self)
{
  g_autofree char *url = g_strdup (duplex_profile_get_url (self->working));

  g_object_freeze_notify (G_OBJECT (self->working));
  duplex_profile_assign (self->working, self->profile);
  duplex_profile_set_url (self->working, g_strstrip (url));
  g_object_thaw_notify (G_OBJECT (self->working));
}

void
duplex_session_page_save_profile (DuplexSessionPage *self)
{
  const char *url = duplex_profile_get_url (self->working);

  if (*duplex_profile_get_name (self->profile) == '\0')
    {
      g_autofree char *host = duplex_text_host (url);
      duplex_profile_set_name (self->profile, host);
    }
  duplex_profile_set_url (self->profile, url);
  g_signal_emit (self, signals[SIGNAL_SAVE_PROFILE], 0, self->profile);
  update_modified (self);
}

/* Whether the window's focus is in widget, or nowhere. */
static gboolean
has_focus (DuplexSessionPage *self,
           GtkWidget         *widget)
{
  GtkRoot   *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  return focus == NULL || focus == widget || gtk_widget_is_ancestor (focus, widget);
}

/* Where the person goes on: to the message once they can write one, and to the address, where Enter
 * connects again, when the composer turns insensitive under them. A page in the background leaves
 * the focus alone. */
static void
move_focus (DuplexSessionPage *self,
            gboolean           was_in_composer)
{
  gboolean open = duplex_session_get_state (self->session) == DUPLEX_SESSION_OPEN;
  gboolean elsewhere;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;

  elsewhere = has_focus (self, GTK_WIDGET (self->url_bar)) || !has_focus (self, GTK_WIDGET (self));
  if (open && elsewhere)
    gtk_widget_grab_focus (GTK_WIDGET (self->composer));
  else if (!open && was_in_composer)
    gtk_widget_grab_focus (GTK_WIDGET (self->url_bar));
}

static void
state_changed_cb (DuplexSessionPage *self)
{
  DuplexSessionState state = duplex_session_get_state (self->session);
  gboolean           in_composer = has_focus (self, GTK_WIDGET (self->composer));

  /* "This time" is over. */
  if (state == DUPLEX_SESSION_DISCONNECTED)
    duplex_session_trust_certificate (self->session, NULL);

  g_object_set (self->composer, "connected", state == DUPLEX_SESSION_OPEN, NULL);
  duplex_session_page_update_actions (self);
  move_focus (self, in_composer);
}

static void
failed_cb (DuplexSessionPage *self,
           const GError      *error)
{
  const char *refused = duplex_session_get_refused_certificate (self->session);

  if (g_error_matches (error, DUPLEX_ERROR, DUPLEX_ERROR_CANCELLED))
    return;

  if (g_error_matches (error, DUPLEX_ERROR, DUPLEX_ERROR_TLS_CERTIFICATE) && refused != NULL)
    {
      g_autofree char *host = duplex_text_host (duplex_profile_get_url (self->working));

      duplex_trust_banner_show (self->banner, host,
                                duplex_session_get_refused_flags (self->session), refused);
      return;
    }

  duplex_session_page_toast_error (self, error);
}

/* What ends well needs no toast, and 1006 comes with an error of its own. */
static gboolean
needs_toast (guint code)
{
  switch (code)
    {
    case DUPLEX_CLOSE_NORMAL:
    case DUPLEX_CLOSE_GOING_AWAY:
    case DUPLEX_CLOSE_NO_STATUS:
    case DUPLEX_CLOSE_ABNORMAL:
      return FALSE;
    default:
      return TRUE;
    }
}

static void
closed_cb (DuplexSessionPage *self,
           guint              code,
           const char        *reason,
           gboolean           by_peer)
{
  g_autofree char *text = NULL;

  if (!by_peer || !needs_toast (code))
    return;

  text = duplex_text_closed (code, reason);
  duplex_session_page_toast (self, text);
}

static void
trust_cb (DuplexSessionPage *self,
          gboolean           always)
{
  const char *fingerprint = duplex_session_get_refused_certificate (self->session);

  if (fingerprint == NULL)
    return;

  if (!always)
    duplex_session_trust_certificate (self->session, fingerprint);
  else
    {
      duplex_profile_set_trusted_certificate (self->profile, fingerprint);
      if (*duplex_profile_get_id (self->profile) == '\0')
        duplex_session_page_save_profile (self);
      else
        g_signal_emit (self, signals[SIGNAL_SAVE_PROFILE], 0, self->profile);
    }

  duplex_session_page_connect (self);
}

static gboolean
send_cb (DuplexSessionPage *self,
         const char        *text)
{
  g_autoptr (GError) error = NULL;

  if (!duplex_session_send_text (self->session, text, -1, &error))
    {
      duplex_session_page_toast_error (self, error);
      return FALSE;
    }

  duplex_message_list_set_following (self->list, TRUE);
  return TRUE;
}

static void
note_failed_cb (DuplexSessionPage *self,
                const GError      *error)
{
  duplex_session_page_toast_error (self, error);
}

static void
filter_closed_cb (DuplexSessionPage *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->list));
}

void
duplex_session_page_open_profile (DuplexSessionPage *self)
{
  g_signal_emit (self, signals[SIGNAL_OPEN_PROFILE], 0, self->profile);
}

static void
selected_row_changed_cb (DuplexSessionPage *self)
{
  duplex_session_page_update_actions (self);
}

void
duplex_session_page_show_in_inspector (DuplexSessionPage *self,
                                       DuplexRow         *row,
                                       const char        *name)
{
  duplex_message_list_set_selected_row (self->list, row);
  g_object_set (self->inspector, "page-name", name, NULL);
  duplex_session_page_set_inspector_visible (self, TRUE);
}

static void
show_message_cb (DuplexSessionPage *self,
                 DuplexRow         *row)
{
  duplex_session_page_show_in_inspector (self, row, "message");
}

static void
show_frames_cb (DuplexSessionPage *self,
                DuplexRow         *row)
{
  duplex_session_page_show_in_inspector (self, row, "frames");
}

static void
inspector_page_changed_cb (DuplexSessionPage *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_INSPECTOR_PAGE]);
}

static void
duplex_session_page_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  DuplexSessionPage *self = DUPLEX_SESSION_PAGE (object);

  switch (prop_id)
    {
    case PROP_PROFILE:
      g_value_set_object (value, self->profile);
      break;
    case PROP_SESSION:
      g_value_set_object (value, self->session);
      break;
    case PROP_TITLE:
      g_value_set_string (value, self->title);
      break;
    case PROP_MODIFIED:
      g_value_set_boolean (value, self->modified);
      break;
    case PROP_INSPECTOR_VISIBLE:
      g_value_set_boolean (value, self->inspector_visible);
      break;
    case PROP_INSPECTOR_WIDTH:
      g_value_set_int (value, self->inspector_width);
      break;
    case PROP_INSPECTOR_ALONE:
      g_value_set_boolean (value, self->inspector_alone);
      break;
    case PROP_STORED:
      g_value_set_boolean (value, self->stored);
      break;
    case PROP_INSPECTOR_PAGE:
      g_object_get_property (G_OBJECT (self->inspector), "page-name", value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_session_page_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  DuplexSessionPage *self = DUPLEX_SESSION_PAGE (object);

  switch (prop_id)
    {
    case PROP_PROFILE:
      duplex_session_page_set_profile (self, g_value_get_object (value));
      break;
    case PROP_INSPECTOR_VISIBLE:
      duplex_session_page_set_inspector_visible (self, g_value_get_boolean (value));
      break;
    case PROP_INSPECTOR_WIDTH:
      duplex_session_page_set_inspector_width (self, g_value_get_int (value));
      break;
    case PROP_INSPECTOR_ALONE:
      if (self->inspector_alone == g_value_get_boolean (value))
        return;
      self->inspector_alone = g_value_get_boolean (value);
      g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_INSPECTOR_PAGE:
      g_object_set_property (G_OBJECT (self->inspector), "page-name", value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_session_page_dispose (GObject *object)
{
  DuplexSessionPage *self = DUPLEX_SESSION_PAGE (object);

  /* A session that nobody holds says goodbye by itself. */
  if (self->session != NULL)
    g_signal_handlers_disconnect_by_data (self->session, self);
  if (self->actions != NULL)
    duplex_session_page_remove_actions (self);
  if (self->working != NULL)
    g_signal_handlers_disconnect_by_data (self->working, self);
  g_clear_weak_pointer (&self->toast);
  g_clear_pointer (&self->jump, gtk_widget_unparent);
  g_clear_object (&self->profile_signals);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_SESSION_PAGE);
  g_clear_object (&self->actions);
  g_clear_object (&self->session);
  g_clear_object (&self->working);
  g_clear_object (&self->profile);

  G_OBJECT_CLASS (duplex_session_page_parent_class)->dispose (object);
}

static void
duplex_session_page_finalize (GObject *object)
{
  DuplexSessionPage *self = DUPLEX_SESSION_PAGE (object);

  g_clear_pointer (&self->title, g_free);

  G_OBJECT_CLASS (duplex_session_page_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  properties[PROP_PROFILE] =
    g_param_spec_object ("profile", NULL, NULL, DUPLEX_TYPE_PROFILE, rw | G_PARAM_CONSTRUCT);
  properties[PROP_SESSION] = g_param_spec_object ("session", NULL, NULL, DUPLEX_TYPE_SESSION, ro);
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, ro);
  properties[PROP_MODIFIED] = g_param_spec_boolean ("modified", NULL, NULL, FALSE, ro);
  properties[PROP_INSPECTOR_VISIBLE] =
    g_param_spec_boolean ("inspector-visible", NULL, NULL, TRUE, rw);
  properties[PROP_INSPECTOR_WIDTH] =
    g_param_spec_int ("inspector-width", NULL, NULL, 0, G_MAXINT, 0, rw);
  properties[PROP_INSPECTOR_ALONE] =
    g_param_spec_boolean ("inspector-alone", NULL, NULL, FALSE, rw);
  properties[PROP_STORED] = g_param_spec_boolean ("stored", NULL, NULL, FALSE, ro);
  properties[PROP_INSPECTOR_PAGE] = g_param_spec_string ("inspector-page", NULL, NULL, NULL, rw);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
duplex_session_page_class_init (DuplexSessionPageClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_session_page_dispose;
  object_class->finalize = duplex_session_page_finalize;
  object_class->get_property = duplex_session_page_get_property;
  object_class->set_property = duplex_session_page_set_property;
  install_properties (object_class);

  signals[SIGNAL_SAVE_PROFILE] =
    g_signal_new ("save-profile", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                  NULL, G_TYPE_NONE, 1, DUPLEX_TYPE_PROFILE);
  signals[SIGNAL_OPEN_PROFILE] =
    g_signal_new ("open-profile", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                  NULL, G_TYPE_NONE, 1, DUPLEX_TYPE_PROFILE);

  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "page.close-find", NULL);

  g_type_ensure (DUPLEX_TYPE_COMPOSER);
  g_type_ensure (DUPLEX_TYPE_FILTER_BAR);
  g_type_ensure (DUPLEX_TYPE_INSPECTOR);
  g_type_ensure (DUPLEX_TYPE_MESSAGE_LIST);
  g_type_ensure (DUPLEX_TYPE_RECORDING_BANNER);
  g_type_ensure (DUPLEX_TYPE_STORED_BAR);
  g_type_ensure (DUPLEX_TYPE_STATUS_BAR);
  g_type_ensure (DUPLEX_TYPE_TRUST_BANNER);
  g_type_ensure (DUPLEX_TYPE_URL_BAR);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/duplexws/Duplex/duplex-session-page.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexSessionPage, content);
  gtk_widget_class_bind_template_child (widget_class, DuplexSessionPage, toasts);
  gtk_widget_class_bind_template_child (widget_class, DuplexSessionPage, url_bar);
  gtk_widget_class_bind_template_child (widget_class, DuplexSessionPage, banner);
  gtk_widget_class_bind_template_child (widget_class, DuplexSessionPage, filter_bar);
  gtk_widget_class_bind_template_child (widget_class, DuplexSessionPage, paned);
  gtk_widget_class_bind_template_child (widget_class, DuplexSessionPage, list);
  gtk_widget_class_bind_template_child (widget_class, DuplexSessionPage, composer);
  gtk_widget_class_bind_template_child (widget_class, DuplexSessionPage, inspector);
  gtk_widget_class_bind_template_callback (widget_class, trust_cb);
  gtk_widget_class_bind_template_callback (widget_class, filter_closed_cb);
  gtk_widget_class_bind_template_callback (widget_class, note_failed_cb);
  gtk_widget_class_bind_template_callback (widget_class, duplex_session_page_room_changed);
  gtk_widget_class_bind_template_callback (widget_class, duplex_session_page_position_changed);
  gtk_widget_class_bind_template_callback (widget_class, inspector_page_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, selected_row_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, show_message_cb);
  gtk_widget_class_bind_template_callback (widget_class, show_frames_cb);
  gtk_widget_class_bind_template_callback (widget_class, send_cb);
  gtk_widget_class_bind_template_callback (widget_class, duplex_session_page_show_finding);
  gtk_widget_class_bind_template_callback (widget_class, duplex_session_page_update_actions);
}

static void
connect_session (DuplexSessionPage *self)
{
  g_signal_connect_swapped (self->session, "notify::state", G_CALLBACK (state_changed_cb), self);
  g_signal_connect_swapped (self->session, "failed", G_CALLBACK (failed_cb), self);
  g_signal_connect_swapped (self->session, "closed", G_CALLBACK (closed_cb), self);
}

static void
duplex_session_page_init (DuplexSessionPage *self)
{
  self->inspector_visible = TRUE;
  self->profile = duplex_profile_new ("", "");
  self->working = duplex_profile_copy (self->profile);
  self->session = duplex_session_new (self->working);
  self->actions = g_simple_action_group_new ();
  self->profile_signals = g_signal_group_new (DUPLEX_TYPE_PROFILE);
  g_signal_group_connect_swapped (self->profile_signals, "notify::url",
                                  G_CALLBACK (profile_url_changed_cb), self);
  g_signal_group_connect_swapped (self->profile_signals, "notify::name",
                                  G_CALLBACK (update_title), self);
  g_signal_group_connect_swapped (self->profile_signals, "notify::id",
                                  G_CALLBACK (update_modified), self);

  duplex_session_page_add_actions (self);
  gtk_widget_init_template (GTK_WIDGET (self));

  g_object_bind_property (self->working, "url", self->url_bar, "url",
                          G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  g_signal_connect_swapped (self->working, "notify::url", G_CALLBACK (working_url_changed_cb),
                            self);
  connect_session (self);
  update_title (self);
  duplex_session_page_update_actions (self);
}

DuplexSessionPage *
duplex_session_page_new (DuplexProfile *profile)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (profile), NULL);

  return g_object_new (DUPLEX_TYPE_SESSION_PAGE, "profile", profile, NULL);
}

DuplexSessionPage *
duplex_session_page_new_for_capture (DuplexProfile *profile,
                                     DuplexCapture *capture)
{
  DuplexSessionPage *self;

  g_return_val_if_fail (DUPLEX_IS_PROFILE (profile), NULL);
  g_return_val_if_fail (DUPLEX_IS_CAPTURE (capture), NULL);

  self = duplex_session_page_new (profile);
  g_signal_handlers_disconnect_by_data (self->session, self);
  g_object_unref (self->session);
  self->session = duplex_session_new_for_capture (self->working, capture);
  self->stored = TRUE;
  connect_session (self);
  update_title (self);
  update_modified (self);
  duplex_session_page_update_actions (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STORED]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SESSION]);
  return self;
}

gboolean
duplex_session_page_is_stored (DuplexSessionPage *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION_PAGE (self), FALSE);

  return self->stored;
}

DuplexProfile *
duplex_session_page_get_profile (DuplexSessionPage *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION_PAGE (self), NULL);

  return self->profile;
}

void
duplex_session_page_set_profile (DuplexSessionPage *self,
                                 DuplexProfile     *profile)
{
  g_return_if_fail (DUPLEX_IS_SESSION_PAGE (self));

  if (profile == NULL || !g_set_object (&self->profile, profile))
    return;

  g_signal_group_set_target (self->profile_signals, profile);
  duplex_profile_assign (self->working, profile);
  update_title (self);
  update_modified (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROFILE]);
}

DuplexSession *
duplex_session_page_get_session (DuplexSessionPage *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION_PAGE (self), NULL);

  return self->session;
}

const char *
duplex_session_page_get_title (DuplexSessionPage *self)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION_PAGE (self), NULL);

  return self->title;
}

void
duplex_session_page_connect (DuplexSessionPage *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (DUPLEX_IS_SESSION_PAGE (self));

  if (self->stored || duplex_session_get_state (self->session) != DUPLEX_SESSION_DISCONNECTED)
    return;

  duplex_trust_banner_dismiss (self->banner);
  adopt_settings (self);
  if (!duplex_session_page_has_secrets (self))
    return;
  duplex_session_set_profile_id (self->session, duplex_profile_get_id (self->profile));
  if (duplex_session_connect (self->session, &error))
    return;

  if (g_error_matches (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL))
    {
      g_autofree char *text = duplex_text_error (error);

      duplex_url_bar_set_problem (self->url_bar, text);
      duplex_url_bar_focus_entry (self->url_bar);
    }
  else
    duplex_session_page_toast_error (self, error);
}

void
duplex_session_page_select_row (DuplexSessionPage *self,
                                DuplexRow         *row)
{
  g_return_if_fail (DUPLEX_IS_SESSION_PAGE (self));
  g_return_if_fail (row == NULL || DUPLEX_IS_ROW (row));

  duplex_message_list_set_selected_row (self->list, row);
}
