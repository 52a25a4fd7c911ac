/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames whose payload goes to the file before they are complete: the file's meta "begun" tells of
 * them, so that what a kill leaves of one is found again. It is the number of events, a colon, and
 * their records in base64. */
#include <string.h>

#include "core/model/duplex-capture-private.h"
#include "core/model/duplex-capture-begun.h"

/* Several directions and connections may be inside a frame, but not thousands. */
#define MAX_BEGUN 64

/* Bytes of a record with all that such an event has. */
#define RECORD_ROOM 256

/* Chunks of a payload that are looked for: 1 TiB. */
#define MAX_CHUNKS (1u << 22)

void
duplex_capture_begun_changed (DuplexCapture *self)
{
  if (self->writer == NULL || self->recording == DUPLEX_RECORDING_ENDED)
    return;
  self->begun_changed = TRUE;
  duplex_capture_want_flush (self);
}

static gboolean
add_record (const DuplexEvent *event,
            gpointer           user_data)
{
  DuplexCaptureBlock *block = user_data;
  DuplexEvent         record = *event;

  record.flags |= DUPLEX_EVENT_FLAG_ROW | DUPLEX_EVENT_FLAG_CUT;
  if (duplex_capture_block_get_n_events (block) < MAX_BEGUN)
    duplex_capture_block_append (block, &record, NULL, NULL);
  return TRUE;
}

char *
duplex_capture_take_begun (DuplexCapture *self)
{
  g_autoptr (DuplexCaptureBlock) block = NULL;
  g_autofree char               *base64 = NULL;
  gboolean                       has_changed = self->begun_changed;
  const guint8                  *data;
  gsize                          size;

  self->begun_changed = FALSE;
  if (!has_changed && g_hash_table_size (self->payloads) == 0)
    return NULL;
  block = duplex_capture_block_new (MAX_BEGUN * RECORD_ROOM);
  duplex_capture_walk_begun (self, add_record, block);
  data = duplex_capture_block_get_data (block, &size);
  if (size == 0)
    return has_changed ? g_strdup ("") : NULL;
  base64 = g_base64_encode (data, size);
  return g_strdup_printf ("%u:%s", duplex_capture_block_get_n_events (block), base64);
}

void
duplex_capture_queue_begun (DuplexCapture *self)
{
  g_autofree char *begun = NULL;

  if (!self->begun_changed || self->writer == NULL)
    return;
  begun = duplex_capture_take_begun (self);
  duplex_capture_writer_put_meta (self->writer, DUPLEX_CAPTURE_BEGUN,
                                  *begun != '\0' ? begun : NULL);
}

/* ---- what a kill left ---- */

static DuplexCaptureBlock *
parse_begun (const char *value)
{
  char   *end = NULL;
  guint64 n = g_ascii_strtoull (value, &end, 10);
  guint8 *data;
  gsize   size;

  if (*end != ':' || n == 0 || n > MAX_BEGUN || strlen (end) > 2 * MAX_BEGUN * RECORD_ROOM)
    return NULL;
  data = g_base64_decode (end + 1, &size);
  return duplex_capture_block_new_from_data (data, size, (guint)n, (guint)n);
}

static gboolean
has_chunk (DuplexCaptureFile *file,
           guint64            payload,
           guint64            sequence)
{
  guint8 byte;

  return duplex_capture_file_read_payload (file, payload, sequence * DUPLEX_CAPTURE_FILE_CHUNK,
                                           &byte, 1) == 1;
}

/* Bytes of a payload whose event does not say how many. */
static guint64
measure (DuplexCaptureFile *file,
         guint64            payload)
{
  g_autofree guint8 *chunk = NULL;
  guint64            low = 0;
  guint64            high = 1;

  if (!has_chunk (file, payload, 0))
    return 0;
  while (high < MAX_CHUNKS && has_chunk (file, payload, high))
    {
      low = high;
      high *= 2;
    }
  /* There is a chunk low, and none high. */
  while (high - low > 1)
    {
      guint64 middle = low + (high - low) / 2;

      if (has_chunk (file, payload, middle))
        low = middle;
      else
        high = middle;
    }
  chunk = g_malloc (DUPLEX_CAPTURE_FILE_CHUNK);
  return low * DUPLEX_CAPTURE_FILE_CHUNK +
         duplex_capture_file_read_payload (file, payload, low * DUPLEX_CAPTURE_FILE_CHUNK, chunk,
                                           DUPLEX_CAPTURE_FILE_CHUNK);
}

GArray *
duplex_capture_read_begun (DuplexCaptureFile *file)
{
  GArray                        *events = g_array_new (FALSE, FALSE, sizeof (DuplexEvent));
  g_autofree char               *value = duplex_capture_file_dup_meta (file, DUPLEX_CAPTURE_BEGUN);
  g_autoptr (DuplexCaptureBlock) block = value != NULL ? parse_begun (value) : NULL;
  guint                          n = block != NULL ? duplex_capture_block_get_n_events (block) : 0;

  for (guint i = 0; i < n; i++)
    {
      DuplexEvent event;

      duplex_capture_block_get_event (block, i, &event);
      event.findings = NULL;
      event.n_findings = 0;
      /* What the frame inflates to has no event that leads to it. */
      event.inflated = NULL;
      event.inflated_size = 0;
      event.inflated_id = 0;
      event.value = -1;
      event.payload_size = event.payload_id != 0 ? measure (file, event.payload_id) : 0;
      if (event.payload_size > 0)
        g_array_append_val (events, event);
    }
  return events;
}
