/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What duplex-history.c and its jobs share. */

#include "core/model/duplex-history.h"

G_BEGIN_DECLS

/* Looks at the folder now, where somebody watches. */
void duplex_history_look (DuplexHistory *self);

/* Removes for good what was taken away from path. A program that ends first leaves the rest, which
 * the next history brings back or removes. */
void duplex_history_destroy_in_thread (const char *path);

G_END_DECLS
