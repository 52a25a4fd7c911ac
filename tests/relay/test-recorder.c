/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-recorder.h"

#include <glib/gstdio.h>
#include <string.h>

#include "core/model/duplex-export-jsonl.h"
#include "core/model/duplex-row.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-deflate.h"
#include "core/proto/duplex-frame-encoder.h"
#include "core/proto/duplex-limits.h"

#define MIB      ((gsize)1024 * 1024)
#define ACCEPTED G_GINT64_CONSTANT (1700000000000000)

#define REQUEST                                                               \
  "GET /api/websocket?backend=ws%3A%2F%2F127.0.0.1%3A9%2F HTTP/1.1\r\n"       \
  "Host: relay.example:8080\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" \
  "Authorization: Bearer hidden\r\n"                                          \
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define RESPONSE                                                                      \
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" \
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

static const char *cli; /* the program that shows captures, or NULL */

/* ---- a recorder and its file ---- */

typedef struct
{
  char           *folder;
  char           *path;
  DuplexMetrics  *metrics;
  DuplexRecorder *recorder;
  DuplexCapture  *stored;
} Fixture;

static Fixture *
fixture_new (guint64 budget)
{
  Fixture *self = g_new0 (Fixture, 1);
  GError  *error = NULL;

  self->folder = g_dir_make_tmp ("duplex-recorder-XXXXXX", &error);
  g_assert_no_error (error);
  self->path = g_build_filename (self->folder, "relay.duplex", NULL);
  self->metrics = duplex_metrics_new ();
  self->recorder = duplex_recorder_new (self->path, budget, self->metrics, &error);
  g_assert_no_error (error);
  return self;
}

static void
fixture_finish (Fixture *self)
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

static void
fixture_free (Fixture *self)
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

