/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where a live session has its composer: what a stored one is, and a way to connect again. */

#include <gtk/gtk.h>

#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_STORED_BAR (duplex_stored_bar_get_type ())
G_DECLARE_FINAL_TYPE (DuplexStoredBar, duplex_stored_bar, DUPLEX, STORED_BAR, GtkWidget)

/* Property: "capture" (DuplexCapture or NULL).
 * Its button has the action page.open-profile. */

GtkWidget *duplex_stored_bar_new (void);

void duplex_stored_bar_set_capture (DuplexStoredBar *self,
                                    DuplexCapture   *capture);

G_END_DECLS
