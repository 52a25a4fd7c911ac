/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The opening handshake, RFC 6455 §4, as bytes: build a request, read a head incrementally, judge a
 * response. Heads are kept as they came. */

#include <glib.h>

#include "core/proto/duplex-deflate-params.h"
#include "core/proto/duplex-finding.h"

G_BEGIN_DECLS

/* An HTTP/1.x head that was read: a request or a status line and its fields, in order, repeated
 * ones kept, names as they came. */
typedef struct _DuplexHead DuplexHead;

/* Looks for a whole head (up to and including its empty line) at the beginning of data. Returns its
 * size in bytes, or 0 when more are needed. Fails with DUPLEX_ERROR_TOO_BIG past
 * DUPLEX_LIMIT_HANDSHAKE_HEAD; the return value is then 0 and error is set. */
gsize duplex_head_find_end (const guint8 *data,
                            gsize         len,
                            GError      **error);

/* Parse a whole head of exactly len bytes. NULL and DUPLEX_ERROR_HANDSHAKE_INVALID, with the line
 * number and the text seen, for what is not HTTP. Lone LF line ends are accepted. */
DuplexHead *duplex_head_parse_request (const guint8 *data,
                                       gsize         len,
                                       GError      **error);
DuplexHead *duplex_head_parse_response (const guint8 *data,
                                        gsize         len,
                                        GError      **error);
void        duplex_head_free (DuplexHead *self);

guint       duplex_head_get_status (DuplexHead *self);        /* 100–599; 0 for a request */
const char *duplex_head_get_reason_phrase (DuplexHead *self); /* may be "" */
const char *duplex_head_get_method (DuplexHead *self);        /* NULL for a response */
const char *duplex_head_get_target (DuplexHead *self);        /* "/chat?x=1"; NULL for a response */
guint       duplex_head_get_minor_version (DuplexHead *self); /* 1 for HTTP/1.1 */

guint       duplex_head_get_n_fields (DuplexHead *self);
const char *duplex_head_get_field_name (DuplexHead *self, guint i);
const char *duplex_head_get_field_value (DuplexHead *self, guint i);
/* Where the field's name and where its value begin, in bytes from the beginning of the head. The
 * value stands there as duplex_head_get_field_value() has it, an empty one at the line's end. */
gsize duplex_head_get_field_offset (DuplexHead *self, guint i);
gsize duplex_head_get_value_offset (DuplexHead *self, guint i);

/* The first field of that name (any case), or NULL; and whether a comma-separated list in any field
 * of that name holds token (any case). */
const char *duplex_head_lookup (DuplexHead *self, const char *name);
gboolean    duplex_head_has_token (DuplexHead *self, const char *name, const char *token);
/* The comma-separated list that all fields of that name are together (RFC 9110 §5.3), or NULL where
 * there is none. */
char *duplex_head_dup_list (DuplexHead *self, const char *name);

/* A header the user adds to a request. */
typedef struct
{
  char *name;
  char *value;
} DuplexHeader;

/* TRUE when the pair can be sent: name is a token (RFC 9110 §5.6.2), value without controls but
 * TAB. */
gboolean duplex_header_is_valid (const char *name, const char *value);
/* TRUE for Host, Upgrade, Connection and Sec-WebSocket-…: the handshake writes these itself. */
gboolean duplex_header_is_reserved (const char *name);
gboolean duplex_token_is_valid (const char *text);

typedef struct
{
  const char                *host;         /* Host: name, or name:port off the default port */
  const char                *target;       /* absolute path and query, at least "/" */
  const char                *key;          /* Sec-WebSocket-Key */
  const char                *origin;       /* or NULL */
  const char *const         *subprotocols; /* NULL-terminated, or NULL */
  const DuplexDeflateParams *deflate;      /* offer in Sec-WebSocket-Extensions, or NULL */
  const DuplexHeader        *headers;
  gsize                      n_headers;
} DuplexRequest;

/* The request's bytes (§4.1). Fails with DUPLEX_ERROR_INVALID_ARGUMENT and the offending text for
 * anything that would not survive the wire (line breaks, non-tokens, a repeated subprotocol, window
 * bits out of range). A header of the user's that is reserved is refused too. */
GBytes *duplex_handshake_build_request (const DuplexRequest *request,
                                        GError             **error);

/* A fresh Sec-WebSocket-Key: 16 random bytes in base64 (§4.1 (7)). */
char *duplex_handshake_new_key (void);
/* Sec-WebSocket-Accept for key (§4.2.2 (5.4)). */
char *duplex_handshake_accept_key (const char *key);

/* Judges a 101 response against the request, §4.1 steps 2 to 6; appends findings (offsets are 0
 * where a field is missing, else of the field's first byte in the head; of an extension or its
 * parameter that one's). The status is not looked at. ret_subprotocol, may be NULL, is the one that
 * the server chose of those that were offered, or NULL. ret_agreement, may be NULL, is what both
 * agree on about permessage-deflate: { 0 } where the server does not mention it, or wrongly.
 * Returns TRUE when no finding is an error. */
gboolean duplex_handshake_check_response (DuplexHead             *response,
                                          const DuplexRequest    *request,
                                          GArray                 *findings,
                                          char                  **ret_subprotocol,
                                          DuplexDeflateAgreement *ret_agreement);

/* For a server: is this request an upgrade that RFC 6455 §4.2.1 accepts? Otherwise ret_status is
 * the HTTP status to answer (400, 405, 426) and error (DUPLEX_ERROR_HANDSHAKE_INVALID) says why. A
 * 426 answer needs "Upgrade: websocket" (RFC 9110 §15.5.22) and "Sec-WebSocket-Version: 13" (§4.4),
 * a 405 answer "Allow: GET". */
gboolean duplex_handshake_check_request (DuplexHead *request,
                                         guint      *ret_status,
                                         GError    **error);

/* The same, but the key may be of fewer bytes than 16: for a server that shall also answer requests
 * that were written by hand, for which keys such as "dGVzdA==" are common. */
gboolean duplex_handshake_check_upgrade (DuplexHead *request,
                                         guint      *ret_status,
                                         GError    **error);

/* The 101 response to a request that one of these accepted. subprotocol and extensions, the value
 * of Sec-WebSocket-Extensions as duplex_deflate_accept_offer() gives it, may be NULL. */
GBytes *duplex_handshake_build_response (DuplexHead *request,
                                         const char *subprotocol,
                                         const char *extensions);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexHead, duplex_head_free)

G_END_DECLS
