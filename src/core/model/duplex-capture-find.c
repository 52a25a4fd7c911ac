/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which event, row or connection of the capture is it. */
#include "core/model/duplex-capture-private.h"

/* With the mutex held where block is the open one. Of what was lost, or is damaged, the first
 * events stand for the rows. */
static guint64
get_event_of_row (DuplexCaptureBlock *block,
                  guint64             row)
{
  if (block == NULL || row >= duplex_capture_block_get_n_rows (block))
    return row;
  return duplex_capture_block_get_row (block, (guint)row);
}

/* The other way: the first row that ends at that event of the block or later. */
static guint64
get_row_of_event (DuplexCaptureBlock *block,
                  guint64             event)
{
  if (block == NULL || event >= duplex_capture_block_get_n_events (block))
    return event;
  return duplex_capture_block_find_row (block, (guint)event);
}

/* What a look at an entry with the mutex held gives. */
typedef struct
{
  DuplexCaptureEntry  entry; /* a copy, without its block */
  DuplexCaptureBlock *block; /* of one that has left memory, or NULL */
} Look;

/* A block that has left memory does not change any more. */
static void
load (DuplexCapture *self,
      Look          *look)
{
  guint index;
  guint n;

  if (!look->entry.lost)
    look->block = duplex_capture_ref_block (self, look->entry.first_event, /* for_scan= */ FALSE,
                                            &index, &n);
}

gboolean
duplex_capture_find_row (DuplexCapture *self,
                         guint64        row,
                         guint64       *ret_number)
{
  DuplexCaptureEntry *entry;
  Look                look = { 0 };
  gboolean            found;
  gboolean            is_known = FALSE;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);
  g_return_val_if_fail (ret_number != NULL, FALSE);

  g_mutex_lock (&self->mutex);
  entry = duplex_capture_index_find_row (&self->index, row);
  found = entry != NULL;
  if (found)
    {
      look.entry = *entry;
      row -= entry->first_row;
      is_known = entry->block != NULL;
    }
  if (is_known)
    *ret_number = look.entry.first_event + get_event_of_row (entry->block, row);
  g_mutex_unlock (&self->mutex);
  if (!found || is_known)
    return found;

  load (self, &look);
  *ret_number = look.entry.first_event + get_event_of_row (look.block, row);
  g_clear_pointer (&look.block, duplex_capture_block_unref);
  return TRUE;
}

/* The row of the entry that has event number, if one ends there at or after it. ret_next is the
 * first event behind the entry, 0 where there is none with that event. */
static gboolean
find_row_in (DuplexCapture *self,
             guint64        number,
             guint64       *ret_row,
             guint64       *ret_next)
{
  DuplexCaptureEntry *entry;
  Look                look = { 0 };
  gboolean            found;
  gboolean            is_known = FALSE;
  guint64             at = 0;

  g_mutex_lock (&self->mutex);
  entry = duplex_capture_index_find_event (&self->index, number);
  found = entry != NULL;
  if (found)
    {
      look.entry = *entry;
      at = number - entry->first_event;
      is_known = entry->block != NULL;
    }
  if (is_known)
    at = get_row_of_event (entry->block, at);
  g_mutex_unlock (&self->mutex);
  *ret_next = found ? look.entry.first_event + look.entry.n_events : 0;
  if (!found)
    return FALSE;

  if (!is_known)
    {
      load (self, &look);
      at = get_row_of_event (look.block, at);
      g_clear_pointer (&look.block, duplex_capture_block_unref);
    }
  *ret_row = look.entry.first_row + at;
  return at < look.entry.n_rows;
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

  if (find_row_in (self, number, ret_row, &next))
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
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  gboolean             found = FALSE;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);
  g_return_val_if_fail (ret_number != NULL, FALSE);

  /* Of an event that is not to be had the connection is not known: the last that began is it. */
  duplex_capture_read (self, number, &event);

  g_mutex_lock (&self->mutex);

  /* From the end: the question is mostly about the connection that is open. */
  for (guint i = self->connecting->len; i > 0; i--)
    {
      const DuplexCaptureConnecting *candidate =
        &g_array_index (self->connecting, DuplexCaptureConnecting, i - 1);

      if (candidate->number > number)
        continue;
      if (!found || candidate->connection == event.connection)
        *ret_number = candidate->number;
      found = TRUE;
      if (event.connection == 0 || candidate->connection == event.connection)
        break;
    }

  g_mutex_unlock (&self->mutex);

  return found;
}

/* ---- the legs of a relay ---- */

typedef enum {
  END_UNKNOWN,
  END_CLIENT, /* the recording end is the client, or its event is not to be had */
  END_SERVER,
  END_NONE, /* there is no such connection */
} End;

static int
compare_connection (gconstpointer a,
                    gconstpointer b)
{
  guint32 first = ((const DuplexCaptureConnecting *)a)->connection;
  guint32 second = ((const DuplexCaptureConnecting *)b)->connection;

  return first < second ? -1 : first > second;
}

/* With the mutex held; NULL where there is none. Numbers are given in order, and used at once. */
static DuplexCaptureConnecting *
find_connection (DuplexCapture *self,
                 guint32        connection)
{
  const DuplexCaptureConnecting wanted = { 0, connection, 0 };
  guint                         i;

  if (!g_array_binary_search (self->connecting, &wanted, compare_connection, &i))
    return NULL;
  return &g_array_index (self->connecting, DuplexCaptureConnecting, i);
}

/* Which end recorded the connection. Its event is read once: only that tells. */
static End
get_end (DuplexCapture *self,
         guint32        connection)
{
  DuplexCaptureConnecting *connecting;
  End                      end = END_NONE;
  guint64                  number = G_MAXUINT64;
  g_auto (DuplexEvent)     event = DUPLEX_EVENT_INIT;

  g_mutex_lock (&self->mutex);
  connecting = find_connection (self, connection);
  if (connecting != NULL)
    {
      end = connecting->end;
      number = connecting->number;
    }
  g_mutex_unlock (&self->mutex);
  if (end != END_UNKNOWN)
    return end;

  end = END_CLIENT;
  if (duplex_capture_read (self, number, &event) && event.kind == DUPLEX_EVENT_CONNECTING &&
      (event.flags & DUPLEX_EVENT_FLAG_SERVER) != 0)
    end = END_SERVER;

  g_mutex_lock (&self->mutex);
  connecting = find_connection (self, connection);
  if (connecting != NULL)
    connecting->end = end;
  g_mutex_unlock (&self->mutex);
  return end;
}

DuplexCaptureLeg
duplex_capture_get_leg (DuplexCapture *self,
                        guint32        connection,
                        guint32       *ret_pair)
{
  DuplexCaptureLeg leg = DUPLEX_CAPTURE_LEG_NONE;
  guint32          pair = 0;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), leg);

  if (get_end (self, connection) == END_SERVER)
    {
      leg = DUPLEX_CAPTURE_LEG_CLIENT;
      pair = connection;
    }
  else if (get_end (self, connection) == END_CLIENT &&
           get_end (self, connection - 1) == END_SERVER)
    {
      leg = DUPLEX_CAPTURE_LEG_BACKEND;
      pair = connection - 1;
    }
  if (ret_pair != NULL)
    *ret_pair = pair;
  return leg;
}

gboolean
duplex_capture_has_legs (DuplexCapture *self)
{
  guint32 first = 0;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);

  g_mutex_lock (&self->mutex);
  if (self->connecting->len > 0)
    first = g_array_index (self->connecting, DuplexCaptureConnecting, 0).connection;
  g_mutex_unlock (&self->mutex);
  return first != 0 && get_end (self, first) == END_SERVER;
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
