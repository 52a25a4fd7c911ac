/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-filter-time.h"

#define SECOND_US ((gint64)G_USEC_PER_SEC)
#define MINUTE_US (60 * SECOND_US)
#define DAY_US    (24 * 60 * MINUTE_US)

/* Digits of a fraction of a second that are looked at. */
#define MICRO_DIGITS 6

typedef struct
{
  const char *at;
  const char *end;
} Reader;

static gboolean
take (Reader *reader,
      char    c)
{
  if (reader->at == reader->end || *reader->at != c)
    return FALSE;

  reader->at++;
  return TRUE;
}

static gboolean
take_number (Reader *reader,
             guint   n_digits,
             int    *ret_number)
{
  int number = 0;

  if (reader->end - reader->at < (gssize)n_digits)
    return FALSE;

  for (guint i = 0; i < n_digits; i++, reader->at++)
    {
      if (!g_ascii_isdigit (*reader->at))
        return FALSE;
      number = number * 10 + (*reader->at - '0');
    }

  *ret_number = number;
  return TRUE;
}

/* What follows the point. unit_us becomes the worth of its last digit. */
static gboolean
take_fraction (Reader *reader,
               gint64 *ret_us,
               gint64 *ret_unit_us)
{
  const char *start = reader->at;

  *ret_us = 0;
  *ret_unit_us = SECOND_US;
  for (; reader->at < reader->end && g_ascii_isdigit (*reader->at); reader->at++)
    {
      if (reader->at - start >= MICRO_DIGITS)
        continue;
      *ret_unit_us /= 10;
      *ret_us += *ret_unit_us * (*reader->at - '0');
    }

  return reader->at > start;
}

/* HH:MM[:SS[.FFF]]. */
static gboolean
take_time (Reader *reader,
           gint64 *ret_us,
           gint64 *ret_unit_us)
{
  int    hours;
  int    minutes;
  int    seconds = 0;
  gint64 fraction = 0;

  *ret_unit_us = MINUTE_US;
  if (!take_number (reader, 2, &hours) || !take (reader, ':') ||
      !take_number (reader, 2, &minutes))
    return FALSE;

  if (take (reader, ':'))
    {
      if (!take_number (reader, 2, &seconds))
        return FALSE;
      *ret_unit_us = SECOND_US;
      if (take (reader, '.') && !take_fraction (reader, &fraction, ret_unit_us))
        return FALSE;
    }
  if (hours > 23 || minutes > 59 || seconds > 59)
    return FALSE;

  *ret_us = (hours * 3600 + minutes * 60 + seconds) * SECOND_US + fraction;
  return TRUE;
}

/* Z, +HH:MM or -HH:MM; or nothing, which leaves ret_zone alone. */
static gboolean
take_zone (Reader     *reader,
           GTimeZone **ret_zone)
{
  gboolean is_west;
  int      hours;
  int      minutes;
  int      seconds;

  if (take (reader, 'Z') || take (reader, 'z'))
    {
      *ret_zone = g_time_zone_new_utc ();
      return TRUE;
    }

  is_west = take (reader, '-');
  if (!is_west && !take (reader, '+'))
    return TRUE;
  if (!take_number (reader, 2, &hours) || !take (reader, ':') ||
      !take_number (reader, 2, &minutes) || hours > 23 || minutes > 59)
    return FALSE;

  seconds = hours * 3600 + minutes * 60;
  *ret_zone = g_time_zone_new_offset (is_west ? -seconds : seconds);
  return TRUE;
}

/* What follows the date: a time, or nothing. */
static gboolean
take_time_of_date (Reader     *reader,
                   gint64     *ret_us,
                   gint64     *ret_unit_us,
                   GTimeZone **ret_zone)
{
  *ret_us = 0;
  *ret_unit_us = DAY_US;
  if (reader->at == reader->end)
    return TRUE;
  if (!take (reader, 'T') && !take (reader, 't') && !take (reader, ' '))
    return FALSE;

  return take_time (reader, ret_us, ret_unit_us) && take_zone (reader, ret_zone);
}

static gboolean
take_date_and_time (Reader           *reader,
                    GTimeZone        *zone,
                    DuplexFilterTime *ret_time)
{
  g_autoptr (GTimeZone) own_zone = NULL;
  g_autoptr (GDateTime) date = NULL;
  int                   year;
  int                   month;
  int                   day;
  gint64                time_us;
  gint64                unit_us;
  int                   minutes;

  if (!take_number (reader, 4, &year) || !take (reader, '-') || !take_number (reader, 2, &month) ||
      !take (reader, '-') || !take_number (reader, 2, &day) ||
      !take_time_of_date (reader, &time_us, &unit_us, &own_zone))
    return FALSE;

  minutes = (int)(time_us / MINUTE_US);
  date = g_date_time_new (own_zone != NULL ? own_zone : zone, year, month, day, minutes / 60,
                          minutes % 60, 0);
  if (date == NULL)
    return FALSE;

  ret_time->is_of_day = FALSE;
  ret_time->first_us = g_date_time_to_unix (date) * SECOND_US +
                       time_us % MINUTE_US;
  ret_time->last_us = ret_time->first_us + unit_us - 1;
  return TRUE;
}

gboolean
duplex_filter_time_parse (const char       *text,
                          gsize             len,
                          GTimeZone        *zone,
                          DuplexFilterTime *ret_time)
{
  Reader           reader = { text, text + len };
  DuplexFilterTime result = { 0 };
  gint64           unit_us;

  if (len > 2 && text[2] == ':')
    {
      if (!take_time (&reader, &result.first_us, &unit_us))
        return FALSE;
      result.is_of_day = TRUE;
      result.last_us = result.first_us + unit_us - 1;
    }
  else if (!take_date_and_time (&reader, zone, &result))
    {
      return FALSE;
    }

  if (reader.at != reader.end)
    return FALSE;
  *ret_time = result;
  return TRUE;
}

gint64
duplex_filter_time_get_of_day (gint64     time_us,
                               GTimeZone *zone)
{
  gint64 seconds = time_us / SECOND_US;
  int    interval = g_time_zone_find_interval (zone, G_TIME_TYPE_UNIVERSAL, seconds);
  gint64 local_us = time_us + g_time_zone_get_offset (zone, interval) * SECOND_US;

  return (local_us % DAY_US + DAY_US) % DAY_US;
}
