/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-message-bytes.h"

#include "app/duplex-row-hold.h"

/* Bytes of payload between two places that are remembered, at least: 16,000 of them for a message
 * of a gibibyte. */
#define MARK_BYTES (64 * 1024)

/* Bytes that stand or fall together where a payload stands apart. */
#define CHUNK ((guint64)256 * 1024)

/* A frame of the message, and where its payload begins. */
typedef struct
{
  guint64 offset;
  guint64 number;
} Mark;

struct _DuplexMessageBytes
{
  gatomicrefcount ref_count;

  /* owned */
  DuplexRow *row;

  DuplexPayload which; /* what of each frame makes up the message */

  GMutex  mutex; /* guards all below */
  GArray *marks; /* of Mark, ascending in both */
};

/* A walk from a mark on. */
typedef struct
{
  DuplexMessageBytes *self;
  guint64             at; /* where the next frame's payload begins */

  /* what is wanted */
  guint64 offset;
  guint8 *buffer; /* or NULL: only to measure */
  gsize   size;
  gsize   done;
} Reading;

static gboolean
is_part (const DuplexEvent *event,
         const DuplexEvent *last)
{
  return event->kind == DUPLEX_EVENT_FRAME && event->message == last->message &&
         event->direction == last->direction && event->connection == last->connection;
}

/* TRUE where the row's last event is all of it. */
static gboolean
is_single (DuplexMessageBytes *self)
{
  const DuplexEvent *event = duplex_row_get_event (self->row);

  return event->message == 0 || event->first >= event->number;
}

