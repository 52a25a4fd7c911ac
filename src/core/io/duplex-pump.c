/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-pump.h"

#include <string.h>

#include "core/io/duplex-byte-queue.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-limits.h"

/* Reads of one end before the others have their turn. */
#define READS_AT_ONCE 16

typedef struct
{
  /* owned */
  DuplexLeg       *leg; /* NULL once it has ended */
  DuplexForwarder *forwarder;
  DuplexByteQueue  out;
  guint8          *held; /* of it, less than DUPLEX_LIMIT_PUMP_HOLD bytes of a frame, or NULL */
  gsize            held_len;
  GBytes          *unread; /* behind its handshake, or NULL */

  /* borrowed */
  DuplexPump *pump;

  /* state */
  DuplexRole sender;         /* what the end is */
  gboolean   paused;         /* not read, since something waits for the other */
  gboolean   close_queued;   /* a Close is on its way to it, and nothing comes behind that */
  gboolean   close_received; /* or something that cannot be followed further */
  gboolean   broken;         /* the latter */
  gboolean   read_ended;
  gboolean   write_failed;
  gboolean   shut;
  guint16    code_sent;
  guint16    code_received;
  gint64     heard_at;   /* when bytes came from it last, monotonic µs */
  gint64     pinged_at;  /* and when it was pinged because none came, 0 for not */
  gint64     waits_from; /* when what waits for it was read, monotonic µs */
  guint64    n_bytes;
  guint64    n_late;
} Side;

struct _DuplexPump
{
  /* owned */
  Side           client;
  Side           backend;
  DuplexDeadline deadline; /* the next one, or the end */

  /* borrowed */
  DuplexPoller             *poller;
  const DuplexPumpSettings *settings;
  DuplexPumpStats          *stats;
  const DuplexPumpTap      *tap;
  gpointer                  tap_data;
  gpointer                  user_data;

  /* state */
  DuplexPumpEnded ended;
  gboolean        started;
  gboolean        finished;
  gint64          active_at;      /* when bytes moved last, monotonic µs */
  gint64          close_deadline; /* monotonic µs, 0 for none */
};

static Side *
get_other (Side *side)
{
  return side == &side->pump->client ? &side->pump->backend : &side->pump->client;
}

static DuplexRole
get_own_role (Side *side)
{
  return side->sender == DUPLEX_ROLE_CLIENT ? DUPLEX_ROLE_SERVER : DUPLEX_ROLE_CLIENT;
}

static gboolean
is_blocked (Side *side)
{
  return duplex_byte_queue_get_size (&side->out) > 0;
}

/* ---- what goes to an end ---- */

static void
flush (Side *side)
{
  DuplexPump   *self = side->pump;
  GOutputVector span;
  gsize         len;

  if (side->leg == NULL || side->write_failed)
    return;
  while ((span.buffer = duplex_byte_queue_peek (&side->out, &span.size)) != NULL)
    {
      switch (duplex_leg_write (side->leg, &span, 1, &len))
        {
        case DUPLEX_LEG_OK:
          duplex_byte_queue_consume (&side->out, len);
          self->active_at = g_get_monotonic_time ();
          if (!is_blocked (side))
            duplex_pump_stats_wait (self->stats, self->active_at - side->waits_from);
          break;
        case DUPLEX_LEG_WOULD_BLOCK:
          return;
        case DUPLEX_LEG_ENDED:
        default:
          /* What it sent may still be read, a Close above all. */
          side->write_failed = TRUE;
          duplex_byte_queue_clear (&side->out);
          return;
        }
    }
}

/* What is left of spans behind the first done bytes. */
static void
queue_rest (Side                *side,
            const GOutputVector *spans,
            guint                n,
            gsize                done)
{
  for (guint i = 0; i < n; i++)
    {
      gsize skip = MIN (done, spans[i].size);
      gsize len = spans[i].size - skip;

      done -= skip;
      if (len == 0)
        continue;
      memcpy (duplex_byte_queue_reserve (&side->out, len),
              (const guint8 *)spans[i].buffer + skip, len);
      duplex_byte_queue_commit (&side->out, len);
    }
}

