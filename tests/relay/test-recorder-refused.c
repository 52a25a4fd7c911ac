/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients that get no backend, and those that get no WebSocket. */
#include <string.h>

#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-frame-encoder.h"
#include "recorder-support.h"

#define ACCEPTED  G_GINT64_CONSTANT (1700000000000000)
#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\n\r\n"
#define FORBIDDEN "HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nbecause"

/* Up to where the backend is dialled, of connection 1. */
#define ASKED                                                                                 \
  "1 connecting server “ws://relay.example:8080/api/websocket?backend=ws%3A%2F%2F127.0.0.1" \
  "%3A9%2F”\n"                                                                              \
  "1 request received\n"

typedef struct
{
  GBytes               *request;
  GBytes               *response; /* or NULL */
  DuplexRecordedOpening known;
} Client;

static void
client_clear (Client *self)
{
  g_bytes_unref (self->request);
  g_clear_pointer (&self->response, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Client, client_clear)

/* response may be NULL. */
static void
client_init (Client     *self,
             const char *request,
             const char *response)
{
  self->request = g_bytes_new (request, strlen (request));
  self->response = response != NULL ? g_bytes_new (response, strlen (response)) : NULL;
  self->known = (DuplexRecordedOpening){
    .peer = "127.0.0.1:4711",
    .request = self->request,
    .response = self->response,
    .accepted_at = ACCEPTED,
  };
}

/* What the dialer leaves of a backend up to the last of events. */
static DuplexCapture *
make_dial (DuplexEventKind last)
{
  static const DuplexEventKind kinds[] = { DUPLEX_EVENT_CONNECTING, DUPLEX_EVENT_REQUEST,
                                           DUPLEX_EVENT_CONNECTED };
  DuplexCapture               *dial = duplex_capture_new ();
  DuplexEvent                  event = DUPLEX_EVENT_INIT;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      event = (DuplexEvent)DUPLEX_EVENT_INIT;
      event.kind = i == 1 ? last : kinds[i];
      event.flags = i > 0 ? DUPLEX_EVENT_FLAG_ROW : 0;
      event.first = DUPLEX_EVENT_FIRST_IS_SELF;
      event.payload = (const guint8 *)"ws://127.0.0.1:9/";
      event.payload_size = strlen ("ws://127.0.0.1:9/");
      if (event.kind == DUPLEX_EVENT_FAILED)
        event.value = DUPLEX_ERROR_CONNECT;
      duplex_capture_append (dial, &event);
      if (event.kind == last)
        break;
    }
  return dial;
}

static void
send_close (DuplexRecordedPair *pair,
            guint16             code,
            const char         *reason)
{
  g_autoptr (GBytes) body = duplex_close_body_new (code, reason);
  g_autoptr (GBytes) frame =
    duplex_frame_encode_simple (DUPLEX_ROLE_SERVER, DUPLEX_OPCODE_CLOSE,
                                g_bytes_get_data (body, NULL), g_bytes_get_size (body),
                                duplex_mask_source_random, NULL);
  GOutputVector span;

  span.buffer = g_bytes_get_data (frame, &span.size);
  duplex_recorder_get_tap ()->sent (DUPLEX_ROLE_CLIENT, &span, 1, pair);
}

/* The client has a WebSocket, learns why there is nothing behind it, and does not answer. */
static void
test_unreachable (void)
{
  RecorderFixture          *f = recorder_fixture_new (0);
  g_autoptr (DuplexCapture) dial = make_dial (DUPLEX_EVENT_FAILED);
  g_auto (Client)           client = { 0 };
  DuplexRecordedPair       *pair;

  client_init (&client, RECORDER_REQUEST, SWITCHING);
  client.known.dial = dial;
  pair = duplex_recorder_begin (f->recorder, &client.known);
  send_close (pair, 1011, "Backend connection failed");
  recorded_end (pair, 1011, 0, 0, 0);
  recorder_fixture_finish (f);
  recorder_fixture_assert_events (f, ASKED
                                  "2 connecting “ws://127.0.0.1:9/”\n"
                                  "2 failed 5\n"
                                  "1 response sent 101\n"
                                  "1 connected server “127.0.0.1:4711”\n"
                                  "1 frame sent close 1011\n"
                                  "1 closed server 1006 “” sent 1011 "
                                  "“Backend connection failed”\n");
  recorder_fixture_free (f);
}

/* Nobody was dialled: there is one leg, and the next client has the next number. What was not
 * allowed is no violation of the protocol; and a token is not recorded, but that it came. */
