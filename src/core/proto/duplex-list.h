/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The lexical pieces of an HTTP header's value: tokens, optional white space and comma-separated
 * lists (RFC 9110 §5.6). Spans borrow from the value; nothing is copied. */

#include <glib.h>

G_BEGIN_DECLS

/* tchar of RFC 9110 §5.6.2. */
gboolean duplex_is_token_char (char c);

/* Takes spaces and tabs off both ends of a span. */
void duplex_trim (const char **text,
                  gsize       *len);

/* The next element of the list at *rest, trimmed, and moves *rest behind it. Empty elements are
 * skipped (§5.6.1.2); commas within quoted strings do not separate. FALSE at the end. */
gboolean duplex_list_next (const char **rest,
                           const char **ret_item,
                           gsize       *ret_len);

G_END_DECLS
