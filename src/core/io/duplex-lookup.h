/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Names to addresses, for those who look up the names that strangers give them. getaddrinfo()
 * blocks for as long as nobody answers for a name, 5 to 30 s; GResolver would do so in the ten
 * threads that all GTasks share. Here up to DUPLEX_LIMIT_LOOKUPS threads do nothing else, and end
 * when there is nothing to do.
 *
 * Whoever asks may hold half as many of them as are left: one alone a third of all, two a quarter
 * each, and so on. More than that waits, and askers take turns. What remains: a dozen who ask for
 * hundreds of mute names at once hold all threads until the first of those are given up, and then
 * whoever holds none is next; and askers who look like one, such as all behind a balancer, hold up
 * each other. */

#include <gio/gio.h>

G_BEGIN_DECLS

/* "localhost" and what ends with ".localhost", which is this machine (RFC 6761 §6.3). */
gboolean duplex_lookup_is_localhost (const char *name);

/* The addresses of what need not be looked up, which is an address itself or localhost; NULL for
 * any other name. Free with g_resolver_free_addresses(). */
GList *duplex_lookup_find_known (const char *name);

/* asker is the same number for lookups that share what one may hold. The callback comes on the
 * thread-default context of the caller; on cancelling it comes at once, and a lookup that still
 * waits then is never begun. While the same name is being asked for it is not asked for again. */
void duplex_lookup_async (const char         *name,
                          guint64             asker,
                          GCancellable       *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer            user_data);

/* GInetAddresses of both families in the system's order, each once, at least one; free with
 * g_resolver_free_addresses(). NULL and G_RESOLVER_ERROR otherwise, as GResolver has it, also for
 * names such as "127.1" that could be taken for addresses; or G_IO_ERROR_CANCELLED. */
GList *duplex_lookup_finish (GAsyncResult *result,
                             GError      **error);

G_END_DECLS
