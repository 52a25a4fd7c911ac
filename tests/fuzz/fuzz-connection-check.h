/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What must hold of a connection that is over, whatever happened to it: its capture and its wire
 * tell the same story, byte for byte, and what it said was legal. The wire is judged here without
 * the code that is under test. */

#include "core/io/duplex-connection.h"

G_BEGIN_DECLS

/* Added to the opcode of a message that may be short, or missing. */
#define FUZZ_MESSAGE_MAY_BE_SHORT 0x80

/* Messages are bytes whose first is the opcode. */
typedef struct
{
  const DuplexConnectionSettings *settings;

  GByteArray *incoming; /* what it was given, with what came with the handshake */
  gsize       n_read;   /* of that: how much it has taken */
  GByteArray *written;  /* what it wrote */
  GPtrArray  *queued;   /* messages that it was asked to send, in order */
  GPtrArray  *pongs;    /* payloads of pongs that it was asked to send */
  GPtrArray  *pings;    /* the same of pings */
  GPtrArray  *messages; /* what its callback had; NULL where it had none */

  guint16  code;   /* what closed said */
  gboolean failed; /* with an error */
  gboolean whole;  /* it saw the end of the stream, so all that it took has been looked at */

  gboolean split;    /* messages were cut at points */
  gboolean composed; /* frames were composed: what was written may be anything */
  gboolean counted;  /* pings and pongs were sent without a payload */
} FuzzConnectionStory;

void fuzz_connection_check (const FuzzConnectionStory *story);

/* Whole frames of the wire after its first bytes, and frames that are recorded: the same number
 * while it is open and nothing is left to do. */
guint fuzz_connection_count_frames (GByteArray *wire,
                                    gsize       from);
guint fuzz_connection_count_recorded (DuplexCapture  *capture,
                                      DuplexDirection direction);

G_END_DECLS
