/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A leg over a pollable GIO stream, plain or TLS, on the thread-default context. */

#include <gio/gio.h>

#include "core/io/duplex-leg.h"

G_BEGIN_DECLS

/* leftover, may be NULL, are bytes that were already read from the stream; they are read first. */
DuplexLeg *duplex_stream_leg_new (GIOStream *stream,
                                  GBytes    *leftover);

G_END_DECLS
