/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What happens to a session whose tab goes away: its connection is closed as RFC 6455 §7.1.1 wants
 * it, its recording is finished, and the program stays alive, without a window if need be, until
 * that has been done. The session ends it within its close timeout. */

#include <gio/gio.h>

#include "core/io/duplex-session.h"

G_BEGIN_DECLS

/* Starts closing (or gives up connecting), and holds application, a GtkApplication, and session
 * until the session is disconnected and its file is whole. Does nothing where both are so. What
 * could not be written is told in a window, or on stderr. */
void duplex_farewell (GApplication  *application,
                      DuplexSession *session);

G_END_DECLS
