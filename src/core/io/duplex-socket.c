/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#define STREAM_CLOSE_MS 1000

/* Questions of our TCP in a row that a system which is there does not leave all unanswered: one or
 * two may get lost. The time between them grows to two minutes where they are answered, too. */
#define QUESTIONS 3

void
duplex_socket_set_no_delay (GSocketConnection *connection)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (G_IS_SOCKET_CONNECTION (connection));

  if (!g_socket_set_option (g_socket_connection_get_socket (connection), IPPROTO_TCP, TCP_NODELAY,
                            TRUE, &error))
    g_debug ("TCP_NODELAY: %s", error->message);
}

int
duplex_socket_steal_fd (GSocketConnection *connection)
{
  int fd;

  g_return_val_if_fail (G_IS_SOCKET_CONNECTION (connection), -1);

  fd = fcntl (g_socket_get_fd (g_socket_connection_get_socket (connection)), F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    g_debug ("No descriptor: %s", g_strerror (errno));
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  return fd;
}

/* Whoever has no window for more is asked for one (RFC 9293 §3.8.6.1), and answers also where the
 * program does not read; who has one is sent again what it has not acknowledged. TCP_USER_TIMEOUT
 * knows no such difference: on Linux it ends both. */
void
duplex_socket_look (int               fd,
                    DuplexSocketLook *ret_look)
{
  struct tcp_info info = { 0 };
  socklen_t       size = sizeof info;
  guint           asked;

  g_return_if_fail (ret_look != NULL);

  *ret_look = (DuplexSocketLook){ 0 };
  if (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
    return;
  asked = MAX (info.tcpi_probes, info.tcpi_snd_wnd > 0 ? info.tcpi_retransmits : 0);
  ret_look->acked = info.tcpi_bytes_acked;
  ret_look->waits = info.tcpi_unacked > 0 || info.tcpi_notsent_bytes > 0;
  if (asked >= QUESTIONS)
    ret_look->silence = (gint64)info.tcpi_last_ack_recv * 1000;
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
