/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the pieces of a bubble's text are, and how each looks: spans to Pango attributes, with a
 * palette for light and one for dark. Every colour has a contrast of at least 4.5:1 on the bubbles'
 * backgrounds (WCAG 2.1 §1.4.3; a test checks it). */

#include <pango/pango.h>

#include "core/proto/duplex-json.h"

G_BEGIN_DECLS

typedef enum {
  /* kinds of text: font only */
  DUPLEX_HIGHLIGHT_BODY,   /* monospace */
  DUPLEX_HIGHLIGHT_HEADER, /* small, with some air below */
  DUPLEX_HIGHLIGHT_STRONG, /* bold */
  DUPLEX_HIGHLIGHT_DIM,    /* less important: the text colour, fainter */
  /* coloured */
  DUPLEX_HIGHLIGHT_KEY,
  DUPLEX_HIGHLIGHT_STRING,
  DUPLEX_HIGHLIGHT_NUMBER,
  DUPLEX_HIGHLIGHT_KEYWORD, /* true, false, null */
  DUPLEX_HIGHLIGHT_ESCAPE,  /* see duplex-spell-out.h */
  DUPLEX_HIGHLIGHT_WARNING,
  DUPLEX_HIGHLIGHT_ERROR,
  DUPLEX_HIGHLIGHT_LINK,
  DUPLEX_N_HIGHLIGHTS
} DuplexHighlight;

typedef struct
{
  gsize           offset; /* bytes */
  gsize           len;
  DuplexHighlight kind;
} DuplexHighlightSpan;

/* How a JSON token of duplex_json_pretty() looks. */
DuplexHighlight duplex_highlight_from_json (DuplexJsonToken token);

/* The attributes of spans, which may overlap: the later ones win. Fastest when their offsets
 * grow. */
PangoAttrList *duplex_highlight_new_attrs (const DuplexHighlightSpan *spans,
                                           gsize                      n_spans,
                                           gboolean                   dark);

/* 0xRRGGBB. FALSE where kind has the colour of the text around it. */
gboolean duplex_highlight_get_color (DuplexHighlight kind,
                                     gboolean        dark,
                                     guint32        *ret_rgb);

/* The opacity of DIM, from 0 to 1. */
#define DUPLEX_HIGHLIGHT_DIM_ALPHA 0.7

G_END_DECLS
