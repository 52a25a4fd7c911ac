/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-row.h"

#include <string.h>

#include "core/model/duplex-capture.h"
#include "core/proto/duplex-limits.h"
#include "duplex-model-support.h"

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

static void
assert_payload (DuplexRow  *row,
                gsize       max,
                const char *text,
                gboolean    expected_whole)
{
  gboolean           is_whole = !expected_whole;
  g_autoptr (GBytes) payload = duplex_row_dup_payload (row, max, &is_whole);

  duplex_test_assert_bytes (payload, text);
  g_assert_cmpint (is_whole, ==, expected_whole);
}

static void
assert_frames (DuplexRow     *row,
               guint          max,
               const guint64 *numbers,
               guint          n)
{
  g_autoptr (GArray) frames = duplex_row_dup_frames (row, max);

  g_assert_cmpmem (frames->data, frames->len * sizeof (guint64), numbers, n * sizeof (guint64));
}

static void
test_kind (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  static const struct
  {
    DuplexEventKind kind;
    guint8          opcode;
    guint64         message;
    DuplexRowKind   expected;
    guint           n_frames;
    guint64         size;
  } cases[] = {
    { DUPLEX_EVENT_FRAME, DUPLEX_OPCODE_TEXT, 1, DUPLEX_ROW_TEXT, 1, 99 },
    { DUPLEX_EVENT_FRAME, DUPLEX_OPCODE_BINARY, 1, DUPLEX_ROW_BINARY, 1, 99 },
    { DUPLEX_EVENT_FRAME, DUPLEX_OPCODE_CONTINUATION, 1, DUPLEX_ROW_BINARY, 1, 99 },
    { DUPLEX_EVENT_FRAME, 0x3, 1, DUPLEX_ROW_CONTROL, 1, 99 },
    { DUPLEX_EVENT_FRAME, DUPLEX_OPCODE_CLOSE, 0, DUPLEX_ROW_CONTROL, 1, 5 },
    { DUPLEX_EVENT_FRAME, DUPLEX_OPCODE_PING, 0, DUPLEX_ROW_CONTROL, 1, 5 },
    { DUPLEX_EVENT_FRAME, DUPLEX_OPCODE_PONG, 0, DUPLEX_ROW_CONTROL, 1, 5 },
    { DUPLEX_EVENT_FRAME, 0xf, 0, DUPLEX_ROW_CONTROL, 1, 5 },
    { DUPLEX_EVENT_CONNECTING, 0, 0, DUPLEX_ROW_STATE, 0, 5 },
    { DUPLEX_EVENT_CONNECTED, 0, 0, DUPLEX_ROW_STATE, 0, 5 },
    { DUPLEX_EVENT_CLOSED, 0, 0, DUPLEX_ROW_STATE, 0, 5 },
    { DUPLEX_EVENT_FAILED, 0, 0, DUPLEX_ROW_STATE, 0, 5 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DuplexEvent           event = duplex_test_text ("hello");
      g_autoptr (DuplexRow) row = NULL;

      event.kind = cases[i].kind;
      event.opcode = cases[i].opcode;
      event.message = cases[i].message;
      event.message_size = 99;
      duplex_capture_append (capture, &event);
      row = get_row (capture, i);

      g_assert_cmpint (duplex_row_get_kind (row), ==, cases[i].expected);
      g_assert_cmpuint (duplex_row_get_n_frames (row), ==, cases[i].n_frames);
      g_assert_cmpuint (duplex_row_get_size (row), ==, cases[i].size);
      assert_payload (row, 100, "hello", TRUE);
      assert_frames (row, 100, &(guint64){ i }, cases[i].n_frames);
      assert_frames (row, 0, NULL, 0);
    }

  g_assert_finalize_object (g_steal_pointer (&capture));
}

static void
test_new_takes_event (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (DuplexRow)     row = NULL;
  DuplexEvent               event = duplex_test_text ("taken");
  DuplexEvent               read = DUPLEX_EVENT_INIT;

  duplex_capture_append (capture, &event);
  g_assert_true (duplex_capture_read (capture, 0, &read));
  row = duplex_row_new (capture, 7, &read);
  g_assert_null (read.hold);
  g_assert_null (read.payload);
  g_assert_cmpuint (duplex_row_get_position (row), ==, 7);
  assert_payload (row, 100, "taken", TRUE);
}

/* One frame: no copy, and valid when all else is gone. */
static void
test_single_payload (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  DuplexEvent               event = duplex_test_text ("hello world");
  DuplexRow                *row;
  g_autoptr (GBytes)        payload = NULL;

  duplex_capture_append (capture, &event);
  row = get_row (capture, 0);
  assert_payload (row, 0, "", FALSE);
  assert_payload (row, 5, "hello", FALSE);
  assert_payload (row, 10, "hello worl", FALSE);
  assert_payload (row, 11, "hello world", TRUE);
  assert_payload (row, G_MAXSIZE, "hello world", TRUE);

  payload = duplex_row_dup_payload (row, G_MAXSIZE, NULL);
  g_assert_true (g_bytes_get_data (payload, NULL) == duplex_row_get_event (row)->payload);

  duplex_capture_clear (capture);
  g_assert_finalize_object (row);
  g_assert_finalize_object (g_steal_pointer (&capture));
  duplex_test_assert_bytes (payload, "hello world");
}

static void
test_empty_payload (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (DuplexRow)     row = NULL;
  DuplexEvent               event = duplex_test_text ("");

  event.payload = NULL;
  duplex_capture_append (capture, &event);
  row = get_row (capture, 0);
  assert_payload (row, 0, "", TRUE);
  assert_payload (row, 100, "", TRUE);
  g_assert_cmpuint (duplex_row_get_size (row), ==, 0);
}

static void
test_large_payload (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (DuplexRow)     row = NULL;
  g_autoptr (GBytes)        owner = NULL;
  g_autoptr (GBytes)        payload = NULL;
  const gsize               size = 3 * DUPLEX_LIMIT_CAPTURE_BLOCK;
  DuplexEvent               event = duplex_test_text ("");

  owner = g_bytes_new_take (g_malloc0 (size), size);
  event.owner = owner;
  event.payload = g_bytes_get_data (owner, &event.payload_size);
  duplex_capture_append (capture, &event);
  row = get_row (capture, 0);
  payload = duplex_row_dup_payload (row, G_MAXSIZE, NULL);
  g_assert_cmpuint (g_bytes_get_size (payload), ==, size);
  g_assert_true (g_bytes_get_data (payload, NULL) == g_bytes_get_data (owner, NULL));
}

/* Fragments of two directions and two connections and control frames, all between each other. */
static void
test_fragments (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (DuplexRow)     row = NULL;
  g_autoptr (DuplexRow)     other_row = NULL;
  DuplexTestMessage         message = { .message = 3,
                                        .direction = DUPLEX_DIRECTION_RECEIVED,
                                        .connection = 1,
                                        .opcode = DUPLEX_OPCODE_TEXT,
                                        .first = DUPLEX_EVENT_FIRST_IS_SELF };
  DuplexTestMessage         sent = message;
  DuplexTestMessage         other = message;
  guint64                   frames[4];

  sent.direction = DUPLEX_DIRECTION_SENT;
  sent.opcode = DUPLEX_OPCODE_BINARY;
  other.connection = 2;

  duplex_test_append_ping (capture, "ping 0");
  frames[0] = duplex_test_append_frame (capture, &message, "one ", FALSE);
  duplex_test_append_frame (capture, &sent, "SENT ", FALSE);
  duplex_test_append_ping (capture, "ping 1");
  frames[1] = duplex_test_append_frame (capture, &message, "", FALSE);
  duplex_test_append_frame (capture, &other, "other", FALSE);
  frames[2] = duplex_test_append_frame (capture, &message, "two ", FALSE);
  duplex_test_append_frame (capture, &sent, "TOO", TRUE);
  frames[3] = duplex_test_append_frame (capture, &message, "three", TRUE);
  duplex_test_append_ping (capture, "ping 2");

  row = get_row (capture, 3);
  g_assert_cmpint (duplex_row_get_kind (row), ==, DUPLEX_ROW_TEXT);
  g_assert_cmpuint (duplex_row_get_size (row), ==, 13);
  g_assert_cmpuint (duplex_row_get_n_frames (row), ==, 4);
  assert_payload (row, 0, "", FALSE);
  assert_payload (row, 3, "one", FALSE);
  assert_payload (row, 4, "one ", FALSE);
  assert_payload (row, 5, "one t", FALSE);
  assert_payload (row, 12, "one two thre", FALSE);
  assert_payload (row, 13, "one two three", TRUE);
  assert_payload (row, G_MAXSIZE, "one two three", TRUE);
  assert_frames (row, 100, frames, 4);
  assert_frames (row, 4, frames, 4);
  assert_frames (row, 2, frames, 2);

  other_row = get_row (capture, 2);
  g_assert_cmpint (duplex_row_get_kind (other_row), ==, DUPLEX_ROW_BINARY);
  assert_payload (other_row, 100, "SENT TOO", TRUE);
}

/* A message of 3000 fragments over several blocks, one of them beside its block. */
static void
test_fragments_over_blocks (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (DuplexRow)     row = NULL;
  g_autoptr (GString)       expected = g_string_new (NULL);
  g_autofree char          *large = g_strnfill (DUPLEX_LIMIT_CAPTURE_BLOCK + 1, 'L');
  DuplexTestMessage         message = { .message = 1,
                                        .direction = DUPLEX_DIRECTION_RECEIVED,
                                        .connection = 1,
                                        .opcode = DUPLEX_OPCODE_TEXT,
                                        .first = DUPLEX_EVENT_FIRST_IS_SELF };
  g_autoptr (GArray)        frames = NULL;

  for (guint i = 0; i < 3000; i++)
    {
      g_autofree char *text = g_strdup_printf ("fragment %u of a message of many fragments;", i);
      const char      *part = i == 1500 ? large : text;

      g_string_append (expected, part);
      duplex_test_append_frame (capture, &message, part, i == 2999);
      duplex_test_append_ping (capture, "between");
    }

  row = get_row (capture, 2999);
  assert_payload (row, G_MAXSIZE, expected->str, TRUE);
  g_assert_cmpuint (duplex_row_get_size (row), ==, expected->len);

  frames = duplex_row_dup_frames (row, G_MAXUINT);
  g_assert_cmpuint (frames->len, ==, 3000);
  for (guint i = 0; i < frames->len; i++)
    g_assert_cmpuint (g_array_index (frames, guint64, i), ==, 2 * i);
}

static void
test_unfinished (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (DuplexRow)     row = NULL;
  const DuplexFinding       finding = { DUPLEX_FINDING_MESSAGE_UNFINISHED, 0 };
  DuplexTestMessage         message = { .message = 9,
                                        .direction = DUPLEX_DIRECTION_RECEIVED,
                                        .connection = 1,
                                        .opcode = DUPLEX_OPCODE_TEXT,
                                        .first = DUPLEX_EVENT_FIRST_IS_SELF };
  DuplexEvent               event = duplex_test_text ("");

  duplex_test_append_frame (capture, &message, "never ", FALSE);
  duplex_test_append_frame (capture, &message, "ends", FALSE);
  event.kind = DUPLEX_EVENT_UNFINISHED;
  event.message = message.message;
  event.message_size = message.size;
  event.n_frames = message.n_frames;
  event.first = message.first;
  event.findings = &finding;
  event.n_findings = 1;
  duplex_capture_append (capture, &event);

  row = get_row (capture, 0);
  g_assert_cmpint (duplex_row_get_kind (row), ==, DUPLEX_ROW_TEXT);
  g_assert_cmpuint (duplex_row_get_size (row), ==, 10);
  g_assert_cmpuint (duplex_row_get_n_frames (row), ==, 2);
  g_assert_cmpuint (duplex_row_get_n_findings (row), ==, 1);
  assert_payload (row, 100, "never ends", TRUE);
  assert_frames (row, 100, (guint64[]){ 0, 1 }, 2);
}

/* The capture was cleared in the middle of a message: what is left of it, said to be a part. */
static void
test_cleared_between (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (DuplexRow)     row = NULL;
  DuplexTestMessage         message = { .message = 1,
                                        .direction = DUPLEX_DIRECTION_RECEIVED,
                                        .connection = 1,
                                        .opcode = DUPLEX_OPCODE_TEXT,
                                        .first = DUPLEX_EVENT_FIRST_IS_SELF };

  duplex_test_append_frame (capture, &message, "gone ", FALSE);
  duplex_capture_clear (capture);
  duplex_test_append_frame (capture, &message, "left ", FALSE);
  duplex_test_append_frame (capture, &message, "over", TRUE);
  row = get_row (capture, 0);
  assert_payload (row, 100, "left over", FALSE);
  assert_frames (row, 100, (guint64[]){ 1, 2 }, 2);

  /* And after the last frame. */
  duplex_capture_clear (capture);
  assert_payload (row, 100, "", FALSE);
  assert_frames (row, 100, NULL, 0);
  g_assert_cmpuint (duplex_row_get_n_findings (row), ==, 0);
}

static void
append_with_finding (DuplexCapture *capture,
                     guint          i,
                     gboolean       is_last)
{
  const DuplexFinding finding = { DUPLEX_FINDING_RESERVED_BIT, 0 };
  DuplexEvent         event = duplex_test_text ("x");

  event.findings = &finding;
  event.n_findings = 1;
  event.n_frames = i + 1;
  event.first = 0;
  event.flags = is_last ? DUPLEX_EVENT_FLAG_ROW : 0;
  duplex_capture_append (capture, &event);
}

static void
test_findings (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (DuplexRow)     row = NULL;

  for (guint i = 0; i < 20; i++)
    {
      append_with_finding (capture, i, i == 19);
      duplex_test_append_ping (capture, "none");
    }
  row = get_row (capture, 19);
  g_assert_cmpuint (duplex_row_get_n_frames (row), ==, 20);
  g_assert_cmpuint (duplex_row_get_n_findings (row), ==, 20);
}

/* The count stops looking at 10,000 events, but does not miss the last. */
static void
test_findings_bounded (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (DuplexRow)     row = NULL;

  for (guint i = 0; i < 15000; i++)
    append_with_finding (capture, i, i == 14999);
  row = get_row (capture, 0);
  g_assert_cmpuint (duplex_row_get_n_findings (row), ==, 10001);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/row/kind", test_kind);
  g_test_add_func ("/core/row/new-takes-event", test_new_takes_event);
  g_test_add_func ("/core/row/payload/single", test_single_payload);
  g_test_add_func ("/core/row/payload/empty", test_empty_payload);
  g_test_add_func ("/core/row/payload/large", test_large_payload);
  g_test_add_func ("/core/row/fragments/between", test_fragments);
  g_test_add_func ("/core/row/fragments/over-blocks", test_fragments_over_blocks);
  g_test_add_func ("/core/row/fragments/unfinished", test_unfinished);
  g_test_add_func ("/core/row/fragments/cleared-between", test_cleared_between);
  g_test_add_func ("/core/row/findings/all", test_findings);
  g_test_add_func ("/core/row/findings/bounded", test_findings_bounded);

  return g_test_run ();
}