/* Straight from where they were read, as far as the end takes them. */
static void
send_spans (Side                   *side,
            const DuplexForwardOut *out,
            gint64                  read_at)
{
  DuplexPump *self = side->pump;
  gsize       len = 0;

  if (out->n == 0)
    return;
  if (self->tap != NULL)
    self->tap->sent (side->sender, out->spans, out->n, self->tap_data);
  if (!is_blocked (side))
    {
      switch (duplex_leg_write (side->leg, out->spans, out->n, &len))
        {
        case DUPLEX_LEG_OK:
          if (len == out->size)
            {
              duplex_pump_stats_wait (self->stats, g_get_monotonic_time () - read_at);
              return;
            }
          break;
        case DUPLEX_LEG_WOULD_BLOCK:
          break;
        case DUPLEX_LEG_ENDED:
        default:
          side->write_failed = TRUE;
          return;
        }
      side->waits_from = read_at;
    }
  queue_rest (side, out->spans, out->n, len);
  flush (side);
}

/* A frame of the relay's own. */
static void
queue_frame (Side         *side,
             DuplexOpcode  opcode,
             const guint8 *payload,
             gsize         len)
{
  DuplexPump   *self = side->pump;
  GOutputVector span;
  guint8       *room;

  if (side->leg == NULL || side->write_failed)
    return;
  if (!is_blocked (side))
    side->waits_from = g_get_monotonic_time ();
  room = duplex_byte_queue_reserve (&side->out, len + DUPLEX_FRAME_HEADER_MAX);
  span.buffer = room;
  span.size = duplex_forwarder_write (room, get_own_role (side), opcode, payload, len);
  duplex_byte_queue_commit (&side->out, span.size);
  if (self->tap != NULL)
    self->tap->sent (side->sender, &span, 1, self->tap_data);
}

static void
queue_close_body (Side         *side,
                  guint16       code,
                  const guint8 *body,
                  gsize         len)
{
  if (side->leg == NULL || side->close_queued)
    return;
  queue_frame (side, DUPLEX_OPCODE_CLOSE, body, len);
  side->close_queued = TRUE;
  side->code_sent = code;
}

static void
queue_close (Side       *side,
             guint16     code,
             const char *reason)
{
  g_autoptr (GBytes) body = duplex_close_body_new (code, reason);
  gsize              len;
  const guint8      *data = g_bytes_get_data (body, &len);

  queue_close_body (side, code, data, len);
}

/* What is said to the end that is left over. */
static void
queue_lost (Side *side)
{
  if (side->sender == DUPLEX_ROLE_CLIENT)
    queue_close (side, DUPLEX_CLOSE_INTERNAL_ERROR, "Backend error");
  else
    queue_close (side, DUPLEX_CLOSE_GOING_AWAY, NULL);
}

/* ---- what comes from an end ---- */

static gboolean
is_heard (Side *side)
{
  Side *other = get_other (side);

  return other->leg != NULL && !other->close_queued && !other->write_failed;
}

static void
count_late (Side *side,
            gsize n)
{
  side->n_late += n;
  duplex_pump_stats_count (&side->pump->stats->n_late[side->sender], n);
}

static void
handle_state (Side              *side,
              DuplexForwardState state)
{
  if (state == DUPLEX_FORWARD_CLOSED)
    {
      gsize         len;
      const guint8 *body = duplex_forwarder_get_close_body (side->forwarder, &len);

      side->close_received = TRUE;
      side->code_received = duplex_forwarder_get_code (side->forwarder);
      queue_close_body (get_other (side), side->code_received, body, len);
    }
  else if (state == DUPLEX_FORWARD_BROKEN)
    {
      side->close_received = side->broken = TRUE;
      queue_close (side, duplex_forwarder_get_code (side->forwarder),
                   duplex_forwarder_get_reason (side->forwarder));
      queue_lost (get_other (side));
    }
}

