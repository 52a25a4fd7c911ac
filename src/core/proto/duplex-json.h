/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* JSON (RFC 8259) as it came: a lexer that reports spans of the input and a re-indenter that
 * changes white space only. Numbers, key order, duplicate keys and escapes stay byte for byte.
 * Iterative: the nesting is held in a bit stack, bounded by DUPLEX_LIMIT_JSON_DEPTH. Input need
 * not be terminated. */

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  DUPLEX_JSON_END,   /* the value is complete and only white space followed */
  DUPLEX_JSON_ERROR, /* see duplex_json_lexer_get_error() */
  DUPLEX_JSON_OBJECT_OPEN,
  DUPLEX_JSON_OBJECT_CLOSE,
  DUPLEX_JSON_ARRAY_OPEN,
  DUPLEX_JSON_ARRAY_CLOSE,
  DUPLEX_JSON_COLON,
  DUPLEX_JSON_COMMA,
  DUPLEX_JSON_KEY, /* a string that stands before a colon */
  DUPLEX_JSON_STRING,
  DUPLEX_JSON_NUMBER,
  DUPLEX_JSON_TRUE,
  DUPLEX_JSON_FALSE,
  DUPLEX_JSON_NULL,
} DuplexJsonToken;

typedef struct _DuplexJsonLexer DuplexJsonLexer;

/* Borrows text (len bytes) for its lifetime. The grammar is checked, not the tokens alone. */
DuplexJsonLexer *duplex_json_lexer_new (const char *text, gsize len);
void             duplex_json_lexer_free (DuplexJsonLexer *self);

/* A lexer that goes on behind the last token that self gave, in text that follows it: for texts
 * that come in pieces, or are left and taken up again. Where self had failed, its last text may
 * have ended too early. text may be NULL with a len of 0, to keep the place only. */
DuplexJsonLexer *duplex_json_lexer_continue (const DuplexJsonLexer *self,
                                             const char            *text,
                                             gsize                  len);

/* The next token and its span in text, quotes included; either may be NULL. DUPLEX_JSON_END and
 * DUPLEX_JSON_ERROR stay; the latter sets no span. */
DuplexJsonToken duplex_json_lexer_next (DuplexJsonLexer *self, gsize *ret_offset, gsize *ret_len);

/* What was wrong, in English ("expected ',' or '}'"), and where: byte offset, line from 1, column
 * in bytes from 1; each may be NULL. Only after DUPLEX_JSON_ERROR. */
const char *duplex_json_lexer_get_error (DuplexJsonLexer *self,
                                         gsize           *ret_offset,
                                         guint           *ret_line,
                                         guint           *ret_column);

/* TRUE after an error that is DUPLEX_LIMIT_JSON_DEPTH and not the grammar. */
gboolean duplex_json_lexer_is_too_deep (DuplexJsonLexer *self);

/* TRUE when all of text is one JSON value, within the limits. */
gboolean duplex_json_is_valid (const char *text, gsize len);

/* How deep a text that is re-indented stands, and behind what. */
typedef struct
{
  guint           depth;
  DuplexJsonToken last;
} DuplexJsonIndent;

#define DUPLEX_JSON_INDENT_INIT \
  {                             \
    0, DUPLEX_JSON_END          \
  }

/* Bytes of white space that belong before token, which is the next: spaces, of which the first is a
 * line feed where ret_is_line is set. */
gsize duplex_json_indent_next (DuplexJsonIndent *self,
                               DuplexJsonToken   token,
                               gboolean         *ret_is_line);

/* A coloured span of duplex_json_pretty()'s output. */
typedef struct
{
  gsize           offset;
  gsize           len;
  DuplexJsonToken token; /* KEY, STRING, NUMBER, TRUE, FALSE, NULL only */
} DuplexJsonSpan;

/* Appends text, re-indented by two spaces a level, to out; empty objects and arrays stay "{}" and
 * "[]". spans, may be NULL, receives DuplexJsonSpan values, offsets within out. Stops after max_out
 * bytes of output, at a token boundary, with ret_truncated (may be NULL) set. Returns FALSE with
 * DUPLEX_ERROR_SYNTAX, naming line and column, where text is no JSON: out then holds what came
 * before the error. Fails with DUPLEX_ERROR_TOO_BIG past DUPLEX_LIMIT_JSON_BYTES or _DEPTH. */
gboolean duplex_json_pretty (const char *text,
                             gsize       len,
                             gsize       max_out,
                             GString    *out,
                             GArray     *spans,
                             gboolean   *ret_truncated,
                             GError    **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexJsonLexer, duplex_json_lexer_free)

G_END_DECLS
