/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a profile offers of permessage-deflate, as a group of rows. */

#include <adwaita.h>

#include "core/model/duplex-profile.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_COMPRESSION_OPTIONS (duplex_compression_options_get_type ())
G_DECLARE_FINAL_TYPE (DuplexCompressionOptions,
                      duplex_compression_options,
                      DUPLEX,
                      COMPRESSION_OPTIONS,
                      AdwPreferencesGroup)

/* The rows and profile follow each other. */
void duplex_compression_options_set_profile (DuplexCompressionOptions *self,
                                             DuplexProfile            *profile);

G_END_DECLS
