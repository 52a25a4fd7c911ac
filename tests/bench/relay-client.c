/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "relay-client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/proto/duplex-frame.h"

/* Memory of a ring, about: it stays in the cache of a core. */
#define RING_BYTES (256 * 1024)
/* How much of each end of a piece is compared with what was sent. */
#define COMPARED 8

#define KEY      "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT   "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static guint8 in[WIRE_CHUNK];

static void fail (Client     *self,
                  const char *format,
                  ...) G_GNUC_PRINTF (2, 3);

/* One kind says what it is at each 8 bytes, the other is JSON of ASCII. */
static void
fill (guint8  *payload,
      gsize    size,
      gsize    number,
      gboolean text)
{
  char json[64];
  int  n = snprintf (json, sizeof json, "{\"seq\":%" G_GSIZE_FORMAT ",\"note\":\"", number);

  for (gsize i = 0; i < size; i++)
    {
      gsize word = (number + 1) * 0x9e3779b97f4a7c15 + i / 8 * 0xff51afd7ed558ccd;

      if (!text)
        payload[i] = (guint8)(word >> (8 * (i % 8)));
      else if (i < (gsize)n)
        payload[i] = (guint8)json[i];
      else
        payload[i] = (guint8)(i + 2 < size ? 'a' + (number + i / 8) % 26 : i + 2 == size ? '"'
                                                                                         : '}');
    }
}

void
ring_init (Ring    *self,
           gsize    size,
           gboolean text)
{
  guint8 header[WIRE_HEADER_MAX] = { 0 };
  guint8 first = 0x80 | (text ? DUPLEX_OPCODE_TEXT : DUPLEX_OPCODE_BINARY);
  gsize  n_header = wire_write_header (header, first, size, header);

  self->size = size;
  self->frame_size = n_header + size;
  self->n = MAX (RING_BYTES / self->frame_size, 2);
  self->wire = g_malloc (self->n * self->frame_size);
  self->plain = g_malloc (self->n * size + 1);
  for (gsize i = 0; i < self->n; i++)
    {
      guint8 *frame = self->wire + i * self->frame_size;
      guint8 *payload = self->plain + i * size;
      guint32 random = g_random_int ();
      guint8  mask[4];

      memcpy (mask, &random, 4);
      fill (payload, size, i, text);
      wire_write_header (frame, first, size, mask);
      duplex_mask (frame + n_header, payload, size, mask, 0);
    }
}

void
ring_clear (Ring *self)
{
  g_clear_pointer (&self->wire, g_free);
  g_clear_pointer (&self->plain, g_free);
}

/* The values of a bucket share their highest set bit and the HISTOGRAM_BITS after it. */
void
histogram_add (Histogram *self,
               guint64    value)
{
  guint bit = 63 - (guint)__builtin_clzll (value | HISTOGRAM_SUB);
  gsize sub = (value >> (bit - HISTOGRAM_BITS)) & (HISTOGRAM_SUB - 1);

  self->buckets[bit * HISTOGRAM_SUB + sub]++;
  self->n++;
}

guint64
histogram_get (const Histogram *self,
               double           share)
{
  guint64 wanted = (guint64)((double)self->n * share);
  guint64 seen = 0;

  for (gsize i = HISTOGRAM_BITS * HISTOGRAM_SUB; i < G_N_ELEMENTS (self->buckets); i++)
    {
      seen += self->buckets[i];
      if (seen > wanted)
        return (HISTOGRAM_SUB + i % HISTOGRAM_SUB) << (i / HISTOGRAM_SUB - HISTOGRAM_BITS);
    }
  return 0;
}

static void
complain (Load       *load,
          const char *format,
          va_list     args)
{
  if (load->complaint == NULL)
    load->complaint = g_strdup_vprintf (format, args);
}

/* The connection has ended otherwise than both ends wanted. */
static void
fail (Client     *self,
      const char *format,
      ...)
{
  va_list args;

  va_start (args, format);
  complain (self->load, format, args);
  va_end (args);
  self->load->n_failed++;
  client_drop (self);
}

static void
garbled (Load       *load,
         const char *format,
         ...)
{
  va_list args;

  va_start (args, format);
  complain (load, format, args);
  va_end (args);
  load->n_garbled++;
}

void
client_begin (Client *self,
              Load   *load)
{
  struct epoll_event event = { EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, { .ptr = self } };

  *self = (Client){ .load = load, .state = CLIENT_CONNECTING };
  load->n_pending++;
  self->fd = wire_connect (load->port);
  if (self->fd < 0 || epoll_ctl (load->epoll, EPOLL_CTL_ADD, self->fd, &event) != 0)
    fail (self, "connect: %s", g_strerror (errno));
}

