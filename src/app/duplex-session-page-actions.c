/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The actions of a page. */
#include <glib/gi18n.h>
#include <string.h>

#include "app/duplex-session-page-private.h"
#include "core/model/duplex-redact-url.h"
#include "core/model/duplex-redact.h"

static void
connect_activated_cb (GSimpleAction *action,
                      GVariant      *parameter,
                      gpointer       user_data)
{
  DuplexSessionPage *self = DUPLEX_SESSION_PAGE (user_data);
  g_autoptr (GError) error = NULL;

  switch (duplex_session_get_state (self->session))
    {
    case DUPLEX_SESSION_DISCONNECTED:
      duplex_session_page_connect (self);
      break;
    case DUPLEX_SESSION_CONNECTING:
      duplex_session_cancel (self->session);
      break;
    case DUPLEX_SESSION_OPEN:
      if (!duplex_session_disconnect (self->session, 0, NULL, &error))
        duplex_session_page_toast_error (self, error);
      break;
    case DUPLEX_SESSION_CLOSING:
    default:
      break;
    }
}

static gboolean
is_marked (const char *text)
{
  return strstr (text, DUPLEX_REDACT_MARK) != NULL || duplex_redact_is_marked (text);
}

gboolean
duplex_session_page_has_secrets (DuplexSessionPage *self)
{
  gsize               n;
  const DuplexHeader *headers = duplex_profile_get_headers (self->working, &n);

  if (is_marked (duplex_profile_get_url (self->working)))
    {
      g_autofree char *text = g_strdup_printf (
        /* Translators: %s stands in the address in place of a password, a token or the like. */
        _ ("A secret of this address was not recorded. Put it in place of “%s”."),
        DUPLEX_REDACT_URL_MARK);

      duplex_url_bar_set_problem (self->url_bar, text);
      duplex_url_bar_select (self->url_bar, DUPLEX_REDACT_URL_MARK);
      return FALSE;
    }
  for (gsize i = 0; i < n; i++)
    if (is_marked (headers[i].value))
      {
        g_autofree char *text = g_strdup_printf (
          /* Translators: %s is the name of a header: "Authorization". */
          _ ("The value of “%s” was not recorded. Enter it in the profile."), headers[i].name);

        duplex_session_page_toast (self, text);
        return FALSE;
      }
  return TRUE;
}

static void
send_activated_cb (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  DuplexSessionPage *self = DUPLEX_SESSION_PAGE (user_data);

  duplex_composer_send (self->composer);
  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
}

static void
ping_activated_cb (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  DuplexSessionPage *self = DUPLEX_SESSION_PAGE (user_data);
  g_autoptr (GError) error = NULL;

  if (!duplex_session_ping (self->session, NULL, &error))
    duplex_session_page_toast_error (self, error);
}

static void
pong_activated_cb (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  DuplexSessionPage *self = DUPLEX_SESSION_PAGE (user_data);
  g_autoptr (GError) error = NULL;

  if (!duplex_session_pong (self->session, NULL, &error))
    duplex_session_page_toast_error (self, error);
}

static void
clear_activated_cb (GSimpleAction *action,
                    GVariant      *parameter,
                    gpointer       user_data)
{
  DuplexSessionPage *self = DUPLEX_SESSION_PAGE (user_data);

  duplex_message_list_set_selected_row (self->list, NULL);
  duplex_capture_clear (duplex_session_get_capture (self->session));
}

static void
focus_url_activated_cb (GSimpleAction *action,
                        GVariant      *parameter,
                        gpointer       user_data)
{
  duplex_url_bar_focus_entry (DUPLEX_SESSION_PAGE (user_data)->url_bar);
}

static void
focus_composer_activated_cb (GSimpleAction *action,
                             GVariant      *parameter,
                             gpointer       user_data)
{
  gtk_widget_grab_focus (GTK_WIDGET (DUPLEX_SESSION_PAGE (user_data)->composer));
}

static void
follow_activated_cb (GSimpleAction *action,
                     GVariant      *parameter,
                     gpointer       user_data)
{
  duplex_message_list_set_following (DUPLEX_SESSION_PAGE (user_data)->list, TRUE);
}

static void
copy_message_activated_cb (GSimpleAction *action,
                           GVariant      *parameter,
                           gpointer       user_data)
{
  DuplexSessionPage *self = DUPLEX_SESSION_PAGE (user_data);

  if (!duplex_message_list_copy (self->list))
    duplex_session_page_toast (self, _ ("The message is too big to be copied"));
}

static void
save_profile_activated_cb (GSimpleAction *action,
                           GVariant      *parameter,
                           gpointer       user_data)
{
  duplex_session_page_save_profile (DUPLEX_SESSION_PAGE (user_data));
}

static void
find_activated_cb (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  duplex_filter_bar_focus_entry (DUPLEX_SESSION_PAGE (user_data)->filter_bar);
}

static void
close_find_activated_cb (GSimpleAction *action,
                         GVariant      *parameter,
                         gpointer       user_data)
{
  DuplexSessionPage *self = DUPLEX_SESSION_PAGE (user_data);

  duplex_filter_bar_set_open (self->filter_bar, FALSE);
  gtk_widget_grab_focus (GTK_WIDGET (self->list));
}

static void
next_match_activated_cb (GSimpleAction *action,
                         GVariant      *parameter,
                         gpointer       user_data)
{
  duplex_session_page_jump_to_match (DUPLEX_SESSION_PAGE (user_data), DUPLEX_JUMP_ON);
}

