/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The opening handshake of the connection that a row belongs to, or of the latest one: address,
 * encryption, time taken and outcome, findings, and the raw request and response. */

#include <gtk/gtk.h>

#include "core/model/duplex-capture.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_HANDSHAKE_PAGE (duplex_handshake_page_get_type ())
G_DECLARE_FINAL_TYPE (DuplexHandshakePage, duplex_handshake_page, DUPLEX, HANDSHAKE_PAGE, GtkWidget)

/* Properties: "capture" (DuplexCapture, nullable), "row" (DuplexRow, nullable: the latest). What
 * changes is shown while the page is in sight. */

G_END_DECLS
