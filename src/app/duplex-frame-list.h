/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The frames of one row as a GListModel of DuplexFrameItem, each read from the capture when a list
 * asks for it. It never changes. */

#include "app/duplex-frame-item.h"
#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_FRAME_LIST (duplex_frame_list_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFrameList, duplex_frame_list, DUPLEX, FRAME_LIST, GObject)

/* numbers holds the frames' numbers in capture, as guint64; it is kept and must not change. */
DuplexFrameList *duplex_frame_list_new (DuplexCapture *capture,
                                        GArray        *numbers);

G_END_DECLS
