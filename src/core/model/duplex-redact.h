/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Takes secrets out of what goes to disk: each is replaced by DUPLEX_REDACT_MARK, or in a URL by
 * DUPLEX_REDACT_URL_MARK, so that a reader sees that there was one. What is a secret says
 * duplex-redact-url.h. */

#include <glib.h>

#include "core/model/duplex-event.h"

G_BEGIN_DECLS

#define DUPLEX_REDACT_MARK "[not recorded]"

/* The payload of event without its secrets, or NULL where it holds none. All else stays byte for
 * byte, line ends too.
 *
 *   REQUEST, RESPONSE      the values of such fields as Authorization (RFC 9110 §11.6), Cookie and
 *                          Set-Cookie (RFC 6265 §4) and X-Api-Key; of a folded value, each line.
 *                          What is secret in the target, and in all URLs that are values
 *   CONNECTING, CONNECTED  what is secret in the URL
 *   FAILED, BODY           what is secret in every URL in the text; and of FAILED a quoted line of
 *                          a broken head, if that may be such a field
 *
 * Frames and the other states are not looked at. An event of these kinds whose payload is not in
 * memory (payload NULL, payload_size not 0) becomes DUPLEX_REDACT_MARK as a whole. */
GBytes *duplex_redact_event (const DuplexEvent *event);

/* The findings of event for what duplex_redact_event() returned of it: a place in a line of the
 * head is one in the same line. n_findings of them, to be freed; NULL for none. */
DuplexFinding *duplex_redact_dup_findings (const DuplexEvent *event,
                                           GBytes            *clean);

/* The JSON text of a profile without the values of those headers, without the secrets of URLs, and
 * without the values of members with such names, at any depth. Always a text, to be freed; "{}"
 * where json is no JSON that could be a profile's: what cannot be read cannot be cleaned. */
char *duplex_redact_profile (const char *json);

/* A name, say, that may be a URL, or have one in it. */
char *duplex_redact_dup_text (const char *text);

G_END_DECLS
