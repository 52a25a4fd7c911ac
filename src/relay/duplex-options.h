/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the relay is told on its command line and in its file, and what that means. */

#include "relay/duplex-config.h"
#include "relay/duplex-settings.h"

G_BEGIN_DECLS

typedef struct
{
  /* owned */
  GInetSocketAddress *address;   /* to listen on, or where listen_fd does */
  int                 listen_fd; /* the socket that systemd passed, -1 for none; whoever takes it
                                    sets this to -1 */
  DuplexRelaySettings *settings; /* that the relay starts with */
  char                *capture;  /* file to record into, or NULL */
  char                *notice;   /* to be logged, or NULL */

  guint64  capture_budget; /* bytes */
  guint    workers;        /* 1 or more */
  guint    drain;          /* seconds */
  gboolean log_json;
  gboolean version; /* only that is asked for */

  /* private */
  DuplexConfig *config; /* that the relay was started with */
} DuplexOptions;

void duplex_options_clear (DuplexOptions *self);

/* Fills self, whatever it held. Fails for what is not known, cannot be, or would let anybody use
 * the relay; the message is for the user. --help is printed, and the program ended, by GLib. */
gboolean duplex_options_parse (DuplexOptions *self,
                               char         **arguments,
                               GError       **error);

/* Reads the file, the tokens and the certificates again, and gives the settings that are right now;
 * drain may change with them. What cannot change while the relay runs is logged where it did. NULL
 * and error where something is wrong, and then nothing has changed. */
DuplexRelaySettings *duplex_options_reload (DuplexOptions *self,
                                            GError       **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DuplexOptions, duplex_options_clear)

G_END_DECLS
