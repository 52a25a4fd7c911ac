/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Takes secrets out of what a client asks for, before it is recorded: the target names the backend,
 * whose user and password may stand in it, escaped in more ways than one. What is not understood is
 * hidden. */

#include <glib.h>

G_BEGIN_DECLS

/* Stands for what is hidden: a target has no spaces. */
#define DUPLEX_RECORD_HIDDEN "not-recorded"

/* The head of a request without
 *
 *   the user information of a URL that is the value of a parameter (RFC 3986 §3.2.1), and its query
 *   where a parameter there has such a name as the next line speaks of;
 *   the values of parameters whose names speak of a secret, such as "token";
 *   the whole path or query where an "@" stands anywhere else in it, even behind several rounds of
 *   percent-encoding, or where it is not encoded properly: part of a password may be anywhere then;
 *   all but the method and the path where the head as a whole makes no sense.
 *
 * ret_hidden tells whether anything was hidden. What capture files are cleaned of anyway, such as
 * the field Authorization, stays. */
GBytes *duplex_record_target_clean (GBytes   *request,
                                    gboolean *ret_hidden);

/* A backend's URL as the relay reads it, maybe with spaces, or the head of the relay's own request,
 * without the query where a parameter there has such a name. User information is left alone. */
GBytes *duplex_record_target_clean_url (GBytes   *url,
                                        gboolean *ret_hidden);
GBytes *duplex_record_target_clean_dial (GBytes   *request,
                                         gboolean *ret_hidden);

G_END_DECLS
