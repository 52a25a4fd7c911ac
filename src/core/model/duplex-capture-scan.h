/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The thread that looks for a view's rows: it goes over the capture some milliseconds at a time and
 * waits where there is no more to see. What it found is handed over on the thread that made it, at
 * most 20 times a second. All functions are for that thread. Private to core/model. */

#include "core/model/duplex-capture.h"
#include "core/model/duplex-filter.h"

G_BEGIN_DECLS

typedef struct _DuplexCaptureScan DuplexCaptureScan;

/* There is something to take. Runs in the main context that was thread default. */
typedef void (*DuplexCaptureScanFunc) (gpointer user_data);

DuplexCaptureScan *duplex_capture_scan_new (DuplexCapture        *capture,
                                            DuplexFilter         *filter,
                                            DuplexCaptureScanFunc func,
                                            gpointer              user_data);

/* Stops, and does not wait for what is still looked at: the thread ends by itself. func is not
 * called any more. */
void duplex_capture_scan_free (DuplexCaptureScan *self);

/* The capture has so many rows now, more than before. */
void duplex_capture_scan_set_rows (DuplexCaptureScan *self,
                                   guint              n_rows);

/* The rows are others: begins at row 0. */
void duplex_capture_scan_restart (DuplexCaptureScan *self,
                                  guint              n_rows);

/* Appends to matches, an array of guint32, the rows that were found since the last time, ascending.
 * Returns how many rows have been looked at. */
guint duplex_capture_scan_take (DuplexCaptureScan *self,
                                GArray            *matches);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexCaptureScan, duplex_capture_scan_free)

G_END_DECLS
