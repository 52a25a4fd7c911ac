/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The backend of bench-relay: one thread, one epoll set.
 *
 *   relay-backend            prints "listening on ws://127.0.0.1:PORT/" and serves until it ends
 *   GET /echo                each frame comes back as it is, unmasked, while it is still arriving;
 *                            pings are answered, and a Close, after which the connection ends
 *   GET /flood/BYTES/SIZE    BYTES of payload in binary messages of SIZE, as fast as they are
 *                            taken, then Close 1000. Each 8 bytes, little-endian, say how many
 *                            such stand before them
 */
#define _GNU_SOURCE /* accept4(), strcasestr() */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/proto/duplex-frame.h"
#include "core/proto/duplex-handshake.h"
#include "relay-wire.h"

#define N_EVENTS 256
/* A message of a flood, at most. */
#define FLOOD_MAX (1024 * 1024)

typedef enum {
  PEER_HEAD,
  PEER_ECHO,
  PEER_FLOOD,
  PEER_LAST, /* what waits is the last that is sent */
} PeerState;

typedef struct
{
  int         fd;
  PeerState   state;
  GByteArray *head;
  WireReader  reader;
  guint8     *waiting; /* what the socket did not take */
  gsize       waiting_at;
  gsize       waiting_size;
  guint64     flood_done;
  guint64     flood_bytes;
  gsize       flood_size;
} Peer;

static guint8 in[WIRE_CHUNK];
/* A frame's header may have come with earlier bytes. */
static guint8 out[MAX (WIRE_CHUNK, FLOOD_MAX) + 2 * WIRE_HEADER_MAX];

static void
peer_free (Peer *self)
{
  close (self->fd);
  g_clear_pointer (&self->head, g_byte_array_unref);
  g_free (self->waiting);
  g_free (self);
}

/* FALSE when the connection is broken. What is not taken waits. */
static gboolean
peer_send (Peer         *self,
           const guint8 *data,
           gsize         size)
{
  gssize n = send (self->fd, data, size, MSG_NOSIGNAL);

  if (n < 0 && errno != EAGAIN)
    return FALSE;
  n = MAX (n, 0);
  if ((gsize)n < size)
    {
      self->waiting = g_memdup2 (data + n, size - (gsize)n);
      self->waiting_at = 0;
      self->waiting_size = size - (gsize)n;
    }
  return TRUE;
}

static gboolean
peer_flush (Peer *self)
{
  gssize n = send (self->fd, self->waiting + self->waiting_at,
                   self->waiting_size - self->waiting_at, MSG_NOSIGNAL);

  if (n < 0)
    return errno == EAGAIN;
  self->waiting_at += (gsize)n;
  if (self->waiting_at == self->waiting_size)
    g_clear_pointer (&self->waiting, g_free);
  return TRUE;
}

/* Turns a client's frames into a server's: the same frames without masks. Returns their size. */
static gsize
peer_echo (Peer *self,
           gsize n_in)
{
  const guint8 *at = in;
  WirePiece     piece;
  gsize         made = 0;

  while (wire_reader_next (&self->reader, &at, in + n_in, &piece))
    {
      guint8 opcode = piece.first & 0x0f;

      if (opcode == DUPLEX_OPCODE_PONG)
        continue;
      if (piece.begins)
        made += wire_write_header (out + made,
                                   opcode == DUPLEX_OPCODE_PING ? 0x80 | DUPLEX_OPCODE_PONG
                                                                : piece.first,
                                   piece.length, NULL);
      if (piece.masked)
        duplex_mask (out + made, piece.data, piece.size, piece.mask, piece.offset);
      else
        memcpy (out + made, piece.data, piece.size);
      made += piece.size;
      if (opcode == DUPLEX_OPCODE_CLOSE && piece.ends)
        {
          self->state = PEER_LAST;
          break;
        }
    }
  return made;
}

/* A flood's client says nothing but Close, which answers ours. */
static void
peer_listen (Peer *self,
             gsize n_in)
{
  const guint8 *at = in;
  WirePiece     piece;

  while (wire_reader_next (&self->reader, &at, in + n_in, &piece))
    if ((piece.first & 0x0f) == DUPLEX_OPCODE_CLOSE && piece.ends)
      self->state = PEER_LAST;
}

