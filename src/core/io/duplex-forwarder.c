/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-forwarder.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-message.h"
#include "core/proto/duplex-utf8.h"

/* What getentropy() gives in one call, enough for 64 keys: a system call for each small frame would
 * cost as much as the rest of its way. */
#define ENTROPY_SIZE 256

/* Bytes that are unmasked at a time to be judged as text: they stay in the first cache. */
#define TEXT_SIZE ((gsize)8 * 1024)

typedef struct
{
  gint64  at; /* when left was right, monotonic µs; 0 before the first use */
  gdouble left;
} Bucket;

struct _DuplexForwarder
{
  /* owned */
  DuplexMessageTracker *tracker;
  guint8               *close_body;

  /* borrowed */
  const DuplexForwardLimits *limits;

  /* state */
  DuplexRole         sender;
  DuplexForwardState state;
  guint16            code;
  guint8             close_len;
  gboolean           deflate;
  gboolean           open;   /* a message is fragmented and not at its end */
  gboolean           judged; /* header is of the frame that what is fed begins with */
  gboolean           cut;    /* of a long frame some payload has gone on */
  gboolean           text;   /* its bytes are text */
  gboolean           awaits_pong;
  guint64            pong;
  DuplexFrameHeader  header;
  guint64            done;    /* bytes of its payload that have gone on */
  guint64            checked; /* and those that were judged, if they are text: held ones, too */
  gsize              begin;
  gsize              unused; /* bytes of what was fed last, which will be fed again */
  const char        *reason;
  Bucket             messages;
  Bucket             bytes;
  guint64            n_messages;
};

/* What one call of feed works on. */
typedef struct
{
  const guint8     *data;
  gsize             at;
  gsize             len;
  gint64            now;
  DuplexForwardOut *out;
} Feed;

/* A key that cannot be predicted (§10.3); of each 4 bytes one key is made and then they are gone.
 */
static void
take_mask (guint8 mask[4])
{
  static __thread guint8 pool[ENTROPY_SIZE];
  static __thread gsize  left = 0;

  if (left == 0)
    {
      if (getentropy (pool, sizeof pool) != 0)
        g_error ("The system gives no random bytes for a masking key: %s", g_strerror (errno));
      left = sizeof pool;
    }
  left -= 4;
  memcpy (mask, pool + left, 4);
  memset (pool + left, 0, 4);
}

gsize
duplex_forwarder_write (guint8       *out,
                        DuplexRole    sender,
                        DuplexOpcode  opcode,
                        const guint8 *payload,
                        gsize         len)
{
  DuplexFrameHeader header = {
    .fin = TRUE,
    .opcode = opcode,
    .masked = sender == DUPLEX_ROLE_CLIENT,
    .length_bits = duplex_frame_minimal_length_bits (len),
    .length = len,
  };
  gsize size;

  if (header.masked)
    take_mask (header.mask);
  size = duplex_frame_header_encode (&header, out);
  if (header.masked && len > 0)
    duplex_mask (out + size, payload, len, header.mask, 0);
  else if (len > 0)
    memcpy (out + size, payload, len);
  return size + len;
}

/* ---- judging ---- */

static void
fail (DuplexForwarder *self,
      guint16          code,
      const char      *reason)
{
  self->state = DUPLEX_FORWARD_BROKEN;
  self->code = code;
  self->reason = reason;
}

static const char *
get_reason (guint16 code)
{
  switch (code)
    {
    case DUPLEX_CLOSE_INVALID_DATA:
      return "Invalid UTF-8";
    case DUPLEX_CLOSE_TOO_BIG:
      return "Message too big";
    default:
      return "Protocol error";
    }
}

/* All forwarders of a thread share it, since it is empty between calls. */
static GArray *
get_findings (void)
{
  static GPrivate findings = G_PRIVATE_INIT ((GDestroyNotify)g_array_unref);
  GArray         *array = g_private_get (&findings);

  if (array == NULL)
    {
      array = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
      g_private_set (&findings, array);
    }
  return array;
}

