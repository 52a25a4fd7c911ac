/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which rows of a message list are on screen: the bound rows, not what an adjustment says. */

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Position in the capture of the last row that is wholly inside list, or -1. */
gint64 shown_rows_get_last (GtkWidget *list);

G_END_DECLS
