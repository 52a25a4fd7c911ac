/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "relay/duplex-record-queue.h"

#define MIB ((gsize)1024 * 1024)

/* So late each time that there is always time to spend. */
static gint64
tick (void)
{
  static gint64 now = 0;

  return now += G_TIME_SPAN_SECOND;
}

static void
put (DuplexRecordLane *lane,
     gpointer          owner,
     gint64            time_us,
     const void       *data,
     gsize             len)
{
  DuplexRecord  record = { .owner = owner, .time_us = time_us, .kind = 3, .stream = 2 };
  GOutputVector span = { data, len };

  g_assert_true (duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MAY));
}

/* Takes all that is there, and puts what was copied in out. Returns the number of pieces. */
static guint
take_all (DuplexRecordQueue *queue,
          GByteArray        *out)
{
  DuplexRecord record;
  guint        n = 0;

  for (; duplex_record_queue_take (queue, &record); n++)
    g_byte_array_append (out, record.data, (guint)record.size);
  return n;
}

static guint32
next (guint32 *x)
{
  return *x = *x * 1664525 + 1013904223;
}

static guint8 *
make_bytes (gsize size)
{
  guint8 *bytes = g_malloc (size);
  guint32 x = 1;

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8)(next (&x) >> 24);
  return bytes;
}

static void
test_order (void)
{
  g_autoptr (DuplexRecordQueue) queue = duplex_record_queue_new (4 * MIB);
  DuplexRecordLane             *lane = duplex_record_queue_get_lane (queue);
  DuplexRecord                  record = { .owner = &queue, .missed = 77 };
  int                           owners[2];

  g_assert_true (lane == duplex_record_queue_get_lane (queue));
  g_assert_false (duplex_record_queue_take (queue, &record));
  put (lane, &owners[0], 10, "one", 3);
  put (lane, &owners[1], 20, "", 0);
  record.missed = 77;
  record.time_us = 30;
  g_assert_true (duplex_record_lane_put (lane, &record, NULL, 0, DUPLEX_RECORD_MAY));

  g_assert_true (duplex_record_queue_take (queue, &record));
  g_assert_true (record.owner == &owners[0]);
  g_assert_cmpint (record.time_us, ==, 10);
  g_assert_cmpuint (record.kind, ==, 3);
  g_assert_cmpuint (record.stream, ==, 2);
  g_assert_cmpuint (record.missed, ==, 0);
  g_assert_cmpmem (record.data, record.size, "one", 3);
  g_assert_true (duplex_record_queue_take (queue, &record));
  g_assert_true (record.owner == &owners[1]);
  g_assert_cmpuint (record.size, ==, 0);
  g_assert_true (duplex_record_queue_take (queue, &record));
  g_assert_cmpuint (record.missed, ==, 77);
  g_assert_false (duplex_record_queue_take (queue, &record));
}

/* Every size and every place in a block, whole or in pieces. */
static void
test_sizes (void)
{
  g_autoptr (DuplexRecordQueue) queue = duplex_record_queue_new (8 * MIB);
  DuplexRecordLane             *lane = duplex_record_queue_get_lane (queue);
  g_autofree guint8            *bytes = make_bytes (MIB);

  for (gsize size = 1; size < MIB; size = size * 3 + 7)
    for (guint i = 0; i < 20; i++)
      {
        g_autoptr (GByteArray) out = g_byte_array_new ();
        DuplexRecord           record = { .missed = 5, .time_us = tick () };
        GOutputVector          spans[] = { { bytes + i, size }, { bytes, i }, { bytes + 9, 9 } };
        g_autoptr (GByteArray) expected = g_byte_array_new ();

        g_assert_true (
          duplex_record_lane_put (lane, &record, spans, 3, DUPLEX_RECORD_MAY));
        for (guint s = 0; s < 3; s++)
          g_byte_array_append (expected, spans[s].buffer, (guint)spans[s].size);
        g_assert_true (duplex_record_queue_take (queue, &record));
        g_assert_cmpuint (record.missed, ==, 5);
        g_byte_array_append (out, record.data, (guint)record.size);
        while (duplex_record_queue_take (queue, &record))
          {
            g_assert_cmpuint (record.missed, ==, 0);
            g_byte_array_append (out, record.data, (guint)record.size);
          }
        g_assert_cmpmem (out->data, out->len, expected->data, expected->len);
        g_assert_cmpuint (duplex_record_queue_get_size (queue), ==, 0);
      }
}

