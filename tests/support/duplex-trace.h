/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Runs a stream of bytes through the frame decoder and the message tracker and writes down, one
 * line each, what they report. The text does not depend on how the stream was cut, so two ways to
 * cut it are compared as strings:
 *
 *   header 8185 37fa213d
 *   message 1 text first last size=5 frames=1
 *   finding masked-server-frame @1
 *   payload 48656c6c6f
 *   end
 *   idle
 *
 * The mask stands apart in the header; payload is unmasked and in one line. The last line is
 * "idle", "cut header 81", "cut payload 3/5" or "lost", followed by "open 1" when a message is
 * unfinished. */

#include "core/proto/duplex-frame.h"
#include "duplex-guard-page.h"

G_BEGIN_DECLS

typedef struct
{
  DuplexRole       sender;
  guint64          max_message;
  const guint8    *pieces; /* their sizes, over and over; 0 counts as 1. NULL: all at once */
  gsize            n_pieces;
  DuplexGuardPage *guard; /* each piece is placed there; may be NULL */
} DuplexTraceOptions;

char *duplex_trace (const guint8             *data,
                    gsize                     len,
                    const DuplexTraceOptions *options);

G_END_DECLS
