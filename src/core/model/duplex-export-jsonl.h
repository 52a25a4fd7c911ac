/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Events as JSON Lines: one object a line, in the order of the events. It is what duplex-cli prints
 * with --json and exports a capture to; duplex-import-jsonl.h reads it back, without loss.
 *
 *   {"number":7,"time":"2026-05-04T12:01:02.123456Z","connection":1,"event":"frame",
 *    "direction":"received","type":"text","opcode":1,"fin":true,"rsv":0,"length":5,
 *    "header":"8105","message":1,"message_size":5,"frames":1,"row":true,"first":7,"text":"hello"}
 *
 * "event" is frame, connecting, request, response, body, tls, connected, closed, failed,
 * unfinished, lost or gap: DuplexEventKind in lower case. What an event's number says has the name
 * of its kind: "rtt_us" of a pong, "status" of a response, "certificate_flags" of tls, "elapsed_us"
 * of connected, "code" of closed, "error" of failed, "missing_bytes" of a gap, and
 * "missing_connections" of a gap without a direction. "duration_us" of closed is what the closing
 * took; not there where nothing announced the end. "sent_code" and "sent_reason" are of the Close
 * that the recording end sent; not there where it sent none.
 *
 * The payload is "text" where it is text, and else "base64", as it was on the wire: "length" is the
 * frame's, "message_size" its message's up to there. What a frame of a compressed message is worth
 * is "inflated_text" or "inflated_base64" beside it (which is "base64" then), of "inflated_length"
 * bytes; and on the last frame of one that could be inflated "message_inflated_size" is that of all
 * frames. Where a damaged file has lost a payload's end, "missing" ("inflated_missing") says how
 * many bytes. In strings, what duplex-escape.h names is spelled out.
 *
 * "findings" is an array of {"id":"reserved-bit","offset":0}. Of a frame, "opcode", "fin", "rsv",
 * "mask", "length" and "inflated_length", and of a Close "close_code" (also one that may not be
 * sent) and "close_reason" (where it is UTF-8), are told for whoever reads the line; they follow
 * from "header" and the payloads. Flags ("row", "cut", "deliberate", "by_peer", "redacted") stand
 * there when they are true. */

#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

/* May take away what is in out, in the middle of a line, so that a line need not be in memory as a
 * whole. */
typedef void (*DuplexExportJsonlFunc) (GString *out,
                                       gpointer user_data);

/* Appends the line, with its line feed, to out. settle, may be NULL, is called for each piece of
 * DUPLEX_PAYLOAD_PIECE bytes of a payload. event was read from capture, which may be NULL where the
 * event's payloads are in memory. Returns FALSE where a part of a payload is missing. */
gboolean duplex_export_jsonl_append (GString              *out,
                                     DuplexCapture        *capture,
                                     const DuplexEvent    *event,
                                     DuplexExportJsonlFunc settle,
                                     gpointer              user_data);

/* Appends text, which must be UTF-8, as a JSON string with its quotes; a NUL is spelled out. */
void duplex_export_jsonl_append_string (GString    *out,
                                        const char *text,
                                        gsize       len);

/* The names of the format, never NULL for a kind of the enumeration; and of an event's value, NULL
 * where it has none. */
const char *duplex_export_jsonl_get_kind_name (DuplexEventKind kind);
const char *duplex_export_jsonl_get_value_name (const DuplexEvent *event);

G_END_DECLS
