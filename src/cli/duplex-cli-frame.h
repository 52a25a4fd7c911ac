/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How a person writes a frame: "[deliberate] OPCODE [OPTION...] [TEXT | hex:HEX]". Words, and no
 * guessing: a word that only looks like an option is an error that names it. */

#include "core/proto/duplex-frame-draft.h"

G_BEGIN_DECLS

/* TEXT begins with the first word that is no option, or behind "--" and a space. NULL with
 * DUPLEX_ERROR_INVALID_ARGUMENT, also for what duplex_frame_draft_check() refuses. */
DuplexFrameDraft *duplex_cli_frame_parse (const char *text,
                                          gboolean   *ret_deliberate,
                                          GError    **error);

/* "2,5": offsets that ascend, as duplex_session_send_split() takes them. */
GArray *duplex_cli_frame_parse_points (const char *text,
                                       GError    **error);

/* The lines of a help, from 0 on: words, and as a msgid what they do. NULL ends them. */
const char *duplex_cli_frame_get_help (guint        i,
                                       const char **ret_text);

G_END_DECLS
