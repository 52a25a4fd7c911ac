/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A tab of the window is an AdwTabPage whose child is a DuplexSessionPage. These are the
 * questions that the window has about one, and about all of a view. Everything that is returned
 * is borrowed. */

#include <adwaita.h>

#include "app/duplex-session-page.h"

G_BEGIN_DECLS

DuplexSessionPage *duplex_session_tab_get_page (AdwTabPage *tab);
DuplexSession     *duplex_session_tab_get_session (AdwTabPage *tab);

gboolean duplex_session_tab_is_disconnected (AdwTabPage *tab);

/* Nothing was typed into it, and nothing has happened in it. */
gboolean duplex_session_tab_is_empty (AdwTabPage *tab);

/* Shows the state of the connection on the tab. */
void duplex_session_tab_update (AdwTabPage *tab);

/* NULL where no tab has it. */
AdwTabPage *duplex_session_tab_find (AdwTabView    *tabs,
                                     DuplexSession *session);

/* A tab with profile and without a connection: the selected one before the others, or NULL. */
AdwTabPage *duplex_session_tab_find_profile (AdwTabView    *tabs,
                                             DuplexProfile *profile);

G_END_DECLS
