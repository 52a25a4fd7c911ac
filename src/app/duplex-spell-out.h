/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Text from the wire made fit to be shown: what would hide, move or end the text around it is
 * spelled out. Control characters, bidi controls, invisible spaces and separators become "\u202e"
 * ("\r" and "\n" have their short form), bytes that are no UTF-8 "\xff". Joiners and variation
 * selectors stay: emoji and several scripts need them. */

#include <glib.h>

#include "app/duplex-highlight.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_SPELL_OUT_TEXT, /* line feeds and tabs stay */
  DUPLEX_SPELL_OUT_LINE, /* they are spelled out too */
} DuplexSpellOutMode;

/* Appends len bytes of text, which need not be terminated or UTF-8. spans, may be NULL, receives a
 * DuplexHighlightSpan for each escape, with its offset in out. */
void duplex_spell_out_append (GString           *out,
                              const char        *text,
                              gsize              len,
                              DuplexSpellOutMode mode,
                              GArray            *spans);

/* The most of len that does not end inside a character: for text that was cut by bytes. */
gsize duplex_spell_out_trim (const char *text,
                             gsize       len);

G_END_DECLS
