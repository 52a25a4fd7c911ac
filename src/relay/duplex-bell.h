/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Calls a function on its own thread whenever another thread has rung, once for however many rings
 * came meanwhile. What it is about stands elsewhere, where both threads can see it. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexBell DuplexBell;

/* func is called from the main loop of the context that is thread default. */
DuplexBell *duplex_bell_new (GSourceOnceFunc func,
                             gpointer        user_data);
/* On that thread. func is not called any more. Nobody may ring. */
void duplex_bell_free (DuplexBell *self);

/* Any thread. */
void duplex_bell_ring (DuplexBell *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexBell, duplex_bell_free)

G_END_DECLS
