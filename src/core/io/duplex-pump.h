/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Carries frames between a client and a backend, both open, until both have ended. At most
 * DUPLEX_LIMIT_PUMP_BUFFER bytes wait in each direction: while they do, the end that sent them is
 * not read, and TCP slows it. What waits is delivered before a Close.
 *
 *   Close from one end        carried over, and so is the answer
 *   end lost without a Close  the client gets 1011 "Backend error", the backend 1001
 *   end breaks a rule         it gets 1002, 1007, 1008 or 1009; the other as if it was lost
 *
 * One thread, whose thread-default context is used. */

#include "core/io/duplex-forwarder.h"
#include "core/io/duplex-leg.h"
#include "core/io/duplex-pump-stats.h"

G_BEGIN_DECLS

typedef struct
{
  DuplexForwardLimits limits;        /* the rate holds for the client */
  guint               idle_timeout;  /* seconds without a byte, 0 for ever; then 1001 both ways */
  guint               close_timeout; /* seconds from a Close that has left to the end of TCP */
  guint               ping_interval; /* seconds without a byte from an end after which it gets a
                                        Ping, and after as many more is given up; 0 for never */
} DuplexPumpSettings;

typedef struct _DuplexPump DuplexPump;

/* Called once, from the main loop; free the pump then. */
typedef void (*DuplexPumpEnded) (DuplexPump *self,
                                 gpointer    user_data);

/* Takes both legs; backend is NULL where there is none, and then duplex_pump_close() is due. */
DuplexPump *duplex_pump_new (DuplexLeg                *client,
                             DuplexLeg                *backend,
                             const DuplexPumpSettings *settings,
                             DuplexPumpEnded           ended,
                             gpointer                  user_data);
/* Closes what is open at once. */
void duplex_pump_free (DuplexPump *self);

/* A text message of the relay's own to the client; before anything else of this header. */
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
