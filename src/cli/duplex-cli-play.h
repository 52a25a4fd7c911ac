/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Reads a file from its beginning to its end and prints what is in it: a capture that was recorded,
 * or the JSON Lines of --json. Only a filter over JSON Lines holds them in memory. */

#include "cli/duplex-cli-printer.h"
#include "cli/duplex-cli-status.h"
#include "core/model/duplex-filter.h"

G_BEGIN_DECLS

/* With a filter only the rows that match are printed, with all events of each. What cannot be read
 * is said on standard error, the rest is printed, and the status is DUPLEX_CLI_USAGE. */
DuplexCliStatus duplex_cli_play (const char       *path,
                                 DuplexFilter     *filter,
                                 DuplexCliPrinter *printer,
                                 DuplexCliOutput  *output);

G_END_DECLS
