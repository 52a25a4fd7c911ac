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

/* Marks spans (DuplexMessageSpan, kept and not changed) of a text of n_chars characters that stands
 * from offset on in the buffer. What was to be marked before comes first. */
void duplex_text_marker_mark (DuplexTextMarker *self,
                              GArray           *spans,
                              guint             offset,
                              guint             n_chars);

/* What is still to be marked stands by n characters further behind, or before: text was put in the
 * beginning of the buffer, or was taken from there. */
void duplex_text_marker_shift (DuplexTextMarker *self,
                               gint64            n);

/* Forgets what is still to be marked. */
void duplex_text_marker_clear (DuplexTextMarker *self);

/* TRUE until all spans are marked. */
gboolean duplex_text_marker_is_busy (DuplexTextMarker *self);

void duplex_text_marker_set_dark (DuplexTextMarker *self,
                                  gboolean          dark);

G_END_DECLS
