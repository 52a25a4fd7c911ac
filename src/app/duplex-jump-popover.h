/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Asks for a time to go to, as duplex-jump-time.h reads it. */

#include <gtk/gtk.h>

#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_JUMP_POPOVER (duplex_jump_popover_get_type ())
G_DECLARE_FINAL_TYPE (DuplexJumpPopover, duplex_jump_popover, DUPLEX, JUMP_POPOVER, GtkPopover)

/* Signal: "jump" (gint64 time_us), as g_get_real_time() has it. */

GtkWidget *duplex_jump_popover_new (void);

/* Opens it for a capture's times. */
void duplex_jump_popover_ask (DuplexJumpPopover *self,
                              DuplexCapture     *capture);

G_END_DECLS
