/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What both ends want of a TCP socket. */

#include <gio/gio.h>

G_BEGIN_DECLS

/* Frames are written whole, so waiting to fill a segment would only delay small ones (Nagle, RFC
 * 896). */
void duplex_socket_set_no_delay (GSocketConnection *connection);

G_END_DECLS
