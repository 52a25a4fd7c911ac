/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* duplex-cli show and export: what a capture holds, as connect would have printed it, or in another
 * format. */

#include <glib.h>

G_BEGIN_DECLS

/* argv[0] is the verb. Return a DuplexCliStatus. */
int duplex_cli_show (int    argc,
                     char **argv);
int duplex_cli_export (int    argc,
                       char **argv);

G_END_DECLS
