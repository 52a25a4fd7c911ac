/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-filter.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "duplex-model-support.h"

/* 2024-05-01T12:00:00Z; row n comes n seconds later. The tests live two hours east of that. */
#define NOON_US (G_GINT64_CONSTANT (1714564800) * G_USEC_PER_SEC)
#define TEST_TZ "XXX-02:00"

#define TRADE                                                                       \
  "{\"type\":\"trade\",\"id\":12345678901234567890,\"price\":1.50,\"a\":[{\"x y\":" \
  "{\"b\":true}}],\"tags\":[\"Urgent\",\"x\"],\"note\":\"caf\\u00e9 \\\"quoted\\\"\"}"

/* The rows, in order. */
enum {
  ROW_CONNECTED, /* "wss://example.test/feed", connection 1 */
  ROW_TRADE,     /* received text: TRADE */
  ROW_HEART,     /* sent text, JSON; bookmarked */
  ROW_BINARY,    /* received, not UTF-8; one finding, a warning */
  ROW_PING,      /* received, within the next */
  ROW_PARTS,     /* received text of three frames; the first has a finding, an error */
  ROW_PONG,      /* sent; has a comment */
  ROW_INFLATED,  /* received text, compressed */
  ROW_CLOSE,     /* received, 1001 "going away" */
  ROW_CLOSED,    /* 1006, connection 1 */
  ROW_FAILED,    /* connection 2 */
  ROW_EMPTY,     /* sent text of no byte, connection 2 */
  N_ROWS
};

static void
append_row (DuplexCapture *capture,
            DuplexEvent   *event,
            guint          row)
{
  event->time_us = NOON_US + row * G_USEC_PER_SEC + 250000;
  duplex_capture_append (capture, event);
}

static void
append_state (DuplexCapture  *capture,
              guint           row,
              DuplexEventKind kind,
              const char     *text,
              gint64          value)
{
  DuplexEvent event = duplex_test_text (text);

  event.kind = kind;
  event.direction = DUPLEX_DIRECTION_NONE;
  event.opcode = 0;
  event.message = 0;
  event.message_size = 0;
  event.n_frames = 0;
  event.value = value;
  event.connection = row >= ROW_FAILED ? 2 : 1;
  append_row (capture, &event, row);
}

static void
append_closed (DuplexCapture *capture)
{
  DuplexEvent event = duplex_test_text ("gone");

  event.kind = DUPLEX_EVENT_CLOSED;
  event.direction = DUPLEX_DIRECTION_NONE;
  event.opcode = 0;
  event.message_size = 0;
  event.value = 1006;
  event.sent_code = 1011;
  event.sent_reason = "Backend error";
  event.sent_reason_size = strlen (event.sent_reason);
  append_row (capture, &event, ROW_CLOSED);
}

static void
append_message (DuplexCapture  *capture,
                guint           row,
                DuplexDirection direction,
                const char     *text)
{
  DuplexEvent event = duplex_test_text (text);

  event.direction = direction;
  event.message = row + 1;
  event.connection = row >= ROW_FAILED ? 2 : 1;
  append_row (capture, &event, row);
}

static void
append_binary (DuplexCapture *capture)
{
  const DuplexFinding finding = { DUPLEX_FINDING_MESSAGE_UNFINISHED, 0 };
  DuplexEvent         event = duplex_test_text ("\xFF\xFE raw");

  event.opcode = DUPLEX_OPCODE_BINARY;
  event.message = ROW_BINARY + 1;
  event.findings = &finding;
  event.n_findings = 1;
  append_row (capture, &event, ROW_BINARY);
}

static void
append_control (DuplexCapture  *capture,
                guint           row,
                DuplexDirection direction,
                guint8          opcode,
                const char     *text)
{
  DuplexEvent event = duplex_test_text (text);

  event.direction = direction;
  event.opcode = opcode;
  event.message = 0;
  event.message_size = 0;
  append_row (capture, &event, row);
}

