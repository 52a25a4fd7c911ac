/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-relay RELAY: messages a second through the relay, beside those of a direct connection. The
 * client sends as fast as it can and the backend sends each byte back. */

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "core/proto/duplex-frame-encoder.h"
#include "core/proto/duplex-handshake.h"

#define N_MESSAGES   1000000
#define PAYLOAD_SIZE 64
#define N_REPEATS    3
#define CHUNK        65536

static GSocketConnection *
dial (guint16 port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError)        error = NULL;
  GSocketConnection        *connection;

  connection = g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, &error);
  if (connection == NULL)
    g_error ("%s", error->message);
  return connection;
}

/* As every program that talks WebSocket does: else the tail of a batch waits for a late ACK. */
static void
prepare (int fd)
{
  int on = 1;

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  g_unix_set_fd_nonblocking (fd, FALSE, NULL);
}

static void
write_all (int           fd,
           const guint8 *data,
           gsize         size)
{
  while (size > 0)
    {
      gssize n = send (fd, data, size, MSG_NOSIGNAL);

      if (n <= 0)
        g_error ("send: %s", g_strerror (errno));
      data += n;
      size -= (gsize)n;
    }
}

/* Up to the empty line; a byte at a time, since what follows is for others. Returns the key. */
static char *
read_head (int fd)
{
  g_autoptr (GString) head = g_string_new (NULL);
  const char         *key;
  char                c;

  while (!g_str_has_suffix (head->str, "\r\n\r\n"))
    {
      if (recv (fd, &c, 1, 0) != 1)
        g_error ("recv: %s", g_strerror (errno));
      g_string_append_c (head, c);
    }
  key = strstr (head->str, "Sec-WebSocket-Key: ");
  if (key == NULL)
    return NULL;
  key += strlen ("Sec-WebSocket-Key: ");
  return g_strndup (key, strcspn (key, "\r"));
}

/* The backend: unmasks nothing and echoes whole frames, with the mask taken off their headers. The
 * same work stands on both sides of the comparison. */
static gsize
echo (const guint8 *in,
      gsize         len,
      guint8       *out,
      gsize        *ret_used)
{
  gsize             made = 0;
  DuplexFrameHeader header;
  gsize             size;

  *ret_used = 0;
  while ((size = duplex_frame_header_decode (in + *ret_used, len - *ret_used, &header)) > 0 &&
         header.length <= len - *ret_used - size)
    {
      const guint8 *payload = in + *ret_used + size;

      header.masked = FALSE;
      *ret_used += size + header.length;
      made += duplex_frame_header_encode (&header, out + made);
      memcpy (out + made, payload, header.length);
      made += header.length;
    }
  return made;
}

static gpointer
backend_worker (gpointer data)
{
  g_autoptr (GSocket) listener = data;

  for (;;)
    {
      g_autoptr (GSocket) socket = g_socket_accept (listener, NULL, NULL);
      int                 fd = g_socket_get_fd (socket);
      g_autofree char    *key = NULL;
      g_autofree char    *accept = NULL;
      g_autofree char    *head = NULL;
      static guint8       in[CHUNK];
      static guint8       out[CHUNK];
      gsize               waiting = 0;
      gssize              n;

      prepare (fd);
      key = read_head (fd);
      accept = duplex_handshake_accept_key (key);
      head = g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                              accept);
      write_all (fd, (const guint8 *)head, strlen (head));
      /* The relay's Close, 8 bytes, is no message: it ends the connection. */
      while ((n = recv (fd, in + waiting, sizeof in - waiting, 0)) > 0 &&
             (in[0] & 0x0f) != DUPLEX_OPCODE_CLOSE)
        {
          gsize used;
          gsize made = echo (in, waiting + (gsize)n, out, &used);

          waiting += (gsize)n - used;
          memmove (in, in + used, waiting);
          write_all (fd, out, made);
        }
    }
  return NULL;
}

