/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-error.h"

G_DEFINE_QUARK (duplex - error - quark, duplex_error)
