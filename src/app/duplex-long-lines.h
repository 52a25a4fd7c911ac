/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which texts are nothing for a text view: it lays a line out as one piece, and does so again for
 * every change. */

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of a line that a text view still takes. */
#define DUPLEX_LONG_LINE (16 * 1024)

/* Whether a line of text is too long when it meets a line that has beside bytes already. */
gboolean duplex_long_lines_find (const char *text,
                                 gsize       len,
                                 gsize       beside);

/* Whether text, which is UTF-8, is white space only. */
gboolean duplex_long_lines_is_blank (const char *text);

G_END_DECLS
