/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Filter expressions as text, for a person who presses buttons rather than types: what the buttons
 * ask for is written into the expression and found there again. Pure functions; whether an
 * expression is one is for duplex_filter_parse() to say. */

#include "core/model/duplex-filter.h"

G_BEGIN_DECLS

/* What there is a button for. Within a group, any of what is pressed; between groups, all. */
typedef enum {
  DUPLEX_FILTER_CHIP_SENT,
  DUPLEX_FILTER_CHIP_RECEIVED,
  DUPLEX_FILTER_CHIP_TEXT,
  DUPLEX_FILTER_CHIP_BINARY,
  DUPLEX_FILTER_CHIP_CONTROL,
  DUPLEX_FILTER_CHIP_STATE,
  DUPLEX_FILTER_CHIP_FINDING,
  DUPLEX_FILTER_CHIP_BOOKMARK,
  DUPLEX_FILTER_CHIP_CLIENT, /* this and the next are of what a relay recorded */
  DUPLEX_FILTER_CHIP_BACKEND,
  DUPLEX_N_FILTER_CHIPS
} DuplexFilterChip;

/* Whether chip is the last of its group. */
gboolean duplex_filter_chip_ends_group (DuplexFilterChip chip);
/* Whether chip says something only of what a relay recorded. */
gboolean duplex_filter_chip_is_of_legs (DuplexFilterChip chip);

/* The chips that expression asks for, 1 << DuplexFilterChip each: those that stand alone, or in
 * parentheses with others of their group, where all of the expression is joined by "and". */
guint duplex_filter_terms_get_chips (const char *expression);

/* The expression with these chips instead of those that it has. */
char *duplex_filter_terms_set_chips (const char *expression,
                                     guint       chips);

/* Whether it may be about bookmarks or comments. */
gboolean duplex_filter_terms_read_notes (const char *expression);

/* The expression that matches what a search for text does; "" for "". */
char *duplex_filter_terms_from_text (const char           *text,
                                     DuplexFilterTextFlags flags);

G_END_DECLS
