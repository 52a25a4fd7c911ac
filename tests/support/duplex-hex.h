/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Bytes written in tests the way that specifications write them: "81 05 48 65 6c 6c 6f". */

#include <glib.h>

G_BEGIN_DECLS

/* White space is skipped; anything else that is no pair of digits ends the test. */
GBytes *duplex_hex_decode (const char *hex);

/* "8105", lower case, without spaces. */
char *duplex_hex_encode (const guint8 *data,
                         gsize         len);

G_END_DECLS
