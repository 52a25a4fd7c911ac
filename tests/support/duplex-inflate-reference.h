/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Compressed messages as RFC 7692 §7.2.2 has it, in the simplest way: a whole message at a time,
 * with a dictionary of what came before it instead of a stream that goes on. What the project
 * inflates in pieces is compared with it. */

#include <glib.h>

G_BEGIN_DECLS

/* Appends what a message inflates to, whose context is the end of history (all that the messages
 * before it inflated to; empty without context takeover). FALSE for data that is corrupt; a payload
 * that stops too early is not noticed. */
gboolean duplex_inflate_reference (const GByteArray *history,
                                   const guint8     *payload,
                                   gsize             len,
                                   GByteArray       *out);

G_END_DECLS
