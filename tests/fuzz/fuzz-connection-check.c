/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-connection-check.h"

#include <string.h>

#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-limits.h"
#include "duplex-inflate-reference.h"

/* A frame of the wire, or of the capture. */
typedef struct
{
  DuplexFrameHeader header;
  gsize             header_size; /* 0: not even that was whole */
  guint8            bytes[DUPLEX_FRAME_HEADER_MAX];
  GBytes           *payload; /* unmasked */

  /* of the capture */
  GBytes  *inflated; /* or NULL */
  guint    flags;
  guint64  number;
  guint64  first;
  guint64  message;
  guint64  message_size;
  guint    n_frames;
  gint64   value;
  gboolean bad;        /* has a finding for which the connection is failed */
  gboolean late;       /* has the finding that it came after a Close */
  guint64  cut_offset; /* where the stream ended in it, as a finding says */
} Frame;

static void
frame_free (gpointer data)
{
  Frame *self = data;

  g_clear_pointer (&self->payload, g_bytes_unref);
  g_clear_pointer (&self->inflated, g_bytes_unref);
  g_free (self);
}

static gboolean
frame_is_control (const Frame *self)
{
  return (self->header.opcode & 8) != 0;
}

/* ---- the wire, read once more ---- */

static Frame *
take_frame (const guint8 *data,
            gsize         len)
{
  g_autofree guint8 *plain = NULL;
  DuplexFrameHeader  header;
  gsize              size = duplex_frame_header_decode (data, len, &header);
  Frame             *frame;

  if (size == 0 || header.length > len - size)
    return NULL;
  plain = g_memdup2 (data + size, header.length);
  for (gsize i = 0; header.masked && i < header.length; i++)
    plain[i] ^= header.mask[i % 4];
  frame = g_new0 (Frame, 1);
  frame->header = header;
  frame->header_size = size;
  frame->payload = g_bytes_new_take (g_steal_pointer (&plain), header.length);
  return frame;
}

/* The whole frames from a byte on; ret_rest are the bytes after them. */
static GPtrArray *
split_wire (GByteArray *wire,
            gsize       from,
            gsize      *ret_rest)
{
  GPtrArray *frames = g_ptr_array_new_with_free_func (frame_free);

  while (from < wire->len)
    {
      Frame *frame = take_frame (wire->data + from, wire->len - from);

      if (frame == NULL)
        break;
      g_ptr_array_add (frames, frame);
      from += frame->header_size + frame->header.length;
    }
  *ret_rest = wire->len - from;
  return frames;
}

guint
fuzz_connection_count_frames (GByteArray *wire,
                              gsize       from)
{
  gsize                 rest;
  g_autoptr (GPtrArray) frames = split_wire (wire, from, &rest);

  return frames->len;
}

/* ---- the capture ---- */

typedef struct
{
  DuplexCapture *capture;
  GPtrArray     *received; /* of Frame */
  GPtrArray     *sent;
  guint          n_unfinished[2]; /* received, sent */
  guint          n_closed;
  guint          n_failed;
  gint64         code;
} Record;

static void
read_findings (const DuplexEvent *event,
               Frame             *frame)
{
  frame->bad = duplex_event_get_worst_severity (event) == DUPLEX_SEVERITY_ERROR;
  for (guint i = 0; i < event->n_findings; i++)
    {
      if (event->findings[i].id == DUPLEX_FINDING_DATA_AFTER_CLOSE)
        frame->late = TRUE;
      if (event->findings[i].id == DUPLEX_FINDING_FRAME_CUT)
        frame->cut_offset = event->findings[i].offset;
    }
}

