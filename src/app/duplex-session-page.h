/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One tab of the window: a session with its URL bar, messages, composer, inspector and totals. The
 * session works on a copy of the profile, so that a URL can be tried without changing what is
 * saved; all other settings are read from the profile whenever a connection begins. */

#include <adwaita.h>

#include "core/io/duplex-session.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_SESSION_PAGE (duplex_session_page_get_type ())
G_DECLARE_FINAL_TYPE (DuplexSessionPage, duplex_session_page, DUPLEX, SESSION_PAGE, GtkWidget)

/* Properties:
 *   "profile"            DuplexProfile, never NULL: the one that was opened, and is saved into
 *   "session"            DuplexSession, read only
 *   "title"              string, read only: for the tab
 *   "modified"           gboolean, read only: there is a URL that saving would save
 *   "inspector-visible"  gboolean
 *   "inspector-width"    int, px: as it was asked for or dragged to; 0 until then
 *   "inspector-alone"    gboolean: the messages are hidden, for a narrow window
 *   "inspector-page"     string: the inspector's "page-name"
 *   "stored"             gboolean, read only: it shows a recording, and cannot connect
 * Signals:
 *   "save-profile" (DuplexProfile *): what the page knows better was put into "profile", which is
 *   to be saved now.
 *   "open-profile" (DuplexProfile *): of a stored one: a new connection is wanted.
 * Actions, in the group "page" on the widget itself: connect (connects, cancels or disconnects),
 * send, ping, clear, focus-url, focus-composer, follow (jumps to the end), toggle-inspector,
 * copy-message, save-profile, find (opens the filter bar), close-find, show-all (empties it),
 * next-match, previous-match, next-finding, previous-finding, jump-to-time, bookmark, comment,
 * open-profile. */

DuplexSessionPage *duplex_session_page_new (DuplexProfile *profile);

/* The same page for a capture that was opened from a file. profile is the one that it was recorded
 * with, or what the file knows of it. */
DuplexSessionPage *duplex_session_page_new_for_capture (DuplexProfile *profile,
                                                        DuplexCapture *capture);
gboolean           duplex_session_page_is_stored (DuplexSessionPage *self);

DuplexProfile *duplex_session_page_get_profile (DuplexSessionPage *self);
void           duplex_session_page_set_profile (DuplexSessionPage *self,
                                                DuplexProfile     *profile);
DuplexSession *duplex_session_page_get_session (DuplexSessionPage *self);
const char    *duplex_session_page_get_title (DuplexSessionPage *self);
gboolean       duplex_session_page_get_inspector_visible (DuplexSessionPage *self);
void           duplex_session_page_set_inspector_visible (DuplexSessionPage *self,
                                                          gboolean           visible);
int            duplex_session_page_get_inspector_width (DuplexSessionPage *self);
void           duplex_session_page_set_inspector_width (DuplexSessionPage *self,
                                                        int                width);

/* Begins a connection to what stands in the URL bar; what is wrong with that is shown there. Does
 * nothing while there is a connection. */
void duplex_session_page_connect (DuplexSessionPage *self);

/* Selects row in the message list, which the inspector then shows; NULL selects none. */
void duplex_session_page_select_row (DuplexSessionPage *self,
                                     DuplexRow         *row);

/* Says text, which is plain, for a few seconds; the newest replaces what is still there. */
void duplex_session_page_toast (DuplexSessionPage *self,
                                const char        *text);

G_END_DECLS
