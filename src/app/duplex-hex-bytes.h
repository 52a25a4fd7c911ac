/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a hex view shows: up to two runs of bytes one behind the other, the second masked on the
 * way out where asked, so that a frame can be shown as it was on the wire without a copy of it.
 * Immutable and counted. */

#include <glib.h>

#include "app/duplex-hex-layout.h"

G_BEGIN_DECLS

typedef struct _DuplexHexBytes DuplexHexBytes;

/* head and body may be NULL. With mask (four bytes, copied) body is given XORed with it, as RFC
 * 6455 §5.3 masks a payload. */
DuplexHexBytes *duplex_hex_bytes_new (GBytes       *head,
                                      GBytes       *body,
                                      const guint8 *mask);
DuplexHexBytes *duplex_hex_bytes_ref (DuplexHexBytes *self);
void            duplex_hex_bytes_unref (DuplexHexBytes *self);

guint64 duplex_hex_bytes_get_size (const DuplexHexBytes *self);

/* Copies n bytes from offset, which must exist, to out. */
void duplex_hex_bytes_read (const DuplexHexBytes *self,
                            guint64               offset,
                            guint8               *out,
                            gsize                 n);

/* The row of layout that begins at offset, which must exist, without a line feed. */
char *duplex_hex_bytes_dup_row (const DuplexHexBytes  *self,
                                const DuplexHexLayout *layout,
                                guint64                offset);

typedef enum {
  DUPLEX_HEX_DIGITS, /* "48 65 6c" */
  DUPLEX_HEX_TEXT,   /* UTF-8; other bytes become U+FFFD */
  DUPLEX_HEX_DUMP,   /* rows of 16 with offset and characters */
} DuplexHexForm;

/* A clipboard is no place for more: pasting 64 MiB of digits stalls most programs. */
#define DUPLEX_HEX_BYTES_MAX_TEXT ((guint64)16 * 1024 * 1024)

/* n bytes from offset as text, or NULL where n is over the maximum. */
char *duplex_hex_bytes_dup_text (const DuplexHexBytes *self,
                                 guint64               offset,
                                 guint64               n,
                                 DuplexHexForm         form);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexHexBytes, duplex_hex_bytes_unref)

G_END_DECLS
