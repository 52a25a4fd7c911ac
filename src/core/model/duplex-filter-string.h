/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Strings as they are written in an expression: in " or ', with the escapes of JSON and \'. Private
 * to core/model. */

#include <glib.h>

G_BEGIN_DECLS

/* TRUE where text begins a string. */
gboolean duplex_filter_is_string (const char *text);

/* Reads the string at the beginning of text (terminated, UTF-8); ret_end is set behind its end.
 * Fails with DUPLEX_ERROR_INVALID_ARGUMENT, and ret_end is what the message is about then. The
 * result is UTF-8 and may have NULs. */
GString *duplex_filter_read_string (const char  *text,
                                    const char **ret_end,
                                    GError     **error);

/* What the escape at text (a backslash and what follows, size bytes in all) stands for; ret_size is
 * set to the bytes that it takes, of a surrogate pair to those of both. 0xFFFD for half a pair;
 * (gunichar)-1 where it is none of JSON's. */
gunichar duplex_filter_read_escape (const char *text,
                                    gsize       size,
                                    gsize      *ret_size);

G_END_DECLS
