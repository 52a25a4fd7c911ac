/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Lays children out in a row that goes on in the next line where there is no room, like words. A
 * child that expands takes what is left of its line. The minimum width is that of the widest
 * child. */

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define DUPLEX_TYPE_FILTER_FLOW (duplex_filter_flow_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFilterFlow, duplex_filter_flow, DUPLEX, FILTER_FLOW, GtkLayoutManager)

/* Property: "spacing", pixels between two children and between two lines. */
GtkLayoutManager *duplex_filter_flow_new (guint spacing);

G_END_DECLS
