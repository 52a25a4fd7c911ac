/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Carries frames between a client and a backend, both open, until both have ended. At most
 * DUPLEX_LIMIT_PUMP_BUFFER and DUPLEX_LIMIT_PUMP_HOLD bytes wait in each direction, and memory is
 * taken only while they do: meanwhile the end that sent them is not read, and TCP slows it. An end
 * may stop reading for as long as it likes. What waits is delivered before a Close; but where the
 * other end has gone, or the relay closes, the end has the close timeout for each step of that, and
 * is let go with the rest when its system acknowledged nothing for so long. So a slow reader gets
 * all, and one that has stopped keeps nothing open that nobody else uses.
 *
 *   Close from one end        carried over, and so is the answer
 *   end lost without a Close  the client gets 1011 "Backend error", the backend 1001
 *   end breaks a rule         it gets 1002, 1007, 1008 or 1009; the other as if it was lost
 *   end that answers no Ping  it gets 1001 "Ping timeout"; the other as if it was lost
 *   end that takes nothing    likewise, where its system does not answer TCP for as long
 *
 * One thread, the poller's. */

#include "core/io/duplex-forwarder.h"
#include "core/io/duplex-leg.h"
#include "core/io/duplex-pump-stats.h"

G_BEGIN_DECLS

typedef struct
{
  DuplexForwardLimits limits;
  guint               idle_timeout;  /* seconds without a byte, 0 for ever; then 1001 both ways */
  guint               close_timeout; /* seconds from a Close that has left to the end of TCP, and
                                        those without progress before that */
  guint ping_interval;               /* seconds without a byte from an end after which it gets a
                                        Ping, and after as many more is given up; 0 for never */
} DuplexPumpSettings;

/* Whoever records what passes. Within these calls only data is to be copied. */
typedef struct
{
  /* Bytes as they came from an end. begin is where in data the last frame begins that begins there,
   * G_MAXSIZE where none does. */
  void (*received) (DuplexRole    sender,
                    const guint8 *data,
                    gsize         len,
                    gsize         begin,
                    gpointer      user_data);
  /* Whole frames that are on their way to an end. */
  void (*sent) (DuplexRole           receiver,
                const GOutputVector *spans,
                guint                n,
                gpointer             user_data);
} DuplexPumpTap;

typedef struct _DuplexPump DuplexPump;

/* Called once, from the main loop; free the pump then. */
typedef void (*DuplexPumpEnded) (DuplexPump *self,
                                 gpointer    user_data);

/* Takes both legs; backend is NULL where there is none, and then duplex_pump_close() is due.
 * settings and stats are borrowed for life. */
DuplexPump *duplex_pump_new (DuplexPoller             *poller,
                             DuplexLeg                *client,
                             DuplexLeg                *backend,
                             const DuplexPumpSettings *settings,
                             DuplexPumpStats          *stats,
                             DuplexPumpEnded           ended,
                             gpointer                  user_data);
/* Closes what is open at once. */
void duplex_pump_free (DuplexPump *self);

/* These before duplex_pump_start(): both ends have agreed on permessage-deflate; bytes that an end
 * sent behind its handshake; who records (borrowed for life); and a text message of the relay's own
 * to the client. */
void duplex_pump_set_deflate (DuplexPump *self);
void duplex_pump_unread (DuplexPump *self,
                         DuplexRole  sender,
                         GBytes     *bytes);
void duplex_pump_set_tap (DuplexPump          *self,
                          const DuplexPumpTap *tap,
                          gpointer             user_data);
void duplex_pump_greet (DuplexPump *self,
                        const char *text);

/* Begins to read. */
void duplex_pump_start (DuplexPump *self);

/* A Close to each end that has none yet, behind what waits. */
void duplex_pump_close (DuplexPump *self,
                        guint16     code,
                        const char *reason);

void duplex_pump_get_ends (DuplexPump    *self,
                           DuplexPumpEnd *ret_client,
                           DuplexPumpEnd *ret_backend);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexPump, duplex_pump_free)

G_END_DECLS
