/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The outgoing side of a connection: whole frames that wait for the stream to take them, in order.
 * Control frames may overtake, at a frame's boundary and never before bytes that have blocked: TLS
 * needs the same bytes again (g_pollable_output_stream_write_nonblocking()). One thread, whose
 * thread-default context gets the source. */

#include <gio/gio.h>

#include "core/io/duplex-transfer.h"
#include "core/proto/duplex-frame.h"

G_BEGIN_DECLS

/* What waits: the wire bytes, and what the sender wants back when they have left. */
typedef struct
{
  GBytes  *wire;
  guint8   opcode;      /* of its frame, or of its first */
  gboolean control;     /* may overtake */
  gboolean replaceable; /* automatic: a newer one of its opcode takes its place while it waits */
  gboolean deliberate;  /* somebody composed it, and wants what is wrong with it */
  gboolean reported;    /* with it leaves a message or ping that was given to be sent ... */
  gsize    cost;        /* ... which counted so many bytes against the bound */

  gboolean streamed; /* of what is made into frames as others leave */

  /* of a frame of a file */
  DuplexTransfer     *file;      /* or NULL */
  guint64             file_sent; /* its bytes that have left with it, 0 for not known */
  DuplexTransferState file_state;
} DuplexOutgoing;

void duplex_outgoing_free (DuplexOutgoing *self);

typedef struct
{
  /* Some bytes of item have been taken by the stream, in a write that began at (monotonic µs). */
  void (*wrote) (DuplexOutgoing *item,
                 const guint8   *data,
                 gsize           len,
                 gint64          at,
                 gpointer        user_data);
  /* The last byte of item has. item is freed after the call. */
  void (*left) (DuplexOutgoing *item, gpointer user_data);
  /* Nothing waits any more. */
  void (*empty) (gpointer user_data);
  /* Writing failed; nothing more will leave. */
  void (*failed) (const GError *error, gpointer user_data);
} DuplexOutboxCallbacks;

typedef struct _DuplexOutbox DuplexOutbox;

DuplexOutbox *duplex_outbox_new (GPollableOutputStream       *stream,
                                 const DuplexOutboxCallbacks *callbacks,
                                 gpointer                     user_data);
void          duplex_outbox_free (DuplexOutbox *self);

/* Takes item and writes at once what the stream takes. */
void duplex_outbox_push (DuplexOutbox   *self,
                         DuplexOutgoing *item);

/* Forgets what has not begun to leave, but for what may overtake, and calls dropped for each: also
 * for a Close that waits. */
void duplex_outbox_drop_waiting (DuplexOutbox *self,
                                 GFunc         dropped,
                                 gpointer      user_data);

/* While held only control frames leave, and the rest of what has begun. */
void duplex_outbox_set_held (DuplexOutbox *self,
                             gboolean      held);

/* Nothing more is written; what waits is forgotten. */
void duplex_outbox_stop (DuplexOutbox *self);

guint duplex_outbox_get_n_items (DuplexOutbox *self);

/* Calls func for what waits, in order; it must not push or drop anything. */
void duplex_outbox_foreach (DuplexOutbox *self,
                            GFunc         func,
                            gpointer      user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexOutgoing, duplex_outgoing_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexOutbox, duplex_outbox_free)

G_END_DECLS
