/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The popover of saved filters: choose one, remove one, save what stands in the filter bar under a
 * name. They are kept in the settings; where there are none, as long as the popover lives. */

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define DUPLEX_TYPE_FILTER_MENU (duplex_filter_menu_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFilterMenu, duplex_filter_menu, DUPLEX, FILTER_MENU, GtkPopover)

/* Property: "expression" (string, never NULL): what "Save" saves; "" for nothing.
 * Signal: "chosen" (const char *expression). */

GtkWidget *duplex_filter_menu_new (void);

G_END_DECLS
