/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Splits a stream of bytes into frames, however it is cut. It holds at most one header and never a
 * payload: payload bytes are handed out as slices of what was fed. It knows no RFC rules beyond the
 * layout of §5.2, so it follows any stream whose lengths are honest; duplex-message.h judges.
 *
 *   while ((step = duplex_frame_decoder_step (d, &data, &len, &slice)) != DUPLEX_DECODE_NEED_MORE)
 *     ...
 */

#include "core/proto/duplex-frame.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_DECODE_NEED_MORE, /* data is used up; an ordinary answer */
  DUPLEX_DECODE_HEADER,    /* a header is complete: see the getters */
  DUPLEX_DECODE_PAYLOAD,   /* ret_slice holds some payload, still masked if the frame is */
  DUPLEX_DECODE_END,       /* the frame is complete (also after a header of length 0) */
  DUPLEX_DECODE_LOST,      /* a 64-bit length with its top bit set (§5.2): no next frame can be
                              found; every later step gives this again and uses no bytes */
} DuplexDecodeStep;

typedef struct
{
  const guint8 *data; /* borrowed from what was fed */
  gsize         len;
  guint64       offset; /* of the first byte within the frame's payload */
} DuplexSlice;

typedef struct _DuplexFrameDecoder DuplexFrameDecoder;

DuplexFrameDecoder *duplex_frame_decoder_new (void);
void                duplex_frame_decoder_free (DuplexFrameDecoder *self);

/* Takes bytes from *data, *len (both moved forward) up to the next thing to report. ret_slice is
 * set with DUPLEX_DECODE_PAYLOAD only. DUPLEX_DECODE_HEADER precedes DUPLEX_DECODE_LOST. A frame
 * whose last byte was taken is still to be reported: go on until DUPLEX_DECODE_NEED_MORE. */
DuplexDecodeStep duplex_frame_decoder_step (DuplexFrameDecoder *self,
                                            const guint8      **data,
                                            gsize              *len,
                                            DuplexSlice        *ret_slice);

/* The header of the current frame, and its bytes as they came. Valid from DUPLEX_DECODE_HEADER
 * until the step after DUPLEX_DECODE_END; outside of that NULL, and a size of 0. */
const DuplexFrameHeader *duplex_frame_decoder_get_header (DuplexFrameDecoder *self);
const guint8            *duplex_frame_decoder_get_header_bytes (DuplexFrameDecoder *self,
                                                                gsize              *ret_size);

/* TRUE between frames: an end of the stream here cuts nothing off. */
gboolean duplex_frame_decoder_is_idle (DuplexFrameDecoder *self);

/* Header bytes of a frame whose header is not complete yet, for recording a stream that was cut. */
const guint8 *duplex_frame_decoder_get_partial_header (DuplexFrameDecoder *self,
                                                       gsize              *ret_size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexFrameDecoder, duplex_frame_decoder_free)

G_END_DECLS
