/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a person types to say when: "12:01:02.5" and "12:01" (of the first day on which it is not
 * before the beginning), "2024-03-01 12:01", "+90", "+1:30" (after the beginning), "-10" (before
 * the end). */

#include <glib.h>

G_BEGIN_DECLS

/* The beginning and the end of what is jumped in, as g_get_real_time() has them; times without an
 * offset are in zone. FALSE where text says no time. */
gboolean duplex_jump_time_parse (const char *text,
                                 gint64      first_us,
                                 gint64      last_us,
                                 GTimeZone  *zone,
                                 gint64     *ret_us);

G_END_DECLS
