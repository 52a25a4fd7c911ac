/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture.h"

#include <string.h>

#include "core/proto/duplex-limits.h"
#include "duplex-model-support.h"

static void
assert_same_event (const DuplexEvent *seen,
                   const DuplexEvent *expected)
{
  g_assert_cmpint (seen->time_us, ==, expected->time_us);
  g_assert_cmpint (seen->kind, ==, expected->kind);
  g_assert_cmpint (seen->direction, ==, expected->direction);
  g_assert_cmpuint (seen->flags, ==, expected->flags);
  g_assert_cmpuint (seen->connection, ==, expected->connection);
  g_assert_cmpuint (seen->opcode, ==, expected->opcode);
  g_assert_cmpmem (seen->header, seen->header_size, expected->header, expected->header_size);
  g_assert_cmpuint (seen->message, ==, expected->message);
  g_assert_cmpuint (seen->first, ==, expected->first);
  g_assert_cmpuint (seen->message_size, ==, expected->message_size);
  g_assert_cmpuint (seen->n_frames, ==, expected->n_frames);
  g_assert_cmpint (seen->value, ==, expected->value);
  g_assert_cmpmem (seen->payload, seen->payload_size, expected->payload, expected->payload_size);
  g_assert_cmpuint (seen->n_findings, ==, expected->n_findings);
  for (guint i = 0; i < seen->n_findings; i++)
    {
      g_assert_cmpint (seen->findings[i].id, ==, expected->findings[i].id);
      g_assert_cmpuint (seen->findings[i].offset, ==, expected->findings[i].offset);
    }
}

/* Every kind with every member at a value of its own, payloads of all remainders by eight. An end
 * has no message. */
static void
test_round_trip (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  const DuplexFinding       findings[] = {
          { DUPLEX_FINDING_RESERVED_BIT, 0 },
          { DUPLEX_FINDING_INVALID_UTF8, G_MAXUINT64 - 1 },
          { DUPLEX_FINDING_FRAME_CUT, 17 },
  };
  const guint8 payload[] = "0123456789abcdef";
  guint        n = 0;

  for (int kind = DUPLEX_EVENT_FRAME; kind <= DUPLEX_EVENT_GAP; kind++)
    for (gsize size = 0; size < sizeof payload; size++, n++)
      {
        g_auto (DuplexEvent) seen = DUPLEX_EVENT_INIT;
        gboolean             is_closed = kind == DUPLEX_EVENT_CLOSED;
        DuplexEvent          event = {
                   .number = 12345, /* not ours to say */
                   .time_us = G_GINT64_CONSTANT (1700000000123456) + n,
                   .kind = kind,
                   .direction = n % 3,
                   .flags = n % 16,
                   .connection = G_MAXUINT32 - n,
                   .opcode = n % 16,
                   .header_size = n % (DUPLEX_FRAME_HEADER_MAX + 1),
                   .message = is_closed ? 0 : G_MAXUINT64 - n,
                   .first = is_closed ? n : n / 2,
                   .message_size = G_MAXUINT64 / 2 + n,
                   .n_frames = is_closed ? 0 : G_MAXUINT - n,
                   .value = n % 2 ? G_MININT64 + n : -1,
                   .payload = payload,
                   .payload_size = size,
                   .findings = findings,
                   .n_findings = n % (G_N_ELEMENTS (findings) + 1),
        };

        memset (event.header, 0x80 + n % 64, event.header_size);
        g_assert_cmpuint (duplex_capture_append (capture, &event), ==, n);
        g_assert_true (duplex_capture_read (capture, n, &seen));
        g_assert_cmpuint (seen.number, ==, n);
        assert_same_event (&seen, &event);
      }

  g_assert_finalize_object (g_steal_pointer (&capture));
}

