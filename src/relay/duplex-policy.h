/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Who may use the relay, and to reach what. A page in a browser can open WebSockets to this
 * machine, so whatever is not known to be harmless is refused. */

#include <gio/gio.h>

#include "core/proto/duplex-url.h"

G_BEGIN_DECLS

typedef struct _DuplexPolicy DuplexPolicy;

/* Allows nothing but requests without an Origin, or with one of this machine. */
DuplexPolicy *duplex_policy_new (void);
void          duplex_policy_free (DuplexPolicy *self);

/* HOST[:PORT], where both may hold '*' and '?'; an IPv6 address stands in brackets. Fails with
 * DUPLEX_ERROR_INVALID_ARGUMENT. */
gboolean duplex_policy_add_backend (DuplexPolicy *self,
                                    const char   *pattern,
                                    GError      **error);
/* Whether add_backend was called. */
gboolean duplex_policy_has_backends (DuplexPolicy *self);

/* "https://example.com", as browsers write it, or "*". */
void duplex_policy_add_origin (DuplexPolicy *self,
                               const char   *origin);

/* Every address of this machine's loopback is a backend. */
void duplex_policy_allow_loopback (DuplexPolicy *self);

/* Who asks must know it. */
void     duplex_policy_set_token (DuplexPolicy *self,
                                  const char   *token);
gboolean duplex_policy_has_token (DuplexPolicy *self);

/* origin and authorization are the values of these headers, or NULL. */
gboolean duplex_policy_allows_origin (DuplexPolicy *self,
                                      const char   *origin);
gboolean duplex_policy_allows_token (DuplexPolicy *self,
                                     const char   *authorization);

/* Judges the address that will be dialled, since a name can be made to mean any. A pattern with
 * wildcards in its host allows no address of this machine or its link by name: those have to be
 * named. */
gboolean duplex_policy_allows_backend (DuplexPolicy    *self,
                                       const DuplexUrl *url,
                                       GInetAddress    *address);

/* Loopback as the system sees it: also 0.0.0.0, ::, and IPv4 written as IPv6. */
gboolean duplex_policy_is_loopback (GInetAddress *address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexPolicy, duplex_policy_free)

G_END_DECLS
