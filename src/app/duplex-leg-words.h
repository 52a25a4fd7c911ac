/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which connection of a relay a row belongs to. Both legs of a pair have one number. A session of
 * this program has no legs, and nothing is said of it. */

#include "core/model/duplex-row.h"

G_BEGIN_DECLS

/* "Client 3" or "Backend 3"; NULL where there is none. */
char *duplex_leg_words_dup_name (DuplexCapture     *capture,
                                 const DuplexEvent *event);

/* The same as a sentence, with the number that the connection has everywhere else. */
char *duplex_leg_words_dup_sentence (DuplexCapture     *capture,
                                     const DuplexEvent *event);

G_END_DECLS
