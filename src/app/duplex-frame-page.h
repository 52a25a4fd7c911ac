/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The frames of one row: a table of them, and of the selected one its findings, the picture of
 * RFC 6455 §5.2, each field in words, and its bytes as they were on the wire. A field or finding
 * that is chosen in one of these is marked in the others. */

#include <gtk/gtk.h>

#include "core/model/duplex-row.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_FRAME_PAGE (duplex_frame_page_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFramePage, duplex_frame_page, DUPLEX, FRAME_PAGE, GtkWidget)

/* Property "row" (DuplexRow, nullable). It is looked at while the page is in sight. */

void duplex_frame_page_set_row (DuplexFramePage *self,
                                DuplexRow       *row);

G_END_DECLS
