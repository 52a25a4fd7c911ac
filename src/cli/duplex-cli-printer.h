/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Turns events into what duplex-cli prints: whole messages, frames, or JSON Lines. A payload of any
 * size is printed in pieces. */

#include "cli/duplex-cli-options.h"
#include "cli/duplex-cli-output.h"

G_BEGIN_DECLS

typedef struct _DuplexCliPrinter DuplexCliPrinter;

/* Borrows output. end stands behind each message or line: '\n' or NUL. */
DuplexCliPrinter *duplex_cli_printer_new (DuplexCliPrint   what,
                                          char             end,
                                          DuplexCliOutput *output);
void              duplex_cli_printer_free (DuplexCliPrinter *self);

DuplexCliPrint duplex_cli_printer_get_what (DuplexCliPrinter *self);

/* Control characters of messages, and those that change the direction of text, are spelled out, so
 * that no message commands the terminal or shows what it does not say. Frames and JSON Lines have
 * them spelled out in any case. */
void duplex_cli_printer_set_escapes (DuplexCliPrinter *self,
                                     gboolean          escapes);

/* Each message begins with "< ", or with "> " where sent ones are printed too. */
void duplex_cli_printer_set_marks (DuplexCliPrinter *self,
                                   gboolean          marks,
                                   gboolean          sent_too);

/* Events of one capture, in order; capture may be NULL where their payloads are in memory. Returns
 * whether a message that was received is complete now. */
gboolean duplex_cli_printer_take (DuplexCliPrinter  *self,
                                  DuplexCapture     *capture,
                                  const DuplexEvent *event);

/* A frame's line, as DUPLEX_CLI_PRINT_FRAMES has it, whatever else is printed. */
void duplex_cli_printer_show_frame (DuplexCliPrinter  *self,
                                    DuplexCapture     *capture,
                                    const DuplexEvent *event);

/* "* WORDS: "payload"", for a person; the payload of a control frame. */
void duplex_cli_printer_note (DuplexCliPrinter  *self,
                              DuplexCapture     *capture,
                              const DuplexEvent *event,
                              const char        *words);

/* Whether a part of a payload was not to be had, or room to gather a message. It was said on
 * standard error, but for JSON Lines, which say it themselves. */
gboolean duplex_cli_printer_is_damaged (DuplexCliPrinter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexCliPrinter, duplex_cli_printer_free)

G_END_DECLS
