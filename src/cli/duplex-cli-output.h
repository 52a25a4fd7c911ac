/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A file or standard output that lines are written to, gathered in large writes. Blocks until the
 * reader takes them. After a failure nothing is written any more. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexCliOutput DuplexCliOutput;

/* fd stays the caller's. */
DuplexCliOutput *duplex_cli_output_new (int fd);
/* A file that is created, for its owner alone, or emptied; its error is GLib's. */
DuplexCliOutput *duplex_cli_output_new_for_file (const char *path,
                                                 GError    **error);
/* Without flushing. */
void duplex_cli_output_free (DuplexCliOutput *self);

/* To append to; duplex_cli_output_settle() afterwards. */
GString *duplex_cli_output_get_buffer (DuplexCliOutput *self);
/* Writes when much is there. */
void duplex_cli_output_settle (DuplexCliOutput *self);
/* Writes all. FALSE once writing has failed. */
gboolean duplex_cli_output_flush (DuplexCliOutput *self);

/* errno of the failure, or 0. */
int duplex_cli_output_get_failure (DuplexCliOutput *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexCliOutput, duplex_cli_output_free)

G_END_DECLS
