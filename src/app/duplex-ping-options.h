/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How a profile's connections answer pings and send them, as a group of rows. */

#include <adwaita.h>

#include "core/model/duplex-profile.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_PING_OPTIONS (duplex_ping_options_get_type ())
G_DECLARE_FINAL_TYPE (DuplexPingOptions,
                      duplex_ping_options,
                      DUPLEX,
                      PING_OPTIONS,
                      AdwPreferencesGroup)

/* The rows and profile follow each other. */
void duplex_ping_options_set_profile (DuplexPingOptions *self,
                                      DuplexProfile     *profile);

G_END_DECLS