/* "First PART: last", with a ping in between, and fragments of a message that is not this one. */
static void
append_parts (DuplexCapture *capture)
{
  const DuplexFinding finding = { DUPLEX_FINDING_INVALID_UTF8, 3 };
  DuplexEvent         event = duplex_test_text ("First PA");
  DuplexEvent         other = duplex_test_text ("other");
  guint64             first;

  event.message = ROW_PARTS + 1;
  event.flags = 0;
  event.findings = &finding;
  event.n_findings = 1;
  first = duplex_capture_append (capture, &event);

  other.direction = DUPLEX_DIRECTION_SENT;
  other.message = event.message;
  other.flags = 0;
  duplex_capture_append (capture, &other);

  append_control (capture, ROW_PING, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_PING, "tick");

  event.first = first;
  event.n_findings = 0;
  event.payload = (const guint8 *)"RT";
  event.payload_size = 2;
  event.message_size = 10;
  event.n_frames = 2;
  duplex_capture_append (capture, &event);

  event.flags = DUPLEX_EVENT_FLAG_ROW;
  event.payload = (const guint8 *)": last";
  event.payload_size = 6;
  event.message_size = 16;
  event.n_frames = 3;
  append_row (capture, &event, ROW_PARTS);
}

static void
append_inflated (DuplexCapture *capture)
{
  DuplexEvent event = duplex_test_text ("squeezed");

  event.message = ROW_INFLATED + 1;
  event.inflated = (const guint8 *)"{\"worth\": \"inflated\"}";
  event.inflated_size = strlen ((const char *)event.inflated);
  event.value = (gint64)event.inflated_size;
  append_row (capture, &event, ROW_INFLATED);
}

static void
set_note (DuplexCapture *capture,
          guint64        row,
          gboolean       bookmarked,
          const char    *comment)
{
  g_autoptr (GError) error = NULL;
  guint64            number = 0;

  g_assert_true (duplex_capture_find_row (capture, row, &number));
  duplex_capture_set_note (capture, number, bookmarked, comment, &error);
  g_assert_no_error (error);
}

static DuplexCapture *
make_capture (void)
{
  DuplexCapture *capture = duplex_capture_new ();

  append_state (capture, ROW_CONNECTED, DUPLEX_EVENT_CONNECTED, "wss://example.test/feed", 1200);
  append_message (capture, ROW_TRADE, DUPLEX_DIRECTION_RECEIVED, TRADE);
  append_message (capture, ROW_HEART, DUPLEX_DIRECTION_SENT,
                  "{\"type\":\"heartbeat\",\"ok\":true,\"error\":null,\"n\":[1,2,3]}");
  append_binary (capture);
  append_parts (capture);
  append_control (capture, ROW_PONG, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_PONG, "tick");
  append_inflated (capture);
  append_control (capture, ROW_CLOSE, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_CLOSE,
                  "\x03\xE9going away");
  append_closed (capture);
  append_state (capture, ROW_FAILED, DUPLEX_EVENT_FAILED, "connection reset", 0);
  append_message (capture, ROW_EMPTY, DUPLEX_DIRECTION_SENT, "");
  set_note (capture, ROW_HEART, TRUE, NULL);
  set_note (capture, ROW_PONG, FALSE, "Look here");

  return capture;
}

/* The rows of capture that match, as "1 5 ". */
static char *
list_rows (DuplexCapture *capture,
           DuplexFilter  *filter)
{
  GString *rows = g_string_new (NULL);
  guint64  number;

  for (guint64 row = 0; duplex_capture_find_row (capture, row, &number); row++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      g_assert_true (duplex_capture_read (capture, number, &event));
      if (duplex_filter_match (filter, capture, &event))
        g_string_append_printf (rows, "%" G_GUINT64_FORMAT " ", row);
    }

  return g_string_free (rows, FALSE);
}

static DuplexFilter *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  guint              column = G_MAXUINT;
  DuplexFilter      *filter = duplex_filter_parse (text, &column, &error);

  if (filter == NULL)
    g_error ("%s: column %u: %s", text, column, error->message);
  g_assert_cmpuint (column, ==, G_MAXUINT);

  return filter;
}

typedef struct
{
  const char *text;
  const char *rows;
} MatchCase;

#define ALL_ROWS "0 1 2 3 4 5 6 7 8 9 10 11 "

