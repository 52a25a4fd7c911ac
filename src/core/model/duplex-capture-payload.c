/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Payloads that do not stand in a block: without a file they are gathered and held beside one, with
 * a file they go there in chunks. */
#include <string.h>

#include "core/model/duplex-capture-begun.h"
#include "core/model/duplex-capture-private.h"
#include "core/model/duplex-pages.h"
#include "core/proto/duplex-limits.h"

/* Bytes that are reserved for a payload when its frame begins, at most, and those whose pages are
 * asked for together. */
#define MAX_ROOM      ((gsize)64 * 1024 * 1024)
#define PAGES_AT_ONCE ((gsize)256 * 1024)

/* One that is open. */
typedef struct
{
  GByteArray *bytes;    /* all of it; with a file, what is not a whole chunk yet */
  gsize       room;     /* without a file, bytes that there is surely room for in it ... */
  gsize       expected; /* ... and of them those whose pages are there */
  guint       sequence; /* of the next chunk */
  guint       n_given;  /* bytes of it that the writer has already */
  DuplexEvent event;    /* what is known of it; kind LOST: nothing is */
} Payload;

static void
payload_free (gpointer data)
{
  Payload *payload = data;

  g_byte_array_unref (payload->bytes);
  g_free (payload);
}

GHashTable *
duplex_capture_payloads_new (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, payload_free);
}

static GByteArray *
new_chunk (void)
{
  return g_byte_array_sized_new (DUPLEX_CAPTURE_FILE_CHUNK);
}

/* Room for what the frame's header says, as far as that is to be believed before it has come:
 * memory that is not written costs nothing. */
static gsize
get_room (const DuplexEvent *event)
{
  DuplexFrameHeader header;

  if (event == NULL || !duplex_event_get_header (event, &header))
    return 0;
  return (gsize)MIN (header.length, MAX_ROOM);
}

/* With the mutex held. */
static guint64
open_payload (DuplexCapture     *self,
              const DuplexEvent *event)
{
  Payload *payload = g_new0 (Payload, 1);
  guint64  number = self->next_payload++;

  payload->room = self->path == NULL ? get_room (event) : 0;
  payload->bytes = self->path != NULL ? new_chunk () : g_byte_array_sized_new (payload->room);
  payload->event.kind = DUPLEX_EVENT_LOST;
  if (event != NULL)
    payload->event = *event;
  payload->event.payload_id = number;
  g_hash_table_insert (self->payloads, g_memdup2 (&number, sizeof number), payload);
  return number;
}

guint64
duplex_capture_begin_payload (DuplexCapture     *self,
                              const DuplexEvent *event)
{
  guint64 number;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), 0);

  g_mutex_lock (&self->mutex);
  number = open_payload (self, event);
  duplex_capture_begun_changed (self);
  g_mutex_unlock (&self->mutex);
  return number;
}

/* With the mutex held. */
static void
give_chunk (DuplexCapture *self,
            guint64        number,
            Payload       *payload,
            GBytes        *chunk)
{
  duplex_capture_writer_put_chunk (self->writer, number, payload->sequence, chunk);
  self->writer_full = duplex_capture_writer_is_full (self->writer);
  duplex_capture_check_bound (self);
}

/* With the mutex held. */
static void
put_chunk (DuplexCapture *self,
           guint64        number,
           Payload       *payload,
           GBytes        *chunk)
{
  /* A recording that has ended takes nothing; whoever appends the event is told. */
  if (self->writer != NULL && self->recording != DUPLEX_RECORDING_ENDED)
    give_chunk (self, number, payload, chunk);
}

/* With the mutex held. */
static void
put_gathered (DuplexCapture *self,
              guint64        number,
              Payload       *payload)
{
  g_autoptr (GBytes) chunk = g_byte_array_free_to_bytes (payload->bytes);

  payload->bytes = new_chunk ();
  payload->n_given = 0;
  put_chunk (self, number, payload, chunk);
  payload->sequence++;
}

/* With the mutex held. */
static void
add_to_file (DuplexCapture *self,
             guint64        number,
             Payload       *payload,
             const guint8  *data,
             gsize          size)
{
  while (size > 0)
    {
      gsize room = DUPLEX_CAPTURE_FILE_CHUNK - payload->bytes->len;
      gsize n = MIN (room, size);

      g_byte_array_append (payload->bytes, data, (guint)n);
      data += n;
      size -= n;
      if (payload->bytes->len == DUPLEX_CAPTURE_FILE_CHUNK)
        put_gathered (self, number, payload);
    }
  duplex_capture_want_flush (self);
}

