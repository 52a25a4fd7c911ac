/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a relay and systemd say to each other: sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled
 * (3). Where nobody listens, or where Duplex was built without libsystemd, nothing happens. The
 * main thread. */

#include <gio/gio.h>

G_BEGIN_DECLS

/* The listening TCP socket that was passed, which is the caller's then, and where it is bound; -1
 * where none was, and with error set where what was passed cannot be used. Call it once. */
int duplex_systemd_take_socket (GInetSocketAddress **ret_address,
                                GError             **error);

/* Clients are taken, for the first time or after a reload. */
void duplex_systemd_ready (const char *status);
void duplex_systemd_reloading (void);
void duplex_systemd_stopping (const char *status);

/* How often systemd wants to hear that the relay is alive, in µs; 0 for never. */
guint64 duplex_systemd_get_watchdog (void);
void    duplex_systemd_alive (void);

G_END_DECLS
