/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The selected message, whole: as re-indented JSON, as text, or as a hex dump. It falls back to the
 * next simpler format where one does not fit, and says why. What takes long is made in a worker
 * thread, and is dropped when another row was selected meanwhile. Of a large message some pieces
 * are shown, which follow where the person scrolls to; whether a long text is JSON to its end turns
 * out while its beginning is shown as such. */

#include <gtk/gtk.h>

#include "core/model/duplex-row.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_MESSAGE_VIEW (duplex_message_view_get_type ())
G_DECLARE_FINAL_TYPE (DuplexMessageView, duplex_message_view, DUPLEX, MESSAGE_VIEW, GtkWidget)

/* Properties: "row" (DuplexRow, nullable), looked at while the view is in sight; "format"
 * (string: "json", "text" or "hex"): reading it gives what is shown, setting it what is wanted,
 * from now on. Actions: "message.format" (string), "message.copy", "message.save",
 * "message.more", "message.earlier". */

void duplex_message_view_set_row (DuplexMessageView *self,
                                  DuplexRow         *row);

/* TRUE while a worker makes what is to be shown. */
gboolean duplex_message_view_is_loading (DuplexMessageView *self);

/* TRUE while the beginning is shown as JSON and a worker looks whether the rest is. */
gboolean duplex_message_view_is_checking (DuplexMessageView *self);

G_END_DECLS
