/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* duplex-relay --capture: both legs of every connection, in one capture that the window opens. Each
 * leg is a connection of the capture: what came from the client and what it got; what came from the
 * backend and what it got; handshakes included. A backend's leg has the number after its client's;
 * a client whose backend was not dialled has the only leg.
 *
 * The pump is not held up. Its bytes are copied into a queue of DUPLEX_LIMIT_RECORDER_WAITS bytes
 * at most, and a thread of low priority decodes and records them. What finds no room there, or none
 * in the budget of the file, is not recorded: it is counted, the capture says how much is missing
 * and where, and recording goes on at the beginning of a frame. Clients that get no backend may
 * have no right to be here: they share an eighth of the budget, and of each only the beginning of
 * what it sends is recorded. */

#include "core/io/duplex-pump.h"
#include "core/model/duplex-capture.h"
#include "core/proto/duplex-deflate-params.h"
#include "relay/duplex-metrics.h"

G_BEGIN_DECLS

typedef struct _DuplexRecorder     DuplexRecorder;
typedef struct _DuplexRecordedPair DuplexRecordedPair;

/* path must not exist. budget is of the file, in bytes, 0 for any. metrics is borrowed for life. */
DuplexRecorder *duplex_recorder_new (const char    *path,
                                     guint64        budget,
                                     DuplexMetrics *metrics,
                                     GError       **error);
/* Blocks until all is written that was taken. FALSE where that failed. No pair may be left. */
gboolean duplex_recorder_finish (DuplexRecorder *self,
                                 GError        **error);
void     duplex_recorder_free (DuplexRecorder *self);

/* What is known when a connection begins to be pumped, or is refused. */
typedef struct
{
  const char    *peer;                   /* the client's address */
  const char    *tls;                    /* protocol and cipher with it, NULL for plain HTTP */
  GBytes        *request;                /* of the client, as it came */
  GBytes        *response;               /* that it got; NULL where it got none */
  guint64        unseen;                 /* bytes that came from it since: its token */
  gint64         accepted_at;            /* real time, µs */
  DuplexCapture *dial;                   /* what the dialer recorded, in memory; NULL where
                                            nobody was dialled */
  const DuplexDeflateAgreement *deflate; /* or NULL */
} DuplexRecordedOpening;

/* A client that got another response than 101, or none. On its worker; opening is read during the
 * call, here and below. */
void duplex_recorder_add_refused (DuplexRecorder              *self,
                                  const DuplexRecordedOpening *opening);

/* On the worker of the connection, as the two below. */
DuplexRecordedPair *duplex_recorder_begin (DuplexRecorder              *self,
                                           const DuplexRecordedOpening *opening);
/* For duplex_pump_set_tap(), whose user_data is the pair. */
const DuplexPumpTap *duplex_recorder_get_tap (void);
/* The connection has ended. backend is not looked at where there was none. Frees the pair. */
void duplex_recorder_end (DuplexRecordedPair  *pair,
                          const DuplexPumpEnd *client,
                          const DuplexPumpEnd *backend);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexRecorder, duplex_recorder_free)

G_END_DECLS
