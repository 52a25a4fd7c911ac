/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the message view says around a message: pure functions that give translated lines. */

#include "app/duplex-message-text.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

/* "→ Sent · Text · 12 bytes · 3 frames · 12:01:02.123", with the sentence of a control frame in
 * place of its kind, and for a state the time alone. The size of a message that was compressed is
 * that of what it inflates to, and of what was on the wire: "480 bytes, 120 bytes on the wire". */
char *duplex_message_words_dup_summary (DuplexRow *row);

/* Which bytes of row's payload are shown, "256.0 kB of 3.1 MB shown" or "1.0 MB to 3.0 MB of 9.9 MB
 * shown", and whether lines were broken; NULL where neither is to be said. */
char *duplex_message_words_dup_state (DuplexRow *row,
                                      guint64    start,
                                      guint64    end,
                                      gboolean   is_broken);

/* Why what looks like JSON is not shown as JSON; NULL where there is nothing to explain. */
char *duplex_message_words_dup_problem (const DuplexMessageText *text);

G_END_DECLS
