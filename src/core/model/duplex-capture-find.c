/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which event, row or connection of the capture is it. */
#include "core/model/duplex-capture-private.h"

gboolean
duplex_capture_find_row (DuplexCapture *self,
                         guint64        row,
                         guint64       *ret_number)
{
  g_autoptr (DuplexCaptureBlock) block = NULL;
  DuplexCaptureEntry            *entry;
  guint64                        first = 0;
  guint64                        at = 0;
  gboolean                       lost = FALSE;
  guint                          index;
  guint                          n;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);
  g_return_val_if_fail (ret_number != NULL, FALSE);

  g_mutex_lock (&self->mutex);
  entry = duplex_capture_index_find_row (&self->index, row);
  if (entry != NULL)
    {
      first = entry->first_event;
      at = row - entry->first_row;
      lost = entry->lost;
    }
  g_mutex_unlock (&self->mutex);
  if (entry == NULL)
    return FALSE;

  if (!lost)
    block = duplex_capture_ref_block (self, first, /* for_scan= */ FALSE, &index, &n);
  /* Of what was lost, or is damaged, the first events stand for the rows. */
  *ret_number = first + at;
  if (block != NULL && at < duplex_capture_block_get_n_rows (block))
    *ret_number = first + duplex_capture_block_get_row (block, (guint)at);
  return TRUE;
}

/* The row of the entry with event first that ends at or after event number, FALSE where none does.
 * ret_next is the first event behind the entry. */
static gboolean
find_row_in (DuplexCapture *self,
             guint64        first,
             guint64        number,
             guint64       *ret_row,
             guint64       *ret_next)
{
  g_autoptr (DuplexCaptureBlock) block = NULL;
  DuplexCaptureEntry            *entry;
  DuplexCaptureEntry             copy;
  guint64                        at;
  guint                          index;
  guint                          n;

  g_mutex_lock (&self->mutex);
  entry = duplex_capture_index_find_event (&self->index, first);
  if (entry != NULL)
    copy = *entry;
  g_mutex_unlock (&self->mutex);
  if (entry == NULL)
    return FALSE;

  *ret_next = copy.first_event + copy.n_events;
  at = number > copy.first_event ? number - copy.first_event : 0;
  if (!copy.lost)
    block = duplex_capture_ref_block (self, copy.first_event, FALSE, &index, &n);
  if (block != NULL && duplex_capture_block_get_n_events (block) >= copy.n_events)
    at = duplex_capture_block_find_row (block, (guint)at);
  *ret_row = copy.first_row + at;
  return at < copy.n_rows;
}

gboolean
duplex_capture_find_row_of (DuplexCapture *self,
                            guint64        number,
                            guint64       *ret_row)
{
  DuplexCaptureEntry *entry;
  guint64             first = number;
  guint64             next = 0;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);
  g_return_val_if_fail (ret_row != NULL, FALSE);

  if (find_row_in (self, number, number, ret_row, &next))
    return TRUE;
  /* A message may end many blocks later. */
  g_mutex_lock (&self->mutex);
  entry = next > 0 ? duplex_capture_index_next_rows (&self->index, next) : NULL;
  if (entry != NULL)
    first = entry->first_event;
  if (entry != NULL && first >= next)
    *ret_row = entry->first_row;
  g_mutex_unlock (&self->mutex);
  return entry != NULL && first >= next;
}

static gboolean
has_no_finding (const DuplexEvent *event,
                gpointer           user_data)
{
  guint64 *number = user_data;

  if (event->n_findings > 0)
    *number = event->number;

  return event->n_findings == 0;
}

gboolean
duplex_capture_find_finding (DuplexCapture *self,
                             guint64        number,
                             guint64       *ret_number)
{
  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);
  g_return_val_if_fail (ret_number != NULL, FALSE);

  while (TRUE)
    {
      guint64             found = G_MAXUINT64;
      guint64             last = 0;
      DuplexCaptureEntry *entry;

      g_mutex_lock (&self->mutex);
      entry = duplex_capture_index_next_finding (&self->index, number);
      if (entry != NULL)
        {
          number = MAX (number, entry->first_event);
          last = entry->first_event + entry->n_events - 1;
        }
      g_mutex_unlock (&self->mutex);
      if (entry == NULL)
        return FALSE;

      duplex_capture_walk (self, number, last, has_no_finding, &found);
      if (found != G_MAXUINT64)
        {
          *ret_number = found;
          return TRUE;
        }
      number = last + 1;
    }
}

typedef struct
{
  gint64  time_us;
  guint64 row;
} TimeWalk;

static gboolean
is_earlier (const DuplexEvent *event,
            gpointer           user_data)
{
  TimeWalk *walk = user_data;

  if (!(event->flags & DUPLEX_EVENT_FLAG_ROW))
    return TRUE;
  if (event->time_us >= walk->time_us)
    return FALSE;
  walk->row++;
  return TRUE;
}

guint64
duplex_capture_find_time (DuplexCapture *self,
                          gint64         time_us)
{
  TimeWalk            walk = { time_us, 0 };
  DuplexCaptureEntry *entry;
  guint64             first = 0;
  guint64             n = 0;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), 0);

  g_mutex_lock (&self->mutex);
  walk.row = self->totals.rows;
  entry = duplex_capture_index_find_time (&self->index, time_us);
  if (entry != NULL)
    {
      walk.row = entry->first_row;
      first = entry->first_event;
      n = entry->lost ? 0 : entry->n_events;
    }
  g_mutex_unlock (&self->mutex);
  if (n > 0)
    duplex_capture_walk (self, first, first + n - 1, is_earlier, &walk);
  return walk.row;
}

gboolean
duplex_capture_find_connecting (DuplexCapture *self,
                                guint64        number,
                                guint64       *ret_number)
{
  gboolean found = FALSE;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);
  g_return_val_if_fail (ret_number != NULL, FALSE);

  g_mutex_lock (&self->mutex);

  /* From the end: the question is mostly about the connection that is open. */
  for (guint i = self->connecting->len; i > 0 && !found; i--)
    {
      guint64 candidate = g_array_index (self->connecting, guint64, i - 1);

      if (candidate <= number)
        {
          *ret_number = candidate;
          found = TRUE;
        }
    }

  g_mutex_unlock (&self->mutex);

  return found;
}

void
duplex_capture_get_totals (DuplexCapture *self,
                           DuplexTotals  *ret_totals)
{
  g_return_if_fail (DUPLEX_IS_CAPTURE (self));
  g_return_if_fail (ret_totals != NULL);

  g_mutex_lock (&self->mutex);
  *ret_totals = self->totals;
  g_mutex_unlock (&self->mutex);
}
