/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Pure functions for closures in .ui files: what a widget shows, from the values it is bound to.
 * The first argument is the object that the template belongs to, and is never looked at. */

#include <glib.h>

G_BEGIN_DECLS

/* Text is there and not empty. */
gboolean duplex_closure_is_set (gpointer    instance,
                                const char *text);

/* The second line of a profile in a list: its URL, or why its file cannot be read. */
char *duplex_closure_profile_detail (gpointer    instance,
                                     const char *url,
                                     const char *error);

/* The same as one accessible name. */
char *duplex_closure_profile_label (gpointer    instance,
                                    const char *name,
                                    const char *url,
                                    const char *error);

/* 64 hex digits of a fingerprint in groups of four, so that a person can compare and wrap them. */
char *duplex_closure_fingerprint (gpointer    instance,
                                  const char *fingerprint);

/* What is wrong with a URL that was typed, in words; "" where nothing is, and where nothing stands
 * there yet. */
char *duplex_closure_url_problem (gpointer    instance,
                                  const char *url);

/* What keeps a header from being sent with the handshake, in words; "" where nothing does, and
 * where both parts are empty. */
char *duplex_closure_header_problem (gpointer    instance,
                                     const char *name,
                                     const char *value);

/* The same for an Origin, and for subprotocols with commas between. */
char *duplex_closure_origin_problem (gpointer    instance,
                                     const char *origin);
char *duplex_closure_subprotocols_problem (gpointer    instance,
                                           const char *subprotocols);

/* "chat, superchat" as a list: without white space, without what is empty. To be freed with
 * g_strfreev(). */
char **duplex_closure_split_subprotocols (const char *subprotocols);

G_END_DECLS
