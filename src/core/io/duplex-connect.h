/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* TCP to the host of a URL: name to address, proxy, connection. Runs on the thread-default context
 * of its caller. */

#include <gio/gio.h>

#include "core/proto/duplex-url.h"

G_BEGIN_DECLS

/* address, may be NULL, is the IP address to dial instead of the URL's host. proxy is the URL of
 * the proxy to dial through, "direct://" for none and NULL for the system's. All are read during
 * the call. */
void duplex_connect_async (const DuplexUrl    *url,
                           const char         *address,
                           const char         *proxy,
                           GCancellable       *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer            user_data);

/* Errors are GIO's. */
GSocketConnection *duplex_connect_finish (GAsyncResult *result,
                                          GError      **error);

G_END_DECLS
