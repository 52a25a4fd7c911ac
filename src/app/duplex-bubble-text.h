/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a bubble says: one text with marked spans, made from a row once it is shown. It is small
 * whatever the message: the row's payload is read up to a few kilobytes, pretty-printed where it is
 * JSON, made harmless (duplex-spell-out.h) and folded. No widget here, so that tests read it. */

#include "app/duplex-highlight.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

/* Lines of a folded body. Only a body with more than the slack above that is folded: to hide two
 * lines behind a link would save nothing. */
#define DUPLEX_FOLD_LINES 12
#define DUPLEX_FOLD_SLACK 3

/* A line this long counts as several: about what the widest bubble holds. */
#define DUPLEX_FOLD_COLUMNS 80

/* Bytes of a binary message that are shown, and of these a line. */
#define DUPLEX_FOLD_HEX_BYTES   48
#define DUPLEX_FOLD_HEX_COLUMNS 8

typedef enum {
  DUPLEX_BUBBLE_SENT,
  DUPLEX_BUBBLE_RECEIVED,
  DUPLEX_BUBBLE_SENT_CONTROL,
  DUPLEX_BUBBLE_RECEIVED_CONTROL,
  DUPLEX_BUBBLE_STATE,
  DUPLEX_BUBBLE_ERROR, /* a state that is a failure */
} DuplexBubbleStyle;

typedef struct
{
  GString *text;        /* UTF-8 */
  GArray  *spans;       /* DuplexHighlightSpan, by offset */
  gsize    link_offset; /* of "Show all", up to the end of text; 0 where nothing is folded */
  gsize    ratio_offset;
  gsize    ratio_len; /* of the mark of a compressed message; 0 where there is none */
} DuplexBubbleText;

DuplexBubbleStyle duplex_bubble_style_of (DuplexRow *row);

DuplexBubbleText *duplex_bubble_text_new (DuplexRow *row);
void              duplex_bubble_text_free (DuplexBubbleText *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexBubbleText, duplex_bubble_text_free)

G_END_DECLS
