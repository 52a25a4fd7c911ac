/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What both ends want of a socket and of the stream above it. */

#include <gio/gio.h>

G_BEGIN_DECLS

/* Frames are written whole, so waiting to fill a segment would only delay small ones (Nagle, RFC
 * 896). */
void duplex_socket_set_no_delay (GSocketConnection *connection);

/* Closes connection, whose socket goes on, non-blocking, by the descriptor that is returned:
 * without the objects around it. -1 where there is none to be had. */
int duplex_socket_steal_fd (GSocketConnection *connection);

/* What our system knows of the peer's, whether the program there reads or not. */
typedef struct
{
  guint64  acked;   /* goes up by each byte that it acknowledges */
  gboolean waits;   /* there are some that it has not */
  gint64   silence; /* µs since it answered last, where it was asked several times since; else 0 */
} DuplexSocketLook;

/* fd is of a TCP socket. All zeros where the system does not say. */
void duplex_socket_look (int               fd,
                         DuplexSocketLook *ret_look);

/* Closes stream, within a second: a TLS stream says close_notify first, which a peer that reads
 * nothing could block for ever. The context that is the thread's default must run. */
void duplex_socket_close_stream (GIOStream *stream);

G_END_DECLS
