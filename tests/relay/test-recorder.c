/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-deflate.h"
#include "core/proto/duplex-frame-encoder.h"
#include "recorder-support.h"

static const char *cli; /* the program that shows captures, or NULL */

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

#define ENDING                                                 \
  "1 frame received close masked 1000\n"                       \
  "2 frame sent close masked 1000\n"                           \
  "2 frame received close 1000\n"                              \
  "1 frame sent close 1000\n"                                  \
  "1 closed server by-peer 1000 “done” sent 1000 “”\n" \
  "2 closed 1000 “” sent 1000 “done”\n"

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
  RecorderFixture    *f = recorder_fixture_new (0);
  DuplexRecordedPair *pair = recorder_fixture_begin (f);

  recorded_carry_frame (pair, DUPLEX_ROLE_CLIENT, DUPLEX_OPCODE_TEXT, "hello", 5);
  recorded_carry_frame (pair, DUPLEX_ROLE_SERVER, DUPLEX_OPCODE_BINARY, "there", 5);
  recorded_carry_frame (pair, DUPLEX_ROLE_SERVER, DUPLEX_OPCODE_PING, "", 0);
  recorded_end_normally (pair);
  recorder_fixture_finish (f);
  recorder_fixture_assert_events (f, OPENING "1 frame received text masked “hello”\n"
                                             "2 frame sent text masked “hello”\n"
                                             "2 frame received binary “there”\n"
                                             "1 frame sent binary “there”\n"
                                             "2 frame received ping “”\n"
                                             "1 frame sent ping “”\n" ENDING);
  g_assert_cmpuint (recorder_fixture_get_not_recorded (f), ==, 0);
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
  recorder_fixture_free (f);
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
  RecorderFixture    *f = recorder_fixture_new (0);
  DuplexRecordedPair *pair =
    recorder_fixture_begin_with (f, "ws://me:pass@127.0.0.1:9/", request, NULL);
  g_autofree char *events = NULL;

  recorded_end_normally (pair);
  recorder_fixture_finish (f);
  duplex_capture_walk (f->stored, 0, G_MAXUINT64, find_secret_cb, (gpointer)secrets);
  events = recorder_fixture_list_events (f);
  g_assert_nonnull (strstr (events, "?backend=ws%3A%2F%2Fnot-recorded%40127.0.0.1%3A9%2F&x=1”"));
  recorder_fixture_free (f);
}

/* The client's Close comes behind what broke a rule: no frame is known to begin there. */
static void
recorded_answer (DuplexRecordedPair *pair,
                 guint16             code)
{
  g_autoptr (GBytes) body = duplex_close_body_new (code, "answer");
  g_autoptr (GBytes) frame = NULL;
  const guint8      *data;
  gsize              size;

  data = g_bytes_get_data (body, &size);
  frame = duplex_frame_encode_simple (DUPLEX_ROLE_CLIENT, DUPLEX_OPCODE_CLOSE, data, size,
                                      duplex_mask_source_random, NULL);
  data = g_bytes_get_data (frame, &size);
  duplex_recorder_get_tap ()->received (DUPLEX_ROLE_CLIENT, data, size, G_MAXSIZE, pair);
}

