/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-row-hold.h"

void
duplex_row_hold_release (gpointer row)
{
  g_return_if_fail (DUPLEX_IS_ROW (row));

  g_idle_add_once (g_object_unref, row);
}
