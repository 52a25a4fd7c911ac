/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a capture makes of compressed messages: rows, totals, its file. */
#include <string.h>

#include "core/model/duplex-capture-file.h"
#include "core/model/duplex-payload-pieces.h"
#include "core/model/duplex-row.h"
#include "core/proto/duplex-limits.h"
#include "duplex-file-support.h"
#include "duplex-model-support.h"
#include "duplex-record-support.h"

/* A frame of a compressed message: what was on the wire, and its share of what that is worth. */
typedef struct
{
  const char *wire;
  const char *inflated; /* or NULL: there is none */
} Frame;

static DuplexEvent
make_frame (const char *wire,
            const char *inflated,
            gboolean    is_first,
            gboolean    is_last)
{
  DuplexEvent event = duplex_test_text (wire);

  event.header[0] = (guint8)((is_last ? 0x80 : 0) | (is_first ? 0x41 : 0));
  event.header[1] = (guint8)event.payload_size;
  event.header_size = 2;
  event.flags = is_last ? DUPLEX_EVENT_FLAG_ROW : 0;
  event.inflated = (const guint8 *)inflated;
  event.inflated_size = inflated != NULL ? strlen (inflated) : 0;
  return event;
}

/* value: what the last frame says of the whole message. */
static void
append_message (DuplexCapture  *capture,
                DuplexDirection direction,
                const Frame    *frames,
                guint           n_frames,
                gint64          value)
{
  guint64 first = DUPLEX_EVENT_FIRST_IS_SELF;
  guint64 size = 0;

  for (guint i = 0; i < n_frames; i++)
    {
      DuplexEvent event = make_frame (frames[i].wire, frames[i].inflated, i == 0,
                                      i + 1 == n_frames);
      guint64     number;

      size += event.payload_size;
      event.direction = direction;
      event.n_frames = i + 1;
      event.message_size = size;
      event.first = first;
      event.value = i + 1 == n_frames ? value : -1;
      number = duplex_capture_append (capture, &event);
      first = i == 0 ? number : first;
    }
}

static DuplexRow *
get_row (DuplexCapture *capture,
         guint          position)
{
  DuplexRow *row;

  duplex_capture_publish (capture);
  row = g_list_model_get_item (G_LIST_MODEL (capture), position);
  g_assert_true (DUPLEX_IS_ROW (row));
  return row;
}

/* ---- events ---- */

