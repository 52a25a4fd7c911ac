/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One line of the message list: a whole message over its frames, a control frame, or a state. Made
 * by DuplexCapture when a list asks for it; it holds the event that ends the row and reads the rest
 * from the capture when asked. */

#include <gio/gio.h>

#include "core/model/duplex-event.h"

G_BEGIN_DECLS

typedef struct _DuplexCapture DuplexCapture;

#define DUPLEX_TYPE_ROW (duplex_row_get_type ())
G_DECLARE_FINAL_TYPE (DuplexRow, duplex_row, DUPLEX, ROW, GObject)

typedef enum {
  DUPLEX_ROW_TEXT,
  DUPLEX_ROW_BINARY,
  DUPLEX_ROW_CONTROL, /* ping, pong, close, and frames with a reserved opcode */
  DUPLEX_ROW_STATE,
} DuplexRowKind;

/* Takes event, which duplex_capture_read() filled and which becomes empty. */
DuplexRow *duplex_row_new (DuplexCapture *capture,
                           guint64        position,
                           DuplexEvent   *event);

guint64            duplex_row_get_position (DuplexRow *self); /* in the capture's list, from 0 */
DuplexRowKind      duplex_row_get_kind (DuplexRow *self);
const DuplexEvent *duplex_row_get_event (DuplexRow *self); /* the last event of the row */
DuplexCapture     *duplex_row_get_capture (DuplexRow *self);
guint              duplex_row_get_n_frames (DuplexRow *self); /* 0 for a state */

/* Payload bytes of the whole row: of a compressed message those that it inflates to, where it could
 * be inflated. And as they were on the wire, without headers. */
guint64 duplex_row_get_size (DuplexRow *self);
guint64 duplex_row_get_wire_size (DuplexRow *self);

/* Whether it is a message that was compressed on the wire; and whether what the row shows is what
 * that inflates to. Compressed and not inflated: it is corrupt, too big or was cut, as its findings
 * say. Then size and payload are those of the wire, deflated bytes even of a text. */
gboolean duplex_row_is_compressed (DuplexRow *self);
gboolean duplex_row_is_inflated (DuplexRow *self);

/* Over all its frames; of a message that spreads over many events, over the first 10,000 of them
 * and the last. */
guint duplex_row_get_n_findings (DuplexRow *self);

/* The payload over all frames, inflated as above, at most max bytes of it; ret_whole, may be NULL,
 * tells whether that was all. duplex_payload_get_shown() says what to read of each frame to get the
 * same in pieces. Not a copy where one frame holds it. 2 GiB are the most in any case. */
GBytes *duplex_row_dup_payload (DuplexRow *self,
                                gsize      max,
                                gboolean  *ret_whole);

/* Numbers of the row's frames in the capture, as guint64, at most max of them. */
GArray *duplex_row_dup_frames (DuplexRow *self,
                               guint      max);

G_END_DECLS
