/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a relay is set to, as connections see it: made whole, then never changed. A reload makes
 * another one; a connection keeps the one that it began with. References may be taken and dropped
 * on any thread. */

#include "core/io/duplex-pump.h"
#include "core/io/duplex-tls-credentials.h"
#include "relay/duplex-policy.h"

G_BEGIN_DECLS

/* How clients show the token, where the policy has any. */
typedef enum {
  DUPLEX_TOKEN_BEARER,  /* "Authorization: Bearer" of the request */
  DUPLEX_TOKEN_MESSAGE, /* their first message, for browsers, which can set no header */
} DuplexTokenPlace;

typedef struct
{
  /* owned */
  DuplexPolicy         *policy;
  DuplexTlsCredentials *certificate;     /* of the relay; NULL: clients speak plain HTTP */
  DuplexTlsCredentials *trust;           /* of backends; not NULL */
  char                **forward_headers; /* names of fields that go on to the backend; not NULL */

  DuplexPumpSettings pump;
  DuplexTokenPlace   token_place;
  guint              handshake_timeout; /* seconds for TLS and the request, or the first message */
  guint              connect_timeout;   /* seconds from the request to an open backend */
  guint              max_connections;   /* upgraded ones at a time */
  guint              max_per_address;   /* likewise, from one address; 0: no limit of its own */
  gboolean           status;            /* the first message says that the backend is open */

  /* private */
  gatomicrefcount ref_count;
} DuplexRelaySettings;

/* The defaults of duplex-limits.h, and a policy that allows nothing. */
DuplexRelaySettings *duplex_relay_settings_new (void);
DuplexRelaySettings *duplex_relay_settings_ref (DuplexRelaySettings *self);
void                 duplex_relay_settings_unref (DuplexRelaySettings *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexRelaySettings, duplex_relay_settings_unref)

G_END_DECLS
