/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-block.h"

#include <string.h>

#include "core/model/duplex-pages.h"

/* Bytes whose pages are asked for together: a session with a few events needs no more. */
#define PAGES_AT_ONCE ((gsize)64 * 1024)

/* What an event is in the arena and in a capture's file, followed by its findings, by an Apart
 * where "extra" is not 0, its payload, its inflated payload, the reason of our Close, and zeros up
 * to a multiple of eight bytes. The wide members come first, so that there is no padding inside.
 * What only frames have says something else of CLOSED: message is the size of that reason, n_frames
 * the code of our Close. duplex-capture(5) documents it. */
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
  guint32 extra; /* of EXTRA_... */
  guint16 flags;
  guint8  kind;
  guint8  direction;
  guint8  opcode;
  guint8  header_size;
  guint8  header[DUPLEX_FRAME_HEADER_MAX];
} Record;

enum {
  EXTRA_APART = 1 << 0,           /* an Apart follows the findings */
  EXTRA_BESIDE = 1 << 1,          /* the payload is the block's beside; never in a file */
  EXTRA_BESIDE_INFLATED = 1 << 2, /* the same of what it inflates to */
};

typedef struct
{
  guint64 payload_id;
  guint64 inflated_id;
  guint64 inflated_size;
} Apart;

/* Findings follow at once and are read in place. */
G_STATIC_ASSERT (sizeof (Record) == 88);
G_STATIC_ASSERT (sizeof (Record) % G_ALIGNOF (DuplexFinding) == 0);
G_STATIC_ASSERT (sizeof (DuplexFinding) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (DuplexFinding, offset) == 8);
G_STATIC_ASSERT (sizeof (Apart) == 24);

/* Of a later version; they are numbered one after the other. */
#define MAX_FINDING 0xffffu

struct _DuplexCaptureBlock
{
  gatomicrefcount ref_count;

  guint8  *arena;
  guint32 *offsets;  /* of each event's record */
  guint32 *rows;     /* index of the event that ends each row */
  GBytes  *beside;   /* the payload of the last event, or NULL */
  GBytes  *inflated; /* what that inflates to, or NULL */

  gsize    room;
  gsize    used;
  gsize    expected; /* bytes of the arena whose pages were asked for */
  guint    capacity; /* of offsets and rows */
  guint    n_events;
  guint    n_rows;
  gboolean sealed;
};

static gsize
get_findings_size (guint n_findings)
{
  return (gsize)n_findings * sizeof (DuplexFinding);
}

static gsize
round_up (gsize size)
{
  return (size + 7) & ~(gsize)7;
}

static guint32
get_extra (const DuplexEvent *event,
           const GBytes      *beside,
           const GBytes      *inflated)
{
  guint32 extra = 0;

  if (event->payload_id != 0 || event->inflated_id != 0 || event->inflated_size > 0 ||
      event->inflated != NULL)
    extra |= EXTRA_APART;
  if (beside != NULL)
    extra |= EXTRA_BESIDE;
  if (inflated != NULL)
    extra |= EXTRA_BESIDE_INFLATED;
  return extra;
}

/* Of the reason of our Close. */
static gsize
get_sent_reason_size (const DuplexEvent *event)
{
  return event->kind == DUPLEX_EVENT_CLOSED ? event->sent_reason_size : 0;
}

/* Bytes of the payloads, and of the reason of our Close, that stand in the record itself. */
static gsize
get_inline_size (const DuplexEvent *event,
                 guint32            extra)
{
  gsize size = get_sent_reason_size (event);

  if (event->payload_id == 0 && !(extra & EXTRA_BESIDE))
    size += event->payload_size;
  if (event->inflated_id == 0 && !(extra & EXTRA_BESIDE_INFLATED))
    size += event->inflated_size;
  return size;
}

gsize
duplex_capture_block_get_room (const DuplexEvent *event,
                               const GBytes      *beside,
                               const GBytes      *inflated)
{
  guint32 extra = get_extra (event, beside, inflated);
  gsize   size = sizeof (Record) + get_findings_size (event->n_findings);

  if (extra & EXTRA_APART)
    size += sizeof (Apart);
  return round_up (size + get_inline_size (event, extra));
}

static void
reserve (DuplexCaptureBlock *self,
         guint               capacity)
{
  self->capacity = capacity;
  self->offsets = g_new (guint32, capacity);
  self->rows = g_new (guint32, capacity);
}

DuplexCaptureBlock *
duplex_capture_block_new (gsize room)
{
  DuplexCaptureBlock *self = g_new0 (DuplexCaptureBlock, 1);

  g_return_val_if_fail (room >= sizeof (Record) && room <= G_MAXUINT32, self);

  g_atomic_ref_count_init (&self->ref_count);
  self->room = room;
  /* Not cleared: pages that no event reaches cost nothing. */
  self->arena = g_malloc (room);
  reserve (self, room / sizeof (Record));

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
  g_clear_pointer (&self->inflated, g_bytes_unref);
  g_free (self->arena);
  g_free (self->offsets);
  g_free (self->rows);
  g_free (self);
}