static const struct
{
  guint16     codes[4]; /* client: sent, received; backend: sent, received */
  guint16     close_to_client;
  guint16     close_to_backend;
  guint16     answer; /* of the client, which the pump does not look at */
  const char *events;
} ends[] = {
  /* The client vanishes. */
  { { 0, 0, 1001, 1001 },
    0,
    1001,
    0,
    "2 frame sent close masked 1001\n1 failed 13\n"
    "1 closed server by-peer 1006 “” !eof-without-close\n2 closed 1001 “” sent 1001 “why”\n" },
  /* The backend does, and the client does not answer. */
  { { 1011, 0, 0, 0 },
    1011,
    0,
    0,
    "1 frame sent close 1011\n1 closed server 1006 “” sent 1011 “why”\n2 failed 13\n"
    "2 closed by-peer 1006 “” !eof-without-close\n" },
  /* The client breaks the protocol. */
  { { 1002, 0, 1001, 1001 },
    1002,
    1001,
    0,
    "1 frame sent close 1002\n2 frame sent close masked 1001\n1 failed 12\n"
    "1 closed server 1002 “” sent 1002 “why”\n2 closed 1001 “” sent 1001 “why”\n" },
  /* The client is refused what it sent. */
  { { 1009, 0, 1001, 1001 },
    1009,
    1001,
    0,
    "1 frame sent close 1009\n2 frame sent close masked 1001\n1 failed 16\n"
    "1 closed server 1009 “” sent 1009 “why”\n2 closed 1001 “” sent 1001 “why”\n" },
  /* And answers with another code. */
  { { 1008, 0, 1001, 1001 },
    1008,
    1001,
    1000,
    "1 frame sent close 1008\n2 frame sent close masked 1001\n"
    "1 frame received close masked 1000\n1 failed 16\n"
    "1 closed server 1000 “answer” sent 1008 “why”\n2 closed 1001 “” sent 1001 “why”\n" },
  /* The Close for the client was on its way, and did not leave. */
  { { 0, 0, 1001, 1001 },
    1011,
    1001,
    0,
    "1 frame sent close 1011\n2 frame sent close masked 1001\n1 failed 13\n"
    "1 closed server by-peer 1006 “” !eof-without-close\n2 closed 1001 “” sent 1001 “why”\n" },
  /* A code of the backend's own, which the client does not answer. */
  { { 1008, 0, 0, 1008 },
    1008,
    0,
    0,
    "1 frame sent close 1008\n1 closed server 1006 “” sent 1008 “why”\n2 closed 1008 “”\n" },
};

static void
test_ends (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      RecorderFixture     *f = recorder_fixture_new (0);
      DuplexRecordedPair  *pair = recorder_fixture_begin (f);
      const DuplexPumpTap *tap = duplex_recorder_get_tap ();
      const guint16        closes[] = { ends[i].close_to_client, ends[i].close_to_backend };
      g_autofree char     *expected = g_strconcat (OPENING, ends[i].events, NULL);

      for (guint c = 0; c < G_N_ELEMENTS (closes); c++)
        {
          g_autoptr (GBytes) body = duplex_close_body_new (closes[c], "why");
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
      if (ends[i].answer != 0)
        recorded_answer (pair, ends[i].answer);
      recorded_end (pair, ends[i].codes[0], ends[i].codes[1], ends[i].codes[2],
                    ends[i].codes[3]);
      recorder_fixture_finish (f);
      recorder_fixture_assert_events (f, expected);
      recorder_fixture_free (f);
    }
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
  RecorderFixture             *f = recorder_fixture_new (0);
  DuplexRecordedPair          *pair =
    recorder_fixture_begin_with (f, "ws://127.0.0.1:9/", RECORDER_REQUEST, &agreed);
  g_autoptr (DuplexDeflater) client = duplex_deflater_new (&agreed.client, -1, 0);
  g_autoptr (DuplexDeflater) server = duplex_deflater_new (&agreed.server, -1, 0);
  guint                      counts[5] = { 0 };

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
      recorded_carry (pair, sender, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
    }
  recorded_end_normally (pair);
  recorder_fixture_finish (f);
  duplex_capture_walk (f->stored, 0, G_MAXUINT64, count_inflated_cb, counts);
  g_assert_cmpuint (counts[1], ==, 6);
  g_assert_cmpuint (counts[2], ==, 6);
  recorder_fixture_free (f);
}

/* A folder that is not there, or a file that is. */
static void
test_path (void)
{
  RecorderFixture          *f = recorder_fixture_new (0);
  g_autoptr (GError)        error = NULL;
  g_autoptr (DuplexMetrics) metrics = duplex_metrics_new ();
  g_autofree char          *path = g_build_filename (f->folder, "none", "x.duplex", NULL);

  g_assert_null (duplex_recorder_new (path, 0, metrics, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  recorder_fixture_finish (f);
  g_assert_null (duplex_recorder_new (f->path, 0, metrics, &error));
  g_assert_nonnull (error);
  recorder_fixture_free (f);
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
  g_test_add_func ("/relay/recorder/deflate", test_deflate);
  g_test_add_func ("/relay/recorder/path", test_path);
  return g_test_run ();
}
