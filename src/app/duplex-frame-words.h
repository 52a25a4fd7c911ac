/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A frame in words: which fields of RFC 6455 §5.2 its bytes hold, where each stands, what its
 * value is and what that means to a person. Pure functions over an event; nothing here touches a
 * widget. Of a payload that stands apart (its payload_id is not 0) the event must have the first
 * DUPLEX_FRAME_WORDS_BYTES in its payload, or all where that is less; the same of what it inflates
 * to. Of a frame that was recorded by the server's end the event has DUPLEX_EVENT_FLAG_SERVER,
 * which no file says of frames: see duplex_frame_item_new(). */

#include "core/model/duplex-event.h"

G_BEGIN_DECLS

/* Bytes of a payload of which anything is said. */
#define DUPLEX_FRAME_WORDS_BYTES 256

/* In the order of the wire. */
typedef enum {
  DUPLEX_FRAME_FIELD_FIN,
  DUPLEX_FRAME_FIELD_RSV1,
  DUPLEX_FRAME_FIELD_RSV2,
  DUPLEX_FRAME_FIELD_RSV3,
  DUPLEX_FRAME_FIELD_OPCODE,
  DUPLEX_FRAME_FIELD_MASK,
  DUPLEX_FRAME_FIELD_LENGTH,
  DUPLEX_FRAME_FIELD_EXTENDED_LENGTH,
  DUPLEX_FRAME_FIELD_MASKING_KEY,
  DUPLEX_FRAME_FIELD_PAYLOAD,
  DUPLEX_N_FRAME_FIELDS
} DuplexFrameFieldId;

typedef struct
{
  DuplexFrameFieldId id;
  guint64            bit;     /* the first one, counted from the frame's beginning */
  guint64            n_bits;  /* as far as they were seen; never 0 */
  DuplexFindingId    finding; /* the most severe one that is about this field, or NONE */
} DuplexFrameField;

/* Fills ret_fields with the fields that event's bytes hold, and returns how many there are. A
 * header that was cut off gives the fields that had begun; an event that is no frame gives none. */
guint duplex_frame_words_get_fields (const DuplexEvent *event,
                                     DuplexFrameField   ret_fields[DUPLEX_N_FRAME_FIELDS]);

/* Bytes of the frame that the field touches: offset within the frame, and count. */
guint64 duplex_frame_field_get_bytes (const DuplexFrameField *field,
                                      guint64                *ret_n_bytes);

/* The field that shows finding, or DUPLEX_N_FRAME_FIELDS where it is about none. */
DuplexFrameFieldId duplex_frame_words_get_finding_field (DuplexFindingId finding);

/* The RFC's term, "FIN" or "Masking key"; translated where it is more than a symbol. */
const char *duplex_frame_field_get_name (DuplexFrameFieldId id);

/* The value as briefly as it can be said: "1", "0x1 text", "126", "37 fa 21 3d". */
char *duplex_frame_field_dup_value (const DuplexFrameField *field,
                                    const DuplexEvent      *event);

/* What the value says: "this frame ends its message". */
char *duplex_frame_field_dup_meaning (const DuplexFrameField *field,
                                      const DuplexEvent      *event);

/* All three: "FIN 1: this frame ends its message". */
char *duplex_frame_field_dup_words (const DuplexFrameField *field,
                                    const DuplexEvent      *event);

/* Every field's words, a line each: what a screen reader says for the picture. */
char *duplex_frame_words_dup_all (const DuplexEvent *event);

/* Of a frame of a compressed message, how much it inflates to; NULL for any other. */
char *duplex_frame_words_dup_share (const DuplexEvent *event);

/* "37 fa 21 3d": bytes in hexadecimal, at most max of them, then "…". */
char *duplex_frame_words_dup_hex (const guint8 *data,
                                  gsize         len,
                                  gsize         max);

G_END_DECLS
