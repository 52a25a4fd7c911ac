/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The top row of a session's page: its state as a dot with a word, the URL, and the button that
 * connects, cancels or disconnects. It knows no session: its properties are bound to one, and what
 * the person does leaves through the actions "page.connect", "page.save-profile" and
 * "win.edit-profile". */

#include <gtk/gtk.h>

#include "core/io/duplex-session.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_URL_BAR (duplex_url_bar_get_type ())
G_DECLARE_FINAL_TYPE (DuplexUrlBar, duplex_url_bar, DUPLEX, URL_BAR, GtkWidget)

/* Properties:
 *   "url"         string: what stands in the entry, which can be edited while state is DISCONNECTED
 *   "state"       DuplexSessionState
 *   "unverified"  gboolean: shows that the certificate did not verify
 *   "modified"    gboolean: the URL differs from what is saved; shows a way to save it
 *   "problem"     string or NULL: why the URL cannot be used. Editing the URL resets it. */

DuplexUrlBar *duplex_url_bar_new (void);

void duplex_url_bar_set_problem (DuplexUrlBar *self,
                                 const char   *problem);

/* Focuses the entry and selects the first such part of its text, if there is one. */
void duplex_url_bar_select (DuplexUrlBar *self,
                            const char   *part);
/* Focuses the entry and selects all of it. */
void duplex_url_bar_focus_entry (DuplexUrlBar *self);

G_END_DECLS
