/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The buttons of the filter bar that write an expression: one for each DuplexFilterChip. */

#include <gtk/gtk.h>

#include "app/duplex-filter-terms.h"

G_BEGIN_DECLS

typedef struct
{
  GtkToggleButton *buttons[DUPLEX_N_FILTER_CHIPS]; /* borrowed */
} DuplexFilterChips;

/* Adds them to parent, before a child of it. Those of a relay's legs are not visible yet. toggled
 * is called with object, swapped, as long as that lives. */
void duplex_filter_chips_add (DuplexFilterChips *self,
                              GtkWidget         *parent,
                              GtkWidget         *before,
                              GCallback          toggled,
                              gpointer           object);

/* Those that are pressed, 1 << DuplexFilterChip each. */
guint duplex_filter_chips_get_active (DuplexFilterChips *self);
void  duplex_filter_chips_set_active (DuplexFilterChips *self,
                                      guint              chips);

/* Whether there are legs to choose from. */
void duplex_filter_chips_set_has_legs (DuplexFilterChips *self,
                                       gboolean           has_legs);

G_END_DECLS
