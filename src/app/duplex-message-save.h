/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Saves a row's payload to a file that the person chooses: the bytes as they were sent, in
 * pieces, so that a message of any size passes through little memory. */

#include <gtk/gtk.h>

#include "core/model/duplex-row.h"

G_BEGIN_DECLS

/* Asks above parent where to, with name as the suggestion, and writes there in a worker thread. */
void duplex_message_save_async (DuplexRow          *row,
                                GtkWindow          *parent,
                                const char         *name,
                                GCancellable       *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer            user_data);
/* TRUE when it was saved. FALSE without an error when the person changed their mind. */
gboolean duplex_message_save_finish (GAsyncResult *result,
                                     GError      **error);

/* Writes row's payload to file, which is replaced once all is written. Blocks. Fails with
 * DUPLEX_ERROR_IO where bytes are missing because the capture was cleared or its file is damaged,
 * or with GIO's errors; then what was there before is left alone. */
gboolean duplex_message_save_to_file (DuplexRow    *row,
                                      GFile        *file,
                                      GCancellable *cancellable,
                                      GError      **error);

G_END_DECLS
