/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events a second into a capture's file: appended as fast as the writer's back-pressure allows,
 * until the file is whole and closed. Beside it, in turn, as many bytes as the file then has go to
 * a plain file with write(), as dd does: without a sync, and with one at its end. */

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "bench-support.h"

#define N_EVENTS     2000000
#define PAYLOAD_SIZE 200
#define RUNS         5
#define WRITE_SIZE   (256 * 1024)

typedef struct
{
  double capture;
  double raw;
  double synced;
} Run;

static void
fill (DuplexCapture *capture,
      BenchGate     *gate)
{
  guint8      payload[PAYLOAD_SIZE];
  DuplexEvent event = DUPLEX_EVENT_INIT;

  memset (payload, 'x', sizeof payload);
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
  for (guint i = 0; i < N_EVENTS; i++)
    {
      event.message = i + 1;
      event.time_us = i;
      duplex_capture_append (capture, &event);
      bench_gate_wait (gate);
    }
}

static double
write_capture (const char *path)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  g_autoptr (GError)        error = NULL;
  DuplexCaptureOrigin       origin = { 0 };
  BenchGate                 gate;
  gint64                    start = g_get_monotonic_time ();

  if (!duplex_capture_record (capture, path, &origin, &error))
    g_error ("%s", error->message);
  bench_gate_init (&gate, capture);
  fill (capture, &gate);
  if (!duplex_capture_finish (capture, &error))
    g_error ("%s", error->message);
  bench_gate_clear (&gate, capture);
  g_assert_cmpuint (duplex_capture_get_n_not_kept (capture), ==, 0);
  return (g_get_monotonic_time () - start) / 1e6;
}

static double
write_raw (const char *path,
           guint64     size,
           gboolean    sync)
{
  g_autofree guint8 *buffer = g_malloc (WRITE_SIZE);
  gint64             start;
  double             seconds;
  int                fd;

  memset (buffer, 'x', WRITE_SIZE);
  start = g_get_monotonic_time ();
  fd = g_open (path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  g_assert_cmpint (fd, >=, 0);
  while (size > 0)
    {
      gssize n = write (fd, buffer, MIN (size, WRITE_SIZE));

      g_assert_cmpint (n, >, 0);
      size -= (guint64)n;
    }
  if (sync)
    fsync (fd);
  close (fd);
  seconds = (g_get_monotonic_time () - start) / 1e6;
  g_unlink (path);
  return seconds;
}

static int
compare_times (gconstpointer a,
               gconstpointer b)
{
  double x = *(const double *)a;
  double y = *(const double *)b;

  return x < y ? -1 : x > y;
}

/* Of the numbers at offset within the runs. */
static double
median (const Run *runs,
        gsize      offset)
{
  double times[RUNS];

  for (int i = 0; i < RUNS; i++)
    times[i] = G_STRUCT_MEMBER (double, &runs[i], offset);
  qsort (times, RUNS, sizeof *times, compare_times);
  return times[RUNS / 2];
}

int
main (void)
{
  g_autofree char *folder = g_dir_make_tmp ("duplex-bench-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.duplex", NULL);
  g_autofree char *raw = g_build_filename (folder, "raw", NULL);
  Run              runs[RUNS];
  guint64          size = 0;
  double           capture;
  double           plain;

  for (int i = 0; i < RUNS; i++)
    {
      GStatBuf info;

      runs[i].capture = write_capture (path);
      g_assert_cmpint (g_stat (path, &info), ==, 0);
      size = (guint64)info.st_size;
      g_unlink (path);
      runs[i].raw = write_raw (raw, size, /* sync= */ FALSE);
      runs[i].synced = write_raw (raw, size, /* sync= */ TRUE);
    }
  g_rmdir (folder);

  capture = median (runs, G_STRUCT_OFFSET (Run, capture));
  plain = median (runs, G_STRUCT_OFFSET (Run, raw));
  g_print ("writer events %.2f M/s (%d events of %d bytes, median of %d)\n",
           N_EVENTS / capture / 1e6, N_EVENTS, PAYLOAD_SIZE, RUNS);
  g_print ("writer file %.0f MB\n", size / 1e6);
  g_print ("writer rate %.0f MB/s\n", size / capture / 1e6);
  g_print ("writer raw-rate %.0f MB/s\n", size / plain / 1e6);
  g_print ("writer raw-synced-rate %.0f MB/s\n",
           size / median (runs, G_STRUCT_OFFSET (Run, synced)) / 1e6);
  g_print ("writer part-of-raw %.0f %%\n", 100 * plain / capture);
  return 0;
}