static void
add_to_memory (Payload      *payload,
               const guint8 *data,
               gsize         size)
{
  gsize end = payload->bytes->len + size;

  if (end > payload->expected && payload->expected < payload->room)
    {
      gsize n = MIN (MAX (end - payload->expected, PAGES_AT_ONCE),
                     payload->room - payload->expected);

      duplex_pages_expect (payload->bytes->data + payload->expected, n);
      payload->expected += n;
    }
  g_byte_array_append (payload->bytes, data, (guint)size);
}

void
duplex_capture_queue_open_chunks (DuplexCapture *self)
{
  GHashTableIter iter;
  gpointer       key;
  gpointer       value;

  /* The writer asks for it, and for the last time when the recording has ended. */
  g_hash_table_iter_init (&iter, self->payloads);
  while (self->writer != NULL && g_hash_table_iter_next (&iter, &key, &value))
    {
      Payload           *payload = value;
      g_autoptr (GBytes) chunk = NULL;

      if (payload->bytes->len == payload->n_given)
        continue;
      chunk = g_bytes_new (payload->bytes->data, payload->bytes->len);
      payload->n_given = payload->bytes->len;
      give_chunk (self, *(guint64 *)key, payload, chunk);
    }
}

void
duplex_capture_add_payload (DuplexCapture *self,
                            guint64        payload,
                            const guint8  *data,
                            gsize          size)
{
  Payload *open;

  g_return_if_fail (DUPLEX_IS_CAPTURE (self));

  g_mutex_lock (&self->mutex);
  open = g_hash_table_lookup (self->payloads, &payload);
  if (open != NULL && self->path != NULL)
    add_to_file (self, payload, open, data, size);
  else if (open != NULL)
    add_to_memory (open, data, size);
  g_mutex_unlock (&self->mutex);
}

GBytes *
duplex_capture_take_payload (DuplexCapture *self,
                             guint64        payload)
{
  Payload *open = g_hash_table_lookup (self->payloads, &payload);
  GBytes  *bytes = NULL;

  if (open == NULL)
    return NULL;
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&open->bytes));
  open->bytes = g_byte_array_new ();
  g_hash_table_remove (self->payloads, &payload);
  return bytes;
}

/* What is left of an open payload goes to the file. */
static void
end_payload (DuplexCapture *self,
             guint64        payload)
{
  Payload *open = g_hash_table_lookup (self->payloads, &payload);

  if (open == NULL)
    return;
  if (open->bytes->len > 0)
    put_gathered (self, payload, open);
  g_hash_table_remove (self->payloads, &payload);
  duplex_capture_begun_changed (self);
}

/* Bytes that are at hand as a whole, as a payload of their own: not copied where the event's owner
 * has them. */
static guint64
store_bytes (DuplexCapture     *self,
             const DuplexEvent *event,
             const guint8      *data,
             gsize              size)
{
  guint64  number = open_payload (self, NULL);
  Payload *payload = g_hash_table_lookup (self->payloads, &number);

  for (gsize offset = 0; offset < size; offset += DUPLEX_CAPTURE_FILE_CHUNK)
    {
      gsize              n = MIN (size - offset, DUPLEX_CAPTURE_FILE_CHUNK);
      g_autoptr (GBytes) chunk = duplex_capture_hold_bytes (event, data + offset, n);

      put_chunk (self, number, payload, chunk);
      payload->sequence++;
    }
  g_hash_table_remove (self->payloads, &number);
  return number;
}

void
duplex_capture_store_payloads (DuplexCapture *self,
                               DuplexEvent   *event)
{
  if (event->payload_id != 0)
    end_payload (self, event->payload_id);
  else if (event->payload_size > DUPLEX_LIMIT_CAPTURE_BLOCK)
    event->payload_id = store_bytes (self, event, event->payload, event->payload_size);
  if (event->inflated_id != 0)
    end_payload (self, event->inflated_id);
  else if (event->inflated_size > DUPLEX_LIMIT_CAPTURE_BLOCK)
    event->inflated_id = store_bytes (self, event, event->inflated, event->inflated_size);
}

void
duplex_capture_walk_begun (DuplexCapture        *self,
                           DuplexCaptureWalkFunc func,
                           gpointer              user_data)
{
  GHashTableIter iter;
  gpointer       value;

  g_hash_table_iter_init (&iter, self->payloads);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Payload *payload = value;

      if (payload->event.kind != DUPLEX_EVENT_LOST)
        func (&payload->event, user_data);
    }
}

/* ---- out ---- */

