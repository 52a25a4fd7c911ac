/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Core speaks codes; this says them to a person. Pure functions from a code or an event to a
 * translated sentence or value: nothing here touches a widget. What core holds in English (an
 * error's message) stands behind the translated sentence as its detail. Results that are not const
 * belong to the caller. */

#include <gio/gio.h>

#include "core/io/duplex-session.h"
#include "core/model/duplex-event.h"
#include "core/model/duplex-row.h"
#include "core/proto/duplex-error.h"

G_BEGIN_DECLS

/* "12:01:02.123": local time of g_get_real_time()'s value. */
char *duplex_text_time (gint64 time_us);

/* "125 bytes", "1.2 kB": decimal units as g_format_size() has them. */
char *duplex_text_size (guint64 bytes);

/* Whole numbers with the locale's thousands separators. */
char *duplex_text_count (guint64 count);

/* "1 finding", "12 findings". */
char *duplex_text_findings (guint64 count);

/* "85 µs", "0.8 ms", "12 ms", "1.20 s", "2 min 5 s", "3 h 20 min". Negative counts as 0. */
char *duplex_text_duration (gint64 us);

/* "0:07", "2:05", "3:20:00": time that goes on, for a display that ticks every second. */
char *duplex_text_elapsed (gint64 us);

/* "Sent", "Received", and "" for a state. The arrow points the way that the bytes went. */
const char *duplex_text_direction (DuplexDirection direction);
const char *duplex_text_direction_arrow (DuplexDirection direction);

/* "Disconnected", "Connecting…", "Connected", "Closing…". */
const char *duplex_text_session_state (DuplexSessionState state);

/* What kind of row it is: "Text", "Binary", "Ping", "Pong", "Close", "Reserved frame 0x3",
 * "State". */
char *duplex_text_row_kind (DuplexRow *row);

/* Accessible name of a row: "12:01:02.123, Sent, Text, 13 bytes, Hello…". For a control frame and
 * a state the sentence stands for kind and text. At most 200 characters of the message. */
char *duplex_text_row_label (DuplexRow *row);

/* The system line of a state event: "Connected to wss://…", "Closed by the server with 1000 Normal
 * Closure after 2 ms: reason" as duplex-closing-words.h has it. "" for a frame. */
char *duplex_text_state (const DuplexEvent *event);

/* A control frame: "Ping “payload”", "Pong 00 ff, round trip 0.8 ms", "Close 1000 Normal Closure:
 * reason", "Reserved frame 0xB". "" for any other event. */
char *duplex_text_control (const DuplexEvent *event);

/* "Disconnected (1000 Normal Closure): reason", with "No reason" where reason is NULL or "". */
char *duplex_text_closed (guint       code,
                          const char *reason);

/* "1000 Normal Closure", for any code. */
char *duplex_text_close_code (guint code);

/* One sentence: what failed and why, with the error's own message as its detail. */
char *duplex_text_error (const GError *error);

/* The sentence for a code alone: "The host name could not be found". Never NULL. */
const char *duplex_text_error_code (DuplexErrorCode code);

/* "it is issued for another host, it has expired": every flag that is set, in words. */
char *duplex_text_certificate_problem (GTlsCertificateFlags flags);

/* "0F:A1:…" of hex digits, as certificates' fingerprints are shown elsewhere. */
char *duplex_text_fingerprint (const char *digits);

/* The host of a WebSocket URL, with the port where it is not the default; "demo:/echo" and what is
 * no URL come back as they are. For titles and sentences. */
char *duplex_text_host (const char *url);

/* The beginning of text on one line: runs of white space and control characters become one space,
 * what else could hide or move text is spelled out, bytes that are no UTF-8 become U+FFFD, what is
 * longer than max_chars characters is cut and ends in "…". text need not be terminated. */
char *duplex_text_excerpt (const char *text,
                           gsize       len,
                           gsize       max_chars);

/* Why text is no JSON, and where: "Line 2, column 5: expected ',' or '}'". NULL where it is. The
 * column counts characters. */
char *duplex_text_json_problem (const char *text,
                                gsize       len);

G_END_DECLS
