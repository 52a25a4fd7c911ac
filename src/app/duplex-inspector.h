/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What is beside the message list: the selected message, its frames, the handshake of its
 * connection, and statistics, a page each. It works from 300 px of width on. */

#include <gtk/gtk.h>

#include "core/model/duplex-capture.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_INSPECTOR (duplex_inspector_get_type ())
G_DECLARE_FINAL_TYPE (DuplexInspector, duplex_inspector, DUPLEX, INSPECTOR, GtkWidget)

/* Properties: "capture" (DuplexCapture, nullable); "row" (DuplexRow, nullable: none is selected);
 * "page-name" (string: "message", "frames", "handshake", "statistics"). */

GtkWidget *duplex_inspector_new (void);

DuplexCapture *duplex_inspector_get_capture (DuplexInspector *self);
void           duplex_inspector_set_capture (DuplexInspector *self,
                                             DuplexCapture   *capture);

DuplexRow *duplex_inspector_get_row (DuplexInspector *self);
void       duplex_inspector_set_row (DuplexInspector *self,
                                     DuplexRow       *row);

const char *duplex_inspector_get_page_name (DuplexInspector *self);
void        duplex_inspector_set_page_name (DuplexInspector *self,
                                            const char      *name);

G_END_DECLS
