/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Judges the frames of one direction against RFC 6455 §5 and tells which frames make a message:
 * fragments, control frames between them, running UTF-8 of text, the limit on a message's size. It
 * is fed what duplex-frame-decoder.h hands out, keeps no payload, and goes on after a finding, so
 * that an inspector can show what follows. Where permessage-deflate was agreed on, whoever inflates
 * feeds it what came out (RFC 7692 §6: a compressed message is one message). */

#include "core/proto/duplex-finding.h"
#include "core/proto/duplex-frame.h"

G_BEGIN_DECLS

typedef struct _DuplexMessageTracker DuplexMessageTracker;

/* sender is the end that wrote these frames: it decides whether they must be masked. */
DuplexMessageTracker *duplex_message_tracker_new (DuplexRole sender,
                                                  guint64    max_message);
DuplexMessageTracker *duplex_message_tracker_copy (const DuplexMessageTracker *self);
void                  duplex_message_tracker_free (DuplexMessageTracker *self);

/* From the next message on RSV1 is the mark of permessage-deflate (RFC 7692 §6). */
void duplex_message_tracker_set_deflate (DuplexMessageTracker *self);

typedef struct
{
  guint64      number; /* of the message, from 1 and counted per tracker; 0 for a control frame */
  DuplexOpcode opcode; /* of the message, also for a continuation; or the frame's */
  gboolean     is_control;
  gboolean     first;        /* the frame opens its message */
  gboolean     last;         /* it ends it: FIN, or a continuation that continues nothing */
  gboolean     compressed;   /* its message is: the first frame has RSV1, as agreed on */
  guint64      message_size; /* payload bytes on the wire up to the end of this frame */
  guint        n_frames;     /* frames of the message up to this one */
} DuplexMessagePlace;

/* A header was decoded. Fills ret_place (never NULL) and appends DuplexFinding values to findings,
 * a GArray of the caller's; offsets are within the frame.
 *
 * A data frame inside a fragmented message starts a new message, and the old one has no last frame.
 * A continuation of nothing is a message of its own, with that opcode. A message over the limit is
 * reported once, at the first frame that passes it. */
void duplex_message_tracker_header (DuplexMessageTracker    *self,
                                    const DuplexFrameHeader *header,
                                    DuplexMessagePlace      *ret_place,
                                    GArray                  *findings);

/* Some payload of that frame, unmasked, in order. A message's text is reported once, at its first
 * bad byte, and once at the first character that may hide something; a message with a reserved bit
 * is not judged as text, for an extension may have turned it into anything. What is compressed is
 * not looked at. */
void duplex_message_tracker_payload (DuplexMessageTracker *self,
                                     const guint8         *data,
                                     gsize                 len,
                                     GArray               *findings);

/* What some payload of that frame inflated to, in order, before the frame's end. Its text is judged
 * in the same way; the offset of a finding is then the payload's first byte, for no byte of it can
 * be named. */
void duplex_message_tracker_inflated (DuplexMessageTracker *self,
                                      const guint8         *data,
                                      gsize                 len,
                                      GArray               *findings);

/* The message cannot be inflated any further, so that its text is not judged either. */
void duplex_message_tracker_skip_text (DuplexMessageTracker *self);

/* The frame is complete. Text that ends inside a character is found here. Close bodies are judged
 * by duplex-close-code.h, not here. */
void duplex_message_tracker_end (DuplexMessageTracker *self,
                                 GArray               *findings);

/* Bytes are missing: the message that is open will not be finished, and that is no finding. */
void duplex_message_tracker_abandon (DuplexMessageTracker *self);

/* Number of the fragmented message that is open, or 0: what an end of the stream would cut off. */
guint64 duplex_message_tracker_get_open (DuplexMessageTracker *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexMessageTracker, duplex_message_tracker_free)

G_END_DECLS
