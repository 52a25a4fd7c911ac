/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One line of what duplex-export-jsonl.h writes, as an event. Members that are not known are
 * ignored. */

#include "core/model/duplex-event.h"

G_BEGIN_DECLS

typedef struct _DuplexJsonlReader DuplexJsonlReader;

DuplexJsonlReader *duplex_jsonl_reader_new (void);
void               duplex_jsonl_reader_free (DuplexJsonlReader *self);

/* line has no line feed. Fills ret_event, which borrows from self until the next call; number and
 * first are those of the file. Fails with DUPLEX_ERROR_SYNTAX: no JSON object, a member of the
 * wrong type, or no "event", "time" or, of a frame, "direction" or "type" that is known. */
gboolean duplex_jsonl_reader_parse (DuplexJsonlReader *self,
                                    const char        *line,
                                    gsize              len,
                                    DuplexEvent       *ret_event,
                                    GError           **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexJsonlReader, duplex_jsonl_reader_free)

G_END_DECLS
