/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One direction of a relayed connection, as bytes: frames are judged before they go on, so nothing
 * that breaks RFC 6455 §5 gets through, and what goes on is the bytes that came, masking key
 * included (§5.3: the client chose it).
 *
 * No message is assembled. A frame of at most DUPLEX_LIMIT_PUMP_HOLD bytes goes on when it is
 * whole; of a longer one what is at hand goes on, once it is as much or the frame's rest, as a
 * fragment with a header of its own, which §5.4 allows to whoever knows the extensions in use:
 * none, or permessage-deflate (RFC 7692 §6). So what has gone on always ends at a frame's boundary,
 * and a Close can follow it at any time.
 *
 * Where permessage-deflate was agreed on, messages that are compressed are not inflated: their text
 * is not judged, and their size is that on the wire. */

#include <gio/gio.h>

#include "core/proto/duplex-frame.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_FORWARD_ON,     /* all was used but a frame that is not whole */
  DUPLEX_FORWARD_FULL,   /* out has no room: use what is there, and call again with the rest */
  DUPLEX_FORWARD_CLOSED, /* a Close came; what stands behind it is not looked at (§5.5.1) */
  DUPLEX_FORWARD_BROKEN, /* a rule or a limit was broken, and the connection must be failed */
} DuplexForwardState;

typedef struct
{
  guint64 max_message; /* bytes of a message over its fragments */
  guint64 max_frame;   /* bytes of a frame's payload */
  guint   rate;        /* messages and control frames a second of a client, 0 for any number */
  guint64 byte_rate;   /* bytes a second of a client, 0 for any number */
} DuplexForwardLimits;

#define DUPLEX_FORWARD_SPANS 16

/* What goes on, in order. Spans point into what was fed, and into here: valid while both are. */
typedef struct
{
  guint         n;
  gsize         size; /* bytes in all */
  GOutputVector spans[DUPLEX_FORWARD_SPANS];
  guint8        headers[2][DUPLEX_FRAME_HEADER_MAX];
} DuplexForwardOut;

typedef struct _DuplexForwarder DuplexForwarder;

/* sender is the end whose bytes these are. limits is borrowed for life. */
DuplexForwarder *duplex_forwarder_new (DuplexRole                 sender,
                                       const DuplexForwardLimits *limits);
void             duplex_forwarder_free (DuplexForwarder *self);

/* From the next message on RSV1 is the mark of permessage-deflate. */
void duplex_forwarder_set_deflate (DuplexForwarder *self);

/* A Pong with this payload answers a Ping of the relay's own, and does not go on. */
void duplex_forwarder_expect_pong (DuplexForwarder *self,
                                   guint64          payload);

/* data begins with what the last call did not use, which is less than DUPLEX_LIMIT_PUMP_HOLD bytes.
 * out is emptied first; NULL where nobody listens any more. now is monotonic, in µs. CLOSED and
 * BROKEN stay. */
DuplexForwardState duplex_forwarder_feed (DuplexForwarder  *self,
                                          const guint8     *data,
                                          gsize             len,
                                          gint64            now,
                                          DuplexForwardOut *out,
                                          gsize            *ret_used);

/* Where in what was fed last the last frame begins that begins there; G_MAXSIZE where none does. */
gsize duplex_forwarder_get_begin (DuplexForwarder *self);

/* The code of the Close that came, or with which a broken connection is failed. */
guint16 duplex_forwarder_get_code (DuplexForwarder *self);
/* The body of the Close that came, unmasked, for the other end. */
const guint8 *duplex_forwarder_get_close_body (DuplexForwarder *self,
                                               gsize           *ret_size);
/* Why the connection must be failed: short English for the Close frame's reason. */
const char *duplex_forwarder_get_reason (DuplexForwarder *self);

/* Messages that began. */
guint64 duplex_forwarder_get_n_messages (DuplexForwarder *self);

/* Writes one whole frame to out and returns its size, which is at most DUPLEX_FRAME_HEADER_MAX more
 * than len. sender decides about masking, with a new key (§10.3). */
gsize duplex_forwarder_write (guint8       *out,
                              DuplexRole    sender,
                              DuplexOpcode  opcode,
                              const guint8 *payload,
                              gsize         len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexForwarder, duplex_forwarder_free)

G_END_DECLS