static void
test_begins (void)
{
  static const struct
  {
    guint8          first_byte;
    DuplexEventKind kind;
    guint64         message;
    DuplexFindingId finding;
    gboolean        expected;
  } cases[] = {
    { 0xc1, DUPLEX_EVENT_FRAME, 1, 0, TRUE },
    { 0x42, DUPLEX_EVENT_FRAME, 1, 0, TRUE },
    { 0xc1, DUPLEX_EVENT_FRAME, 1, DUPLEX_FINDING_DEFLATE_CORRUPT, TRUE },
    { 0x81, DUPLEX_EVENT_FRAME, 1, 0, FALSE },
    { 0xb1, DUPLEX_EVENT_FRAME, 1, 0, FALSE },
    { 0xc1, DUPLEX_EVENT_FRAME, 1, DUPLEX_FINDING_RESERVED_BIT, FALSE },
    { 0xc0, DUPLEX_EVENT_FRAME, 1, DUPLEX_FINDING_COMPRESSED_BIT_MISPLACED, FALSE },
    { 0xc9, DUPLEX_EVENT_FRAME, 0, DUPLEX_FINDING_COMPRESSED_BIT_MISPLACED, FALSE },
    { 0xc3, DUPLEX_EVENT_FRAME, 1, 0, FALSE },
    { 0xc1, DUPLEX_EVENT_CLOSED, 1, 0, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const DuplexFinding finding = { cases[i].finding, 0 };
      DuplexEvent         event = duplex_test_text ("");

      event.kind = cases[i].kind;
      event.message = cases[i].message;
      event.header[0] = cases[i].first_byte;
      event.header_size = 2;
      event.findings = &finding;
      event.n_findings = finding.id != DUPLEX_FINDING_NONE ? 1 : 0;
      g_assert_cmpint (duplex_event_begins_compressed (&event), ==, cases[i].expected);
      event.header_size = 1;
      g_assert_false (duplex_event_begins_compressed (&event));
    }
}

static void
test_sizes (void)
{
  static const struct
  {
    DuplexEventKind kind;
    guint64         message;
    gint64          value;
    guint64         size;
    guint64         wire_size;
    gboolean        is_inflated;
  } cases[] = {
    { DUPLEX_EVENT_FRAME, 1, -1, 99, 99, FALSE },
    { DUPLEX_EVENT_FRAME, 1, 0, 0, 99, TRUE },
    { DUPLEX_EVENT_FRAME, 1, 1000, 1000, 99, TRUE },
    { DUPLEX_EVENT_FRAME, 0, 1000, 5, 5, FALSE }, /* a pong's round trip */
    { DUPLEX_EVENT_UNFINISHED, 1, -1, 99, 99, FALSE },
    { DUPLEX_EVENT_CLOSED, 0, 1000, 5, 5, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DuplexEvent event = duplex_test_text ("hello");

      event.kind = cases[i].kind;
      event.message = cases[i].message;
      event.message_size = 99;
      event.value = cases[i].value;
      g_assert_cmpuint (duplex_event_get_row_size (&event), ==, cases[i].size);
      g_assert_cmpuint (duplex_event_get_row_wire_size (&event), ==, cases[i].wire_size);
      g_assert_cmpint (duplex_event_ends_inflated (&event), ==, cases[i].is_inflated);
    }
}

/* ---- rows ---- */

typedef struct
{
  Frame       frames[3];
  guint       n_frames;
  gint64      value;
  const char *payload; /* that the row shows */
  guint64     wire_size;
  gboolean    is_inflated;
} Message;

static const Message messages[] = {
  { { { "w", "what it is worth" } }, 1, 16, "what it is worth", 1, TRUE },
  { { { "w", "" } }, 1, 0, "", 1, TRUE },
  { { { "one", "a" }, { "two", "b" }, { "three", "c" } }, 3, 3, "abc", 11, TRUE },
  { { { "one", "" }, { "two", NULL }, { "three", "all" } }, 3, 3, "all", 11, TRUE },
  { { { "one", "all" }, { "", "" }, { "", NULL } }, 3, 3, "all", 3, TRUE },
  { { { "one", "a" }, { "two", NULL }, { "three", NULL } }, 3, -1, "onetwothree", 11, FALSE },
  { { { "corrupt", NULL } }, 1, -1, "corrupt", 7, FALSE },
};

static void
assert_row (DuplexRow     *row,
            const Message *message)
{
  gsize size = strlen (message->payload);

  g_assert_true (duplex_row_is_compressed (row));
  g_assert_cmpint (duplex_row_is_inflated (row), ==, message->is_inflated);
  g_assert_cmpint (duplex_row_get_kind (row), ==, DUPLEX_ROW_TEXT);
  g_assert_cmpuint (duplex_row_get_size (row), ==, size);
  g_assert_cmpuint (duplex_row_get_wire_size (row), ==, message->wire_size);
  for (gsize max = 0; max <= size + 1; max++)
    {
      gboolean           is_whole = FALSE;
      g_autoptr (GBytes) payload = duplex_row_dup_payload (row, max, &is_whole);

      g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload),
                       message->payload, MIN (max, size));
      g_assert_cmpint (is_whole, ==, max >= size);
    }
}

static void
assert_rows (DuplexCapture *capture)
{
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      g_autoptr (DuplexRow) row = get_row (capture, 2 * i);
      g_autoptr (DuplexRow) plain = get_row (capture, 2 * i + 1);

      assert_row (row, &messages[i]);
      g_assert_false (duplex_row_is_compressed (plain));
      g_assert_false (duplex_row_is_inflated (plain));
      g_assert_cmpuint (duplex_row_get_size (plain), ==, 5);
      g_assert_cmpuint (duplex_row_get_wire_size (plain), ==, 5);
    }
}

static void
append_messages (DuplexCapture *capture)
{
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      append_message (capture, DUPLEX_DIRECTION_RECEIVED, messages[i].frames, messages[i].n_frames,
                      messages[i].value);
      duplex_test_append_ping (capture, "plain");
    }
}

static void
test_rows (void)
{
  g_autoptr (DuplexCapture) memory = duplex_capture_new ();
  RecordFixture            *f = record_fixture_new (NULL);

  append_messages (memory);
  assert_rows (memory);
  append_messages (f->capture);
  assert_rows (f->capture);
  record_fixture_reopen (f);
  assert_rows (f->stored);
  record_fixture_free (f);
}

/* Both payloads stand apart, in pieces, of two fragments; the second inflates to more than the
 * first. */
#define LARGE (DUPLEX_LIMIT_CAPTURE_BLOCK + 12345)

