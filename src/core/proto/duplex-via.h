/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The Via header: which proxies a request has passed, each of which adds an entry behind the
 * others, "1.1 NAME" and maybe a comment (RFC 9110 §7.6.3). A proxy that finds its own name there
 * is asked to go round in circles. */

#include "core/proto/duplex-handshake.h"

G_BEGIN_DECLS

/* Whether name stands in a Via field, wherever in it: in no way of writing is it overlooked. */
gboolean duplex_via_has (DuplexHead *head,
                         const char *name);

/* How many entries all Via fields of head have together, those included that are none. */
guint duplex_via_count (DuplexHead *head);

/* The value for the request that goes on: those entries in their order, and own behind them.
 * Comments are left out, which §7.6.3 allows, and so is what is no protocol and name, or has more
 * than DUPLEX_LIMIT_VIA_ENTRY bytes: nothing of what came can swallow the entry behind it. */
char *duplex_via_extend (DuplexHead *head,
                         const char *own);

G_END_DECLS
