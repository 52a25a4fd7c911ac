/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-texts.h"

#include <locale.h>

#include "core/model/duplex-capture.h"
#include "core/proto/duplex-close-code.h"

static void
assert_text (char       *text,
             const char *expected)
{
  g_assert_cmpstr (text, ==, expected);
  g_free (text);
}

/* The unit of a size follows a no-break space. */
static char *
plain_spaces (char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "\302\240", -1);

  g_free (text);
  return g_strjoinv (" ", parts);
}

static void
test_time (void)
{
  assert_text (duplex_text_time (0), "00:00:00.000");
  assert_text (duplex_text_time (1700000000123456), "22:13:20.123");
  assert_text (duplex_text_time (1700000000999999), "22:13:20.999");
  assert_text (duplex_text_time (-1000), "23:59:59.999");
  assert_text (duplex_text_time (G_MAXINT64), "");
}

static void
test_size (void)
{
  assert_text (plain_spaces (duplex_text_size (0)), "0 bytes");
  assert_text (plain_spaces (duplex_text_size (1)), "1 byte");
  assert_text (plain_spaces (duplex_text_size (999)), "999 bytes");
  assert_text (plain_spaces (duplex_text_size (1234)), "1.2 kB");
}

static void
test_count (void)
{
  assert_text (duplex_text_count (0), "0");
  assert_text (duplex_text_count (G_MAXUINT64), "18446744073709551615");
  assert_text (duplex_text_findings (0), "0 findings");
  assert_text (duplex_text_findings (1), "1 finding");
  assert_text (duplex_text_findings (2), "2 findings");
}