void
client_drop (Client *self)
{
  Load *load = self->load;

  if (self->state == CLIENT_NONE)
    return;
  if (self->state < CLIENT_OPEN)
    load->n_pending--;
  else
    load->n_open--;
  self->state = CLIENT_NONE;
  g_clear_pointer (&self->head, g_byte_array_unref);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

static void
set_open (Client *self)
{
  self->load->n_pending--;
  self->load->n_open++;
  self->state = CLIENT_OPEN;
}

static void
send_request (Client *self)
{
  g_autofree char *request = NULL;
  int              error = 0;
  socklen_t        size = sizeof error;

  if (getsockopt (self->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
    {
      fail (self, "connect: %s", g_strerror (error));
      return;
    }
  request = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: " KEY "\r\n\r\n",
                             self->load->path, self->load->port);
  if (send (self->fd, request, strlen (request), MSG_NOSIGNAL) != (gssize)strlen (request))
    {
      /* Not connected yet: epoll says so when it is. */
      if (errno != EAGAIN)
        fail (self, "request: %s", g_strerror (errno));
      return;
    }
  self->state = CLIENT_HEAD;
}

/* A control frame, of at most 125 bytes: the socket has room for it, or has lost its peer. */
static void
send_control (Client       *self,
              guint8        opcode,
              const guint8 *payload,
              gsize         size)
{
  static const guint8 mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
  guint8              frame[WIRE_HEADER_MAX + 125];
  gsize               n = wire_write_header (frame, 0x80 | opcode, size, mask);

  duplex_mask (frame + n, payload, size, mask, 0);
  if (send (self->fd, frame, n + size, MSG_NOSIGNAL) != (gssize)(n + size))
    fail (self, "control frame: %s", g_strerror (errno));
}

static void
flush (Client *self)
{
  const Ring *ring = &self->load->ring;
  const gsize all = ring->n * ring->frame_size;

  if (self->load->latency != NULL && !self->is_blocked)
    self->begun = wire_now ();
  self->is_blocked = FALSE;
  while (self->credit > 0)
    {
      gsize  size = MIN (MIN (self->credit, all - self->out_at), WIRE_CHUNK);
      gssize n;

      if (self->owes_pong)
        {
          gsize in_frame = self->out_at % ring->frame_size;

          if (in_frame == 0)
            {
              self->owes_pong = FALSE;
              send_control (self, DUPLEX_OPCODE_PONG, self->pong, self->n_pong);
            }
          else
            size = MIN (size, ring->frame_size - in_frame);
          if (self->state == CLIENT_NONE)
            return;
        }
      n = send (self->fd, ring->wire + self->out_at, size, MSG_NOSIGNAL);
      if (n < 0)
        {
          self->is_blocked = errno == EAGAIN;
          if (!self->is_blocked)
            fail (self, "send: %s", g_strerror (errno));
          return;
        }
      self->out_at = self->out_at + (gsize)n == all ? 0 : self->out_at + (gsize)n;
      self->credit -= (gsize)n;
    }
}

void
client_allow (Client *self,
              gsize   n)
{
  self->credit += n * self->load->ring.frame_size;
  self->load->n_due += n;
  flush (self);
}

/* The ends of a piece, with what belongs there: a piece that is somewhere else differs. */
static gboolean
is_equal (const guint8 *data,
          const guint8 *expected,
          gsize         size)
{
  gsize n = MIN (size, COMPARED);

  return memcmp (data, expected, n) == 0 &&
         memcmp (data + size - n, expected + size - n, n) == 0;
}

/* Relays may cut messages into frames otherwise than they came; only the message counts. */
static void
take_echo (Client          *self,
           const WirePiece *piece)
{
  Load         *load = self->load;
  const Ring   *ring = &load->ring;
  const guint8 *expected = ring->plain + self->slot * ring->size + self->message_done;

  load->n_bytes += piece->size;
  if (piece->size > ring->size - self->message_done || piece->masked ||
      !is_equal (piece->data, expected, piece->size))
    {
      garbled (load, "message %" G_GUINT64_FORMAT " is not what was sent", load->n_messages);
      self->message_done = 0;
    }
  else
    self->message_done += piece->size;
  if (!piece->ends)
    return;
  if ((piece->first & 0x80) == 0)
    {
      load->n_fragments++;
      return;
    }
  if (self->message_done != ring->size)
    garbled (load, "message %" G_GUINT64_FORMAT " is short", load->n_messages);
  self->message_done = 0;
  self->slot = self->slot + 1 == ring->n ? 0 : self->slot + 1;
  load->n_messages++;
  load->n_due--;
  if (load->latency != NULL)
    histogram_add (load->latency, wire_now () - self->begun);
  if (!load->is_paused)
    {
      self->credit += ring->frame_size;
      load->n_due++;
    }
}

/* Numbers of 8 bytes, each of which may be cut. */
static void
take_flood (Client          *self,
            const WirePiece *piece)
{
  Load   *load = self->load;
  guint64 at = load->n_bytes;

  load->n_bytes += piece->size;
  for (gsize i = 0; i < piece->size;)
    {
      guint64 number = GUINT64_TO_LE ((at + i) / 8);
      gsize   skip = (at + i) % 8;
      gsize   n = MIN (8 - skip, piece->size - i);

      if (memcmp (piece->data + i, (const guint8 *)&number + skip, n) != 0)
        {
          garbled (load, "byte %" G_GUINT64_FORMAT " is not the one that belongs there", at + i);
          return;
        }
      i += n;
    }
  if (piece->ends && (piece->first & 0x80) != 0)
    load->n_messages++;
}

static void
take_control (Client          *self,
              const WirePiece *piece)
{
  static const guint8 code[] = { 0x03, 0xe8 };
  guint8              opcode = piece->first & 0x0f;

  if (piece->length > sizeof self->pong)
    {
      fail (self, "a control frame of %" G_GUINT64_FORMAT " bytes", piece->length);
      return;
    }
  if (opcode == DUPLEX_OPCODE_PING)
    {
      memcpy (self->pong + piece->offset, piece->data,
              MIN (piece->size, sizeof self->pong - piece->offset));
      self->n_pong = (guint8)piece->length;
      self->owes_pong = piece->ends;
    }
  if (!piece->ends)
    return;
  if (opcode == DUPLEX_OPCODE_CLOSE)
    {
      gboolean answered = self->state == CLIENT_CLOSING;

      if (!answered && !self->load->is_flooded)
        {
          fail (self, "closed from the other end");
          return;
        }
      if (!answered)
        send_control (self, opcode, code, sizeof code);
      if (self->state == CLIENT_NONE)
        return;
      self->load->n_closed++;
      client_drop (self);
    }
}

static void
take_frames (Client       *self,
             const guint8 *at,
             const guint8 *end)
{
  WirePiece piece;

  while (self->state != CLIENT_NONE && wire_reader_next (&self->reader, &at, end, &piece))
    {
      if ((piece.first & 0x08) != 0)
        take_control (self, &piece);
      else if (self->state == CLIENT_GREETING)
        {
          if (piece.ends && (piece.first & 0x80) != 0)
            set_open (self);
        }
      else if (self->load->is_flooded)
        take_flood (self, &piece);
      else
        take_echo (self, &piece);
    }
}

static void
take_head (Client *self,
           gsize   n)
{
  gssize                 size = wire_add_head (&self->head, in, n);
  g_autoptr (GByteArray) head = NULL;

  if (size == 0)
    return;
  head = g_steal_pointer (&self->head);
  if (size < 0 || strncmp ((const char *)head->data, "HTTP/1.1 101 ", 13) != 0 ||
      memmem (head->data, (gsize)size, ACCEPT, strlen (ACCEPT)) == NULL)
    {
      fail (self, "refused: %.*s", (int)strcspn ((const char *)head->data, "\r\n"),
            (const char *)head->data);
      return;
    }
  if (self->load->greeting)
    self->state = CLIENT_GREETING;
  else
    set_open (self);
  take_frames (self, head->data + size, head->data + head->len);
}

void
client_read (Client *self)
{
  gssize n = 0;

  do
    {
      n = recv (self->fd, in, sizeof in, 0);
      if (n < 0 && errno == EAGAIN)
        return;
      if (n <= 0)
        {
          fail (self, "lost: %s", n == 0 ? "end of stream" : g_strerror (errno));
          return;
        }
      if (self->state == CLIENT_HEAD)
        take_head (self, (gsize)n);
      else
        take_frames (self, in, in + n);
  } while (self->state != CLIENT_NONE && (gsize)n == sizeof in);
}

void
client_serve (Client *self)
{
  const Load *load = self->load;

  if (self->state == CLIENT_CONNECTING)
    send_request (self);
  if (self->state >= CLIENT_HEAD)
    client_read (self);
  if (self->state == CLIENT_NONE)
    return;
  if (self->owes_pong && self->credit == 0 && self->state == CLIENT_OPEN)
    {
      self->owes_pong = FALSE;
      send_control (self, DUPLEX_OPCODE_PONG, self->pong, self->n_pong);
    }
  /* In few large pieces, as programs do that have much to send. */
  if (self->state == CLIENT_OPEN && self->credit > 0 &&
      (self->is_blocked || load->is_paused ||
       self->credit >= load->window * load->ring.frame_size / 4))
    flush (self);
}

void
client_close (Client *self)
{
  static const guint8 code[] = { 0x03, 0xe8 };

  if (self->state != CLIENT_OPEN)
    return;
  self->state = CLIENT_CLOSING;
  send_control (self, DUPLEX_OPCODE_CLOSE, code, sizeof code);
}
