/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What an expression is once it was read: a tree of tests. Private to core/model. */

#include "core/model/duplex-filter.h"
#include "core/model/duplex-filter-needle.h"
#include "core/model/duplex-filter-regex.h"
#include "core/model/duplex-filter-row.h"
#include "core/model/duplex-json-path.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_FILTER_ALL,    /* matches every row */
  DUPLEX_FILTER_AND,    /* of children */
  DUPLEX_FILTER_OR,     /* of children */
  DUPLEX_FILTER_NOT,    /* of the one child */
  DUPLEX_FILTER_NUMBER, /* field, op, low to high */
  DUPLEX_FILTER_TEXT,   /* field, op, value */
  DUPLEX_FILTER_JSON,   /* path, op, value */
} DuplexFilterNodeKind;

typedef enum {
  DUPLEX_FILTER_EXISTS, /* nothing is compared */
  DUPLEX_FILTER_EQUAL,
  DUPLEX_FILTER_UNEQUAL,
  DUPLEX_FILTER_LESS,
  DUPLEX_FILTER_LESS_OR_EQUAL,
  DUPLEX_FILTER_GREATER,
  DUPLEX_FILTER_GREATER_OR_EQUAL,
  DUPLEX_FILTER_CONTAINS,
  DUPLEX_FILTER_MATCHES,
} DuplexFilterOp;

typedef enum {
  DUPLEX_FILTER_FIELD_NONE,
  /* numbers, or names for them */
  DUPLEX_FILTER_FIELD_BOOKMARK, /* 1, or none */
  DUPLEX_FILTER_FIELD_CODE,
  DUPLEX_FILTER_FIELD_COMPRESSED, /* 1, or none */
  DUPLEX_FILTER_FIELD_CONNECTION,
  DUPLEX_FILTER_FIELD_DIRECTION, /* DuplexDirection */
  DUPLEX_FILTER_FIELD_EVENT,
  DUPLEX_FILTER_FIELD_FRAMES,
  DUPLEX_FILTER_FIELD_KIND, /* DuplexRowKind */
  DUPLEX_FILTER_FIELD_LEG,  /* DuplexCaptureLeg */
  DUPLEX_FILTER_FIELD_OPCODE,
  DUPLEX_FILTER_FIELD_PAIR,     /* of duplex_capture_get_leg() */
  DUPLEX_FILTER_FIELD_SEVERITY, /* DuplexSeverity of each finding */
  DUPLEX_FILTER_FIELD_SIZE,
  DUPLEX_FILTER_FIELD_TIME,        /* µs as g_get_real_time() */
  DUPLEX_FILTER_FIELD_TIME_OF_DAY, /* µs from local midnight */
  DUPLEX_FILTER_FIELD_WIRE_SIZE,
  /* texts */
  DUPLEX_FILTER_FIELD_COMMENT,
  DUPLEX_FILTER_FIELD_FINDING, /* the name of each */
  DUPLEX_FILTER_FIELD_TEXT,
} DuplexFilterField;

typedef struct
{
  DuplexFilterNodeKind kind;
  DuplexFilterOp       op;
  DuplexFilterField    field;
  GPtrArray           *children; /* of DuplexFilterNode, or NULL */

  /* Of a number: a time is a span. */
  gint64     low;
  gint64     high;
  GTimeZone *zone; /* of TIME_OF_DAY */

  /* Of texts and JSON: one of these, according to op. */
  GString            *text;   /* EQUAL to GREATER_OR_EQUAL: a string, or a number of JSON */
  DuplexFilterNeedle *needle; /* CONTAINS */
  DuplexFilterRegex  *regex;  /* MATCHES */

  /* Of JSON. */
  DuplexJsonPath     *path;
  DuplexJsonToken     token; /* what is compared with: STRING, NUMBER, TRUE, FALSE or NULL */
  DuplexFilterNeedle *hint;  /* stands in every text that matches, unless that has escapes; or
                                NULL */
} DuplexFilterNode;

DuplexFilterNode *duplex_filter_node_new (DuplexFilterNodeKind kind);
void              duplex_filter_node_free (DuplexFilterNode *self);

/* Takes child. The cheap tests of an AND or OR are put first by seal, after the last was added. */
void duplex_filter_node_add (DuplexFilterNode *self,
                             DuplexFilterNode *child);
void duplex_filter_node_seal (DuplexFilterNode *self);

gboolean duplex_filter_node_match (const DuplexFilterNode *self,
                                   DuplexFilterRow        *row);

/* text is UTF-8 and not blank; ret_at is set on failure. */
DuplexFilterNode *duplex_filter_parser_parse (const char  *text,
                                              const char **ret_at,
                                              GError     **error);

/* As duplex_filter_match(). stop may be NULL; not 0, it ends the work on a long row, and what is
 * returned means nothing then. */
gboolean duplex_filter_match_until (DuplexFilter      *self,
                                    DuplexCapture     *capture,
                                    const DuplexEvent *event,
                                    const gint        *stop);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexFilterNode, duplex_filter_node_free)

G_END_DECLS
