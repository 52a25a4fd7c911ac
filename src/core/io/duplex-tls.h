/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the window and the headless client need of TLS, over GIO: the user may see a certificate
 * that does not verify, and accept it. */

#include <gio/gio.h>

G_BEGIN_DECLS

/* A client's end over base, before its handshake. host is what the certificate must name. ca_file,
 * may be NULL, holds the authorities to trust instead of the system's. */
GTlsConnection *duplex_tls_new_client (GIOStream  *base,
                                       const char *host,
                                       guint16     port,
                                       const char *ca_file,
                                       GError    **error);

/* SHA-256 of the certificate in DER, 64 lower-case hex digits. */
char *duplex_tls_dup_fingerprint (GTlsCertificate *certificate);

/* "TLS 1.3, TLS_AES_256_GCM_SHA384", as far as the library tells. */
char *duplex_tls_describe (GTlsConnection *connection);

/* What is wrong with a certificate, in English, as msgids with ", " between them: "it is issued for
 * another host, it has expired". */
char *duplex_tls_dup_problems (GTlsCertificateFlags flags);

G_END_DECLS
