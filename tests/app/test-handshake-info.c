/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-handshake-info.h"

#include <string.h>

#include "app/duplex-statistics-page.h"
#include "conversation.h"
#include "core/proto/duplex-error.h"

#define URL      "wss://example.org/chat"
#define REQUEST  "GET /chat HTTP/1.1\r\nHost: example.org\r\n\r\n"
#define RESPONSE "HTTP/1.1 101 Switching Protocols\r\n\r\n"

/* A state of a connection, which is no row. */
static void
append (DuplexCapture  *capture,
        guint32         connection,
        DuplexEventKind kind,
        const char     *text,
        gint64          value,
        DuplexFindingId finding)
{
  DuplexEvent   event = DUPLEX_EVENT_INIT;
  DuplexFinding findings[] = { { finding, 7 } };

  event.time_us = 1000 * (gint64)kind;
  event.kind = kind;
  event.connection = connection;
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  event.value = value;
  event.payload = (const guint8 *)text;
  event.payload_size = strlen (text);
  event.findings = findings;
  event.n_findings = finding != DUPLEX_FINDING_NONE ? 1 : 0;
  duplex_capture_append (capture, &event);
}

static void
append_begin (DuplexCapture *capture,
              guint32        connection)
{
  append (capture, connection, DUPLEX_EVENT_CONNECTING, URL, -1, DUPLEX_FINDING_NONE);
  append (capture, connection, DUPLEX_EVENT_REQUEST, REQUEST, -1, DUPLEX_FINDING_NONE);
}

static void
assert_bytes (GBytes     *bytes,
              const char *text)
{
  g_assert_nonnull (bytes);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
}

static void
test_none (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();

  g_assert_null (duplex_handshake_info_new (capture, G_MAXUINT64));
}

static void
test_connected (void)
{
  g_autoptr (DuplexCapture)       capture = duplex_capture_new ();
  g_autoptr (DuplexHandshakeInfo) info = NULL;

  append_begin (capture, 1);
  append (capture, 1, DUPLEX_EVENT_TLS, "TLS 1.3", -1, DUPLEX_FINDING_NONE);
  append (capture, 1, DUPLEX_EVENT_RESPONSE, RESPONSE, 101, DUPLEX_FINDING_HEADER_REPEATED);
  append (capture, 1, DUPLEX_EVENT_CONNECTED, URL, 12345, DUPLEX_FINDING_NONE);
  conversation_text (capture, DUPLEX_DIRECTION_RECEIVED, "after it", -1);
  info = duplex_handshake_info_new (capture, G_MAXUINT64);

  g_assert_cmpuint (info->number, ==, 0);
  g_assert_cmpint (info->outcome, ==, DUPLEX_HANDSHAKE_DONE);
  g_assert_cmpstr (info->url, ==, URL);
  g_assert_cmpstr (info->tls, ==, "TLS 1.3");
  g_assert_cmpint (info->duration_us, ==, 12345);
  g_assert_cmpuint (info->status, ==, 101);
  assert_bytes (info->request, REQUEST);
  assert_bytes (info->response, RESPONSE);
  g_assert_null (info->body);
  g_assert_null (info->failure);
  g_assert_cmpuint (info->findings->len, ==, 1);
  g_assert_cmpint (g_array_index (info->findings, DuplexFinding, 0).id, ==,
                   DUPLEX_FINDING_HEADER_REPEATED);
}

static void
test_refused (void)
{
  g_autoptr (DuplexCapture)       capture = duplex_capture_new ();
  g_autoptr (DuplexHandshakeInfo) info = NULL;

  append_begin (capture, 1);
  append (capture, 1, DUPLEX_EVENT_RESPONSE, "HTTP/1.1 403 Forbidden\r\n\r\n", 403,
          DUPLEX_FINDING_NONE);
  append (capture, 1, DUPLEX_EVENT_BODY, "go away", -1, DUPLEX_FINDING_NONE);
  append (capture, 1, DUPLEX_EVENT_FAILED, "403 Forbidden", DUPLEX_ERROR_HANDSHAKE_REFUSED,
          DUPLEX_FINDING_NONE);
  info = duplex_handshake_info_new (capture, G_MAXUINT64);

  g_assert_cmpint (info->outcome, ==, DUPLEX_HANDSHAKE_FAILED);
  g_assert_cmpuint (info->status, ==, 403);
  g_assert_cmpstr (info->failure, ==, "The server refused the WebSocket handshake: 403 Forbidden");
  g_assert_cmpint (info->duration_us, ==,
                   1000 * (DUPLEX_EVENT_FAILED - DUPLEX_EVENT_CONNECTING));
  assert_bytes (info->body, "go away");
  g_assert_null (info->tls);
}

