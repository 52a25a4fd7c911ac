/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Lines for whoever runs the relay: on stderr, with the time, as text or as one JSON object each.
 * They name hosts and codes, never what was said: no payload, no query, no token. Any thread; none
 * of them waits for stderr. Lines for which there was no room, since nobody reads, are counted, and
 * "lost lines=N" stands in their place.
 *
 *   DuplexLogLine *line = duplex_log_begin ("open");
 *
 *   duplex_log_add_number (line, "connection", 7);
 *   duplex_log_add (line, "client", "127.0.0.1:4711");
 *   duplex_log_end (line);
 *
 *   2026-11-22T18:00:00.123456Z open connection=7 client=127.0.0.1:4711
 *   {"time":"2026-11-22T18:00:00.123456Z","event":"open","connection":7,"client":"…"} */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexLogLine DuplexLogLine;

/* Once, before the first line. */
void duplex_log_set_json (gboolean json);

/* event names what happened: "open", "closed", "refused". */
DuplexLogLine *duplex_log_begin (const char *event);
/* Whatever value holds, it cannot look like another line or name, or command a terminal: controls
 * are escaped, what is not UTF-8 is replaced, and in text a value with spaces, quotes or = stands
 * in quotes. What is longer than DUPLEX_LIMIT_RELAY_LOG_VALUE is cut, and ends with "…". NULL
 * leaves the name out. */
void duplex_log_add (DuplexLogLine *self,
                     const char    *name,
                     const char    *value);
void duplex_log_add_number (DuplexLogLine *self,
                            const char    *name,
                            guint64        value);
/* Has the line written, by itself and whole, and frees it. */
void duplex_log_end (DuplexLogLine *self);

/* An event with nothing but a text: "error", "notice". */
void duplex_log_text (const char *event,
                      const char *text);

/* Before a line that anybody out there can cause: whether one more is written in this period of
 * DUPLEX_LIMIT_RELAY_LOG_PERIOD. Where not it is counted, and "suppressed lines=N" stands at the
 * end of the period. */
gboolean duplex_log_allows_refusal (void);

/* At the end of the program: waits until what was logged is written, but not for ever. */
void duplex_log_finish (void);

G_END_DECLS
