/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The rows of a capture that match a filter: a GListModel of DuplexRow (the capture's own objects)
 * that holds positions only. A worker thread goes over the capture in chunks and keeps up with what
 * is appended; what it found becomes visible on the thread that made the view, at most 20 times a
 * second. */

#include "core/model/duplex-capture.h"
#include "core/model/duplex-filter.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_CAPTURE_VIEW (duplex_capture_view_get_type ())
G_DECLARE_FINAL_TYPE (DuplexCaptureView, duplex_capture_view, DUPLEX, CAPTURE_VIEW, GObject)

/* Properties, read only:
 *   "busy"      gboolean: rows that are visible in the capture have not been looked at yet
 *   "progress"  double, 0 to 1: how far through the capture it is
 * Both change with the batches, of the capture and of what was found. When the capture is cleared,
 * so is the view. A row is looked at once: a bookmark or comment that it gets later changes
 * nothing. */

DuplexCaptureView *duplex_capture_view_new (DuplexCapture *capture,
                                            DuplexFilter  *filter);

/* Stops looking, for good; what was found stays. Dropping the last reference does the same. */
void duplex_capture_view_cancel (DuplexCaptureView *self);

gboolean      duplex_capture_view_get_busy (DuplexCaptureView *self);
double        duplex_capture_view_get_progress (DuplexCaptureView *self);
DuplexFilter *duplex_capture_view_get_filter (DuplexCaptureView *self);

/* The row of the capture that stands at position of the view, which is below its number of
 * items. */
guint64 duplex_capture_view_get_row (DuplexCaptureView *self,
                                     guint              position);

/* The position of the first match whose row is at or after row; the number of items where there is
 * none (yet). */
guint duplex_capture_view_find (DuplexCaptureView *self,
                                guint64            row);

G_END_DECLS
