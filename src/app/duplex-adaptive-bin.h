/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A container for the whole content of a window, which tells how wide it has become, so that panes
 * can be hidden when room gets scarce. It lets the window become narrower than its child's minimum:
 * a child that does not fit is cut at the end for the one frame until it has been told. (libadwaita
 * has AdwBreakpoint for this from 1.4 on; the floor is 1.2.) */

#include <adwaita.h>

G_BEGIN_DECLS

#define DUPLEX_TYPE_ADAPTIVE_BIN (duplex_adaptive_bin_get_type ())
G_DECLARE_FINAL_TYPE (DuplexAdaptiveBin, duplex_adaptive_bin, DUPLEX, ADAPTIVE_BIN, GtkWidget)

/* Properties: "child" (GtkWidget); "minimum-width" (int, px): how narrow it may become; "width"
 * (int, px, read only): as last allocated, 0 before. Its notify comes outside of layout, where
 * widgets may be shown and hidden. */

int duplex_adaptive_bin_get_width (DuplexAdaptiveBin *self);

G_END_DECLS