static void
test_read_nothing (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  DuplexEvent               event = duplex_test_text ("one");
  DuplexEvent               seen = DUPLEX_EVENT_INIT;
  guint64                   number = 77;

  g_assert_false (duplex_capture_read (capture, 0, &seen));
  g_assert_false (duplex_capture_find_row (capture, 0, &number));
  g_assert_false (duplex_capture_find_connecting (capture, 0, &number));

  duplex_capture_append (capture, &event);
  g_assert_false (duplex_capture_read (capture, 1, &seen));
  g_assert_false (duplex_capture_read (capture, G_MAXUINT64, &seen));
  g_assert_false (duplex_capture_find_row (capture, 1, &number));
  g_assert_false (duplex_capture_find_row (capture, G_MAXUINT64, &number));
  g_assert_cmpuint (number, ==, 77);
  g_assert_null (seen.hold);
}

/* Who appends a row of one event does not know its number. */
static void
test_first_is_self (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  DuplexEvent               event = duplex_test_text ("x");
  static const struct
  {
    DuplexEventKind kind;
    guint64         first;
    guint           n_frames;
    guint64         expected;
  } cases[] = {
    { DUPLEX_EVENT_FRAME, DUPLEX_EVENT_FIRST_IS_SELF, 1, 0 },
    { DUPLEX_EVENT_FRAME, 0, 1, 1 },
    { DUPLEX_EVENT_CONNECTED, 0, 0, 2 },
    { DUPLEX_EVENT_FRAME, 1, 2, 1 },
    { DUPLEX_EVENT_UNFINISHED, 1, 0, 1 },
    { DUPLEX_EVENT_UNFINISHED, DUPLEX_EVENT_FIRST_IS_SELF, 0, 5 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (DuplexEvent) seen = DUPLEX_EVENT_INIT;

      event.kind = cases[i].kind;
      event.first = cases[i].first;
      event.n_frames = cases[i].n_frames;
      duplex_capture_append (capture, &event);
      g_assert_true (duplex_capture_read (capture, i, &seen));
      g_assert_cmpuint (seen.first, ==, cases[i].expected);
    }
}

/* Some megabytes, so that rows and events are looked for over many blocks; some blocks end no
 * row. */
static void
test_many_blocks (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  const guint               n_events = 20000;
  guint64                   n_rows = 0;
  guint64                   number;
  guint32                   pattern[50];

  for (guint i = 0; i < n_events; i++)
    {
      DuplexEvent event = duplex_test_text ("");

      for (guint j = 0; j < G_N_ELEMENTS (pattern); j++)
        pattern[j] = i + j;
      event.payload = (const guint8 *)pattern;
      event.payload_size = sizeof pattern;
      event.time_us = i;
      event.flags = i % 3 == 2 && (i < 5000 || i > 9000) ? DUPLEX_EVENT_FLAG_ROW : 0;
      g_assert_cmpuint (duplex_capture_append (capture, &event), ==, i);
    }

  for (guint i = 0; i < n_events; i++)
    {
      g_auto (DuplexEvent) seen = DUPLEX_EVENT_INIT;

      g_assert_true (duplex_capture_read (capture, i, &seen));
      g_assert_cmpint (seen.time_us, ==, i);
      g_assert_cmpuint (seen.payload_size, ==, sizeof pattern);
      memcpy (pattern, seen.payload, sizeof pattern);
      g_assert_cmpuint (pattern[0], ==, i);
      g_assert_cmpuint (pattern[49], ==, i + 49);

      if (seen.flags & DUPLEX_EVENT_FLAG_ROW)
        {
          g_assert_true (duplex_capture_find_row (capture, n_rows, &number));
          g_assert_cmpuint (number, ==, i);
          n_rows++;
        }
    }

  g_assert_cmpuint (n_rows, >, 5000);
  g_assert_false (duplex_capture_find_row (capture, n_rows, &number));
  g_assert_finalize_object (g_steal_pointer (&capture));
}

/* Around the size of a block, each between small events. */
static void
test_large_payloads (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  const gsize               limit = DUPLEX_LIMIT_CAPTURE_BLOCK;
  const gsize               sizes[] = { limit / 2, limit - 100, limit - 88, limit - 1, limit,
                                        limit + 1, 3 * limit, limit, limit + 1, limit + 1 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree guint8   *payload = g_malloc (sizes[i]);
      g_auto (DuplexEvent) seen = DUPLEX_EVENT_INIT;
      g_auto (DuplexEvent) small = DUPLEX_EVENT_INIT;
      DuplexEvent          event = duplex_test_text ("small");
      guint64              number;

      g_assert_cmpuint (duplex_capture_append (capture, &event), ==, 2 * i);
      memset (payload, 'a' + i, sizes[i]);
      event.payload = payload;
      event.payload_size = sizes[i];
      number = duplex_capture_append (capture, &event);
      memset (payload, 0, sizes[i]);

      g_assert_cmpuint (number, ==, 2 * i + 1);
      g_assert_true (duplex_capture_read (capture, number, &seen));
      g_assert_cmpuint (seen.payload_size, ==, sizes[i]);
      for (gsize j = 0; j < sizes[i]; j++)
        if (seen.payload[j] != 'a' + i)
          g_error ("byte %" G_GSIZE_FORMAT " of payload %u is 0x%02x", j, i, seen.payload[j]);

      g_assert_true (duplex_capture_read (capture, number - 1, &small));
      g_assert_cmpmem (small.payload, small.payload_size, "small", 5);
    }

  g_assert_finalize_object (g_steal_pointer (&capture));
}

static void
mark_freed_cb (gpointer user_data)
{
  gboolean *is_freed = user_data;

  *is_freed = TRUE;
}

/* A payload over a block's size is not copied where the owner has it, wherever within. */
static void
test_owner (gconstpointer data)
{
  gsize                     offset = GPOINTER_TO_SIZE (data);
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  const gsize               size = 2 * DUPLEX_LIMIT_CAPTURE_BLOCK;
  g_autofree guint8        *buffer = g_malloc0 (size + 100);
  gboolean                  is_freed = FALSE;
  g_autoptr (GBytes)        owner =
    g_bytes_new_with_free_func (buffer, size + 100, mark_freed_cb, &is_freed);
  DuplexEvent event = duplex_test_text ("");
  DuplexEvent seen = DUPLEX_EVENT_INIT;

  event.owner = owner;
  event.payload = buffer + offset;
  event.payload_size = size;
  duplex_capture_append (capture, &event);
  g_clear_pointer (&owner, g_bytes_unref);
  g_assert_false (is_freed);

  g_assert_true (duplex_capture_read (capture, 0, &seen));
  g_assert_true (seen.payload == buffer + offset);
  g_assert_nonnull (seen.owner);

  /* The reader holds it past the capture. */
  g_assert_finalize_object (g_steal_pointer (&capture));
  g_assert_false (is_freed);
  duplex_event_clear (&seen);
  g_assert_true (is_freed);
}

/* An owner that does not hold the payload is not believed; a small payload is always copied. */
static void
test_owner_not_used (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  const gsize               size = 2 * DUPLEX_LIMIT_CAPTURE_BLOCK;
  g_autofree guint8        *payload = g_malloc0 (size);
  g_autoptr (GBytes)        other = g_bytes_new_static ("other", 5);
  g_autoptr (GBytes)        half = g_bytes_new_static (payload, size / 2);
  g_autoptr (GBytes)        whole = g_bytes_new_static (payload, size);
  const struct
  {
    GBytes *owner;
    gsize   size;
  } cases[] = { { other, size }, { half, size }, { whole, 100 }, { NULL, size } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (DuplexEvent) seen = DUPLEX_EVENT_INIT;
      DuplexEvent          event = duplex_test_text ("");

      event.owner = cases[i].owner;
      event.payload = payload;
      event.payload_size = cases[i].size;
      duplex_capture_append (capture, &event);
      g_assert_true (duplex_capture_read (capture, i, &seen));
      g_assert_true (seen.payload != payload);
      g_assert_cmpmem (seen.payload, seen.payload_size, payload, cases[i].size);
    }
}

/* More findings than a block has room for still belong to their event. */
static void
test_many_findings (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  const guint               n = DUPLEX_LIMIT_CAPTURE_BLOCK / sizeof (DuplexFinding) + 1;
  g_autofree DuplexFinding *findings = g_new0 (DuplexFinding, n);
  g_auto (DuplexEvent)      seen = DUPLEX_EVENT_INIT;
  DuplexEvent               event = duplex_test_text ("x");
  DuplexTotals              totals;

  for (guint i = 0; i < n; i++)
    findings[i] = (DuplexFinding){ DUPLEX_FINDING_RESERVED_BIT, i };
  event.findings = findings;
  event.n_findings = n;
  duplex_capture_append (capture, &event);

  g_assert_true (duplex_capture_read (capture, 0, &seen));
  event.first = 0;
  assert_same_event (&seen, &event);
  duplex_capture_get_totals (capture, &totals);
  g_assert_cmpuint (totals.findings, ==, n);
}

static void
test_totals (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  DuplexTotals              totals;
  static const struct
  {
    DuplexEventKind kind;
    DuplexDirection direction;
    guint8          opcode;
    guint           flags;
    gsize           payload_size;
    guint64         message_size;
  } cases[] = {
    { DUPLEX_EVENT_CONNECTING, DUPLEX_DIRECTION_NONE, 0, DUPLEX_EVENT_FLAG_ROW, 9, 0 },
    { DUPLEX_EVENT_REQUEST, DUPLEX_DIRECTION_SENT, 0, 0, 9, 0 },
    { DUPLEX_EVENT_FRAME, DUPLEX_DIRECTION_SENT, 1, DUPLEX_EVENT_FLAG_ROW, 5, 5 },
    { DUPLEX_EVENT_FRAME, DUPLEX_DIRECTION_RECEIVED, 2, 0, 3, 3 },
    { DUPLEX_EVENT_FRAME, DUPLEX_DIRECTION_RECEIVED, 9, DUPLEX_EVENT_FLAG_ROW, 7, 0 },
    { DUPLEX_EVENT_FRAME, DUPLEX_DIRECTION_RECEIVED, 2, DUPLEX_EVENT_FLAG_ROW, 4, 7 },
    { DUPLEX_EVENT_FRAME, DUPLEX_DIRECTION_RECEIVED, 0, DUPLEX_EVENT_FLAG_ROW, 2, 2 },
    { DUPLEX_EVENT_FRAME, DUPLEX_DIRECTION_RECEIVED, 3, DUPLEX_EVENT_FLAG_ROW, 1, 1 },
    { DUPLEX_EVENT_FRAME, DUPLEX_DIRECTION_RECEIVED, 1,
      DUPLEX_EVENT_FLAG_ROW | DUPLEX_EVENT_FLAG_CUT, 6, 6 },
    { DUPLEX_EVENT_UNFINISHED, DUPLEX_DIRECTION_RECEIVED, 1, DUPLEX_EVENT_FLAG_ROW, 0, 9 },
    { DUPLEX_EVENT_CLOSED, DUPLEX_DIRECTION_NONE, 0, DUPLEX_EVENT_FLAG_ROW, 4, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DuplexEvent event = duplex_test_text ("0123456789");

      event.kind = cases[i].kind;
      event.direction = cases[i].direction;
      event.opcode = cases[i].opcode;
      event.flags = cases[i].flags;
      event.header_size = event.kind == DUPLEX_EVENT_FRAME ? 2 : 0;
      event.payload_size = cases[i].payload_size;
      event.message_size = cases[i].message_size;
      duplex_capture_append (capture, &event);
    }

  duplex_capture_get_totals (capture, &totals);
  g_assert_cmpuint (totals.events, ==, G_N_ELEMENTS (cases));
  g_assert_cmpuint (totals.rows, ==, 9);
  g_assert_cmpuint (totals.messages[0], ==, 1);
  g_assert_cmpuint (totals.bytes[0], ==, 5);
  g_assert_cmpuint (totals.frames[0], ==, 1);
  g_assert_cmpuint (totals.wire_bytes[0], ==, 7);
  g_assert_cmpuint (totals.messages[1], ==, 2);
  g_assert_cmpuint (totals.bytes[1], ==, 9);
  g_assert_cmpuint (totals.frames[1], ==, 6);
  g_assert_cmpuint (totals.wire_bytes[1], ==, 6 * 2 + 3 + 7 + 4 + 2 + 1 + 6);
}

static void
test_connections (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  DuplexEvent               text = duplex_test_text ("x");
  DuplexEvent               connecting = duplex_test_text ("ws://localhost/");
  guint64                   number;

  g_assert_cmpuint (duplex_capture_begin_connection (capture), ==, 1);
  g_assert_cmpuint (duplex_capture_begin_connection (capture), ==, 2);

  connecting.kind = DUPLEX_EVENT_CONNECTING;
  duplex_capture_append (capture, &text);
  duplex_capture_append (capture, &connecting);
  duplex_capture_append (capture, &text);
  duplex_capture_append (capture, &connecting);
  duplex_capture_append (capture, &text);

  g_assert_false (duplex_capture_find_connecting (capture, 0, &number));
  for (guint64 i = 1; i < 8; i++)
    {
      g_assert_true (duplex_capture_find_connecting (capture, i, &number));
      g_assert_cmpuint (number, ==, i < 3 ? 1 : 3);
    }
}

/* As a relay's are: each event belongs to the one that has its number. */
static void
test_overlapping (void)
{
  static const struct
  {
    DuplexEventKind kind;
    guint32         connection;
    guint64         connecting;
  } cases[] = {
    { DUPLEX_EVENT_CONNECTING, 1, 0 },
    { DUPLEX_EVENT_CONNECTING, 2, 1 },
    { DUPLEX_EVENT_FRAME, 1, 0 },
    { DUPLEX_EVENT_FRAME, 2, 1 },
    { DUPLEX_EVENT_CONNECTING, 3, 4 },
    { DUPLEX_EVENT_CLOSED, 1, 0 },
    { DUPLEX_EVENT_FRAME, 3, 4 },
    { DUPLEX_EVENT_FRAME, 9, 4 }, /* of none that is there */
  };
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  guint64                   number;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DuplexEvent event = duplex_test_text ("x");

      event.kind = cases[i].kind;
      event.connection = cases[i].connection;
      duplex_capture_append (capture, &event);
    }
  for (guint64 i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_true (duplex_capture_find_connecting (capture, i, &number));
      g_assert_cmpuint (number, ==, cases[i].connecting);
    }
}

static void
test_clear (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_auto (DuplexEvent)      held = DUPLEX_EVENT_INIT;
  DuplexEvent               seen = DUPLEX_EVENT_INIT;
  DuplexEvent               event = duplex_test_text ("before");
  DuplexTotals              totals;
  guint64                   number;

  event.kind = DUPLEX_EVENT_CONNECTING;
  duplex_capture_append (capture, &event);
  event.kind = DUPLEX_EVENT_FRAME;
  duplex_capture_append (capture, &event);
  g_assert_true (duplex_capture_read (capture, 1, &held));

  duplex_capture_clear (capture);
  g_assert_cmpmem (held.payload, held.payload_size, "before", 6);
  g_assert_false (duplex_capture_read (capture, 0, &seen));
  g_assert_false (duplex_capture_read (capture, 1, &seen));
  g_assert_false (duplex_capture_find_row (capture, 0, &number));
  g_assert_false (duplex_capture_find_connecting (capture, 1, &number));
  duplex_capture_get_totals (capture, &totals);
  g_assert_cmpuint (totals.events + totals.rows + totals.messages[1] + totals.bytes[1], ==, 0);

  event = duplex_test_text ("after");
  g_assert_cmpuint (duplex_capture_append (capture, &event), ==, 2);
  g_assert_true (duplex_capture_find_row (capture, 0, &number));
  g_assert_cmpuint (number, ==, 2);
  g_assert_true (duplex_capture_read (capture, 2, &seen));
  g_assert_cmpmem (seen.payload, seen.payload_size, "after", 5);
  g_assert_cmpmem (held.payload, held.payload_size, "before", 6);

  duplex_event_clear (&seen);
  g_assert_finalize_object (g_steal_pointer (&capture));
  g_assert_cmpmem (held.payload, held.payload_size, "before", 6);
}

#define N_THREADED 200000

typedef struct
{
  DuplexCapture *capture;
  gint           is_done;
} Appender;

static gpointer
append_worker (gpointer data)
{
  Appender *appender = data;
  guint64   payload[25];

  for (guint64 i = 0; i < N_THREADED; i++)
    {
      DuplexEvent event = duplex_test_text ("");

      for (guint j = 0; j < G_N_ELEMENTS (payload); j++)
        payload[j] = i;
      event.payload = (const guint8 *)payload;
      event.payload_size = sizeof payload;
      event.message = i + 1;
      if (i % 2 == 0)
        event.flags = 0;
      g_assert_cmpuint (duplex_capture_append (appender->capture, &event), ==, i);
    }
  g_atomic_int_set (&appender->is_done, TRUE);

  return NULL;
}

static void
assert_threaded_event (const DuplexEvent *event)
{
  guint64 first;
  guint64 last;

  g_assert_cmpuint (event->message, ==, event->number + 1);
  g_assert_cmpuint (event->payload_size, ==, 200);
  memcpy (&first, event->payload, sizeof first);
  memcpy (&last, event->payload + 192, sizeof last);
  g_assert_cmpuint (first, ==, event->number);
  g_assert_cmpuint (last, ==, event->number);
}

/* What the totals say is there, whole, while the other thread goes on. */
static void
test_read_while_appending (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  Appender                  appender = { .capture = capture };
  GThread                  *thread = g_thread_new ("append", append_worker, &appender);
  g_autoptr (GRand)         random = g_rand_new_with_seed (1);
  gboolean                  is_done;

  do
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
      g_auto (DuplexEvent) newest = DUPLEX_EVENT_INIT;
      DuplexTotals         totals;
      guint64              number;

      is_done = g_atomic_int_get (&appender.is_done);
      duplex_capture_get_totals (capture, &totals);
      g_assert_cmpuint (totals.rows, ==, totals.events / 2);
      if (totals.events == 0)
        continue;

      g_assert_true (duplex_capture_read (capture, totals.events - 1, &newest));
      assert_threaded_event (&newest);
      number = g_rand_int_range (random, 0, totals.events);
      g_assert_true (duplex_capture_read (capture, number, &event));
      assert_threaded_event (&event);
      if (totals.rows > 0)
        {
          guint64 row = g_rand_int_range (random, 0, totals.rows);

          g_assert_true (duplex_capture_find_row (capture, row, &number));
          g_assert_cmpuint (number, ==, 2 * row + 1);
        }
  } while (!is_done);

  g_thread_join (thread);
  g_assert_finalize_object (g_steal_pointer (&capture));
}

