/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One frame, as a line of the frame table and as what the picture draws: an event that was read
 * from a capture, and its values as short texts. Made when a list asks for it. */

#include <gio/gio.h>

#include "core/model/duplex-event.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_FRAME_ITEM (duplex_frame_item_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFrameItem, duplex_frame_item, DUPLEX, FRAME_ITEM, GObject)

/* Properties, all read only strings, translated: "number" (of the frame within its message, with
 * an arrow for the direction), "time", "opcode", "fin", "length", "wire-size", "severity-icon"
 * (name of an icon for the worst finding, or NULL), "findings" (how many, or NULL), "label"
 * (accessible name: number, direction, opcode, FIN, length). */

/* Takes event, which becomes empty. position counts from 0 within the message. */
DuplexFrameItem *duplex_frame_item_new (guint        position,
                                        DuplexEvent *event);

/* Borrowed; lives as long as the item. */
const DuplexEvent *duplex_frame_item_get_event (DuplexFrameItem *self);

/* The payload, unmasked, without a copy: the bytes keep the item alive. */
GBytes *duplex_frame_item_dup_payload (DuplexFrameItem *self);

/* The header's bytes, as far as they were seen. */
GBytes *duplex_frame_item_dup_header (DuplexFrameItem *self);

/* The masking key where the frame is masked and its header is whole, else NULL. Borrowed. */
const guint8 *duplex_frame_item_get_mask (DuplexFrameItem *self);

G_END_DECLS
