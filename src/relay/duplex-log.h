/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Lines for whoever runs the relay: on stderr, with the time, as text or as one JSON object each.
 * They name hosts and codes, never what was said: no payload, no query, no token. Any thread.
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
 * in quotes. NULL leaves the name out. */
void duplex_log_add (DuplexLogLine *self,
                     const char    *name,
                     const char    *value);
void duplex_log_add_number (DuplexLogLine *self,
                            const char    *name,
                            guint64        value);
/* Whole in one write, and frees the line. */
void duplex_log_end (DuplexLogLine *self);

/* An event with nothing but a text: "error", "notice". */
void duplex_log_text (const char *event,
                      const char *text);

G_END_DECLS