static Frame *
read_frame (DuplexCapture     *capture,
            const DuplexEvent *event)
{
  Frame *frame = g_new0 (Frame, 1);

  frame->header_size = event->header_size;
  memcpy (frame->bytes, event->header, event->header_size);
  if (event->header_size > 0)
    g_assert_true (duplex_event_get_header (event, &frame->header));
  frame->payload = duplex_capture_dup_payload (capture, event, DUPLEX_PAYLOAD_WIRE, 0, G_MAXSIZE);
  g_assert_cmpuint (g_bytes_get_size (frame->payload), ==, event->payload_size);
  if (event->inflated != NULL || event->inflated_id != 0)
    {
      frame->inflated =
        duplex_capture_dup_payload (capture, event, DUPLEX_PAYLOAD_INFLATED, 0, G_MAXSIZE);
      g_assert_cmpuint (g_bytes_get_size (frame->inflated), ==, event->inflated_size);
    }
  frame->flags = event->flags;
  frame->number = event->number;
  frame->first = event->first;
  frame->message = event->message;
  frame->message_size = event->message_size;
  frame->n_frames = event->n_frames;
  frame->value = event->value;
  read_findings (event, frame);
  return frame;
}

/* The first whole Close. */
static const Frame *
find_close (const GPtrArray *frames)
{
  for (guint i = 0; i < frames->len; i++)
    {
      const Frame *frame = frames->pdata[i];

      if (frame->header_size > 0 && frame->header.opcode == DUPLEX_OPCODE_CLOSE &&
          (frame->flags & DUPLEX_EVENT_FLAG_CUT) == 0)
        return frame;
    }
  return NULL;
}

/* The end says what our Close says that left, and whether the peer's came before. */
static void
check_sent_close (const Record      *self,
                  const DuplexEvent *event)
{
  const Frame  *sent = find_close (self->sent);
  const Frame  *received = find_close (self->received);
  DuplexFinding finding;
  const char   *reason;
  gsize         size, len;
  const guint8 *body;

  if (sent != NULL && received != NULL)
    g_assert_cmpint ((event->flags & DUPLEX_EVENT_FLAG_PEER) != 0, ==,
                     received->number < sent->number);
  if (sent == NULL)
    {
      g_assert_cmpuint (event->sent_code, ==, 0);
      g_assert_cmpuint (event->sent_reason_size, ==, 0);
      return;
    }
  body = g_bytes_get_data (sent->payload, &size);
  g_assert_cmpuint (event->sent_code, ==,
                    duplex_close_body_parse (body, size, &reason, &len, &finding));
  if (finding.id == DUPLEX_FINDING_NONE && memchr (reason, '\0', len) == NULL)
    g_assert_cmpmem (event->sent_reason, event->sent_reason_size, reason, len);
}

static gboolean
record_cb (const DuplexEvent *event,
           gpointer           data)
{
  Record *self = data;

  g_assert_cmpuint (self->n_closed, ==, 0);
  switch (event->kind)
    {
    case DUPLEX_EVENT_FRAME:
      g_ptr_array_add (event->direction == DUPLEX_DIRECTION_SENT ? self->sent : self->received,
                       read_frame (self->capture, event));
      break;
    case DUPLEX_EVENT_FAILED:
      self->n_failed++;
      break;
    case DUPLEX_EVENT_CLOSED:
      self->n_closed++;
      self->code = event->value;
      check_sent_close (self, event);
      break;
    case DUPLEX_EVENT_UNFINISHED:
      self->n_unfinished[event->direction == DUPLEX_DIRECTION_SENT]++;
      break;
    default:
      g_assert_not_reached ();
    }
  return TRUE;
}

static void
record_read (Record        *self,
             DuplexCapture *capture)
{
  self->capture = capture;
  self->received = g_ptr_array_new_with_free_func (frame_free);
  self->sent = g_ptr_array_new_with_free_func (frame_free);
  duplex_capture_walk (capture, 0, G_MAXUINT64, record_cb, self);
}

