/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The window: profiles at the side, a tab for each session. It decides which panes are shown, hands
 * the keyboard's actions to the selected tab, and remembers in the settings how it was left. */

#include <adwaita.h>

#include "app/duplex-session-page.h"
#include "core/model/duplex-history.h"
#include "core/model/duplex-profile-store.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_WINDOW (duplex_window_get_type ())
G_DECLARE_FINAL_TYPE (DuplexWindow, duplex_window, DUPLEX, WINDOW, AdwApplicationWindow)

/* Properties: "sidebar-visible" and "inspector-visible" (gboolean), as they are now; setting one
 * is the person's wish (see duplex-panel.h); "history-visible" (gboolean): the history stands in
 * the place of the tabs. Actions: "win.new-profile", "win.new-tab", "win.close-tab",
 * "win.sidebar", "win.inspector", "win.history", "win.open-capture", "win.preferences", and
 * "win.page" with the name of an action of the selected tab's group "page" as its target. */

/* settings may be NULL: then nothing is remembered. */
DuplexWindow *duplex_window_new (GtkApplication     *application,
                                 DuplexProfileStore *store,
                                 GSettings          *settings);

/* From now on the sessions of new tabs are recorded into the history's folder as the settings say,
 * and kept within their budget; without a history, the default, nothing is recorded. */
void duplex_window_set_history (DuplexWindow  *self,
                                DuplexHistory *history);

/* A tab with the capture of that file: one that has it already, or a new one once it has been
 * opened. What is wrong with it is told in a toast. */
void duplex_window_open_capture (DuplexWindow *self,
                                 const char   *path);
void duplex_window_open_file (DuplexWindow *self,
                              GFile        *file);

typedef enum {
  DUPLEX_WINDOW_OPEN,    /* only show it */
  DUPLEX_WINDOW_CONNECT, /* and connect, unless it is */
} DuplexWindowOpen;

/* A tab with profile: the selected one, or another, where it holds the same profile and no
 * connection, else a new one, in place of the selected one where that is empty. Borrowed. */
DuplexSessionPage *duplex_window_open_profile (DuplexWindow    *self,
                                               DuplexProfile   *profile,
                                               DuplexWindowOpen how);
/* A new tab for url, with the profile that has it, or with one that is not saved. Borrowed. */
DuplexSessionPage *duplex_window_open_url (DuplexWindow    *self,
                                           const char      *url,
                                           DuplexWindowOpen how);

/* Opens what the settings remember, without connecting. */
void duplex_window_open_last (DuplexWindow *self);

/* A failure that no tab and no profile stands for, as a toast. */
void duplex_window_show_error (DuplexWindow *self,
                               const GError *error);

/* Whether any tab is in the middle of connecting, or a capture is being opened. */
gboolean duplex_window_is_connecting (DuplexWindow *self);

/* Borrowed; NULL without a tab. */
DuplexSessionPage *duplex_window_get_selected_page (DuplexWindow *self);

G_END_DECLS
