/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-pump-stats.h"

/* One writer: it needs no atomic addition, only that a reader sees no half of a number. */
void
duplex_pump_stats_count (guint64 *counter,
                         guint64  n)
{
  __atomic_store_n (counter, *counter + n, __ATOMIC_RELAXED);
}

void
duplex_pump_stats_wait (DuplexPumpStats *self,
                        gint64           us)
{
  guint64 time = (guint64)MAX (us, 0);
  guint   bucket = time < 4 ? 0 : g_bit_storage (time / 4);

  duplex_pump_stats_count (&self->waits[MIN (bucket, DUPLEX_PUMP_BUCKETS - 1)], 1);
  duplex_pump_stats_count (&self->waits_us, time);
}

static void
add (guint64       *total,
     const guint64 *counter)
{
  *total += __atomic_load_n (counter, __ATOMIC_RELAXED);
}

void
duplex_pump_stats_add (DuplexPumpStats       *total,
                       const DuplexPumpStats *self)
{
  g_return_if_fail (total != NULL && self != NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (self->n_messages); i++)
    {
      add (&total->n_messages[i], &self->n_messages[i]);
      add (&total->n_bytes[i], &self->n_bytes[i]);
      add (&total->n_late[i], &self->n_late[i]);
    }
  for (gsize i = 0; i < DUPLEX_PUMP_BUCKETS; i++)
    add (&total->waits[i], &self->waits[i]);
  add (&total->waits_us, &self->waits_us);
}
