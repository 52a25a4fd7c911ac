/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Reads a transfer's file while it is sent: one piece ahead, never more. Text is checked, and
 * handed out in whole characters, so that its message may be ended behind any piece. One thread,
 * with its thread-default context. */

#include "core/io/duplex-transfer-private.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_UPLOAD_NOT_YET, /* ready is called when there is more */
  DUPLEX_UPLOAD_PIECE,
  DUPLEX_UPLOAD_END,
  DUPLEX_UPLOAD_FAILED, /* see duplex_upload_get_error() */
} DuplexUploadStep;

typedef struct _DuplexUpload DuplexUpload;

/* The most payload bytes of each frame of a file, where fragment is wished for: 0 for any. What a
 * frame has is gathered in memory. */
gsize duplex_upload_get_fragment (gsize fragment);
/* Bytes that wait to leave beyond which nothing more is to be taken. */
gsize duplex_upload_get_most_waiting (gsize fragment);

/* fragment as above; reads are a part of a large one, or many small ones. ready is called when,
 * after NOT_YET, there is something to take. */
DuplexUpload *duplex_upload_new (DuplexTransfer *transfer,
                                 gsize           fragment,
                                 void (*ready) (gpointer user_data),
                                 gpointer user_data);
/* Bytes that are in memory already, a piece each time the main loop turns: what is done with one
 * takes its time. */
DuplexUpload *duplex_upload_new_for_bytes (GBytes *bytes,
                                           gsize   fragment,
                                           void (*ready) (gpointer user_data),
                                           gpointer user_data);
/* No call of ready after this, whatever is still being read. */
void duplex_upload_free (DuplexUpload *self);

/* NULL of bytes. */
DuplexTransfer *duplex_upload_get_transfer (DuplexUpload *self);

/* ret_piece is the caller's, and set with DUPLEX_UPLOAD_PIECE only. */
DuplexUploadStep duplex_upload_take (DuplexUpload *self,
                                     GBytes      **ret_piece);

const GError *duplex_upload_get_error (DuplexUpload *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexUpload, duplex_upload_free)

G_END_DECLS