static const MatchCase match_cases[] = {
  { "", ALL_ROWS },
  { " \t\n", ALL_ROWS },

  /* flags */
  { "received", "1 3 4 5 7 8 " },
  { "sent", "2 6 11 " },
  { "text", "1 2 5 7 11 " },
  { "binary", "3 " },
  { "control", "4 6 8 " },
  { "state", "0 9 10 " },
  { "ping", "4 " },
  { "pong", "6 " },
  { "close", "8 " },
  { "PING", "4 " },

  /* and, or, not */
  { "received and text", "1 5 7 " },
  { "received && text", "1 5 7 " },
  { "received&&text", "1 5 7 " },
  { "ping or pong", "4 6 " },
  { "ping || pong || close", "4 6 8 " },
  { "not received and not state", "2 6 11 " },
  { "!received&&!state", "2 6 11 " },
  { "not not ping", "4 " },
  { "!!!ping and control", "6 8 " },
  { "ping or sent and text", "2 4 11 " },
  { "(ping or sent) and text", "2 11 " },
  { "not (ping or sent or state or text)", "3 8 " },
  { "((((ping))))", "4 " },
  { "NOT (received OR sent) AND state", "0 9 10 " },
  { "ping or (pong or (close))", "4 6 8 " },

  /* direction, kind, opcode */
  { "direction == sent", "2 6 11 " },
  { "direction != sent", "1 3 4 5 7 8 " },
  { "Direction == \"received\"", "1 3 4 5 7 8 " },
  { "kind == text", "1 2 5 7 11 " },
  { "kind != text", "0 3 4 6 8 9 10 " },
  { "opcode == ping", "4 " },
  { "opcode == 9", "4 " },
  { "opcode >= 8", "4 6 8 " },
  { "opcode == 'close'", "8 " },
  { "opcode < binary", "1 2 5 7 11 " },
  { "opcode == continuation", "" },

  /* numbers */
  { "size == 0", "11 " },
  { "size == 16", "5 10 " },
  { "size == 16B", "5 10 " },
  { "size > 0.1k", "1 " },
  { "size > 0.1kB", "1 " },
  { "size > 1k", "" },
  { "size < 1GiB and sent", "2 6 11 " },
  { "size <= 99999999999999999999999", ALL_ROWS },
  { "size == 21", "7 " },
  { "wire-size == 8", "7 " },
  { "WIRE-SIZE == 16", "5 10 " },
  { "wire-size <= 1GB", ALL_ROWS },
  { "compressed", "7 " },
  { "frames == 0", "0 9 10 " },
  { "frames > 1", "5 " },
  { "connection == 2", "10 11 " },
  { "connection != 1", "10 11 " },
  { "event == 0", "0 " },
  { "event <= 1", "0 1 " },
  { "event > 99999999999999999999", "" },
  { "code", "8 9 " },
  { "code == 1001", "8 " },
  { "code != 1001", "9 " },
  { "code == 1006", "9 " },
  { "code == 1011", "9 " },
  { "code != 1006", "8 9 " },
  { "code > 1006", "9 " },
  { "code > 1011", "" },
  { "code >= 1000", "8 9 " },
  { "not code == 1001 and close", "" },
  { "code and received", "8 " },

  /* time */
  { "time == 14:00", ALL_ROWS },
  { "time == 14:00:03", "3 " },
  { "time != 14:00:03 and time <= 14:00:04", "0 1 2 4 " },
  { "time > 14:00:09", "10 11 " },
  { "time >= 14:00:09", "9 10 11 " },
  { "time < 14:00:02", "0 1 " },
  { "time == 14:00:02.25", "2 " },
  { "time == 14:00:02.250", "2 " },
  { "time == 14:00:02.251", "" },
  { "time > 14:00:10.2", "11 " },
  { "time < 12:00", "" },
  { "time == 2024-05-01", ALL_ROWS },
  { "time > 2024-05-01", "" },
  { "time == 2024-05-01T12:00:03Z", "3 " },
  { "time == 2024-05-01t12:00:03z", "3 " },
  { "time == 2024-05-01T14:00:03", "3 " },
  { "time == \"2024-05-01 14:00:03\"", "3 " },
  { "time == 2024-05-01T07:30:03-04:30", "3 " },
  { "time == 2024-05-01T14:00:03.250+02:00", "3 " },
  { "time < 2024-05-01T12:00:01Z", "0 " },

  /* findings and notes */
  { "finding", "3 5 " },
  { "not finding and received", "1 4 7 8 " },
  { "finding == invalid-utf8", "5 " },
  { "finding == \"message-unfinished\"", "3 " },
  { "finding != invalid-utf8", "3 " },
  { "finding contains \"UTF8\"", "5 " },
  { "finding =~ /^message-/", "3 " },
  { "severity >= warning", "3 5 " },
  { "severity == error", "5 " },
  { "severity < error", "3 " },
  { "severity == note", "" },
  { "bookmark", "2 " },
  { "bookmarked", "2 " },
  { "comment", "6 " },
  { "comment contains \"look\"", "6 " },
  { "comment contains \"look\"c", "" },
  { "comment == \"Look here\"", "6 " },
  { "comment != \"x\"", "6 " },
  { "comment =~ /^look/", "" },
  { "comment =~ /^look/i", "6 " },
  { "bookmarked or comment", "2 6 " },

  /* text */
  { "\"TRADE\"", "1 " },
  { "'trade'", "1 " },
  { "\"TRADE\"c", "" },
  { "\"trade\"c", "1 " },
  { "text contains \"type\"", "1 2 " },
  { "text contains \"part: L\"", "5 " },
  { "\"PART\"c", "5 " },
  { "\"other\"", "" },
  { "\"inflated\"", "7 " },
  { "\"squeezed\"", "" },
  { "\"example.TEST\"", "0 " },
  { "\"reset\"", "10 " },
  { "\"away\"", "8 " },
  { "\"backend ERR\"", "9 " },
  { "/^Backend error$/", "9 " },
  { "/^gone$/", "9 " },
  { "\"goneBackend\"", "" },
  { "text == \"Backend error\"", "9 " },
  { "\"\\\"type\\\"\"", "1 2 " },
  { "/tr[a-z]de/", "1 " },
  { "/TR[A-Z]DE/i", "1 " },
  { "/TR[A-Z]DE/", "" },
  { "/^going away$/", "8 " },
  { "/first part/i", "5 " },
  { "/p a r t/ix", "5 " },
  { "/feed\\/?$/", "0 " },
  { "/\\/feed/", "0 " },
  { "text =~ / raw$/", "3 " },
  { "text == \"tick\"", "4 6 " },
  { "text == \"Tick\"", "" },
  { "text != \"tick\" and control", "8 " },
  { "text == \"First PART: last\"", "5 " },
  { "text == \"\"", "11 " },
  { "sent and text and text contains \"heart\"", "2 " },
  { "text", "1 2 5 7 11 " },

  /* JSON */
  { "$", "1 2 7 " },
  { "$.type", "1 2 " },
  { "$.type == \"trade\"", "1 " },
  { "$.type != \"trade\"", "2 " },
  { "not $.type == \"trade\" and text", "2 5 7 11 " },
  { "$.type contains \"BEAT\"", "2 " },
  { "$.type contains \"BEAT\"c", "" },
  { "$.type =~ /^tr/", "1 " },
  { "$.type < \"i\"", "2 " },
  { "$.type >= \"trade\"", "1 " },
  { "$.type == 1", "" },
  { "$.type != 1", "1 2 " },
  { "$.type < 1", "" },
  { "$.id == 12345678901234567890", "1 " },
  { "$.id == 12345678901234567891", "" },
  { "$.id < 12345678901234567891", "1 " },
  { "$.id > 12345678901234567889.9", "1 " },
  { "$.price == 1.5", "1 " },
  { "$.price == 15e-1", "1 " },
  { "$.price > -2", "1 " },
  { "$.price contains \".50\"", "1 " },
  { "$.ok == true", "2 " },
  { "$.ok == false", "" },
  { "$.ok != false", "2 " },
  { "$.error == null", "2 " },
  { "$.error", "2 " },
  { "$.a[0][\"x y\"].b == true", "1 " },
  { "$.a[*]['x y']", "1 " },
  { "$..b", "1 " },
  { "$.n[1] == 2", "2 " },
  { "$.n[*] >= 3", "2 " },
  { "$.n[*] > 3", "" },
  { "$.n == 1", "" },
  { "$.n != 1", "2 " },
  { "$.n contains \"2,3\"", "2 " },
  { "$.tags contains \"urgent\"", "1 " },
  { "$.tags[*] == \"Urgent\"", "1 " },
  { "$.note == \"caf\\u00e9 \\\"quoted\\\"\"", "1 " },
  { "$.note contains 'CAFÉ \"Q'", "1 " },
  { "$.note =~ /é .quoted.$/", "1 " },
  { "$.worth == \"inflated\"", "7 " },
};

