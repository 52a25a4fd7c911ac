/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-log.h"

/* What a backend answered may be in a line; it shall not look like another line, or command a
 * terminal. */
static void
blank_controls (char *text)
{
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text))
      *text = ' ';
}

void
duplex_log (const char *format,
            ...)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char      *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.%fZ");
  g_autofree char      *line = NULL;
  va_list               arguments;

  va_start (arguments, format);
  line = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  blank_controls (line);
  g_printerr ("%s %s\n", time, line);
}