/* Returns FALSE where a finding ends the connection. */
static gboolean
judge (DuplexForwarder *self,
       GArray          *findings)
{
  guint16 code = 0;

  for (guint i = 0; i < findings->len && code == 0; i++)
    code = duplex_finding_get_close_code (g_array_index (findings, DuplexFinding, i).id);
  g_array_set_size (findings, 0);
  if (code != 0)
    fail (self, code, get_reason (code));
  return code == 0;
}

/* A token bucket that holds what is allowed in one second. */
static gboolean
take_tokens (Bucket *bucket,
             gdouble rate,
             guint64 n,
             gint64  now)
{
  if (rate <= 0)
    return TRUE;
  if (bucket->at == 0)
    bucket->left = rate;
  else
    bucket->left =
      MIN (rate, bucket->left + (gdouble)(now - bucket->at) * rate / G_USEC_PER_SEC);
  bucket->at = now;
  if (bucket->left < (gdouble)n)
    return FALSE;
  bucket->left -= (gdouble)n;
  return TRUE;
}

/* Fragments belong to their message, but for empty ones, of which a flood could be made. */
static gboolean
costs_token (const DuplexFrameHeader  *header,
             const DuplexMessagePlace *place)
{
  return place->is_control || place->first || header->length == 0;
}

static gboolean
judge_header (DuplexForwarder *self,
              gint64           now)
{
  GArray            *findings = get_findings ();
  DuplexMessagePlace place;

  self->judged = TRUE;
  self->done = self->checked = 0;
  duplex_message_tracker_header (self->tracker, &self->header, &place, findings);
  if (findings->len > 0 && !judge (self, findings))
    return FALSE;
  if (self->header.length > self->limits->max_frame)
    {
      fail (self, DUPLEX_CLOSE_TOO_BIG, "Frame too big");
      return FALSE;
    }
  if (self->sender == DUPLEX_ROLE_CLIENT && costs_token (&self->header, &place) &&
      !take_tokens (&self->messages, self->limits->rate, 1, now))
    {
      fail (self, DUPLEX_CLOSE_POLICY, "Too many messages");
      return FALSE;
    }
  if (!place.is_control)
    self->open = !place.last;
  self->text = !place.is_control && place.opcode == DUPLEX_OPCODE_TEXT && !place.compressed;
  if (!place.is_control && place.first)
    self->n_messages++;
  return TRUE;
}

/* Judges what is at hand of the payload, behind what has gone on. Text is judged as it comes, with
 * its end where this is one, and before any of it goes on. */
static gboolean
judge_payload (DuplexForwarder *self,
               const guint8    *data,
               gsize            len,
               gboolean         last)
{
  guint8  text[TEXT_SIZE];
  GArray *findings = get_findings ();

  for (gsize at = (gsize)(self->checked - self->done); self->text && at < len;)
    {
      gsize         part = MIN (len - at, TEXT_SIZE);
      const guint8 *plain = data + at;

      if (self->header.masked)
        {
          duplex_mask (text, plain, part, self->header.mask, self->checked);
          plain = text;
        }
      duplex_message_tracker_payload (self->tracker, plain, part, findings);
      at += part;
      self->checked += part;
    }
  if (last)
    duplex_message_tracker_end (self->tracker, findings);
  return findings->len == 0 || judge (self, findings);
}

/* Bytes count when they come, not when the frame is whole that they belong to: a slow sender of
 * large frames is none that sends too much. Returns FALSE where they are too many; feed ends then
 * with the last one that is not. */
