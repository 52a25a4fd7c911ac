/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A WebSocket server that is never what a benchmark waits for: it sends frames that were made
 * beforehand, as fast as the socket takes them. One client at a time.
 *
 *   flood-server            prints "listening on ws://127.0.0.1:PORT/" and serves until it ends
 *   GET /?n=N&size=S&lines=L   N text messages of S bytes of JSON, in L lines each (few bytes:
 *                              as far as it goes); then Close 1000
 */
#define _GNU_SOURCE /* strcasestr() */
#include <arpa/inet.h>
#include <glib.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/proto/duplex-handshake.h"

/* Bytes of frames that are made beforehand, about, and sent again and again. */
#define BATCH_BYTES (512 * 1024)

#define HEAD_BYTES  8192

typedef struct
{
  guint64 n;
  gsize   size;
  guint   lines;
} Flood;

static guint64
get_number (const char *head,
            const char *name,
            guint64     otherwise)
{
  const char *end = strstr (head, "\r\n");
  const char *at = g_strstr_len (head, end - head, name);

  return at != NULL ? g_ascii_strtoull (at + strlen (name), NULL, 10) : otherwise;
}

/* Until the empty line. FALSE where the client went away, or says too much. */
static gboolean
read_head (int   fd,
           char *head)
{
  gsize used = 0;

  while (used < HEAD_BYTES - 1)
    {
      gssize n = read (fd, head + used, HEAD_BYTES - 1 - used);

      if (n <= 0)
        return FALSE;
      used += (gsize)n;
      head[used] = '\0';
      if (strstr (head, "\r\n\r\n") != NULL)
        return TRUE;
    }
  return FALSE;
}

static gboolean
write_all (int         fd,
           const void *data,
           gsize       size)
{
  const guint8 *at = data;

  while (size > 0)
    {
      gssize n = send (fd, at, size, MSG_NOSIGNAL);

      if (n <= 0)
        return FALSE;
      at += n;
      size -= (gsize)n;
    }
  return TRUE;
}

static gboolean
answer (int         fd,
        const char *head)
{
  static const char name[] = "\r\nSec-WebSocket-Key: ";
  const char       *key = strcasestr (head, name);
  g_autofree char  *accept = NULL;
  g_autofree char  *own_key = NULL;
  g_autofree char  *response = NULL;

  if (key == NULL)
    return FALSE;
  key += strlen (name);
  own_key = g_strndup (key, strcspn (key, "\r"));
  accept = duplex_handshake_accept_key (own_key);
  response = g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                              accept);
  return write_all (fd, response, strlen (response));
}

static void
append_header (GByteArray *out,
               gsize       size)
{
  guint8 header[10] = { 0x81 };
  guint  n = 2;

  if (size < 126)
    header[1] = (guint8)size;
  else
    {
      n = size <= G_MAXUINT16 ? 4 : 10;
      header[1] = n == 4 ? 126 : 127;
      for (guint i = 2; i < n; i++)
        header[i] = (guint8)((guint64)size >> 8 * (n - 1 - i));
    }
  g_byte_array_append (out, header, n);
}

/* A message as servers of market data send them, filled up to the size, or cut to it. */
static void
append_message (GByteArray  *out,
                const Flood *flood,
                guint        i)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_printf (text, "{\"seq\":%u,\"symbol\":\"BTC-USD\",\"price\":%u.25,\"side\":\"buy\",", i,
                   60000 + i % 1000);
  for (guint line = 1; line < flood->lines; line++)
    g_string_append_printf (text, "\n  \"f%u\":%u,", line, i);
  g_string_append (text, "\"note\":\"");
  while (text->len + 2 < flood->size)
    g_string_append_c (text, 'x');
  g_string_append (text, "\"}");

  append_header (out, flood->size);
  g_byte_array_append (out, (const guint8 *)text->str, (guint)MIN (text->len, flood->size));
}

static gboolean
send_flood (int          fd,
            const Flood *flood)
{
  g_autoptr (GByteArray) batch = g_byte_array_new ();
  static const guint8    close_frame[] = { 0x88, 0x02, 0x03, 0xe8 };
  guint64                n_batch = CLAMP (BATCH_BYTES / (flood->size + 4), 1, MAX (flood->n, 1));
  gsize                  message;

  for (guint i = 0; i < n_batch; i++)
    append_message (batch, flood, i);
  message = batch->len / n_batch;

  for (guint64 left = flood->n; left > 0;)
    {
      guint64 n = MIN (left, n_batch);

      if (!write_all (fd, batch->data, n * message))
        return FALSE;
      left -= n;
    }
  return write_all (fd, close_frame, sizeof close_frame);
}

static void
serve (int fd)
{
  char  head[HEAD_BYTES];
  Flood flood;

  if (!read_head (fd, head) || !answer (fd, head))
    return;
  flood.n = get_number (head, "n=", 1000000);
  flood.size = MAX (get_number (head, "size=", 200), 1);
  flood.lines = (guint)get_number (head, "lines=", 1);
  if (!send_flood (fd, &flood))
    return;
  shutdown (fd, SHUT_WR);
  while (read (fd, head, sizeof head) > 0)
    ;
}

int
main (void)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };
  socklen_t size = sizeof address;
  int       listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (listener < 0 || bind (listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen (listener, 16) != 0 ||
      getsockname (listener, (struct sockaddr *)&address, &size) != 0)
    {
      g_printerr ("flood-server: %s\n", g_strerror (errno));
      return 1;
    }
  printf ("listening on ws://127.0.0.1:%u/\n", ntohs (address.sin_port));
  fflush (stdout);

  while (TRUE)
    {
      int fd = accept (listener, NULL, NULL);

      if (fd < 0)
        continue;
      serve (fd);
      close (fd);
    }
}
