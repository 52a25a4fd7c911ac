/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A capture told in lines of text: see duplex-test-session.h for what they look like. */

#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

/* The rows of a capture, which must hold all its events still. Checks that the list model, the
 * rows, the frames under them and the totals agree with each other. Owner's thread only. */
char *duplex_test_transcript_dup (DuplexCapture *capture);

/* A line for an event alone, whether or not it ends a row. */
void duplex_test_transcript_append_event (GString           *out,
                                          const DuplexEvent *event);

/* "closed 1000 "reason" by peer", without a line break. */
char *duplex_test_transcript_closed (guint       code,
                                     const void *reason,
                                     gsize       reason_size,
                                     gboolean    by_peer);

G_END_DECLS
