/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-session-tab.h"

#include "app/duplex-texts.h"

DuplexSessionPage *
duplex_session_tab_get_page (AdwTabPage *tab)
{
  g_return_val_if_fail (ADW_IS_TAB_PAGE (tab), NULL);

  return DUPLEX_SESSION_PAGE (adw_tab_page_get_child (tab));
}

DuplexSession *
duplex_session_tab_get_session (AdwTabPage *tab)
{
  g_return_val_if_fail (ADW_IS_TAB_PAGE (tab), NULL);

  return duplex_session_page_get_session (duplex_session_tab_get_page (tab));
}

gboolean
duplex_session_tab_is_disconnected (AdwTabPage *tab)
{
  g_return_val_if_fail (ADW_IS_TAB_PAGE (tab), FALSE);

  return duplex_session_get_state (duplex_session_tab_get_session (tab)) ==
         DUPLEX_SESSION_DISCONNECTED;
}

gboolean
duplex_session_tab_is_empty (AdwTabPage *tab)
{
  DuplexProfile *profile;
  DuplexSession *session;
  DuplexTotals   totals;

  g_return_val_if_fail (ADW_IS_TAB_PAGE (tab), FALSE);

  profile = duplex_session_page_get_profile (duplex_session_tab_get_page (tab));
  session = duplex_session_tab_get_session (tab);
  duplex_capture_get_totals (duplex_session_get_capture (session), &totals);

  /* The session's own profile has the URL as it stands in the bar. */
  return duplex_session_tab_is_disconnected (tab) && totals.events == 0 &&
         !duplex_session_page_is_stored (duplex_session_tab_get_page (tab)) &&
         *duplex_profile_get_id (profile) == '\0' &&
         *duplex_profile_get_url (duplex_session_get_profile (session)) == '\0';
}

void
duplex_session_tab_update (AdwTabPage *tab)
{
  DuplexSessionState state;
  g_autoptr (GIcon)  icon = NULL;

  g_return_if_fail (ADW_IS_TAB_PAGE (tab));

  state = duplex_session_get_state (duplex_session_tab_get_session (tab));
  if (state == DUPLEX_SESSION_OPEN || state == DUPLEX_SESSION_CLOSING)
    icon = g_themed_icon_new ("media-record-symbolic");
  adw_tab_page_set_loading (tab, state == DUPLEX_SESSION_CONNECTING);
  adw_tab_page_set_indicator_icon (tab, icon);
  adw_tab_page_set_indicator_tooltip (tab, duplex_text_session_state (state));
}

AdwTabPage *
duplex_session_tab_find (AdwTabView    *tabs,
                         DuplexSession *session)
{
  g_return_val_if_fail (ADW_IS_TAB_VIEW (tabs), NULL);

  for (int i = 0; i < adw_tab_view_get_n_pages (tabs); i++)
    {
      AdwTabPage *tab = adw_tab_view_get_nth_page (tabs, i);

      if (duplex_session_tab_get_session (tab) == session)
        return tab;
    }
  return NULL;
}

static gboolean
can_take (AdwTabPage    *tab,
          DuplexProfile *profile)
{
  DuplexSessionPage *page = duplex_session_tab_get_page (tab);

  return duplex_session_tab_is_disconnected (tab) && !duplex_session_page_is_stored (page) &&
         duplex_session_page_get_profile (page) == profile;
}

AdwTabPage *
duplex_session_tab_find_profile (AdwTabView    *tabs,
                                 DuplexProfile *profile)
{
  AdwTabPage *selected;

  g_return_val_if_fail (ADW_IS_TAB_VIEW (tabs), NULL);

  selected = adw_tab_view_get_selected_page (tabs);
  if (selected != NULL && can_take (selected, profile))
    return selected;

  for (int i = 0; i < adw_tab_view_get_n_pages (tabs); i++)
    {
      AdwTabPage *tab = adw_tab_view_get_nth_page (tabs, i);

      if (can_take (tab, profile))
        return tab;
    }
  return NULL;
}
