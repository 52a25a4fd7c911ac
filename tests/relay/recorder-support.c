/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recorder-support.h"

#include <glib/gstdio.h>
#include <string.h>

#include "core/model/duplex-export-jsonl.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-frame-encoder.h"

#define ACCEPTED G_GINT64_CONSTANT (1700000000000000)

#define RESPONSE                                                                      \
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" \
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

RecorderFixture *
recorder_fixture_new (guint64 budget)
{
  RecorderFixture *self = g_new0 (RecorderFixture, 1);
  GError          *error = NULL;

  self->folder = g_dir_make_tmp ("duplex-recorder-XXXXXX", &error);
  g_assert_no_error (error);
  self->path = g_build_filename (self->folder, "relay.duplex", NULL);
  self->metrics = duplex_metrics_new ();
  self->recorder = duplex_recorder_new (self->path, budget, self->metrics, &error);
  g_assert_no_error (error);
  return self;
}

void
recorder_fixture_finish (RecorderFixture *self)
{
  g_autofree char *trouble = NULL;
  GError          *error = NULL;

  duplex_recorder_finish (self->recorder, &error);
  g_assert_no_error (error);
  self->stored = duplex_capture_open (self->path, &error);
  g_assert_no_error (error);
  trouble = duplex_capture_dup_trouble (self->stored);
  g_assert_null (trouble);
}

void
recorder_fixture_free (RecorderFixture *self)
{
  duplex_recorder_free (self->recorder);
  duplex_metrics_free (self->metrics);
  g_assert_finalize_object (self->stored);
  g_assert_cmpint (g_unlink (self->path), ==, 0);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->path);
  g_free (self->folder);
  g_free (self);
}

guint64
recorder_fixture_get_not_recorded (RecorderFixture *self)
{
  static const char name[] = "\nduplex_relay_not_recorded_bytes_total ";
  g_autofree char  *text = duplex_metrics_to_text (self->metrics);
  const char       *at = strstr (text, name);

  g_assert_nonnull (at);
  return g_ascii_strtoull (at + strlen (name), NULL, 10);
}

/* ---- what was recorded ---- */

static void
append_event (GString           *out,
              const DuplexEvent *event)
{
  static const char *const directions[] = { "", " sent", " received" };
  DuplexFrameHeader        header;
  DuplexFinding            finding;
  const char              *reason;
  gsize                    len;

  g_string_append_printf (out, "%u %s%s", event->connection,
                          duplex_export_jsonl_get_kind_name (event->kind),
                          directions[event->direction]);
  if (event->flags & DUPLEX_EVENT_FLAG_SERVER)
    g_string_append (out, " server");
  if (event->flags & DUPLEX_EVENT_FLAG_PEER)
    g_string_append (out, " by-peer");
  if (event->flags & DUPLEX_EVENT_FLAG_CUT)
    g_string_append (out, " cut");
  if (duplex_event_get_header (event, &header))
    g_string_append_printf (out, " %s%s", duplex_opcode_get_name (header.opcode),
                            header.masked ? " masked" : "");
  else if (event->value != -1 && event->kind != DUPLEX_EVENT_CONNECTED)
    g_string_append_printf (out, " %" G_GINT64_FORMAT, event->value);
  if (event->kind == DUPLEX_EVENT_FRAME && event->opcode == DUPLEX_OPCODE_CLOSE)
    g_string_append_printf (out, " %u",
                            duplex_close_body_parse (event->payload, event->payload_size, &reason,
                                                     &len, &finding));
  else if (event->kind == DUPLEX_EVENT_FRAME || event->kind == DUPLEX_EVENT_CONNECTING ||
           event->kind == DUPLEX_EVENT_CONNECTED || event->kind == DUPLEX_EVENT_CLOSED)
    g_string_append_printf (out, " “%.*s”", (int)event->payload_size,
                            event->payload != NULL ? (const char *)event->payload : "");
  if (event->sent_code != 0 || event->sent_reason_size > 0)
    g_string_append_printf (out, " sent %u “%.*s”", event->sent_code,
                            (int)event->sent_reason_size,
                            event->sent_reason != NULL ? event->sent_reason : "");
  for (guint i = 0; i < event->n_findings; i++)
    g_string_append_printf (out, " !%s", duplex_finding_get_name (event->findings[i].id));
  g_string_append_c (out, '\n');
}

static gboolean
list_cb (const DuplexEvent *event,
         gpointer           user_data)
{
  append_event (user_data, event);
  return TRUE;
}

char *
recorder_fixture_list_events (RecorderFixture *self)
{
  GString *out = g_string_new (NULL);

  duplex_capture_walk (self->stored, 0, G_MAXUINT64, list_cb, out);
  return g_string_free (out, FALSE);
}

