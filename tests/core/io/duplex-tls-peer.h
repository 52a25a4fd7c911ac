/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The other end of a DuplexTlsSession: GnuTLS in memory, and a TCP connection over which a test
 * carries as much of what it says as it likes. */

#include <gnutls/gnutls.h>

#include "core/io/duplex-tls-session.h"

G_BEGIN_DECLS

typedef struct
{
  DuplexTlsSession *near; /* what is tested; or NULL */
  gnutls_session_t  peer;
  int               fd;    /* of the peer, blocking; -1 once it is closed */
  GByteArray       *said;  /* by the peer, and not carried yet */
  GByteArray       *heard; /* carried to the peer, and not read yet */
  gboolean          ended; /* what comes from near */
  gboolean          reset; /* by a RST */

  gnutls_certificate_credentials_t credentials;
} TlsPair;

/* near is a server, or a client that wants to reach host. The peer's certificate is for 127.0.0.1,
 * and where near is trusting, its own authority. priorities are the peer's. No byte has passed. */
TlsPair *tls_pair_new_server (const char *priorities);
TlsPair *tls_pair_new_client (const char *priorities,
                              const char *host,
                              gboolean    trusting);
void     tls_pair_free (TlsPair *self);

/* Carries the first n bytes, or all, that the peer has said. */
void tls_pair_carry (TlsPair *self,
                     gsize    n);
/* What has come from near goes to the peer. */
void tls_pair_fetch (TlsPair *self);
/* The peer's TCP ends. */
void tls_pair_cut (TlsPair *self);

/* Both ends shake hands, n bytes of the peer's at a time; FALSE and an error where near fails. */
gboolean tls_pair_shake_hands (TlsPair *self,
                               gsize    n,
                               GError **error);

/* The peer writes a record; it is not carried yet. */
void tls_pair_say (TlsPair    *self,
                   const void *data,
                   gsize       len);
/* near says, and the peer reads exactly that; and the other way round. */
void tls_pair_assert_near_speaks (TlsPair    *self,
                                  const char *text);
void tls_pair_assert_peer_speaks (TlsPair    *self,
                                  const char *text);

/* near reads until it blocks or has ended. */
DuplexLegResult tls_pair_read (TlsPair    *self,
                               GByteArray *bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsPair, tls_pair_free)

G_END_DECLS
