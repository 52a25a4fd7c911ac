/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Takes secrets out of what goes to disk: each is replaced by DUPLEX_REDACT_MARK, so that a reader
 * sees that there was one. */

#include <glib.h>

#include "core/model/duplex-event.h"

G_BEGIN_DECLS

#define DUPLEX_REDACT_MARK "[not recorded]"

/* The payload of event without its secrets, or NULL where it holds none. All else stays byte for
 * byte, line ends too.
 *
 *   REQUEST, RESPONSE      the values of Authorization and Proxy-Authorization (RFC 9110 §11.6,
 *                          §11.7), Cookie and Set-Cookie (RFC 6265 §4); of a folded value, each
 *                          line
 *   CONNECTING, CONNECTED  the user information of the URL (RFC 3986 §3.2.1)
 *   FAILED                 the same of every URL in the message
 *
 * Frames and the other states are not looked at. An event of these kinds whose payload is not in
 * memory (payload NULL, payload_size not 0) becomes DUPLEX_REDACT_MARK as a whole. */
GBytes *duplex_redact_event (const DuplexEvent *event);

/* The JSON text of a profile without the values of those headers, without the user information of
 * URLs, and without the values of members whose names speak of a password, passphrase, token,
 * credential, private key or secret, at any depth. Always a text, to be freed; "{}" where json is
 * no JSON that could be a profile's: what cannot be read cannot be cleaned. */
char *duplex_redact_profile (const char *json);

G_END_DECLS
