/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/io/duplex-pump-private.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-limits.h"

/* Of one end before the others have their turn: reads, which TLS may fill with a few bytes each,
 * and bytes. With half as many a crowd of ends loses pace; with more each of them waits longer. */
#define READS_AT_ONCE 16
#define BYTES_AT_ONCE (2 * DUPLEX_LIMIT_PUMP_BUFFER)

static DuplexRole
get_own_role (DuplexPumpSide *side)
{
  return side->sender == DUPLEX_ROLE_CLIENT ? DUPLEX_ROLE_SERVER : DUPLEX_ROLE_CLIENT;
}

/* ---- what goes to an end ---- */

/* A Close is the last of it. */
static void
drop_queue (DuplexPumpSide *side)
{
  if (duplex_pump_side_is_blocked (side))
    side->code_sent = 0;
  duplex_byte_queue_clear (&side->out);
}

void
duplex_pump_side_flush (DuplexPumpSide *side)
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
          self->active_at = side->moved_at = g_get_monotonic_time ();
          if (duplex_pump_side_is_blocked (side))
            break;
          duplex_pump_stats_wait (self->stats, self->active_at - side->waits_from);
          /* A Ping may have been among it: the time for its answer begins now. */
          if (side->pinged_at > 0)
            side->pinged_at = self->active_at;
          break;
        case DUPLEX_LEG_WOULD_BLOCK:
          return;
        case DUPLEX_LEG_ENDED:
        default:
          /* What it sent may still be read, a Close above all. */
          side->write_failed = TRUE;
          drop_queue (side);
          return;
        }
    }
}

