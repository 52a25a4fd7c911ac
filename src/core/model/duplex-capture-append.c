/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events into the capture. */
#include <string.h>

#include "core/model/duplex-capture-begun.h"
#include "core/model/duplex-capture-private.h"
#include "core/model/duplex-redact.h"
#include "core/proto/duplex-limits.h"

/* Events whose secrets stay visible while the capture lives: the latest handshakes. */
#define MAX_ORIGINALS 256

typedef struct
{
  guint64 number;
  GBytes *bytes; /* its findings, and its payload */
} Original;

void
duplex_capture_original_free (gpointer data)
{
  Original *original = data;

  g_bytes_unref (original->bytes);
  g_free (original);
}

/* With the mutex held. */
static void
remember_original (DuplexCapture     *self,
                   guint64            number,
                   const DuplexEvent *event)
{
  Original   *original = g_new0 (Original, 1);
  GByteArray *bytes = g_byte_array_new ();

  original->number = number;
  /* Their places are other ones in what was recorded. */
  g_byte_array_append (bytes, (const guint8 *)event->findings,
                       event->n_findings * sizeof *event->findings);
  g_byte_array_append (bytes, event->payload, (guint)event->payload_size);
  original->bytes = g_byte_array_free_to_bytes (bytes);
  g_queue_push_head (self->originals, original);
  if (g_queue_get_length (self->originals) > MAX_ORIGINALS)
    duplex_capture_original_free (g_queue_pop_tail (self->originals));
}

GBytes *
duplex_capture_ref_original (DuplexCapture *self,
                             guint64        number)
{
  GBytes *bytes = NULL;

  g_mutex_lock (&self->mutex);
  for (GList *link = self->originals->head; link != NULL && bytes == NULL; link = link->next)
    {
      Original *original = link->data;

      if (original->number == number)
        bytes = g_bytes_ref (original->bytes);
    }
  g_mutex_unlock (&self->mutex);
  return bytes;
}

/* Bytes without a copy where the event's owner has them. */
GBytes *
duplex_capture_hold_bytes (const DuplexEvent *event,
                           const guint8      *data,
                           gsize              data_size)
{
  gsize    size = 0;
  guintptr start = 0;
  guintptr at = (guintptr)data;

  if (event->owner != NULL)
    start = (guintptr)g_bytes_get_data (event->owner, &size);

  if (at >= start && at - start <= size && data_size <= size - (at - start))
    return g_bytes_new_from_bytes (event->owner, at - start, data_size);

  return g_bytes_new (data, data_size);
}

/* ---- with the mutex held ---- */

void
duplex_capture_queue_last (DuplexCapture *self)
{
  DuplexCaptureEntry    *entry = duplex_capture_index_get_last (&self->index);
  DuplexCaptureBlockInfo info = { 0 };
  g_autofree char       *begun = NULL;

  if (self->writer == NULL || entry == NULL || entry->n_queued >= entry->n_events)
    return;
  if (entry->id == 0)
    entry->id = self->next_block++;
  info.id = entry->id;
  info.first_event = entry->first_event;
  info.n_events = entry->n_events;
  info.first_row = self->cleared.rows + entry->first_row;
  info.n_rows = entry->n_rows;
  info.first_time_us = entry->first_time_us;
  info.last_time_us = entry->last_time_us;
  info.totals = self->cleared;
  duplex_totals_join (&info.totals, &self->totals);
  duplex_capture_block_get_data (entry->block, &info.size);
  if (info.size >= DUPLEX_LIMIT_CAPTURE_SEAL)
    duplex_capture_block_seal (entry->block);
  entry->n_queued = (guint32)entry->n_events;
  begun = duplex_capture_take_begun (self);
  duplex_capture_writer_put_block (self->writer, entry->block, &info, begun);
  self->writer_full = duplex_capture_writer_is_full (self->writer);
}

/* Copies event into the open block, or into a new one where that is full. */
static DuplexCaptureEntry *
store_event (DuplexCapture     *self,
             const DuplexEvent *event,
             GBytes            *beside,
             GBytes            *inflated)
{
  DuplexCaptureEntry *entry = duplex_capture_index_get_last (&self->index);
  DuplexCaptureEntry  fresh = { 0 };
  gsize               room;

  if (entry != NULL && duplex_capture_block_append (entry->block, event, beside, inflated))
    return entry;

  duplex_capture_queue_last (self);
  if (entry != NULL)
    duplex_capture_cache_written (self, entry);
  /* A payload just under the limit needs a little more, for its record. */
  room = MAX (DUPLEX_LIMIT_CAPTURE_BLOCK, duplex_capture_block_get_room (event, beside, inflated));
  fresh.block = duplex_capture_block_new (room);
  fresh.first_event = self->next_number;
  fresh.first_row = self->totals.rows;
  fresh.first_time_us = event->time_us;
  entry = duplex_capture_index_add (&self->index, &fresh);
  if (!duplex_capture_block_append (entry->block, event, beside, inflated))
    g_assert_not_reached ();

  return entry;
}

static void
add_held (DuplexCapture      *self,
          DuplexCaptureEntry *entry,
          const DuplexEvent  *event)
{
  guint64 bytes =
    sizeof *event + event->payload_size + event->inflated_size + event->sent_reason_size;

  entry->bytes += bytes;
  self->held += bytes;
  duplex_capture_check_bound (self);
}

