/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many events a second a capture takes and gives, beside what copying the same bytes costs. */

#include <string.h>

#include "core/model/duplex-capture.h"

#define N_EVENTS     1000000
#define PAYLOAD_SIZE 200
#define N_REPEATS    3

typedef double (*Measure) (void);

static guint8 payload[PAYLOAD_SIZE];

/* Results go there, so that no work is left out. */
static guint64 sink;

static double
get_rate (gint64 start)
{
  return N_EVENTS / ((g_get_monotonic_time () - start) / 1e6);
}

static DuplexEvent
make_event (void)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.direction = DUPLEX_DIRECTION_RECEIVED;
  event.connection = 1;
  event.flags = DUPLEX_EVENT_FLAG_ROW;
  event.opcode = DUPLEX_OPCODE_TEXT;
  event.header_size = 4;
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  event.message_size = PAYLOAD_SIZE;
  event.n_frames = 1;
  event.payload = payload;
  event.payload_size = PAYLOAD_SIZE;

  return event;
}

static DuplexCapture *
fill (void)
{
  DuplexCapture *capture = duplex_capture_new ();
  DuplexEvent    event = make_event ();

  for (guint i = 0; i < N_EVENTS; i++)
    {
      event.message = i + 1;
      duplex_capture_append (capture, &event);
    }

  return capture;
}

/* The same bytes into a buffer that was never touched either. */
static double
measure_memcpy (void)
{
  const gsize size = PAYLOAD_SIZE + 88;
  guint8     *buffer = g_malloc (N_EVENTS * size);
  gint64      start = g_get_monotonic_time ();
  double      rate;

  for (gsize i = 0; i < N_EVENTS; i++)
    {
      memcpy (buffer + i * size, payload, PAYLOAD_SIZE);
      memset (buffer + i * size + PAYLOAD_SIZE, (int)i, size - PAYLOAD_SIZE);
    }
  rate = get_rate (start);
  sink += buffer[N_EVENTS / 2];
  g_free (buffer);

  return rate;
}

static double
measure_append (void)
{
  gint64                    start = g_get_monotonic_time ();
  g_autoptr (DuplexCapture) capture = fill ();

  return get_rate (start);
}

static double
measure_read (void)
{
  g_autoptr (DuplexCapture) capture = fill ();
  gint64                    start = g_get_monotonic_time ();

  for (guint64 i = 0; i < N_EVENTS; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

      /* A prime step: no block twice in a row. */
      duplex_capture_read (capture, i * 7919 % N_EVENTS, &event);
      sink += event.payload[0] + event.message;
    }

  return get_rate (start);
}

static double
measure_find_row (void)
{
  g_autoptr (DuplexCapture) capture = fill ();
  gint64                    start = g_get_monotonic_time ();

  for (guint64 i = 0; i < N_EVENTS; i++)
    {
      guint64 number = 0;

      duplex_capture_find_row (capture, i * 7919 % N_EVENTS, &number);
      sink += number;
    }

  return get_rate (start);
}

static double
measure_get_item (void)
{
  g_autoptr (DuplexCapture) capture = fill ();
  gint64                    start;

  duplex_capture_publish (capture);
  start = g_get_monotonic_time ();
  for (guint64 i = 0; i < N_EVENTS; i++)
    {
      g_autoptr (GObject) row = g_list_model_get_item (G_LIST_MODEL (capture), i * 7919 % N_EVENTS);

      sink += row != NULL;
    }

  return get_rate (start);
}

static double
get_best (const char *name,
          Measure     measure)
{
  double best = 0;

  for (guint i = 0; i < N_REPEATS; i++)
    best = MAX (best, measure ());
  g_print ("%s-%d-bytes %.0f events/s\n", name, PAYLOAD_SIZE, best);

  return best;
}

int
main (void)
{
  double memcpy_rate;
  double append_rate;

  memset (payload, 'x', sizeof payload);
  memcpy_rate = get_best ("memcpy", measure_memcpy);
  append_rate = get_best ("append", measure_append);
  g_print ("append-to-memcpy %.2f ratio\n", append_rate / memcpy_rate);
  get_best ("read", measure_read);
  get_best ("find-row", measure_find_row);
  get_best ("get-item", measure_get_item);

  return sink == 0;
}
