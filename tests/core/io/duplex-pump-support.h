/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A pump between two legs in memory, on a clock that the test turns. */

#include "core/io/duplex-pump.h"
#include "duplex-fake-leg.h"

G_BEGIN_DECLS

typedef struct
{
  DuplexFakeLeg     *client; /* NULL once the pump has freed it */
  DuplexFakeLeg     *backend;
  gboolean           client_freed;
  gboolean           backend_freed;
  gboolean           ended;
  DuplexPump        *pump;
  DuplexPoller      *poller;
  DuplexPumpSettings settings; /* to be changed before the start */
  DuplexPumpStats    stats;
} PumpFixture;

/* Large limits, no timeouts but a close timeout of 5 seconds. Not started. */
void pump_fixture_init (PumpFixture *self);
void pump_fixture_init_limited (PumpFixture *self,
                                guint64      max_message,
                                guint64      max_frame);
/* Asserts that both legs are freed. */
void pump_fixture_clear (PumpFixture *self);

/* As an end: sends bytes, or one frame of at most 65535 bytes (first is its first byte), masked
 * with a key of the test's where the client sends it. */
void pump_fixture_send (PumpFixture  *self,
                        DuplexRole    sender,
                        const guint8 *data,
                        gsize         len);
void pump_fixture_send_frame (PumpFixture *self,
                              DuplexRole   sender,
                              guint8       first,
                              const char  *payload,
                              gssize       len);
/* The end of the stream of an end. */
void pump_fixture_end (PumpFixture *self,
                       DuplexRole   sender);

/* An end takes so many bytes more. */
void pump_fixture_make_room (PumpFixture *self,
                             DuplexRole   receiver,
                             gsize        room);

/* What the legs asked for, and what is due now. */
void pump_fixture_turn (PumpFixture *self);
void pump_fixture_advance (PumpFixture *self,
                           gint64       us);

/* What an end has got since the last call, as text: "text(abc)+ continuation(d) close(1001 why)",
 * '+' for more to come, "binary(*70000)" for what is longer than 200 bytes. It must end at a
 * frame's boundary, and be masked where it must. */
char *pump_fixture_take (PumpFixture *self,
                         DuplexRole   receiver);
void  pump_fixture_assert_got (PumpFixture *self,
                               DuplexRole   receiver,
                               const char  *expected);

/* Appends a frame to wire. */
void pump_append_frame (GByteArray *wire,
                        DuplexRole  sender,
                        guint8      first,
                        const char *payload,
                        gssize      len);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PumpFixture, pump_fixture_clear)

G_END_DECLS
