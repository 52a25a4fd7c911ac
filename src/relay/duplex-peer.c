/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define IPV4_OFFSET 12

static const guint8 ipv4_prefix[IPV4_OFFSET] = { [10] = 0xff, [11] = 0xff };

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

  if (memcmp (self->address, ipv4_prefix, IPV4_OFFSET) == 0)
    {
      inet_ntop (AF_INET, self->address + IPV4_OFFSET, text, sizeof text);
      return g_strdup_printf ("%s:%u", text, self->port);
    }
  inet_ntop (AF_INET6, self->address, text, sizeof text);
  return g_strdup_printf ("[%s]:%u", text, self->port);
}

guint
duplex_peer_hash_address (gconstpointer address)
{
  guint32 words[4];
  guint   hash = 0;

  memcpy (words, address, sizeof words);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    hash = hash * 31 + words[i];
  return hash;
}

gboolean
duplex_peer_equal_address (gconstpointer a,
                           gconstpointer b)
{
  return memcmp (a, b, sizeof ((DuplexPeer *)NULL)->address) == 0;
}
