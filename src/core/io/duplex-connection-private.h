/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the two halves of a connection share: duplex-connection.c receives and ends it,
 * duplex-connection-send.c sends. */

#include "core/io/duplex-analyzer.h"
#include "core/io/duplex-assembler.h"
#include "core/io/duplex-connection.h"
#include "core/io/duplex-inbox.h"
#include "core/io/duplex-pings.h"
#include "core/io/duplex-pongs.h"
#include "core/io/duplex-sender.h"
#include "core/io/duplex-soup-judge.h"

G_BEGIN_DECLS

struct _DuplexConnection
{
  GObject parent_instance;

  /* owned */
  GIOStream       *stream;
  DuplexCapture   *capture;
  DuplexAnalyzer  *incoming;
  DuplexAnalyzer  *outgoing;
  DuplexSender    *sender;
  DuplexSoupJudge *judge;
  DuplexInbox     *inbox;
  GSource         *close_timer;
  DuplexAssembler *assembler;
  DuplexPings     *pings;
  DuplexPongs     *pongs;
  char            *reason;      /* of the peer's Close */
  char            *sent_reason; /* of ours */
  GError          *error;

  /* borrowed */
  const DuplexConnectionCallbacks *callbacks;
  gpointer                         user_data;

  /* state */
  DuplexRole      role;
  guint32         connection;
  guint           close_timeout;
  gint64          closing_since; /* monotonic µs, 0 before anything announced the end */
  gint64          writing_at;    /* when the write began that is being looked at */
  DuplexFindingId close_problem; /* what is wrong with the peer's Close, or NONE */
  guint16         close_code;    /* what the peer's Close says, 0 before */
  guint16         sent_code;     /* what the first Close of ours says that left, 0 before */
  guint16         failed_code;   /* what our Close says when we fail the connection, else 0 */
  gboolean        close_queued;
  gboolean        close_sent;
  gboolean        close_received;
  gboolean        by_peer;
  gboolean        half_over; /* reading or writing has ended, and the other still goes on */
  gboolean        announced; /* the closing callback was called */
  gboolean        pong_missing;
  gboolean        received;    /* bytes came since the last ping of the keep-alive was due ... */
  gboolean        taken;       /* ... and some left, ... */
  gboolean        looked_away; /* ... or reading was paused */
  gboolean        paused;
  gboolean        over;
};

/* ---- the end ---- */

/* Tells, once, that the end has begun. */
void duplex_connection_announce_closing (DuplexConnection *self);

/* It is over. finding, or NONE, goes with the CLOSED event. */
void duplex_connection_finish (DuplexConnection *self,
                               DuplexFindingId   finding_id);

/* What it ended of; the first holds. */
void duplex_connection_set_error (DuplexConnection *self,
                                  int               code,
                                  const char       *message);

/* One for the whole closing. */
void duplex_connection_start_close_timer (DuplexConnection *self);

/* Ends it when both Closes have passed. */
void duplex_connection_check_closed (DuplexConnection *self);

/* What has not begun to leave, a Close included. */
void duplex_connection_drop_waiting (DuplexConnection *self);

/* Queues our Close, once. */
void duplex_connection_push_close (DuplexConnection *self,
                                   guint16           code,
                                   const char       *reason);

/* Our Close is on its way. */
void duplex_connection_begin_closing (DuplexConnection *self);

/* Adds what is wrong with the body of a Close, and takes it apart; returns its code. */
guint16 duplex_connection_judge_close (DuplexSeenFrame *frame,
                                       const char     **ret_reason,
                                       gsize           *ret_len,
                                       DuplexFindingId *ret_problem);

/* ---- the sending half ---- */

void duplex_connection_start_sending (DuplexConnection               *self,
                                      const DuplexConnectionSettings *settings);

G_END_DECLS
