/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An event's payload from its beginning to its end in pieces of bounded size, wherever it stands:
 * with the event, or apart in its capture. For readers that must not hold a payload of any size. */

#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

/* Bytes of a piece, except that the last may be shorter. */
#define DUPLEX_PAYLOAD_PIECE ((gsize)64 * 1024)

/* data is valid during the call. Returns FALSE to stop. */
typedef gboolean (*DuplexPayloadPieceFunc) (const guint8 *data,
                                            gsize         size,
                                            gpointer      user_data);

/* Bytes that the payload has, whether or not they are there; 0 where there is none. */
guint64 duplex_payload_get_size (const DuplexEvent *event,
                                 DuplexPayload      which);

/* Whether there is one: an empty payload is one, and only a compressed frame has an inflated
 * one. */
gboolean duplex_payload_exists (const DuplexEvent *event,
                                DuplexPayload      which);

/* What one frame by itself is worth: inflated where it has that, else as on the wire. */
DuplexPayload duplex_payload_get_plain (const DuplexEvent *event);

/* What to read of each frame of the message that ends with last, to get what it is worth as a
 * whole. Not the above for each: a share may be empty, and a message that turned out to be corrupt
 * has shares of its beginning only. */
DuplexPayload duplex_payload_get_shown (const DuplexEvent *last);

/* Whether the message that ends with last was compressed on the wire, inflated or not. Reads its
 * first frame from capture where it must. Any thread. */
gboolean duplex_payload_is_compressed (DuplexCapture     *capture,
                                       const DuplexEvent *last);

/* Calls func for each piece and returns how many bytes went to it: fewer than the payload has where
 * func stopped or the capture's file is damaged. event was read from capture, which may be NULL
 * where its payloads are in memory. Any thread. */
guint64 duplex_payload_walk (DuplexCapture         *capture,
                             const DuplexEvent     *event,
                             DuplexPayload          which,
                             DuplexPayloadPieceFunc func,
                             gpointer               user_data);

G_END_DECLS