static void
test_clear_while_appending (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  Appender                  appender = { .capture = capture };
  GThread                  *thread = g_thread_new ("append", append_worker, &appender);
  gboolean                  is_done;

  do
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
      guint64              number;

      is_done = g_atomic_int_get (&appender.is_done);
      duplex_capture_publish (capture);
      if (!duplex_capture_find_row (capture, 0, &number))
        continue;
      g_assert_true (duplex_capture_read (capture, number, &event));
      duplex_capture_clear (capture);
      assert_threaded_event (&event);
  } while (!is_done);

  g_thread_join (thread);
  g_assert_finalize_object (g_steal_pointer (&capture));
}

/* Whole blocks go; numbers, rows and totals stay as they were. */
static void
test_drop_before (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autofree char          *text = g_strnfill (1000, 'x');
  const guint               n = 2000; /* about eight blocks */
  DuplexTotals              totals;
  guint64                   kept = 0;

  duplex_capture_drop_before (capture, 5);
  for (guint i = 0; i < n; i++)
    {
      DuplexEvent event = duplex_test_text (text);

      g_assert_cmpuint (duplex_capture_append (capture, &event), ==, i);
    }
  duplex_capture_drop_before (capture, 1000);
  for (guint i = 0; i < n; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
      gboolean             there = duplex_capture_read (capture, i, &event);
      guint64              number;

      g_assert_true (there || i < 1000);
      g_assert_true (there == duplex_capture_find_row (capture, i, &number));
      g_assert_cmpuint (event.payload_size, ==, there ? 1000 : 0);
      kept += there ? 1 : 0;
    }
  g_assert_cmpuint (kept, <, 1300);
  duplex_capture_get_totals (capture, &totals);
  g_assert_cmpuint (totals.rows, ==, n);
  duplex_capture_drop_before (capture, n);
  g_assert_true (duplex_capture_find_row (capture, n - 1, &kept)); /* the open block stays */
}

