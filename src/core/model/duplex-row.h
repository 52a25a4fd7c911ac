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
guint64            duplex_row_get_size (DuplexRow *self);     /* payload bytes of the whole row */
guint              duplex_row_get_n_frames (DuplexRow *self); /* 0 for a state */
/* Over all its frames; of a message that spreads over many events, over the first 10,000 of them
 * and the last. */
guint duplex_row_get_n_findings (DuplexRow *self);

/* The payload over all frames, at most max bytes of it; ret_whole, may be NULL, tells whether that
 * was all. Not a copy where one frame holds it. 2 GiB are the most in any case. */
GBytes *duplex_row_dup_payload (DuplexRow *self,
                                gsize      max,
                                gboolean  *ret_whole);

/* Numbers of the row's frames in the capture, as guint64, at most max of them. */
GArray *duplex_row_dup_frames (DuplexRow *self,
                               guint      max);

G_END_DECLS
