/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a client asks of the relay, and what it is answered where that is no upgrade. */

#include "core/proto/duplex-handshake.h"
#include "relay/duplex-policy.h"

G_BEGIN_DECLS

#define DUPLEX_REQUEST_PATH "/api/websocket"

/* The HTTP response to a request that is not upgraded; NULL where it is. */
GBytes *duplex_request_judge (DuplexHead   *head,
                              DuplexPolicy *policy);

/* The response with that status and text/plain body. */
GBytes *duplex_request_refuse (guint       status,
                               const char *text);

/* The parameter "backend" of the query, decoded; NULL where there is none or it is empty. */
char *duplex_request_dup_backend (DuplexHead *head);

/* The subprotocols that are offered, each once, in order; never NULL. */
char **duplex_request_dup_subprotocols (DuplexHead *head);

G_END_DECLS
