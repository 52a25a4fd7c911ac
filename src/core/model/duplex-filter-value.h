/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a field or path is compared with: the right side of a comparison, read into its node.
 * Private to core/model. */

#include "core/model/duplex-filter-field.h"

G_BEGIN_DECLS

/* Where in an expression a parser stands. */
typedef struct
{
  const char *at;    /* what is left */
  GError    **error; /* where a message goes, which is about the place at */
} DuplexFilterReader;

/* Returns FALSE, with the message set. */
gboolean duplex_filter_reader_fail (DuplexFilterReader *self,
                                    const char         *format,
                                    ...) G_GNUC_PRINTF (2, 3);

void duplex_filter_reader_skip_space (DuplexFilterReader *self);

/* Bytes of the word ahead: letters, digits, "_" and "-" inside. 0 where none begins. */
gsize duplex_filter_reader_get_word (const DuplexFilterReader *self);

/* Reads the value that node's op is followed by, of word's kind. */
gboolean duplex_filter_reader_read_value (DuplexFilterReader     *self,
                                          const DuplexFilterWord *word,
                                          DuplexFilterNode       *node);

/* Reads a string (with its flag) or a regular expression into node's op and value: what is looked
 * for when it stands alone. */
gboolean duplex_filter_reader_read_search (DuplexFilterReader *self,
                                           DuplexFilterNode   *node);

G_END_DECLS