static void
test_duration (void)
{
  static const struct
  {
    gint64      us;
    const char *text;
  } cases[] = {
    { -1, "0 µs" },
    { 0, "0 µs" },
    { 99, "99 µs" },
    { 100, "0.1 ms" },
    { 812, "0.8 ms" },
    { 9949, "9.9 ms" },
    { 9950, "10 ms" },
    { 12345, "12 ms" },
    { 999499, "999 ms" },
    { 999500, "1.00 s" },
    { 1203000, "1.20 s" },
    { 59994999, "59.99 s" },
    { 59995000, "0 min 59 s" },
    { 60000000, "1 min 0 s" },
    { 125 * (gint64)G_USEC_PER_SEC, "2 min 5 s" },
    { 3599 * (gint64)G_USEC_PER_SEC, "59 min 59 s" },
    { 12000 * (gint64)G_USEC_PER_SEC, "3 h 20 min" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_text (duplex_text_duration (cases[i].us), cases[i].text);
}

static void
test_elapsed (void)
{
  assert_text (duplex_text_elapsed (-1), "0:00");
  assert_text (duplex_text_elapsed (7999999), "0:07");
  assert_text (duplex_text_elapsed (125 * (gint64)G_USEC_PER_SEC), "2:05");
  assert_text (duplex_text_elapsed (3599 * (gint64)G_USEC_PER_SEC), "59:59");
  assert_text (duplex_text_elapsed (12000 * (gint64)G_USEC_PER_SEC), "3:20:00");
}

static void
test_direction (void)
{
  g_assert_cmpstr (duplex_text_direction (DUPLEX_DIRECTION_SENT), ==, "Sent");
  g_assert_cmpstr (duplex_text_direction (DUPLEX_DIRECTION_RECEIVED), ==, "Received");
  g_assert_cmpstr (duplex_text_direction (DUPLEX_DIRECTION_NONE), ==, "");
  g_assert_cmpstr (duplex_text_direction_arrow (DUPLEX_DIRECTION_SENT), ==, "→");
  g_assert_cmpstr (duplex_text_direction_arrow (DUPLEX_DIRECTION_RECEIVED), ==, "←");
  g_assert_cmpstr (duplex_text_direction_arrow (DUPLEX_DIRECTION_NONE), ==, "");
}

static void
test_session_state (void)
{
  g_assert_cmpstr (duplex_text_session_state (DUPLEX_SESSION_DISCONNECTED), ==, "Disconnected");
  g_assert_cmpstr (duplex_text_session_state (DUPLEX_SESSION_CONNECTING), ==, "Connecting…");
  g_assert_cmpstr (duplex_text_session_state (DUPLEX_SESSION_OPEN), ==, "Connected");
  g_assert_cmpstr (duplex_text_session_state (DUPLEX_SESSION_CLOSING), ==, "Closing…");
}

static DuplexEvent
make_event (DuplexEventKind kind,
            const char     *payload,
            gint64          value)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = kind;
  event.value = value;
  event.payload = (const guint8 *)payload;
  event.payload_size = payload != NULL ? strlen (payload) : 0;

  return event;
}

static void
test_state (void)
{
  static const struct
  {
    DuplexEventKind kind;
    const char     *payload;
    gint64          value;
    const char     *text;
  } cases[] = {
    { DUPLEX_EVENT_FRAME, "hello", -1, "" },
    { DUPLEX_EVENT_CONNECTING, "ws://h/", -1, "Connecting to ws://h/" },
    { DUPLEX_EVENT_REQUEST, "GET", -1, "Request sent" },
    { DUPLEX_EVENT_RESPONSE, "HTTP", 101, "Response: HTTP status 101" },
    { DUPLEX_EVENT_RESPONSE, "SSH-2", 0, "Response that is not HTTP" },
    { DUPLEX_EVENT_BODY, "<html>", -1, "Beginning of the response’s body" },
    { DUPLEX_EVENT_TLS, "TLS 1.3", -1, "Encrypted: TLS 1.3" },
    { DUPLEX_EVENT_CONNECTED, "ws://h/", 1200, "Connected to ws://h/" },
    { DUPLEX_EVENT_CLOSED, "bye", 1000, "Disconnected (1000 Normal Closure): bye" },
    { DUPLEX_EVENT_CLOSED, NULL, 1000, "Disconnected (1000 Normal Closure): No reason" },
    { DUPLEX_EVENT_FAILED, "“x” has no address", DUPLEX_ERROR_RESOLVE,
      "The host name could not be found: “x” has no address" },
    { DUPLEX_EVENT_FAILED, NULL, DUPLEX_ERROR_TIMEOUT, "The server did not answer in time" },
    { DUPLEX_EVENT_FAILED, "gave up", DUPLEX_ERROR_CANCELLED, "The attempt was cancelled" },
    { DUPLEX_EVENT_FAILED, "odd", 4711, "The operation failed: odd" },
    { DUPLEX_EVENT_UNFINISHED, NULL, -1, "The message was not finished" },
    { DUPLEX_EVENT_GAP, NULL, 1, "1 connection was not recorded" },
    { DUPLEX_EVENT_GAP, NULL, 1500, "1500 connections were not recorded" },
    { DUPLEX_EVENT_GAP, NULL, -1, "Nothing is recorded from here on" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DuplexEvent event = make_event (cases[i].kind, cases[i].payload, cases[i].value);
      assert_text (duplex_text_state (&event), cases[i].text);
    }
}

/* What is missing of a direction. */
static void
test_gap (void)
{
  DuplexEvent event = make_event (DUPLEX_EVENT_GAP, NULL, 1500);

  event.direction = DUPLEX_DIRECTION_RECEIVED;
  assert_text (duplex_text_state (&event), "Not recorded: 1.5 kB that were received");
  event.direction = DUPLEX_DIRECTION_SENT;
  assert_text (duplex_text_state (&event), "Not recorded: 1.5 kB that were sent");
}

static void
test_control (void)
{
  static const struct
  {
    guint8      opcode;
    const char *payload;
    gsize       payload_size;
    gint64      value;
    const char *text;
  } cases[] = {
    { DUPLEX_OPCODE_TEXT, "x", 1, -1, "" },
    { DUPLEX_OPCODE_PING, "", 0, -1, "Ping" },
    { DUPLEX_OPCODE_PING, "12345678", 8, -1, "Ping “12345678”" },
    { DUPLEX_OPCODE_PING, "\0\0\0\0\0\0\0\1", 8, -1, "Ping 00 00 00 00 00 00 00 01" },
    { DUPLEX_OPCODE_PING, "\0\1\2\3\4\5\6\7\b\t\n\v\f\r", 14, -1,
      "Ping 00 01 02 03 04 05 06 07 08 09 0a 0b …" },
    { DUPLEX_OPCODE_PING, "a\u202eb", 5, -1, "Ping 61 e2 80 ae 62" },
    { DUPLEX_OPCODE_PONG, "grün", 5, 812, "Pong “grün”, round trip 0.8 ms" },
    { DUPLEX_OPCODE_PONG, "", 0, 812, "Pong, round trip 0.8 ms" },
    { DUPLEX_OPCODE_PONG, "\xff", 1, -1, "Pong ff" },
    { DUPLEX_OPCODE_CLOSE, "", 0, -1, "Close without a code" },
    { DUPLEX_OPCODE_CLOSE, "\x03\xe8", 2, -1, "Close 1000 Normal Closure" },
    { DUPLEX_OPCODE_CLOSE, "\x03\xe8"
                           "bye",
      5, -1, "Close 1000 Normal Closure: bye" },
    { DUPLEX_OPCODE_CLOSE, "\x03\xe8\xff", 3, -1, "Close 1000 Normal Closure: \357\277\275" },
    { 0xB, "", 0, -1, "Reserved frame 0xB" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DuplexEvent event = DUPLEX_EVENT_INIT;

      event.opcode = cases[i].opcode;
      event.payload = (const guint8 *)cases[i].payload;
      event.payload_size = cases[i].payload_size;
      event.value = cases[i].value;
      assert_text (duplex_text_control (&event), cases[i].text);
    }
}

static void
test_closed (void)
{
  assert_text (duplex_text_closed (1000, "Client closed connection"),
               "Disconnected (1000 Normal Closure): Client closed connection");
  assert_text (duplex_text_closed (1000, ""), "Disconnected (1000 Normal Closure): No reason");
  assert_text (duplex_text_closed (1001, NULL), "Disconnected (1001 Going Away): No reason");
  assert_text (duplex_text_close_code (DUPLEX_CLOSE_NORMAL), "1000 Normal Closure");
}

static void
test_error (void)
{
  g_autoptr (GError) resolve = g_error_new (DUPLEX_ERROR, DUPLEX_ERROR_RESOLVE, "no address for x");
  g_autoptr (GError) cancelled = g_error_new (DUPLEX_ERROR, DUPLEX_ERROR_CANCELLED, "gave up");
  g_autoptr (GError) other = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "from elsewhere");

  assert_text (duplex_text_error (resolve), "The host name could not be found: no address for x");
  assert_text (duplex_text_error (cancelled), "The attempt was cancelled");
  assert_text (duplex_text_error (other), "from elsewhere");
}

/* A code that is appended to the enum needs a sentence of its own. */
static void
test_every_error_code (void)
{
  for (int code = DUPLEX_ERROR_FAILED + 1; code <= DUPLEX_ERROR_IO; code++)
    {
      g_assert_cmpstr (duplex_text_error_code (code), !=, "");
      g_assert_cmpstr (duplex_text_error_code (code), !=,
                       duplex_text_error_code (DUPLEX_ERROR_FAILED));
    }
}

static void
test_certificate_problem (void)
{
  const GTlsCertificateFlags two = G_TLS_CERTIFICATE_EXPIRED | G_TLS_CERTIFICATE_BAD_IDENTITY;

  assert_text (duplex_text_certificate_problem (G_TLS_CERTIFICATE_EXPIRED), "it has expired");
  assert_text (duplex_text_certificate_problem (two),
               "it is issued for another host, it has expired");
  assert_text (duplex_text_certificate_problem (0), "it could not be checked");

  for (guint bit = 1; bit < G_TLS_CERTIFICATE_VALIDATE_ALL; bit <<= 1)
    {
      g_autofree char *text = duplex_text_certificate_problem (bit);
      g_assert_nonnull (strstr (text, "it"));
    }
}

static void
test_fingerprint (void)
{
  assert_text (duplex_text_fingerprint ("0fa1b2"), "0F:A1:B2");
  assert_text (duplex_text_fingerprint (""), "");
}

static void
test_host (void)
{
  static const struct
  {
    const char *url;
    const char *host;
  } cases[] = {
    { "wss://echo.example/chat?x=1", "echo.example" },
    { "ws://127.0.0.1:8080/", "127.0.0.1:8080" },
    { "wss://me:secret@h:443/", "h" },
    { "ws://[::1]:8080/", "[::1]:8080" },
    { "ws://[::1]/", "[::1]" },
    { "demo:/echo", "demo:/echo" },
    { "not a url", "not a url" },
    { "", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_text (duplex_text_host (cases[i].url), cases[i].host);
}

static void
test_excerpt (void)
{
  static const struct
  {
    const char *text;
    gsize       max_chars;
    const char *excerpt;
  } cases[] = {
    { "", 10, "" },
    { "hello", 10, "hello" },
    { "hello", 5, "hello" },
    { "hello", 4, "hell…" },
    { "  a\n\t b  ", 10, "a b" },
    { "{\n  \"id\": 1\n}", 40, "{ \"id\": 1 }" },
    { "ab cd", 3, "ab…" },
    { "äöü", 2, "äö…" },
    { "a\033[1m", 10, "a [1m" },
    { "a\xff", 10, "a\357\277\275" },
    { "a\u202eb", 10, "a\\u202eb" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_text (duplex_text_excerpt (cases[i].text, strlen (cases[i].text), cases[i].max_chars),
                 cases[i].excerpt);

  assert_text (duplex_text_excerpt ("a\0b", 3, 10), "a\357\277\275b");
}

static void
test_json_problem (void)
{
  static const struct
  {
    const char *text;
    const char *place;
  } cases[] = {
    { "{", "Line 1, column 2: " },
    { "{\n  \"a\": 1\n  \"b\": 2\n}", "Line 3, column 3: " },
    { "[\"äöü\" 1]", "Line 1, column 8: " },
    { "", "Line 1, column 1: " },
    { "hello", "Line 1, column 1: " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *problem = duplex_text_json_problem (cases[i].text, strlen (cases[i].text));
      g_assert_nonnull (problem);
      g_assert_cmpstr (problem, !=, cases[i].place);
      if (!g_str_has_prefix (problem, cases[i].place))
        g_error ("“%s” is not at “%s”", problem, cases[i].place);
    }

  g_assert_null (duplex_text_json_problem ("{\"a\": [1, 2.50]}", 16));
}

static DuplexRow *
append_row (DuplexCapture *capture,
            DuplexEvent   *event)
{
  GListModel *model = G_LIST_MODEL (capture);

  event->flags |= DUPLEX_EVENT_FLAG_ROW;
  duplex_capture_append (capture, event);
  duplex_capture_publish (capture);

  return g_list_model_get_item (model, g_list_model_get_n_items (model) - 1);
}

static DuplexRow *
append_frame (DuplexCapture  *capture,
              guint8          opcode,
              DuplexDirection direction,
              const char     *payload)
{
  DuplexEvent event = make_event (DUPLEX_EVENT_FRAME, payload, -1);

  event.opcode = opcode;
  event.direction = direction;
  event.header[0] = (guint8)(0x80 | opcode);
  event.header_size = 2;
  event.message = 1;
  event.n_frames = 1;
  event.message_size = event.payload_size;

  return append_row (capture, &event);
}

static void
test_row (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  DuplexEvent               connected = make_event (DUPLEX_EVENT_CONNECTED, "ws://h/", 1);
  g_autoptr (DuplexRow)     text = NULL;
  g_autoptr (DuplexRow)     binary = NULL;
  g_autoptr (DuplexRow)     ping = NULL;
  g_autoptr (DuplexRow)     state = NULL;

  text = append_frame (capture, DUPLEX_OPCODE_TEXT, DUPLEX_DIRECTION_SENT, "hello\nworld");
  binary = append_frame (capture, DUPLEX_OPCODE_BINARY, DUPLEX_DIRECTION_RECEIVED, "\xff\xfe");
  ping = append_frame (capture, DUPLEX_OPCODE_PING, DUPLEX_DIRECTION_SENT, "1");
  state = append_row (capture, &connected);

  assert_text (duplex_text_row_kind (text), "Text");
  assert_text (duplex_text_row_kind (binary), "Binary");
  assert_text (duplex_text_row_kind (ping), "Ping");
  assert_text (duplex_text_row_kind (state), "State");

  assert_text (plain_spaces (duplex_text_row_label (text)),
               "00:00:00.000, Sent, Text, 11 bytes, hello world");
  assert_text (plain_spaces (duplex_text_row_label (binary)),
               "00:00:00.000, Received, Binary, 2 bytes");
  assert_text (duplex_text_row_label (ping), "00:00:00.000, Sent, Ping “1”");
  assert_text (duplex_text_row_label (state), "00:00:00.000, Connected to ws://h/");
}

/* The label of a long message is cut, at a character, and says so. */
static void
test_row_long (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autofree char          *spaces = g_strnfill (799, ' ');
  g_autofree char          *cut_character = g_strconcat (spaces, "ä", NULL);
  g_autofree char          *long_text = g_strnfill (1000, 'x');
  g_autoptr (DuplexRow)     row = NULL;
  g_autoptr (DuplexRow)     cut = NULL;
  g_autofree char          *label = NULL;
  g_autofree char          *cut_label = NULL;

  row = append_frame (capture, DUPLEX_OPCODE_TEXT, DUPLEX_DIRECTION_SENT, long_text);
  label = duplex_text_row_label (row);
  g_assert_cmpint (g_utf8_strlen (label, -1), <, 260);
  g_assert_true (g_str_has_suffix (label, "xxx…"));

  cut = append_frame (capture, DUPLEX_OPCODE_TEXT, DUPLEX_DIRECTION_SENT, cut_character);
  cut_label = duplex_text_row_label (cut);
  g_assert_null (strstr (cut_label, "\357\277\275"));
}

int
main (int   argc,
      char *argv[])
{
  g_setenv ("TZ", "UTC", TRUE);
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/texts/time", test_time);
  g_test_add_func ("/app/texts/size", test_size);
  g_test_add_func ("/app/texts/count", test_count);
  g_test_add_func ("/app/texts/duration", test_duration);
  g_test_add_func ("/app/texts/elapsed", test_elapsed);
  g_test_add_func ("/app/texts/direction", test_direction);
  g_test_add_func ("/app/texts/session-state", test_session_state);
  g_test_add_func ("/app/texts/state", test_state);
  g_test_add_func ("/app/texts/gap", test_gap);
  g_test_add_func ("/app/texts/control", test_control);
  g_test_add_func ("/app/texts/closed", test_closed);
  g_test_add_func ("/app/texts/error/sentence", test_error);
  g_test_add_func ("/app/texts/error/every-code", test_every_error_code);
  g_test_add_func ("/app/texts/certificate-problem", test_certificate_problem);
  g_test_add_func ("/app/texts/fingerprint", test_fingerprint);
  g_test_add_func ("/app/texts/host", test_host);
  g_test_add_func ("/app/texts/excerpt", test_excerpt);
  g_test_add_func ("/app/texts/json-problem", test_json_problem);
  g_test_add_func ("/app/texts/row/label", test_row);
  g_test_add_func ("/app/texts/row/long", test_row_long);

  return g_test_run ();
}
