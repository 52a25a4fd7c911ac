/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Puts messages into a capture the way that a connection does, one frame each unless said
 * otherwise. Times begin at 2024-03-01 12:01:02.000 UTC and go on by a millisecond an event. */

#include "core/model/duplex-capture.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

/* len is -1 for a terminated text. */
void conversation_text (DuplexCapture  *capture,
                        DuplexDirection direction,
                        const char     *text,
                        gssize          len);

/* With n_frames fragments, of which the last but one carries n_findings findings. */
void conversation_message (DuplexCapture  *capture,
                           DuplexDirection direction,
                           guint8          opcode,
                           const void     *data,
                           gsize           len,
                           guint           n_frames,
                           guint           n_findings);

/* The same compressed, so that each frame holds some of the compressed bytes; the last says what
 * all of them are worth. */
void conversation_compressed (DuplexCapture  *capture,
                              DuplexDirection direction,
                              guint8          opcode,
                              const void     *data,
                              gsize           len,
                              guint           n_frames);

/* A compressed text of five bytes that cannot be inflated, with the finding. */
void conversation_corrupt (DuplexCapture *capture);

/* value: of a pong the round trip in µs, or -1. */
void conversation_control (DuplexCapture  *capture,
                           DuplexDirection direction,
                           guint8          opcode,
                           const void     *data,
                           gsize           len,
                           gint64          value);

void conversation_state (DuplexCapture  *capture,
                         DuplexEventKind kind,
                         const char     *text,
                         gint64          value);

/* A bit of everything: what a person sees in a first session. */
void conversation_sample (DuplexCapture *capture);

/* Publishes, and returns the row at position of the capture's list. */
DuplexRow *conversation_get_row (DuplexCapture *capture,
                                 guint          position);

G_END_DECLS
