/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The end of the tap that libsoup holds: a pollable GIOStream in memory. What libsoup reads is what
 * the judge shows it: see duplex-soup-judge.h. What libsoup writes is swallowed: every frame that
 * leaves is written by our own encoder, since libsoup takes masking keys from g_random_int(), which
 * can be predicted (RFC 6455 §10.3 asks for keys that cannot), answers each ping itself, refuses
 * 1011 as a client and turns 1012 to 1014 into 1002.
 *
 * Closing the stream closes nothing below it. One thread, the one whose thread-default context
 * libsoup uses too. */

#include <gio/gio.h>

G_BEGIN_DECLS

#define DUPLEX_TYPE_TAP_STREAM (duplex_tap_stream_get_type ())
G_DECLARE_FINAL_TYPE (DuplexTapStream, duplex_tap_stream, DUPLEX, TAP_STREAM, GIOStream)

/* Called when libsoup has read all that was shown and asks for more: it has then handled all of it.
 */
typedef void (*DuplexTapDrained) (gpointer user_data);

DuplexTapStream *duplex_tap_stream_new (DuplexTapDrained drained,
                                        gpointer         user_data);

/* Bytes of the message that is being received. They stay hidden until commit, and abandon forgets
 * them. get_pending is their number. */
void  duplex_tap_stream_append (DuplexTapStream *self,
                                const guint8    *data,
                                gsize            len);
void  duplex_tap_stream_commit (DuplexTapStream *self);
void  duplex_tap_stream_abandon (DuplexTapStream *self);
gsize duplex_tap_stream_get_pending (DuplexTapStream *self);

/* After what is shown libsoup reads the end of the stream, and nothing more is taken. */
void     duplex_tap_stream_end (DuplexTapStream *self);
gboolean duplex_tap_stream_has_ended (DuplexTapStream *self);

/* No call of drained after this. */
void duplex_tap_stream_detach (DuplexTapStream *self);

G_END_DECLS
