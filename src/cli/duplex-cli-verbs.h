/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The command line of duplex-cli: finds the verb and hands over. */

#include <glib.h>

G_BEGIN_DECLS

/* The whole program but its locale. Returns the exit status. */
int duplex_cli_run (int    argc,
                    char **argv);

G_END_DECLS