void
recorder_fixture_assert_events (RecorderFixture *self,
                                const char      *expected)
{
  g_autofree char *events = recorder_fixture_list_events (self);

  g_assert_cmpstr (events, ==, expected);
}

/* ---- a connection ---- */

static void
append_text (DuplexCapture  *capture,
             DuplexEventKind kind,
             guint           flags,
             gint64          value,
             const char     *text)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = kind;
  event.direction = kind == DUPLEX_EVENT_REQUEST    ? DUPLEX_DIRECTION_SENT
                    : kind == DUPLEX_EVENT_RESPONSE ? DUPLEX_DIRECTION_RECEIVED
                                                    : DUPLEX_DIRECTION_NONE;
  event.connection = 1;
  event.flags = flags;
  event.value = value;
  event.time_us = ACCEPTED + 5;
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  event.payload = (const guint8 *)text;
  event.payload_size = strlen (text);
  duplex_capture_append (capture, &event);
}

/* As the dialer leaves it. */
static DuplexCapture *
make_dial (const char *url)
{
  DuplexCapture *dial = duplex_capture_new ();

  append_text (dial, DUPLEX_EVENT_CONNECTING, 0, -1, url);
  append_text (dial, DUPLEX_EVENT_REQUEST, 0, -1, "GET / HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n");
  append_text (dial, DUPLEX_EVENT_RESPONSE, 0, 101, RESPONSE);
  append_text (dial, DUPLEX_EVENT_CONNECTED, DUPLEX_EVENT_FLAG_ROW, 321, url);
  return dial;
}

DuplexRecordedPair *
recorder_fixture_begin_with (RecorderFixture              *self,
                             const char                   *backend,
                             const char                   *request,
                             const DuplexDeflateAgreement *deflate)
{
  g_autoptr (DuplexCapture) dial = make_dial (backend);
  g_autoptr (GBytes)        request_bytes = g_bytes_new (request, strlen (request));
  g_autoptr (GBytes)        response = g_bytes_new_static (RESPONSE, strlen (RESPONSE));
  DuplexRecordedOpening     opening = {
        .peer = "127.0.0.1:4711",
        .request = request_bytes,
        .response = response,
        .accepted_at = ACCEPTED,
        .dial = dial,
        .deflate = deflate,
  };

  return duplex_recorder_begin (self->recorder, &opening);
}

DuplexRecordedPair *
recorder_fixture_begin (RecorderFixture *self)
{
  return recorder_fixture_begin_with (self, "ws://127.0.0.1:9/", RECORDER_REQUEST, NULL);
}

/* What the pump does with bytes that are whole frames: they came, and go on. */
void
recorded_carry (DuplexRecordedPair *pair,
                DuplexRole          sender,
                const guint8       *data,
                gsize               len)
{
  const DuplexPumpTap *tap = duplex_recorder_get_tap ();
  GOutputVector        span = { data, len };

  tap->received (sender, data, len, 0, pair);
  tap->sent (sender == DUPLEX_ROLE_CLIENT ? DUPLEX_ROLE_SERVER : DUPLEX_ROLE_CLIENT, &span, 1,
             pair);
}

void
recorded_carry_frame (DuplexRecordedPair *pair,
                      DuplexRole          sender,
                      DuplexOpcode        opcode,
                      const void         *payload,
                      gsize               len)
{
  g_autoptr (GBytes) frame =
    duplex_frame_encode_simple (sender, opcode, payload, len, duplex_mask_source_random, NULL);
  gsize         size;
  const guint8 *data = g_bytes_get_data (frame, &size);

  recorded_carry (pair, sender, data, size);
}

void
recorded_carry_close (DuplexRecordedPair *pair,
                      DuplexRole          sender,
                      guint16             code,
                      const char         *reason)
{
  g_autoptr (GBytes) body = duplex_close_body_new (code, reason);
  gsize              size;
  const void        *data = g_bytes_get_data (body, &size);

  recorded_carry_frame (pair, sender, DUPLEX_OPCODE_CLOSE, data, size);
}

void
recorded_end (DuplexRecordedPair *pair,
              guint16             client_sent,
              guint16             client_received,
              guint16             backend_sent,
              guint16             backend_received)
{
  DuplexPumpEnd client = { .code_sent = client_sent, .code_received = client_received };
  DuplexPumpEnd backend = { .code_sent = backend_sent, .code_received = backend_received };

  duplex_recorder_end (pair, &client, &backend);
}

void
recorded_end_normally (DuplexRecordedPair *pair)
{
  recorded_carry_close (pair, DUPLEX_ROLE_CLIENT, 1000, "done");
  recorded_carry_close (pair, DUPLEX_ROLE_SERVER, 1000, NULL);
  recorded_end (pair, 1000, 1000, 1000, 1000);
}
