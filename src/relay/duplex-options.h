/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The command line of duplex-relay. */

#include "relay/duplex-settings.h"

G_BEGIN_DECLS

typedef struct
{
  GInetSocketAddress  *address; /* to listen on */
  DuplexRelaySettings *settings;
  guint                drain;   /* seconds */
  gboolean             version; /* only that is asked for */
} DuplexOptions;

void duplex_options_clear (DuplexOptions *self);

/* Fails for what is not known, cannot be, or would let anybody use the relay; the message is for
 * the user. --help is printed, and the program ended, by GLib. */
gboolean duplex_options_parse (DuplexOptions *self,
                               char         **arguments,
                               GError       **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DuplexOptions, duplex_options_clear)

G_END_DECLS
