/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define IPV4_OFFSET 12

static const guint8 ipv4_prefix[IPV4_OFFSET] = { [10] = 0xff, [11] = 0xff };
static const guint8 nat64_prefix[IPV4_OFFSET] = { 0x00, 0x64, 0xff, 0x9b };

static gboolean
has_prefix (const DuplexPeer *self,
            const guint8     *prefix)
{
  return memcmp (self->address, prefix, IPV4_OFFSET) == 0;
}

DuplexPeer
duplex_peer_from_socket_address (const struct sockaddr_storage *address)
{
  DuplexPeer self = { 0 };

  g_return_val_if_fail (address != NULL, self);

  if (address->ss_family == AF_INET)
    {
      const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;

      memcpy (self.address, ipv4_prefix, IPV4_OFFSET);
      memcpy (self.address + IPV4_OFFSET, &ipv4->sin_addr, sizeof ipv4->sin_addr);
      self.port = ntohs (ipv4->sin_port);
    }
  else if (address->ss_family == AF_INET6)
    {
      const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;

      memcpy (self.address, &ipv6->sin6_addr, sizeof self.address);
      self.port = ntohs (ipv6->sin6_port);
    }
  return self;
}

char *
duplex_peer_to_text (const DuplexPeer *self)
{
  char text[INET6_ADDRSTRLEN] = "?";

  g_return_val_if_fail (self != NULL, NULL);

  if (has_prefix (self, ipv4_prefix))
    {
      inet_ntop (AF_INET, self->address + IPV4_OFFSET, text, sizeof text);
      return g_strdup_printf ("%s:%u", text, self->port);
    }
  inet_ntop (AF_INET6, self->address, text, sizeof text);
  return g_strdup_printf ("[%s]:%u", text, self->port);
}

guint64
duplex_peer_get_network (const DuplexPeer *self)
{
  guint32 ipv4;
  guint64 network;

  g_return_val_if_fail (self != NULL, 0);

  memcpy (&ipv4, self->address + IPV4_OFFSET, sizeof ipv4);
  memcpy (&network, self->address, sizeof network);
  /* No /64 looks like that: it would be of ::/8, which is reserved. */
  if (has_prefix (self, ipv4_prefix) || has_prefix (self, nat64_prefix))
    return G_GUINT64_CONSTANT (0xffff00000000) | GUINT32_FROM_BE (ipv4);
  return GUINT64_FROM_BE (network);
}
