/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A file in memory that can be read, in pieces, and may break in the middle. Reading it without
 * blocking takes turns of the main loop and no thread. */

#include <gio/gio.h>

G_BEGIN_DECLS

/* A read gives at most piece bytes, 0 for any number. With breaks, reading fails where content
 * ends. */
GFile *duplex_fake_file_new (GBytes  *content,
                             gsize    piece,
                             gboolean breaks);

G_END_DECLS
