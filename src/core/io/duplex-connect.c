/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-connect.h"

#include "core/io/duplex-socket.h"

static void
succeed (GTask             *task,
         GSocketConnection *connection)
{
  duplex_socket_set_no_delay (connection);
  g_task_return_pointer (task, connection, g_object_unref);
}

/* ---- to an address ---- */

/* As GSocketClient begins its messages. */
static void
fail (GTask  *task,
      GError *error)
{
  const char *address = g_task_get_task_data (task);

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_prefix_error (&error, "Could not connect to %s: ", address);
  g_task_return_error (task, error);
}

static gboolean
socket_ready_cb (GSocket     *socket,
                 GIOCondition condition,
                 gpointer     data)
{
  GTask  *task = data;
  GError *error = NULL;

  if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error) ||
      !g_socket_check_connect_result (socket, &error))
    fail (task, error);
  else
    succeed (task, g_socket_connection_factory_create_connection (socket));
  return G_SOURCE_REMOVE;
}

/* GSocketClient would take several times as long to find out that there is nothing to find out,
 * which counts where thousands are dialled. */
static void
connect_directly (GTask          *task,
                  GSocketAddress *address)
{
  GError             *error = NULL;
  g_autoptr (GSource) source = NULL;
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (address),
                                             G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);

  if (socket == NULL)
    {
      fail (task, error);
      return;
    }
  g_socket_set_blocking (socket, FALSE);
  if (!g_socket_connect (socket, address, NULL, &error) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING))
    {
      fail (task, error);
      return;
    }
  g_clear_error (&error);
  source = g_socket_create_source (socket, G_IO_OUT, g_task_get_cancellable (task));
  g_source_set_callback (source, G_SOURCE_FUNC (socket_ready_cb), g_object_ref (task),
                         g_object_unref);
  g_source_attach (source, g_task_get_context (task));
}

/* ---- to a name, or through a proxy ---- */

static void
connected_ready_cb (GObject      *object,
                    GAsyncResult *result,
                    gpointer      data)
{
  g_autoptr (GTask)  task = data;
  GError            *error = NULL;
  GSocketConnection *connection =
    g_socket_client_connect_finish (G_SOCKET_CLIENT (object), result, &error);

  if (connection != NULL)
    succeed (task, connection);
  else
    g_task_return_error (task, error);
}

/* The URL's scheme decides which proxy is asked for. Not parsed from a text again: who is dialled
 * must be who is named in the request and in the certificate. */
static void
connect_by_name (GTask           *task,
                 const DuplexUrl *url,
                 const char      *host,
                 const char      *proxy)
{
  g_autoptr (GSocketClient)      client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) address = NULL;

  address = g_object_new (G_TYPE_NETWORK_ADDRESS,
                          "hostname", host,
                          "port", (guint)url->port,
                          "scheme", url->tls ? "wss" : "ws",
                          NULL);
  if (proxy != NULL)
    {
      g_autoptr (GProxyResolver) resolver = g_simple_proxy_resolver_new (proxy, NULL);

      g_socket_client_set_proxy_resolver (client, resolver);
    }
  g_socket_client_connect_async (client, address, g_task_get_cancellable (task),
                                 connected_ready_cb, g_object_ref (task));
}

/* ---- public ---- */

void
duplex_connect_async (const DuplexUrl    *url,
                      const char         *address,
                      const char         *proxy,
                      GCancellable       *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer            user_data)
{
  g_autoptr (GTask)          task = NULL;
  g_autoptr (GSocketAddress) target = NULL;

  g_return_if_fail (url != NULL);

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, duplex_connect_async);
  /* The caller's cancellable is looked at where there is nothing to give back yet. */
  g_task_set_check_cancellable (task, FALSE);
  if (address != NULL && g_strcmp0 (proxy, "direct://") == 0)
    target = g_inet_socket_address_new_from_string (address, url->port);
  if (target == NULL)
    {
      connect_by_name (task, url, address != NULL ? address : url->host, proxy);
      return;
    }
  g_task_set_task_data (task, g_strdup (address), g_free);
  connect_directly (task, target);
}

GSocketConnection *
duplex_connect_finish (GAsyncResult *result,
                       GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
