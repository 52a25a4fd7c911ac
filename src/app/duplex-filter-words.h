/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the filter bar says. */

#include "app/duplex-filter-bar.h"
#include "app/duplex-filter-terms.h"

G_BEGIN_DECLS

const char *duplex_filter_words_chip (DuplexFilterChip chip);
const char *duplex_filter_words_placeholder (DuplexFilterMode mode);

/* "3 of 1,204", "1,204 matches", "No matches", and how far the search is where is_slow. row is what
 * is selected, or NULL. */
char *duplex_filter_words_status (DuplexCaptureView *view,
                                  DuplexRow         *row,
                                  gboolean           is_slow,
                                  gboolean           is_stopped);

/* A line under the character of text at column (from 0); where text ends there, under its last. */
PangoAttrList *duplex_filter_words_mark (const char *text,
                                         guint       column);

G_END_DECLS
