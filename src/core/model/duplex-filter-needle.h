/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A plain text that is looked for in bytes, many times. Upper and lower case are the same unless
 * asked otherwise: of ASCII by a bit, of the rest by Unicode's simple folding, a character at a
 * time. No character beyond ASCII equals one of ASCII (the Kelvin sign is no k). The bytes need not
 * be UTF-8. Immutable; nothing is allocated by a search. Private to core/model. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexFilterNeedle DuplexFilterNeedle;

/* text is UTF-8 and not empty. */
DuplexFilterNeedle *duplex_filter_needle_new (const char *text,
                                              gsize       len,
                                              gboolean    has_case);
void                duplex_filter_needle_free (DuplexFilterNeedle *self);

gboolean duplex_filter_needle_is_in (const DuplexFilterNeedle *self,
                                     const guint8             *data,
                                     gsize                     size);

/* Bytes by which pieces of a text must overlap so that no match is lost between them. */
gsize duplex_filter_needle_get_overlap (const DuplexFilterNeedle *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexFilterNeedle, duplex_filter_needle_free)

G_END_DECLS
