/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-status.h"

#include <stdio.h>

#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"

void
duplex_cli_complain (const char *format,
                     ...)
{
  g_autofree char *text = NULL;
  va_list          args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  fprintf (stderr, "duplex-cli: %s\n", g_strdelimit (text, "\n", ' '));
}

gboolean
duplex_cli_refuse (GError    **error,
                   const char *format,
                   ...)
{
  va_list args;

  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT, format,
                                                args));
  va_end (args);
  return FALSE;
}

DuplexCliStatus
duplex_cli_status_of_error (const GError *error,
                            gboolean      was_open)
{
  if (error->domain != DUPLEX_ERROR)
    return was_open ? DUPLEX_CLI_CLOSED : DUPLEX_CLI_CONNECT;
  if (error->code == DUPLEX_ERROR_PROTOCOL)
    return DUPLEX_CLI_PROTOCOL;
  if (was_open)
    return DUPLEX_CLI_CLOSED;
  if (error->code == DUPLEX_ERROR_HANDSHAKE_REFUSED ||
      error->code == DUPLEX_ERROR_HANDSHAKE_INVALID || error->code == DUPLEX_ERROR_TOO_BIG)
    return DUPLEX_CLI_REFUSED;
  if (error->code == DUPLEX_ERROR_INVALID_URL || error->code == DUPLEX_ERROR_INVALID_ARGUMENT)
    return DUPLEX_CLI_USAGE;
  return DUPLEX_CLI_CONNECT;
}

DuplexCliStatus
duplex_cli_status_of_code (guint16 close_code)
{
  switch (close_code)
    {
    case DUPLEX_CLOSE_NORMAL:
    case DUPLEX_CLOSE_GOING_AWAY:
    case DUPLEX_CLOSE_NO_STATUS:
      return DUPLEX_CLI_OK;
    default:
      return DUPLEX_CLI_CLOSED;
    }
}
