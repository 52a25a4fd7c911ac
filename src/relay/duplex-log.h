/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Lines for whoever runs the relay: on stderr, with the time. They name hosts and codes, never what
 * was said: no payload, no query, no token. */

#include <glib.h>

G_BEGIN_DECLS

void duplex_log (const char *format,
                 ...) G_GNUC_PRINTF (1, 2);

G_END_DECLS
