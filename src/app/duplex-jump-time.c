/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-jump-time.h"

#include <string.h>

#include "core/model/duplex-filter-time.h"

/* Longer is no capture. */
#define MAX_SECONDS (100.0 * 366 * 24 * 3600)

/* Seconds, minutes and seconds, or hours, minutes and seconds, the last with a fraction. */
static gboolean
parse_span (const char *text,
            gint64     *ret_us)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", -1);
  guint          n = g_strv_length (parts);
  double         seconds = 0;

  if (n == 0 || n > 3)
    return FALSE;

  for (guint i = 0; i < n; i++)
    {
      const char *allowed = i + 1 == n ? "0123456789." : "0123456789";
      char       *end;

      if (*parts[i] == '\0' || parts[i][strspn (parts[i], allowed)] != '\0')
        return FALSE;
      seconds = seconds * 60 + g_ascii_strtod (parts[i], &end);
      if (*end != '\0' || seconds > MAX_SECONDS)
        return FALSE;
    }

  *ret_us = (gint64)(seconds * G_USEC_PER_SEC + 0.5);
  return TRUE;
}

/* The moment of that time of day in zone on the day of time_us, or days after it. */
static gint64
get_moment (gint64     time_us,
            gint64     of_day_us,
            int        days,
            GTimeZone *zone)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time_us / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = g_date_time_to_timezone (utc, zone);
  g_autoptr (GDateTime) day = g_date_time_add_days (local, days);
  g_autoptr (GDateTime) moment = NULL;
  gint64                seconds = of_day_us / G_USEC_PER_SEC;

  moment = g_date_time_new (zone, g_date_time_get_year (day), g_date_time_get_month (day),
                            g_date_time_get_day_of_month (day), (int)(seconds / 3600),
                            (int)(seconds / 60 % 60), (double)(seconds % 60));

  return g_date_time_to_unix (moment) * G_USEC_PER_SEC + of_day_us % G_USEC_PER_SEC;
}

gboolean
duplex_jump_time_parse (const char *text,
                        gint64      first_us,
                        gint64      last_us,
                        GTimeZone  *zone,
                        gint64     *ret_us)
{
  g_autofree char *own = NULL;
  DuplexFilterTime time;
  gint64           span_us;

  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (zone != NULL, FALSE);

  /* Nobody types the zero of "9:05". */
  if (g_ascii_isdigit (text[0]) && text[1] == ':')
    own = g_strstrip (g_strconcat ("0", text, NULL));
  else
    own = g_strstrip (g_strdup (text));
  if (*own == '+' || *own == '-')
    {
      if (!parse_span (own + 1, &span_us))
        return FALSE;
      *ret_us = *own == '+' ? first_us + span_us : last_us - span_us;
      return TRUE;
    }

  if (!duplex_filter_time_parse (own, strlen (own), zone, &time))
    return FALSE;
  if (!time.is_of_day)
    {
      *ret_us = time.first_us;
      return TRUE;
    }

  /* What began within that minute or second is meant, too. */
  *ret_us = get_moment (first_us, time.first_us, 0, zone);
  if (*ret_us + (time.last_us - time.first_us) < first_us)
    {
      gint64 next = get_moment (first_us, time.first_us, 1, zone);

      if (next <= last_us)
        *ret_us = next;
    }
  return TRUE;
}
