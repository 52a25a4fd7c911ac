/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-row.h"

#include "core/model/duplex-capture-private.h"
#include "core/model/duplex-payload-pieces.h"

/* Events that are looked at for a row's findings: a message of more fragments, or one between whose
 * fragments more has passed, reports those of its beginning and of its last frame. */
#define MAX_FINDINGS_WALK 10000

/* Bytes reserved at once for a message in fragments: what the frames announce is the peer's
 * word. */
#define PAYLOAD_RESERVE (64 * 1024)

/* Far from where a GByteArray's length ends. */
#define MAX_PAYLOAD ((gsize)G_MAXINT32)

struct _DuplexRow
{
  GObject parent_instance;

  /* owned */
  DuplexCapture *capture;
  DuplexEvent    event;

  guint64 position;
};

G_DEFINE_FINAL_TYPE (DuplexRow, duplex_row, G_TYPE_OBJECT)

/* What a walk over a row's frames gathers. */
typedef struct
{
  DuplexCapture     *capture;
  const DuplexEvent *last;
  DuplexPayload      which;
  GByteArray        *payload;
  GArray            *frames;
  gsize              max;
  guint64            n_found;
  guint              n_findings;
  gboolean           is_full;
} RowWalk;

static gboolean
is_message (const DuplexEvent *event)
{
  if (event->kind == DUPLEX_EVENT_UNFINISHED)
    return TRUE;

  return event->kind == DUPLEX_EVENT_FRAME && event->message != 0;
}

/* TRUE where the row's end is also its only event. */
static gboolean
is_single (const DuplexEvent *event)
{
  return !is_message (event) || event->first >= event->number;
}

static gboolean
is_of_same_message (const DuplexEvent *event,
                    const DuplexEvent *last)
{
  return event->message == last->message && event->direction == last->direction &&
         event->connection == last->connection && is_message (event);
}

static void
duplex_row_dispose (GObject *object)
{
  DuplexRow *self = DUPLEX_ROW (object);

  if (self->capture != NULL)
    duplex_capture_forget_row (self->capture, self);
  g_clear_object (&self->capture);

  G_OBJECT_CLASS (duplex_row_parent_class)->dispose (object);
}

static void
duplex_row_finalize (GObject *object)
{
  DuplexRow *self = DUPLEX_ROW (object);

  duplex_event_clear (&self->event);

  G_OBJECT_CLASS (duplex_row_parent_class)->finalize (object);
}

static void
duplex_row_class_init (DuplexRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = duplex_row_dispose;
  object_class->finalize = duplex_row_finalize;
}

static void
duplex_row_init (DuplexRow *self)
{
  self->event = (DuplexEvent)DUPLEX_EVENT_INIT;
}

DuplexRow *
duplex_row_new (DuplexCapture *capture,
                guint64        position,
                DuplexEvent   *event)
{
  DuplexRow *self;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (capture), NULL);
  g_return_val_if_fail (event != NULL && event->hold != NULL, NULL);

  self = g_object_new (DUPLEX_TYPE_ROW, NULL);
  self->capture = g_object_ref (capture);
  self->position = position;
  self->event = *event;
  *event = (DuplexEvent)DUPLEX_EVENT_INIT;

  return self;
}

guint64
duplex_row_get_position (DuplexRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_ROW (self), 0);

  return self->position;
}

DuplexRowKind
duplex_row_get_kind (DuplexRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_ROW (self), DUPLEX_ROW_STATE);

  if (self->event.kind != DUPLEX_EVENT_FRAME && self->event.kind != DUPLEX_EVENT_UNFINISHED)
    return DUPLEX_ROW_STATE;

  switch (self->event.opcode)
    {
    case DUPLEX_OPCODE_TEXT:
      return DUPLEX_ROW_TEXT;

    case DUPLEX_OPCODE_BINARY:
    case DUPLEX_OPCODE_CONTINUATION: /* of no message: nothing says what its bytes are */
      return DUPLEX_ROW_BINARY;

    default:
      return DUPLEX_ROW_CONTROL;
    }
}

const DuplexEvent *
duplex_row_get_event (DuplexRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_ROW (self), NULL);

  return &self->event;
}

DuplexCapture *
duplex_row_get_capture (DuplexRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_ROW (self), NULL);

  return self->capture;
}

guint64
duplex_row_get_size (DuplexRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_ROW (self), 0);

  return duplex_event_get_row_size (&self->event);
}

guint64
duplex_row_get_wire_size (DuplexRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_ROW (self), 0);

  return duplex_event_get_row_wire_size (&self->event);
}

