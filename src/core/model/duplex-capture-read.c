/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events out of the capture: from blocks in memory, and from the file those that left it. */
#include <string.h>

#include "core/model/duplex-capture-private.h"

/* Events of what was lost that are made up at a time. */
#define LOST_AT_ONCE 1024

DuplexCaptureFile *
duplex_capture_need_file (DuplexCapture *self,
                          GError       **error)
{
  if (self->file == NULL && self->path != NULL)
    self->file = duplex_capture_file_open (self->path, error);
  return self->file;
}

/* With the mutex held: where the entry whose first event is number stands among the cached. */
static guint
find_cached (DuplexCapture *self,
             guint64        number)
{
  for (guint i = 0; i < self->n_cached; i++)
    if (self->cached[i] == number)
      return i;
  return G_MAXUINT;
}

static void
forget_oldest (DuplexCapture *self)
{
  guint64             number = self->cached[--self->n_cached];
  DuplexCaptureEntry *entry = duplex_capture_index_find_event (&self->index, number);

  if (entry != NULL && entry->first_event == number)
    g_clear_pointer (&entry->block, duplex_capture_block_unref);
}

void
duplex_capture_cache (DuplexCapture      *self,
                      DuplexCaptureEntry *entry)
{
  guint at = find_cached (self, entry->first_event);

  if (at == G_MAXUINT)
    {
      if (self->n_cached == DUPLEX_CAPTURE_CACHED)
        forget_oldest (self);
      at = self->n_cached++;
    }
  memmove (&self->cached[1], &self->cached[0], at * sizeof self->cached[0]);
  self->cached[0] = entry->first_event;
}

void
duplex_capture_cache_written (DuplexCapture      *self,
                              DuplexCaptureEntry *entry)
{
  if (entry->block != NULL && entry->n_written == entry->n_events)
    duplex_capture_cache (self, entry);
}

/* What duplex_capture_ref_block() learns of an entry with the mutex held. */
typedef struct
{
  DuplexCaptureBlock *block;
  DuplexCaptureEntry  entry; /* a copy, without its block */
} Found;

static gboolean
find_entry (DuplexCapture *self,
            guint64        number,
            gboolean       for_scan,
            Found         *ret_found)
{
  DuplexCaptureEntry *entry;

  g_mutex_lock (&self->mutex);
  entry = duplex_capture_index_find_event (&self->index, number);
  if (entry != NULL)
    {
      ret_found->entry = *entry;
      ret_found->entry.block = NULL;
      if (entry->block != NULL)
        ret_found->block = duplex_capture_block_ref (entry->block);
      if (entry->block != NULL && !for_scan && find_cached (self, entry->first_event) < G_MAXUINT)
        duplex_capture_cache (self, entry);
    }
  g_mutex_unlock (&self->mutex);
  return entry != NULL;
}

/* That a block is damaged shows when it is read. */
static void
note_damage (DuplexCapture *self)
{
  g_mutex_lock (&self->mutex);
  if (self->recording == DUPLEX_RECORDING_STORED && self->trouble == NULL)
    {
      self->trouble = g_strdup ("The file is damaged: some of what was recorded cannot be read");
      duplex_capture_schedule_publish (self);
    }
  g_mutex_unlock (&self->mutex);
}

/* NULL where it is damaged. */
static DuplexCaptureBlock *
load_block (DuplexCapture            *self,
            const DuplexCaptureEntry *entry)
{
  DuplexCaptureFile *file;
  guint8            *data = NULL;
  gsize              size = 0;

  g_mutex_lock (&self->file_mutex);
  file = duplex_capture_need_file (self, NULL);
  if (file != NULL)
    data = duplex_capture_file_read_block (file, entry->id, &size, NULL);
  g_mutex_unlock (&self->file_mutex);
  if (data == NULL)
    return NULL;
  return duplex_capture_block_new_from_data (data, size, (guint)entry->n_events,
                                             (guint)entry->n_rows);
}

/* Keeps block, which was read from the file, with its entry. */
static void
keep_block (DuplexCapture      *self,
            guint64             first_event,
            DuplexCaptureBlock *block)
{
  DuplexCaptureEntry *entry;

  g_mutex_lock (&self->mutex);
  entry = duplex_capture_index_find_event (&self->index, first_event);
  if (entry != NULL && entry->first_event == first_event && entry->block == NULL && !entry->lost)
    {
      entry->block = duplex_capture_block_ref (block);
      duplex_capture_cache (self, entry);
    }
  g_mutex_unlock (&self->mutex);
}

