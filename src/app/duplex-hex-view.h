/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Bytes as a hex dump of any size, in a GtkScrolledWindow: it formats and draws the rows that
 * are in sight and nothing else. 16, 8 or 4 bytes a row, as the width allows. Bytes are selected
 * with the pointer or with Shift and the arrow keys, and copied as digits or as text. Its CSS
 * name is "hex-view"; the colours of a selection and of a highlight are those of its nodes
 * "selection" and "highlight". */

#include <gtk/gtk.h>

#include "app/duplex-hex-bytes.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_HEX_VIEW (duplex_hex_view_get_type ())
G_DECLARE_FINAL_TYPE (DuplexHexView, duplex_hex_view, DUPLEX, HEX_VIEW, GtkWidget)

/* Actions: "hex.copy-hex", "hex.copy-text", "hex.copy-dump", "hex.select-all". */

/* Empty without. */
void duplex_hex_view_set_bytes (DuplexHexView  *self,
                                DuplexHexBytes *bytes);

/* Bytes shown in all. */
guint64 duplex_hex_view_get_size (DuplexHexView *self);

/* Marks n bytes from offset and scrolls there; n of 0 marks none. */
void duplex_hex_view_set_highlight (DuplexHexView *self,
                                    guint64        offset,
                                    guint64        n);

/* Selects n bytes from offset; the cursor stands on the last one. */
void duplex_hex_view_select (DuplexHexView *self,
                             guint64        offset,
                             guint64        n);

/* Number of selected bytes; ret_offset, may be NULL, is set where there are any. */
guint64 duplex_hex_view_get_selection (DuplexHexView *self,
                                       guint64       *ret_offset);

/* The selected bytes, or all where none are selected, as text; NULL where that would be more than
 * DUPLEX_HEX_BYTES_MAX_TEXT bytes. */
char *duplex_hex_view_dup_text (DuplexHexView *self,
                                DuplexHexForm  form);

G_END_DECLS
