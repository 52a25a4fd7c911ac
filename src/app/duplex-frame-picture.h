/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The picture of RFC 6455 §5.2, 32 bits wide, with the bits and values of one frame in it: only
 * the lines that the frame has. Each field is a DuplexFrameBox with a name for assistive
 * technology. Tab goes into the picture and out of it, arrow keys go from field to field. Always
 * left to right, like the wire. */

#include <gtk/gtk.h>

#include "app/duplex-frame-item.h"
#include "app/duplex-frame-words.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_FRAME_PICTURE (duplex_frame_picture_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFramePicture, duplex_frame_picture, DUPLEX, FRAME_PICTURE, GtkWidget)

/* Properties: "item" (DuplexFrameItem, nullable); "current" (int: DuplexFrameFieldId of the
 * field under the pointer, else the focused or last chosen one, or -1). Setting "current"
 * chooses a field; one that the frame does not have is -1. */

GtkWidget *duplex_frame_picture_new (void);

DuplexFrameItem *duplex_frame_picture_get_item (DuplexFramePicture *self);
void             duplex_frame_picture_set_item (DuplexFramePicture *self,
                                                DuplexFrameItem    *item);

int  duplex_frame_picture_get_current (DuplexFramePicture *self);
void duplex_frame_picture_set_current (DuplexFramePicture *self,
                                       int                 field);

/* The current field, or NULL. Borrowed until the item changes. */
const DuplexFrameField *duplex_frame_picture_get_current_field (DuplexFramePicture *self);

G_END_DECLS
