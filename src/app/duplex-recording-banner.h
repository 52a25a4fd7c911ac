/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Says what is wrong with the recording of a capture: that it is not recorded now, why, and how
 * much is not in the file; or what a stored one lacks. Out of sight while all is well. */

#include <gtk/gtk.h>

#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_RECORDING_BANNER (duplex_recording_banner_get_type ())
G_DECLARE_FINAL_TYPE (DuplexRecordingBanner,
                      duplex_recording_banner,
                      DUPLEX,
                      RECORDING_BANNER,
                      GtkWidget)

/* Property: "capture" (DuplexCapture or NULL). */

GtkWidget *duplex_recording_banner_new (void);

void duplex_recording_banner_set_capture (DuplexRecordingBanner *self,
                                          DuplexCapture         *capture);

G_END_DECLS
