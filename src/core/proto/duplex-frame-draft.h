/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A frame that somebody composes, legal or not: every bit of it can be chosen, and where it stops.
 * What it leaves open is filled in as RFC 6455 §5.2 wants it. */

#include "core/proto/duplex-finding.h"
#include "core/proto/duplex-frame-encoder.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_DRAFT_MASK_DEFAULT, /* as the role has to: a client with a random key, a server not */
  DUPLEX_DRAFT_MASK_NONE,
  DUPLEX_DRAFT_MASK_RANDOM,
  DUPLEX_DRAFT_MASK_KEY, /* with the key of the draft */
} DuplexDraftMask;

#define DUPLEX_DRAFT_WHOLE G_MAXUINT64

typedef struct
{
  guint8          opcode; /* 0–15 */
  gboolean        fin;
  gboolean        rsv1;
  gboolean        rsv2;
  gboolean        rsv3;
  DuplexDraftMask mask;
  guint8          key[4];
  guint8          length_bits;   /* 7, 16 or 64; 0 for the shortest that fits */
  gboolean        states_length; /* the header says length, whatever the payload is */
  guint64         length;
  GBytes         *payload; /* unmasked; NULL for none */
  guint64         stop;    /* bytes of the frame, header included, after which it stops half-way;
                              DUPLEX_DRAFT_WHOLE for none */
} DuplexFrameDraft;

#define DUPLEX_FRAME_DRAFT_INIT                          \
  {                                                      \
    .opcode = 1, .fin = TRUE, .stop = DUPLEX_DRAFT_WHOLE \
  }

/* A copy that shares the payload, and its end. */
DuplexFrameDraft *duplex_frame_draft_copy (const DuplexFrameDraft *self);
void              duplex_frame_draft_free (DuplexFrameDraft *self);

/* Fails with DUPLEX_ERROR_INVALID_ARGUMENT where it cannot be written at all: an opcode over 15, a
 * length that does not fit its bits, a stop of 0. */
gboolean duplex_frame_draft_check (const DuplexFrameDraft *self,
                                   GError                **error);

/* The header that role sends. */
void duplex_frame_draft_get_header (const DuplexFrameDraft *self,
                                    DuplexRole              role,
                                    DuplexMaskSource        source,
                                    gpointer                user_data,
                                    DuplexFrameHeader      *ret_header);

/* The number of bytes that role sends. self passed the check. */
gsize duplex_frame_draft_get_size (const DuplexFrameDraft *self,
                                   DuplexRole              role);

/* The bytes that role sends, up to the stop. self passed the check. */
GBytes *duplex_frame_draft_encode (const DuplexFrameDraft *self,
                                   DuplexRole              role,
                                   DuplexMaskSource        source,
                                   gpointer                user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexFrameDraft, duplex_frame_draft_free)

G_END_DECLS
