/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-settings.h"

#include "core/proto/duplex-limits.h"

DuplexRelaySettings *
duplex_relay_settings_new (void)
{
  DuplexRelaySettings *self = g_new0 (DuplexRelaySettings, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->policy = duplex_policy_new ();
  self->trust = duplex_tls_credentials_new_client (NULL, NULL);
  self->forward_headers = g_new0 (char *, 1);
  self->pump = (DuplexPumpSettings){
    .limits = {
      .max_message = DUPLEX_LIMIT_RELAY_MESSAGE,
      .max_frame = DUPLEX_LIMIT_RELAY_MESSAGE,
      .rate = DUPLEX_LIMIT_RELAY_RATE,
      .byte_rate = DUPLEX_LIMIT_RELAY_BYTE_RATE,
    },
    .idle_timeout = DUPLEX_LIMIT_RELAY_IDLE_TIMEOUT,
    .close_timeout = DUPLEX_LIMIT_CLOSE_TIMEOUT,
    .ping_interval = DUPLEX_LIMIT_RELAY_PING_INTERVAL,
  };
  self->handshake_timeout = DUPLEX_LIMIT_RELAY_HEAD_TIMEOUT;
  self->connect_timeout = DUPLEX_LIMIT_CONNECT_TIMEOUT;
  self->max_connections = DUPLEX_LIMIT_RELAY_CONNECTIONS;
  self->max_per_address = DUPLEX_LIMIT_RELAY_PER_ADDRESS;
  self->status = TRUE;
  return self;
}

DuplexRelaySettings *
duplex_relay_settings_ref (DuplexRelaySettings *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
duplex_relay_settings_unref (DuplexRelaySettings *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  duplex_policy_free (self->policy);
  duplex_tls_credentials_unref (self->certificate);
  duplex_tls_credentials_unref (self->trust);
  g_strfreev (self->forward_headers);
  g_free (self);
}
