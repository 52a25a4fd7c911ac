/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A few kilobytes from the wire as they came, under a title and with a button that copies them:
 * the heads of a handshake. It is hidden while it has nothing to show. */

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define DUPLEX_TYPE_RAW_TEXT (duplex_raw_text_get_type ())
G_DECLARE_FINAL_TYPE (DuplexRawText, duplex_raw_text, DUPLEX, RAW_TEXT, GtkWidget)

/* Properties, translated strings: "title", and "copy-label", what the button does. */

/* bytes may be NULL. */
void duplex_raw_text_set_bytes (DuplexRawText *self,
                                GBytes        *bytes);

G_END_DECLS
