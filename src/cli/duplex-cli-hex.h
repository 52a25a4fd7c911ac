/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Bytes written as hexadecimal digits. */

#include <glib.h>

G_BEGIN_DECLS

/* NULL where text is not pairs of hexadecimal digits; white space between pairs and "hex:" before
 * them, as duplex-cli prints it, are fine. */
GBytes *duplex_cli_hex_parse (const char *text,
                              gsize       len);

G_END_DECLS
