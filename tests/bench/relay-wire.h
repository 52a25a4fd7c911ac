/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What both ends of bench-relay need: frames read as a stream and in place, and sockets. It costs
 * as little as it can, since the ends run on the processors that the relay between them needs. */

#include <glib.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/* What one call of recv() or send() is about. */
#define WIRE_CHUNK      (256 * 1024)

#define WIRE_HEADER_MAX 14

/* Where a stream of frames stands. All zero at its beginning. */
typedef struct
{
  guint8   head[WIRE_HEADER_MAX]; /* of a frame whose header is not whole */
  guint8   n_head;
  gboolean inside; /* a frame's payload */
  guint8   first;
  gboolean masked;
  guint8   mask[4];
  guint64  length;
  guint64  done;
} WireReader;

/* A frame, or the part of it that is there. */
typedef struct
{
  guint8        first; /* FIN, RSV1 to RSV3 and opcode, as on the wire */
  gboolean      masked;
  const guint8 *mask;
  guint64       length; /* of the whole payload */
  guint64       offset; /* of data in it */
  const guint8 *data;   /* as on the wire */
  gsize         size;
  gboolean      begins;
  gboolean      ends;
} WirePiece;

/* Takes what is next from *at, which moves on. FALSE when all bytes up to end are taken; the piece
 * is valid until the next call. */
gboolean wire_reader_next (WireReader    *self,
                           const guint8 **at,
                           const guint8  *end,
                           WirePiece     *ret_piece);

/* mask is NULL for a server's frame. Returns the header's size. */
gsize wire_write_header (guint8       *out,
                         guint8        first,
                         guint64       length,
                         const guint8 *mask);

/* Adds what recv() gives to *head, which may be NULL and begins as such. Returns the length of the
 * HTTP head with its empty line, 0 while it is not whole, -1 when it is longer than anybody's. */
gssize wire_add_head (GByteArray  **head,
                      const guint8 *data,
                      gsize         size);

/* A listening socket at a free port of 127.0.0.1. Ends the program where there is none. */
int wire_listen (guint16 *ret_port);
/* A socket on its way to the port. Returns -1 when it cannot be had. */
int wire_connect (guint16 port);
/* As every program that talks WebSocket does: else the tail of a batch waits for a late ACK. */
void wire_set_no_delay (int fd);

/* Nanoseconds of a clock that only goes forward. */
guint64 wire_now (void);

G_END_DECLS
