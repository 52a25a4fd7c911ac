/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One WebSocket frame header: RFC 6455 §5.2. Decoding never fails: a header that the RFC forbids
 * is still a header, and duplex-finding.h has the names of what is wrong with it.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-------+-+-------------+-------------------------------+
 *   |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
 *   |I|S|S|S|  (4)  |A|     (7)     |             (16/64)           |
 *   |N|V|V|V|       |S|             |   (if payload len==126/127)   |
 *   | |1|2|3|       |K|             |                               |
 *   +-+-+-+-+-------+-+-------------+ - - - - - - - - - - - - - - - +
 *   |  Extended payload length continued, Masking-key if MASK is 1  |
 *   +---------------------------------------------------------------+
 */

#include <glib.h>

G_BEGIN_DECLS

/* RFC 6455 §5.2 and §11.8. 0x3–0x7 and 0xB–0xF are reserved. */
typedef enum {
  DUPLEX_OPCODE_CONTINUATION = 0x0,
  DUPLEX_OPCODE_TEXT = 0x1,
  DUPLEX_OPCODE_BINARY = 0x2,
  DUPLEX_OPCODE_CLOSE = 0x8,
  DUPLEX_OPCODE_PING = 0x9,
  DUPLEX_OPCODE_PONG = 0xA,
} DuplexOpcode;

/* Which end of a connection we are: a client masks what it sends and a server does not (§5.1). */
typedef enum {
  DUPLEX_ROLE_CLIENT,
  DUPLEX_ROLE_SERVER,
} DuplexRole;

/* 2 bytes, 8 of extended length, 4 of masking key. */
#define DUPLEX_FRAME_HEADER_MAX 14

typedef struct
{
  gboolean fin;
  gboolean rsv1;
  gboolean rsv2;
  gboolean rsv3;
  guint8   opcode; /* 0–15, see DuplexOpcode */
  gboolean masked;
  guint8   mask[4];     /* as on the wire; zero where masked is FALSE */
  guint8   length_bits; /* the encoding that carries the length: 7, 16 or 64 */
  guint64  length;      /* payload bytes; with 64 bits the wire's top bit is kept */
} DuplexFrameHeader;

/* Reads a header from the beginning of data (len bytes). Returns its size in bytes, 2 to 14, or 0
 * when more bytes are needed; ret_header is set only in the first case. */
gsize duplex_frame_header_decode (const guint8      *data,
                                  gsize              len,
                                  DuplexFrameHeader *ret_header);

/* Writes header to out, with the length encoding that length_bits names, minimal or not; a length
 * that does not fit there is a programming error. Returns the size in bytes. Fields are written as
 * they are, whatever the RFC says of them. */
gsize duplex_frame_header_encode (const DuplexFrameHeader *header,
                                  guint8                   out[DUPLEX_FRAME_HEADER_MAX]);

/* The size in bytes that header has on the wire. */
gsize duplex_frame_header_get_size (const DuplexFrameHeader *header);

/* The length encoding that §5.2 demands for length: 7, 16 or 64. */
guint8 duplex_frame_minimal_length_bits (guint64 length);

/* Control frames are 0x8–0xF (§5.5), reserved ones included. */
gboolean duplex_opcode_is_control (guint8 opcode);
gboolean duplex_opcode_is_reserved (guint8 opcode);

/* A fixed English term of the RFC in lower case ("text", "ping", "reserved 0x3"), never NULL. */
const char *duplex_opcode_get_name (guint8 opcode);

/* Masks or unmasks (§5.3: the same operation) len bytes of src into dst, which may be src. offset
 * is the position of the first byte within the payload. */
void duplex_mask (guint8       *dst,
                  const guint8 *src,
                  gsize         len,
                  const guint8  mask[4],
                  guint64       offset);

G_END_DECLS
