/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* TLS over a non-blocking socket, which no call waits for: whoever gets DUPLEX_LEG_WOULD_BLOCK says
 * with duplex_tls_session_tell() what the socket has become ready for, and calls again. TLS 1.2 and
 * 1.3, "http/1.1" by ALPN; whoever wants to negotiate again is not heard further.
 *
 * One thread at a time. */

#include <gio/gio.h>

#include "core/io/duplex-leg.h"
#include "core/io/duplex-tls-credentials.h"

G_BEGIN_DECLS

/* Both take fd, and a reference to credentials. */
DuplexTlsSession *duplex_tls_session_new_server (DuplexTlsCredentials *credentials,
                                                 int                   fd);
/* host, a name or an address, is what the server's certificate must be issued for. */
DuplexTlsSession *duplex_tls_session_new_client (DuplexTlsCredentials *credentials,
                                                 const char           *host,
                                                 int                   fd);

/* Closes the socket. Where the handshake is over, the peer reads the end of the stream, as far as
 * the socket takes that at once (RFC 8446 §6.1). */
void duplex_tls_session_free (DuplexTlsSession *self);

/* Borrowed. */
int duplex_tls_session_get_fd (DuplexTlsSession *self);

/* What the socket has become ready for, as of DuplexWatchFunc. */
void duplex_tls_session_tell (DuplexTlsSession *self,
                              GIOCondition      conditions);

/* DUPLEX_LEG_OK when the handshake is over, DUPLEX_LEG_ENDED with an error of G_TLS_ERROR where it
 * failed. */
DuplexLegResult duplex_tls_session_shake_hands (DuplexTlsSession *self,
                                                GError          **error);

/* After the handshake, and as duplex_leg_read() and duplex_leg_write(). What does not decrypt, or
 * is cut off without a close_notify, is an end of the stream like any other: a WebSocket that has
 * not been closed before is lost in either case. */
DuplexLegResult duplex_tls_session_read (DuplexTlsSession *self,
                                         guint8           *data,
                                         gsize             size,
                                         gsize            *ret_len);
DuplexLegResult duplex_tls_session_write (DuplexTlsSession    *self,
                                          const GOutputVector *spans,
                                          guint                n,
                                          gsize               *ret_len);

/* There is something to read that the socket does not tell of. */
gboolean duplex_tls_session_has_unread (DuplexTlsSession *self);
/* Something is to be written when the socket takes it. */
gboolean duplex_tls_session_has_unwritten (DuplexTlsSession *self);

/* No more will be written: close_notify, which leaves the other direction as it is. */
void duplex_tls_session_shutdown (DuplexTlsSession *self);

/* "TLS 1.3, TLS_AES_256_GCM_SHA384". */
char *duplex_tls_session_describe (DuplexTlsSession *self);

/* What is wrong with the certificate of a server, for which the handshake failed; 0 where it was
 * not for that. ret_fingerprint is SHA-256 of it, 64 lower-case hex digits, or NULL. */
GTlsCertificateFlags duplex_tls_session_get_problems (DuplexTlsSession *self,
                                                      char            **ret_fingerprint);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexTlsSession, duplex_tls_session_free)

G_END_DECLS