static void
test_not_dialled (void)
{
  RecorderFixture *f = recorder_fixture_new (0);
  g_auto (Client)  client = { 0 };

  client_init (&client, RECORDER_REQUEST, SWITCHING);
  client.known.unseen = 17;
  for (guint i = 0; i < 2; i++)
    {
      DuplexRecordedPair *pair = duplex_recorder_begin (f->recorder, &client.known);

      send_close (pair, 1008, "Token required");
      recorded_end (pair, 1008, 0, 0, 0);
    }
  recorder_fixture_finish (f);
  recorder_fixture_assert_events (
    f, ASKED "1 response sent 101\n1 connected server “127.0.0.1:4711”\n1 gap received 17\n"
             "1 frame sent close 1008\n"
             "1 closed server 1006 “” sent 1008 “Token required”\n"
             "2 connecting server “ws://relay.example:8080/api/websocket?backend=ws%3A%2F%2F"
             "127.0.0.1%3A9%2F”\n2 request received\n"
             "2 response sent 101\n2 connected server “127.0.0.1:4711”\n2 gap received 17\n"
             "2 frame sent close 1008\n"
             "2 closed server 1006 “” sent 1008 “Token required”\n");
  recorder_fixture_free (f);
}

/* Refused by a status, with what the body says. */
static void
test_status (void)
{
  RecorderFixture *f = recorder_fixture_new (0);
  g_auto (Client)  client = { 0 };

  client_init (&client, RECORDER_REQUEST, FORBIDDEN);
  duplex_recorder_add_refused (f->recorder, &client.known);
  recorder_fixture_finish (f);
  recorder_fixture_assert_events (f, ASKED "1 response sent 403\n1 body sent\n1 failed 10\n");
  recorder_fixture_free (f);
}

static gboolean
find_secret_cb (const DuplexEvent *event,
                gpointer           user_data)
{
  g_assert_null (g_strstr_len ((const char *)event->payload, (gssize)event->payload_size,
                               user_data));
  return TRUE;
}

/* What makes no sense may be anything, and 400 cites it. */
static void
test_wreck (void)
{
  RecorderFixture *f = recorder_fixture_new (0);
  g_auto (Client)  client = { 0 };

  client_init (&client, "GET /api/websocket?x=1 HTTP/1.1\r\nAuthorization Bearer geheim\r\n\r\n",
               "HTTP/1.1 400 Bad Request\r\n\r\nline 2: no colon: Authorization Bearer geheim");
  duplex_recorder_add_refused (f->recorder, &client.known);
  recorder_fixture_finish (f);
  recorder_fixture_assert_events (
    f, "1 connecting server “ws://-/”\n1 request received\n1 response sent 400\n1 failed 10\n");
  duplex_capture_walk (f->stored, 0, G_MAXUINT64, find_secret_cb, (gpointer) "geheim");
  recorder_fixture_free (f);
}

