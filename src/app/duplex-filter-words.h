/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the filter bar says. */

#include "app/duplex-filter-bar.h"
#include "app/duplex-filter-terms.h"

G_BEGIN_DECLS

const char *duplex_filter_words_chip (DuplexFilterChip chip);
const char *duplex_filter_words_placeholder (DuplexFilterMode mode);

typedef enum {
  DUPLEX_FILTER_BEGUN,   /* a moment ago */
  DUPLEX_FILTER_SLOW,    /* long enough ago to say how far it is */
  DUPLEX_FILTER_DONE,    /* and what comes is looked at as it comes */
  DUPLEX_FILTER_STOPPED, /* by the person */
} DuplexFilterProgress;

/* "3 of 1,204", "1,204 matches", "No matches", and how far the search is. row is what is selected,
 * or NULL. */
char *duplex_filter_words_status (DuplexCaptureView   *view,
                                  DuplexRow           *row,
                                  DuplexFilterProgress progress);

G_END_DECLS