static void
full_cb (gboolean is_full,
         gpointer data)
{
  g_string_append_c (data, is_full ? '+' : '-');
}

/* Told when it is full and when half is free, also where one payload is larger than all that. */
static void
test_bound (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autofree char          *text = g_strnfill (10000, 'x');
  g_autofree char          *long_text = g_strnfill (5000000, 'y');
  g_autoptr (GString)       told = g_string_new (NULL);
  DuplexEvent               event = duplex_test_text (text);
  guint64                   last = 0;

  duplex_capture_set_bound (capture, 4000000, full_cb, told);
  while (*told->str == '\0')
    last = duplex_capture_append (capture, &event);
  g_assert_cmpuint (last, >, 350);
  g_assert_cmpuint (last, <, 400);
  last = duplex_capture_append (capture, &event);
  duplex_capture_drop_before (capture, 100);
  g_assert_cmpstr (told->str, ==, "+");
  duplex_capture_drop_before (capture, 300);
  g_assert_cmpstr (told->str, ==, "+-");

  event = duplex_test_text (long_text);
  last = duplex_capture_append (capture, &event);
  g_assert_cmpstr (told->str, ==, "+-+");
  duplex_capture_drop_before (capture, last);
  g_assert_cmpstr (told->str, ==, "+-+");
  duplex_capture_drop_before (capture, last + 1);
  g_assert_cmpstr (told->str, ==, "+-+-");

  event = duplex_test_text (text);
  g_assert_cmpuint (duplex_capture_append (capture, &event), ==, last + 1);
  g_assert_true (duplex_capture_find_row (capture, last + 1, &last));
  duplex_capture_append (capture, &event);
  duplex_capture_set_bound (capture, 1, full_cb, told);
  duplex_capture_clear (capture);
  g_assert_cmpstr (told->str, ==, "+-+-+-");
  duplex_capture_set_bound (capture, 0, NULL, NULL);
  duplex_capture_append (capture, &event);
  g_assert_cmpstr (told->str, ==, "+-+-+-");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/capture/round-trip", test_round_trip);
  g_test_add_func ("/core/capture/read-nothing", test_read_nothing);
  g_test_add_func ("/core/capture/first-is-self", test_first_is_self);
  g_test_add_func ("/core/capture/many-blocks", test_many_blocks);
  g_test_add_func ("/core/capture/large-payloads", test_large_payloads);
  g_test_add_data_func ("/core/capture/owner/at-start", GSIZE_TO_POINTER (0), test_owner);
  g_test_add_data_func ("/core/capture/owner/within", GSIZE_TO_POINTER (77), test_owner);
  g_test_add_func ("/core/capture/owner/not-used", test_owner_not_used);
  g_test_add_func ("/core/capture/many-findings", test_many_findings);
  g_test_add_func ("/core/capture/totals", test_totals);
  g_test_add_func ("/core/capture/connections", test_connections);
  g_test_add_func ("/core/capture/overlapping", test_overlapping);
  g_test_add_func ("/core/capture/clear", test_clear);
  g_test_add_func ("/core/capture/drop-before", test_drop_before);
  g_test_add_func ("/core/capture/bound", test_bound);
  g_test_add_func ("/core/capture/threads/read", test_read_while_appending);
  g_test_add_func ("/core/capture/threads/clear", test_clear_while_appending);

  return g_test_run ();
}
