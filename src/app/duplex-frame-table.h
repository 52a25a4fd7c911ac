/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The frames of a message as a table; one of them is selected. It is as high as its rows up to a
 * few, and scrolls from there on. */

#include <gtk/gtk.h>

#include "app/duplex-frame-list.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_FRAME_TABLE (duplex_frame_table_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFrameTable, duplex_frame_table, DUPLEX, FRAME_TABLE, GtkWidget)

/* Property "selected" (DuplexFrameItem, nullable, read only). */

/* Shows list, which may be NULL, and selects its first frame. */
void duplex_frame_table_set_list (DuplexFrameTable *self,
                                  DuplexFrameList  *list);

/* Borrowed; NULL where there is no frame. */
DuplexFrameItem *duplex_frame_table_get_selected (DuplexFrameTable *self);

/* Selects the frame at position, from 0. */
void duplex_frame_table_select (DuplexFrameTable *self,
                                guint             position);

G_END_DECLS