static gboolean
take_bytes (DuplexForwarder *self,
            Feed            *feed)
{
  gsize n = feed->len - MIN (feed->len, self->unused);

  if (self->sender == DUPLEX_ROLE_SERVER ||
      take_tokens (&self->bytes, (gdouble)self->limits->byte_rate, n, feed->now))
    return TRUE;
  feed->len = feed->len - n + (gsize)self->bytes.left;
  self->bytes.left = 0;
  return FALSE;
}

/* ---- what goes on ---- */

static void
add_span (DuplexForwardOut *out,
          const guint8     *data,
          gsize             len)
{
  GOutputVector *last = out->n > 0 ? &out->spans[out->n - 1] : NULL;

  out->size += len;
  if (last != NULL && (const guint8 *)last->buffer + last->size == data)
    last->size += len;
  else
    out->spans[out->n++] = (GOutputVector){ data, len };
}

/* len bytes of a long frame's payload, as a fragment. */
static void
forward_piece (DuplexForwarder *self,
               Feed            *feed,
               gsize            len)
{
  gboolean          last = self->done + len == self->header.length;
  DuplexFrameHeader header = {
    .fin = self->header.fin && last,
    .rsv1 = self->header.rsv1 && self->done == 0,
    .opcode = self->done == 0 ? self->header.opcode : DUPLEX_OPCODE_CONTINUATION,
    .masked = self->header.masked,
    .length_bits = duplex_frame_minimal_length_bits (len),
    .length = len,
  };
  const guint8     *payload = feed->data + feed->at;
  DuplexForwardOut *out = feed->out;

  if (!judge_payload (self, payload, len, last))
    return;
  if (out != NULL)
    {
      /* One long frame may end in what was fed, and one begin: no header is written twice. */
      guint8 *room = out->headers[out->n == 0 ? 0 : 1];

      for (guint i = 0; i < sizeof header.mask; i++)
        header.mask[i] = self->header.mask[(self->done + i) % 4];
      add_span (out, room, duplex_frame_header_encode (&header, room));
      add_span (out, payload, len);
    }
  feed->at += len;
  self->done += len;
  self->cut = !last;
}

static void
take_close (DuplexForwarder *self,
            const guint8    *body,
            gsize            len)
{
  DuplexFinding finding;
  const char   *reason;
  gsize         reason_len;
  guint16       wrong;

  self->state = DUPLEX_FORWARD_CLOSED;
  self->close_body = g_memdup2 (body, len);
  self->close_len = (guint8)len;
  self->code = duplex_close_body_parse (self->close_body, len, &reason, &reason_len, &finding);
  wrong = duplex_finding_get_close_code (finding.id);
  if (wrong != 0)
    fail (self, wrong, get_reason (wrong));
}

/* Returns FALSE for a control frame that does not go on as it is. */
static gboolean
take_control (DuplexForwarder *self,
              const guint8    *payload,
              gsize            len)
{
  guint8 body[DUPLEX_LIMIT_CONTROL_PAYLOAD];

  /* A longer one was a finding of its header. */
  g_assert (len <= sizeof body);

  if (self->header.opcode == DUPLEX_OPCODE_PING)
    return TRUE;
  if (self->header.masked)
    duplex_mask (body, payload, len, self->header.mask, 0);
  else if (len > 0)
    memcpy (body, payload, len);
  if (self->header.opcode == DUPLEX_OPCODE_CLOSE)
    {
      take_close (self, body, len);
      return FALSE;
    }
  if (!self->awaits_pong || len != sizeof self->pong || memcmp (body, &self->pong, len) != 0)
    return TRUE;
  self->awaits_pong = FALSE;
  return FALSE;
}

static void
forward_whole (DuplexForwarder *self,
               Feed            *feed,
               gsize            size)
{
  const guint8 *frame = feed->data + feed->at;
  gsize         len = (gsize)self->header.length;
  gboolean      goes_on = TRUE;

  self->judged = FALSE;
  if (duplex_opcode_is_control (self->header.opcode))
    goes_on = take_control (self, frame + size, len);
  else if (!judge_payload (self, frame + size, len, /* last= */ TRUE))
    return;
  if (self->state == DUPLEX_FORWARD_BROKEN)
    return;
  feed->at += size + len;
  if (goes_on && feed->out != NULL)
    add_span (feed->out, frame, size + len);
}

