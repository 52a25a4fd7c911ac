/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The TLS step of a dial: with GIO, so that a person may accept a certificate that does not verify,
 * or where the settings have credentials, with these. Runs on the thread-default context. */

#include "core/io/duplex-dialer.h"

G_BEGIN_DECLS

/* settings and result are borrowed until the callback. The stream of result, a GSocketConnection,
 * becomes the one over TLS, as soon as its handshake begins; what is wrong with the certificate is
 * filled in there, too. */
void duplex_tls_client_async (const DuplexDialSettings *settings,
                              DuplexDialResult         *result,
                              GCancellable             *cancellable,
                              GAsyncReadyCallback       callback,
                              gpointer                  user_data);

/* "TLS 1.3, TLS_AES_256_GCM_SHA384"; or NULL and an error, mostly of G_TLS_ERROR. */
char *duplex_tls_client_finish (GAsyncResult *result,
                                GError      **error);

G_END_DECLS