static void
fill_record (Record            *record,
             const DuplexEvent *event,
             gsize              size,
             guint32            extra)
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
    .extra = extra,
    .flags = event->flags,
    .kind = event->kind,
    .direction = event->direction,
    .opcode = event->opcode,
    .header_size = MIN (event->header_size, DUPLEX_FRAME_HEADER_MAX),
  };
  memcpy (record->header, event->header, record->header_size);
  if (event->kind == DUPLEX_EVENT_CLOSED)
    {
      record->message = event->sent_reason_size;
      record->n_frames = event->sent_code;
    }
}

static guint8 *
put (guint8     *out,
     const void *data,
     gsize       size)
{
  if (size > 0)
    memcpy (out, data, size);
  return out + size;
}

/* Each in turn: the padding of the struct would carry what was in memory into the file. */
static guint8 *
put_findings (guint8            *out,
              const DuplexEvent *event)
{
  for (guint i = 0; i < event->n_findings; i++)
    {
      guint32 id[2] = { (guint32)event->findings[i].id, 0 };
      guint64 offset = event->findings[i].offset;

      out = put (out, id, sizeof id);
      out = put (out, &offset, sizeof offset);
    }
  return out;
}

static void
put_event (guint8            *out,
           const DuplexEvent *event,
           gsize              size,
           guint32            extra)
{
  guint8 *end = out + size;
  Record  record;
  Apart   apart = { event->payload_id, event->inflated_id, event->inflated_size };

  fill_record (&record, event, size, extra);
  out = put (out, &record, sizeof record);
  out = put_findings (out, event);
  if (extra & EXTRA_APART)
    out = put (out, &apart, sizeof apart);
  if (event->payload_id == 0 && !(extra & EXTRA_BESIDE))
    out = put (out, event->payload, event->payload_size);
  if (event->inflated_id == 0 && !(extra & EXTRA_BESIDE_INFLATED))
    out = put (out, event->inflated, event->inflated_size);
  out = put (out, event->sent_reason, get_sent_reason_size (event));
  memset (out, 0, end - out);
}

static void
expect_pages (DuplexCaptureBlock *self,
              gsize               size)
{
  gsize n;

  if (self->used + size <= self->expected)
    return;
  n = MIN (MAX (size, PAGES_AT_ONCE), self->room - self->expected);
  duplex_pages_expect (self->arena + self->expected, n);
  self->expected += n;
}

gboolean
duplex_capture_block_append (DuplexCaptureBlock *self,
                             const DuplexEvent  *event,
                             GBytes             *beside,
                             GBytes             *inflated)
{
  gsize size = duplex_capture_block_get_room (event, beside, inflated);

  if (self->sealed || size > self->room - self->used)
    {
      self->sealed = TRUE;
      return FALSE;
    }

  expect_pages (self, size);
  put_event (self->arena + self->used, event, size, get_extra (event, beside, inflated));
  if (beside != NULL)
    self->beside = g_bytes_ref (beside);
  if (inflated != NULL)
    self->inflated = g_bytes_ref (inflated);
  if (beside != NULL || inflated != NULL)
    self->sealed = TRUE;
  if (event->flags & DUPLEX_EVENT_FLAG_ROW)
    self->rows[self->n_rows++] = self->n_events;
  self->offsets[self->n_events++] = self->used;
  self->used += size;

  return TRUE;
}