static void
append_large (DuplexCapture *capture,
              const guint8  *bytes)
{
  guint64 first = DUPLEX_EVENT_FIRST_IS_SELF;

  for (guint i = 0; i < 2; i++)
    {
      gsize       size = (i + 1) * LARGE;
      DuplexEvent event = make_frame ("", NULL, i == 0, i == 1);
      guint64     wire;
      guint64     inflated;

      wire = duplex_capture_begin_payload (capture, &event);
      inflated = duplex_capture_begin_payload (capture, NULL);
      duplex_capture_add_payload (capture, wire, bytes, LARGE);
      for (gsize at = 0; at < size; at += 100001)
        duplex_capture_add_payload (capture, inflated, bytes + at, MIN (100001, size - at));
      event.payload = NULL;
      event.payload_size = LARGE;
      event.payload_id = wire;
      event.inflated_size = size;
      event.inflated_id = inflated;
      event.first = first;
      event.n_frames = i + 1;
      event.message_size = (i + 1) * LARGE;
      event.value = i == 1 ? 3 * (gint64)LARGE : -1;
      first = duplex_capture_append (capture, &event);
    }
}

static gboolean
walk_cb (const guint8 *data,
         gsize         size,
         gpointer      user_data)
{
  g_byte_array_append (user_data, data, (guint)size);
  return TRUE;
}

static void
assert_large (DuplexCapture *capture,
              const guint8  *bytes)
{
  g_autoptr (DuplexRow)  row = get_row (capture, 0);
  g_autoptr (GArray)     frames = duplex_row_dup_frames (row, 10);
  g_autoptr (GByteArray) walked = g_byte_array_new ();
  DuplexPayload          shown = duplex_payload_get_shown (duplex_row_get_event (row));
  gboolean               is_whole = FALSE;
  g_autoptr (GBytes)     payload = duplex_row_dup_payload (row, G_MAXSIZE, &is_whole);
  const guint8          *data = g_bytes_get_data (payload, NULL);

  g_assert_cmpuint (duplex_row_get_size (row), ==, 3 * LARGE);
  g_assert_cmpuint (duplex_row_get_wire_size (row), ==, 2 * LARGE);
  g_assert_true (is_whole);
  g_assert_cmpuint (g_bytes_get_size (payload), ==, 3 * LARGE);
  g_assert_true (memcmp (data, bytes, LARGE) == 0);
  g_assert_true (memcmp (data + LARGE, bytes, 2 * LARGE) == 0);

  for (guint i = 0; i < frames->len; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      g_assert_true (duplex_capture_read (capture, g_array_index (frames, guint64, i), &event));
      duplex_payload_walk (capture, &event, shown, walk_cb, walked);
    }
  g_assert_cmpuint (walked->len, ==, 3 * LARGE);
  g_assert_true (memcmp (walked->data, data, walked->len) == 0);
}

static void
test_large (void)
{
  g_autofree guint8        *bytes = record_make_bytes (2 * LARGE);
  g_autoptr (DuplexCapture) memory = duplex_capture_new ();
  RecordFixture            *f = record_fixture_new (NULL);

  append_large (memory, bytes);
  assert_large (memory, bytes);
  append_large (f->capture, bytes);
  assert_large (f->capture, bytes);
  record_fixture_reopen (f);
  assert_large (f->stored, bytes);
  record_fixture_free (f);
}

/* The program is killed inside a large compressed frame: one row, of what was on the wire. */
static void
test_killed (void)
{
  g_autofree guint8 *bytes = record_make_bytes (LARGE);
  RecordFixture     *f = record_fixture_new (NULL);
  DuplexEvent        event = make_frame ("", NULL, /* is_first= */ TRUE, /* is_last= */ TRUE);
  gint64             until = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  guint64            wire;
  guint64            inflated;
  gboolean           is_found = FALSE;

  event.payload = NULL;
  event.message_size = LARGE;
  wire = duplex_capture_begin_payload (f->capture, &event);
  inflated = duplex_capture_begin_payload (f->capture, NULL);
  duplex_capture_add_payload (f->capture, wire, bytes, LARGE);
  duplex_capture_add_payload (f->capture, inflated, bytes, LARGE);
  while (!is_found)
    {
      g_autoptr (DuplexCapture) copy = record_fixture_open_copy (f);
      g_autoptr (DuplexRow)     row = NULL;

      g_assert_cmpint (g_get_monotonic_time (), <, until);
      if (copy == NULL || g_list_model_get_n_items (G_LIST_MODEL (copy)) == 0)
        continue;
      g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (copy)), ==, 1);
      row = get_row (copy, 0);
      g_assert_true (duplex_row_is_compressed (row));
      g_assert_false (duplex_row_is_inflated (row));
      is_found = duplex_row_get_event (row)->payload_size == LARGE;
      if (is_found)
        record_assert_payload (copy, 0, DUPLEX_PAYLOAD_WIRE, bytes, LARGE);
    }
  record_fixture_free (f);
}

/* ---- totals ---- */

