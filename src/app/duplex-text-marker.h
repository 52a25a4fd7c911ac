/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Colours pieces of a text buffer, a few thousand at a time while the main loop is idle, so that a
 * large text shows at once and its colours follow. The colours are those of duplex-highlight.h. */

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef struct _DuplexTextMarker DuplexTextMarker;

/* buffer is borrowed and must live as long. */
DuplexTextMarker *duplex_text_marker_new (GtkTextBuffer *buffer);
void              duplex_text_marker_free (DuplexTextMarker *self);

/* Marks spans (DuplexMessageSpan, kept and not changed). from is 0 for a new text; for one that has
 * grown, the character offset where it had ended. */
void duplex_text_marker_mark (DuplexTextMarker *self,
                              GArray           *spans,
                              guint             from);

/* TRUE until all spans are marked. */
gboolean duplex_text_marker_is_busy (DuplexTextMarker *self);

void duplex_text_marker_set_dark (DuplexTextMarker *self,
                                  gboolean          dark);

G_END_DECLS
