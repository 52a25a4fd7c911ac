/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Times as they are written in an expression, and where the window asks for one. Private to
 * core/model, save for that. */

#include <glib.h>

G_BEGIN_DECLS

/* A time is as long as what was written says: "12:01" is a minute, "12:01:02" a second. */
typedef struct
{
  gboolean is_of_day; /* of any day, in local time: µs from midnight; else as g_get_real_time() */
  gint64   first_us;
  gint64   last_us;
} DuplexFilterTime;

/* Reads a date ("2024-05-01"), a date and a time ("2024-05-01T12:01:02.5Z", "2024-05-01 12:01") or
 * a time of day ("12:01:02.123"). Without Z or an offset (+02:00) it is in zone. FALSE where text
 * (len bytes) is no such time. */
gboolean duplex_filter_time_parse (const char       *text,
                                   gsize             len,
                                   GTimeZone        *zone,
                                   DuplexFilterTime *ret_time);

/* The time of day in zone that time_us (g_get_real_time()) is. */
gint64 duplex_filter_time_get_of_day (gint64     time_us,
                                      GTimeZone *zone);

G_END_DECLS
