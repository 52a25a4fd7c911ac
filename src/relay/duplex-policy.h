/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Who may use the relay, and to reach what. A page in a browser can open WebSockets to this
 * machine, so whatever is not known to be harmless is refused.
 *
 * A policy is made by one thread; from then on it does not change, and the functions that take it
 * as const may be called by any number of threads at once. */

#include <gio/gio.h>

#include "core/proto/duplex-url.h"

G_BEGIN_DECLS

typedef struct _DuplexPolicy DuplexPolicy;

/* Allows nothing but requests without an Origin, or with one of this machine. */
DuplexPolicy *duplex_policy_new (void);
void          duplex_policy_free (DuplexPolicy *self);

/* ---- making ---- */

/* [ws:// or wss://]HOST[:PORT], where HOST and PORT may hold '*' and '?'; an IPv6 address stands in
 * brackets. A HOST of digits, dots and wildcards, or with a colon, is of addresses: a name matches
 * it only by what it is resolved to. Without a scheme and a port any will do; a scheme without a
 * port means that scheme's own, 80 or 443. Fails with DUPLEX_ERROR_INVALID_ARGUMENT. */
gboolean duplex_policy_add_backend (DuplexPolicy *self,
                                    const char   *pattern,
                                    GError      **error);

/* "https://example.com", as browsers write it, or "*". */
void duplex_policy_add_origin (DuplexPolicy *self,
                               const char   *origin);

/* Every address of this machine's loopback is a backend. */
void duplex_policy_allow_loopback (DuplexPolicy *self);

/* Who asks must know this one, or another that was added. */
void duplex_policy_add_token (DuplexPolicy *self,
                              const char   *token);

/* Tokens are shown by the first message: a request needs none. */
void duplex_policy_ask_later (DuplexPolicy *self);

/* ---- asking ---- */

gboolean duplex_policy_has_backends (const DuplexPolicy *self);
gboolean duplex_policy_has_token (const DuplexPolicy *self);

/* Whether a request must show a token: there is one, and ask_later was not called. */
gboolean duplex_policy_asks_request (const DuplexPolicy *self);

/* origin and authorization are the values of these headers, or NULL; text is a whole message. All
 * tokens are allowed where none was added. */
gboolean duplex_policy_allows_origin (const DuplexPolicy *self,
                                      const char         *origin);
gboolean duplex_policy_allows_token (const DuplexPolicy *self,
                                     const char         *authorization);
gboolean duplex_policy_allows_token_text (const DuplexPolicy *self,
                                          const char         *text);

/* Judges the address that will be dialled, since a name can be made to mean any. Loopback is
 * reached by a pattern only where its host has no wildcard. Addresses that are special (of the
 * link, of a cloud's metadata service, of no host or many) are reached only where a pattern is that
 * very address: no name is enough, whatever it is resolved to. */
gboolean duplex_policy_allows_backend (const DuplexPolicy *self,
                                       const DuplexUrl    *url,
                                       GInetAddress       *address);

/* FALSE where allows_backend would say no whatever url's name were resolved to, so that nobody need
 * be asked for it. With loopback as a backend it is never FALSE: any name can be made to mean that.
 * */
gboolean duplex_policy_may_allow_name (const DuplexPolicy *self,
                                       const DuplexUrl    *url);

/* Why allows_backend said no to address, or, with NULL, may_allow_name to a name; for whoever
 * asked: short English. */
const char *duplex_policy_explain_refusal (const DuplexPolicy *self,
                                           GInetAddress       *address);

/* Also where IPv4 is written as IPv6. Neither 0.0.0.0 nor :: is. */
gboolean duplex_policy_is_loopback (GInetAddress *address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexPolicy, duplex_policy_free)

G_END_DECLS
