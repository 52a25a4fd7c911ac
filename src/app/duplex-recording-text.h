/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a recording's state is in words. */

#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

/* A sentence or two about what is wrong; NULL where there is nothing to say. trouble and the number
 * as the capture has them. */
char *duplex_recording_describe (DuplexRecording recording,
                                 const char     *trouble,
                                 guint64         n_not_kept);

/* "Recording · 3.4 MiB", "Not recorded": for a status bar. */
char *duplex_recording_text (DuplexRecording recording,
                             guint64         bytes);

/* Bytes that the capture's file takes, with what SQLite keeps beside it. */
guint64 duplex_recording_measure (const char *path);

G_END_DECLS