/* The client leaves while its backend is dialled, and after that. */
static void
test_left (void)
{
  static const struct
  {
    DuplexEventKind last;
    const char     *events;
  } cases[] = {
    { DUPLEX_EVENT_FAILED, "2 connecting “ws://127.0.0.1:9/”\n2 failed 5\n1 failed 13\n" },
    { DUPLEX_EVENT_CONNECTED,
      "2 connecting “ws://127.0.0.1:9/”\n2 connected “ws://127.0.0.1:9/”\n"
      "2 closed 1006 “”\n1 failed 13\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      RecorderFixture          *f = recorder_fixture_new (0);
      g_autoptr (DuplexCapture) dial = make_dial (cases[i].last);
      g_auto (Client)           client = { 0 };
      g_autofree char          *expected = g_strconcat (ASKED, cases[i].events, NULL);

      client_init (&client, RECORDER_REQUEST, NULL);
      client.known.dial = dial;
      duplex_recorder_add_refused (f->recorder, &client.known);
      recorder_fixture_finish (f);
      recorder_fixture_assert_events (f, expected);
      recorder_fixture_free (f);
    }
}

typedef struct
{
  guint  n_refused;
  guint  n_connected;
  gint64 n_skipped;
  guint  n_gaps;
} Count;

static gboolean
count_cb (const DuplexEvent *event,
          gpointer           user_data)
{
  Count *count = user_data;

  count->n_refused += event->kind == DUPLEX_EVENT_FAILED;
  count->n_connected += event->kind == DUPLEX_EVENT_CONNECTED;
  if (event->kind == DUPLEX_EVENT_GAP)
    {
      g_assert_cmpint (event->direction, ==, DUPLEX_DIRECTION_NONE);
      g_assert_cmpuint (event->connection, ==, 0);
      g_assert_cmpint (event->value, >, 0);
      count->n_skipped += event->value;
      count->n_gaps++;
    }
  return TRUE;
}

/* Clients that have no right to be here fill an eighth of the file, and those who have are recorded
 * before, between and after; how many were not is said once for a run of them. */
static void
test_share (void)
{
  const guint64       budget = 4 * 1024 * 1024;
  RecorderFixture    *f = recorder_fixture_new (budget);
  g_auto (Client)     client = { 0 };
  DuplexRecordedPair *pair;
  Count               count = { 0 };

  client_init (&client, RECORDER_REQUEST, FORBIDDEN);
  for (guint i = 0; i < 10000; i++)
    {
      duplex_recorder_add_refused (f->recorder, &client.known);
      if (i == 5000)
        recorded_end_normally (recorder_fixture_begin (f));
    }
  pair = recorder_fixture_begin (f);
  recorded_end_normally (pair);
  recorder_fixture_finish (f);
  duplex_capture_walk (f->stored, 0, G_MAXUINT64, count_cb, &count);
  g_assert_cmpuint (count.n_connected, ==, 4);
  g_assert_cmpuint (count.n_refused, >, 100);
  g_assert_cmpuint (count.n_refused, <, budget / 8 / strlen (RECORDER_REQUEST));
  g_assert_cmpint (count.n_refused + count.n_skipped, ==, 10000);
  /* One, and one more each time that the recorder is behind. */
  g_assert_cmpint (count.n_gaps, >, 0);
  g_assert_cmpint (count.n_gaps * 100, <=, count.n_skipped);
  recorder_fixture_free (f);
}

static gboolean
sum_received_cb (const DuplexEvent *event,
                 gpointer           user_data)
{
  guint64 *sums = user_data;

  if (event->direction == DUPLEX_DIRECTION_RECEIVED && event->kind == DUPLEX_EVENT_FRAME)
    sums[0] += duplex_event_get_wire_size (event);
  if (event->direction == DUPLEX_DIRECTION_RECEIVED && event->kind == DUPLEX_EVENT_GAP)
    sums[1] += (guint64)event->value;
  return TRUE;
}

/* Nor does one that sends without end where nobody listens. */
static void
test_talker (void)
{
  RecorderFixture    *f = recorder_fixture_new (0);
  g_auto (Client)     client = { 0 };
  g_autofree char    *payload = g_strnfill (1000, 'x');
  g_autoptr (GBytes)  frame = NULL;
  DuplexRecordedPair *pair;
  guint64             sums[2] = { 0 };
  gsize               size;
  const guint8       *data;

  frame = duplex_frame_encode_simple (DUPLEX_ROLE_CLIENT, DUPLEX_OPCODE_TEXT,
                                      (const guint8 *)payload, 1000, duplex_mask_source_random,
                                      NULL);
  data = g_bytes_get_data (frame, &size);
  client_init (&client, RECORDER_REQUEST, SWITCHING);
  pair = duplex_recorder_begin (f->recorder, &client.known);
  for (guint i = 0; i < 2000; i++)
    duplex_recorder_get_tap ()->received (DUPLEX_ROLE_CLIENT, data, size, 0, pair);
  recorded_end (pair, 1008, 0, 0, 0);
  recorder_fixture_finish (f);
  duplex_capture_walk (f->stored, 0, G_MAXUINT64, sum_received_cb, sums);
  g_assert_cmpuint (sums[0], >, 32 * 1024);
  g_assert_cmpuint (sums[0], <=, 64 * 1024);
  g_assert_cmpuint (sums[0] + sums[1], ==, 2000 * size);
  recorder_fixture_free (f);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/recorder-refused/unreachable", test_unreachable);
  g_test_add_func ("/relay/recorder-refused/not-dialled", test_not_dialled);
  g_test_add_func ("/relay/recorder-refused/status", test_status);
  g_test_add_func ("/relay/recorder-refused/wreck", test_wreck);
  g_test_add_func ("/relay/recorder-refused/left", test_left);
  g_test_add_func ("/relay/recorder-refused/share", test_share);
  g_test_add_func ("/relay/recorder-refused/talker", test_talker);
  return g_test_run ();
}
