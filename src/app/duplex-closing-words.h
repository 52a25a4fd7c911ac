/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How a connection ended, in words: a pure function that gives a translated text, to be freed. */

#include "core/model/duplex-event.h"

G_BEGIN_DECLS

/* Of an event that is CLOSED: who closed with which code and reason, what the other end answered
 * where that differs, and how long it took. "Closed by the server with 1008 Policy Violation,
 * answered with 1000 Normal Closure, after 2.0 ms: Too many messages". reason is the event's
 * payload as UTF-8. */
char *duplex_closing_words_dup (const DuplexEvent *event,
                                const char        *reason);

G_END_DECLS