static guint64
get_not_recorded (Fixture *self)
{
  static const char name[] = "\nduplex_relay_not_recorded_bytes_total ";
  g_autofree char  *text = duplex_metrics_to_text (self->metrics);
  const char       *at = strstr (text, name);

  g_assert_nonnull (at);
  return g_ascii_strtoull (at + strlen (name), NULL, 10);
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

static DuplexRecordedPair *
begin_with (Fixture                      *self,
            const char                   *backend,
            const char                   *request,
            const DuplexDeflateAgreement *deflate)
{
  g_autoptr (DuplexCapture) dial = make_dial (backend);
  g_autoptr (GBytes)        request_bytes = g_bytes_new (request, strlen (request));
  g_autoptr (GBytes)        response = g_bytes_new_static (RESPONSE, strlen (RESPONSE));
  DuplexRecordedOpening     opening = {
        .peer = "127.0.0.1:4711",
        .backend = backend,
        .request = request_bytes,
        .response = response,
        .accepted_at = ACCEPTED,
        .dial = dial,
        .deflate = deflate,
  };

  return duplex_recorder_begin (self->recorder, &opening);
}

static DuplexRecordedPair *
begin (Fixture *self)
{
  return begin_with (self, "ws://127.0.0.1:9/", REQUEST, NULL);
}

/* What the pump does with bytes that are whole frames: they came, and go on. */
static void
carry (DuplexRecordedPair *pair,
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

static void
carry_frame (DuplexRecordedPair *pair,
             DuplexRole          sender,
             DuplexOpcode        opcode,
             const void         *payload,
             gsize               len)
{
  g_autoptr (GBytes) frame =
    duplex_frame_encode_simple (sender, opcode, payload, len, duplex_mask_source_random, NULL);
  gsize         size;
  const guint8 *data = g_bytes_get_data (frame, &size);

  carry (pair, sender, data, size);
}

static void
carry_close (DuplexRecordedPair *pair,
             DuplexRole          sender,
             guint16             code,
             const char         *reason)
{
  g_autoptr (GBytes) body = duplex_close_body_new (code, reason);
  gsize              size;
  const void        *data = g_bytes_get_data (body, &size);

  carry_frame (pair, sender, DUPLEX_OPCODE_CLOSE, data, size);
}

static void
end (DuplexRecordedPair *pair,
     guint16             client_sent,
     guint16             client_received,
     guint16             backend_sent,
     guint16             backend_received)
{
  DuplexPumpEnd client = { .code_sent = client_sent, .code_received = client_received };
  DuplexPumpEnd backend = { .code_sent = backend_sent, .code_received = backend_received };

  duplex_recorder_end (pair, &client, &backend);
}

static void
end_normally (DuplexRecordedPair *pair)
{
  carry_close (pair, DUPLEX_ROLE_CLIENT, 1000, "done");
  carry_close (pair, DUPLEX_ROLE_SERVER, 1000, NULL);
  end (pair, 1000, 1000, 1000, 1000);
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

static char *
list_events (Fixture *self)
{
  GString *out = g_string_new (NULL);

  duplex_capture_walk (self->stored, 0, G_MAXUINT64, list_cb, out);
  return g_string_free (out, FALSE);
}

static void
assert_events (Fixture    *self,
               const char *expected)
{
  g_autofree char *events = list_events (self);

  g_assert_cmpstr (events, ==, expected);
}

#define OPENING                                                                               \
  "1 connecting server “ws://relay.example:8080/api/websocket?backend=ws%3A%2F%2F127.0.0.1" \
  "%3A9%2F”\n"                                                                              \
  "1 request received\n"                                                                      \
  "2 connecting “ws://127.0.0.1:9/”\n"                                                    \
  "2 request sent\n"                                                                          \
  "2 response received 101\n"                                                                 \
  "2 connected “ws://127.0.0.1:9/”\n"                                                     \
  "1 response sent 101\n"                                                                     \
  "1 connected server “127.0.0.1:4711”\n"

#define ENDING                                \
  "1 frame received close masked 1000\n"      \
  "2 frame sent close masked 1000\n"          \
  "2 frame received close 1000\n"             \
  "1 frame sent close 1000\n"                 \
  "1 closed server by-peer 1000 “done”\n" \
  "2 closed 1000 “”\n"

/* ---- tests ---- */

static void
assert_shown (const char *const *argv,
              const char        *needle)
{
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  GError          *error = NULL;
  int              status;

  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status,
                &error);
  g_assert_no_error (error);
  g_assert_cmpstr (err, ==, "");
  g_assert_true (g_spawn_check_wait_status (status, &error));
  if (strstr (out, needle) == NULL)
    g_error ("“%s” is not in:\n%s", needle, out);
}

/* Both legs, each with its role. */
static void
test_conversation (void)
{
  Fixture            *f = fixture_new (0);
  DuplexRecordedPair *pair = begin (f);

  carry_frame (pair, DUPLEX_ROLE_CLIENT, DUPLEX_OPCODE_TEXT, "hello", 5);
  carry_frame (pair, DUPLEX_ROLE_SERVER, DUPLEX_OPCODE_BINARY, "there", 5);
  carry_frame (pair, DUPLEX_ROLE_SERVER, DUPLEX_OPCODE_PING, "", 0);
  end_normally (pair);
  fixture_finish (f);
  assert_events (f, OPENING "1 frame received text masked “hello”\n"
                            "2 frame sent text masked “hello”\n"
                            "2 frame received binary “there”\n"
                            "1 frame sent binary “there”\n"
                            "2 frame received ping “”\n"
                            "1 frame sent ping “”\n" ENDING);
  g_assert_cmpuint (get_not_recorded (f), ==, 0);
  if (cli != NULL)
    {
      assert_shown ((const char *const[]){ cli, "show", f->path, "--frames", NULL },
                    "[1] < text fin=1 rsv=000 opcode=1 mask=");
      assert_shown ((const char *const[]){ cli, "show", f->path, "--frames", NULL },
                    "[2] > text fin=1 rsv=000 opcode=1 mask=");
      assert_shown ((const char *const[]){ cli, "show", f->path, "--frames", NULL },
                    "[1] * closed as=server code=1000 by=peer duration_us=");
      assert_shown ((const char *const[]){ cli, "show", f->path, "--json", NULL },
                    "\"connection\":1,\"event\":\"frame\",\"direction\":\"received\",");
      assert_shown ((const char *const[]){ cli, "show", f->path, "--filter",
                                           "connection == 2", "--frames", NULL },
                    "\n> text fin=1");
    }
  fixture_free (f);
}

static gboolean
find_secret_cb (const DuplexEvent *event,
                gpointer           user_data)
{
  const char *const *secrets = user_data;

  for (guint i = 0; secrets[i] != NULL; i++)
    g_assert_null (g_strstr_len ((const char *)event->payload, (gssize)event->payload_size,
                                 secrets[i]));
  return TRUE;
}

/* Neither in a header nor in the URL of the backend. */
static void
test_secrets (void)
{
  static const char *const secrets[] = { "hidden", "pass", NULL };
  static const char        request[] =
    "GET /api/websocket?backend=ws%3A%2F%2Fme%3Apass%40127.0.0.1%3A9%2F&x=1 HTTP/1.1\r\n"
    "Host: relay.example:8080\r\nCookie: id=hidden\r\n\r\n";
  Fixture            *f = fixture_new (0);
  DuplexRecordedPair *pair = begin_with (f, "ws://me:pass@127.0.0.1:9/", request, NULL);
  g_autofree char    *events = NULL;

  end_normally (pair);
  fixture_finish (f);
  duplex_capture_walk (f->stored, 0, G_MAXUINT64, find_secret_cb, (gpointer)secrets);
  events = list_events (f);
  g_assert_nonnull (strstr (events, "?backend=not-recorded&x=1”"));
  fixture_free (f);
}

static void
test_ends (void)
{
  static const struct
  {
    guint16     codes[4]; /* client: sent, received; backend: sent, received */
    guint16     close_to_client;
    guint16     close_to_backend;
    const char *events;
  } cases[] = {
    /* The client vanishes. */
    { { 0, 0, 1001, 1001 }, 0, 1001, "2 frame sent close masked 1001\n"
                                     "1 failed 13\n1 closed server by-peer 1006 “” !eof-without-close\n"
                                     "2 closed 1001 “”\n" },
    /* The backend does, and the client does not answer. */
    { { 1011, 0, 0, 0 }, 1011, 0, "1 frame sent close 1011\n"
                                  "1 closed server 1006 “”\n"
                                  "2 failed 13\n2 closed by-peer 1006 “” !eof-without-close\n" },
    /* The client is refused what it sent. */
    { { 1009, 0, 1001, 1001 }, 1009, 1001, "1 frame sent close 1009\n2 frame sent close masked 1001\n"
                                           "1 failed 12\n1 closed server 1009 “”\n"
                                           "2 closed 1001 “”\n" },
    /* A code of the backend's own, which the client does not answer. */
    { { 1008, 0, 0, 1008 }, 1008, 0, "1 frame sent close 1008\n"
                                     "1 closed server 1006 “”\n"
                                     "2 closed 1008 “”\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Fixture             *f = fixture_new (0);
      DuplexRecordedPair  *pair = begin (f);
      const DuplexPumpTap *tap = duplex_recorder_get_tap ();
      const guint16        closes[] = { cases[i].close_to_client, cases[i].close_to_backend };
      g_autofree char     *expected = g_strconcat (OPENING, cases[i].events, NULL);

      for (guint c = 0; c < G_N_ELEMENTS (closes); c++)
        {
          g_autoptr (GBytes) body = duplex_close_body_new (closes[c], NULL);
          g_autoptr (GBytes) frame = NULL;
          GOutputVector      span;

          if (closes[c] == 0)
            continue;
          frame = duplex_frame_encode_simple (c == 0 ? DUPLEX_ROLE_SERVER : DUPLEX_ROLE_CLIENT,
                                              DUPLEX_OPCODE_CLOSE, g_bytes_get_data (body, NULL),
                                              g_bytes_get_size (body), duplex_mask_source_random,
                                              NULL);
          span.buffer = g_bytes_get_data (frame, &span.size);
          tap->sent (c == 0 ? DUPLEX_ROLE_CLIENT : DUPLEX_ROLE_SERVER, &span, 1, pair);
        }
      end (pair, cases[i].codes[0], cases[i].codes[1], cases[i].codes[2], cases[i].codes[3]);
      fixture_finish (f);
      assert_events (f, expected);
      fixture_free (f);
    }
}

/* What each direction of each connection has. */
typedef struct
{
  guint64 wire; /* of frames, and named by gaps */
  guint64 gaps;
  guint   n_gaps;
  guint   n_messages; /* that are whole */
} Way;

typedef struct
{
  Way     ways[5][3];
  guint   n_findings;
  guint   n_given_up;
  guint   n_closed;
  guint64 last_given_up;
} Sum;

static gboolean
sum_cb (const DuplexEvent *event,
        gpointer           user_data)
{
  Sum *sum = user_data;
  Way *way;

  g_assert_cmpuint (event->connection, <, G_N_ELEMENTS (sum->ways));
  way = &sum->ways[event->connection][event->direction];
  sum->n_findings += event->n_findings;
  if (event->kind == DUPLEX_EVENT_FRAME)
    {
      way->wire += duplex_event_get_wire_size (event);
      way->n_messages += event->message != 0 && !(event->flags & DUPLEX_EVENT_FLAG_CUT) &&
                         (event->flags & DUPLEX_EVENT_FLAG_ROW) != 0;
    }
  else if (event->kind == DUPLEX_EVENT_GAP && event->value < 0)
    {
      g_assert_cmpint (event->direction, ==, DUPLEX_DIRECTION_NONE);
      sum->n_given_up++;
      sum->last_given_up = event->number;
    }
  else if (event->kind == DUPLEX_EVENT_GAP)
    {
      way->wire += (guint64)event->value;
      way->gaps += (guint64)event->value;
      way->n_gaps++;
    }
  sum->n_closed += event->kind == DUPLEX_EVENT_CLOSED;
  return TRUE;
}

/* A frame that comes in reads of 64 KiB and goes on in fragments. Returns the bytes that went. */
static gsize
carry_large (DuplexRecordedPair *pair,
             const guint8       *frame,
             gsize               size)
{
  const DuplexPumpTap *tap = duplex_recorder_get_tap ();
  gsize                head = 14; /* 64 bits of length and a mask */
  gsize                sent = 0;

  for (gsize at = 0; at < size;)
    {
      gsize             len = MIN (size - at, 64 * 1024);
      const guint8     *payload = frame + at + (at == 0 ? head : 0);
      gsize             n = len - (at == 0 ? head : 0);
      DuplexFrameHeader header = {
        .fin = at + len == size,
        .opcode = at == 0 ? DUPLEX_OPCODE_BINARY : DUPLEX_OPCODE_CONTINUATION,
        .masked = TRUE,
        .length_bits = duplex_frame_minimal_length_bits (n),
        .length = n,
      };
      guint8        bytes[DUPLEX_FRAME_HEADER_MAX];
      GOutputVector spans[2] = { { bytes, 0 }, { payload, n } };

      spans[0].size = duplex_frame_header_encode (&header, bytes);
      tap->received (DUPLEX_ROLE_CLIENT, frame + at, len, at == 0 ? 0 : G_MAXSIZE, pair);
      tap->sent (DUPLEX_ROLE_SERVER, spans, 2, pair);
      sent += spans[0].size + n;
      at += len;
    }
  return sent;
}

static GBytes *
make_large (gsize size)
{
  g_autofree guint8 *payload = g_malloc (size);
  DuplexFrameHeader  header = {
     .fin = TRUE,
     .opcode = DUPLEX_OPCODE_BINARY,
     .masked = TRUE, /* with zeros */
     .length_bits = 64,
     .length = size,
  };

  for (gsize i = 0; i < size; i++)
    payload[i] = (guint8)(i * i >> 8);
  return duplex_frame_encode (&header, payload, size);
}

static void
test_large (void)
{
  Fixture            *f = fixture_new (0);
  DuplexRecordedPair *pair = begin (f);
  g_autoptr (GBytes)  frame = make_large (3 * MIB + 5);
  gsize               size;
  const guint8       *data = g_bytes_get_data (frame, &size);
  Sum                 sum = { 0 };
  guint               n = 0;

  carry_large (pair, data, size);
  end_normally (pair);
  fixture_finish (f);
  duplex_capture_walk (f->stored, 0, G_MAXUINT64, sum_cb, &sum);
  g_assert_cmpuint (sum.n_findings, ==, 0);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (f->stored)); i++)
    {
      g_autoptr (DuplexRow) row = g_list_model_get_item (G_LIST_MODEL (f->stored), i);
      g_autoptr (GBytes)    payload = NULL;

      if (duplex_row_get_kind (row) != DUPLEX_ROW_BINARY)
        continue;
      n++;
      payload = duplex_row_dup_payload (row, G_MAXSIZE, NULL);
      g_assert_cmpuint (duplex_row_get_n_frames (row), ==,
                        duplex_row_get_event (row)->connection == 1 ? 1 : 49);
      g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload), data + 14,
                       size - 14);
    }
  g_assert_cmpuint (n, ==, 2);
  fixture_free (f);
}