/* Of the Close that has come: it is expected. */
static gsize
get_close_size (Side              *side,
                DuplexForwardState state)
{
  gsize len;

  if (state != DUPLEX_FORWARD_CLOSED)
    return 0;
  duplex_forwarder_get_close_body (side->forwarder, &len);
  return 2 + (side->sender == DUPLEX_ROLE_CLIENT ? 4 : 0) + len;
}

/* data begins with what was held. Returns how much of it was used. */
static gsize
feed (Side         *side,
      const guint8 *data,
      gsize         len,
      gsize         held_len,
      gint64        now)
{
  DuplexPump        *self = side->pump;
  guint64            before = duplex_forwarder_get_n_messages (side->forwarder);
  gboolean           told = self->tap == NULL;
  gboolean           heard;
  gsize              at = 0;
  gsize              used;
  DuplexForwardState state;
  DuplexForwardOut   out;

  do
    {
      heard = is_heard (side);
      state = duplex_forwarder_feed (side->forwarder, data + at, len - at, now,
                                     heard ? &out : NULL, &used);
      if (!told)
        {
          gsize begin = duplex_forwarder_get_begin (side->forwarder);

          told = TRUE;
          self->tap->received (side->sender, data + held_len, len - held_len,
                               begin >= held_len && begin < len ? begin - held_len : G_MAXSIZE,
                               self->tap_data);
        }
      if (heard)
        send_spans (get_other (side), &out, now);
      at += used;
  } while (state == DUPLEX_FORWARD_FULL);
  if (!heard)
    count_late (side, at - get_close_size (side, state));
  duplex_pump_stats_count (&self->stats->n_messages[side->sender],
                           duplex_forwarder_get_n_messages (side->forwarder) - before);
  if (state != DUPLEX_FORWARD_ON)
    handle_state (side, state);
  return at;
}

static void
hold (Side         *side,
      const guint8 *data,
      gsize         len)
{
  g_free (side->held);
  side->held = len > 0 ? g_memdup2 (data, len) : NULL;
  side->held_len = len;
}

static void
handle_read_end (Side *side)
{
  side->read_ended = TRUE;
  hold (side, NULL, 0);
  /* A Close from both ends went before it, or the rest of the connection is told. */
  if (!side->close_received)
    queue_lost (get_other (side));
}

static DuplexLegResult
read_leg (Side   *side,
          guint8 *data,
          gsize   size,
          gsize  *ret_len)
{
  g_autoptr (GBytes) unread = g_steal_pointer (&side->unread);
  gsize              waiting;

  if (unread == NULL)
    return duplex_leg_read (side->leg, data, size, ret_len);
  waiting = g_bytes_get_size (unread);
  *ret_len = MIN (waiting, size);
  memcpy (data, g_bytes_get_data (unread, NULL), *ret_len);
  if (*ret_len < waiting)
    side->unread = g_bytes_new_from_bytes (unread, *ret_len, waiting - *ret_len);
  return DUPLEX_LEG_OK;
}

static void
handle_bytes (Side   *side,
              guint8 *scratch,
              gsize   held_len,
              gsize   len)
{
  DuplexPump *self = side->pump;
  gint64      now = g_get_monotonic_time ();
  gsize       used = held_len;

  self->active_at = side->heard_at = now;
  side->pinged_at = 0;
  side->n_bytes += len;
  duplex_pump_stats_count (&self->stats->n_bytes[side->sender], len);
  if (!side->close_received)
    used = feed (side, scratch, held_len + len, held_len, now);
  else if (self->tap != NULL)
    self->tap->received (side->sender, scratch + held_len, len, G_MAXSIZE, self->tap_data);
  if (side->close_received)
    {
      /* What broke a rule is among them. */
      count_late (side, held_len + len - used);
      used = held_len + len;
    }
  memmove (scratch, scratch + used, held_len + len - used);
  side->held_len = held_len + len - used;
}

/* Until it would block, or its quota is used up, or the other end blocks. What is not a whole frame
 * stands at the beginning of scratch meanwhile. */
