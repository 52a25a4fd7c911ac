/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Events as JSON Lines: one object a line, in the order of the events. It is what duplex-cli prints
 * with --json and keeps with --capture; duplex-import-jsonl.h reads it back, without loss.
 *
 *   {"number":7,"time":"2026-05-04T12:01:02.123456Z","connection":1,"event":"frame",
 *    "direction":"received","type":"text","opcode":1,"fin":true,"rsv":0,"length":5,
 *    "header":"8105","message":1,"message_size":5,"frames":1,"row":true,"first":7,"text":"hello"}
 *
 * "event" is frame, connecting, request, response, body, tls, connected, closed, failed or
 * unfinished: DuplexEventKind in lower case. What an event's number says has the name of its kind:
 * "rtt_us" of a pong, "status" of a response, "certificate_flags" of tls, "elapsed_us" of
 * connected, "code" of closed, "error" of failed. The payload is "text" where it is text, and else
 * "base64". "findings" is an array of {"id":"reserved-bit","offset":0}. Of a frame, "opcode",
 * "fin", "rsv", "mask" and "length", and of a Close "close_code" and "close_reason", are told for
 * whoever reads the line; they follow from "header" and the payload. Flags ("row", "cut",
 * "deliberate", "by_peer") stand there when they are true. */

#include "core/model/duplex-event.h"

G_BEGIN_DECLS

/* Appends the line, with its line feed, to out. */
void duplex_export_jsonl_append (GString           *out,
                                 const DuplexEvent *event);

/* Appends text, which must be UTF-8, as a JSON string with its quotes; a NUL is spelled out. */
void duplex_export_jsonl_append_string (GString    *out,
                                        const char *text,
                                        gsize       len);

/* The names of the format, never NULL for a kind of the enumeration; and of a kind's value, NULL
 * where it has none. */
const char *duplex_export_jsonl_get_kind_name (DuplexEventKind kind);
const char *duplex_export_jsonl_get_value_name (DuplexEventKind kind);

G_END_DECLS
