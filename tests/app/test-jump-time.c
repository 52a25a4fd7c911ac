/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-jump-time.h"

/* 2024-03-01 23:59:30 UTC, and ten minutes later. */
#define FIRST_US (G_GINT64_CONSTANT (1709337570) * G_USEC_PER_SEC)
#define LAST_US  (FIRST_US + G_GINT64_CONSTANT (600) * G_USEC_PER_SEC)

static const struct
{
  const char *text;
  gint64      offset_ms; /* from FIRST_US */
} times[] = {
  { "+0", 0 },
  { "+90", 90000 },
  { " +1.5 ", 1500 },
  { "+1:30", 90000 },
  { "+1:00:01.25", 3601250 },
  { "-10", 590000 },
  { "-0:10", 590000 },
  /* of the first day, and of the second where it has to be */
  { "23:59:40", 10000 },
  { "23:59", -30000 },
  { "00:01", 90000 },
  { "0:01:00.5", 90500 },
  { "12:00", -43170000 },
  { "2024-03-02 00:05", 330000 },
  { "2024-03-02T00:05:01.5", 331500 },
  { "2024-03-02", 30000 },
  { "2024-03-02T01:05:00+01:00", 330000 },
};

static const char *const nonsense[] = {
  "",
  " ",
  "+",
  "-",
  "x",
  "+1:",
  "+:1",
  "+1x",
  "+1:2:3:4",
  "25:00",
  "2024-13-01",
  "+1e9",
  "12:61",
  "+99999999999999999999",
};

static void
test_times (void)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      gint64 time_us = 0;

      if (!duplex_jump_time_parse (times[i].text, FIRST_US, LAST_US, zone, &time_us))
        g_error ("“%s” is no time", times[i].text);
      if (time_us != FIRST_US + times[i].offset_ms * 1000)
        g_error ("“%s” is %" G_GINT64_FORMAT " µs after the beginning", times[i].text,
                 time_us - FIRST_US);
    }
}

static void
test_nonsense (void)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();
  gint64                time_us;

  for (gsize i = 0; i < G_N_ELEMENTS (nonsense); i++)
    if (duplex_jump_time_parse (nonsense[i], FIRST_US, LAST_US, zone, &time_us))
      g_error ("“%s” is taken for a time", nonsense[i]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/jump-time/times", test_times);
  g_test_add_func ("/app/jump-time/nonsense", test_nonsense);

  return g_test_run ();
}