DuplexMessageBytes *
duplex_message_bytes_new (DuplexRow *row)
{
  DuplexMessageBytes *self;
  Mark                first = { 0 };

  g_return_val_if_fail (DUPLEX_IS_ROW (row), NULL);

  self = g_new0 (DuplexMessageBytes, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->row = g_object_ref (row);
  self->which = duplex_payload_get_shown (duplex_row_get_event (row));
  self->marks = g_array_new (FALSE, FALSE, sizeof (Mark));
  first.number = duplex_row_get_event (row)->first;
  g_array_append_val (self->marks, first);
  return self;
}

DuplexMessageBytes *
duplex_message_bytes_ref (DuplexMessageBytes *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
duplex_message_bytes_unref (DuplexMessageBytes *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->row, duplex_row_hold_release);
  g_clear_pointer (&self->marks, g_array_unref);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* The last mark at or before offset. */
static Mark
find_mark (DuplexMessageBytes *self,
           guint64             offset)
{
  guint low = 0;
  guint high;
  Mark  mark;

  g_mutex_lock (&self->mutex);
  high = self->marks->len;
  while (high - low > 1)
    {
      guint middle = low + (high - low) / 2;

      if (g_array_index (self->marks, Mark, middle).offset <= offset)
        low = middle;
      else
        high = middle;
    }
  mark = g_array_index (self->marks, Mark, low);
  g_mutex_unlock (&self->mutex);
  return mark;
}

static void
add_mark (DuplexMessageBytes *self,
          guint64             offset,
          guint64             number)
{
  const Mark *last;
  Mark        mark = { offset, number };

  g_mutex_lock (&self->mutex);
  last = &g_array_index (self->marks, Mark, self->marks->len - 1);
  if (offset >= last->offset + MARK_BYTES)
    g_array_append_val (self->marks, mark);
  g_mutex_unlock (&self->mutex);
}

static gboolean
is_there (DuplexCapture     *capture,
          const DuplexEvent *event,
          DuplexPayload      which,
          guint64            offset)
{
  guint8 byte;

  return duplex_capture_read_payload (capture, event, which, offset, &byte, 1) == 1;
}

guint64
duplex_message_bytes_measure_event (DuplexCapture     *capture,
                                    const DuplexEvent *event,
                                    DuplexPayload      which)
{
  gboolean is_wire = which == DUPLEX_PAYLOAD_WIRE;
  guint64  size = duplex_payload_get_size (event, which);
  guint64  low = 0;
  guint64  high;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (capture), 0);
  g_return_val_if_fail (event != NULL, 0);

  if ((is_wire ? event->payload_id : event->inflated_id) == 0)
    return (is_wire ? event->payload : event->inflated) != NULL ? size : 0;
  if (size == 0 || is_there (capture, event, which, size - 1))
    return size;

  /* Chunks from low on are missing. */
  high = size / CHUNK;
  while (low < high)
    {
      guint64 middle = low + (high - low) / 2;

      if (is_there (capture, event, which, middle * CHUNK))
        low = middle + 1;
      else
        high = middle;
    }
  return low * CHUNK;
}

static gboolean
read_frame (const DuplexEvent *event,
            gpointer           user_data)
{
  Reading       *reading = user_data;
  DuplexCapture *capture = duplex_row_get_capture (reading->self->row);
  DuplexPayload  which = reading->self->which;
  guint64        all = duplex_payload_get_size (event, which);
  guint64        size;
  guint64        skipped;
  gsize          n;

  if (!is_part (event, duplex_row_get_event (reading->self->row)))
    return TRUE;

  add_mark (reading->self, reading->at, event->number);
  size = reading->buffer != NULL ? all
                                 : duplex_message_bytes_measure_event (capture, event, which);
  skipped = reading->offset > reading->at ? MIN (reading->offset - reading->at, size) : 0;
  reading->at += size;
  if (reading->buffer == NULL)
    return size == all;
  if (skipped == size)
    return TRUE;

  n = (gsize)MIN (size - skipped, reading->size - reading->done);
  size = duplex_capture_read_payload (capture, event, which, skipped,
                                      reading->buffer + reading->done, n);
  reading->done += size;
  reading->offset += size;
  return size == n && reading->done < reading->size;
}

static void
read_frames (DuplexMessageBytes *self,
             Reading            *reading)
{
  Mark mark = find_mark (self, reading->offset);

  reading->self = self;
  reading->at = mark.offset;
  duplex_capture_walk (duplex_row_get_capture (self->row), mark.number,
                       duplex_row_get_event (self->row)->number, read_frame, reading);
}

gsize
duplex_message_bytes_read (DuplexMessageBytes *self,
                           guint64             offset,
                           guint8             *buffer,
                           gsize               size)
{
  Reading reading = { .offset = offset, .buffer = buffer, .size = size };

  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (buffer != NULL || size == 0, 0);

  if (size == 0)
    return 0;
  if (is_single (self))
    return duplex_capture_read_payload (duplex_row_get_capture (self->row),
                                        duplex_row_get_event (self->row), self->which, offset,
                                        buffer, size);

  read_frames (self, &reading);
  return reading.done;
}

/* What a file says of a size may be anything: memory is taken as bytes come. */
GBytes *
duplex_message_bytes_dup (DuplexMessageBytes *self,
                          guint64             offset,
                          gsize               size)
{
  const gsize step = 1024 * 1024;
  guint8     *buffer = NULL;
  gsize       done = 0;

  g_return_val_if_fail (self != NULL, NULL);

  while (done < size)
    {
      gsize wanted = MIN (size - done, MAX (step, done));
      gsize n;

      buffer = g_realloc (buffer, done + wanted);
      n = duplex_message_bytes_read (self, offset + done, buffer + done, wanted);
      done += n;
      if (n < wanted)
        break;
    }
  return g_bytes_new_take (buffer, done);
}

gboolean
duplex_message_bytes_is_text (DuplexRow *row)
{
  g_return_val_if_fail (DUPLEX_IS_ROW (row), FALSE);

  return duplex_row_get_kind (row) == DUPLEX_ROW_TEXT &&
         (duplex_row_is_inflated (row) || !duplex_row_is_compressed (row));
}

guint64
duplex_message_bytes_get_size (DuplexMessageBytes *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return duplex_row_get_size (self->row);
}

guint64
duplex_message_bytes_measure (DuplexMessageBytes *self)
{
  Reading reading = { 0 };

  g_return_val_if_fail (self != NULL, 0);

  if (is_single (self))
    return duplex_message_bytes_measure_event (duplex_row_get_capture (self->row),
                                               duplex_row_get_event (self->row), self->which);
  read_frames (self, &reading);
  return reading.at;
}

/* ---- from the beginning to the end ---- */

typedef struct
{
  DuplexMessageBytes    *self;
  DuplexMessageBytesFunc func;
  gpointer               user_data;
  guint64                n_frames;
  gboolean               is_stopped;
} Walk;

static gboolean
walk_piece (const guint8 *data,
            gsize         size,
            gpointer      user_data)
{
  Walk *walk = user_data;

  walk->is_stopped = !walk->func (data, size, walk->user_data);
  return !walk->is_stopped;
}

static gboolean
walk_frame (const DuplexEvent *event,
            gpointer           user_data)
{
  Walk               *walk = user_data;
  DuplexMessageBytes *self = walk->self;

  if (!is_single (self) && !is_part (event, duplex_row_get_event (self->row)))
    return TRUE;
  if (duplex_payload_walk (duplex_row_get_capture (self->row), event, self->which, walk_piece,
                           walk) == duplex_payload_get_size (event, self->which))
    walk->n_frames++;
  return !walk->is_stopped;
}

guint64
duplex_message_bytes_walk (DuplexMessageBytes    *self,
                           DuplexMessageBytesFunc func,
                           gpointer               user_data)
{
  Walk               walk = { .self = self, .func = func, .user_data = user_data };
  const DuplexEvent *event;

  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (func != NULL, 0);

  event = duplex_row_get_event (self->row);
  if (is_single (self))
    walk_frame (event, &walk);
  else
    duplex_capture_walk (duplex_row_get_capture (self->row), event->first, event->number,
                         walk_frame, &walk);
  return walk.n_frames;
}

/* ---- for a hex view ---- */

static gsize
read_page (gpointer source,
           guint64  offset,
           guint8  *buffer,
           gsize    size)
{
  return duplex_message_bytes_read (source, offset, buffer, size);
}

DuplexHexBytes *
duplex_message_bytes_to_hex (DuplexMessageBytes *self,
                             guint64             size)
{
  g_return_val_if_fail (self != NULL, NULL);

  return duplex_hex_bytes_new_reading (NULL, size, NULL, read_page,
                                       duplex_message_bytes_ref (self),
                                       (GDestroyNotify)duplex_message_bytes_unref);
}
