/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A clock that stands still until the test turns it. A program that calls any of these has
 * g_get_monotonic_time(), g_timeout_source_new(), g_timeout_source_new_seconds() and, for such
 * sources, g_source_set_ready_time() of its own, also for the libraries that it uses: time is then
 * a part of the input, and no timer is waited for. g_timeout_add() and GLib's inside know nothing
 * of it. One thread. */

#include <glib.h>

G_BEGIN_DECLS

/* At its beginning again, and with that step. Sources of before must be gone. */
void duplex_fake_clock_reset (void);

/* Timers that are due run when the main loop turns next. */
void duplex_fake_clock_advance (gint64 us);

/* Microseconds by which each look at the clock turns it, 0 at first: as if work took time. */
void duplex_fake_clock_set_step (gint64 us);

G_END_DECLS
