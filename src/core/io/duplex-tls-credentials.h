/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What an end of TLS shows, or whom it trusts: read once, then shared by many sessions. References
 * may be taken and dropped on any thread. */

#include <gnutls/gnutls.h>

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexTlsCredentials DuplexTlsCredentials;

/* A server's certificate, the chain behind it, and its key, as texts in PEM. An error is of
 * G_TLS_ERROR, also where the two do not belong together. */
DuplexTlsCredentials *duplex_tls_credentials_new_server (const char *certificate,
                                                         const char *key,
                                                         GError    **error);

/* A client's trust: the authorities in ca_file (PEM), or where that is NULL, the system's. These
 * are not read before the first handshake, for most who could have one never do. */
DuplexTlsCredentials *duplex_tls_credentials_new_client (const char *ca_file,
                                                         GError    **error);

DuplexTlsCredentials *duplex_tls_credentials_ref (DuplexTlsCredentials *self);
void                  duplex_tls_credentials_unref (DuplexTlsCredentials *self);

/* For sessions; borrowed. */
gnutls_certificate_credentials_t duplex_tls_credentials_get (DuplexTlsCredentials *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexTlsCredentials, duplex_tls_credentials_unref)

G_END_DECLS