static void
test_match (void)
{
  g_autoptr (DuplexCapture) capture = make_capture ();

  for (gsize i = 0; i < G_N_ELEMENTS (match_cases); i++)
    {
      g_autoptr (DuplexFilter) filter = parse (match_cases[i].text);
      g_autofree char         *rows = list_rows (capture, filter);

      if (strcmp (rows, match_cases[i].rows) != 0)
        g_error ("%s: %s", match_cases[i].text, rows);
      g_assert_true (duplex_filter_is_empty (filter) == (i < 2));
    }

  g_assert_finalize_object (g_steal_pointer (&capture));
}

/* What the man page shows is true. */
static void
test_manual (void)
{
  g_autofree char          *path = NULL;
  g_autofree char          *page = NULL;
  g_autoptr (GError)        error = NULL;
  g_autoptr (DuplexCapture) capture = make_capture ();
  g_auto (GStrv)            lines = NULL;
  char                     *examples;

  path = g_test_build_filename (G_TEST_DIST, "..", "data", "man", "duplex-filter.5", NULL);
  g_file_get_contents (path, &page, NULL, &error);
  g_assert_no_error (error);
  examples = strstr (page, ".SH EXAMPLES\n.EX\n");
  g_assert_nonnull (examples);
  lines = g_strsplit (examples, "\n", -1);

  for (guint i = 2; strcmp (lines[i], ".EE") != 0; i++)
    {
      g_auto (GStrv)           parts = g_strsplit (lines[i], "\\e", -1);
      g_autofree char         *text = g_strjoinv ("\\", parts);
      g_autoptr (DuplexFilter) filter = parse (text);
      g_autofree char         *rows = list_rows (capture, filter);

      g_assert_true (strlen (rows) < strlen (ALL_ROWS));
      g_assert_nonnull (lines[i + 1]);
    }
  g_assert_cmpuint (g_strv_length (lines), >, 20);
}

