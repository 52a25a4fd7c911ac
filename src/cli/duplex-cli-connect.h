/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* duplex-cli connect: one connection from a terminal or a script. */

#include <glib.h>

G_BEGIN_DECLS

/* argv[0] is the verb. Returns a DuplexCliStatus. */
int duplex_cli_connect (int    argc,
                        char **argv);

G_END_DECLS