/* What is left of spans behind the first done bytes. */
static void
queue_rest (DuplexPumpSide      *side,
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
send_spans (DuplexPumpSide         *side,
            const DuplexForwardOut *out,
            gint64                  read_at)
{
  DuplexPump *self = side->pump;
  gsize       len = 0;

  if (out->n == 0)
    return;
  if (self->tap != NULL)
    self->tap->sent (side->sender, out->spans, out->n, self->tap_data);
  if (!duplex_pump_side_is_blocked (side))
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
  duplex_pump_side_flush (side);
}

/* A frame of the relay's own. */
void
duplex_pump_side_queue_frame (DuplexPumpSide *side,
                              DuplexOpcode    opcode,
                              const guint8   *payload,
                              gsize           len)
{
  DuplexPump   *self = side->pump;
  GOutputVector span;
  guint8       *room;

  if (side->leg == NULL || side->write_failed)
    return;
  if (!duplex_pump_side_is_blocked (side))
    side->waits_from = g_get_monotonic_time ();
  room = duplex_byte_queue_reserve (&side->out, len + DUPLEX_FRAME_HEADER_MAX);
  span.buffer = room;
  span.size = duplex_forwarder_write (room, get_own_role (side), opcode, payload, len);
  duplex_byte_queue_commit (&side->out, span.size);
  if (self->tap != NULL)
    self->tap->sent (side->sender, &span, 1, self->tap_data);
}

static void
queue_close_body (DuplexPumpSide *side,
                  guint16         code,
                  const guint8   *body,
                  gsize           len)
{
  if (side->leg == NULL || side->close_queued)
    return;
  duplex_pump_side_queue_frame (side, DUPLEX_OPCODE_CLOSE, body, len);
  side->close_queued = TRUE;
  if (!side->write_failed)
    side->code_sent = code;
}

void
duplex_pump_side_queue_close (DuplexPumpSide *side,
                              guint16         code,
                              const char     *reason)
{
  g_autoptr (GBytes) body = duplex_close_body_new (code, reason);
  gsize              len;
  const guint8      *data = g_bytes_get_data (body, &len);

  queue_close_body (side, code, data, len);
}

/* What is said to the end that is left over. */
void
duplex_pump_side_queue_lost (DuplexPumpSide *side)
{
  if (side->sender == DUPLEX_ROLE_CLIENT)
    duplex_pump_side_queue_close (side, DUPLEX_CLOSE_INTERNAL_ERROR, "Backend error");
  else
    duplex_pump_side_queue_close (side, DUPLEX_CLOSE_GOING_AWAY, NULL);
}

/* ---- what comes from an end ---- */

static gboolean
is_heard (DuplexPumpSide *side)
{
  DuplexPumpSide *other = duplex_pump_side_get_other (side);

  return other->leg != NULL && !other->close_queued && !other->write_failed;
}

static void
count_late (DuplexPumpSide *side,
            gsize           n)
{
  side->n_late += n;
  duplex_pump_stats_count (&side->pump->stats->n_late[side->sender], n);
}

static void
handle_state (DuplexPumpSide    *side,
              DuplexForwardState state)
{
  if (state == DUPLEX_FORWARD_CLOSED)
    {
      gsize         len;
      const guint8 *body = duplex_forwarder_get_close_body (side->forwarder, &len);

      side->close_received = TRUE;
      side->code_received = duplex_forwarder_get_code (side->forwarder);
      queue_close_body (duplex_pump_side_get_other (side), side->code_received, body, len);
    }
  else if (state == DUPLEX_FORWARD_BROKEN)
    {
      side->close_received = side->broken = TRUE;
      duplex_pump_side_queue_close (side, duplex_forwarder_get_code (side->forwarder),
                                    duplex_forwarder_get_reason (side->forwarder));
      duplex_pump_side_queue_lost (duplex_pump_side_get_other (side));
    }
}

/* Of the Close that has come: it is expected. */
static gsize
get_close_size (DuplexPumpSide    *side,
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
feed (DuplexPumpSide *side,
      const guint8   *data,
      gsize           len,
      gsize           held_len,
      gint64          now)
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
        send_spans (duplex_pump_side_get_other (side), &out, now);
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
hold (DuplexPumpSide *side,
      const guint8   *data,
      gsize           len)
{
  g_free (side->held);
  side->held = len > 0 ? g_memdup2 (data, len) : NULL;
  side->held_len = len;
}

static void
handle_read_end (DuplexPumpSide *side)
{
  side->read_ended = TRUE;
  hold (side, NULL, 0);
  /* A Close from both ends went before it, or the rest of the connection is told. */
  if (!side->close_received)
    duplex_pump_side_queue_lost (duplex_pump_side_get_other (side));
}

static DuplexLegResult
read_leg (DuplexPumpSide *side,
          guint8         *data,
          gsize           size,
          gsize          *ret_len)
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
handle_bytes (DuplexPumpSide *side,
              guint8         *scratch,
              gsize           held_len,
              gsize           len)
{
  DuplexPump *self = side->pump;
  gint64      now = duplex_poller_get_time (self->poller);
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

/* Of the thread. Not a thread-local array, which every other thread would have, too. */
static guint8 *
get_scratch (void)
{
  static GPrivate own = G_PRIVATE_INIT (g_free);
  guint8         *scratch = g_private_get (&own);

  if (scratch == NULL)
    {
      scratch = g_malloc (DUPLEX_LIMIT_PUMP_HOLD + DUPLEX_LIMIT_PUMP_BUFFER);
      g_private_set (&own, scratch);
    }
  return scratch;
}

/* Until it would block, or its quota is used up, or the other end blocks. What is not a whole frame
 * stands at the beginning of scratch meanwhile. */
void
duplex_pump_side_read (DuplexPumpSide *side)
{
  guint8         *scratch;
  DuplexLegResult result = DUPLEX_LEG_OK;
  gsize           left = BYTES_AT_ONCE;
  gsize           len;

  if (side->leg == NULL || side->read_ended)
    return;
  scratch = get_scratch ();
  if (side->held != NULL)
    memcpy (scratch, side->held, side->held_len);
  for (guint i = 0; i < READS_AT_ONCE && left > 0 && !side->paused; i++)
    {
      side->paused = duplex_pump_side_is_blocked (duplex_pump_side_get_other (side));
      if (side->paused)
        break;
      result = read_leg (side, scratch + side->held_len, MIN (left, DUPLEX_LIMIT_PUMP_BUFFER),
                         &len);
      if (result != DUPLEX_LEG_OK)
        break;
      handle_bytes (side, scratch, side->held_len, len);
      left -= len;
    }
  hold (side, scratch, side->held_len);
  if (result == DUPLEX_LEG_ENDED)
    handle_read_end (side);
  else if (result == DUPLEX_LEG_OK && !side->paused)
    duplex_leg_again (side->leg);
}

/* ---- its life ---- */

void
duplex_pump_side_end (DuplexPumpSide *side)
{
  g_clear_pointer (&side->leg, duplex_leg_free);
  drop_queue (side);
  hold (side, NULL, 0);
}

void
duplex_pump_side_init (DuplexPumpSide *side,
                       DuplexPump     *pump,
                       DuplexLeg      *leg,
                       DuplexRole      sender)
{
  side->pump = pump;
  side->leg = leg;
  side->sender = sender;
  side->heard_at = pump->active_at;
  side->forwarder = duplex_forwarder_new (sender, &pump->settings->limits);
}

void
duplex_pump_side_clear (DuplexPumpSide *side)
{
  duplex_pump_side_end (side);
  duplex_forwarder_free (side->forwarder);
  g_clear_pointer (&side->unread, g_bytes_unref);
}
