/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where a message is written: a text of one to a few lines, as plain text or checked as JSON. Enter
 * sends, Shift+Enter makes a line, Up and Down at the first and last line walk through what was
 * sent. A text with a very long line stands beside the entry as "Pasted text" and is the whole
 * message until it is sent or removed. It knows no session: the signal "send" hands the text out.
 * The buttons use the actions "page.send" and "page.ping". */

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define DUPLEX_TYPE_COMPOSER (duplex_composer_get_type ())
G_DECLARE_FINAL_TYPE (DuplexComposer, duplex_composer, DUPLEX, COMPOSER, GtkWidget)

/* Properties:
 *   "connected"  gboolean: whether there is somebody to send to; without, the entry is insensitive
 *                and keeps its text
 *   "text"       string
 *   "json"       gboolean: the text is meant as JSON, coloured and checked
 *   "problem"    string or NULL, read only: why the text is no JSON
 *   "can-send"   gboolean, read only: connected, and more than white space stands there
 * Signal:
 *   "send" (const char *text) returns gboolean: TRUE when it was taken; the entry then empties. */

DuplexComposer *duplex_composer_new (void);

const char *duplex_composer_get_problem (DuplexComposer *self);
gboolean    duplex_composer_get_can_send (DuplexComposer *self);
char       *duplex_composer_dup_text (DuplexComposer *self);
void        duplex_composer_set_text (DuplexComposer *self,
                                      const char     *text);
void        duplex_composer_set_json (DuplexComposer *self,
                                      gboolean        json);

/* Sends what stands there. In JSON mode a text that is no JSON is not sent, and "problem" says why.
 * Returns whether it was sent. */
gboolean duplex_composer_send (DuplexComposer *self);

/* Sends it, JSON or not. */
gboolean duplex_composer_send_anyway (DuplexComposer *self);

/* What the entry does with a key before the text view sees it; TRUE where that was all. */
gboolean duplex_composer_handle_key (DuplexComposer *self,
                                     guint           keyval,
                                     GdkModifierType modifiers);

G_END_DECLS