/* Faster than anything is recorded: what is missing is named, byte for byte, and is no finding. */
static void
test_flood (void)
{
  Fixture            *f = fixture_new (0);
  DuplexRecordedPair *pairs[] = { begin (f), begin (f) };
  g_autoptr (GBytes)  large = make_large (MIB);
  g_autofree guint8  *small = NULL;
  gsize               small_size;
  guint64             fed[2][2] = { 0 };
  gint64              deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  Sum                 sum = { 0 };
  guint64             gaps = 0;

  {
    g_autoptr (GByteArray) frames = g_byte_array_new ();

    for (guint i = 0; i < 900; i++)
      {
        g_autoptr (GBytes) frame =
          duplex_frame_encode_simple (DUPLEX_ROLE_CLIENT, DUPLEX_OPCODE_TEXT,
                                      (const guint8 *)"small", 5, duplex_mask_source_random, NULL);

        g_byte_array_append (frames, g_bytes_get_data (frame, NULL),
                             (guint)g_bytes_get_size (frame));
      }
    small_size = frames->len;
    small = g_byte_array_free (g_steal_pointer (&frames), FALSE);
  }
  for (guint i = 0; get_not_recorded (f) == 0 || i % 1000 != 0; i++)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      carry (pairs[0], DUPLEX_ROLE_CLIENT, small, small_size);
      fed[0][0] += small_size;
      fed[0][1] += small_size;
      fed[1][0] += g_bytes_get_size (large);
      fed[1][1] += carry_large (pairs[1], g_bytes_get_data (large, NULL), g_bytes_get_size (large));
    }
  for (guint i = 0; i < 2; i++)
    {
      end_normally (pairs[i]);
      /* Two Closes: of the client with a reason, masked; and the backend's. */
      fed[i][0] += 2 + 4 + 2 + 4;
      fed[i][1] += 2 + 4 + 2 + 4;
    }
  fixture_finish (f);
  duplex_capture_walk (f->stored, 0, G_MAXUINT64, sum_cb, &sum);
  g_assert_cmpuint (sum.n_findings, ==, 0);
  g_assert_cmpuint (sum.n_closed, ==, 4);
  for (guint i = 0; i < 2; i++)
    {
      const Way *received = &sum.ways[1 + 2 * i][DUPLEX_DIRECTION_RECEIVED];
      const Way *sent = &sum.ways[2 + 2 * i][DUPLEX_DIRECTION_SENT];

      g_assert_cmpuint (received->wire, ==, fed[i][0]);
      g_assert_cmpuint (sent->wire, ==, fed[i][1]);
      g_assert_cmpuint (received->n_messages, >, 0);
      gaps += received->gaps + sent->gaps;
      gaps += sum.ways[1 + 2 * i][DUPLEX_DIRECTION_SENT].gaps;
      gaps += sum.ways[2 + 2 * i][DUPLEX_DIRECTION_RECEIVED].gaps;
    }
  g_assert_cmpuint (gaps, >, 0);
  g_assert_cmpuint (get_not_recorded (f), ==, gaps);
  fixture_free (f);
}