static void
read_some (Side *side)
{
  static __thread guint8 scratch[DUPLEX_LIMIT_PUMP_HOLD + DUPLEX_LIMIT_PUMP_BUFFER];
  DuplexLegResult        result = DUPLEX_LEG_OK;
  gsize                  len;

  if (side->leg == NULL || side->read_ended)
    return;
  if (side->held != NULL)
    memcpy (scratch, side->held, side->held_len);
  for (guint i = 0; i < READS_AT_ONCE && result == DUPLEX_LEG_OK && !side->paused; i++)
    {
      side->paused = is_blocked (get_other (side));
      if (side->paused)
        break;
      result = read_leg (side, scratch + side->held_len, DUPLEX_LIMIT_PUMP_BUFFER, &len);
      if (result == DUPLEX_LEG_OK)
        handle_bytes (side, scratch, side->held_len, len);
    }
  hold (side, scratch, side->held_len);
  if (result == DUPLEX_LEG_ENDED)
    handle_read_end (side);
  else if (result == DUPLEX_LEG_OK && !side->paused)
    duplex_leg_again (side->leg);
}

/* ---- both ---- */

static void
end_leg (Side *side)
{
  g_clear_pointer (&side->leg, duplex_leg_free);
  duplex_byte_queue_clear (&side->out);
  hold (side, NULL, 0);
}

static gboolean
has_left (Side *side)
{
  return side->write_failed || !is_blocked (side);
}

/* RFC 6455 §7.1.1: the server ends TCP first. So the client reads our end once both Closes have
 * passed, and the backend's is waited for. */
static void
settle_side (Side *side)
{
  if (side->leg == NULL)
    return;
  flush (side);
  if (side->read_ended && (has_left (side) || !side->close_received))
    {
      end_leg (side);
      return;
    }
  if (side->sender == DUPLEX_ROLE_CLIENT && side->close_queued && side->close_received &&
      has_left (side) && !side->shut)
    {
      side->shut = TRUE;
      duplex_leg_shutdown (side->leg);
    }
}

/* Where the other end blocked, this one is read again when all has left. */
static void
resume (Side *side)
{
  if (side->leg == NULL || !side->paused || is_blocked (get_other (side)))
    return;
  side->paused = FALSE;
  duplex_leg_again (side->leg);
}

static gboolean
awaits_end (Side *side)
{
  return side->leg != NULL && has_left (side) && (side->close_queued || side->write_failed);
}

/* An end that cannot be told, or whose bytes are not read, has a right to be silent. */
static gboolean
may_be_pinged (Side *side)
{
  return side->leg != NULL && !side->close_queued && !side->close_received &&
         !side->write_failed && !side->read_ended && !side->paused && !is_blocked (side);
}

static gint64
get_ping_due (Side  *side,
              gint64 now)
{
  gint64 interval = (gint64)side->pump->settings->ping_interval * G_USEC_PER_SEC;

  if (!may_be_pinged (side))
    return now + interval;
  return (side->pinged_at > 0 ? side->pinged_at : side->heard_at) + interval;
}

static gint64
get_idle_due (DuplexPump *self)
{
  return self->settings->idle_timeout > 0
           ? self->active_at + (gint64)self->settings->idle_timeout * G_USEC_PER_SEC
           : G_MAXINT64;
}

static gint64
get_quiet_due (DuplexPump *self)
{
  gint64 now;

  if (self->settings->ping_interval == 0)
    return get_idle_due (self);
  now = g_get_monotonic_time ();
  return MIN (get_idle_due (self),
              MIN (get_ping_due (&self->client, now), get_ping_due (&self->backend, now)));
}

/* The close timeout runs from when a Close has left. The other deadlines are not moved while bytes
 * move, but looked at again when they are due. */
