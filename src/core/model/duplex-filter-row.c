/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-filter-row.h"

#include <string.h>

#include "core/model/duplex-payload-pieces.h"
#include "core/proto/duplex-limits.h"

/* Bytes that are searched at once, besides the overlap. */
#define PIECE ((gsize)1024 * 1024)

/* Bytes of one read of a payload that stands apart: a chunk of the file. */
#define CHUNK ((gsize)256 * 1024)

/* The code of a Close frame (RFC 6455 §5.5.1). */
#define CLOSE_CODE_SIZE 2

void
duplex_filter_row_clear (DuplexFilterRow *self)
{
  g_clear_pointer (&self->text, g_byte_array_unref);
}

static gboolean
is_message (const DuplexEvent *event)
{
  if (event->kind == DUPLEX_EVENT_UNFINISHED)
    return TRUE;

  return event->kind == DUPLEX_EVENT_FRAME && event->message != 0;
}

gboolean
duplex_filter_row_is_in_parts (const DuplexFilterRow *self)
{
  return is_message (self->event) && self->event->first < self->event->number;
}

gboolean
duplex_filter_row_has_event (const DuplexFilterRow *self,
                             const DuplexEvent     *event)
{
  if (event->number == self->event->number)
    return TRUE;

  return event->message == self->event->message && event->direction == self->event->direction &&
         event->connection == self->event->connection && is_message (event);
}

/* What an event adds to its row's text. */
typedef struct
{
  DuplexPayload which;
  const guint8 *data; /* or NULL: it stands apart */
  gsize         size;
  gsize         skip;
} Part;

/* which: what is read of the row. */
static Part
get_part (const DuplexEvent *event,
          DuplexPayload      which)
{
  Part part = { which, event->payload, event->payload_size, 0 };

  if (which == DUPLEX_PAYLOAD_INFLATED)
    part = (Part){ which, event->inflated, event->inflated_size, 0 };
  else if (event->kind == DUPLEX_EVENT_FRAME && event->opcode == DUPLEX_OPCODE_CLOSE)
    part.skip = MIN (part.size, CLOSE_CODE_SIZE);

  return part;
}

gboolean
duplex_filter_row_borrow_text (const DuplexFilterRow *self,
                               const guint8         **ret_data,
                               gsize                 *ret_size)
{
  Part part = get_part (self->event, duplex_payload_get_shown (self->event));

  if (duplex_filter_row_is_in_parts (self) || (part.data == NULL && part.size > 0))
    return FALSE;

  *ret_data = part.data != NULL ? part.data + part.skip : NULL;
  *ret_size = part.size - part.skip;
  return TRUE;
}

/* Gathering */

typedef struct
{
  const DuplexFilterRow *row;
  GByteArray            *buffer;
  gsize                  max; /* of the buffer: it is searched when it is full */
  gsize                  overlap;
  gsize                  n_seen;    /* bytes of the buffer that were searched before */
  DuplexFilterPieceFunc  func;      /* NULL: nothing is searched */
  gpointer               user_data; /* of func */
  gboolean               is_found;
  gboolean               is_done;
} Gather;

static void
search_buffer (Gather *gather)
{
  gsize keep = MIN (gather->overlap, gather->buffer->len);

  if (gather->func == NULL)
    {
      gather->is_done = TRUE;
      return;
    }

  gather->is_found = gather->func (gather->buffer->data, gather->buffer->len, gather->user_data);
  gather->is_done = gather->is_found ||
                    (gather->row->stop != NULL && g_atomic_int_get (gather->row->stop) != 0);

  memmove (gather->buffer->data, gather->buffer->data + gather->buffer->len - keep, keep);
  g_byte_array_set_size (gather->buffer, keep);
  gather->n_seen = keep;
}

/* Copies up to size bytes of the part from offset on behind the buffer; returns how many. */
static gsize
copy_part (Gather            *gather,
           const DuplexEvent *event,
           const Part        *part,
           gsize              offset,
           gsize              size)
{
  guint old_len = gather->buffer->len;
  gsize copied;

  if (part->data != NULL)
    {
      g_byte_array_append (gather->buffer, part->data + offset, size);
      return size;
    }

  size = MIN (size, CHUNK);
  g_byte_array_set_size (gather->buffer, old_len + size);
  copied = duplex_capture_read_payload (gather->row->capture, event, part->which, offset,
                                        gather->buffer->data + old_len, size);
  g_byte_array_set_size (gather->buffer, old_len + copied);
  return copied;
}

static gboolean
gather_event (const DuplexEvent *event,
              gpointer           user_data)
{
  Gather *gather = user_data;
  Part    part = get_part (event, duplex_payload_get_shown (gather->row->event));
  gsize   offset = part.skip;

  if (!duplex_filter_row_has_event (gather->row, event))
    return TRUE;

  while (offset < part.size && !gather->is_done)
    {
      gsize room = MIN (part.size - offset, gather->max - gather->buffer->len);
      gsize copied = copy_part (gather, event, &part, offset, room);

      /* Damaged. */
      if (copied == 0)
        break;
      offset += copied;
      if (gather->buffer->len == gather->max)
        search_buffer (gather);
    }

  return !gather->is_done;
}

static void
gather_row (Gather *gather)
{
  const DuplexEvent *event = gather->row->event;

  if (duplex_filter_row_is_in_parts (gather->row))
    duplex_capture_walk (gather->row->capture, event->first, event->number, gather_event, gather);
  else
    gather_event (event, gather);
}

void
duplex_filter_row_get_text (DuplexFilterRow *self,
                            const guint8   **ret_data,
                            gsize           *ret_size)
{
  if (duplex_filter_row_borrow_text (self, ret_data, ret_size))
    {
      *ret_size = MIN (*ret_size, DUPLEX_LIMIT_FILTER_TEXT);
      return;
    }

  if (self->text == NULL)
    {
      Gather gather = { .row = self, .max = DUPLEX_LIMIT_FILTER_TEXT };

      gather.buffer = g_byte_array_new ();
      gather_row (&gather);
      self->text = gather.buffer;
    }

  *ret_data = self->text->data;
  *ret_size = self->text->len;
}

gboolean
duplex_filter_row_search (const DuplexFilterRow *self,
                          gsize                  overlap,
                          DuplexFilterPieceFunc  func,
                          gpointer               user_data)
{
  Gather        gather = { .row = self, .overlap = overlap, .max = PIECE + overlap };
  const guint8 *data;
  gsize         size;

  if (duplex_filter_row_borrow_text (self, &data, &size))
    return func (data, size, user_data);

  gather.func = func;
  gather.user_data = user_data;
  gather.buffer = g_byte_array_new ();
  gather_row (&gather);
  if (!gather.is_done && gather.buffer->len > gather.n_seen)
    search_buffer (&gather);
  g_clear_pointer (&gather.buffer, g_byte_array_unref);

  return gather.is_found;
}
