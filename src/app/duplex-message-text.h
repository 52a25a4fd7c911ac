/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A message as text that a text view can bear: JSON re-indented and marked, control characters and
 * bad bytes spelled out (duplex-spell-out.h), endless lines broken, and at most so many bytes of it
 * at a time. No widget and no main thread here: it is made where it may take long. */

#include "app/duplex-highlight.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_MESSAGE_FORMAT_JSON,
  DUPLEX_MESSAGE_FORMAT_TEXT,
  DUPLEX_MESSAGE_FORMAT_HEX,
} DuplexMessageFormat;

/* Bytes that are added at once: some thousand lines, which a text view lays out in a moment. */
#define DUPLEX_MESSAGE_TEXT_PIECE ((gsize)128 * 1024)

/* Bytes after which a line is broken. One line of 1 MB stalls a text view for seconds. */
#define DUPLEX_MESSAGE_TEXT_LINE 4096

/* For JSON of which only the beginning, len bytes of text, is there: without a number at its end,
 * which may go on; and whether the error of lexer may be nothing but that end. */
gsize    duplex_message_text_trim_number (const char *text,
                                          gsize       len);
gboolean duplex_message_text_is_cut (DuplexJsonLexer *lexer,
                                     gsize            len);

/* Where a text goes on: between two pieces. */
typedef struct _DuplexMessagePlace DuplexMessagePlace;

/* In the payload; 0 for NULL. */
guint64             duplex_message_place_get_offset (const DuplexMessagePlace *self);
DuplexMessagePlace *duplex_message_place_copy (const DuplexMessagePlace *self);
void                duplex_message_place_free (DuplexMessagePlace *self);

/* A marked piece, counted in characters, as text buffers count. */
typedef struct
{
  guint           offset;
  guint           len;
  DuplexHighlight kind; /* KEY, STRING, NUMBER, KEYWORD or ESCAPE; escapes overlap the others */
} DuplexMessageSpan;

typedef struct
{
  DuplexMessageFormat format;       /* what it became */
  gboolean            is_json;      /* the payload is JSON, whatever was asked for */
  char               *json_problem; /* why not, in English, where it looks like JSON; else NULL */
  guint               json_line;    /* from 1; 0 where it is too large to be looked at */
  guint               json_column;  /* in bytes, from 1 */

  char   *text; /* UTF-8; NULL with HEX */
  gsize   len;
  guint   n_chars;
  GArray *spans; /* DuplexMessageSpan */

  guint64             n_shown;    /* bytes of the payload up to the end of text */
  DuplexMessagePlace *next;       /* where it goes on; NULL with HEX */
  gboolean            is_whole;   /* it does not go on */
  gboolean            is_broken;  /* lines were broken that are whole in the payload */
  gboolean            needs_more; /* more of the payload is needed for as much text as was asked
                                     for: all else is not to be used */
} DuplexMessageText;

/* Makes text of a payload of size bytes in the wanted format, or where that cannot be in the next
 * simpler one: TEXT for what is not JSON, HEX for what is no text (is_text is FALSE, and it has
 * bytes that no text has). About max bytes of the formatted payload are used. bytes is the payload
 * or its beginning; then is_json says that it is JSON as far as it was seen. */
DuplexMessageText *duplex_message_text_new (GBytes             *bytes,
                                            guint64             size,
                                            gboolean            is_text,
                                            DuplexMessageFormat wanted,
                                            gsize               max);

/* The next piece, in the same format. bytes is what the payload has from place on, or the beginning
 * of that. */
DuplexMessageText *duplex_message_text_new_next (GBytes                   *bytes,
                                                 guint64                   size,
                                                 const DuplexMessagePlace *place,
                                                 gsize                     max);

void duplex_message_text_free (DuplexMessageText *self);

/* Where a text of the same payload and format begins. Owned by the caller. */
DuplexMessagePlace *duplex_message_text_make_beginning (const DuplexMessageText *self);

/* The whole payload, unmarked and unbroken, for the clipboard: JSON re-indented, TEXT with U+FFFD
 * for what is no UTF-8. Not HEX. */
char *duplex_message_text_format (GBytes             *payload,
                                  DuplexMessageFormat format);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexMessagePlace, duplex_message_place_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexMessageText, duplex_message_text_free)

G_END_DECLS
