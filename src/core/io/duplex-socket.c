/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

void
duplex_socket_set_no_delay (GSocketConnection *connection)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (G_IS_SOCKET_CONNECTION (connection));

  if (!g_socket_set_option (g_socket_connection_get_socket (connection), IPPROTO_TCP, TCP_NODELAY,
                            TRUE, &error))
    g_debug ("TCP_NODELAY: %s", error->message);
}
