/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The server's end of one connection, used from the test's own thread: what has come is looked at
 * as frames, and what the test writes goes out at once. A thread behind it reads. It answers a
 * Close with the same one, and ends when the client does. */

#include "core/proto/duplex-frame.h"
#include "duplex-io-support.h"

G_BEGIN_DECLS

typedef struct _FarEnd FarEnd;

/* extensions is the value of Sec-WebSocket-Extensions in its answer, or NULL. */
FarEnd     *far_end_new (const char *extensions);
const char *far_end_get_url (FarEnd *self);
void        far_end_free (FarEnd *self);

/* Before the connection, or any time: whether it reads, and answers a Close. Both TRUE at first. */
void far_end_set_reads (FarEnd *self, gboolean reads);
void far_end_set_answers (FarEnd *self, gboolean answers);

/* A fixture that is connected to it. */
Fixture *fixture_new_far (FarEnd *far);

/* Once the client is connected. far_end_write_frame() writes it unmasked; first is its first byte.
 */
void far_end_write (FarEnd *self, const void *data, gsize len);
void far_end_write_frame (FarEnd *self, guint8 first, const void *data, gsize len);
/* Ends TCP without a word. */
void far_end_end (FarEnd *self);

/* The frames so far: "81+5 89+0", each as its first byte and its payload's size; " cut 3" behind
 * them for three bytes of one that is not whole. */
char *far_end_dup_frames (FarEnd *self);
/* Of the n-th, from 0; NULL where it has not come. The payload is unmasked. */
GBytes *far_end_dup_payload (FarEnd *self, guint n);
/* The payload of frames first to last together. */
GByteArray *far_end_dup_message (FarEnd *self, guint first, guint last);
/* Whether each that came was masked. */
gboolean far_end_all_masked (FarEnd *self);
/* The bytes behind the last whole frame, as they came. */
GBytes *far_end_dup_rest (FarEnd *self);
/* All bytes so far, but for the request. */
guint64  far_end_get_n_bytes (FarEnd *self);
gboolean far_end_has_ended (FarEnd *self);

/* Run the main loop until so many frames have come, or so many bytes behind the last one, or the
 * client has ended. */
void far_end_wait_frames (FarEnd *self, Fixture *f, guint n);
void far_end_wait_rest (FarEnd *self, Fixture *f, gsize n);
void far_end_wait_end (FarEnd *self, Fixture *f);
/* Waits for the n-th frame, and returns the code that its payload begins with. */
guint16 far_end_get_close_code (FarEnd *self, Fixture *f, guint n);
/* Waits for as many frames as are named, and compares. */
void far_end_assert_frames (FarEnd *self, Fixture *f, const char *frames);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FarEnd, far_end_free)

G_END_DECLS
