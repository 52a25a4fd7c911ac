/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A pump's two sides: an end each, with what comes from it and what goes to it. */

#include "core/io/duplex-byte-queue.h"
#include "core/io/duplex-pump.h"

G_BEGIN_DECLS

typedef struct _DuplexPumpSide DuplexPumpSide;

struct _DuplexPumpSide
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
  gboolean   hung_up;   /* the end of its stream has come, maybe behind bytes that are unread */
  guint16    code_sent; /* of the Close that left, or is queued */
  guint16    code_received;
  gint64     heard_at;   /* when bytes came from it last, monotonic µs */
  gint64     pinged_at;  /* and when it was pinged because none came, 0 for not */
  gint64     waits_from; /* when what waits for it was read, monotonic µs */
  gint64     moved_at;   /* when some of what waited left last, monotonic µs */
  gint64     ending_at;  /* since when nothing but its end is awaited, monotonic µs, 0 for not */
  guint64    acked;      /* bytes that its system had acknowledged when that was looked at last */
  guint64    n_bytes;
  guint64    n_late;
};

struct _DuplexPump
{
  /* owned */
  DuplexPumpSide client;
  DuplexPumpSide backend;
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
  gint64          active_at; /* when bytes moved last, monotonic µs */
};

void duplex_pump_side_init (DuplexPumpSide *side,
                            DuplexPump     *pump,
                            DuplexLeg      *leg,
                            DuplexRole      sender);
void duplex_pump_side_clear (DuplexPumpSide *side);

static inline DuplexPumpSide *
duplex_pump_side_get_other (DuplexPumpSide *side)
{
  return side == &side->pump->client ? &side->pump->backend : &side->pump->client;
}

/* Something waits for it. */
static inline gboolean
duplex_pump_side_is_blocked (const DuplexPumpSide *side)
{
  return duplex_byte_queue_get_size (&side->out) > 0;
}

/* Writes what waits, as far as the end takes it. */
void duplex_pump_side_flush (DuplexPumpSide *side);

/* Reads until it would block, or its quota is used up, or the other end blocks, and passes on what
 * that is. */
void duplex_pump_side_read (DuplexPumpSide *side);

/* A frame of the relay's own. */
void duplex_pump_side_queue_frame (DuplexPumpSide *side,
                                   DuplexOpcode    opcode,
                                   const guint8   *payload,
                                   gsize           len);
/* A Close, where it has got none. */
void duplex_pump_side_queue_close (DuplexPumpSide *side,
                                   guint16         code,
                                   const char     *reason);
/* The one that is said to an end that is left over. */
void duplex_pump_side_queue_lost (DuplexPumpSide *side);

/* Closes it at once. */
void duplex_pump_side_end (DuplexPumpSide *side);

G_END_DECLS