gboolean
duplex_row_is_compressed (DuplexRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_ROW (self), FALSE);

  return duplex_payload_is_compressed (self->capture, &self->event);
}

gboolean
duplex_row_is_inflated (DuplexRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_ROW (self), FALSE);

  return duplex_event_ends_inflated (&self->event);
}

guint
duplex_row_get_n_frames (DuplexRow *self)
{
  g_return_val_if_fail (DUPLEX_IS_ROW (self), 0);

  if (is_message (&self->event))
    return self->event.n_frames;

  return self->event.kind == DUPLEX_EVENT_FRAME ? 1 : 0;
}

static gboolean
add_findings (const DuplexEvent *event,
              gpointer           user_data)
{
  RowWalk *walk = user_data;

  if (is_of_same_message (event, walk->last))
    walk->n_findings += event->n_findings;

  return TRUE;
}

guint
duplex_row_get_n_findings (DuplexRow *self)
{
  RowWalk walk = { 0 };
  guint64 last;

  g_return_val_if_fail (DUPLEX_IS_ROW (self), 0);

  if (is_single (&self->event))
    return self->event.n_findings;

  walk.last = &self->event;
  last = MIN (self->event.number - 1, self->event.first + MAX_FINDINGS_WALK - 1);
  duplex_capture_walk (self->capture, self->event.first, last, add_findings, &walk);

  return walk.n_findings + self->event.n_findings;
}

static gboolean
add_payload (const DuplexEvent *event,
             gpointer           user_data)
{
  RowWalk *walk = user_data;
  guint    start = walk->payload->len;
  gsize    whole = duplex_payload_get_size (event, walk->which);
  gsize    size;

  if (!is_of_same_message (event, walk->last))
    return TRUE;

  if (event->kind == DUPLEX_EVENT_FRAME)
    walk->n_found++;
  size = MIN (whole, walk->max - start);
  if (size > 0)
    {
      g_byte_array_set_size (walk->payload, (guint)(start + size));
      size = duplex_capture_read_payload (walk->capture, event, walk->which, 0,
                                          walk->payload->data + start, size);
      g_byte_array_set_size (walk->payload, (guint)(start + size));
    }
  walk->is_full = size < whole;

  return !walk->is_full;
}

GBytes *
duplex_row_dup_payload (DuplexRow *self,
                        gsize      max,
                        gboolean  *ret_whole)
{
  DuplexPayload which;
  RowWalk       walk = { 0 };
  gboolean      is_whole;
  GBytes       *payload;

  g_return_val_if_fail (DUPLEX_IS_ROW (self), NULL);

  which = duplex_payload_get_shown (&self->event);
  if (is_single (&self->event))
    {
      gsize size = duplex_payload_get_size (&self->event, which);

      payload =
        duplex_capture_dup_payload (self->capture, &self->event, which, 0, MIN (size, max));
      is_whole = g_bytes_get_size (payload) == size;
    }
  else
    {
      walk.capture = self->capture;
      walk.last = &self->event;
      walk.which = which;
      walk.max = MIN (max, MAX_PAYLOAD);
      walk.payload = g_byte_array_sized_new (MIN (PAYLOAD_RESERVE, walk.max));
      duplex_capture_walk (self->capture, self->event.first, self->event.number, add_payload,
                           &walk);
      /* Fewer frames than the message had: the capture was cleared in between. */
      is_whole = !walk.is_full && walk.n_found >= self->event.n_frames;
      payload = g_byte_array_free_to_bytes (walk.payload);
    }

  if (ret_whole != NULL)
    *ret_whole = is_whole;

  return payload;
}

static gboolean
add_frame (const DuplexEvent *event,
           gpointer           user_data)
{
  RowWalk *walk = user_data;

  if (event->kind == DUPLEX_EVENT_FRAME && is_of_same_message (event, walk->last))
    g_array_append_val (walk->frames, event->number);

  return walk->frames->len < walk->max;
}

GArray *
duplex_row_dup_frames (DuplexRow *self,
                       guint      max)
{
  RowWalk walk = { 0 };

  g_return_val_if_fail (DUPLEX_IS_ROW (self), NULL);

  walk.frames = g_array_new (FALSE, FALSE, sizeof (guint64));
  if (max == 0 || duplex_row_get_n_frames (self) == 0)
    return walk.frames;

  if (is_single (&self->event))
    {
      g_array_append_val (walk.frames, self->event.number);
      return walk.frames;
    }

  walk.last = &self->event;
  walk.max = max;
  duplex_capture_walk (self->capture, self->event.first, self->event.number, add_frame, &walk);

  return walk.frames;
}