/* Each row is told its own connection's handshake; events of another do not mix in. */
static void
test_several (void)
{
  g_autoptr (DuplexCapture)       capture = duplex_capture_new ();
  g_autoptr (DuplexHandshakeInfo) first = NULL;
  g_autoptr (DuplexHandshakeInfo) second = NULL;

  append_begin (capture, 1);
  append (capture, 1, DUPLEX_EVENT_CONNECTED, URL, 1, DUPLEX_FINDING_NONE);
  append_begin (capture, 2);
  append (capture, 1, DUPLEX_EVENT_CLOSED, "late", 1000, DUPLEX_FINDING_EOF_WITHOUT_CLOSE);
  append (capture, 2, DUPLEX_EVENT_RESPONSE, RESPONSE, 101, DUPLEX_FINDING_NONE);
  first = duplex_handshake_info_new (capture, 2);
  second = duplex_handshake_info_new (capture, G_MAXUINT64);

  g_assert_cmpuint (first->number, ==, 0);
  g_assert_cmpint (first->outcome, ==, DUPLEX_HANDSHAKE_DONE);
  g_assert_cmpuint (second->number, ==, 3);
  g_assert_cmpint (second->outcome, ==, DUPLEX_HANDSHAKE_RUNNING);
  g_assert_cmpuint (second->findings->len, ==, 0);
  assert_bytes (second->response, RESPONSE);
}

#define OFFER(value) \
  "GET /chat HTTP/1.1\r\nHost: example.org\r\nSec-WebSocket-Extensions: " value "\r\n\r\n"
#define ANSWER(value) \
  "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Extensions: " value "\r\n\r\n"

/* What was agreed on, in words. */
static void
test_compression (void)
{
  static const struct
  {
    const char *request;
    const char *response;
    const char *words;
  } cases[] = {
    { REQUEST, RESPONSE, "Not offered" },
    { OFFER ("x-other"), RESPONSE, "Not offered" },
    { OFFER ("permessage-deflated"), RESPONSE, "Not offered" },
    { OFFER ("permessage-deflate"), RESPONSE, "Offered, and the server does without" },
    { OFFER ("permessage-deflate"), ANSWER ("permessage-deflate"),
      "Sent: window of 32 KiB, kept from message to message\n"
      "Received: window of 32 KiB, kept from message to message" },
    { OFFER ("permessage-deflate; client_no_context_takeover; client_max_window_bits"),
      ANSWER ("permessage-deflate; client_max_window_bits=10; server_max_window_bits=8"),
      "Sent: window of 1 KiB, empty for each message\n"
      "Received: window of 256 bytes, kept from message to message" },
    /* what was not offered is not agreed on */
    { OFFER ("permessage-deflate"), ANSWER ("permessage-deflate; client_max_window_bits=10"),
      "Offered, and the server does without" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexCapture)       capture = duplex_capture_new ();
      g_autoptr (DuplexHandshakeInfo) info = NULL;
      g_autofree char                *words = NULL;

      append (capture, 1, DUPLEX_EVENT_CONNECTING, URL, -1, DUPLEX_FINDING_NONE);
      append (capture, 1, DUPLEX_EVENT_REQUEST, cases[i].request, -1, DUPLEX_FINDING_NONE);
      append (capture, 1, DUPLEX_EVENT_RESPONSE, cases[i].response, 101, DUPLEX_FINDING_NONE);
      append (capture, 1, DUPLEX_EVENT_CONNECTED, URL, 1, DUPLEX_FINDING_NONE);
      info = duplex_handshake_info_new (capture, G_MAXUINT64);
      words = duplex_handshake_info_dup_compression (info);
      g_assert_cmpstr (words, ==, cases[i].words);
    }
}

