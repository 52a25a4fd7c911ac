/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A row of the message list: as wide as the list, with a bubble no wider than its text. What was
 * sent stands at the end, what was received at the start, a state in the middle. */

#include "app/duplex-bubble.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_MESSAGE_ROW (duplex_message_row_get_type ())
G_DECLARE_FINAL_TYPE (DuplexMessageRow, duplex_message_row, DUPLEX, MESSAGE_ROW, GtkWidget)

GtkWidget *duplex_message_row_new (void);

DuplexBubble *duplex_message_row_get_bubble (DuplexMessageRow *self);

void duplex_message_row_set_row (DuplexMessageRow *self,
                                 DuplexRow        *row);

/* What a factory made the row for, which outlives it; it knows where the row stands in the list. */
void duplex_message_row_set_item (DuplexMessageRow *self,
                                  GtkListItem      *item);

/* Position in the list's model, or GTK_INVALID_LIST_POSITION. */
guint duplex_message_row_get_position (DuplexMessageRow *self);

G_END_DECLS
