/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Writes frames, legal or not, as one block of bytes ready for the wire. The source of masking keys
 * is injected, so that tests are repeatable; the default takes them from the kernel's random
 * source, as RFC 6455 §5.3 and §10.3 ask (unpredictable keys). */

#include "core/proto/duplex-frame.h"

G_BEGIN_DECLS

typedef void (*DuplexMaskSource) (guint8   mask[4],
                                  gpointer user_data);

/* Unpredictable keys; user_data is not used. */
void duplex_mask_source_random (guint8   mask[4],
                                gpointer user_data);

/* A whole frame: header->length and length_bits must describe payload (which may be NULL when
 * empty); with header->masked the payload is masked with header->mask. */
GBytes *duplex_frame_encode (const DuplexFrameHeader *header,
                             const guint8            *payload,
                             gsize                    len);

/* A legal, unfragmented frame as role sends it: minimal length, masked by a client with a key from
 * source. */
GBytes *duplex_frame_encode_simple (DuplexRole       role,
                                    DuplexOpcode     opcode,
                                    const guint8    *payload,
                                    gsize            len,
                                    DuplexMaskSource source,
                                    gpointer         user_data);

G_END_DECLS
