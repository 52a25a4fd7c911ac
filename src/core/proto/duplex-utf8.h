/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Running UTF-8 validation (RFC 3629) over bytes that come in any pieces. It refuses at the first
 * byte that no continuation can make valid, so a bad message fails before its end. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint32 state;  /* private */
  guint64 offset; /* bytes accepted so far, over all pieces */
  guint64 start;  /* where the character that is open, or has the bad byte, began */
  guint64 unsafe; /* where the first character that can hide something began, or
                     DUPLEX_UTF8_ALL_SAFE */
} DuplexUtf8;

/* A text is unsafe that holds C0 controls other than TAB, LF and CR, DEL, C1 controls, or one of
 * the explicit directional characters of UAX #9: U+202A to U+202E and U+2066 to U+2069. */
#define DUPLEX_UTF8_ALL_SAFE G_MAXUINT64

#define DUPLEX_UTF8_INIT          \
  {                               \
    0, 0, 0, DUPLEX_UTF8_ALL_SAFE \
  }

/* Returns FALSE at an invalid byte and sets ret_bad to its offset from the first piece's start;
 * NULs and all other controls are valid. After FALSE the state must not be fed again. */
gboolean duplex_utf8_feed (DuplexUtf8   *self,
                           const guint8 *data,
                           gsize         len,
                           guint64      *ret_bad);

/* TRUE when no character is open: a message may end here. Otherwise self->start is where the open
 * one begins. */
gboolean duplex_utf8_is_complete (const DuplexUtf8 *self);

/* All at once. ret_bad may be NULL. An open character at the end is invalid at its first byte. */
gboolean duplex_utf8_validate (const guint8 *data,
                               gsize         len,
                               guint64      *ret_bad);

G_END_DECLS