/* Copies from the chunk at offset, which may not have reached the file yet. */
static gsize
read_waiting (DuplexCapture *self,
              guint64        payload,
              guint64        offset,
              guint8        *buffer,
              gsize          size)
{
  g_autoptr (GBytes) chunk = NULL;
  const guint8      *data;
  gsize              start = offset % DUPLEX_CAPTURE_FILE_CHUNK;
  gsize              n;

  g_mutex_lock (&self->mutex);
  if (self->writer != NULL)
    chunk = duplex_capture_writer_ref_chunk (self->writer, payload,
                                             (guint)(offset / DUPLEX_CAPTURE_FILE_CHUNK));
  g_mutex_unlock (&self->mutex);
  if (chunk == NULL)
    return 0;
  data = g_bytes_get_data (chunk, &n);
  if (start >= n)
    return 0;
  n = MIN (n - start, size);
  memcpy (buffer, data + start, n);
  return n;
}

static gsize
read_file (DuplexCapture *self,
           guint64        payload,
           guint64        offset,
           guint8        *buffer,
           gsize          size)
{
  DuplexCaptureFile *file;
  gsize              n = 0;

  /* Not past the end of the chunk: the next may not be in the file yet. */
  size = MIN (size, DUPLEX_CAPTURE_FILE_CHUNK - offset % DUPLEX_CAPTURE_FILE_CHUNK);
  g_mutex_lock (&self->file_mutex);
  file = duplex_capture_need_file (self, NULL);
  if (file != NULL)
    n = duplex_capture_file_read_payload (file, payload, offset, buffer, size);
  g_mutex_unlock (&self->file_mutex);
  return n;
}

static gsize
read_apart (DuplexCapture *self,
            guint64        payload,
            guint64        offset,
            guint8        *buffer,
            gsize          size)
{
  gsize done = 0;

  while (done < size)
    {
      gsize n = read_waiting (self, payload, offset + done, buffer + done, size - done);

      /* In this order: a chunk is in the file before it stops waiting. */
      if (n == 0)
        n = read_file (self, payload, offset + done, buffer + done, size - done);
      if (n == 0)
        break;
      done += n;
    }
  return done;
}

/* The bytes of one of event's payloads where they are in memory, else its number. */
static const guint8 *
find_payload (const DuplexEvent *event,
              DuplexPayload      which,
              guint64           *ret_id,
              gsize             *ret_size)
{
  gboolean wire = which == DUPLEX_PAYLOAD_WIRE;

  *ret_id = wire ? event->payload_id : event->inflated_id;
  *ret_size = wire ? event->payload_size : event->inflated_size;
  return wire ? event->payload : event->inflated;
}

gsize
duplex_capture_read_payload (DuplexCapture     *self,
                             const DuplexEvent *event,
                             DuplexPayload      which,
                             guint64            offset,
                             guint8            *buffer,
                             gsize              size)
{
  guint64       id;
  gsize         whole;
  const guint8 *data;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), 0);
  g_return_val_if_fail (event != NULL, 0);
  g_return_val_if_fail (buffer != NULL || size == 0, 0);

  data = find_payload (event, which, &id, &whole);
  if (offset >= whole)
    return 0;
  size = MIN (size, whole - offset);
  if (id != 0)
    return read_apart (self, id, offset, buffer, size);
  if (data == NULL)
    return 0;
  memcpy (buffer, data + offset, size);
  return size;
}

GBytes *
duplex_capture_dup_payload (DuplexCapture     *self,
                            const DuplexEvent *event,
                            DuplexPayload      which,
                            guint64            offset,
                            gsize              size)
{
  guint64       id;
  gsize         whole;
  const guint8 *data;
  guint8       *buffer;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (self), NULL);
  g_return_val_if_fail (event != NULL, NULL);

  data = find_payload (event, which, &id, &whole);
  if (offset >= whole || (id == 0 && data == NULL))
    return g_bytes_new (NULL, 0);
  size = MIN (size, whole - offset);
  if (id == 0 && event->owner != NULL && which == DUPLEX_PAYLOAD_WIRE)
    return duplex_capture_hold_bytes (event, data + offset, size);
  if (id == 0 && event->hold != NULL && event->hold_bytes == NULL)
    return g_bytes_new_with_free_func (data + offset, size,
                                       (GDestroyNotify)duplex_capture_block_unref,
                                       duplex_capture_block_ref (event->hold));
  /* What a damaged file says of a size is not believed before it has as many bytes. */
  if (size > DUPLEX_LIMIT_MESSAGE)
    size = DUPLEX_LIMIT_MESSAGE;
  buffer = g_try_malloc (size);
  if (buffer == NULL)
    return g_bytes_new (NULL, 0);
  size = duplex_capture_read_payload (self, event, which, offset, buffer, size);
  return g_bytes_new_take (buffer, size);
}
