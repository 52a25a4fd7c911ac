/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/io/duplex-leg.h"

G_BEGIN_DECLS

/* For duplex_leg_new_stream(). */
DuplexLeg *duplex_leg_new_tls (DuplexPoller   *poller,
                               GTlsConnection *stream);

G_END_DECLS
