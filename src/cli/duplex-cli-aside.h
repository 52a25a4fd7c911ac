/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a person at the prompt is told of besides messages: answers to their pings, pings that are
 * theirs to answer, and how a frame that breaks the protocol on purpose looks on the wire. */

#include "cli/duplex-cli-printer.h"
#include "core/io/duplex-session.h"

G_BEGIN_DECLS

void duplex_cli_aside_tell (DuplexCliPrinter  *printer,
                            DuplexSession     *session,
                            const DuplexEvent *event);

G_END_DECLS