static void
assert_totals (const DuplexTotals *totals,
               const guint64       expected[2][6])
{
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (totals->messages[i], ==, expected[i][0]);
      g_assert_cmpuint (totals->bytes[i], ==, expected[i][1]);
      g_assert_cmpuint (totals->compressed[i], ==, expected[i][2]);
      g_assert_cmpuint (totals->compressed_bytes[i], ==, expected[i][3]);
      g_assert_cmpuint (totals->inflated_bytes[i], ==, expected[i][4]);
      g_assert_cmpuint (duplex_totals_get_payload_on_wire (totals, i), ==, expected[i][5]);
    }
}

/* Sent: one compressed, one plain; received: two compressed, one of them corrupt. */
static const guint64 expected_totals[2][6] = { { 2, 25, 1, 4, 20, 9 }, { 2, 17, 1, 6, 10, 13 } };

static void
append_for_totals (DuplexCapture *capture)
{
  const Frame sent = { "wire", "twenty letters, here" };
  const Frame received[] = { { "one", "five " }, { "two", "+five" } };
  const Frame corrupt = { "corrupt", NULL };
  DuplexEvent plain = duplex_test_text ("plain");

  append_message (capture, DUPLEX_DIRECTION_SENT, &sent, 1, 20);
  append_message (capture, DUPLEX_DIRECTION_RECEIVED, received, 2, 10);
  append_message (capture, DUPLEX_DIRECTION_RECEIVED, &corrupt, 1, -1);
  plain.direction = DUPLEX_DIRECTION_SENT;
  duplex_capture_append (capture, &plain);
}

static void
test_totals (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  DuplexTotals              totals;
  DuplexTotals              twice = { 0 };

  append_for_totals (capture);
  duplex_capture_get_totals (capture, &totals);
  assert_totals (&totals, expected_totals);
  g_assert_cmpuint (totals.wire_bytes[0], ==, 4 + 2 + 5);

  duplex_totals_join (&twice, &totals);
  duplex_totals_join (&twice, &totals);
  g_assert_cmpuint (twice.compressed[1], ==, 2);
  g_assert_cmpuint (twice.compressed_bytes[1], ==, 12);
  g_assert_cmpuint (twice.inflated_bytes[1], ==, 20);

  /* Of a damaged file: more was inflated than there is. */
  totals.bytes[0] = 3;
  g_assert_cmpuint (duplex_totals_get_payload_on_wire (&totals, 0), ==, 4);
}

/* What was cleared is still in the file, and the file says it as a whole. */
static void
test_stored_totals (void)
{
  static const guint64          both[2][6] = { { 3, 45, 2, 8, 40, 13 }, { 2, 17, 1, 6, 10, 13 } };
  g_auto (DuplexCaptureSummary) summary = { 0 };
  RecordFixture                *f = record_fixture_new (NULL);
  g_autoptr (GError)            error = NULL;
  DuplexTotals                  totals;

  append_message (f->capture, DUPLEX_DIRECTION_SENT, &(Frame){ "wire", "twenty letters, here" }, 1,
                  20);
  duplex_capture_clear (f->capture);
  append_for_totals (f->capture);
  duplex_capture_get_totals (f->capture, &totals);
  assert_totals (&totals, expected_totals);
  record_fixture_reopen (f);
  duplex_capture_get_totals (f->stored, &totals);
  assert_totals (&totals, both);

  duplex_capture_file_read_summary (f->path, &summary, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (summary.totals.compressed_bytes[0], ==, 8);
  g_assert_cmpuint (summary.totals.inflated_bytes[0], ==, 40);
  record_fixture_free (f);
}

/* A file of before they were counted opens, with zeros. */
static void
test_earlier_file (void)
{
  RecordFixture *f = record_fixture_new (NULL);
  DuplexTotals   totals;

  append_for_totals (f->capture);
  g_assert_true (duplex_capture_finish (f->capture, NULL));
  duplex_test_run_sql (f->path, "DELETE FROM meta WHERE key LIKE 'compressed-%'"
                                " OR key LIKE 'inflated-%'");
  record_fixture_open (f);
  duplex_capture_get_totals (f->stored, &totals);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (totals.messages[i], ==, 2);
      g_assert_cmpuint (totals.compressed[i], ==, 0);
      g_assert_cmpuint (totals.compressed_bytes[i], ==, 0);
      g_assert_cmpuint (totals.inflated_bytes[i], ==, 0);
    }
  record_fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/compressed/begins", test_begins);
  g_test_add_func ("/core/compressed/sizes", test_sizes);
  g_test_add_func ("/core/compressed/rows", test_rows);
  g_test_add_func ("/core/compressed/large", test_large);
  g_test_add_func ("/core/compressed/killed", test_killed);
  g_test_add_func ("/core/compressed/totals", test_totals);
  g_test_add_func ("/core/compressed/stored-totals", test_stored_totals);
  g_test_add_func ("/core/compressed/earlier-file", test_earlier_file);

  return g_test_run ();
}
