/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A file on its way as one message: how far it is, how it ended, and the way to stop it. An object
 * of the session's thread. */

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  DUPLEX_TRANSFER_WAITING, /* other messages are before it */
  DUPLEX_TRANSFER_SENDING,
  DUPLEX_TRANSFER_SENT,      /* its last byte has left */
  DUPLEX_TRANSFER_CANCELLED, /* see duplex_transfer_cancel() */
  DUPLEX_TRANSFER_FAILED,    /* see duplex_transfer_get_error() */
} DuplexTransferState;

#define DUPLEX_TYPE_TRANSFER_STATE (duplex_transfer_state_get_type ())
GType duplex_transfer_state_get_type (void);

#define DUPLEX_TYPE_TRANSFER (duplex_transfer_get_type ())
G_DECLARE_FINAL_TYPE (DuplexTransfer, duplex_transfer, DUPLEX, TRANSFER, GObject)

/* Properties, read only, which change at most 20 times a second but for the last change:
 *   "state"  DuplexTransferState
 *   "sent"   guint64, bytes of the file whose frames have left
 *   "size"   guint64, bytes of the file when it was opened; 0 where that is not known */

DuplexTransferState duplex_transfer_get_state (DuplexTransfer *self);
guint64             duplex_transfer_get_sent (DuplexTransfer *self);
guint64             duplex_transfer_get_size (DuplexTransfer *self);
gboolean            duplex_transfer_is_over (DuplexTransfer *self);

/* Of a transfer that FAILED, else NULL: the file could not be read on, is no UTF-8
 * (DUPLEX_ERROR_INVALID_ARGUMENT, naming the byte), or the connection ended. */
const GError *duplex_transfer_get_error (DuplexTransfer *self);

/* Stops it. Where a frame of it has left, the message is ended with what was sent so far, for
 * WebSocket has no other way to give one up and keep the connection (RFC 6455 §5.4): the peer gets
 * it short. Nothing where it is over. */
void duplex_transfer_cancel (DuplexTransfer *self);

G_END_DECLS
