/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One frame, as a line of the frame table and as what the picture draws: an event that was read
 * from a capture, and its values as short texts. Made when a list asks for it. */

#include <gio/gio.h>

#include "app/duplex-frame-words.h"
#include "core/model/duplex-payload-pieces.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_FRAME_ITEM (duplex_frame_item_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFrameItem, duplex_frame_item, DUPLEX, FRAME_ITEM, GObject)

/* Properties, all read only strings, translated: "number" (of the frame within its message, with
 * an arrow for the direction), "time", "opcode", "fin", "length", "wire-size", "severity-icon"
 * (name of an icon for the worst finding, or NULL), "findings" (how many, or NULL), "label"
 * (accessible name: leg of a relay, number, direction, opcode, FIN, length). */

/* Bytes of a payload that stands apart in its capture which the item has at hand all the same: as
 * much as the picture and the words of a frame say of one. */
#define DUPLEX_FRAME_ITEM_START DUPLEX_FRAME_WORDS_BYTES

/* Takes event, which was read from capture (may be NULL where nothing of it stands apart) and
 * becomes empty. position counts from 0 within the message. */
DuplexFrameItem *duplex_frame_item_new (DuplexCapture *capture,
                                        guint          position,
                                        DuplexEvent   *event);

/* Borrowed; lives as long as the item. Where payload_id is not 0, its payload has the first
 * DUPLEX_FRAME_ITEM_START bytes only, and payload_size says how many are there in all; the same of
 * inflated_id. */
const DuplexEvent *duplex_frame_item_get_event (DuplexFrameItem *self);

/* Copies up to size bytes of the payload, unmasked, from offset on; returns how many. What a frame
 * of a compressed message inflates to is there where duplex_payload_exists() says so. */
gsize duplex_frame_item_read (DuplexFrameItem *self,
                              DuplexPayload    which,
                              guint64          offset,
                              guint8          *buffer,
                              gsize            size);

/* The header's bytes, as far as they were seen. */
GBytes *duplex_frame_item_dup_header (DuplexFrameItem *self);

/* The masking key where the frame is masked and its header is whole, else NULL. Borrowed. */
const guint8 *duplex_frame_item_get_mask (DuplexFrameItem *self);

G_END_DECLS
