/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-aside.h"

#include <glib/gi18n.h>

static void
tell_received (DuplexCliPrinter  *printer,
               DuplexSession     *session,
               const DuplexEvent *event)
{
  DuplexProfile   *profile = duplex_session_get_profile (session);
  DuplexCapture   *capture = duplex_session_get_capture (session);
  g_autofree char *words = NULL;

  if (event->opcode == DUPLEX_OPCODE_PONG && event->value >= 0)
    words = g_strdup_printf (_ ("pong after %.1f ms"), (double)event->value / 1000);
  else if (event->opcode == DUPLEX_OPCODE_PING &&
           duplex_profile_get_pong_mode (profile) == DUPLEX_PONG_NEVER)
    words = g_strdup (_ ("ping from the server"));
  if (words != NULL)
    duplex_cli_printer_note (printer, capture, event, words);
}

void
duplex_cli_aside_tell (DuplexCliPrinter  *printer,
                       DuplexSession     *session,
                       const DuplexEvent *event)
{
  if (event->kind != DUPLEX_EVENT_FRAME)
    return;
  if (event->direction == DUPLEX_DIRECTION_RECEIVED)
    tell_received (printer, session, event);
  else if ((event->flags & DUPLEX_EVENT_FLAG_DELIBERATE) &&
           duplex_cli_printer_get_what (printer) == DUPLEX_CLI_PRINT_MESSAGES)
    duplex_cli_printer_show_frame (printer, duplex_session_get_capture (session), event);
}
