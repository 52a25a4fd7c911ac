/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A regular expression that is looked for in bytes from outside, in bounded time: PCRE2 gives up
 * after so many steps back from one place, which keeps exponential patterns short; a text of more
 * than DUPLEX_FILTER_REGEX_PIECE bytes is matched in pieces, which keeps quadratic ones short.
 * Where it gives up there is no match. Immutable. Private to core/model. */

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of a piece, and by how many the next overlaps it: a match in a text of more than a piece
 * may be missed where it is longer than the overlap. */
#define DUPLEX_FILTER_REGEX_PIECE   ((gsize)64 * 1024)
#define DUPLEX_FILTER_REGEX_OVERLAP ((gsize)32 * 1024)

typedef struct _DuplexFilterRegex DuplexFilterRegex;

/* The message of an error is GRegex's. flags: CASELESS, MULTILINE, DOTALL and EXTENDED. */
DuplexFilterRegex *duplex_filter_regex_new (const char        *pattern,
                                            GRegexCompileFlags flags,
                                            GError           **error);
void               duplex_filter_regex_free (DuplexFilterRegex *self);

/* Bytes that are not UTF-8 are matched a byte at a time. stop may be NULL; not 0, it ends the
 * search between two pieces. */
gboolean duplex_filter_regex_is_in (const DuplexFilterRegex *self,
                                    const guint8            *data,
                                    gsize                    size,
                                    const gint              *stop);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexFilterRegex, duplex_filter_regex_free)

G_END_DECLS
