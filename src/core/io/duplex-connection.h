/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An upgraded connection, either end of it: from the byte after the handshake to the end of TCP. It
 * owns the stream, reads it through the tap, records every frame, compresses what it sends where
 * that was agreed on, answers pings and sends its own as the settings have it, and keeps the
 * closing (RFC 6455 §7) with a timer of its own. libsoup's SoupWebsocketConnection stands above the
 * tap as a second judge of the messages that were received; see duplex-soup-judge.h for what it
 * sees.
 *
 * Everything happens on one thread, the one that made it, with its thread-default context. */

#include <gio/gio.h>

#include "core/io/duplex-transfer.h"
#include "core/model/duplex-capture.h"
#include "core/model/duplex-profile.h"
#include "core/proto/duplex-deflate-params.h"
#include "core/proto/duplex-frame-draft.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_CONNECTION (duplex_connection_get_type ())
G_DECLARE_FINAL_TYPE (DuplexConnection, duplex_connection, DUPLEX, CONNECTION, GObject)

/* Any of these may be NULL. None comes after closed. */
typedef struct
{
  /* A data message is complete. Without this callback no message is assembled. */
  void (*message) (DuplexConnection *self,
                   DuplexOpcode      opcode,
                   GBytes           *payload,
                   gpointer          user_data);
  /* A pong answers a ping of ours. */
  void (*pong) (DuplexConnection *self, gint64 rtt_us, gpointer user_data);
  /* What was queued has left, or was dropped because of the closing. It cost its payload's bytes,
   * DUPLEX_SENDER_CONTROL_COST, as a composed frame all its bytes, or as a file 0. Not reported is
   * what leaves by itself, what duplex_connection_send_raw() was given, and what still waits at the
   * end. */
  void (*sent) (DuplexConnection *self, gsize cost, gpointer user_data);
  /* Nothing waits to be sent any more. */
  void (*idle) (DuplexConnection *self, gpointer user_data);
  /* A Close frame was queued or received, the connection is being failed, or it is lost. */
  void (*closing) (DuplexConnection *self, gpointer user_data);
  /* It is over, and the stream is being closed. code and reason as of DUPLEX_EVENT_CLOSED; error is
   * set where it did not end by a close handshake. */
  void (*closed) (DuplexConnection *self,
                  guint16           code,
                  const char       *reason,
                  gboolean          by_peer,
                  const GError     *error,
                  gpointer          user_data);
} DuplexConnectionCallbacks;

typedef struct
{
  DuplexRole     role;
  DuplexCapture *capture;     /* or NULL: nothing is recorded */
  guint32        connection;  /* its number in the capture */
  guint64        max_message; /* bytes on the wire and inflated; 0 for DUPLEX_LIMIT_MESSAGE,
                                 DUPLEX_LIMIT_INFLATED and DUPLEX_LIMIT_INFLATE_RATIO. With a
                                 message callback at most G_MAXINT32 */
  guint       close_timeout;  /* seconds, 0 for DUPLEX_LIMIT_CLOSE_TIMEOUT */
  const char *subprotocol;    /* or NULL */

  DuplexDeflateAgreement deflate; /* { 0 }: nothing is compressed */
  DuplexPongMode         pong_mode;
  guint                  pong_delay;    /* ms, of DUPLEX_PONG_DELAYED */
  guint                  ping_interval; /* seconds between pings of ours, 0 for none */
  guint                  ping_limit;    /* unanswered in a row, after which it is ended; 0: any */
  gsize                  fragment;      /* most payload bytes of a data frame of ours, 0: any */
} DuplexConnectionSettings;

/* stream must be pollable both ways. leftover, may be NULL, are bytes that came with the handshake.
 * Reading begins when the main loop turns. callbacks is borrowed for life. The caller keeps its
 * reference until closed was called, in which it may drop it; in no other callback may it. */
DuplexConnection *duplex_connection_new (GIOStream                       *stream,
                                         GBytes                          *leftover,
                                         const DuplexConnectionSettings  *settings,
                                         const DuplexConnectionCallbacks *callbacks,
                                         gpointer                         user_data);

/* FALSE once a Close was queued or received or the connection is being failed. */
gboolean duplex_connection_is_open (DuplexConnection *self);

/* Queue a message (text must be UTF-8), or a ping or pong of at most 125 bytes; their payload may
 * be NULL: a ping then counts, and a pong answers the latest ping. Ignored once not open. */
void duplex_connection_send (DuplexConnection *self,
                             DuplexOpcode      opcode,
                             GBytes           *payload);

/* See duplex_session_send_split(). */
void duplex_connection_send_split (DuplexConnection *self,
                                   DuplexOpcode      opcode,
                                   GBytes           *payload,
                                   const gsize      *points,
                                   gsize             n_points);

/* Sends a transfer's file, and stops that; a transfer that does not begin any more fails. */
void duplex_connection_send_file (DuplexConnection *self,
                                  DuplexTransfer   *transfer);
void duplex_connection_cancel_file (DuplexConnection *self,
                                    DuplexTransfer   *transfer);

/* Queue a composed frame, which passed duplex_frame_draft_check(). A Close closes as
 * duplex_connection_close() does. A deliberate frame does not wait for a file, is sent also after a
 * Close, and is recorded as such; a deliberate Close closes once it has left. */
void duplex_connection_send_draft (DuplexConnection       *self,
                                   const DuplexFrameDraft *draft,
                                   gboolean                deliberate);

/* Queue bytes as they are, such as frames made by duplex_frame_encode(). */
void duplex_connection_send_raw (DuplexConnection *self,
                                 GBytes           *wire);

/* Sends what waits, then a Close frame, and waits for the peer: all within the close timeout, from
 * this call on. Files are cancelled. code may be DUPLEX_CLOSE_NO_STATUS for an empty body. Ignored
 * once not open. */
void duplex_connection_close (DuplexConnection *self,
                              guint16           code,
                              const char       *reason);

/* While paused nothing is read, so that TCP slows the peer; a few messages that were read already
 * may still come. Reading goes on by itself when the closing begins. */
void duplex_connection_set_paused (DuplexConnection *self,
                                   gboolean          paused);

/* While stalled no data frame begins to leave. Sending goes on by itself when the closing begins.
 */
void duplex_connection_set_stalled (DuplexConnection *self,
                                    gboolean          stalled);

/* Ends it at once, without a word to the peer. Not within a callback of it: frames are being read.
 */
void duplex_connection_abort (DuplexConnection *self);

G_END_DECLS
