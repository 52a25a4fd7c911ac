/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The words of the expression language: what can be asked of a row, and how. Private to
 * core/model. */

#include "core/model/duplex-filter-private.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_FILTER_VALUE_NONE,   /* the word is all there is to say */
  DUPLEX_FILTER_VALUE_NAME,   /* one of names */
  DUPLEX_FILTER_VALUE_NUMBER, /* a whole number, or one of names */
  DUPLEX_FILTER_VALUE_SIZE,   /* with a unit perhaps */
  DUPLEX_FILTER_VALUE_TIME,
  DUPLEX_FILTER_VALUE_TEXT,
  DUPLEX_FILTER_VALUE_FINDING, /* the name of a finding; a text where it is contained or matched */
  DUPLEX_FILTER_VALUE_JSON,
} DuplexFilterValueKind;

typedef struct
{
  const char *name; /* NULL after the last */
  gint64      number;
} DuplexFilterName;

typedef struct
{
  const char             *name;
  DuplexFilterField       field;
  DuplexFilterValueKind   value;
  guint                   ops;   /* bit 1 << DuplexFilterOp for each that may follow */
  const DuplexFilterName *names; /* or NULL */
} DuplexFilterWord;

#define DUPLEX_FILTER_OP_BIT(op) (1u << (op))

/* What may follow a JSON path. */
extern const DuplexFilterWord duplex_filter_json_word;

/* NULL where text (len bytes) is no field. Case does not matter, here and below. */
const DuplexFilterWord *duplex_filter_find_field (const char *text,
                                                  gsize       len);

/* A word that is a test by itself, as "received". FALSE where it is none. */
gboolean duplex_filter_find_flag (const char        *text,
                                  gsize              len,
                                  DuplexFilterField *ret_field,
                                  gint64            *ret_number);

gboolean duplex_filter_find_name (const DuplexFilterName *names,
                                  const char             *text,
                                  gsize                   len,
                                  gint64                 *ret_number);

/* The operator at the beginning of text; ret_len is set to its bytes. EXISTS where there is
 * none. */
DuplexFilterOp duplex_filter_find_op (const char *text,
                                      gsize      *ret_len);

/* Lists for messages, as "a, b or c". */
char *duplex_filter_list_words (void);
char *duplex_filter_list_names (const DuplexFilterName *names);
char *duplex_filter_list_findings (void);
char *duplex_filter_list_ops (guint ops);

G_END_DECLS
