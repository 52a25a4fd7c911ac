/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What of a URL, and which field of a head, is a secret: the one rule for all that goes to disk, or
 * into the first message of a relay.
 *
 *   User information (RFC 3986 §3.2.1), of a URL within a URL too.
 *   The value of a parameter, behind "?", "#", ";" or "&", whose name has "token", "key", "auth",
 *   "pass", "pwd", "secret", "bearer", "cookie", "credential", "session", "signature", "ticket" or
 *   "jwt" in it, or is "pw", "sid" or "sig"; in any case, under any number of percent-encodings. So
 *   has one whose name cannot be understood.
 *   The value of any parameter that is base64 of JSON ("eyJ"), as a token is, or JSON with such a
 *   word in it, or looks like "user:password@host".
 *   Of a URL that is such a value, all parameters where one is secret: what separates them there
 *   may be encoded or not.
 *   The value of a field whose name has such a word, Sec-WebSocket-* and challenges excepted.
 *
 * What stands in a path without any such sign, or in a subprotocol, is not known to be a secret. */

#include <glib.h>

G_BEGIN_DECLS

/* Stands for what is hidden in a URL, which can be parsed as before: it has no spaces. */
#define DUPLEX_REDACT_URL_MARK "not-recorded"

/* A URL, or the target of a request (RFC 9112 §3.2), to its end: spaces do not end it. */
void  duplex_redact_append_url (GString    *out,
                                const char *url,
                                gsize       len);
char *duplex_redact_dup_url (const char *url);

/* All URLs in a sentence, with a scheme or without; white space, quotation marks and "<>" end
 * each. All else stays byte for byte. */
void duplex_redact_append_sentence (GString    *out,
                                    const char *text,
                                    gsize       len);

/* Whether the mark stands where a secret was, so that nobody can connect with it. */
gboolean duplex_redact_is_marked (const char *text);

/* What somebody asked a relay for, the head of a request. Its target names the backend, whose user
 * and password may stand in it, escaped in more ways than one, so that more is hidden than of other
 * URLs:
 *
 *   the whole path or query where an "@" stands anywhere but behind user information, even behind
 *   several rounds of percent-encoding, or where it is not encoded properly: part of a password may
 *   be anywhere then;
 *   all but the method and the path where the head as a whole makes no sense.
 *
 * ret_hidden tells whether anything was hidden. Fields stay: see duplex_redact_event(). */
GBytes *duplex_redact_relay_request (GBytes   *request,
                                     gboolean *ret_hidden);

G_END_DECLS
