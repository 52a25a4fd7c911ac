/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a hex view shows: up to two runs of bytes one behind the other, the second masked on the
 * way out where asked, so that a frame can be shown as it was on the wire without a copy of it.
 * The second may be read a page at a time from where it is, so that its size costs nothing.
 * Counted; one thread. */

#include <glib.h>

#include "app/duplex-hex-layout.h"

G_BEGIN_DECLS

typedef struct _DuplexHexBytes DuplexHexBytes;

/* head and body may be NULL. With mask (four bytes, copied) body is given XORed with it, as RFC
 * 6455 §5.3 masks a payload. */
DuplexHexBytes *duplex_hex_bytes_new (GBytes       *head,
                                      GBytes       *body,
                                      const guint8 *mask);

/* Copies up to size bytes from offset on to buffer; returns how many. */
typedef gsize (*DuplexHexReadFunc) (gpointer source,
                                    guint64  offset,
                                    guint8  *buffer,
                                    gsize    size);

/* The same with a body of body_size bytes that read gives; what it does not give reads as zeros.
 * source is owned: destroy, may be NULL, ends it. */
DuplexHexBytes *duplex_hex_bytes_new_reading (GBytes           *head,
                                              guint64           body_size,
                                              const guint8     *mask,
                                              DuplexHexReadFunc read,
                                              gpointer          source,
                                              GDestroyNotify    destroy);

DuplexHexBytes *duplex_hex_bytes_ref (DuplexHexBytes *self);
void            duplex_hex_bytes_unref (DuplexHexBytes *self);

guint64 duplex_hex_bytes_get_size (const DuplexHexBytes *self);

/* Copies n bytes from offset, which must exist, to out. */
void duplex_hex_bytes_read (DuplexHexBytes *self,
                            guint64         offset,
                            guint8         *out,
                            gsize           n);

/* The row of layout that begins at offset, which must exist, without a line feed. */
char *duplex_hex_bytes_dup_row (DuplexHexBytes        *self,
                                const DuplexHexLayout *layout,
                                guint64                offset);

typedef enum {
  DUPLEX_HEX_DIGITS, /* "48 65 6c" */
  DUPLEX_HEX_TEXT,   /* UTF-8; other bytes become U+FFFD */
  DUPLEX_HEX_DUMP,   /* rows of 16 with offset and characters */
} DuplexHexForm;

/* A clipboard is no place for more, and writing the rows of a dump takes a tenth of a second
 * here. */
#define DUPLEX_HEX_BYTES_MAX_TEXT ((guint64)4 * 1024 * 1024)

/* n bytes from offset as text, or NULL where n is over the maximum. */
char *duplex_hex_bytes_dup_text (DuplexHexBytes *self,
                                 guint64         offset,
                                 guint64         n,
                                 DuplexHexForm   form);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexHexBytes, duplex_hex_bytes_unref)

G_END_DECLS
