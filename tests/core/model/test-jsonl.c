/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events written as JSON Lines and read back. */
#include <json-glib/json-glib.h>
#include <string.h>

#include "core/model/duplex-export-jsonl.h"
#include "core/model/duplex-import-jsonl.h"
#include "core/model/duplex-jsonl-reader.h"
#include "core/model/duplex-payload-pieces.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

static char *
to_line (const DuplexEvent *event)
{
  GString *line = g_string_new (NULL);

  g_assert_true (duplex_export_jsonl_append (line, NULL, event, NULL, NULL));
  g_assert_cmpint (line->str[line->len - 1], ==, '\n');
  g_assert_null (memchr (line->str, '\n', line->len - 1));
  g_string_truncate (line, line->len - 1);
  g_assert_cmpuint (strlen (line->str), ==, line->len);
  return g_string_free (line, FALSE);
}

/* What is written is JSON by another parser's judgement too, and read as the same event. */
static void
check_round_trip (const DuplexEvent *event)
{
  g_autofree char              *line = to_line (event);
  g_autofree char              *again = NULL;
  g_autoptr (DuplexJsonlReader) reader = duplex_jsonl_reader_new ();
  g_autoptr (JsonParser)        parser = json_parser_new ();
  g_autoptr (GError)            error = NULL;
  DuplexEvent                   seen;

  json_parser_load_from_data (parser, line, -1, &error);
  g_assert_no_error (error);
  g_assert_true (duplex_jsonl_reader_parse (reader, line, strlen (line), &seen, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (seen.number, ==, event->number);
  g_assert_cmpint (seen.time_us, ==, event->time_us);
  g_assert_cmpint (seen.kind, ==, event->kind);
  g_assert_cmpuint (seen.flags, ==, event->flags);
  g_assert_cmpuint (seen.connection, ==, event->connection);
  g_assert_cmpint (seen.value, ==, event->value);
  g_assert_cmpmem (seen.payload, seen.payload_size, event->payload, event->payload_size);
  g_assert_true ((seen.inflated != NULL) == (event->inflated != NULL));
  g_assert_cmpmem (seen.inflated, seen.inflated_size, event->inflated, event->inflated_size);
  g_assert_cmpuint (seen.n_findings, ==, event->n_findings);
  for (guint i = 0; i < seen.n_findings; i++)
    {
      g_assert_cmpint (seen.findings[i].id, ==, event->findings[i].id);
      g_assert_cmpuint (seen.findings[i].offset, ==, event->findings[i].offset);
    }
  if (event->kind == DUPLEX_EVENT_FRAME || event->kind == DUPLEX_EVENT_UNFINISHED)
    {
      g_assert_cmpint (seen.direction, ==, event->direction);
      g_assert_cmpuint (seen.opcode, ==, event->opcode);
      g_assert_cmpmem (seen.header, seen.header_size, event->header, event->header_size);
      g_assert_cmpuint (seen.message, ==, event->message);
      g_assert_cmpuint (seen.message_size, ==, event->message_size);
      g_assert_cmpuint (seen.n_frames, ==, event->n_frames);
    }
  if (event->kind == DUPLEX_EVENT_GAP)
    g_assert_cmpint (seen.direction, ==, event->direction);
  if (event->kind == DUPLEX_EVENT_CLOSED)
    {
      g_assert_cmpuint (seen.message_size, ==, event->message_size);
      g_assert_cmpuint (seen.sent_code, ==, event->sent_code);
      g_assert_cmpmem (seen.sent_reason, seen.sent_reason_size, event->sent_reason,
                       event->sent_reason_size);
    }
  if (event->flags & DUPLEX_EVENT_FLAG_ROW)
    g_assert_cmpuint (seen.first, ==, event->first);
  again = to_line (&seen);
  g_assert_cmpstr (again, ==, line);
}

/* Every kind, every opcode and set of flags, with payloads of any bytes. */
static void
test_round_trip (void)
{
  g_autofree guint8  *bytes = g_malloc (256);
  const DuplexFinding findings[] = {
    { DUPLEX_FINDING_RESERVED_BIT, 0 },
    { DUPLEX_N_FINDINGS - 1, G_MAXUINT64 },
  };
  guint n = 0;

  for (guint i = 0; i < 256; i++)
    bytes[i] = (guint8)i;
  for (int kind = DUPLEX_EVENT_FRAME; kind <= DUPLEX_EVENT_GAP; kind++)
    for (guint8 opcode = 0; opcode < 16; opcode++, n++)
      {
        DuplexEvent       event = DUPLEX_EVENT_INIT;
        DuplexFrameHeader header = {
          .fin = n % 2,
          .rsv1 = n % 3 == 0,
          .rsv3 = n % 5 == 0,
          .opcode = opcode,
          .masked = n % 2 == 0,
          .mask = { 1, 2, 0xff, (guint8)n },
          .length_bits = n % 3 == 0 ? 7 : n % 3 == 1 ? 16
                                                     : 64,
          .length = n % 3 == 2 ? G_MAXUINT64 - n : n % 126,
        };

        event.number = (guint64)n << 33;
        event.time_us = G_GINT64_CONSTANT (1700000000000000) + n * 123457;
        event.kind = kind;
        event.flags = n % 64;
        event.connection = G_MAXUINT32 - n;
        event.value = n % 4 == 0 ? -1 : (gint64)n * G_GINT64_CONSTANT (-1000000007);
        event.direction = n % 3;
        event.opcode = opcode;
        event.header_size = (guint8)duplex_frame_header_encode (&header, event.header);
        event.message = G_MAXUINT64 - n;
        event.first = n;
        event.message_size = n * G_GUINT64_CONSTANT (0x100000001);
        event.n_frames = n;
        /* Up to 0x7f it is UTF-8. */
        event.payload = bytes;
        event.payload_size = n % 2 == 0 ? MIN (n, 0x80) : 256 - n % 7;
        event.inflated = n % 3 == 0 ? bytes : NULL;
        event.inflated_size = n % 3 == 0 ? n : 0;
        event.findings = findings;
        event.n_findings = n % 3;
        check_round_trip (&event);
      }
}

/* Text stays text, whatever characters it has. */
static void
test_text (void)
{
  static const char *const texts[] = {
    "",
    "plain",
    "\"\\/\b\f\n\r\t\x01\x1f\x7f",
    "ä € \xf0\x9f\x98\x80 \xef\xbf\xbf \xe2\x80\xa8",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      DuplexEvent      event = DUPLEX_EVENT_INIT;
      g_autofree char *line = NULL;

      event.opcode = DUPLEX_OPCODE_TEXT;
      event.payload = (const guint8 *)texts[i];
      event.payload_size = strlen (texts[i]);
      check_round_trip (&event);
      line = to_line (&event);
      g_assert_nonnull (strstr (line, ",\"text\":\""));
    }
}

/* The first and the last moment that a line can name, and 0. */
static void
test_times (void)
{
  static const struct
  {
    gint64      time_us;
    const char *text;
  } times[] = {
    { G_GINT64_CONSTANT (-62135596800000000), "0001-01-01T00:00:00.000000Z" },
    { G_GINT64_CONSTANT (-55000000000000001), "0227-02-13T22:13:19.999999Z" },
    { -1, "1969-12-31T23:59:59.999999Z" },
    { 0, "1970-01-01T00:00:00.000000Z" },
    { G_GINT64_CONSTANT (253402300799999999), "9999-12-31T23:59:59.999999Z" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      DuplexEvent      event = DUPLEX_EVENT_INIT;
      g_autofree char *line = NULL;

      event.time_us = times[i].time_us;
      check_round_trip (&event);
      line = to_line (&event);
      g_assert_nonnull (strstr (line, times[i].text));
    }
}

/* What a damaged file says is a line too. */
static void
test_no_times (void)
{
  static const gint64 times[] = {
    G_MININT64,
    G_GINT64_CONSTANT (-62135596800000001),
    G_GINT64_CONSTANT (253402300800000000),
    G_MAXINT64,
  };

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      DuplexEvent      event = DUPLEX_EVENT_INIT;
      g_autofree char *line = NULL;

      event.time_us = times[i];
      line = to_line (&event);
      g_assert_nonnull (strstr (line, "\"1970-01-01T00:00:00.000000Z\""));
    }
}

/* Half a character at the end of a fragment is no text. */
static void
test_half_character (void)
{
  DuplexEvent      event = DUPLEX_EVENT_INIT;
  g_autofree char *line = NULL;

  event.opcode = DUPLEX_OPCODE_TEXT;
  event.payload = (const guint8 *)"a\xc3";
  event.payload_size = 2;
  check_round_trip (&event);
  line = to_line (&event);
  g_assert_nonnull (strstr (line, ",\"base64\":\"YcM=\""));
}

/* A compressed message has both sizes and both payloads, on each frame and as a whole. */
static void
test_compressed (void)
{
  DuplexEvent      event = DUPLEX_EVENT_INIT;
  g_autofree char *first = NULL;
  g_autofree char *last = NULL;

  event.direction = DUPLEX_DIRECTION_RECEIVED;
  event.opcode = DUPLEX_OPCODE_TEXT;
  event.message = 1;
  event.header[0] = 0x41;
  event.header[1] = 0x03;
  event.header_size = 2;
  event.payload = (const guint8 *)"abc";
  event.payload_size = event.message_size = 3;
  event.n_frames = 1;
  event.inflated = (const guint8 *)"";
  check_round_trip (&event);
  first = to_line (&event);
  g_assert_nonnull (strstr (first, ",\"length\":3,"));
  g_assert_nonnull (strstr (first, ",\"message_size\":3,"));
  g_assert_nonnull (strstr (first, ",\"base64\":\"YWJj\",\"inflated_length\":0,"
                                   "\"inflated_text\":\"\"}"));
  g_assert_null (strstr (first, "message_inflated_size"));

  event.header[0] = 0x80;
  event.message_size = 6;
  event.n_frames = 2;
  event.flags = DUPLEX_EVENT_FLAG_ROW;
  event.inflated = (const guint8 *)"hello";
  event.inflated_size = 5;
  event.value = 5;
  check_round_trip (&event);
  last = to_line (&event);
  g_assert_nonnull (strstr (last, ",\"message_size\":6,\"frames\":2,"
                                  "\"message_inflated_size\":5,"));
  g_assert_nonnull (strstr (last, ",\"inflated_length\":5,\"inflated_text\":\"hello\"}"));
}

static void
test_duration (void)
{
  DuplexEvent      event = DUPLEX_EVENT_INIT;
  g_autofree char *line = NULL;
  g_autofree char *none = NULL;

  event.kind = DUPLEX_EVENT_CLOSED;
  event.flags = DUPLEX_EVENT_FLAG_PEER;
  event.value = 1000;
  event.message_size = 1234;
  check_round_trip (&event);
  line = to_line (&event);
  g_assert_nonnull (strstr (line, ",\"by_peer\":true,\"code\":1000,\"duration_us\":1234,"));

  event.message_size = 0;
  check_round_trip (&event);
  none = to_line (&event);
  g_assert_null (strstr (none, "duration"));
}

/* The Close of this end stands beside the code of the connection, where there was one. */
static void
test_sent_close (void)
{
  DuplexEvent      event = DUPLEX_EVENT_INIT;
  g_autofree char *none = NULL;
  g_autofree char *line = NULL;
  g_autofree char *bare = NULL;
  g_autofree char *bad = NULL;

  event.kind = DUPLEX_EVENT_CLOSED;
  event.value = 1000;
  event.payload = (const guint8 *)"bye";
  event.payload_size = 3;
  check_round_trip (&event);
  none = to_line (&event);
  g_assert_null (strstr (none, "sent"));

  event.sent_code = 1008;
  event.sent_reason = "Too \"many\"";
  event.sent_reason_size = strlen (event.sent_reason);
  check_round_trip (&event);
  line = to_line (&event);
  g_assert_nonnull (strstr (line, ",\"code\":1000,\"sent_code\":1008,"
                                  "\"sent_reason\":\"Too \\\"many\\\"\",\"text\":\"bye\"}"));

  event.sent_reason = NULL;
  event.sent_reason_size = 0;
  check_round_trip (&event);
  bare = to_line (&event);
  g_assert_nonnull (strstr (bare, ",\"sent_code\":1008,\"sent_reason\":\"\","));

  /* From a file that says so. */
  event.sent_reason = "\xff";
  event.sent_reason_size = 1;
  bad = to_line (&event);
  g_assert_nonnull (strstr (bad, ",\"sent_code\":1008,\"text\""));
}

/* A Close says its code though it may not be sent, and its reason where that is text. */
static void
test_close (void)
{
  static const struct
  {
    const char *body;
    gsize       size;
    const char *line;
  } rows[] = {
    { "", 0, ",\"close_code\":1005,\"close_reason\":\"\"," },
    { "\x03", 1, NULL },
    { "\x03\xe8", 2, ",\"close_code\":1000,\"close_reason\":\"\"," },
    { "\x03\xee"
      "bye",
      5, ",\"close_code\":1006,\"close_reason\":\"bye\"," },
    { "\x03\xe8\xff", 3, ",\"close_code\":1000,\"base64\":" },
    { "\x00\x00\xff", 3, ",\"close_code\":0,\"base64\":" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      DuplexEvent      event = DUPLEX_EVENT_INIT;
      g_autofree char *line = NULL;

      event.opcode = DUPLEX_OPCODE_CLOSE;
      event.direction = DUPLEX_DIRECTION_RECEIVED;
      event.header[0] = 0x88;
      event.header[1] = (guint8)rows[i].size;
      event.header_size = 2;
      event.payload = (const guint8 *)rows[i].body;
      event.payload_size = event.message_size = rows[i].size;
      check_round_trip (&event);
      line = to_line (&event);
      g_assert_cmpint (strstr (line, "\"close_") != NULL, ==, rows[i].line != NULL);
      g_assert_true (rows[i].line == NULL || strstr (line, rows[i].line) != NULL);
    }
}

/* ---- large payloads ---- */

#define LARGE ((gsize)3 * 1024 * 1024 + 1)

typedef struct
{
  GString *all;
  gsize    most; /* bytes that were in memory at once */
  guint    n;
} Settled;

static void
settle_cb (GString *out,
           gpointer user_data)
{
  Settled *settled = user_data;

  settled->most = MAX (settled->most, out->len);
  settled->n++;
  g_string_append_len (settled->all, out->str, (gssize)out->len);
  g_string_truncate (out, 0);
}

/* The line of an event, taken away piece by piece. */
static char *
settle_line (DuplexCapture     *capture,
             const DuplexEvent *event,
             gboolean           whole)
{
  g_autoptr (GString) out = g_string_new (NULL);
  Settled             settled = { g_string_new (NULL), 0, 0 };

  g_assert_true (duplex_export_jsonl_append (out, capture, event, settle_cb, &settled) == whole);
  settle_cb (out, &settled);
  g_assert_cmpuint (settled.n, >, event->payload_size / DUPLEX_PAYLOAD_PIECE);
  /* A control character takes six, and the members before take a few hundred. */
  g_assert_cmpuint (settled.most, <, 6 * DUPLEX_PAYLOAD_PIECE + 1000);
  g_assert_cmpuint (strlen (settled.all->str), ==, settled.all->len);
  return g_string_free (settled.all, FALSE);
}

/* Characters of two bytes from an odd offset on, so that pieces cut them; or no text. */
static guint8 *
make_large (gboolean is_text)
{
  guint8 *data = g_malloc (LARGE);

  data[0] = 'a';
  for (gsize i = 1; i < LARGE; i += 2)
    {
      data[i] = 0xc3;
      data[i + 1] = 0xa4;
    }
  if (!is_text)
    data[LARGE - 1] = 0xff;
  return data;
}

static void
test_pieces (gconstpointer data)
{
  gboolean                      is_text = GPOINTER_TO_INT (data);
  g_autofree guint8            *payload = make_large (is_text);
  g_autoptr (DuplexJsonlReader) reader = duplex_jsonl_reader_new ();
  g_autofree char              *line = NULL;
  DuplexEvent                   event = DUPLEX_EVENT_INIT;
  DuplexEvent                   seen;

  event.opcode = DUPLEX_OPCODE_TEXT;
  event.direction = DUPLEX_DIRECTION_RECEIVED;
  event.payload = event.inflated = payload;
  event.payload_size = event.inflated_size = LARGE;
  line = settle_line (NULL, &event, /* whole= */ TRUE);
  g_assert_nonnull (strstr (line, ",\"base64\":"));
  g_assert_true ((strstr (line, ",\"inflated_text\":") != NULL) == is_text);
  g_assert_true ((strstr (line, ",\"inflated_base64\":") != NULL) == !is_text);
  g_assert_true (duplex_jsonl_reader_parse (reader, line, strlen (line), &seen, NULL));
  g_assert_cmpmem (seen.payload, seen.payload_size, payload, LARGE);
  g_assert_cmpmem (seen.inflated, seen.inflated_size, payload, LARGE);
}

/* A payload that stands apart in its capture is the same line. */
static void
test_apart (gconstpointer data)
{
  gboolean                  is_text = GPOINTER_TO_INT (data);
  g_autofree guint8        *payload = make_large (is_text);
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autofree char          *line = NULL;
  g_autofree char          *same = NULL;
  DuplexEvent               event = DUPLEX_EVENT_INIT;
  DuplexEvent               stored = DUPLEX_EVENT_INIT;

  event.opcode = DUPLEX_OPCODE_TEXT;
  event.direction = DUPLEX_DIRECTION_RECEIVED;
  event.payload_size = LARGE;
  event.payload_id = duplex_capture_begin_payload (capture, NULL);
  for (gsize at = 0; at < LARGE; at += 100001)
    duplex_capture_add_payload (capture, event.payload_id, payload + at, MIN (100001, LARGE - at));
  g_assert_true (duplex_capture_read (capture, duplex_capture_append (capture, &event), &stored));
  line = settle_line (capture, &stored, /* whole= */ TRUE);

  event.payload = payload;
  event.payload_id = 0;
  same = settle_line (NULL, &event, /* whole= */ TRUE);
  g_assert_cmpstr (line, ==, same);
  duplex_event_clear (&stored);
}

/* What is not there is counted. */
static void
test_missing (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  DuplexEvent         event = DUPLEX_EVENT_INIT;

  event.opcode = DUPLEX_OPCODE_TEXT;
  event.payload_size = 1000000;
  event.payload_id = 1;
  event.inflated_size = 5;
  event.inflated_id = 2;
  g_assert_false (duplex_export_jsonl_append (out, NULL, &event, NULL, NULL));
  g_assert_nonnull (strstr (out->str, ",\"base64\":\"\",\"missing\":1000000,"));
  g_assert_nonnull (strstr (out->str, ",\"inflated_text\":\"\",\"inflated_missing\":5}\n"));
}

/* ---- reading ---- */

/* The escapes of others. */
static void
test_escapes (void)
{
  static const char line[] =
    "{\"event\":\"failed\",\"time\":\"2026-05-04T12:01:02.000009Z\",\"text\":"
    "\"\\u0041\\/\\b\\f\\n\\r\\t\\\"\\\\\\u00e4\\u20ac\\ud83d\\ude00\\u0000.\"}";
  static const char             text[] = "A/\b\f\n\r\t\"\\ä€\xf0\x9f\x98\x80\0.";
  g_autoptr (DuplexJsonlReader) reader = duplex_jsonl_reader_new ();
  g_autoptr (GError)            error = NULL;
  DuplexEvent                   event;

  duplex_jsonl_reader_parse (reader, line, strlen (line), &event, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (event.payload, event.payload_size, text, sizeof text - 1);
  g_assert_cmpint (event.time_us, ==, G_GINT64_CONSTANT (1777896062000009));
  g_assert_cmpint (event.value, ==, -1);
}

static const char *const broken[] = {
  "",
  "{",
  "{} {}",
  "[]",
  "{}",
  "{\"event\":\"failed\"}",
  "{\"time\":\"2026-05-04T12:01:02.000009Z\"}",
  "{\"event\":\"frame\",\"time\":\"2026-05-04T12:01:02.000009Z\",\"direction\":\"sent\"}",
  "{\"event\":\"frame\",\"time\":\"2026-05-04T12:01:02.000009Z\",\"type\":\"text\"}",
  "{\"event\":\"failed\",\"time\":\"2026-05-04T12:01:02.000009\"}",
  "{\"event\":\"failed\",\"time\":\"2026-05-04T25:01:02.000009Z\"}",
  "{\"event\":\"failed\",\"time\":\"2026-05-04T12:01:02.000009Z\",\"text\":\"\\ud800x\"}",
  "{\"event\":\"failed\",\"time\":\"2026-05-04T12:01:02.000009Z\",\"text\":\"\\udc00\\ud800\"}",
  "{\"event\":\"failed\",\"time\":\"2026-05-04T12:01:02.000009Z\",\"text\":\"\xff\"}",
};

static void
test_broken (void)
{
  g_autoptr (DuplexJsonlReader) reader = duplex_jsonl_reader_new ();

  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autoptr (GError) error = NULL;
      DuplexEvent        event;

      g_assert_false (
        duplex_jsonl_reader_parse (reader, broken[i], strlen (broken[i]), &event, &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_SYNTAX);
    }
}

/* Of the Close that was sent: what is in no frame is not taken into a record. */
static void
test_long_reason (void)
{
  g_autoptr (DuplexJsonlReader) reader = duplex_jsonl_reader_new ();

  for (gsize i = 0; i < 2; i++)
    {
      g_autofree char *reason = g_strnfill (DUPLEX_LIMIT_CAPTURE_BLOCK + i, 'x');
      g_autofree char *line =
        g_strdup_printf ("{\"event\":\"closed\",\"time\":\"2026-05-04T12:01:02.000009Z\","
                         "\"sent_code\":1000,\"sent_reason\":\"%s\"}",
                         reason);
      DuplexEvent event;

      g_assert_cmpint (duplex_jsonl_reader_parse (reader, line, strlen (line), &event, NULL), ==,
                       i == 0);
    }
}

/* ---- a stream ---- */

#define GOOD "{\"event\":\"failed\",\"time\":\"2026-05-04T12:01:02.000009Z\",\"number\":%d}"

typedef struct
{
  GString *log; /* "7 " for event 7, "!3 " for a broken line 3 */
  guint    most;
  guint    n;
} Log;

static gboolean
event_cb (const DuplexEvent *event,
          gpointer           data)
{
  Log *log = data;

  g_string_append_printf (log->log, "%" G_GUINT64_FORMAT " ", event->number);
  return ++log->n < log->most;
}

static gboolean
problem_cb (guint64       line,
            const GError *error,
            gpointer      data)
{
  Log *log = data;

  g_assert_true (error->domain == DUPLEX_ERROR);
  g_string_append_printf (log->log, "!%" G_GUINT64_FORMAT " ", line);
  return ++log->n < log->most;
}

static const DuplexImportCallbacks callbacks = { event_cb, problem_cb };

static char *
import (const char *text,
        guint       most)
{
  g_autoptr (GInputStream) stream =
    g_memory_input_stream_new_from_data (text, (gssize)strlen (text), NULL);
  g_autoptr (GError) error = NULL;
  Log                log = { g_string_new (NULL), most, 0 };

  g_assert_true (duplex_import_jsonl (stream, &callbacks, &log, &error));
  g_assert_no_error (error);
  return g_string_free (log.log, FALSE);
}

static void
test_lines (void)
{
  g_autofree char *one = g_strdup_printf (GOOD, 1);
  g_autofree char *two = g_strdup_printf (GOOD, 2);
  g_autofree char *text = g_strconcat (one, "\n\n{}\r\n", two, "\r\nx\n", one, NULL);
  g_autofree char *all = import (text, G_MAXUINT);
  g_autofree char *some = import (text, 2);
  g_autofree char *nothing = import ("", G_MAXUINT);
  g_autofree char *feeds = import ("\n\r\n", G_MAXUINT);

  g_assert_cmpstr (all, ==, "1 !3 2 !5 1 ");
  g_assert_cmpstr (some, ==, "1 !3 ");
  g_assert_cmpstr (nothing, ==, "");
  g_assert_cmpstr (feeds, ==, "");
}

/* Lines over many reads. */
static void
test_long_lines (void)
{
  g_autofree char    *padding = g_strnfill (200000, ' ');
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char    *seen = NULL;

  for (int i = 0; i < 5; i++)
    {
      g_string_append_printf (text, GOOD, i);
      g_string_append (text, padding);
      g_string_append_c (text, '\n');
    }
  seen = import (text->str, G_MAXUINT);
  g_assert_cmpstr (seen, ==, "0 1 2 3 4 ");
}

static void
test_read_fails (void)
{
  g_autoptr (GInputStream) stream = g_memory_input_stream_new ();
  g_autoptr (GError)       error = NULL;
  Log                      log = { NULL, 0, 0 };

  g_input_stream_close (stream, NULL, NULL);
  g_assert_false (duplex_import_jsonl (stream, &callbacks, &log, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/jsonl/round-trip", test_round_trip);
  g_test_add_func ("/core/jsonl/text", test_text);
  g_test_add_func ("/core/jsonl/times", test_times);
  g_test_add_func ("/core/jsonl/no-times", test_no_times);
  g_test_add_func ("/core/jsonl/compressed", test_compressed);
  g_test_add_func ("/core/jsonl/duration", test_duration);
  g_test_add_func ("/core/jsonl/sent-close", test_sent_close);
  g_test_add_func ("/core/jsonl/close", test_close);
  g_test_add_func ("/core/jsonl/half-character", test_half_character);
  g_test_add_data_func ("/core/jsonl/pieces/text", GINT_TO_POINTER (TRUE), test_pieces);
  g_test_add_data_func ("/core/jsonl/pieces/bytes", GINT_TO_POINTER (FALSE), test_pieces);
  g_test_add_data_func ("/core/jsonl/apart/text", GINT_TO_POINTER (TRUE), test_apart);
  g_test_add_data_func ("/core/jsonl/apart/bytes", GINT_TO_POINTER (FALSE), test_apart);
  g_test_add_func ("/core/jsonl/missing", test_missing);
  g_test_add_func ("/core/jsonl/escapes", test_escapes);
  g_test_add_func ("/core/jsonl/broken", test_broken);
  g_test_add_func ("/core/jsonl/long-reason", test_long_reason);
  g_test_add_func ("/core/jsonl/lines", test_lines);
  g_test_add_func ("/core/jsonl/long-lines", test_long_lines);
  g_test_add_func ("/core/jsonl/read-fails", test_read_fails);

  return g_test_run ();
}