/* What was copied a moment ago is not copied again, wherever it stands in the spans; what has
 * changed since is. */
static void
test_again (void)
{
  static const struct
  {
    gsize before, from, to, after; /* of what follows; from and to within the source */
  } cases[] = {
    { 0, 0, 40000, 0 },
    { 0, 100, 40000, 0 },
    { 0, 0, 39000, 0 },
    { 300, 0, 40000, 0 },
    { 300, 0, 1000, 70 },
    { 0, 39990, 40000, 5 },
    { 5000, 0, 40000, 5000 },
  };
  g_autofree guint8 *bytes = make_bytes (60000);
  guint8            *source = bytes + 10000;

  for (guint i = 0; i < 2 * G_N_ELEMENTS (cases); i++)
    for (gsize filled = 0; filled < 280000; filled += 9000)
      {
        g_autoptr (DuplexRecordQueue) queue = duplex_record_queue_new (4 * MIB);
        DuplexRecordLane             *lane = duplex_record_queue_get_lane (queue);
        g_autoptr (GByteArray)        out = g_byte_array_new ();
        gboolean                      changes = i % 2 == 1;
        gsize                         before = cases[i / 2].before;
        gsize                         size =
          before + cases[i / 2].to - cases[i / 2].from + cases[i / 2].after;
        const guint8 *begin = source + cases[i / 2].from - before;
        DuplexRecord  record = { .time_us = tick () };

        for (gsize n = 0; n < filled; n += 9000)
          put (lane, NULL, tick (), bytes, 9000);
        take_all (queue, out);
        g_byte_array_set_size (out, 0);
        g_assert_true (duplex_record_lane_put_source (lane, &record, source, 40000));
        take_all (queue, out);
        g_assert_cmpmem (out->data, out->len, source, 40000);
        g_byte_array_set_size (out, 0);
        if (changes)
          source[cases[i / 2].from + 3]++;
        put (lane, NULL, tick (), begin, size);
        take_all (queue, out);
        g_assert_cmpmem (out->data, out->len, begin, size);
      }
}

static void
test_again_is_small (void)
{
  g_autoptr (DuplexRecordQueue) queue = duplex_record_queue_new (8 * MIB);
  DuplexRecordLane             *lane = duplex_record_queue_get_lane (queue);
  g_autofree guint8            *bytes = make_bytes (64000);
  DuplexRecord                  record = { .time_us = tick () };

  for (guint i = 0; i < 16; i++)
    {
      g_assert_true (duplex_record_lane_put_source (lane, &record, bytes, 64000));
      put (lane, NULL, tick (), bytes, 64000);
    }
  /* Of 2 MB of them little more than half. */
  g_assert_cmpuint (duplex_record_queue_get_size (queue), <=, 5 * 256 * 1024);
}

/* Refused when it is full, and until half of it is free. */
static void
test_full (void)
{
  g_autoptr (DuplexRecordQueue) queue = duplex_record_queue_new (2 * MIB);
  DuplexRecordLane             *lane = duplex_record_queue_get_lane (queue);
  g_autofree guint8            *bytes = make_bytes (MIB);
  GOutputVector                 span = { bytes, 10000 };
  DuplexRecord                  record = { .time_us = tick () };
  guint                         n = 0;
  guint                         n_taken = 0;

  while (duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MAY))
    g_assert_cmpuint (++n, <, 1000);
  g_assert_cmpuint (n * span.size, >, 2 * MIB);
  g_assert_cmpuint (n * span.size, <, 3 * MIB);
  g_assert_true (duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MUST));
  while (!duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MAY))
    {
      g_assert_true (duplex_record_queue_take (queue, &record));
      n_taken++;
    }
  g_assert_cmpuint (duplex_record_queue_get_size (queue), <=, MIB);
  g_assert_cmpuint (n_taken, >, n / 3);

  /* What never fits is not taken in part. */
  span.size = MIB;
  while (duplex_record_queue_take (queue, &record))
    ;
  g_assert_true (duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MAY));
  span.size = MIB * 3 / 4;
  g_assert_true (duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MAY));
  g_assert_false (duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MAY));
}