/* Nothing grows beyond the budget, and it is said once. */
static void
test_budget (void)
{
  Fixture            *f = fixture_new (3 * MIB);
  DuplexRecordedPair *pair = begin (f);
  DuplexRecordedPair *late;
  gint64              deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  g_autofree guint8  *bytes = g_malloc0 (1000);
  guint64             fed = 0;
  Sum                 sum = { 0 };
  GStatBuf            status;
  guint64             recorded = 0;

  while (get_not_recorded (f) < 64 * MIB)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      carry_frame (pair, DUPLEX_ROLE_CLIENT, DUPLEX_OPCODE_BINARY, bytes, 1000);
      fed += 2 * (1000 + 8);
    }
  late = begin (f);
  carry_frame (late, DUPLEX_ROLE_CLIENT, DUPLEX_OPCODE_BINARY, bytes, 1000);
  fed += 2 * (1000 + 8);
  end (pair, 0, 0, 0, 0);
  end (late, 0, 0, 0, 0);
  fixture_finish (f);
  duplex_capture_walk (f->stored, 0, G_MAXUINT64, sum_cb, &sum);
  g_assert_cmpuint (sum.n_findings, ==, 0);
  g_assert_cmpuint (sum.n_given_up, ==, 1);
  g_assert_cmpuint (sum.n_closed, ==, 0);
  g_assert_false (duplex_capture_read (f->stored, sum.last_given_up + 1,
                                       &(DuplexEvent)DUPLEX_EVENT_INIT));
  g_assert_cmpint (g_stat (f->path, &status), ==, 0);
  g_assert_cmpint (status.st_size, <=, 3 * MIB);
  g_assert_cmpint (status.st_size, >, 2 * MIB);
  for (guint c = 1; c <= 2; c++)
    for (guint d = 1; d <= 2; d++)
      recorded += sum.ways[c][d].wire - sum.ways[c][d].gaps;
  g_assert_cmpuint (recorded + get_not_recorded (f), ==, fed);
  fixture_free (f);
}

