/* SPDX-License-Identifier: GPL-3.0-or-later */
/* More than is recorded, and larger than what waits. */
#include <glib/gstdio.h>

#include "core/model/duplex-row.h"
#include "core/proto/duplex-frame-encoder.h"
#include "recorder-support.h"

#define MIB ((gsize)1024 * 1024)
/* Header, mask and “small”. */
#define SMALL_FRAME 11

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
  RecorderFixture    *f = recorder_fixture_new (0);
  DuplexRecordedPair *pair = recorder_fixture_begin (f);
  g_autoptr (GBytes)  frame = make_large (3 * MIB + 5);
  gsize               size;
  const guint8       *data = g_bytes_get_data (frame, &size);
  Sum                 sum = { 0 };
  guint               n = 0;

  carry_large (pair, data, size);
  recorded_end_normally (pair);
  recorder_fixture_finish (f);
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
  recorder_fixture_free (f);
}

/* Frames of SMALL_FRAME bytes: all but the end of the last one, and then that. */
static void
carry_small (DuplexRecordedPair *pair,
             const guint8       *data,
             gsize               len)
{
  const DuplexPumpTap *tap = duplex_recorder_get_tap ();
  const gsize          last = len - SMALL_FRAME;
  GOutputVector        spans[] = { { data, last }, { data + last, SMALL_FRAME } };

  tap->received (DUPLEX_ROLE_CLIENT, data, len - 5, len - SMALL_FRAME, pair);
  tap->sent (DUPLEX_ROLE_SERVER, &spans[0], 1, pair);
  tap->received (DUPLEX_ROLE_CLIENT, data + len - 5, 5, G_MAXSIZE, pair);
  tap->sent (DUPLEX_ROLE_SERVER, &spans[1], 1, pair);
}

/* Faster than anything is recorded: what is missing is named, byte for byte, and is no finding. */
static void
test_flood (void)
{
  RecorderFixture    *f = recorder_fixture_new (0);
  DuplexRecordedPair *pairs[] = { recorder_fixture_begin (f), recorder_fixture_begin (f) };
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
  for (guint i = 0; recorder_fixture_get_not_recorded (f) == 0 || i % 1000 != 0; i++)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      carry_small (pairs[0], small, small_size);
      fed[0][0] += small_size;
      fed[0][1] += small_size;
      fed[1][0] += g_bytes_get_size (large);
      fed[1][1] += carry_large (pairs[1], g_bytes_get_data (large, NULL), g_bytes_get_size (large));
    }
  for (guint i = 0; i < 2; i++)
    {
      recorded_end_normally (pairs[i]);
      /* Two Closes: of the client with a reason, masked; and the backend's. */
      fed[i][0] += 2 + 4 + 2 + 4;
      fed[i][1] += 2 + 4 + 2 + 4;
    }
  recorder_fixture_finish (f);
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
  g_assert_cmpuint (recorder_fixture_get_not_recorded (f), ==, gaps);
  recorder_fixture_free (f);
}

/* Nothing grows beyond the budget, and it is said once. */
static void
test_budget (void)
{
  RecorderFixture    *f = recorder_fixture_new (3 * MIB);
  DuplexRecordedPair *pair = recorder_fixture_begin (f);
  DuplexRecordedPair *late;
  gint64              deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  g_autofree guint8  *bytes = g_malloc0 (1000);
  guint64             fed = 0;
  Sum                 sum = { 0 };
  GStatBuf            status;
  guint64             recorded = 0;

  while (recorder_fixture_get_not_recorded (f) < 64 * MIB)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      recorded_carry_frame (pair, DUPLEX_ROLE_CLIENT, DUPLEX_OPCODE_BINARY, bytes, 1000);
      fed += 2 * (1000 + 8);
    }
  late = recorder_fixture_begin (f);
  recorded_carry_frame (late, DUPLEX_ROLE_CLIENT, DUPLEX_OPCODE_BINARY, bytes, 1000);
  fed += 2 * (1000 + 8);
  recorded_end (pair, 0, 0, 0, 0);
  recorded_end (late, 0, 0, 0, 0);
  recorder_fixture_finish (f);
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
  g_assert_cmpuint (recorded + recorder_fixture_get_not_recorded (f), ==, fed);
  recorder_fixture_free (f);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/recorder/large", test_large);
  g_test_add_func ("/relay/recorder/flood", test_flood);
  g_test_add_func ("/relay/recorder/budget", test_budget);
  return g_test_run ();
}
