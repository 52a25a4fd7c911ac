/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A DuplexRow that a worker thread reads from. Rows are known to their capture's list and must
 * end on its thread, but a GTask may free its data in the worker. */

#include "core/model/duplex-row.h"

G_BEGIN_DECLS

/* Gives up a reference from any thread; it is dropped when the main loop is idle. A
 * GDestroyNotify. */
void duplex_row_hold_release (gpointer row);

G_END_DECLS