static void
test_for_text (void)
{
  static const struct
  {
    const char           *text;
    DuplexFilterTextFlags flags;
    const char           *rows;
  } cases[] = {
    { "", DUPLEX_FILTER_TEXT_PLAIN, ALL_ROWS },
    { "", DUPLEX_FILTER_TEXT_REGEX, ALL_ROWS },
    { "TRADE", DUPLEX_FILTER_TEXT_PLAIN, "1 " },
    { "TRADE", DUPLEX_FILTER_TEXT_CASE, "" },
    { "trade", DUPLEX_FILTER_TEXT_CASE, "1 " },
    { "\"type\"", DUPLEX_FILTER_TEXT_PLAIN, "1 2 " },
    { "t.pe", DUPLEX_FILTER_TEXT_PLAIN, "" },
    { "T.PE", DUPLEX_FILTER_TEXT_REGEX, "1 2 " },
    { "T.PE", DUPLEX_FILTER_TEXT_REGEX | DUPLEX_FILTER_TEXT_CASE, "" },
    { "/feed$", DUPLEX_FILTER_TEXT_REGEX, "0 " },
    { " ", DUPLEX_FILTER_TEXT_PLAIN, "1 3 5 7 8 9 10 " },
  };
  g_autoptr (DuplexCapture) capture = make_capture ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError)       error = NULL;
      g_autoptr (DuplexFilter) filter = NULL;
      g_autofree char         *rows = NULL;

      filter = duplex_filter_new_for_text (cases[i].text, cases[i].flags, &error);
      g_assert_no_error (error);
      rows = list_rows (capture, filter);
      g_assert_cmpstr (rows, ==, cases[i].rows);
      g_assert_true (duplex_filter_is_empty (filter) == (*cases[i].text == '\0'));
    }
}

static void
test_for_text_error (void)
{
  static const char *const cases[] = { "(", "a{2", "[", "\xFF" };

  /* PCRE takes a brace that begins no repetition as itself. */
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError)       error = NULL;
      g_autoptr (DuplexFilter) filter = NULL;

      filter = duplex_filter_new_for_text (cases[i], DUPLEX_FILTER_TEXT_REGEX, &error);
      if (strcmp (cases[i], "a{2") == 0)
        g_assert_nonnull (filter);
      else
        g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_ref (void)
{
  DuplexFilter *filter = parse ("ping");

  g_assert_true (duplex_filter_ref (filter) == filter);
  duplex_filter_unref (filter);
  g_assert_false (duplex_filter_is_empty (filter));
  duplex_filter_unref (filter);
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("TZ", TEST_TZ, TRUE);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/filter/match", test_match);
  g_test_add_func ("/core/filter/manual", test_manual);
  g_test_add_func ("/core/filter/for-text", test_for_text);
  g_test_add_func ("/core/filter/for-text-error", test_for_text_error);
  g_test_add_func ("/core/filter/ref", test_ref);

  return g_test_run ();
}
