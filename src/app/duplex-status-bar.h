/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The bottom row of a page: the state of its session, what went up and down, the last round trip,
 * how well messages are compressed, findings, how long the connection stands. Follows the capture,
 * so at most 20 times a second. */

#include <gtk/gtk.h>

#include "core/io/duplex-session.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_STATUS_BAR (duplex_status_bar_get_type ())
G_DECLARE_FINAL_TYPE (DuplexStatusBar, duplex_status_bar, DUPLEX, STATUS_BAR, GtkWidget)

/* Property: "session" (DuplexSession, may be NULL).
 * Signal: "show-finding" (): the count of findings was pressed. */
DuplexStatusBar *duplex_status_bar_new (void);

void duplex_status_bar_set_session (DuplexStatusBar *self,
                                    DuplexSession   *session);

G_END_DECLS