static gboolean
count_inflated_cb (const DuplexEvent *event,
                   gpointer           user_data)
{
  guint *counts = user_data;

  g_assert_cmpuint (event->n_findings, ==, 0);
  if (event->kind == DUPLEX_EVENT_FRAME && event->message != 0)
    {
      g_assert_true (duplex_event_ends_inflated (event));
      g_assert_cmpmem (event->inflated, event->inflated_size, "again and again and again", 25);
      counts[event->connection]++;
    }
  return TRUE;
}

/* Each direction has its own parameters, and both legs the same. */
static void
test_deflate (void)
{
  const DuplexDeflateAgreement agreed = { TRUE, { TRUE, 10 }, { FALSE, 15 } };
  Fixture                     *f = fixture_new (0);
  DuplexRecordedPair          *pair = begin_with (f, "ws://127.0.0.1:9/", REQUEST, &agreed);
  g_autoptr (DuplexDeflater)   client = duplex_deflater_new (&agreed.client, -1, 0);
  g_autoptr (DuplexDeflater)   server = duplex_deflater_new (&agreed.server, -1, 0);
  guint                        counts[5] = { 0 };

  for (guint i = 0; i < 6; i++)
    {
      DuplexRole             sender = i % 2 == 0 ? DUPLEX_ROLE_CLIENT : DUPLEX_ROLE_SERVER;
      DuplexDeflater        *deflater = i % 2 == 0 ? client : server;
      g_autoptr (GByteArray) out = g_byte_array_new ();
      g_autoptr (GBytes)     frame = NULL;
      DuplexFrameHeader      header = {
             .fin = TRUE,
             .rsv1 = TRUE,
             .opcode = DUPLEX_OPCODE_TEXT,
             .masked = sender == DUPLEX_ROLE_CLIENT,
             .mask = { 9, 8, 7, 6 },
      };

      duplex_deflater_feed (deflater, (const guint8 *)"again and again and again", 25, out);
      duplex_deflater_end (deflater, out);
      header.length = out->len;
      header.length_bits = duplex_frame_minimal_length_bits (out->len);
      frame = duplex_frame_encode (&header, out->data, out->len);
      carry (pair, sender, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
    }
  end_normally (pair);
  fixture_finish (f);
  duplex_capture_walk (f->stored, 0, G_MAXUINT64, count_inflated_cb, counts);
  g_assert_cmpuint (counts[1], ==, 6);
  g_assert_cmpuint (counts[2], ==, 6);
  fixture_free (f);
}

/* A folder that is not there, or a file that is. */
static void
test_path (void)
{
  Fixture                  *f = fixture_new (0);
  g_autoptr (GError)        error = NULL;
  g_autoptr (DuplexMetrics) metrics = duplex_metrics_new ();
  g_autofree char          *path = g_build_filename (f->folder, "none", "x.duplex", NULL);

  g_assert_null (duplex_recorder_new (path, 0, metrics, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  fixture_finish (f);
  g_assert_null (duplex_recorder_new (f->path, 0, metrics, &error));
  g_assert_nonnull (error);
  fixture_free (f);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  cli = argc > 1 ? argv[1] : NULL;
  g_test_add_func ("/relay/recorder/conversation", test_conversation);
  g_test_add_func ("/relay/recorder/secrets", test_secrets);
  g_test_add_func ("/relay/recorder/ends", test_ends);
  g_test_add_func ("/relay/recorder/large", test_large);
  g_test_add_func ("/relay/recorder/flood", test_flood);
  g_test_add_func ("/relay/recorder/budget", test_budget);
  g_test_add_func ("/relay/recorder/deflate", test_deflate);
  g_test_add_func ("/relay/recorder/path", test_path);
  return g_test_run ();
}
