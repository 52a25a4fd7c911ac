/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An expression that a row of a capture matches or not: the language of the window's filter, of
 * saved filters and of duplex-cli show --filter. Its grammar is in duplex-filter(5). Immutable;
 * any thread may match. */

#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

typedef struct _DuplexFilter DuplexFilter;

typedef enum {
  DUPLEX_FILTER_TEXT_PLAIN = 0,
  DUPLEX_FILTER_TEXT_CASE = 1 << 0,  /* upper and lower case differ */
  DUPLEX_FILTER_TEXT_REGEX = 1 << 1, /* text is a regular expression as GRegex reads it */
} DuplexFilterTextFlags;

/* Fails with DUPLEX_ERROR_INVALID_ARGUMENT; ret_column, may be NULL, is set then to the character
 * (from 0) of text that the message is about. Blank text matches every row. */
DuplexFilter *duplex_filter_parse (const char *text,
                                   guint      *ret_column,
                                   GError    **error);

/* A search for text in what rows show. Fails for a regular expression that is none. */
DuplexFilter *duplex_filter_new_for_text (const char           *text,
                                          DuplexFilterTextFlags flags,
                                          GError              **error);

DuplexFilter *duplex_filter_ref (DuplexFilter *self);
void          duplex_filter_unref (DuplexFilter *self);

/* TRUE where it matches every row. */
gboolean duplex_filter_is_empty (DuplexFilter *self);

/* event ends a row of capture (DUPLEX_EVENT_FLAG_ROW) and comes from duplex_capture_walk() or
 * _read(). Reads the rest of a message in fragments and of a large payload from capture. */
gboolean duplex_filter_match (DuplexFilter      *self,
                              DuplexCapture     *capture,
                              const DuplexEvent *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexFilter, duplex_filter_unref)

G_END_DECLS
