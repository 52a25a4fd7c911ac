/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The text of a profile's file before json-glib sees it. json-glib's parser is recursive, ends a
 * string at a NUL and turns a number over 64 bits into another. So our own lexer goes first: it
 * bounds size and depth and knows lines and columns, and its spans keep what json-glib would
 * change. Private to core/model. */

#include <glib.h>

G_BEGIN_DECLS

/* A member of an object or an element of an array, as it stands in the text. */
typedef struct
{
  const char *key; /* with its quotes; NULL in an array */
  gsize       key_len;
  const char *value;
  const char *end;
} DuplexProfilePart;

/* Whether text is JSON that may be parsed and held. */
gboolean duplex_profile_text_check (const char *text,
                                    gsize       len,
                                    GError    **error);

/* The DuplexProfilePart values, borrowing from text, of an object or array that was checked. */
GArray *duplex_profile_text_split (const char *text,
                                   gsize       len);

/* The text of the members that are not known, with commas between them. */
char *duplex_profile_text_get_unknown (GArray            *parts,
                                       const char *const *known);

/* The last member of that name, which is the one that json-glib takes; or NULL. */
const DuplexProfilePart *duplex_profile_text_find (GArray     *parts,
                                                   const char *name);

/* Sets DUPLEX_ERROR_SYNTAX with the line of where, which is within text. Returns FALSE. */
gboolean duplex_profile_text_fail (GError    **error,
                                   const char *text,
                                   const char *where,
                                   const char *format,
                                   ...) G_GNUC_PRINTF (4, 5);

G_END_DECLS
