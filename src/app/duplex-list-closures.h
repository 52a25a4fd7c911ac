/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Pure functions for closures of duplex-message-list.ui. The first argument is never looked at. */

#include <glib.h>

G_BEGIN_DECLS

/* The button that leads to the end of the list: what waits there, or where it leads. */
char *duplex_closure_new_messages (gpointer instance,
                                   guint    n_new);

G_END_DECLS