/* ---- whole messages of one frame: most of all ---- */

static gboolean
is_text (const guint8 *data,
         gsize         len,
         const guint8 *mask)
{
  guint8  text[TEXT_SIZE];
  guint64 bad;

  if (mask == NULL)
    return duplex_utf8_validate (data, len, &bad);
  if (len > TEXT_SIZE)
    return FALSE;
  duplex_mask (text, data, len, mask, 0);
  return duplex_utf8_validate (text, len, &bad);
}

/* The size of the frame at the beginning of data where it is a message by itself, whole, with the
 * shortest length of 7 or 16 bits and nothing wrong; 0 where that takes a closer look. */
static gsize
measure_simple (DuplexForwarder *self,
                const guint8    *data,
                gsize            len)
{
  gboolean      masked = self->sender == DUPLEX_ROLE_CLIENT;
  guint8        compressed = self->deflate ? 0x40 : 0;
  gsize         length;
  gsize         size = 2;
  const guint8 *mask;

  if (len < 4 || (data[1] & 0x80) != (masked ? 0x80 : 0))
    return 0;
  length = data[1] & 0x7f;
  if (length == 126)
    {
      length = (gsize)data[2] << 8 | data[3];
      size = 4;
      if (length < 126)
        return 0;
    }
  else if (length == 127)
    return 0;
  mask = masked ? data + size : NULL;
  size += masked ? 4 : 0;
  if (size + length > len || length > self->limits->max_frame ||
      length > self->limits->max_message)
    return 0;
  if ((data[0] & ~compressed) == (0x80 | DUPLEX_OPCODE_BINARY))
    return size + length;
  if (data[0] == (0x80 | DUPLEX_OPCODE_TEXT))
    return is_text (data + size, length, mask) ? size + length : 0;
  return data[0] == (0x80 | compressed | DUPLEX_OPCODE_TEXT) ? size + length : 0;
}

/* A run of them goes on as it is. What is counted one by one is not for here. */
static void
forward_simple (DuplexForwarder *self,
                Feed            *feed)
{
  gsize start = feed->at;
  gsize size;

  if (self->open || self->cut || self->judged ||
      (self->sender == DUPLEX_ROLE_CLIENT && self->limits->rate > 0))
    return;
  while ((size = measure_simple (self, feed->data + feed->at, feed->len - feed->at)) > 0)
    {
      self->begin = feed->at;
      feed->at += size;
      self->n_messages++;
    }
  if (feed->at > start && feed->out != NULL)
    add_span (feed->out, feed->data + start, feed->at - start);
}

/* Of a long frame whose beginning has gone on. Small pieces wait for more: of a sender whose bytes
 * come one by one each would be a fragment, and receivers count those. */
static gboolean
go_on (DuplexForwarder *self,
       Feed            *feed,
       gsize            left)
{
  guint64 rest = self->header.length - self->done;

  if (left < MIN (rest, DUPLEX_LIMIT_PUMP_HOLD))
    {
      judge_payload (self, feed->data + feed->at, left, /* last= */ FALSE);
      return FALSE;
    }
  forward_piece (self, feed, (gsize)MIN (left, rest));
  return TRUE;
}

