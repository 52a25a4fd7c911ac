/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What rows need of their capture. Private to core/model. */

#include "core/model/duplex-capture.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

/* Returns FALSE to stop. event borrows from the capture for the time of the call and is not
 * cleared. */
typedef gboolean (*DuplexCaptureWalkFunc) (const DuplexEvent *event,
                                           gpointer           user_data);

/* Calls func for the events from number first to last that are (still) there, in order. A scan
 * within blocks, many times faster than duplex_capture_read() for each. */
void duplex_capture_walk (DuplexCapture        *self,
                          guint64               first,
                          guint64               last,
                          DuplexCaptureWalkFunc func,
                          gpointer              user_data);

/* A row is about to go: the list makes a new one when it is asked again. */
void duplex_capture_forget_row (DuplexCapture *self,
                                DuplexRow     *row);

G_END_DECLS
