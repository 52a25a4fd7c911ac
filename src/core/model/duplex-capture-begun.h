/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Frames that a file tells of before they are complete. Private to core/model. */

#include "core/model/duplex-capture.h"
#include "core/model/duplex-capture-file.h"

G_BEGIN_DECLS

/* The key of the file's table "meta". */
#define DUPLEX_CAPTURE_BEGUN "begun"

/* A payload was opened or ended: the file is to say so. With the capture's mutex held. */
void duplex_capture_begun_changed (DuplexCapture *self);

/* What the file is to say now: NULL where no such frame is open and none was, "" where none is any
 * more. Whoever asks gives it to the writer. With the mutex held. */
char *duplex_capture_take_begun (DuplexCapture *self);

/* Gives the writer what has changed and went with no block. With the mutex held. */
void duplex_capture_queue_begun (DuplexCapture *self);

/* Calls func for the open payloads that an event is known of. With the mutex held. */
void duplex_capture_walk_begun (DuplexCapture        *self,
                                DuplexCaptureWalkFunc func,
                                gpointer              user_data);

/* Frames that file has begun and never ended, as DuplexEvent with FLAG_CUT and the size of what is
 * there of them. */
GArray *duplex_capture_read_begun (DuplexCaptureFile *file);

G_END_DECLS
