/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The file of connect --capture: begins before the first byte, says once when it stalls, and at its
 * end what is not in it. */

#include "cli/duplex-cli-options.h"

G_BEGIN_DECLS

typedef struct _DuplexCliRecording DuplexCliRecording;

/* session has not connected yet. NULL and an error to show where the file exists or cannot be
 * made. */
DuplexCliRecording *duplex_cli_recording_new (const DuplexCliOptions *options,
                                              DuplexSession          *session,
                                              GError                **error);
void                duplex_cli_recording_free (DuplexCliRecording *self);

/* Ends it; blocks until all is written. FALSE where something is not in the file: it was said on
 * standard error. */
gboolean duplex_cli_recording_finish (DuplexCliRecording *self);

/* Removes the file: nothing was recorded. */
void duplex_cli_recording_discard (DuplexCliRecording *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexCliRecording, duplex_cli_recording_free)

G_END_DECLS
