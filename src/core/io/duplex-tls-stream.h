/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A TLS session as a GIOStream, for as long as GIO reads and writes it: its handshake, and all that
 * is asynchronous, runs on the thread-default context, without a thread of its own. Nothing of it
 * waits: what would, fails with G_IO_ERROR_WOULD_BLOCK. */

#include "core/io/duplex-tls-session.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_TLS_STREAM (duplex_tls_stream_get_type ())
G_DECLARE_FINAL_TYPE (DuplexTlsStream, duplex_tls_stream, DUPLEX, TLS_STREAM, GIOStream)

/* Takes session, whose handshake is to be done. */
GIOStream *duplex_tls_stream_new (DuplexTlsSession *session);

/* Borrowed. */
DuplexTlsSession *duplex_tls_stream_get_session (DuplexTlsStream *self);
/* What is left of the stream has ended. */
DuplexTlsSession *duplex_tls_stream_steal_session (DuplexTlsStream *self);

void duplex_tls_stream_shake_hands_async (DuplexTlsStream    *self,
                                          GCancellable       *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer            user_data);
/* An error of duplex_tls_session_shake_hands(), or that it was cancelled. */
gboolean duplex_tls_stream_shake_hands_finish (DuplexTlsStream *self,
                                               GAsyncResult    *result,
                                               GError         **error);

G_END_DECLS
