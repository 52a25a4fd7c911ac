/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Asks for the comment on a row of the message list. */

#include <gtk/gtk.h>

#include "core/model/duplex-row.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_LIST_NOTE (duplex_list_note_get_type ())
G_DECLARE_FINAL_TYPE (DuplexListNote, duplex_list_note, DUPLEX, LIST_NOTE, GtkPopover)

/* Signal: "failed" (GError *): the comment could not be kept. */

GtkWidget *duplex_list_note_new (void);

/* Opens it for row. */
void duplex_list_note_edit (DuplexListNote *self,
                            DuplexRow      *row);

G_END_DECLS
