/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A recorder that is given what a pump would give it, and the file that it left. */

#include "relay/duplex-recorder.h"

G_BEGIN_DECLS

typedef struct
{
  char           *folder;
  char           *path;
  DuplexMetrics  *metrics;
  DuplexRecorder *recorder;
  DuplexCapture  *stored; /* NULL before finish */
} RecorderFixture;

/* A client's, for ws://127.0.0.1:9/. */
#define RECORDER_REQUEST                                                      \
  "GET /api/websocket?backend=ws%3A%2F%2F127.0.0.1%3A9%2F HTTP/1.1\r\n"       \
  "Host: relay.example:8080\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" \
  "Authorization: Bearer hidden\r\n"                                          \
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

/* budget as of duplex_recorder_new(). */
RecorderFixture *recorder_fixture_new (guint64 budget);
/* Ends the recording, and opens the file. */
void recorder_fixture_finish (RecorderFixture *self);
void recorder_fixture_free (RecorderFixture *self);
/* As the metrics have it. */
guint64 recorder_fixture_get_not_recorded (RecorderFixture *self);
/* The events of the file, a line each. */
char *recorder_fixture_list_events (RecorderFixture *self);
void  recorder_fixture_assert_events (RecorderFixture *self,
                                      const char      *expected);
/* A connection whose backend was dialled. */
DuplexRecordedPair *recorder_fixture_begin_with (RecorderFixture              *self,
                                                 const char                   *backend,
                                                 const char                   *request,
                                                 const DuplexDeflateAgreement *deflate);
DuplexRecordedPair *recorder_fixture_begin (RecorderFixture *self);
/* What the pump does with bytes that are whole frames: they came, and go on. */
void recorded_carry (DuplexRecordedPair *pair,
                     DuplexRole          sender,
                     const guint8       *data,
                     gsize               len);
void recorded_carry_frame (DuplexRecordedPair *pair,
                           DuplexRole          sender,
                           DuplexOpcode        opcode,
                           const void         *payload,
                           gsize               len);
void recorded_carry_close (DuplexRecordedPair *pair,
                           DuplexRole          sender,
                           guint16             code,
                           const char         *reason);
/* With the codes of Closes that passed. */
void recorded_end (DuplexRecordedPair *pair,
                   guint16             client_sent,
                   guint16             client_received,
                   guint16             backend_sent,
                   guint16             backend_received);
/* With two Closes, of which the client's came first. */
void recorded_end_normally (DuplexRecordedPair *pair);

G_END_DECLS
