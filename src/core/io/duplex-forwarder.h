/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One direction of a relayed connection, as bytes: what one end sent goes in, what the other end
 * shall get comes out. Frames are judged before they go on, so nothing that breaks RFC 6455 §5 gets
 * through, and masked anew (§5.3) where the relay is the client.
 *
 * No message is assembled. A frame that is at hand as a whole goes on as it is; of a longer one
 * each piece goes on as a fragment, which §5.4 allows where no extension is negotiated. So what has
 * come out always ends at a frame's boundary, and a Close can follow it at any time. */

#include "core/io/duplex-byte-queue.h"
#include "core/proto/duplex-frame.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_FORWARD_ON,     /* all was used */
  DUPLEX_FORWARD_CLOSED, /* a Close came; what stood behind it is ignored, as §5.5.1 says */
  DUPLEX_FORWARD_BROKEN, /* a rule or a limit was broken, and the connection must be failed */
} DuplexForwardState;

typedef struct
{
  guint64 max_message; /* bytes of a message over its fragments */
  guint64 max_frame;   /* bytes of a frame's payload */
  guint   rate;        /* messages and control frames a second, 0 for any number */
  guint64 byte_rate;   /* bytes a second, 0 for any number */
} DuplexForwardLimits;

typedef struct _DuplexForwarder DuplexForwarder;

/* sender is the end whose bytes these are. */
DuplexForwarder *duplex_forwarder_new (DuplexRole                 sender,
                                       const DuplexForwardLimits *limits);
void             duplex_forwarder_free (DuplexForwarder *self);

/* out gets at most len bytes and 256 more, or is NULL where nobody listens any more. now is
 * monotonic, in µs. Once the state is another than DUPLEX_FORWARD_ON it stays. */
DuplexForwardState duplex_forwarder_feed (DuplexForwarder *self,
                                          const guint8    *data,
                                          gsize            len,
                                          DuplexByteQueue *out,
                                          gint64           now);

/* The code of the Close that came, or with which a broken connection is failed. */
guint16 duplex_forwarder_get_code (DuplexForwarder *self);
/* The body of the Close that came, for the other end. */
const guint8 *duplex_forwarder_get_close_body (DuplexForwarder *self,
                                               gsize           *ret_size);
/* Why the connection must be failed: short English for the Close frame's reason. */
const char *duplex_forwarder_get_reason (DuplexForwarder *self);

/* Messages that began, and bytes that were fed. */
guint64 duplex_forwarder_get_n_messages (DuplexForwarder *self);
guint64 duplex_forwarder_get_n_bytes (DuplexForwarder *self);

/* Appends one whole frame to out. sender decides about masking. */
void duplex_forwarder_write (DuplexByteQueue *out,
                             DuplexRole       sender,
                             DuplexOpcode     opcode,
                             gboolean         fin,
                             const guint8    *payload,
                             gsize            len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexForwarder, duplex_forwarder_free)

G_END_DECLS
