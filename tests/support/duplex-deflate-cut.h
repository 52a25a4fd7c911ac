/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Messages through an inflater or a deflater however they are cut: a test names the sizes of the
 * pieces that go in and the room for what comes out. Every piece and all room ends at a guard
 * page. */

#include "core/proto/duplex-deflate.h"

G_BEGIN_DECLS

typedef struct
{
  const guint8 *pieces;   /* their sizes, over and over; 0 counts as 1 */
  gsize         n_pieces; /* 0: all at once */
  gsize         room;     /* bytes of output at a time, when inflating */
} DuplexDeflateCut;

/* A whole message's payload. What is inflated is appended to out, also before a fault. FALSE when
 * the inflater found one. What each step promises is asserted. */
gboolean duplex_deflate_cut_inflate (const DuplexDeflateCut *cut,
                                     DuplexInflater         *inflater,
                                     const guint8           *payload,
                                     gsize                   len,
                                     GByteArray             *out);

/* A whole message; its payload is appended to out. */
void duplex_deflate_cut_deflate (const DuplexDeflateCut *cut,
                                 DuplexDeflater         *deflater,
                                 const guint8           *data,
                                 gsize                   len,
                                 GByteArray             *out);

/* Lines of JSON, which compress well, and bytes that do not compress; always the same. */
GByteArray *duplex_deflate_cut_new_text (gsize size);
GByteArray *duplex_deflate_cut_new_noise (gsize size);

G_END_DECLS
