/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the history says to a person about a recorded session. Pure functions; results that are not
 * const belong to the caller. */

#include "core/model/duplex-history-entry.h"

G_BEGIN_DECLS

/* What it is called: the URL's host where that is all there is. */
char *duplex_text_history_name (DuplexHistoryEntry *entry);

/* "1.2 MiB": binary units, as the budget has them. */
char *duplex_text_file_size (guint64 bytes);

/* When it was, as seen from now: "Today, 14:03", "Yesterday, 14:03", "4 May, 14:03", "4 May 2026,
 * 14:03". */
char *duplex_text_when (gint64     time_us,
                        GDateTime *now);

/* How it ended, or that it goes on: "Closed normally", "Recording". */
char *duplex_text_history_end (DuplexHistoryEntry *entry);

/* The icon for that. */
const char *duplex_text_history_icon (DuplexHistoryEntry *entry);

/* The style class to show that in: "success", "warning", "error" or "dim-label". */
const char *duplex_text_history_style (DuplexHistoryEntry *entry);

/* One sentence on a failure of reading, opening or changing a capture, with the error's own message
 * as its detail. */
char *duplex_text_capture_error (const GError *error);

/* The second line: the URL; of what cannot be read the reason. */
char *duplex_text_history_place (DuplexHistoryEntry *entry);

/* The third line: "Closed normally · 12 s · ↑ 3  ↓ 1,204 · 1.2 MiB". */
char *duplex_text_history_facts (DuplexHistoryEntry *entry);

/* All of it in words, for a screen reader. */
char *duplex_text_history_label (DuplexHistoryEntry *entry,
                                 GDateTime          *now);

/* "3 old sessions (1.2 GiB) were removed to stay within 2 GiB". */
char *duplex_text_dropped (guint   count,
                           guint64 bytes,
                           guint64 budget);

/* "12 sessions, 1.2 GiB of 2 GiB". */
char *duplex_text_history_sum (guint   count,
                               guint64 bytes,
                               guint64 budget);

G_END_DECLS
