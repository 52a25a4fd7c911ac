/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Compressed messages of permessage-deflate (RFC 7692 §7.2), one direction of one connection each.
 * Both ends work in pieces and hold no message: what a message needs does not grow with its size.
 * The four bytes 00 00 ff ff that the wire leaves out are added and taken off here. Messages
 * without RSV1 do not pass through and leave the context as it is. */

#include <glib.h>

#include "core/proto/duplex-deflate-params.h"
#include "core/proto/duplex-finding.h"

G_BEGIN_DECLS

typedef struct _DuplexInflater DuplexInflater;

typedef enum {
  DUPLEX_INFLATE_NEED_MORE, /* data is used up and everything in it was handed out */
  DUPLEX_INFLATE_FULL,      /* out is full: take it and call again with what is left of data */
  DUPLEX_INFLATE_FAILED,    /* see duplex_inflater_get_finding(); it is dead from here on */
} DuplexInflateStep;

/* max_message is the limit for one message's inflated bytes; G_MAXUINT64 is none. Whatever window
 * was agreed on, the full 32 KiB are kept: a larger window reads every stream that a smaller one
 * reads, and zlib based peers that agreed to 8 bits are known to use 9. */
DuplexInflater *duplex_inflater_new (const DuplexDeflateDirection *direction,
                                     guint64                       max_message);
void            duplex_inflater_free (DuplexInflater *self);

/* A message that has inflated to more than DUPLEX_LIMIT_INFLATE_FREE bytes, and to more than so
 * many times the payload that was used for it, is too big as well. 0, the default, for any number.
 */
void duplex_inflater_set_max_ratio (DuplexInflater *self,
                                    guint           ratio);

/* Takes payload of a compressed message, unmasked, from *data, *len (both moved forward), however
 * the message is cut into fragments and reads, and writes *ret_len inflated bytes, at most
 * out_size, to out. They are valid with every step, DUPLEX_INFLATE_FAILED included: what came
 * before the bad byte, or up to the limit. Never more than the limit is handed out; one byte more
 * is worked out to see that it is passed. 64 KiB is a good out_size: the window is kept up to date
 * once a call.
 *
 *   do
 *     {
 *       step = duplex_inflater_feed (inflater, &data, &len, out, sizeof out, &n);
 *       take (out, n);
 *     }
 *   while (step == DUPLEX_INFLATE_FULL);
 */
DuplexInflateStep duplex_inflater_feed (DuplexInflater *self,
                                        const guint8  **data,
                                        gsize          *len,
                                        guint8         *out,
                                        gsize           out_size,
                                        gsize          *ret_len);

/* The message's last byte was fed, and the last step was DUPLEX_INFLATE_NEED_MORE. FALSE when its
 * payload does not end where §7.2.1 makes it end, so that something is missing or left over; see
 * duplex_inflater_get_finding(). After TRUE the next message may come. A payload that ends with a
 * BFINAL block and lacks the empty block behind it (§7.2.3.4) is accepted. */
gboolean duplex_inflater_end (DuplexInflater *self);

/* DUPLEX_FINDING_NONE while all is well, else DUPLEX_FINDING_DEFLATE_CORRUPT or
 * DUPLEX_FINDING_INFLATED_TOO_BIG. Its offset is within the compressed payload of the message, over
 * all fragments: the byte at which the fault shows, or the payload's size when it shows at the
 * end. That of a message that is too big may be some bytes late, as zlib reads ahead. */
DuplexFinding duplex_inflater_get_finding (DuplexInflater *self);

/* zlib's word for corrupt data, English and for experts ("invalid distance too far back"), or
 * NULL. */
const char *duplex_inflater_get_reason (DuplexInflater *self);

/* Bytes of the current message so far: of its payload, and inflated. 0 after its end. */
guint64 duplex_inflater_get_payload_size (DuplexInflater *self);
guint64 duplex_inflater_get_inflated_size (DuplexInflater *self);

typedef struct _DuplexDeflater DuplexDeflater;

/* level is zlib's, 1 (fast) to 9 (small), 0 (stored) or -1 (its default); mem_level is 1 to 9, or 0
 * for its default, 8. With 15 bits and 8 the memory is 256 KiB, and half of it for each step down
 * of both.
 *
 * zlib has no raw stream for a window of 8 bits. Such a direction is compressed with Huffman codes
 * and runs of one byte only (Z_RLE): no distance is then larger than 1, which fits any window. */
DuplexDeflater *duplex_deflater_new (const DuplexDeflateDirection *direction,
                                     int                           level,
                                     int                           mem_level);
void            duplex_deflater_free (DuplexDeflater *self);

/* Compresses some of a message and appends to out what is ready of it, which may be nothing. All of
 * it must be sent, in order: with context takeover the next message refers to it. */
void duplex_deflater_feed (DuplexDeflater *self,
                           const guint8   *data,
                           gsize           len,
                           GByteArray     *out);

/* Appends all that was fed and is not ready yet, in the middle of a message that has been fed
 * something; it costs some bytes. */
void duplex_deflater_flush (DuplexDeflater *self,
                            GByteArray     *out);

/* Ends the message: appends the rest, which is at least one byte, also of an empty message
 * (§7.2.3.6). */
void duplex_deflater_end (DuplexDeflater *self,
                          GByteArray     *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexInflater, duplex_inflater_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexDeflater, duplex_deflater_free)

G_END_DECLS
