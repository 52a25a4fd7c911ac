/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What duplex-session-page.c and its actions share. */

#include "app/duplex-composer.h"
#include "app/duplex-filter-bar.h"
#include "app/duplex-inspector.h"
#include "app/duplex-message-list.h"
#include "app/duplex-session-page.h"
#include "app/duplex-trust-banner.h"
#include "app/duplex-url-bar.h"

G_BEGIN_DECLS

struct _DuplexSessionPage
{
  GtkWidget parent_instance;

  /* owned */
  DuplexProfile      *profile; /* what was opened */
  DuplexProfile      *working; /* the session's, with the URL as it stands in the bar */
  DuplexSession      *session;
  GSignalGroup       *profile_signals;
  GSimpleActionGroup *actions;
  char               *title;
  GtkWidget          *jump; /* child of the list; NULL until it is needed */

  /* borrowed */
  AdwToast *toast; /* weak: the last one */

  /* template */
  GtkWidget         *content; /* of the whole page */
  AdwToastOverlay   *toasts;
  DuplexUrlBar      *url_bar;
  DuplexTrustBanner *banner;
  DuplexFilterBar   *filter_bar;
  GtkPaned          *paned;
  DuplexMessageList *list;
  DuplexComposer    *composer;
  DuplexInspector   *inspector;

  /* state */
  gboolean stored; /* it shows a recording */
  gboolean modified;
  gboolean inspector_visible;
  gboolean inspector_alone; /* the messages are hidden */
  int      inspector_width; /* of the pane with its handle; 0 while nobody has said */
  int      paned_width;     /* when the handle last moved */
};

/* The group "page". Its entries point at the page, and a window may hold it for longer than that
 * lives: remove empties it. */
void duplex_session_page_add_actions (DuplexSessionPage *self);
void duplex_session_page_remove_actions (DuplexSessionPage *self);
void duplex_session_page_update_actions (DuplexSessionPage *self);

/* Selects row and opens the inspector's page name. */
void duplex_session_page_show_in_inspector (DuplexSessionPage *self,
                                            DuplexRow         *row,
                                            const char        *name);

/* Selects the first row with a finding, and shows it or the handshake where that is in it. */
void duplex_session_page_show_finding (DuplexSessionPage *self);

/* ---- -jump: from the selected row, else from what is on screen; once around at the end ---- */

typedef enum {
  DUPLEX_JUMP_BACK,
  DUPLEX_JUMP_ON,
} DuplexJump;

void duplex_session_page_jump_to_match (DuplexSessionPage *self,
                                        DuplexJump         where);
void duplex_session_page_jump_to_finding (DuplexSessionPage *self,
                                          DuplexJump         where);
void duplex_session_page_ask_for_time (DuplexSessionPage *self);

/* ---- -panes: handlers of the template ---- */

void duplex_session_page_room_changed (DuplexSessionPage *self);
void duplex_session_page_position_changed (DuplexSessionPage *self);

/* Emits "open-profile". */
void duplex_session_page_open_profile (DuplexSessionPage *self);

/* Puts the URL into the profile and asks for it to be saved. */
void duplex_session_page_save_profile (DuplexSessionPage *self);

/* Whether nothing of what is connected with was left out of a recording (see duplex-redact.h); else
 * says what is missing. */
gboolean duplex_session_page_has_secrets (DuplexSessionPage *self);

void duplex_session_page_toast_error (DuplexSessionPage *self,
                                      const GError      *error);

G_END_DECLS
