/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the sending side does with a transfer. */

#include "core/io/duplex-transfer.h"
#include "core/proto/duplex-frame.h"

G_BEGIN_DECLS

/* Runs on the thread that cancels. */
typedef void (*DuplexTransferCancelFunc) (DuplexTransfer *self,
                                          gpointer        user_data);

/* Opens file. The object belongs to the calling thread, whose thread-default main context gets its
 * changes. */
DuplexTransfer *duplex_transfer_new (GFile       *file,
                                     DuplexOpcode opcode,
                                     GError     **error);

/* What cancelling calls; data is freed when the transfer is over. */
void duplex_transfer_set_canceller (DuplexTransfer          *self,
                                    DuplexTransferCancelFunc func,
                                    gpointer                 data,
                                    GDestroyNotify           destroy);

DuplexOpcode  duplex_transfer_get_opcode (DuplexTransfer *self);
GInputStream *duplex_transfer_get_stream (DuplexTransfer *self);

/* From any thread. sent is the sum so far, 0 for no news of it; error is copied, and NULL but with
 * FAILED. Nothing after a state that is an end. */
void duplex_transfer_report (DuplexTransfer     *self,
                             DuplexTransferState state,
                             guint64             sent,
                             const GError       *error);
/* Reports that it fails because the connection ends. */
void duplex_transfer_refuse (DuplexTransfer *self);

G_END_DECLS
