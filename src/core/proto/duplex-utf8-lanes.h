/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The fast steps of duplex-utf8.c, which looks at whole vectors of bytes and never at one alone. A
 * step passes what it need not look at more closely, and stops early when in doubt: where exactly
 * something begins, and what it is, is found by going byte by byte from there. */

#include <glib.h>

G_BEGIN_DECLS

/* Passes plain text from data on: ASCII, and with finds_unsafe no controls but TAB, LF and CR.
 * Returns how many bytes of it there are at least, len when all is. */
gsize duplex_utf8_pass_plain (const guint8 *data,
                              gsize         len,
                              gboolean      finds_unsafe);

/* Passes bytes that are valid so far as they go, and with finds_unsafe have none of the characters
 * that DuplexUtf8 calls unsafe. A character begins at data; one may be open where the step stops.
 * Stops also where text has been plain for a while. Returns how many bytes were passed: 0, or 3 and
 * more. */
gsize duplex_utf8_pass_sound (const guint8 *data,
                              gsize         len,
                              gboolean      finds_unsafe);

G_END_DECLS
