/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Files for the tests of transfers, and what these do with them over and over. */

#include "duplex-far-end.h"

G_BEGIN_DECLS

/* Runs the tests with a folder for the files, and removes it. */
int transfer_run (void);

/* A file with these bytes; and with so many of transfer_new_bytes(). */
GFile *transfer_new_file (const void *data, gsize len);
GFile *transfer_new_large_file (gsize size);
/* Bytes whose place can be told from them, printable so that they are text, too. */
GByteArray *transfer_new_bytes (gsize len);

/* Gives it to the session, which must take it. */
DuplexTransfer *transfer_send (Fixture *f, DuplexOpcode opcode, GFile *file);
/* Until it is over, in that state; and until some of it has left. */
void transfer_wait_state (Fixture *f, DuplexTransfer *transfer, DuplexTransferState state);
void transfer_wait_sending (Fixture *f, DuplexTransfer *transfer);
/* When nothing waits any more: Close 1000, and no error at all. */
void transfer_disconnect (Fixture *f);

/* A connection to a far end that does not read for now. */
Fixture *fixture_new_held (FarEnd *far);

/* far_end_dup_frames() one by one; and the position of the first from that on which begins with
 * prefix, or -1. */
char **far_end_split_frames (FarEnd *far);
int    tokens_find (char **tokens, int from, const char *prefix);

G_END_DECLS