static void
previous_match_activated_cb (GSimpleAction *action,
                             GVariant      *parameter,
                             gpointer       user_data)
{
  duplex_session_page_jump_to_match (DUPLEX_SESSION_PAGE (user_data), DUPLEX_JUMP_BACK);
}

static void
next_finding_activated_cb (GSimpleAction *action,
                           GVariant      *parameter,
                           gpointer       user_data)
{
  duplex_session_page_jump_to_finding (DUPLEX_SESSION_PAGE (user_data), DUPLEX_JUMP_ON);
}

static void
previous_finding_activated_cb (GSimpleAction *action,
                               GVariant      *parameter,
                               gpointer       user_data)
{
  duplex_session_page_jump_to_finding (DUPLEX_SESSION_PAGE (user_data), DUPLEX_JUMP_BACK);
}

static void
jump_to_time_activated_cb (GSimpleAction *action,
                           GVariant      *parameter,
                           gpointer       user_data)
{
  duplex_session_page_ask_for_time (DUPLEX_SESSION_PAGE (user_data));
}

static void
bookmark_activated_cb (GSimpleAction *action,
                       GVariant      *parameter,
                       gpointer       user_data)
{
  DuplexMessageList *list = DUPLEX_SESSION_PAGE (user_data)->list;

  duplex_message_list_set_bookmarked (list, !duplex_message_list_get_bookmarked (list));
}

static void
comment_activated_cb (GSimpleAction *action,
                      GVariant      *parameter,
                      gpointer       user_data)
{
  DuplexMessageList *list = DUPLEX_SESSION_PAGE (user_data)->list;

  gtk_widget_activate_action (GTK_WIDGET (list), "messages.comment", NULL);
}

static void
open_profile_activated_cb (GSimpleAction *action,
                           GVariant      *parameter,
                           gpointer       user_data)
{
  duplex_session_page_open_profile (DUPLEX_SESSION_PAGE (user_data));
}

static void
inspector_changed_cb (GSimpleAction *action,
                      GVariant      *state,
                      gpointer       user_data)
{
  duplex_session_page_set_inspector_visible (DUPLEX_SESSION_PAGE (user_data),
                                             g_variant_get_boolean (state));
}

void
duplex_session_page_add_actions (DuplexSessionPage *self)
{
  static const GActionEntry entries[] = {
    { .name = "connect", .activate = connect_activated_cb },
    { .name = "send", .activate = send_activated_cb },
    { .name = "ping", .activate = ping_activated_cb },
    { .name = "pong", .activate = pong_activated_cb },
    { .name = "clear", .activate = clear_activated_cb },
    { .name = "focus-url", .activate = focus_url_activated_cb },
    { .name = "focus-composer", .activate = focus_composer_activated_cb },
    { .name = "follow", .activate = follow_activated_cb },
    { .name = "copy-message", .activate = copy_message_activated_cb },
    { .name = "save-profile", .activate = save_profile_activated_cb },
    { .name = "find", .activate = find_activated_cb },
    { .name = "close-find", .activate = close_find_activated_cb },
    { .name = "show-all", .activate = close_find_activated_cb },
    { .name = "next-match", .activate = next_match_activated_cb },
    { .name = "previous-match", .activate = previous_match_activated_cb },
    { .name = "next-finding", .activate = next_finding_activated_cb },
    { .name = "previous-finding", .activate = previous_finding_activated_cb },
    { .name = "jump-to-time", .activate = jump_to_time_activated_cb },
    { .name = "bookmark", .activate = bookmark_activated_cb },
    { .name = "comment", .activate = comment_activated_cb },
    { .name = "open-profile", .activate = open_profile_activated_cb },
    { .name = "toggle-inspector", .state = "true", .change_state = inspector_changed_cb },
  };

  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries),
                                   self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "page", G_ACTION_GROUP (self->actions));
}

void
duplex_session_page_remove_actions (DuplexSessionPage *self)
{
  g_auto (GStrv) names = g_action_group_list_actions (G_ACTION_GROUP (self->actions));

  for (guint i = 0; names[i] != NULL; i++)
    g_action_map_remove_action (G_ACTION_MAP (self->actions), names[i]);
}

static GSimpleAction *
lookup (DuplexSessionPage *self,
        const char        *name)
{
  return G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), name));
}

static void
enable (DuplexSessionPage *self,
        const char        *name,
        gboolean           enabled)
{
  g_simple_action_set_enabled (lookup (self, name), enabled);
}

void
duplex_session_page_update_actions (DuplexSessionPage *self)
{
  DuplexSessionState state = duplex_session_get_state (self->session);
  gboolean           selected = duplex_message_list_get_selected_row (self->list) != NULL;
  gboolean           has_view = duplex_filter_bar_get_view (self->filter_bar) != NULL;

  enable (self, "connect", state != DUPLEX_SESSION_CLOSING && !self->stored);
  enable (self, "ping", state == DUPLEX_SESSION_OPEN);
  enable (self, "pong", state == DUPLEX_SESSION_OPEN);
  enable (self, "send", duplex_composer_get_can_send (self->composer));
  enable (self, "clear", !self->stored);
  enable (self, "focus-composer", !self->stored);
  enable (self, "save-profile", self->modified);
  enable (self, "copy-message", selected);
  enable (self, "bookmark", selected);
  enable (self, "comment", selected);
  enable (self, "close-find", duplex_filter_bar_get_open (self->filter_bar));
  enable (self, "next-match", has_view);
  enable (self, "previous-match", has_view);
  enable (self, "open-profile", self->stored);
  g_simple_action_set_state (lookup (self, "toggle-inspector"),
                             g_variant_new_boolean (self->inspector_visible));
}