static void
test_readable (void)
{
  static const struct
  {
    const char *raw;
    const char *readable;
  } cases[] = {
    { REQUEST, "GET /chat HTTP/1.1\nHost: example.org" },
    { "a\nb\r\n\r\n", "a\nb" },
    { "a\rb\r\n", "a\\rb" },
    { "\x1b[31m\xff", "\\u001b[31m\\xff" },
    { "no end", "no end" },
    { "", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (cases[i].raw, strlen (cases[i].raw));
      g_autofree char   *readable = duplex_handshake_info_dup_readable (bytes);

      g_assert_cmpstr (readable, ==, cases[i].readable);
    }
}

/* Sizes have no-break spaces. */
static void
plain_spaces (char *text)
{
  for (char *space = strstr (text, "\xc2\xa0"); space != NULL; space = strstr (space, "\xc2\xa0"))
    {
      *space = ' ';
      memmove (space + 1, space + 2, strlen (space + 2) + 1);
    }
}

/* The values of the page beside it. */
static void
test_statistics (void)
{
  const DuplexTotals totals = {
    .messages = { 4, 0 },
    .bytes = { 1000, 0 },
    .frames = { 5, 1 },
    .wire_bytes = { 1250, 2 },
    .findings = 3,
    .events = 9,
    .compressed = { 2, 0 },
    .compressed_bytes = { 100, 0 },
    .inflated_bytes = { 410, 0 },
  };
  static const struct
  {
    DuplexStatistic statistic;
    const char     *values[3];
  } cases[] = {
    { DUPLEX_STATISTIC_MESSAGES, { "4", "0", "4" } },
    { DUPLEX_STATISTIC_BYTES, { "1.0 kB", "0 bytes", "1.0 kB" } },
    { DUPLEX_STATISTIC_AVERAGE, { "250 bytes", "–", "250 bytes" } },
    { DUPLEX_STATISTIC_FRAMES, { "5", "1", "6" } },
    { DUPLEX_STATISTIC_WIRE, { "1.2 kB", "2 bytes", "1.3 kB" } },
    { DUPLEX_STATISTIC_OVERHEAD, { "44.8 %", "100.0 %", "44.9 %" } },
    { DUPLEX_STATISTIC_COMPRESSED, { "2", "0", "2" } },
    { DUPLEX_STATISTIC_INFLATED_BYTES, { "410 bytes", "0 bytes", "410 bytes" } },
    { DUPLEX_STATISTIC_COMPRESSED_BYTES, { "100 bytes", "0 bytes", "100 bytes" } },
    { DUPLEX_STATISTIC_RATIO, { "4.1:1", "–", "4.1:1" } },
    { DUPLEX_STATISTIC_FINDINGS, { "", "", "3" } },
    { DUPLEX_STATISTIC_EVENTS, { "", "", "9" } },
  };

  G_STATIC_ASSERT (G_N_ELEMENTS (cases) == DUPLEX_N_STATISTICS);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      for (guint direction = 0; direction < 3; direction++)
        {
          g_autofree char *value = NULL;

          value = duplex_statistics_page_dup_value (&totals, cases[i].statistic, direction);
          plain_spaces (value);
          g_assert_cmpstr (value, ==, cases[i].values[direction]);
        }
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/handshake-info/none", test_none);
  g_test_add_func ("/app/handshake-info/connected", test_connected);
  g_test_add_func ("/app/handshake-info/refused", test_refused);
  g_test_add_func ("/app/handshake-info/several", test_several);
  g_test_add_func ("/app/handshake-info/compression", test_compression);
  g_test_add_func ("/app/handshake-info/readable", test_readable);
  g_test_add_func ("/app/statistics-page/values", test_statistics);

  return g_test_run ();
}