static void
set_deadline (DuplexPump *self)
{
  gint64 due;

  if (!awaits_end (&self->client) && !awaits_end (&self->backend))
    self->close_deadline = 0;
  else if (self->close_deadline == 0)
    self->close_deadline =
      g_get_monotonic_time () + (gint64)self->settings->close_timeout * G_USEC_PER_SEC;

  if (self->finished)
    due = 0;
  else if (self->close_deadline > 0)
    due = self->close_deadline;
  else if (duplex_deadline_is_set (&self->deadline))
    return;
  else
    due = get_quiet_due (self);
  if (due == G_MAXINT64)
    duplex_poller_clear_deadline (self->poller, &self->deadline);
  else
    duplex_poller_set_deadline (self->poller, &self->deadline, due);
}

/* After whatever happened: what follows from it. */
static void
settle (DuplexPump *self)
{
  if (!self->started)
    return;
  settle_side (&self->client);
  settle_side (&self->backend);
  resume (&self->client);
  resume (&self->backend);
  self->finished = self->client.leg == NULL && self->backend.leg == NULL;
  set_deadline (self);
}

static void
ready_cb (DuplexLeg   *leg,
          GIOCondition conditions,
          gpointer     data)
{
  Side *side = data;

  if (!side->pump->started)
    return;
  if (is_blocked (side))
    flush (side);
  if (conditions != G_IO_OUT)
    read_some (side);
  settle (side->pump);
}

/* ---- deadlines ---- */

/* The end did not end in time. The other one may still wait for an answer to its Close. */
static void
give_up (Side *side)
{
  Side *other = get_other (side);

  end_leg (side);
  if (other->code_received != 0)
    queue_close (other, other->code_received, NULL);
  else
    queue_lost (other);
}

static void
handle_close_timeout (DuplexPump *self)
{
  gboolean client = awaits_end (&self->client);
  gboolean backend = awaits_end (&self->backend);

  self->close_deadline = 0;
  if (client)
    give_up (&self->client);
  if (backend)
    give_up (&self->backend);
}

static void
handle_idle (DuplexPump *self)
{
  if (self->client.close_queued || self->backend.close_queued)
    {
      /* It was told to end, and does not even take that. */
      end_leg (&self->client);
      end_leg (&self->backend);
    }
  self->active_at = g_get_monotonic_time ();
  queue_close (&self->client, DUPLEX_CLOSE_GOING_AWAY, "Idle timeout");
  queue_close (&self->backend, DUPLEX_CLOSE_GOING_AWAY, "Idle timeout");
}

static void
handle_silence (Side  *side,
                gint64 now)
{
  guint64 payload;

  if (!may_be_pinged (side) || get_ping_due (side, now) > now)
    return;
  if (side->pinged_at > 0)
    {
      queue_close (side, DUPLEX_CLOSE_GOING_AWAY, "Ping timeout");
      queue_lost (get_other (side));
      return;
    }
  payload = (guint64)g_random_int () << 32 | g_random_int ();
  duplex_forwarder_expect_pong (side->forwarder, payload);
  queue_frame (side, DUPLEX_OPCODE_PING, (const guint8 *)&payload, sizeof payload);
  side->pinged_at = now;
}

static void
deadline_cb (DuplexDeadline *deadline)
{
  DuplexPump *self =
    (DuplexPump *)((guint8 *)deadline - G_STRUCT_OFFSET (DuplexPump, deadline));
  gint64 now = g_get_monotonic_time ();

  if (self->finished)
    {
      self->ended (self, self->user_data);
      return;
    }
  if (self->close_deadline > 0)
    {
      if (self->close_deadline <= now)
        handle_close_timeout (self);
    }
  else if (get_idle_due (self) <= now)
    handle_idle (self);
  else if (self->settings->ping_interval > 0)
    {
      handle_silence (&self->client, now);
      handle_silence (&self->backend, now);
    }
  settle (self);
}

/* ---- public ---- */

static void
side_init (Side       *side,
           DuplexPump *pump,
           DuplexLeg  *leg,
           DuplexRole  sender)
{
  side->pump = pump;
  side->leg = leg;
  side->sender = sender;
  side->heard_at = pump->active_at;
  side->forwarder = duplex_forwarder_new (sender, &pump->settings->limits);
}

