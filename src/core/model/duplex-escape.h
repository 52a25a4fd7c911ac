/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Text that cannot hide anything or command the terminal that shows it: control characters (C0, DEL
 * and C1) and the explicit directional characters (U+202A to U+202E, U+2066 to U+2069) are spelled
 * out. The text may come in any pieces and need not be UTF-8: all other bytes stay as they are. */

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  DUPLEX_ESCAPE_TERMINAL, /* \x1b and \u202e; line feed and tab stay */
  DUPLEX_ESCAPE_JSON,     /* the inside of a string of JSON */
} DuplexEscapeStyle;

typedef struct
{
  DuplexEscapeStyle style;
  guint             n_held; /* private, as held: the beginning of a character */
  guint8            held[2];
} DuplexEscape;

#define DUPLEX_ESCAPE_INIT(style) \
  {                               \
    (style), 0,                   \
    {                             \
      0                           \
    }                             \
  }

void duplex_escape_append (DuplexEscape *self,
                           GString      *out,
                           const char   *text,
                           gsize         len);

/* After the last piece: appends what is held back of a character that did not end. */
void duplex_escape_end (DuplexEscape *self,
                        GString      *out);

G_END_DECLS
