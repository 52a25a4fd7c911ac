/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The sending half of a connection: messages become frames, compressed and cut as the connection
 * has it, and leave through the outbox in the order in which they were given. A file is read while
 * it is sent; messages behind it wait, for a message must not begin inside another (RFC 6455 §5.4),
 * and control frames pass. One thread, with its thread-default context. */

#include "core/io/duplex-outbox.h"
#include "core/io/duplex-transfer.h"
#include "core/proto/duplex-deflate-params.h"
#include "core/proto/duplex-limits.h"

G_BEGIN_DECLS

typedef struct
{
  /* As DuplexOutboxCallbacks has it: the bytes that leave, in order. */
  void (*wrote) (DuplexOutgoing *item,
                 const guint8   *data,
                 gsize           len,
                 gint64          at,
                 gpointer        user_data);
  /* What was given to be sent has left, or was dropped; cost as it was given. */
  void (*sent) (gsize cost, gpointer user_data);
  /* Nothing waits any more. */
  void (*idle) (gpointer user_data);
  void (*failed) (const GError *error, gpointer user_data);
} DuplexSenderCallbacks;

typedef struct _DuplexSender DuplexSender;

/* deflate, of what role sends, is NULL where nothing is compressed. fragment is the most payload
 * bytes of a data frame, 0 for any. */
DuplexSender *duplex_sender_new (GPollableOutputStream        *stream,
                                 DuplexRole                    role,
                                 const DuplexDeflateDirection *deflate,
                                 gsize                         fragment,
                                 const DuplexSenderCallbacks  *callbacks,
                                 gpointer                      user_data);
void          duplex_sender_free (DuplexSender *self);

/* A message, cut at points (see duplex_session_send_split()) or, where there are none, after each
 * fragment. It costs its payload's size. */
void duplex_sender_send_message (DuplexSender *self,
                                 DuplexOpcode  opcode,
                                 GBytes       *payload,
                                 const gsize  *points,
                                 gsize         n_points);

/* A file as a message; transfer tells of it from here on. It costs nothing. */
void duplex_sender_send_file (DuplexSender   *self,
                              DuplexTransfer *transfer);
/* See duplex_transfer_cancel(). */
void duplex_sender_cancel_file (DuplexSender   *self,
                                DuplexTransfer *transfer);

/* Cancels those that are under way or wait: their time does not come any more. */
void duplex_sender_cancel_files (DuplexSender *self);

/* What a control frame counts, whatever its payload is. */
#define DUPLEX_SENDER_CONTROL_COST ((gsize)DUPLEX_LIMIT_CONTROL_PAYLOAD)

/* A control frame that overtakes what waits. An automatic one takes the place of an older one that
 * has not left, and its leaving is not reported. */
void duplex_sender_send_control (DuplexSender *self,
                                 DuplexOpcode  opcode,
                                 GBytes       *payload,
                                 gboolean      automatic);

/* A Close behind all that waits; a file that is under way is cancelled. */
void duplex_sender_send_close (DuplexSender *self,
                               GBytes       *body);

/* Bytes as they are; deliberate ones do not wait for a file. They cost what they are where their
 * leaving is reported, else nothing. */
void duplex_sender_send_raw (DuplexSender *self,
                             GBytes       *wire,
                             gboolean      deliberate,
                             gboolean      reported);

/* Forgets what has not begun to leave but for what may overtake. Returns whether a Close was among
 * it. */
gboolean duplex_sender_drop_waiting (DuplexSender *self);

/* Nothing waits to leave. */
gboolean duplex_sender_is_idle (DuplexSender *self);

/* While held no data frame begins to leave. */
void duplex_sender_set_held (DuplexSender *self,
                             gboolean      held);

/* Nothing more leaves. */
void duplex_sender_stop (DuplexSender *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexSender, duplex_sender_free)

G_END_DECLS
