/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* duplex-cli serve: the demo server, until SIGINT or SIGTERM. */

#include <glib.h>

G_BEGIN_DECLS

/* argv[0] is the verb. Returns a DuplexCliStatus. */
int duplex_cli_serve (int    argc,
                      char **argv);

G_END_DECLS
