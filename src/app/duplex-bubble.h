/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One row of a capture, drawn as one text layout: a GtkLabel costs ten times as much, and a list
 * that follows a flood makes a thousand of these a second. The text is made when the bubble is
 * first measured. Background, shape and text colour are CSS: node "bubble" with the classes sent
 * or received, control, state, error. */

#include <gtk/gtk.h>

#include "core/model/duplex-row.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_BUBBLE (duplex_bubble_get_type ())
G_DECLARE_FINAL_TYPE (DuplexBubble, duplex_bubble, DUPLEX, BUBBLE, GtkWidget)

/* Property: "row" (DuplexRow). */

GtkWidget *duplex_bubble_new (void);

DuplexRow *duplex_bubble_get_row (DuplexBubble *self);
void       duplex_bubble_set_row (DuplexBubble *self,
                                  DuplexRow    *row);

/* What the user says about the row has changed. */
void duplex_bubble_update (DuplexBubble *self);

/* What is drawn, as plain text. */
const char *duplex_bubble_get_text (DuplexBubble *self);

/* Whether the body is folded, and whether the point (in the bubble's coordinates) is on the link
 * that shows the whole. */
gboolean duplex_bubble_is_folded (DuplexBubble *self);
gboolean duplex_bubble_is_link_at (DuplexBubble *self,
                                   double        x,
                                   double        y);

G_END_DECLS
