/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#define STREAM_CLOSE_MS 1000

void
duplex_socket_set_no_delay (GSocketConnection *connection)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (G_IS_SOCKET_CONNECTION (connection));

  if (!g_socket_set_option (g_socket_connection_get_socket (connection), IPPROTO_TCP, TCP_NODELAY,
                            TRUE, &error))
    g_debug ("TCP_NODELAY: %s", error->message);
}

static void
closed_ready_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      data)
{
  g_autoptr (GError) error = NULL;

  if (!g_io_stream_close_finish (G_IO_STREAM (object), result, &error))
    g_debug ("closing the stream: %s", error->message);
}

static gboolean
cancel_cb (gpointer data)
{
  g_cancellable_cancel (data);
  return G_SOURCE_REMOVE;
}

void
duplex_socket_close_stream (GIOStream *stream)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource)      timer = g_timeout_source_new (STREAM_CLOSE_MS);

  g_return_if_fail (G_IS_IO_STREAM (stream));

  g_source_set_callback (timer, cancel_cb, g_object_ref (cancellable), g_object_unref);
  g_source_attach (timer, g_main_context_get_thread_default ());
  /* The stream holds itself until it is closed. */
  g_io_stream_close_async (stream, G_PRIORITY_DEFAULT, cancellable, closed_ready_cb, NULL);
}