DuplexPump *
duplex_pump_new (DuplexPoller             *poller,
                 DuplexLeg                *client,
                 DuplexLeg                *backend,
                 const DuplexPumpSettings *settings,
                 DuplexPumpStats          *stats,
                 DuplexPumpEnded           ended,
                 gpointer                  user_data)
{
  DuplexPump *self;

  g_return_val_if_fail (poller != NULL && client != NULL, NULL);
  g_return_val_if_fail (settings != NULL && stats != NULL && ended != NULL, NULL);

  self = g_new0 (DuplexPump, 1);
  self->poller = poller;
  self->settings = settings;
  self->stats = stats;
  self->ended = ended;
  self->user_data = user_data;
  self->active_at = g_get_monotonic_time ();
  self->deadline.func = deadline_cb;
  side_init (&self->client, self, client, DUPLEX_ROLE_CLIENT);
  side_init (&self->backend, self, backend, DUPLEX_ROLE_SERVER);
  return self;
}

static void
side_clear (Side *side)
{
  end_leg (side);
  duplex_forwarder_free (side->forwarder);
  g_clear_pointer (&side->unread, g_bytes_unref);
}

void
duplex_pump_free (DuplexPump *self)
{
  if (self == NULL)
    return;
  duplex_poller_clear_deadline (self->poller, &self->deadline);
  side_clear (&self->client);
  side_clear (&self->backend);
  g_free (self);
}

void
duplex_pump_set_deflate (DuplexPump *self)
{
  g_return_if_fail (self != NULL);

  duplex_forwarder_set_deflate (self->client.forwarder);
  duplex_forwarder_set_deflate (self->backend.forwarder);
}

void
duplex_pump_unread (DuplexPump *self,
                    DuplexRole  sender,
                    GBytes     *bytes)
{
  Side *side;

  g_return_if_fail (self != NULL && !self->started);

  side = sender == DUPLEX_ROLE_CLIENT ? &self->client : &self->backend;
  g_clear_pointer (&side->unread, g_bytes_unref);
  if (bytes != NULL && g_bytes_get_size (bytes) > 0)
    side->unread = g_bytes_ref (bytes);
}

void
duplex_pump_set_tap (DuplexPump          *self,
                     const DuplexPumpTap *tap,
                     gpointer             user_data)
{
  g_return_if_fail (self != NULL && !self->started);

  self->tap = tap;
  self->tap_data = user_data;
}

void
duplex_pump_greet (DuplexPump *self,
                   const char *text)
{
  g_return_if_fail (self != NULL && text != NULL);
  g_return_if_fail (!self->started);

  queue_frame (&self->client, DUPLEX_OPCODE_TEXT, (const guint8 *)text, strlen (text));
}

void
duplex_pump_start (DuplexPump *self)
{
  g_return_if_fail (self != NULL);

  self->started = TRUE;
  if (self->client.leg != NULL)
    duplex_leg_set_ready (self->client.leg, ready_cb, &self->client);
  if (self->backend.leg != NULL)
    duplex_leg_set_ready (self->backend.leg, ready_cb, &self->backend);
  settle (self);
}

void
duplex_pump_close (DuplexPump *self,
                   guint16     code,
                   const char *reason)
{
  g_return_if_fail (self != NULL);

  queue_close (&self->client, code, reason);
  queue_close (&self->backend, code, reason);
  settle (self);
}

static void
describe_end (Side          *side,
              DuplexPumpEnd *ret_end)
{
  if (ret_end != NULL)
    *ret_end = (DuplexPumpEnd){
      .code_sent = side->code_sent,
      .code_received = side->code_received,
      .n_messages = duplex_forwarder_get_n_messages (side->forwarder),
      .n_bytes = side->n_bytes,
      .n_late = side->n_late,
    };
}

void
duplex_pump_get_ends (DuplexPump    *self,
                      DuplexPumpEnd *ret_client,
                      DuplexPumpEnd *ret_backend)
{
  g_return_if_fail (self != NULL);

  describe_end (&self->client, ret_client);
  describe_end (&self->backend, ret_backend);
}
