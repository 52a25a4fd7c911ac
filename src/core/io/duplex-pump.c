/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-pump.h"

#include <string.h>

#include "core/io/duplex-io-thread.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-limits.h"

/* Bytes of one read, into memory that all pumps of a thread share. */
#define SCRATCH_SIZE ((gsize)64 * 1024)
/* Reads of one end before the others have their turn. */
#define READS_AT_ONCE 4

typedef struct
{
  /* owned */
  DuplexLeg       *leg; /* NULL once it has ended */
  DuplexForwarder *forwarder;
  DuplexByteQueue  out;

  /* borrowed */
  DuplexPump *pump;

  /* state */
  DuplexRole sender;         /* what the end is */
  gboolean   paused;         /* not read, since too much waits for the other */
  gboolean   close_queued;   /* a Close was appended to out, and nothing comes behind it */
  gboolean   close_received; /* or something that cannot be followed further */
  gboolean   broken;         /* the latter */
  gboolean   read_ended;
  gboolean   write_failed;
  gboolean   shut;
  guint16    code_sent;
  guint16    code_received;
} Side;

struct _DuplexPump
{
  /* owned */
  Side     client;
  Side     backend;
  GSource *timer; /* for the next deadline, and for the end */

  /* state */
  DuplexPumpSettings settings;
  DuplexPumpEnded    ended;
  gpointer           user_data;
  gboolean           started;
  gboolean           finished;
  gint64             active_at;      /* when bytes moved last, monotonic µs */
  gint64             close_deadline; /* monotonic µs, 0 for none */
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

/* ---- Close frames ---- */

static void
queue_close_body (Side         *side,
                  guint16       code,
                  const guint8 *body,
                  gsize         len)
{
  if (side->leg == NULL || side->close_queued)
    return;
  side->close_queued = TRUE;
  side->code_sent = code;
  if (!side->write_failed)
    duplex_forwarder_write (&side->out, get_own_role (side), DUPLEX_OPCODE_CLOSE, /* fin= */ TRUE,
                            body, len);
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

/* ---- one end ---- */

static void
flush (Side *side)
{
  const guint8 *data;
  gsize         size;
  gsize         len;

  if (side->leg == NULL || side->write_failed)
    return;
  while ((data = duplex_byte_queue_peek (&side->out, &size)) != NULL)
    {
      switch (duplex_leg_write (side->leg, data, size, &len))
        {
        case DUPLEX_LEG_OK:
          duplex_byte_queue_consume (&side->out, len);
          side->pump->active_at = g_get_monotonic_time ();
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

static void
handle_state (Side              *side,
              DuplexForwardState state)
{
  Side *other = get_other (side);

  if (state == DUPLEX_FORWARD_CLOSED)
    {
      gsize         len;
      const guint8 *body = duplex_forwarder_get_close_body (side->forwarder, &len);

      side->close_received = TRUE;
      side->code_received = duplex_forwarder_get_code (side->forwarder);
      queue_close_body (other, side->code_received, body, len);
    }
  else if (state == DUPLEX_FORWARD_BROKEN)
    {
      side->close_received = side->broken = TRUE;
      queue_close (side, duplex_forwarder_get_code (side->forwarder),
                   duplex_forwarder_get_reason (side->forwarder));
      queue_lost (other);
    }
}

static void
feed (Side         *side,
      const guint8 *data,
      gsize         len)
{
  Side    *other = get_other (side);
  gboolean heard = other->leg != NULL && !other->close_queued && !other->write_failed;

  if (!side->close_received)
    handle_state (side, duplex_forwarder_feed (side->forwarder, data, len,
                                               heard ? &other->out : NULL,
                                               side->pump->active_at));
}

/* How much may be read of side: what goes nowhere needs no room. */
static gsize
get_room (Side *side)
{
  Side *other = get_other (side);
  gsize waiting = duplex_byte_queue_get_size (&other->out);

  if (side->close_received || other->leg == NULL || other->close_queued || other->write_failed)
    return SCRATCH_SIZE;
  return waiting < DUPLEX_LIMIT_PUMP_BUFFER
           ? MIN (DUPLEX_LIMIT_PUMP_BUFFER - waiting, SCRATCH_SIZE)
           : 0;
}

static void
handle_read_end (Side *side)
{
  side->read_ended = TRUE;
  if (!side->close_received)
    queue_lost (get_other (side));
}

static void
read_some (Side *side)
{
  static __thread guint8 scratch[SCRATCH_SIZE];

  for (guint i = 0; i < READS_AT_ONCE && !side->read_ended; i++)
    {
      gsize           room = get_room (side);
      gsize           len;
      DuplexLegResult result;

      if (room == 0)
        return;
      result = duplex_leg_read (side->leg, scratch, room, &len);
      if (result == DUPLEX_LEG_WOULD_BLOCK)
        return;
      if (result == DUPLEX_LEG_ENDED)
        {
          handle_read_end (side);
          return;
        }
      side->pump->active_at = g_get_monotonic_time ();
      feed (side, scratch, len);
      flush (get_other (side));
      if (len < room)
        return;
    }
}

/* ---- both ---- */

static void
end_leg (Side *side)
{
  g_clear_pointer (&side->leg, duplex_leg_free);
  duplex_byte_queue_clear (&side->out);
}

static gboolean
has_left (Side *side)
{
  return side->write_failed || duplex_byte_queue_get_size (&side->out) == 0;
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

static void
watch_side (Side *side)
{
  GIOCondition conditions = 0;

  if (side->leg == NULL)
    return;
  /* A paused end is read again when there is room for much: not for every few bytes. */
  if (get_room (side) == 0)
    side->paused = TRUE;
  else if (get_room (side) == SCRATCH_SIZE)
    side->paused = FALSE;
  if (!side->read_ended && !side->paused)
    conditions |= G_IO_IN;
  if (duplex_byte_queue_get_size (&side->out) > 0)
    conditions |= G_IO_OUT;
  duplex_leg_watch (side->leg, conditions);
}

static gboolean
awaits_end (Side *side)
{
  return side->leg != NULL && has_left (side) && (side->close_queued || side->write_failed);
}

/* The close timeout runs from when a Close has left. */
static void
set_timer (DuplexPump *self)
{
  gint64 due = -1;

  if (!awaits_end (&self->client) && !awaits_end (&self->backend))
    self->close_deadline = 0;
  else if (self->close_deadline == 0)
    self->close_deadline =
      g_get_monotonic_time () + (gint64)self->settings.close_timeout * G_USEC_PER_SEC;

  if (self->finished)
    due = 0;
  else if (self->close_deadline > 0)
    due = self->close_deadline;
  else if (self->settings.idle_timeout > 0)
    {
      /* Where nothing moved the deadline is not: the source is touched once a timeout only. */
      due = g_source_get_ready_time (self->timer);
      if (due <= 0)
        due = self->active_at + (gint64)self->settings.idle_timeout * G_USEC_PER_SEC;
    }
  if (due != g_source_get_ready_time (self->timer))
    g_source_set_ready_time (self->timer, due);
}

/* After whatever happened: what follows from it. */
static void
settle (DuplexPump *self)
{
  if (!self->started)
    return;
  settle_side (&self->client);
  settle_side (&self->backend);
  self->finished = self->client.leg == NULL && self->backend.leg == NULL;
  watch_side (&self->client);
  watch_side (&self->backend);
  set_timer (self);
}

static void
ready_cb (DuplexLeg   *leg,
          GIOCondition conditions,
          gpointer     data)
{
  Side *side = data;

  if (conditions & G_IO_OUT)
    flush (side);
  if (conditions & G_IO_IN)
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
handle_idle (DuplexPump *self)
{
  gint64 due = self->active_at + (gint64)self->settings.idle_timeout * G_USEC_PER_SEC;

  if (due > g_get_monotonic_time ())
    {
      g_source_set_ready_time (self->timer, due);
      return;
    }
  g_source_set_ready_time (self->timer, -1);
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

static gboolean
timer_cb (gpointer data)
{
  DuplexPump *self = data;

  if (self->finished)
    {
      g_source_set_ready_time (self->timer, -1);
      self->ended (self, self->user_data);
      return G_SOURCE_CONTINUE;
    }
  if (self->close_deadline == 0)
    handle_idle (self);
  else if (self->close_deadline <= g_get_monotonic_time ())
    {
      gboolean client = awaits_end (&self->client);
      gboolean backend = awaits_end (&self->backend);

      self->close_deadline = 0;
      if (client)
        give_up (&self->client);
      if (backend)
        give_up (&self->backend);
    }
  settle (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
timer_dispatch (GSource    *source,
                GSourceFunc callback,
                gpointer    data)
{
  return callback (data);
}

/* ---- public ---- */

static void
side_init (Side       *side,
           DuplexPump *pump,
           DuplexLeg  *leg,
           DuplexRole  sender)
{
  DuplexForwardLimits limits = pump->settings.limits;

  if (sender == DUPLEX_ROLE_SERVER)
    limits.rate = 0;
  side->pump = pump;
  side->leg = leg;
  side->sender = sender;
  side->forwarder = duplex_forwarder_new (sender, &limits);
  if (leg != NULL)
    duplex_leg_set_ready (leg, ready_cb, side);
}

DuplexPump *
duplex_pump_new (DuplexLeg                *client,
                 DuplexLeg                *backend,
                 const DuplexPumpSettings *settings,
                 DuplexPumpEnded           ended,
                 gpointer                  user_data)
{
  static GSourceFuncs funcs = { .dispatch = timer_dispatch };
  DuplexPump         *self;

  g_return_val_if_fail (client != NULL, NULL);
  g_return_val_if_fail (settings != NULL && ended != NULL, NULL);

  self = g_new0 (DuplexPump, 1);
  self->settings = *settings;
  self->ended = ended;
  self->user_data = user_data;
  self->active_at = g_get_monotonic_time ();
  self->timer = g_source_new (&funcs, sizeof (GSource));
  g_source_set_callback (self->timer, timer_cb, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
  side_init (&self->client, self, client, DUPLEX_ROLE_CLIENT);
  side_init (&self->backend, self, backend, DUPLEX_ROLE_SERVER);
  return self;
}

void
duplex_pump_free (DuplexPump *self)
{
  if (self == NULL)
    return;
  duplex_io_clear_source (&self->timer);
  end_leg (&self->client);
  end_leg (&self->backend);
  duplex_forwarder_free (self->client.forwarder);
  duplex_forwarder_free (self->backend.forwarder);
  g_free (self);
}

void
duplex_pump_greet (DuplexPump *self,
                   const char *text)
{
  g_return_if_fail (self != NULL && text != NULL);
  g_return_if_fail (!self->started);

  duplex_forwarder_write (&self->client.out, DUPLEX_ROLE_SERVER, DUPLEX_OPCODE_TEXT,
                          /* fin= */ TRUE, (const guint8 *)text, strlen (text));
}

void
duplex_pump_start (DuplexPump *self)
{
  g_return_if_fail (self != NULL);

  self->started = TRUE;
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
      .n_bytes = duplex_forwarder_get_n_bytes (side->forwarder),
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
