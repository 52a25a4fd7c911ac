/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-block.h"

#include <string.h>

/* What an event is in the arena, followed by its findings, its payload, and zeros up to a multiple
 * of eight bytes. The wide members come first, so that there is no padding inside. */
typedef struct
{
  guint32 size; /* of the whole record, so that an arena can be walked without its offsets */
  guint32 connection;
  gint64  time_us;
  gint64  value;
  guint64 message;
  guint64 first;
  guint64 message_size;
  guint64 payload_size;
  guint32 n_frames;
  guint32 n_findings;
  guint32 beside; /* the payload is not in the record but the block's */
  guint16 flags;
  guint8  kind;
  guint8  direction;
  guint8  opcode;
  guint8  header_size;
  guint8  header[DUPLEX_FRAME_HEADER_MAX];
} Record;

/* Findings follow at once and are read in place. */
G_STATIC_ASSERT (sizeof (Record) == 88);
G_STATIC_ASSERT (sizeof (Record) % G_ALIGNOF (DuplexFinding) == 0);

struct _DuplexCaptureBlock
{
  gatomicrefcount ref_count;

  guint8  *arena;
  guint32 *offsets; /* of each event's record */
  guint32 *rows;    /* index of the event that ends each row */
  GBytes  *beside;  /* the payload of the last event, or NULL */

  gsize    room;
  gsize    used;
  guint    capacity; /* of offsets and rows */
  guint    n_events;
  guint    n_rows;
  gboolean sealed;
};

static gsize
get_findings_size (const DuplexEvent *event)
{
  return (gsize)event->n_findings * sizeof (DuplexFinding);
}

static gsize
round_up (gsize size)
{
  return (size + 7) & ~(gsize)7;
}

gsize
duplex_capture_block_get_room (const DuplexEvent *event,
                               gboolean           beside)
{
  gsize payload_size = beside ? 0 : event->payload_size;

  return round_up (sizeof (Record) + get_findings_size (event) + payload_size);
}

DuplexCaptureBlock *
duplex_capture_block_new (gsize room)
{
  DuplexCaptureBlock *self = g_new0 (DuplexCaptureBlock, 1);

  g_return_val_if_fail (room >= sizeof (Record) && room <= G_MAXUINT32, self);

  g_atomic_ref_count_init (&self->ref_count);
  self->room = room;
  self->capacity = room / sizeof (Record);
  /* Not cleared: pages that no event reaches cost nothing. */
  self->arena = g_malloc (room);
  self->offsets = g_new (guint32, self->capacity);
  self->rows = g_new (guint32, self->capacity);

  return self;
}

DuplexCaptureBlock *
duplex_capture_block_ref (DuplexCaptureBlock *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
duplex_capture_block_unref (DuplexCaptureBlock *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->beside, g_bytes_unref);
  g_free (self->arena);
  g_free (self->offsets);
  g_free (self->rows);
  g_free (self);
}

static void
fill_record (Record            *record,
             const DuplexEvent *event,
             gsize              size,
             gboolean           beside)
{
  *record = (Record){
    .size = size,
    .connection = event->connection,
    .time_us = event->time_us,
    .value = event->value,
    .message = event->message,
    .first = event->first,
    .message_size = event->message_size,
    .payload_size = event->payload_size,
    .n_frames = event->n_frames,
    .n_findings = event->n_findings,
    .beside = beside,
    .flags = event->flags,
    .kind = event->kind,
    .direction = event->direction,
    .opcode = event->opcode,
    .header_size = MIN (event->header_size, DUPLEX_FRAME_HEADER_MAX),
  };
  memcpy (record->header, event->header, record->header_size);
}

gboolean
duplex_capture_block_append (DuplexCaptureBlock *self,
                             const DuplexEvent  *event,
                             GBytes             *beside)
{
  gsize   size = duplex_capture_block_get_room (event, beside != NULL);
  Record  record;
  guint8 *out;
  guint8 *end;

  if (self->sealed || size > self->room - self->used)
    {
      self->sealed = TRUE;
      return FALSE;
    }

  fill_record (&record, event, size, beside != NULL);
  out = self->arena + self->used;
  end = out + size;
  memcpy (out, &record, sizeof record);
  out += sizeof record;
  if (event->n_findings > 0)
    memcpy (out, event->findings, get_findings_size (event));
  out += get_findings_size (event);
  if (beside == NULL && event->payload_size > 0)
    {
      memcpy (out, event->payload, event->payload_size);
      out += event->payload_size;
    }
  memset (out, 0, end - out);

  if (beside != NULL)
    {
      self->beside = g_bytes_ref (beside);
      self->sealed = TRUE;
    }
  if (event->flags & DUPLEX_EVENT_FLAG_ROW)
    self->rows[self->n_rows++] = self->n_events;
  self->offsets[self->n_events++] = self->used;
  self->used += size;

  return TRUE;
}

guint
duplex_capture_block_get_n_events (DuplexCaptureBlock *self)
{
  return self->n_events;
}

guint
duplex_capture_block_get_n_rows (DuplexCaptureBlock *self)
{
  return self->n_rows;
}

guint
duplex_capture_block_get_row (DuplexCaptureBlock *self,
                              guint               row)
{
  g_assert (row < self->n_rows);

  return self->rows[row];
}

void
duplex_capture_block_get_event (DuplexCaptureBlock *self,
                                guint               index,
                                DuplexEvent        *ret_event)
{
  const guint8 *data = self->arena + self->offsets[index];
  Record        record;

  memcpy (&record, data, sizeof record);
  data += sizeof record;

  *ret_event = (DuplexEvent){
    .time_us = record.time_us,
    .kind = record.kind,
    .direction = record.direction,
    .flags = record.flags,
    .connection = record.connection,
    .opcode = record.opcode,
    .header_size = record.header_size,
    .message = record.message,
    .first = record.first,
    .message_size = record.message_size,
    .n_frames = record.n_frames,
    .value = record.value,
    .payload_size = record.payload_size,
    .n_findings = record.n_findings,
  };
  memcpy (ret_event->header, record.header, sizeof record.header);

  if (record.n_findings > 0)
    ret_event->findings = (const DuplexFinding *)(gconstpointer)data;
  data += get_findings_size (ret_event);

  if (record.beside)
    {
      ret_event->owner = self->beside;
      ret_event->payload = g_bytes_get_data (self->beside, NULL);
    }
  else
    {
      ret_event->payload = data;
    }
}
