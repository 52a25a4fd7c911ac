/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What duplex-window.c, its actions and its captures share. */

#include "app/duplex-adaptive-bin.h"
#include "app/duplex-history-page.h"
#include "app/duplex-profile-sidebar.h"
#include "app/duplex-window-state.h"
#include "app/duplex-window.h"

G_BEGIN_DECLS

struct _DuplexWindow
{
  AdwApplicationWindow parent_instance;

  DuplexProfileStore *store;    /* owned */
  GSettings          *settings; /* owned, or NULL */
  DuplexHistory      *history;  /* owned, or NULL */
  GPtrArray          *openings; /* of captures, see duplex-window-captures.c */

  DuplexAdaptiveBin    *bin; /* template */
  AdwToastOverlay      *toasts;
  GtkPaned             *panes;
  DuplexProfileSidebar *sidebar;
  GtkWidget            *main;
  GtkStack             *main_stack;
  DuplexHistoryPage    *history_page;
  GtkWidget            *opening;
  AdwTabView           *tabs;
  AdwWindowTitle       *window_title;
  GtkStack             *content;

  DuplexWindowState state;
  guint             opening_timer; /* until the opening is worth telling, or 0 */
  gboolean          applying;      /* the window itself is changing its pages */
  gboolean          is_enforcing;  /* the budget */
  gboolean          enforce_again;
};

void duplex_window_install_actions (GtkWidgetClass *widget_class);

/* Selected and shown, in place of the selected one where that is empty. page is consumed. */
AdwTabPage *duplex_window_add_tab (DuplexWindow      *self,
                                   DuplexSessionPage *page);
void        duplex_window_select_tab (DuplexWindow *self,
                                      AdwTabPage   *tab);

/* A profile has an id now. */
void duplex_window_profile_saved_cb (DuplexWindow  *self,
                                     DuplexProfile *profile);

void duplex_window_init_captures (DuplexWindow *self);
void duplex_window_dispose_captures (DuplexWindow *self);
void duplex_window_cancel_opening (DuplexWindow *self);

/* A new connection with the profile of a stored session: the one that is saved, where it still is,
 * else as it was then. */
void duplex_window_connect_again (DuplexWindow      *self,
                                  DuplexProfile     *profile,
                                  DuplexSessionPage *page);

/* Tells a new tab's session where to record, and keeps the budget when it does. */
void duplex_window_record_tab (DuplexWindow *self,
                               AdwTabPage   *tab);

/* After a change of the history or the settings: for sessions that have not begun. */
void duplex_window_update_recording (DuplexWindow *self);
void duplex_window_watch_settings (DuplexWindow *self);

G_END_DECLS
