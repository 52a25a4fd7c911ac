/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/io/duplex-pump-private.h"
#include "core/proto/duplex-close-code.h"

static gboolean
has_left (DuplexPumpSide *side)
{
  return side->write_failed || !duplex_pump_side_is_blocked (side);
}

/* Its end was read, and nothing more is to be said to it. An end that said Close before still
 * reads: the other's last words, and its Close. */
static gboolean
is_done (DuplexPumpSide *side)
{
  if (!side->read_ended)
    return FALSE;
  return side->write_failed || !side->close_received || (side->close_queued && has_left (side));
}

/* RFC 6455 §7.1.1: the server ends TCP first. So the client reads our end once both Closes have
 * passed, and the backend's is waited for. */
static void
settle_side (DuplexPumpSide *side)
{
  if (side->leg == NULL)
    return;
  duplex_pump_side_flush (side);
  if (is_done (side))
    {
      duplex_pump_side_end (side);
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
resume (DuplexPumpSide *side)
{
  DuplexPumpSide *other = duplex_pump_side_get_other (side);

  if (side->leg == NULL || !side->paused || duplex_pump_side_is_blocked (other))
    return;
  side->paused = FALSE;
  /* Its answer to a Ping may be among what is read now. */
  if (side->pinged_at > 0)
    side->pinged_at = g_get_monotonic_time ();
  duplex_leg_again (side->leg);
}

/* ---- time ---- */

static gint64
get_close_timeout (DuplexPump *self)
{
  return (gint64)self->settings->close_timeout * G_USEC_PER_SEC;
}

/* Nothing but its end is awaited, or that it takes what the other end, which has gone, has left. */
static gboolean
is_ending (DuplexPumpSide *side)
{
  if (side->leg == NULL)
    return FALSE;
  return side->close_queued || side->write_failed ||
         (duplex_pump_side_get_other (side)->hung_up && duplex_pump_side_is_blocked (side));
}

/* What has left us may wait in our system for a peer that reads slowly. Returns TRUE where some of
 * it has arrived since the last look, and some has not. */
static gboolean
look_what_arrives (DuplexPumpSide *side)
{
  DuplexSocketLook look;
  gboolean         arrives;

  duplex_leg_look (side->leg, &look);
  arrives = look.waits && look.acked > side->acked;
  side->acked = look.acked;
  return arrives;
}

static void
note_ending (DuplexPumpSide *side)
{
  if (!is_ending (side))
    side->ending_at = 0;
  else if (side->ending_at == 0)
    {
      side->ending_at = g_get_monotonic_time ();
      look_what_arrives (side);
    }
}

/* Each byte that leaves begins the time anew. */
static gint64
get_end_due (DuplexPumpSide *side)
{
  return side->ending_at > 0
           ? MAX (side->ending_at, side->moved_at) + get_close_timeout (side->pump)
           : G_MAXINT64;
}

/* An end that cannot be told, or whose bytes are not read, has a right to be silent. */
static gboolean
may_be_pinged (DuplexPumpSide *side)
{
  return side->leg != NULL && !side->close_queued && !side->close_received &&
         !side->write_failed && !side->read_ended && !side->paused &&
         !duplex_pump_side_is_blocked (side);
}

static gint64
get_ping_interval (DuplexPump *self)
{
  return (gint64)self->settings->ping_interval * G_USEC_PER_SEC;
}

static gint64
get_ping_due (DuplexPumpSide *side,
              gint64          now)
{
  gint64 interval = get_ping_interval (side->pump);

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

/* Deadlines but those of ends are not moved while bytes move, but looked at again when they are
 * due. */
static void
set_deadline (DuplexPump *self)
{
  gint64 due;

  note_ending (&self->client);
  note_ending (&self->backend);
  if (self->finished)
    due = 0;
  else if (self->client.ending_at > 0 || self->backend.ending_at > 0)
    due = MIN (get_end_due (&self->client), get_end_due (&self->backend));
  else if (duplex_deadline_is_set (&self->deadline))
    return;
  else
    due = get_quiet_due (self);
  if (due == G_MAXINT64)
    duplex_poller_clear_deadline (self->poller, &self->deadline);
  else
    duplex_poller_set_deadline (self->poller, &self->deadline, due);
}

/* It is read and written, and nothing follows from that. */
static gboolean
is_calm (const DuplexPumpSide *side)
{
  return side->leg != NULL && !duplex_pump_side_is_blocked (side) && !side->paused &&
         !side->close_queued && !side->close_received && !side->read_ended &&
         !side->write_failed && !side->hung_up && side->ending_at == 0;
}

/* After whatever happened: what follows from it. */
static void
settle (DuplexPump *self)
{
  if (!self->started)
    return;
  /* As it is after nearly every frame, the cost of which this would be a fifth of. */
  if (is_calm (&self->client) && is_calm (&self->backend) &&
      duplex_deadline_is_set (&self->deadline))
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
  DuplexPumpSide *side = data;

  if (!side->pump->started)
    return;
  if (conditions & G_IO_HUP)
    side->hung_up = TRUE;
  if (duplex_pump_side_is_blocked (side))
    duplex_pump_side_flush (side);
  if (conditions != G_IO_OUT)
    duplex_pump_side_read (side);
  settle (side->pump);
}

/* ---- deadlines ---- */

/* The end did not end in time. The other one may still wait for an answer to its Close. */
static void
give_up (DuplexPumpSide *side)
{
  DuplexPumpSide *other = duplex_pump_side_get_other (side);

  duplex_pump_side_end (side);
  if (other->code_received != 0)
    duplex_pump_side_queue_close (other, other->code_received, NULL);
  else
    duplex_pump_side_queue_lost (other);
}

static void
handle_end_due (DuplexPumpSide *side,
                gint64          now)
{
  if (get_end_due (side) > now)
    return;
  if (look_what_arrives (side))
    side->ending_at = now;
  else
    give_up (side);
}

static void
handle_idle (DuplexPump *self)
{
  self->active_at = g_get_monotonic_time ();
  duplex_pump_side_queue_close (&self->client, DUPLEX_CLOSE_GOING_AWAY, "Idle timeout");
  duplex_pump_side_queue_close (&self->backend, DUPLEX_CLOSE_GOING_AWAY, "Idle timeout");
}

/* What waits for an end is its Ping: its system answers it, whether the end reads or not. */
static gboolean
has_vanished (DuplexPumpSide *side)
{
  DuplexSocketLook look;

  if (side->leg == NULL || !duplex_pump_side_is_blocked (side))
    return FALSE;
  duplex_leg_look (side->leg, &look);
  return look.silence >= 2 * get_ping_interval (side->pump);
}

static void
handle_silence (DuplexPumpSide *side,
                gint64          now)
{
  gboolean pinged = may_be_pinged (side) && get_ping_due (side, now) <= now;
  guint64  payload;

  if ((pinged && side->pinged_at > 0) || has_vanished (side))
    {
      duplex_pump_side_queue_close (side, DUPLEX_CLOSE_GOING_AWAY, "Ping timeout");
      duplex_pump_side_queue_lost (duplex_pump_side_get_other (side));
      return;
    }
  if (!pinged)
    return;
  payload = (guint64)g_random_int () << 32 | g_random_int ();
  duplex_forwarder_expect_pong (side->forwarder, payload);
  duplex_pump_side_queue_frame (side, DUPLEX_OPCODE_PING, (const guint8 *)&payload, sizeof payload);
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
  if (self->client.ending_at > 0 || self->backend.ending_at > 0)
    {
      handle_end_due (&self->client, now);
      handle_end_due (&self->backend, now);
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
  duplex_pump_side_init (&self->client, self, client, DUPLEX_ROLE_CLIENT);
  duplex_pump_side_init (&self->backend, self, backend, DUPLEX_ROLE_SERVER);
  return self;
}

void
duplex_pump_free (DuplexPump *self)
{
  if (self == NULL)
    return;
  duplex_poller_clear_deadline (self->poller, &self->deadline);
  duplex_pump_side_clear (&self->client);
  duplex_pump_side_clear (&self->backend);
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
  DuplexPumpSide *side;

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

  duplex_pump_side_queue_frame (&self->client, DUPLEX_OPCODE_TEXT, (const guint8 *)text,
                                strlen (text));
}

static void
listen_to (DuplexPumpSide *side)
{
  if (side->leg == NULL)
    return;
  duplex_leg_set_ready (side->leg, ready_cb, side);
  duplex_leg_set_brief (side->leg);
}

void
duplex_pump_start (DuplexPump *self)
{
  g_return_if_fail (self != NULL);

  self->started = TRUE;
  listen_to (&self->client);
  listen_to (&self->backend);
  settle (self);
}

void
duplex_pump_close (DuplexPump *self,
                   guint16     code,
                   const char *reason)
{
  g_return_if_fail (self != NULL);

  duplex_pump_side_queue_close (&self->client, code, reason);
  duplex_pump_side_queue_close (&self->backend, code, reason);
  settle (self);
}

static void
describe_end (DuplexPumpSide *side,
              DuplexPumpEnd  *ret_end)
{
  if (ret_end != NULL)
    *ret_end = (DuplexPumpEnd){
      .code_sent = duplex_pump_side_is_blocked (side) ? 0 : side->code_sent,
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
