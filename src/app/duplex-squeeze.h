/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Lays out a horizontal row for narrow windows: where the natural widths do not fit, children that
 * are marked as droppable disappear, one after the other, before anything else shrinks. A child is
 * marked by the layout property "drop": 0 stays always (the default), the highest number goes
 * first. Children that expand share what is left over. The row's minimum width is that of the
 * children that stay. */

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define DUPLEX_TYPE_SQUEEZE (duplex_squeeze_get_type ())
G_DECLARE_FINAL_TYPE (DuplexSqueeze, duplex_squeeze, DUPLEX, SQUEEZE, GtkLayoutManager)

#define DUPLEX_TYPE_SQUEEZE_SLOT (duplex_squeeze_slot_get_type ())
G_DECLARE_FINAL_TYPE (DuplexSqueezeSlot, duplex_squeeze_slot, DUPLEX, SQUEEZE_SLOT, GtkLayoutChild)

/* Property: "spacing", pixels between two children. */
GtkLayoutManager *duplex_squeeze_new (guint spacing);

G_END_DECLS
