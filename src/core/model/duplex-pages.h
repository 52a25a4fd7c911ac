/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* New memory costs a page fault every 4 KiB when it is first written, which is more than the
 * copying of what is kept there. Where it is known that all of it will be written the kernel can be
 * asked for its pages at once. */

#include <glib.h>

G_BEGIN_DECLS

/* data, of size bytes, will be written soon. It is as it was before; where the kernel knows no such
 * call (before Linux 5.14) nothing happens. */
void duplex_pages_expect (gpointer data,
                          gsize    size);

G_END_DECLS
