/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A WebSocket server on loopback whose certificate nobody has signed. It accepts a handshake, and
 * closes with 1000 when the first frame comes. */

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _TlsServer TlsServer;

TlsServer  *tls_server_new (void);
const char *tls_server_get_url (TlsServer *self);
void        tls_server_free (TlsServer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsServer, tls_server_free)

G_END_DECLS
