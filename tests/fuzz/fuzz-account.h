/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What an end says to a relay, and what is to be thought of it, by the decoder and the tracker: the
 * forwarder shares no code with them but the tracker's rules. */

#include "core/io/duplex-forwarder.h"
#include "fuzz.h"

/* The payload that is expected of a Pong, 8 bytes. */
#define FUZZ_PONG "Duplex's"

/* What was said, as far as it matters: a byte of payload is a number below 256, and what it belongs
 * to is one above. So fragments are put together, and nothing else is. */
#define FUZZ_TOKEN_MESSAGE 0x100 /* opcode, and RSV1 in 0x80 */
#define FUZZ_TOKEN_CONTROL 0x200 /* opcode */
#define FUZZ_TOKEN_END     0x300

typedef struct
{
  DuplexRole          sender;
  gboolean            deflate;
  gboolean            expects_pong;
  DuplexForwardLimits limits;
} FuzzTalk;

typedef struct
{
  GArray            *tokens; /* of guint16; the Close is none of them */
  guint              safe;   /* of them, those that went before the frame that breaks a rule */
  DuplexForwardState state;
  guint16            code;
  GByteArray        *close_body;
  guint64            n_messages;
} FuzzAccount;

/* Of all that an end has said. */
FuzzAccount *fuzz_account_judge (const FuzzTalk *talk,
                                 const guint8   *data,
                                 gsize           len);
void         fuzz_account_free (FuzzAccount *self);

/* Says what came out, which must break no rule, as tokens, a Close among them. FALSE where it does
 * not end at a frame's boundary. */
gboolean fuzz_account_tell_output (const FuzzTalk   *talk,
                                   const GByteArray *output,
                                   GArray           *tokens);

/* Appends the frame that the input says, to what the end says. */
void fuzz_talk_append_frame (const FuzzTalk *talk,
                             FuzzInput      *input,
                             GByteArray     *stream);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FuzzAccount, fuzz_account_free)
