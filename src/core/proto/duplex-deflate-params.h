/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The parameters of permessage-deflate (RFC 7692 §5, §7.1): a client's offer, the judgement of a
 * server's response to it, a server's choice among offers, and what both have agreed on. Texts are
 * values of Sec-WebSocket-Extensions. */

#include <glib.h>

#include "core/proto/duplex-finding.h"

G_BEGIN_DECLS

#define DUPLEX_DEFLATE_NAME "permessage-deflate"

/* Base-2 logarithms of the LZ77 window's size (§7.1.2). */
#define DUPLEX_WINDOW_BITS_MIN 8
#define DUPLEX_WINDOW_BITS_MAX 15

/* For client_max_window_bits of an offer: the parameter stands there without a value. */
#define DUPLEX_WINDOW_BITS_NO_VALUE 1

/* The four parameters as an end states them. All zero is the plain extension. */
typedef struct
{
  gboolean server_no_context_takeover;
  gboolean client_no_context_takeover;
  guint    server_max_window_bits; /* 8–15, or 0: the parameter is absent */
  guint    client_max_window_bits; /* 8–15, or 0, or DUPLEX_WINDOW_BITS_NO_VALUE in an offer */
} DuplexDeflateParams;

/* What holds for the messages of one direction. */
typedef struct
{
  gboolean no_context_takeover; /* every message begins with an empty window */
  guint    window_bits;         /* 8–15 */
} DuplexDeflateDirection;

typedef struct
{
  gboolean               agreed; /* FALSE: no message may be compressed; the rest is 0 */
  DuplexDeflateDirection client; /* what the client sends */
  DuplexDeflateDirection server; /* what the server sends */
} DuplexDeflateAgreement;

/* Whether every number is in its range, as an offer. */
gboolean duplex_deflate_params_is_valid (const DuplexDeflateParams *params);

/* The text of a valid offer: "permessage-deflate; client_max_window_bits". */
char *duplex_deflate_params_to_string (const DuplexDeflateParams *params);

/* What a person writes behind that name: "client_max_window_bits=10; server_no_context_takeover",
 * or nothing for the plain extension. Fails with DUPLEX_ERROR_INVALID_ARGUMENT, naming the
 * parameter, for what no offer may say. */
gboolean duplex_deflate_params_parse (const char          *text,
                                      DuplexDeflateParams *ret_params,
                                      GError             **error);

/* Judges the value of a response's Sec-WebSocket-Extensions against the offer, which is NULL when
 * there was none. Appends DuplexFinding values to findings, their offsets within value: of the
 * parameter, or of the extension when a parameter is missing. Names of extensions are judged too:
 * whoever calls this needs no other check of that field.
 *
 * agreement is { 0 } before the first such field of the response; call again for a repeated field
 * with the same one. It is complete when TRUE is returned: no finding was added, all of which are
 * errors. No permessage-deflate in the value is fine and agrees on nothing. A value that the server
 * may leave out of its response keeps what the offer promised: client_no_context_takeover and the
 * number of client_max_window_bits bind the client in any case (§7.1.1.2, §7.1.2.2). */
gboolean duplex_deflate_check_response (const DuplexDeflateParams *offer,
                                        const char                *value,
                                        GArray                    *findings,
                                        DuplexDeflateAgreement    *agreement);

/* A server's choice: the first offer in value that is well-formed. Malformed ones are declined
 * (§7.1), so are other extensions. own, valid and may be NULL, is what the server wishes beyond the
 * offer: its own limits hold always, those for the client as far as the offer allows. FALSE when
 * there is nothing to accept; otherwise ret_response is the value of the response's field and
 * ret_agreement what then holds. */
gboolean duplex_deflate_accept_offer (const char                *value,
                                      const DuplexDeflateParams *own,
                                      char                     **ret_response,
                                      DuplexDeflateAgreement    *ret_agreement);

/* For an intermediary, which makes the offer of its client to a server: that same first one that is
 * well-formed. FALSE where there is none. */
gboolean duplex_deflate_find_offer (const char          *value,
                                    DuplexDeflateParams *ret_offer);

/* And then tells its client what it has agreed on with the server: the value of a response to
 * offer with which agreement, made about that offer, holds. */
char *duplex_deflate_dup_response (const DuplexDeflateParams    *offer,
                                   const DuplexDeflateAgreement *agreement);

G_END_DECLS
