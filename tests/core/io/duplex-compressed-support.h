/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the tests of compressed messages share. */

#include "core/proto/duplex-deflate.h"
#include "duplex-far-end.h"

G_BEGIN_DECLS

/* The payload of a message, and what it is worth. */
GByteArray *compressed_new (DuplexDeflater *deflater,
                            const void     *data,
                            gsize           len);
GByteArray *compressed_inflate (DuplexInflater   *inflater,
                                const GByteArray *payload);

/* The n-th message of that direction was compressed, and its row shows data. */
void compressed_assert_row (Fixture        *f,
                            DuplexDirection direction,
                            guint           n,
                            const void     *data,
                            gsize           len);

G_END_DECLS