/* Stands for events from number on, of an entry that has none. */
static DuplexCaptureBlock *
make_lost (const DuplexCaptureEntry *entry,
           guint64                   number,
           guint                    *ret_n)
{
  guint64 at = number - entry->first_event;
  guint64 n = MIN (entry->n_events - at, LOST_AT_ONCE);
  guint64 n_rows = entry->n_rows > at ? MIN (entry->n_rows - at, n) : 0;

  *ret_n = (guint)n;
  return duplex_capture_block_new_lost ((guint)n, (guint)n_rows, entry->first_time_us);
}

DuplexCaptureBlock *
duplex_capture_ref_block (DuplexCapture *self,
                          guint64        number,
                          gboolean       for_scan,
                          guint         *ret_index,
                          guint         *ret_n)
{
  Found found = { 0 };

  if (!find_entry (self, number, for_scan, &found))
    return NULL;
  if (found.block == NULL && !found.entry.lost)
    {
      found.block = load_block (self, &found.entry);
      if (found.block != NULL && !for_scan)
        keep_block (self, found.entry.first_event, found.block);
    }
  *ret_index = 0;
  if (found.block == NULL)
    {
      if (!found.entry.lost)
        note_damage (self);
      return make_lost (&found.entry, number, ret_n);
    }
  *ret_index = (guint)(number - found.entry.first_event);
  *ret_n = (guint)found.entry.n_events;
  return found.block;
}

static gboolean
is_first_itself (const DuplexEvent *event)
{
  if (event->first == DUPLEX_EVENT_FIRST_IS_SELF)
    return TRUE;

  return (event->flags & DUPLEX_EVENT_FLAG_ROW) && event->n_frames <= 1 &&
         event->kind != DUPLEX_EVENT_UNFINISHED;
}

void
duplex_capture_get_event (DuplexCapture      *self,
                          DuplexCaptureBlock *block,
                          guint               index,
                          guint64             number,
                          DuplexEvent        *ret_event)
{
  const guint8 *original;
  gsize         findings_size;
  gsize         size;

  duplex_capture_block_get_event (block, index, ret_event);
  ret_event->number = number;

  /* What a damaged file says of an earlier event must not lead to a later one. */
  if (is_first_itself (ret_event) || ret_event->first > number)
    ret_event->first = number;
  if (!(ret_event->flags & DUPLEX_EVENT_FLAG_REDACTED))
    return;
  ret_event->hold_bytes = duplex_capture_ref_original (self, number);
  if (ret_event->hold_bytes == NULL)
    return;
  original = g_bytes_get_data (ret_event->hold_bytes, &size);
  findings_size = ret_event->n_findings * sizeof *ret_event->findings;
  ret_event->findings = (const DuplexFinding *)(gconstpointer)original;
  ret_event->payload = original + findings_size;
  ret_event->payload_size = size - findings_size;
}

gboolean
duplex_capture_read (DuplexCapture *self,
                     guint64        number,
                     DuplexEvent   *ret_event)
{
  DuplexCaptureBlock *block;
  guint               index;
  guint               n;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), FALSE);
  g_return_val_if_fail (ret_event != NULL && ret_event->hold == NULL, FALSE);

  block = duplex_capture_ref_block (self, number, /* for_scan= */ FALSE, &index, &n);
  if (block == NULL)
    return FALSE;

  duplex_capture_get_event (self, block, index, number, ret_event);
  ret_event->hold = block;

  return TRUE;
}

void
duplex_capture_walk (DuplexCapture        *self,
                     guint64               first,
                     guint64               last,
                     DuplexCaptureWalkFunc func,
                     gpointer              user_data)
{
  guint64  number;
  gboolean goes_on = TRUE;

  g_return_if_fail (DUPLEX_IS_CAPTURE (self));
  g_return_if_fail (func != NULL);

  g_mutex_lock (&self->mutex);
  number = MAX (first, self->first_number);
  g_mutex_unlock (&self->mutex);

  while (goes_on && number <= last)
    {
      g_autoptr (DuplexCaptureBlock) block = NULL;
      guint                          index;
      guint                          n;

      block = duplex_capture_ref_block (self, number, /* for_scan= */ TRUE, &index, &n);
      if (block == NULL)
        return;

      for (; goes_on && index < n && number <= last; index++, number++)
        {
          DuplexEvent event;

          duplex_capture_get_event (self, block, index, number, &event);
          /* Where it has to be found again, without a copy. */
          event.hold = block;
          goes_on = func (&event, user_data);
          g_clear_pointer (&event.hold_bytes, g_bytes_unref);
        }
    }
}