/* FALSE when there is nothing to send. */
static gboolean
peer_make_flood (Peer  *self,
                 gsize *ret_size)
{
  static const guint8 closing[] = { 0x88, 0x02, 0x03, 0xe8 };
  gsize               size = MIN (self->flood_size, self->flood_bytes - self->flood_done);
  gsize               made;

  if (self->flood_bytes == 0)
    return FALSE;
  if (size == 0)
    {
      memcpy (out, closing, sizeof closing);
      *ret_size = sizeof closing;
      self->flood_bytes = 0;
      return TRUE;
    }
  made = wire_write_header (out, 0x80 | DUPLEX_OPCODE_BINARY, size, NULL);
  for (gsize i = 0; i < size; i += 8)
    {
      guint64 number = GUINT64_TO_LE ((self->flood_done + i) / 8);

      memcpy (out + made + i, &number, 8);
    }
  self->flood_done += size;
  *ret_size = made + size;
  return TRUE;
}

static gboolean
peer_answer (Peer *self)
{
  static const char name[] = "\r\nSec-WebSocket-Key: ";
  const char       *text;
  const char       *key;
  g_autofree char  *accept = NULL;
  g_autofree char  *own_key = NULL;
  g_autofree char  *response = NULL;
  guint64           bytes;
  guint64           size;

  g_byte_array_append (self->head, (const guint8 *)"", 1);
  text = (const char *)self->head->data;
  key = strcasestr (text, name);
  if (key == NULL)
    return FALSE;
  key += strlen (name);
  own_key = g_strndup (key, strcspn (key, "\r"));
  accept = duplex_handshake_accept_key (own_key);
  response = g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                              accept);
  self->state = PEER_ECHO;
  if (sscanf (text, "GET /flood/%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT " ", &bytes, &size) == 2)
    {
      self->state = PEER_FLOOD;
      self->flood_bytes = bytes / 8 * 8;
      self->flood_size = CLAMP (size / 8 * 8, 8, FLOOD_MAX);
    }
  g_clear_pointer (&self->head, g_byte_array_unref);
  return peer_send (self, (const guint8 *)response, strlen (response));
}

/* FALSE when the connection is to end. */
static gboolean
peer_take (Peer *self,
           gsize n_in)
{
  gssize head;
  gsize  made;

  switch (self->state)
    {
    case PEER_HEAD:
      /* Every client here waits for the answer before it goes on. */
      head = wire_add_head (&self->head, in, n_in);
      return head == 0 || (head == (gssize)self->head->len && peer_answer (self));
    case PEER_ECHO:
      made = peer_echo (self, n_in);
      return made == 0 || peer_send (self, out, made);
    case PEER_FLOOD:
      peer_listen (self, n_in);
      return TRUE;
    case PEER_LAST:
    default:
      return TRUE;
    }
}

/* Goes on until the socket has, or takes, no more: it says once when that changes. FALSE when the
 * connection is to end. */
static gboolean
peer_serve (Peer *self)
{
  gboolean drained = FALSE;
  gsize    size;

  for (;;)
    {
      if (self->waiting != NULL)
        {
          if (!peer_flush (self))
            return FALSE;
          if (self->waiting != NULL && self->state != PEER_FLOOD)
            return TRUE;
        }
      if (self->state == PEER_LAST)
        return FALSE;
      if (self->state == PEER_FLOOD && self->waiting == NULL && peer_make_flood (self, &size))
        {
          if (!peer_send (self, out, size))
            return FALSE;
          continue;
        }
      if (drained)
        return TRUE;

      {
        gssize n = recv (self->fd, in, sizeof in, 0);

        if (n < 0 && errno == EAGAIN)
          return TRUE;
        if (n <= 0 || !peer_take (self, (gsize)n))
          return FALSE;
        drained = (gsize)n < sizeof in;
      }
    }
}

static void
accept_all (int epoll,
            int listener)
{
  int fd;

  while ((fd = accept4 (listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
    {
      Peer              *peer = g_new0 (Peer, 1);
      struct epoll_event event = { EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, { .ptr = peer } };

      wire_set_no_delay (fd);
      peer->fd = fd;
      if (epoll_ctl (epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        peer_free (peer);
    }
}

int
main (void)
{
  struct epoll_event events[N_EVENTS];
  guint16            port;
  int                listener = wire_listen (&port);
  int                epoll = epoll_create1 (EPOLL_CLOEXEC);
  struct epoll_event event = { EPOLLIN, { .ptr = NULL } };

  if (epoll < 0 || epoll_ctl (epoll, EPOLL_CTL_ADD, listener, &event) != 0)
    g_error ("no epoll set: %s", g_strerror (errno));
  printf ("listening on ws://127.0.0.1:%u/\n", port);
  fflush (stdout);

  for (;;)
    {
      int n = epoll_wait (epoll, events, N_EVENTS, -1);

      for (int i = 0; i < n; i++)
        {
          Peer *peer = events[i].data.ptr;

          if (peer == NULL)
            accept_all (epoll, listener);
          else if (!peer_serve (peer))
            peer_free (peer);
        }
    }
}
