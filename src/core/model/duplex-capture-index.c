/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-index.h"

#include "core/proto/duplex-limits.h"

static void
clear_entry (gpointer data)
{
  DuplexCaptureEntry *entry = data;

  g_clear_pointer (&entry->block, duplex_capture_block_unref);
}

void
duplex_capture_index_init (DuplexCaptureIndex *self)
{
  self->entries = g_array_new (FALSE, FALSE, sizeof (DuplexCaptureEntry));
  g_array_set_clear_func (self->entries, clear_entry);
}

void
duplex_capture_index_free (DuplexCaptureIndex *self)
{
  g_clear_pointer (&self->entries, g_array_unref);
}

void
duplex_capture_index_clear (DuplexCaptureIndex *self)
{
  g_array_set_size (self->entries, 0);
}

static DuplexCaptureEntry *
get_entry (DuplexCaptureIndex *self,
           guint               i)
{
  return &g_array_index (self->entries, DuplexCaptureEntry, i);
}

/* The block that is still filled may go too, where a payload beside it is worth that. */
static gboolean
is_spent (const DuplexCaptureEntry *last,
          guint64                   number)
{
  return last->bytes > DUPLEX_LIMIT_CAPTURE_BLOCK && number >= last->first_event &&
         number - last->first_event >= last->n_events;
}

guint64
duplex_capture_index_drop_before (DuplexCaptureIndex *self,
                                  guint64             number)
{
  guint64 bytes = 0;
  guint   n = 0;

  while (n + 1 < self->entries->len && get_entry (self, n + 1)->first_event <= number)
    bytes += get_entry (self, n++)->bytes;
  if (n + 1 == self->entries->len && is_spent (get_entry (self, n), number))
    bytes += get_entry (self, n++)->bytes;
  if (n > 0)
    g_array_remove_range (self->entries, 0, n);
  return bytes;
}

DuplexCaptureEntry *
duplex_capture_index_add (DuplexCaptureIndex       *self,
                          const DuplexCaptureEntry *entry)
{
  g_array_append_vals (self->entries, entry, 1);

  return duplex_capture_index_get_last (self);
}

DuplexCaptureEntry *
duplex_capture_index_get_first (DuplexCaptureIndex *self)
{
  return self->entries->len > 0 ? get_entry (self, 0) : NULL;
}

DuplexCaptureEntry *
duplex_capture_index_get_last (DuplexCaptureIndex *self)
{
  return self->entries->len > 0 ? get_entry (self, self->entries->len - 1) : NULL;
}

/* The last entry whose member at offset (a guint64 that never falls) is at most key, or NULL. */
static DuplexCaptureEntry *
find_last (DuplexCaptureIndex *self,
           gsize               offset,
           guint64             key)
{
  guint low = 0;
  guint high = self->entries->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (G_STRUCT_MEMBER (guint64, get_entry (self, middle), offset) <= key)
        low = middle + 1;
      else
        high = middle;
    }

  return low > 0 ? get_entry (self, low - 1) : NULL;
}

DuplexCaptureEntry *
duplex_capture_index_find_event (DuplexCaptureIndex *self,
                                 guint64             number)
{
  DuplexCaptureEntry *entry;

  entry = find_last (self, G_STRUCT_OFFSET (DuplexCaptureEntry, first_event), number);
  if (entry == NULL || number - entry->first_event >= entry->n_events)
    return NULL;

  return entry;
}

DuplexCaptureEntry *
duplex_capture_index_find_row (DuplexCaptureIndex *self,
                               guint64             row)
{
  DuplexCaptureEntry *entry;

  /* A block without rows has the first_row of the next, so the last of those is the one. */
  entry = find_last (self, G_STRUCT_OFFSET (DuplexCaptureEntry, first_row), row);
  if (entry == NULL || row - entry->first_row >= entry->n_rows)
    return NULL;

  return entry;
}

/* Times are a clock's, which can be set back: then one of several answers is found. */
DuplexCaptureEntry *
duplex_capture_index_find_time (DuplexCaptureIndex *self,
                                gint64              time_us)
{
  guint low = 0;
  guint high = self->entries->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (get_entry (self, middle)->last_time_us < time_us)
        low = middle + 1;
      else
        high = middle;
    }

  return low < self->entries->len ? get_entry (self, low) : NULL;
}

/* The first entry from the one with event number on whose member at offset is not 0; none where all
 * events come before number. */
static DuplexCaptureEntry *
find_next (DuplexCaptureIndex *self,
           guint64             number,
           gsize               offset)
{
  DuplexCaptureEntry *entry;
  guint               i;

  entry = find_last (self, G_STRUCT_OFFSET (DuplexCaptureEntry, first_event), number);
  i = entry != NULL ? (guint)(entry - get_entry (self, 0)) : 0;
  for (; i < self->entries->len; i++)
    {
      entry = get_entry (self, i);
      if (entry->first_event + entry->n_events > number &&
          G_STRUCT_MEMBER (guint64, entry, offset) > 0)
        return entry;
    }

  return NULL;
}

DuplexCaptureEntry *
duplex_capture_index_next_finding (DuplexCaptureIndex *self,
                                   guint64             number)
{
  return find_next (self, number, G_STRUCT_OFFSET (DuplexCaptureEntry, n_findings));
}

DuplexCaptureEntry *
duplex_capture_index_next_rows (DuplexCaptureIndex *self,
                                guint64             number)
{
  return find_next (self, number, G_STRUCT_OFFSET (DuplexCaptureEntry, n_rows));
}