void
duplex_capture_block_seal (DuplexCaptureBlock *self)
{
  self->sealed = TRUE;
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

const guint8 *
duplex_capture_block_get_data (DuplexCaptureBlock *self,
                               gsize              *ret_size)
{
  if (ret_size != NULL)
    *ret_size = self->used;
  return self->arena;
}

guint
duplex_capture_block_get_row (DuplexCaptureBlock *self,
                              guint               row)
{
  g_assert (row < self->n_rows);

  return self->rows[row];
}

guint
duplex_capture_block_find_row (DuplexCaptureBlock *self,
                               guint               index)
{
  guint low = 0;
  guint high = self->n_rows;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (self->rows[middle] < index)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* Sets what of ret_event stands behind the record. Returns the end of that. */
static const guint8 *
point_to_payloads (DuplexCaptureBlock *self,
                   const Record       *record,
                   const guint8       *data,
                   DuplexEvent        *ret_event)
{
  gboolean has_inflated = FALSE;

  if (record->extra & EXTRA_APART)
    {
      Apart apart;

      memcpy (&apart, data, sizeof apart);
      data += sizeof apart;
      ret_event->payload_id = apart.payload_id;
      ret_event->inflated_id = apart.inflated_id;
      ret_event->inflated_size = apart.inflated_size;
      /* With none of the three there is an inflated payload of no byte. */
      has_inflated = apart.inflated_size > 0 || apart.payload_id == 0;
    }
  if (record->extra & EXTRA_BESIDE)
    {
      ret_event->owner = self->beside;
      ret_event->payload = g_bytes_get_data (self->beside, NULL);
    }
  else if (ret_event->payload_id == 0)
    {
      ret_event->payload = data;
      data += ret_event->payload_size;
    }
  if (record->extra & EXTRA_BESIDE_INFLATED)
    ret_event->inflated = g_bytes_get_data (self->inflated, NULL);
  else if (ret_event->inflated_id == 0 && has_inflated)
    {
      ret_event->inflated = data;
      data += ret_event->inflated_size;
    }
  return data;
}

static void
point_to_sent_close (const Record *record,
                     const guint8 *data,
                     DuplexEvent  *ret_event)
{
  ret_event->message = 0;
  ret_event->n_frames = 0;
  ret_event->sent_code = (guint16)MIN (record->n_frames, G_MAXUINT16);
  ret_event->sent_reason_size = record->message;
  if (record->message > 0)
    ret_event->sent_reason = (const char *)data;
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
  data += get_findings_size (record.n_findings);
  data = point_to_payloads (self, &record, data, ret_event);
  if (record.kind == DUPLEX_EVENT_CLOSED)
    point_to_sent_close (&record, data, ret_event);
}

/* ---- from a file ---- */

/* Whether what is at data may be findings. One that a later version has found is kept as unknown:
 * its event is worth more than its name. */
static gboolean
check_findings (const guint8 *data,
                guint         n)
{
  for (guint i = 0; i < n; i++, data += sizeof (DuplexFinding))
    {
      guint32 id[2]; /* and what stands between it and the offset */

      memcpy (id, data, sizeof id);
      if (id[0] > MAX_FINDING || id[1] != 0)
        return FALSE;
    }
  return TRUE;
}

/* Whether what the record says fits into its size: the bytes come from a file. */
static gboolean
check_record (const Record *record,
              const guint8 *data)
{
  gsize room = record->size - sizeof *record;
  Apart apart = { 0 };

  if (record->kind > DUPLEX_EVENT_GAP || record->kind == DUPLEX_EVENT_LOST ||
      record->direction > DUPLEX_DIRECTION_RECEIVED ||
      record->header_size > DUPLEX_FRAME_HEADER_MAX || record->extra & ~(guint32)EXTRA_APART ||
      record->n_findings > room / sizeof (DuplexFinding) ||
      !check_findings (data, record->n_findings))
    return FALSE;
  room -= get_findings_size (record->n_findings);
  data += get_findings_size (record->n_findings);
  if (record->extra & EXTRA_APART)
    {
      if (room < sizeof apart)
        return FALSE;
      memcpy (&apart, data, sizeof apart);
      room -= sizeof apart;
    }
  if (apart.payload_id == 0)
    {
      if (record->payload_size > room)
        return FALSE;
      room -= record->payload_size;
    }
  if (apart.inflated_id == 0)
    {
      if (apart.inflated_size > room)
        return FALSE;
      room -= apart.inflated_size;
    }
  return record->kind != DUPLEX_EVENT_CLOSED || record->message <= room;
}

/* Finds the first records of the arena; FALSE where they do not make sense. */
static gboolean
find_records (DuplexCaptureBlock *self,
              guint               n_events,
              guint               n_rows)
{
  while (self->n_events < n_events)
    {
      const guint8 *data = self->arena + self->used;
      gsize         room = self->room - self->used;
      Record        record;

      if (room < sizeof record)
        return FALSE;
      memcpy (&record, data, sizeof record);
      if (record.size < sizeof record || record.size % 8 != 0 || record.size > room ||
          !check_record (&record, data + sizeof record))
        return FALSE;
      if (record.flags & DUPLEX_EVENT_FLAG_ROW)
        self->rows[self->n_rows++] = self->n_events;
      self->offsets[self->n_events++] = self->used;
      self->used += record.size;
    }
  return self->n_rows == n_rows;
}

gboolean
duplex_capture_block_may_hold (gsize   size,
                               guint64 n_events)
{
  return n_events <= size / sizeof (Record);
}

DuplexCaptureBlock *
duplex_capture_block_new_from_data (guint8 *data,
                                    gsize   size,
                                    guint   n_events,
                                    guint   n_rows)
{
  DuplexCaptureBlock *self = g_new0 (DuplexCaptureBlock, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->arena = data;
  self->room = size;
  self->sealed = TRUE;
  if (!duplex_capture_block_may_hold (size, n_events))
    {
      duplex_capture_block_unref (self);
      return NULL;
    }
  reserve (self, MAX (n_events, 1));
  if (!find_records (self, n_events, n_rows))
    g_clear_pointer (&self, duplex_capture_block_unref);
  return self;
}

DuplexCaptureBlock *
duplex_capture_block_new_lost (guint  n_events,
                               guint  n_rows,
                               gint64 time_us)
{
  DuplexCaptureBlock *self = duplex_capture_block_new (MAX (n_events, 1) * sizeof (Record));
  DuplexEvent         event = DUPLEX_EVENT_INIT;

  event.kind = DUPLEX_EVENT_LOST;
  event.time_us = time_us;
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  for (guint i = 0; i < n_events; i++)
    {
      event.flags = i < n_rows ? DUPLEX_EVENT_FLAG_ROW : DUPLEX_EVENT_FLAG_NONE;
      duplex_capture_block_append (self, &event, NULL, NULL);
    }
  self->sealed = TRUE;
  return self;
}