/* A worker spends little of its time on this. Small records have a price that is known. */
static void
test_share (void)
{
  g_autoptr (DuplexRecordQueue) queue = duplex_record_queue_new (64 * MIB);
  DuplexRecordLane             *lane = duplex_record_queue_get_lane (queue);
  g_autofree guint8            *bytes = make_bytes (4000);
  GOutputVector                 span = { bytes, 4000 };
  DuplexRecord                  record = { .time_us = tick () };
  guint                         n = 0;

  while (duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MAY))
    g_assert_cmpuint (++n, <, 10000);
  g_assert_cmpuint (n, ==, 10000000 / (250 + 1000));
  g_assert_true (duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MUST));
  record.time_us += 50000;
  g_assert_false (duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MAY));
  record.time_us += 60000;
  g_assert_true (duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MAY));
  /* A clock that goes back does no harm. */
  record.time_us = 1;
  g_assert_true (duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MAY));
}

/* ---- threads ---- */

#define N_WORKERS 3
#define N_PUTS    20000

typedef struct
{
  DuplexRecordQueue *queue;
  const guint8      *bytes;
  GThread           *threads[N_WORKERS];
  gsize              put[N_WORKERS];
} Crowd;

typedef struct
{
  Crowd *crowd;
  guint  number;
} Worker;

static gpointer
put_worker (gpointer data)
{
  Worker           *self = data;
  Crowd            *crowd = self->crowd;
  DuplexRecordLane *lane = duplex_record_queue_get_lane (crowd->queue);
  guint32           x = self->number;
  gsize             at = 0;

  for (guint i = 0; i < N_PUTS; i++)
    {
      gsize         size = next (&x) >> (i % 8 == 0 ? 17 : 24);
      GOutputVector span = { crowd->bytes + at % 1000, size };
      DuplexRecord  record = { .stream = self->number, .time_us = g_get_real_time () };

      record.missed = at;
      if (duplex_record_lane_put (lane, &record, &span, 1, DUPLEX_RECORD_MAY))
        {
          crowd->put[self->number] += size;
          at += size;
        }
    }
  return NULL;
}

static gpointer
stop_worker (gpointer data)
{
  Crowd *crowd = data;

  for (guint i = 0; i < N_WORKERS; i++)
    g_thread_join (crowd->threads[i]);
  duplex_record_queue_stop (crowd->queue);
  return NULL;
}

/* Each lane's records come in order and whole, and none is left behind when nobody wakes anybody
 * any more. */
static void
test_threads (void)
{
  g_autofree guint8            *bytes = make_bytes (MIB);
  g_autoptr (DuplexRecordQueue) queue = duplex_record_queue_new (MIB);
  Crowd                         crowd = { .queue = queue, .bytes = bytes };
  Worker                        workers[N_WORKERS];
  gsize                         taken[N_WORKERS] = { 0 };
  GThread                      *stopper;
  DuplexRecord                  record;

  for (guint i = 0; i < N_WORKERS; i++)
    {
      workers[i] = (Worker){ &crowd, i };
      crowd.threads[i] = g_thread_new ("put", put_worker, &workers[i]);
    }
  stopper = g_thread_new ("stop", stop_worker, &crowd);
  while (duplex_record_queue_wait (queue))
    while (duplex_record_queue_take (queue, &record))
      {
        if (record.missed != 0)
          {
            g_assert_cmpuint (record.missed, ==, taken[record.stream]);
            g_assert_cmpmem (record.data, record.size, bytes + record.missed % 1000, record.size);
          }
        taken[record.stream] += record.size;
      }
  g_thread_join (stopper);
  for (guint i = 0; i < N_WORKERS; i++)
    g_assert_cmpuint (taken[i], ==, crowd.put[i]);
  g_assert_cmpuint (duplex_record_queue_get_size (queue), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/record-queue/order", test_order);
  g_test_add_func ("/relay/record-queue/sizes", test_sizes);
  g_test_add_func ("/relay/record-queue/again", test_again);
  g_test_add_func ("/relay/record-queue/again-is-small", test_again_is_small);
  g_test_add_func ("/relay/record-queue/full", test_full);
  g_test_add_func ("/relay/record-queue/share", test_share);
  g_test_add_func ("/relay/record-queue/threads", test_threads);
  return g_test_run ();
}
