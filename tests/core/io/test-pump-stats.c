/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-pump-stats.h"

#include <string.h>

/* Times at the bounds of buckets: less than 2^i × 4 µs. */
static const struct
{
  gint64 us;
  guint  bucket;
} waits[] = {
  { G_MININT64, 0 },
  { -1, 0 },
  { 0, 0 },
  { 3, 0 },
  { 4, 1 },
  { 7, 1 },
  { 8, 2 },
  { 15, 2 },
  { 16, 3 },
  { 1000, 8 },
  { (4 << 17) - 1, 17 },
  { 4 << 17, 18 },
  { (4 << 18) - 1, 18 },
  /* more than a second */
  { 4 << 18, DUPLEX_PUMP_BUCKETS - 1 },
  { 60 * G_USEC_PER_SEC, DUPLEX_PUMP_BUCKETS - 1 },
  { G_MAXINT64, DUPLEX_PUMP_BUCKETS - 1 },
};

static void
test_wait (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      DuplexPumpStats stats = { 0 };

      duplex_pump_stats_wait (&stats, waits[i].us);
      for (guint bucket = 0; bucket < DUPLEX_PUMP_BUCKETS; bucket++)
        g_assert_cmpuint (stats.waits[bucket], ==, bucket == waits[i].bucket ? 1 : 0);
      g_assert_cmpuint (stats.waits_us, ==, (guint64)MAX (waits[i].us, 0));
    }
}

static void
test_count (void)
{
  DuplexPumpStats stats = { 0 };

  duplex_pump_stats_count (&stats.n_bytes[DUPLEX_ROLE_SERVER], G_MAXUINT32);
  duplex_pump_stats_count (&stats.n_bytes[DUPLEX_ROLE_SERVER], G_MAXUINT32);
  g_assert_cmpuint (stats.n_bytes[DUPLEX_ROLE_SERVER], ==, 2 * (guint64)G_MAXUINT32);
  g_assert_cmpuint (stats.n_bytes[DUPLEX_ROLE_CLIENT], ==, 0);
}

/* Every counter is summed, whichever there are: a struct of 1, 2, 3, … twice is 2, 4, 6, …. */
static void
test_add (void)
{
  DuplexPumpStats total = { 0 };
  DuplexPumpStats stats;
  guint64         numbers[sizeof stats / sizeof (guint64)];

  G_STATIC_ASSERT (sizeof stats % sizeof (guint64) == 0);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    numbers[i] = i + 1;
  memcpy (&stats, numbers, sizeof stats);

  duplex_pump_stats_add (&total, &stats);
  duplex_pump_stats_add (&total, &stats);
  memcpy (numbers, &total, sizeof total);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    g_assert_cmpuint (numbers[i], ==, 2 * (i + 1));
}

#define N_COUNTED 200000

static gpointer
count_worker (gpointer data)
{
  DuplexPumpStats *stats = data;

  for (guint i = 0; i < N_COUNTED; i++)
    {
      duplex_pump_stats_count (&stats->n_messages[DUPLEX_ROLE_CLIENT], 1);
      duplex_pump_stats_wait (stats, i % 100);
    }
  return NULL;
}

/* Another thread reads while the one writes: numbers only ever grow, and none is lost. */
static void
test_threads (void)
{
  DuplexPumpStats stats = { 0 };
  GThread        *thread = g_thread_new ("writer", count_worker, &stats);
  guint64         last = 0;

  while (last < N_COUNTED)
    {
      DuplexPumpStats total = { 0 };

      duplex_pump_stats_add (&total, &stats);
      g_assert_cmpuint (total.n_messages[DUPLEX_ROLE_CLIENT], >=, last);
      last = total.n_messages[DUPLEX_ROLE_CLIENT];
    }
  g_thread_join (thread);
  last = 0;
  for (guint i = 0; i < DUPLEX_PUMP_BUCKETS; i++)
    last += stats.waits[i];
  g_assert_cmpuint (last, ==, N_COUNTED);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/pump-stats/wait", test_wait);
  g_test_add_func ("/core/pump-stats/count", test_count);
  g_test_add_func ("/core/pump-stats/add", test_add);
  g_test_add_func ("/core/pump-stats/threads", test_threads);
  return g_test_run ();
}
