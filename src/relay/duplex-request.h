/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a client asks of the relay, and what it is answered where that is no upgrade. Any thread. */

#include "core/proto/duplex-handshake.h"
#include "relay/duplex-settings.h"

G_BEGIN_DECLS

#define DUPLEX_REQUEST_PATH    "/api/websocket"
#define DUPLEX_REQUEST_HEALTH  "/healthz"
#define DUPLEX_REQUEST_METRICS "/metrics"

/* What the path asks for. */
typedef enum {
  DUPLEX_REQUEST_KIND_UPGRADE,
  DUPLEX_REQUEST_KIND_HEALTH,
  DUPLEX_REQUEST_KIND_METRICS,
  DUPLEX_REQUEST_KIND_OTHER,
} DuplexRequestKind;

DuplexRequestKind duplex_request_get_kind (DuplexHead *head);

/* ---- an upgrade ---- */

/* The HTTP response to a request that is not upgraded; NULL where it is. Every path but that of
 * upgrades is refused, and so is, with 508 (RFC 5842 §7.2), what has passed this relay before, or
 * more than DUPLEX_LIMIT_RELAY_HOPS proxies. */
GBytes *duplex_request_judge (DuplexHead         *head,
                              const DuplexPolicy *policy);

/* The parameter "backend" of the query, decoded; NULL where there is none or it is empty. */
char *duplex_request_dup_backend (DuplexHead *head);

/* The subprotocols that are offered, each once, in order; never NULL. */
char **duplex_request_dup_subprotocols (DuplexHead *head);

/* The first offer of permessage-deflate that is well-formed, over all fields. What was then agreed
 * on with the backend is told the client by duplex_deflate_dup_response(). */
gboolean duplex_request_find_deflate_offer (DuplexHead          *head,
                                            DuplexDeflateParams *ret_offer);

/* The fields whose names settings->forward_headers has, in order, for DuplexDialSettings, and then
 * Via, with the relay's own entry behind those that came (RFC 9110 §7.6.3). Their names and values,
 * and the array, are freed with g_free(). */
DuplexHeader *duplex_request_forwarded_headers (DuplexHead                *head,
                                                const DuplexRelaySettings *settings,
                                                gsize                     *ret_n);

/* What the relay is called in Via, for as long as this process lives. */
const char *duplex_request_get_pseudonym (void);

/* Whether a field may be named there: what the handshake writes itself, what belongs to one hop or
 * says where a request ends would let a client change what the backend takes for the request. */
gboolean duplex_request_may_forward (const char *name);

/* ---- health and metrics ---- */

/* The response to such a request that is refused: 405 for another method than GET and HEAD, 403 for
 * metrics that neither somebody on this machine asks for, by address or a name without a dot, nor
 * somebody with a token. client may be NULL where it is not known. NULL where the request is to be
 * answered. */
GBytes *duplex_request_judge_watcher (DuplexHead         *head,
                                      const DuplexPolicy *policy,
                                      GInetAddress       *client);

/* ---- responses ---- */

/* The response with that status and text/plain body. */
GBytes *duplex_request_refuse (guint       status,
                               const char *text);

/* The response with that status, 200 as well, and a body that no cache keeps. */
GBytes *duplex_request_respond (guint       status,
                                const char *content_type,
                                const char *body);

/* 200 "ok", or 503 while the relay drains. */
GBytes *duplex_request_respond_health (gboolean draining);

/* What of response goes to whoever sent head: no body after HEAD (RFC 9110 §9.3.2). Takes
 * response. */
GBytes *duplex_request_take_for (DuplexHead *head,
                                 GBytes     *response);

G_END_DECLS