/* Returns FALSE where nothing more can be done with what is there. */
static gboolean
step (DuplexForwarder *self,
      Feed            *feed)
{
  gsize   left;
  gsize   size;
  guint64 whole;

  /* A run takes one, and a piece behind it two. */
  if (feed->out != NULL && feed->out->n + 3 > DUPLEX_FORWARD_SPANS)
    {
      self->state = DUPLEX_FORWARD_FULL;
      return FALSE;
    }
  forward_simple (self, feed);
  left = feed->len - feed->at;
  if (left == 0)
    return FALSE;
  if (self->cut)
    return go_on (self, feed, left);

  self->begin = feed->at;
  if (self->judged)
    size = duplex_frame_header_get_size (&self->header);
  else
    size = duplex_frame_header_decode (feed->data + feed->at, left, &self->header);
  if (size == 0 || (!self->judged && !judge_header (self, feed->now)))
    return FALSE;
  whole = size + self->header.length;
  if (left >= whole)
    forward_whole (self, feed, size);
  else if (left < DUPLEX_LIMIT_PUMP_HOLD)
    {
      judge_payload (self, feed->data + feed->at + size, left - size, /* last= */ FALSE);
      return FALSE;
    }
  else
    {
      self->judged = FALSE;
      feed->at += size;
      forward_piece (self, feed, left - size);
    }
  return TRUE;
}

DuplexForwardState
duplex_forwarder_feed (DuplexForwarder  *self,
                       const guint8     *data,
                       gsize             len,
                       gint64            now,
                       DuplexForwardOut *out,
                       gsize            *ret_used)
{
  Feed     feed = { .data = data, .len = len, .now = now, .out = out };
  gboolean allowed;

  g_return_val_if_fail (self != NULL && ret_used != NULL, DUPLEX_FORWARD_BROKEN);

  if (out != NULL)
    {
      out->n = 0;
      out->size = 0;
    }
  if (self->state == DUPLEX_FORWARD_FULL)
    self->state = DUPLEX_FORWARD_ON;
  self->begin = G_MAXSIZE;
  allowed = take_bytes (self, &feed);
  while (self->state == DUPLEX_FORWARD_ON && step (self, &feed))
    ;
  self->unused = feed.len - feed.at;
  if (!allowed && self->state == DUPLEX_FORWARD_ON)
    fail (self, DUPLEX_CLOSE_POLICY, "Too many bytes");
  *ret_used = feed.at;
  return self->state;
}

/* ---- the rest ---- */

DuplexForwarder *
duplex_forwarder_new (DuplexRole                 sender,
                      const DuplexForwardLimits *limits)
{
  DuplexForwarder *self;

  g_return_val_if_fail (limits != NULL, NULL);

  self = g_new0 (DuplexForwarder, 1);
  self->tracker = duplex_message_tracker_new (sender, limits->max_message);
  self->sender = sender;
  self->limits = limits;
  return self;
}

void
duplex_forwarder_free (DuplexForwarder *self)
{
  if (self == NULL)
    return;
  duplex_message_tracker_free (self->tracker);
  g_free (self->close_body);
  g_free (self);
}

void
duplex_forwarder_set_deflate (DuplexForwarder *self)
{
  g_return_if_fail (self != NULL);

  self->deflate = TRUE;
  duplex_message_tracker_set_deflate (self->tracker);
}

void
duplex_forwarder_expect_pong (DuplexForwarder *self,
                              guint64          payload)
{
  g_return_if_fail (self != NULL);

  self->pong = payload;
  self->awaits_pong = TRUE;
}

gsize
duplex_forwarder_get_begin (DuplexForwarder *self)
{
  g_return_val_if_fail (self != NULL, G_MAXSIZE);

  return self->begin;
}

guint16
duplex_forwarder_get_code (DuplexForwarder *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->code;
}

const guint8 *
duplex_forwarder_get_close_body (DuplexForwarder *self,
                                 gsize           *ret_size)
{
  g_return_val_if_fail (self != NULL && ret_size != NULL, NULL);

  *ret_size = self->state == DUPLEX_FORWARD_CLOSED ? self->close_len : 0;
  return self->close_body;
}

const char *
duplex_forwarder_get_reason (DuplexForwarder *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->reason;
}

guint64
duplex_forwarder_get_n_messages (DuplexForwarder *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_messages;
}
