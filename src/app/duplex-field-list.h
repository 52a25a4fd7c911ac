/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The fields of one frame in words, a row each: what the picture says, to be read without
 * pointing at anything. Reserved bits that are all 0 share a row. */

#include <gtk/gtk.h>

#include "app/duplex-frame-item.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_FIELD_LIST (duplex_field_list_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFieldList, duplex_field_list, DUPLEX, FIELD_LIST, GtkWidget)

/* Properties: "item" (DuplexFrameItem, nullable); "current" (int: a DuplexFrameFieldId, or -1),
 * whose row is marked. */

void duplex_field_list_set_item (DuplexFieldList *self,
                                 DuplexFrameItem *item);
void duplex_field_list_set_current (DuplexFieldList *self,
                                    int              field);

/* Signal "field-activated" (int field): the person chose a row. */

G_END_DECLS