static guint16
start_backend (void)
{
  g_autoptr (GSocket)        listener = NULL;
  g_autoptr (GInetAddress)   loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GThread)        thread = NULL;

  listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  if (!g_socket_bind (listener, address, TRUE, NULL) || !g_socket_listen (listener, NULL))
    g_error ("no backend");
  bound = g_socket_get_local_address (listener, NULL);
  thread = g_thread_new ("backend", backend_worker, g_object_ref (listener));
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
}

/* Returns messages a second, there and back. at_once is how many are under way. */
static double
measure (guint16     port,
         const char *target,
         guint       at_once)
{
  g_autoptr (GSocketConnection) connection = dial (port);
  int                           fd = g_socket_get_fd (g_socket_connection_get_socket (connection));
  g_autofree char              *request = NULL;
  static guint8                 payload[PAYLOAD_SIZE];
  g_autoptr (GBytes)            frame = NULL;
  g_autofree guint8            *batch = NULL;
  static guint8                 in[CHUNK];
  gsize                         frame_size;
  const gsize                   back_size = 2 + PAYLOAD_SIZE;
  guint                         total = at_once == 1 ? N_MESSAGES / 20 : N_MESSAGES;
  gint64                        start;

  request = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                             target);
  prepare (fd);
  write_all (fd, (const guint8 *)request, strlen (request));
  g_free (read_head (fd));
  memset (payload, 'x', sizeof payload);
  frame = duplex_frame_encode_simple (DUPLEX_ROLE_CLIENT, DUPLEX_OPCODE_BINARY, payload,
                                      sizeof payload, duplex_mask_source_random, NULL);
  frame_size = g_bytes_get_size (frame);
  batch = g_malloc (frame_size * at_once);
  for (guint i = 0; i < at_once; i++)
    memcpy (batch + i * frame_size, g_bytes_get_data (frame, NULL), frame_size);

  start = g_get_monotonic_time ();
  for (guint done = 0; done < total; done += at_once)
    {
      gsize left = back_size * at_once;

      write_all (fd, batch, frame_size * at_once);
      while (left > 0)
        {
          gssize n = recv (fd, in, MIN (left, sizeof in), 0);

          if (n <= 0)
            g_error ("recv: %s", g_strerror (errno));
          left -= (gsize)n;
        }
    }
  return total / ((double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC);
}

static double
best_of (guint16     port,
         const char *target,
         guint       at_once)
{
  double best = 0;

  for (guint i = 0; i < N_REPEATS; i++)
    best = MAX (best, measure (port, target, at_once));
  return best;
}

int
main (int    argc,
      char **argv)
{
  static const guint      at_once[] = { 1, 64, 1000 };
  g_autoptr (GSubprocess) relay = NULL;
  g_autoptr (GError)      error = NULL;
  g_autofree guint8      *line = g_malloc0 (200);
  guint16                 backend = start_backend ();
  guint16                 port;
  g_autofree char        *target = NULL;

  if (argc != 2)
    g_error ("bench-relay RELAY");
  relay = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                            &error, argv[1], "--listen", "127.0.0.1:0", "--no-status", NULL);
  if (relay == NULL ||
      g_input_stream_read (g_subprocess_get_stdout_pipe (relay), line, 199, NULL, &error) <= 0)
    g_error ("%s", error->message);
  port = (guint16)g_ascii_strtoull (strrchr ((char *)line, ':') + 1, NULL, 10);
  target = g_strdup_printf ("/api/websocket?backend=ws://127.0.0.1:%u/", backend);

  for (gsize i = 0; i < G_N_ELEMENTS (at_once); i++)
    {
      double direct = best_of (backend, "/", at_once[i]);
      double relayed = best_of (port, target, at_once[i]);

      g_print ("relay/%u-bytes/%u-at-once/direct %.0f messages/s\n", PAYLOAD_SIZE, at_once[i],
               direct);
      g_print ("relay/%u-bytes/%u-at-once/relayed %.0f messages/s\n", PAYLOAD_SIZE, at_once[i],
               relayed);
      g_print ("relay/%u-bytes/%u-at-once/ratio %.2f of direct\n", PAYLOAD_SIZE, at_once[i],
               relayed / direct);
    }
  g_subprocess_send_signal (relay, 15);
  g_subprocess_wait (relay, NULL, NULL);
  return 0;
}
