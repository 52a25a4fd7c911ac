/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay-wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 16384
#define BACKLOG  4096

/* Returns the size of the header at the beginning of data, 0 when it is not whole. */
static gsize
parse_header (WireReader   *self,
              const guint8 *data,
              gsize         size)
{
  gsize   need = 2;
  guint8  bits;
  guint64 length;

  if (size < 2)
    return 0;
  bits = data[1] & 0x7f;
  self->masked = (data[1] & 0x80) != 0;
  need += (bits == 126 ? 2 : bits == 127 ? 8
                                         : 0) +
          (self->masked ? 4 : 0);
  if (size < need)
    return 0;
  length = bits;
  if (bits >= 126)
    {
      length = 0;
      for (gsize i = 2; i < (bits == 126 ? 4 : 10); i++)
        length = length << 8 | data[i];
    }
  if (self->masked)
    memcpy (self->mask, data + need - 4, 4);
  self->first = data[0];
  self->length = length;
  self->done = 0;
  self->inside = TRUE;
  return need;
}

/* FALSE when more bytes are needed; then all that there are have been kept. */
static gboolean
read_header (WireReader    *self,
             const guint8 **at,
             const guint8  *end)
{
  gsize have = (gsize)(end - *at);
  gsize used;
  gsize kept = self->n_head;

  if (kept == 0)
    {
      used = parse_header (self, *at, have);
      *at += used;
      if (used > 0)
        return TRUE;
    }
  memcpy (self->head + kept, *at, MIN (have, sizeof self->head - kept));
  used = parse_header (self, self->head, MIN (kept + have, sizeof self->head));
  if (used == 0)
    {
      self->n_head = (guint8)(kept + have);
      *at = end;
      return FALSE;
    }
  *at += used - kept;
  self->n_head = 0;
  return TRUE;
}

gboolean
wire_reader_next (WireReader    *self,
                  const guint8 **at,
                  const guint8  *end,
                  WirePiece     *ret_piece)
{
  gboolean begins = !self->inside;
  gsize    size;

  if (*at == end || (begins && !read_header (self, at, end)))
    return FALSE;
  size = MIN ((guint64)(end - *at), self->length - self->done);
  *ret_piece = (WirePiece){
    .first = self->first,
    .masked = self->masked,
    .mask = self->mask,
    .length = self->length,
    .offset = self->done,
    .data = *at,
    .size = size,
    .begins = begins,
    .ends = self->done + size == self->length,
  };
  *at += size;
  self->done += size;
  self->inside = !ret_piece->ends;
  return TRUE;
}

gsize
wire_write_header (guint8       *out,
                   guint8        first,
                   guint64       length,
                   const guint8 *mask)
{
  gsize n_extended = length < 126 ? 0 : length <= G_MAXUINT16 ? 2
                                                              : 8;

  out[0] = first;
  out[1] = (guint8)(n_extended == 0 ? length : n_extended == 2 ? 126
                                                               : 127);
  for (gsize i = 0; i < n_extended; i++)
    out[2 + i] = (guint8)(length >> 8 * (n_extended - 1 - i));
  if (mask == NULL)
    return 2 + n_extended;
  out[1] |= 0x80;
  memcpy (out + 2 + n_extended, mask, 4);
  return 2 + n_extended + 4;
}

gssize
wire_add_head (GByteArray  **head,
               const guint8 *data,
               gsize         size)
{
  const char *end;

  if (*head == NULL)
    *head = g_byte_array_new ();
  g_byte_array_append (*head, data, (guint)size);
  end = g_strstr_len ((const char *)(*head)->data, (*head)->len, "\r\n\r\n");
  if (end != NULL)
    return end + 4 - (const char *)(*head)->data;
  return (*head)->len < HEAD_MAX ? 0 : -1;
}

static struct sockaddr_in
loopback (guint16 port)
{
  return (struct sockaddr_in){
    .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };
}

int
wire_listen (guint16 *ret_port)
{
  struct sockaddr_in address = loopback (0);
  socklen_t          size = sizeof address;
  int                fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0 || bind (fd, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen (fd, BACKLOG) != 0 || getsockname (fd, (struct sockaddr *)&address, &size) != 0)
    g_error ("no listening socket: %s", g_strerror (errno));
  *ret_port = ntohs (address.sin_port);
  return fd;
}

int
wire_connect (guint16 port)
{
  struct sockaddr_in address = loopback (port);
  int                fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  wire_set_no_delay (fd);
  if (connect (fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS)
    return fd;
  close (fd);
  return -1;
}

void
wire_set_no_delay (int fd)
{
  int on = 1;

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

guint64
wire_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (guint64)now.tv_sec * 1000000000 + (guint64)now.tv_nsec;
}
