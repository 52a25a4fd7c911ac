/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the message view says around a message: pure functions that give translated lines. */

#include "app/duplex-message-text.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

/* "→ Sent · Text · 12 bytes · 3 frames · 12:01:02.123", with the sentence of a control frame in
 * place of its kind, and for a state the time alone. */
char *duplex_message_words_dup_summary (DuplexRow *row);

/* How much of row's payload text shows, "256.0 kB of 3.1 MB shown", and that lines were broken;
 * NULL where neither is to be said. is_read_whole: text was made from all of the payload. */
char *duplex_message_words_dup_state (DuplexRow               *row,
                                      const DuplexMessageText *text,
                                      gboolean                 is_read_whole);

/* Why what looks like JSON is not shown as JSON; NULL where there is nothing to explain. */
char *duplex_message_words_dup_problem (const DuplexMessageText *text);

G_END_DECLS
