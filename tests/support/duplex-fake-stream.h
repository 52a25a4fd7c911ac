/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A pollable stream in memory whose other end is the test: it decides byte by byte what can be read
 * and what is taken. It holds its user to what a TLS stream asks: after a write that would have
 * blocked the same bytes must come again. One thread. */

#include <gio/gio.h>

G_BEGIN_DECLS

#define DUPLEX_TYPE_FAKE_STREAM (duplex_fake_stream_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFakeStream, duplex_fake_stream, DUPLEX, FAKE_STREAM, GIOStream)

DuplexFakeStream *duplex_fake_stream_new (void);

/* ---- what the user reads ---- */

void duplex_fake_stream_give (DuplexFakeStream *self,
                              const guint8     *data,
                              gsize             len);
/* The most that one read gives; 0, as at first, for any number. */
void duplex_fake_stream_set_piece (DuplexFakeStream *self,
                                   gsize             piece);
/* After what was given: the end, or with error this one. Nothing can be given any more. */
void duplex_fake_stream_end (DuplexFakeStream *self,
                             const GError     *error);
/* The next turn says once that there is something to read, whether there is or not. */
void duplex_fake_stream_wake (DuplexFakeStream *self);

/* All that was given, and how much of it has been read. Borrowed. */
GByteArray *duplex_fake_stream_get_given (DuplexFakeStream *self);
gsize       duplex_fake_stream_get_n_read (DuplexFakeStream *self);
/* Whether a read has told of the end. */
gboolean duplex_fake_stream_has_told_end (DuplexFakeStream *self);

/* ---- what the user writes ---- */

/* So many bytes more are taken before writing blocks; G_MAXSIZE, as at first, for any number, 0 to
 * block at once. */
void duplex_fake_stream_set_room (DuplexFakeStream *self,
                                  gsize             room);
/* Every later write fails. */
void duplex_fake_stream_fail_writes (DuplexFakeStream *self,
                                     const GError     *error);

/* All that was taken. Borrowed. */
GByteArray *duplex_fake_stream_get_written (DuplexFakeStream *self);

/* g_io_stream_close() or its asynchronous form was called. Neither half may be used after that. */
gboolean duplex_fake_stream_is_closed (DuplexFakeStream *self);

G_END_DECLS