static guint64
take_event (DuplexCapture     *self,
            const DuplexEvent *event,
            GBytes            *beside,
            GBytes            *inflated)
{
  DuplexCaptureEntry *entry = store_event (self, event, beside, inflated);
  guint64             number = self->next_number++;

  entry->last_time_us = event->time_us;
  entry->n_events++;
  entry->n_findings += event->n_findings;
  if (event->flags & DUPLEX_EVENT_FLAG_ROW)
    entry->n_rows++;
  duplex_totals_add (&self->totals, event);
  add_held (self, entry, event);
  if (event->kind == DUPLEX_EVENT_CONNECTING)
    {
      DuplexCaptureConnecting connecting = { number, event->connection, 0 };

      g_array_append_val (self->connecting, connecting);
    }
  duplex_capture_schedule_publish (self);
  return number;
}

/* ---- the ways in ---- */

/* To memory: what is too big for a block stands beside it. */
static guint64
append_to_memory (DuplexCapture     *self,
                  const DuplexEvent *event)
{
  g_autoptr (GBytes) beside = NULL;
  g_autoptr (GBytes) inflated = NULL;
  DuplexEvent        plain = *event;
  guint64            number;

  if (event->payload_size > DUPLEX_LIMIT_CAPTURE_BLOCK && event->payload_id == 0)
    beside = duplex_capture_hold_bytes (event, event->payload, event->payload_size);
  if (event->inflated_size > DUPLEX_LIMIT_CAPTURE_BLOCK && event->inflated_id == 0)
    inflated = duplex_capture_hold_bytes (event, event->inflated, event->inflated_size);
  g_mutex_lock (&self->mutex);
  if (event->payload_id != 0)
    beside = duplex_capture_take_payload (self, event->payload_id);
  if (event->inflated_id != 0)
    inflated = duplex_capture_take_payload (self, event->inflated_id);
  plain.payload_id = plain.inflated_id = 0;
  number = take_event (self, &plain, beside, inflated);
  g_mutex_unlock (&self->mutex);
  return number;
}

/* With the mutex held: the writer gets the tables' facts, and what is left of open payloads. */
static void
tell_writer (DuplexCapture     *self,
             const DuplexEvent *event,
             guint64            number)
{
  DuplexEvent fact = *event;

  fact.number = number;
  if (event->kind != DUPLEX_EVENT_FRAME && event->kind != DUPLEX_EVENT_UNFINISHED)
    duplex_capture_writer_put_fact (self->writer, &fact);
}

/* To the file: what is too big for a block goes there by itself. */
static guint64
append_to_file (DuplexCapture     *self,
                const DuplexEvent *event)
{
  g_autoptr (GBytes)        redacted = NULL;
  g_autofree DuplexFinding *findings = NULL;
  DuplexEvent               stored = *event;
  DuplexEvent               original = *event;
  guint64                   number;

  if (!self->record_secrets && event->kind != DUPLEX_EVENT_FRAME)
    redacted = duplex_redact_event (event);
  if (redacted != NULL)
    {
      stored.payload = g_bytes_get_data (redacted, &stored.payload_size);
      stored.owner = redacted;
      stored.findings = findings = duplex_redact_dup_findings (event, redacted);
      stored.flags |= DUPLEX_EVENT_FLAG_REDACTED;
    }
  g_mutex_lock (&self->mutex);
  if (self->recording == DUPLEX_RECORDING_ENDED)
    {
      self->n_not_kept++;
      number = self->next_number;
      g_mutex_unlock (&self->mutex);
      return number;
    }
  duplex_capture_store_payloads (self, &stored);
  number = take_event (self, &stored, NULL, NULL);
  tell_writer (self, &stored, number);
  if (redacted != NULL && event->payload != NULL)
    remember_original (self, number, &original);
  duplex_capture_want_flush (self);
  g_mutex_unlock (&self->mutex);
  return number;
}

guint64
duplex_capture_append (DuplexCapture     *self,
                       const DuplexEvent *event)
{
  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), 0);
  g_return_val_if_fail (event != NULL, 0);
  g_return_val_if_fail (event->payload != NULL || event->payload_size == 0 ||
                          event->payload_id != 0,
                        0);
  g_return_val_if_fail (event->findings != NULL || event->n_findings == 0, 0);

  return self->path != NULL ? append_to_file (self, event) : append_to_memory (self, event);
}

guint64
duplex_capture_append_state (DuplexCapture *self,
                             DuplexEvent   *event,
                             const char    *text)
{
  g_return_val_if_fail (event != NULL, 0);

  event->flags |= DUPLEX_EVENT_FLAG_ROW;
  event->first = DUPLEX_EVENT_FIRST_IS_SELF;
  event->payload = (const guint8 *)text;
  event->payload_size = text != NULL ? strlen (text) : 0;
  return duplex_capture_append (self, event);
}

guint32
duplex_capture_begin_connection (DuplexCapture *self)
{
  guint32 connection;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), 0);

  g_mutex_lock (&self->mutex);
  connection = ++self->n_connections;
  g_mutex_unlock (&self->mutex);

  return connection;
}