static void
record_clear (Record *self)
{
  g_clear_pointer (&self->received, g_ptr_array_unref);
  g_clear_pointer (&self->sent, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Record, record_clear)

guint
fuzz_connection_count_recorded (DuplexCapture  *capture,
                                DuplexDirection direction)
{
  g_auto (Record) record = { 0 };

  record_read (&record, capture);
  return direction == DUPLEX_DIRECTION_SENT ? record.sent->len : record.received->len;
}

/* ---- every byte is there once, in order ---- */

/* Compares a recorded payload with as many bytes of the wire. */
static void
assert_payload (const Frame  *frame,
                const guint8 *wire)
{
  gsize         len;
  const guint8 *plain = g_bytes_get_data (frame->payload, &len);

  for (gsize i = 0; i < len; i++)
    g_assert_cmpuint (plain[i], ==,
                      wire[i] ^ (frame->header.masked ? frame->header.mask[i % 4] : 0));
}

/* Returns how many bytes of the wire the frames account for. loose: the last one may lack bytes
 * that are there, because the end came while they waited to be looked at. */
static gsize
check_bytes (GPtrArray    *frames,
             const guint8 *wire,
             gsize         len,
             guint64       max_message,
             gboolean      loose)
{
  gsize at = 0;

  for (guint i = 0; i < frames->len; i++)
    {
      const Frame *frame = frames->pdata[i];
      gsize        size = g_bytes_get_size (frame->payload);
      gboolean     last = i + 1 == frames->len;
      guint64      max = frame_is_control (frame) ? MAX (max_message, DUPLEX_LIMIT_CONTROL_PAYLOAD)
                                                  : max_message;
      gboolean     too_big = frame->message_size > max;
      gsize        rest;

      if (frame->header_size == 0)
        {
          g_assert_true (last && (frame->flags & DUPLEX_EVENT_FLAG_CUT) != 0);
          g_assert_cmpuint (size, <=, len - at);
          assert_payload (frame, wire + at);
          return at + size;
        }

      g_assert_cmpuint (frame->header_size, <=, len - at);
      g_assert_cmpmem (frame->bytes, frame->header_size, wire + at, frame->header_size);
      at += frame->header_size;
      rest = MIN (frame->header.length, len - at);
      g_assert_cmpuint (size, <=, rest);
      if (size != frame->header.length)
        g_assert_true ((frame->flags & DUPLEX_EVENT_FLAG_CUT) != 0);
      if (frame->cut_offset != 0)
        g_assert_cmpuint (frame->cut_offset, ==, frame->header_size + (too_big ? 0 : size));
      assert_payload (frame, wire + at);
      /* After a length that cannot be there is no next frame. */
      if ((frame->header.length & 1ULL << 63) != 0)
        {
          g_assert_true (last);
          return len;
        }
      if (!too_big && !(last && loose))
        g_assert_cmpuint (size, ==, rest);
      at += too_big ? rest : size;
    }
  return at;
}

static void
check_received (const FuzzConnectionStory *story,
                const Record              *record)
{
  guint64 max = story->settings->max_message;
  gsize   at;

  at = check_bytes (record->received, story->incoming->data, story->n_read,
                    max != 0 ? max : DUPLEX_LIMIT_MESSAGE, !story->whole);
  if (story->whole)
    g_assert_cmpuint (at, ==, story->n_read);
}

/* A frame that has left in part only may be recorded or not; a whole one is. */
static void
check_sent (const FuzzConnectionStory *story,
            const Record              *record)
{
  gsize at = check_bytes (record->sent, story->written->data, story->written->len, G_MAXUINT64,
                          /* loose= */ FALSE);

  g_assert_cmpuint (fuzz_connection_count_frames (story->written, at), ==, 0);
}

/* ---- which frames make a message ---- */

/* Frames of one message say so, and count; what is left open at the end has an event of its own;
 * whatever comes after a Close is late. */
static void
check_places (GPtrArray *frames,
              guint      n_unfinished)
{
  const Frame *before = NULL; /* in the message */
  guint64      n_messages = 0;
  gboolean     open = FALSE;
  gboolean     closed = FALSE;

  for (guint i = 0; i < frames->len; i++)
    {
      const Frame *frame = frames->pdata[i];
      gboolean     continues = open && frame->header.opcode == DUPLEX_OPCODE_CONTINUATION;

      if (frame->header_size == 0)
        continue;
      g_assert_cmpint (frame->late, ==, closed);
      if (frame->header.opcode == DUPLEX_OPCODE_CLOSE && frame->cut_offset == 0)
        closed = TRUE;
      if (frame_is_control (frame))
        {
          g_assert_cmpuint (frame->message, ==, 0);
          continue;
        }

      n_messages += continues ? 0 : 1;
      g_assert_cmpuint (frame->message, ==, n_messages);
      g_assert_cmpuint (frame->n_frames, ==, continues ? before->n_frames + 1 : 1);
      g_assert_cmpuint (frame->first, ==, continues ? before->first : frame->number);
      if (frame->header.length <= G_MAXUINT32)
        g_assert_cmpuint (frame->message_size, ==,
                          (continues ? before->message_size : 0) + frame->header.length);
      open = !frame->header.fin &&
             (continues || frame->header.opcode != DUPLEX_OPCODE_CONTINUATION);
      before = frame;
    }
  g_assert_cmpuint (n_unfinished, ==, open ? 1 : 0);
}

/* ---- compressed messages ---- */

static void
assert_inflated (const DuplexDeflateDirection *direction,
                 const GByteArray             *wire,
                 GByteArray                   *history,
                 const GByteArray             *plain)
{
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  g_assert_true (duplex_inflate_reference (history, wire->data, wire->len, expected));
  g_assert_cmpmem (plain->data, plain->len, expected->data, expected->len);
  if (!direction->no_context_takeover)
    g_byte_array_append (history, expected->data, expected->len);
}

/* Whether a message is compressed stands in its first frame. What frames have inflated to is, all
 * together, what zlib makes of them; up to the first that is wrong. */
static void
check_inflated (GPtrArray                    *frames,
                const DuplexDeflateDirection *direction)
{
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  g_autoptr (GByteArray) plain = g_byte_array_new ();
  g_autoptr (GByteArray) history = g_byte_array_new ();
  gboolean               compressed = FALSE;

  for (guint i = 0; i < frames->len; i++)
    {
      const Frame *frame = frames->pdata[i];

      if (frame->bad || (frame->flags & DUPLEX_EVENT_FLAG_CUT) != 0 ||
          frame->header.opcode == DUPLEX_OPCODE_CLOSE)
        break;
      if (frame_is_control (frame))
        continue;
      if (frame->header.opcode != DUPLEX_OPCODE_CONTINUATION)
        compressed = frame->header.rsv1;
      if (!compressed)
        {
          g_assert_null (frame->inflated);
          continue;
        }
      g_byte_array_append (wire, g_bytes_get_data (frame->payload, NULL),
                           (guint)g_bytes_get_size (frame->payload));
      if (frame->inflated != NULL)
        g_byte_array_append (plain, g_bytes_get_data (frame->inflated, NULL),
                             (guint)g_bytes_get_size (frame->inflated));
      if (!frame->header.fin)
        continue;
      assert_inflated (direction, wire, history, plain);
      g_assert_cmpint (frame->value, ==, plain->len);
      g_byte_array_set_size (wire, 0);
      g_byte_array_set_size (plain, 0);
    }
}

/* ---- messages ---- */

/* GLib holds U+0000 for no part of a text. */
static gboolean
is_utf8 (const char *text,
         gsize       len)
{
  const char *end = text + len;

  while (!g_utf8_validate_len (text, (gsize)(end - text), &text))
    if (text == end || *text++ != '\0')
      return FALSE;
  return TRUE;
}

static gboolean
is_message (const GByteArray *message,
            GBytes           *expected)
{
  gsize         len;
  const guint8 *data = g_bytes_get_data (expected, &len);
  gboolean      may_be_short = (data[0] & FUZZ_MESSAGE_MAY_BE_SHORT) != 0;

  if (message->data[0] != (data[0] & 0x0f) || message->len > len ||
      (message->len < len && !may_be_short))
    return FALSE;
  return memcmp (message->data + 1, data + 1, message->len - 1) == 0;
}

/* places says up to where in list the messages so far may have come: there are several where some
 * of them may be missing. Moves each behind message, which must be next at one of them. */
static void
pass_message (GPtrArray        *list,
              gboolean         *places,
              const GByteArray *message)
{
  g_autofree gboolean *before = g_memdup2 (places, (list->len + 1) * sizeof *places);
  gboolean             found = FALSE;

  memset (places, 0, (list->len + 1) * sizeof *places);
  for (guint at = 0; at < list->len; at++)
    {
      GBytes *expected = list->pdata[at];

      if (!before[at])
        continue;
      if (is_message (message, expected))
        places[at + 1] = found = TRUE;
      if ((((const guint8 *)g_bytes_get_data (expected, NULL))[0] & FUZZ_MESSAGE_MAY_BE_SHORT) != 0)
        before[at + 1] = TRUE;
    }
  g_assert_true (found);
}

/* The messages of frames that break no rule, up to the Close, must be the first of list. Returns
 * whether they may be all of them. */
static gboolean
check_messages (GPtrArray *frames,
                GPtrArray *list)
{
  g_autoptr (GByteArray) message = g_byte_array_new ();
  g_autofree gboolean   *places = g_new0 (gboolean, list->len + 1);
  gboolean               compressed = FALSE;

  places[0] = TRUE;
  for (guint i = 0; i < frames->len; i++)
    {
      const Frame *frame = frames->pdata[i];
      GBytes      *part;

      if (frame->bad || (frame->flags & DUPLEX_EVENT_FLAG_CUT) != 0 ||
          frame->header.opcode == DUPLEX_OPCODE_CLOSE)
        break;
      if (frame_is_control (frame))
        continue;
      if (frame->header.opcode != DUPLEX_OPCODE_CONTINUATION)
        {
          g_byte_array_set_size (message, 0);
          g_byte_array_append (message, &frame->header.opcode, 1);
          compressed = frame->header.rsv1;
        }
      part = compressed ? frame->inflated : frame->payload;
      if (part != NULL)
        g_byte_array_append (message, g_bytes_get_data (part, NULL),
                             (guint)g_bytes_get_size (part));
      if (!frame->header.fin)
        continue;
      if (message->data[0] == DUPLEX_OPCODE_TEXT)
        g_assert_true (is_utf8 ((const char *)message->data + 1, message->len - 1));
      pass_message (list, places, message);
    }
  return places[list->len];
}

/* ---- what was written is legal ---- */

static void
check_header (const Frame               *frame,
              const FuzzConnectionStory *story,
              gboolean                   in_message)
{
  const DuplexFrameHeader *header = &frame->header;

  g_assert_cmpint (header->masked, ==, story->settings->role == DUPLEX_ROLE_CLIENT);
  g_assert_cmpuint (header->length_bits, ==,
                    header->length < 126 ? 7 : header->length < 65536 ? 16
                                                                      : 64);
  g_assert_false (header->rsv2 || header->rsv3);
  if (frame_is_control (frame))
    {
      g_assert_cmpuint (header->opcode, <=, DUPLEX_OPCODE_PONG);
      g_assert_true (header->fin && !header->rsv1);
      g_assert_cmpuint (header->length, <=, DUPLEX_LIMIT_CONTROL_PAYLOAD);
      return;
    }
  g_assert_cmpuint (header->opcode, <=, DUPLEX_OPCODE_BINARY);
  g_assert_cmpint (header->opcode == DUPLEX_OPCODE_CONTINUATION, ==, in_message);
  if (header->rsv1)
    g_assert_true (story->settings->deflate.agreed && !in_message);
  if (story->settings->fragment != 0 && !story->split)
    g_assert_cmpuint (header->length, <=, story->settings->fragment);
}

static void
check_close (const Frame *frame)
{
  DuplexFinding finding;
  const char   *reason;
  gsize         len;
  gsize         reason_len;
  const guint8 *body = g_bytes_get_data (frame->payload, &len);

  duplex_close_body_parse (body, len, &reason, &reason_len, &finding);
  g_assert_cmpint (finding.id, ==, DUPLEX_FINDING_NONE);
}

static gboolean
has_bytes (GPtrArray *list,
           GBytes    *bytes)
{
  return g_ptr_array_find_with_equal_func (list, bytes, (GEqualFunc)g_bytes_equal, NULL);
}

/* Frame by frame; nothing comes after a Close, not even a part of a frame. */
static void
check_written (const FuzzConnectionStory *story)
{
  gsize                 rest;
  g_autoptr (GPtrArray) frames = split_wire (story->written, 0, &rest);
  gboolean              in_message = FALSE;

  for (guint i = 0; i < frames->len; i++)
    {
      const Frame *frame = frames->pdata[i];

      check_header (frame, story, in_message);
      if (frame->header.opcode == DUPLEX_OPCODE_CLOSE)
        {
          check_close (frame);
          g_assert_cmpuint (i + 1, ==, frames->len);
          g_assert_cmpuint (rest, ==, 0);
        }
      else if (frame->header.opcode == DUPLEX_OPCODE_PING && story->settings->ping_interval == 0 &&
               !story->counted)
        g_assert_true (has_bytes (story->pings, frame->payload));
      else if (!frame_is_control (frame))
        in_message = !frame->header.fin;
    }
}

/* Position behind the next ping with that payload; fails where there is none. */
static guint
find_ping (GPtrArray *received,
           guint      at,
           GBytes    *payload)
{
  while (at < received->len)
    {
      const Frame *frame = received->pdata[at++];

      if (frame->header_size > 0 && frame->header.opcode == DUPLEX_OPCODE_PING &&
          g_bytes_equal (frame->payload, payload))
        return at;
    }
  g_assert_not_reached ();
}

/* A pong was asked for, or repeats a ping that came: each at most once and in order. */
static void
check_pongs (const FuzzConnectionStory *story,
             const Record              *record)
{
  guint at = 0;

  for (guint i = 0; i < record->sent->len; i++)
    {
      const Frame *frame = record->sent->pdata[i];

      if (frame->header_size == 0 || frame->header.opcode != DUPLEX_OPCODE_PONG ||
          (frame->flags & DUPLEX_EVENT_FLAG_CUT) != 0 || has_bytes (story->pongs, frame->payload))
        continue;
      g_assert_cmpint (story->settings->pong_mode, !=, DUPLEX_PONG_NEVER);
      at = find_ping (record->received, at, frame->payload);
    }
}

void
fuzz_connection_check (const FuzzConnectionStory *story)
{
  const DuplexConnectionSettings *settings = story->settings;
  const DuplexDeflateAgreement   *deflate = &settings->deflate;
  gboolean                        is_client = settings->role == DUPLEX_ROLE_CLIENT;
  g_auto (Record)                 record = { 0 };

  if (!story->composed)
    check_written (story);
  if (settings->capture == NULL)
    return;

  record_read (&record, settings->capture);
  g_assert_cmpuint (record.n_closed, ==, 1);
  g_assert_cmpint (record.code, ==, story->code);
  g_assert_cmpuint (record.n_failed, ==, story->failed ? 1 : 0);
  check_received (story, &record);
  check_sent (story, &record);
  check_places (record.received, record.n_unfinished[0]);
  check_places (record.sent, record.n_unfinished[1]);
  if (!story->composed && !story->counted)
    check_pongs (story, &record);
  if (deflate->agreed)
    {
      check_inflated (record.received, is_client ? &deflate->server : &deflate->client);
      check_inflated (record.sent, is_client ? &deflate->client : &deflate->server);
    }
  if (!story->composed)
    check_messages (record.sent, story->queued);
  if (story->messages != NULL)
    g_assert_true (check_messages (record.received, story->messages));
}
