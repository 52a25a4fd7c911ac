/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One field in the picture of a frame: the boxes that its bits take on the picture's lines of
 * 32, with the bits, the value and the name in them. It is as large as the picture's lines that
 * it touches, and takes the pointer only inside its own boxes. It draws in the colour that the
 * style sheet gives it; its CSS name is "frame-box", with the class "error", "warning" or "accent"
 * where a finding is about it, and "current" while it is the one that is looked at. */

#include <gtk/gtk.h>

#include "app/duplex-frame-item.h"
#include "app/duplex-frame-words.h"

G_BEGIN_DECLS

/* Bits on a line of the picture, as in RFC 6455 §5.2. */
#define DUPLEX_FRAME_BOX_COLUMNS 32

#define DUPLEX_TYPE_FRAME_BOX    (duplex_frame_box_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFrameBox, duplex_frame_box, DUPLEX, FRAME_BOX, GtkWidget)

/* Shows at most max_bits of the field, which says how many bytes are missing. */
GtkWidget *duplex_frame_box_new (DuplexFrameItem        *item,
                                 const DuplexFrameField *field,
                                 guint                   max_bits);

/* Borrowed. */
const DuplexFrameField *duplex_frame_box_get_field (DuplexFrameBox *self);

/* The picture's lines that it is drawn on. */
guint duplex_frame_box_get_first_line (DuplexFrameBox *self);
guint duplex_frame_box_get_last_line (DuplexFrameBox *self);

/* The height that it needs on one of these lines. */
int duplex_frame_box_measure_line (DuplexFrameBox *self,
                                   guint           line);

/* The heights of all lines of the picture, from line 0; borrowed until the next call. Before each
 * allocation. */
void duplex_frame_box_set_line_heights (DuplexFrameBox *self,
                                        const int      *heights);

/* Where a column of a picture of that width begins: whole pixels, so that edges are sharp. */
int duplex_frame_box_get_column_x (int   width,
                                   guint column);

G_END_DECLS
