/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a connection sends. */
#include "core/io/duplex-connection-private.h"
#include "core/io/duplex-transfer-private.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

/* What leaves is decoded again, so that what is recorded is what the peer gets. Where nothing is
 * recorded only what the connection acts on is looked at. */
static void
sender_wrote_cb (DuplexOutgoing *item,
                 const guint8   *data,
                 gsize           len,
                 gint64          at,
                 gpointer        user_data)
{
  DuplexConnection *self = user_data;

  self->taken = TRUE;
  if (self->over ||
      (self->capture == NULL && !item->deliberate && !duplex_opcode_is_control (item->opcode)))
    return;
  self->writing_at = at;
  duplex_analyzer_set_flags (self->outgoing,
                             item->deliberate ? DUPLEX_EVENT_FLAG_DELIBERATE : 0);
  duplex_analyzer_feed (self->outgoing, data, len);
}

static void
sender_sent_cb (gsize    cost,
                gpointer data)
{
  DuplexConnection *self = data;

  if (!self->over && self->callbacks->sent != NULL)
    self->callbacks->sent (self, cost, self->user_data);
}

static void
sender_idle_cb (gpointer data)
{
  DuplexConnection *self = data;

  if (duplex_connection_is_open (self) && self->callbacks->idle != NULL)
    self->callbacks->idle (self, self->user_data);
}

/* Reading finds the end, where it has not yet: what was received still counts. */
static void
sender_failed_cb (const GError *error,
                  gpointer      data)
{
  DuplexConnection *self = data;
  g_autofree char  *message = g_strdup_printf ("Sending failed: %s", error->message);

  duplex_connection_set_error (self, DUPLEX_ERROR_CONNECTION_LOST, message);
  duplex_connection_announce_closing (self);
  duplex_connection_start_close_timer (self);
  if (self->half_over)
    duplex_connection_finish (self, DUPLEX_FINDING_NONE);
  self->half_over = TRUE;
}

static const DuplexSenderCallbacks sender_callbacks = {
  .wrote = sender_wrote_cb,
  .sent = sender_sent_cb,
  .idle = sender_idle_cb,
  .failed = sender_failed_cb,
};

static void
outgoing_note_cb (DuplexSeenFrame *frame,
                  gpointer         data)
{
  DuplexConnection *self = data;
  DuplexFindingId   problem;
  const char       *reason;
  gsize             len;
  guint16           code;

  if (frame->header->opcode != DUPLEX_OPCODE_CLOSE)
    return;
  code = duplex_connection_judge_close (frame, &reason, &len, &problem);
  if (self->close_sent)
    return;
  self->sent_code = code;
  if (problem == DUPLEX_FINDING_NONE)
    self->sent_reason = g_strndup (reason, len);
}

/* A frame of ours has left. */
static void
outgoing_act_cb (const DuplexSeenFrame *frame,
                 gpointer               data)
{
  DuplexConnection *self = data;

  switch (frame->header->opcode)
    {
    case DUPLEX_OPCODE_CLOSE:
      /* It may be one that was composed. */
      self->close_queued = self->close_sent = TRUE;
      duplex_connection_announce_closing (self);
      duplex_connection_start_close_timer (self);
      duplex_analyzer_set_after_close (self->outgoing);
      duplex_connection_check_closed (self);
      break;
    case DUPLEX_OPCODE_PING:
      duplex_pings_left (self->pings, frame->payload, frame->payload_size, self->writing_at);
      break;
    default:
      break;
    }
}

static const DuplexAnalyzerCallbacks outgoing_callbacks = {
  .note = outgoing_note_cb,
  .act = outgoing_act_cb,
};

/* ---- pings and pongs ---- */

/* The last frame of ours stopped half-way: the peer takes what follows as the rest of it. */
static gboolean
is_half_way (DuplexConnection *self)
{
  return duplex_analyzer_is_busy (self->outgoing) && duplex_sender_is_idle (self->sender);
}

static void
send_pong_cb (GBytes  *payload,
              gpointer data)
{
  DuplexConnection *self = data;

  if (duplex_connection_is_open (self) && !is_half_way (self))
    duplex_sender_send_control (self->sender, DUPLEX_OPCODE_PONG, payload, /* automatic= */ TRUE);
}

static void
send_ping_cb (GBytes  *payload,
              gpointer data)
{
  DuplexConnection *self = data;

  if (duplex_connection_is_open (self) && !is_half_way (self))
    duplex_sender_send_control (self->sender, DUPLEX_OPCODE_PING, payload, /* automatic= */ TRUE);
}

static void
pong_missing_cb (gpointer data)
{
  DuplexConnection *self = data;

  if (!duplex_connection_is_open (self))
    return;
  self->pong_missing = TRUE;
  duplex_connection_set_error (self, DUPLEX_ERROR_TIMEOUT, "The peer has stopped answering pings");
  duplex_connection_drop_waiting (self);
  duplex_connection_push_close (self, DUPLEX_CLOSE_GOING_AWAY, "No pong");
}

/* A peer that is in the middle of a frame, or of taking one of ours, has no place for a pong; in
 * one that stopped half-way no ping is sent, and a pong that was not read is not missing. */
static gboolean
pong_excused_cb (gboolean waits,
                 gpointer data)
{
  DuplexConnection *self = data;
  gboolean          received = self->received && duplex_analyzer_is_busy (self->incoming);
  gboolean          taken = self->taken && waits;
  gboolean          looked_away = self->looked_away;

  self->received = self->taken = FALSE;
  self->looked_away = self->paused;
  return received || taken || looked_away || is_half_way (self);
}

static const DuplexPingsCallbacks pings_callbacks = {
  .send = send_ping_cb,
  .missing = pong_missing_cb,
  .excused = pong_excused_cb,
};

/* ---- the way in ---- */

void
duplex_connection_start_sending (DuplexConnection               *self,
                                 const DuplexConnectionSettings *settings)
{
  GOutputStream                *stream = g_io_stream_get_output_stream (self->stream);
  const DuplexDeflateDirection *deflate = NULL;

  if (settings->deflate.agreed)
    deflate = self->role == DUPLEX_ROLE_CLIENT ? &settings->deflate.client
                                               : &settings->deflate.server;
  self->outgoing = duplex_analyzer_new (self->role, DUPLEX_DIRECTION_SENT, self->capture,
                                        self->connection, G_MAXUINT64, &outgoing_callbacks, self);
  duplex_analyzer_set_streams (self->outgoing);
  if (deflate != NULL)
    duplex_analyzer_set_deflate (self->outgoing, deflate, G_MAXUINT64, /* max_ratio= */ 0);
  self->sender = duplex_sender_new (G_POLLABLE_OUTPUT_STREAM (stream), self->role, deflate,
                                    settings->fragment, &sender_callbacks, self);
  self->pings =
    duplex_pings_new (settings->ping_interval, settings->ping_limit, &pings_callbacks, self);
  self->pongs = duplex_pongs_new (settings->pong_mode, settings->pong_delay, send_pong_cb, self);
}

static void
send_ping (DuplexConnection *self,
           GBytes           *payload)
{
  g_autoptr (GBytes) counted = payload == NULL ? duplex_pings_new_payload (self->pings) : NULL;

  duplex_sender_send_control (self->sender, DUPLEX_OPCODE_PING,
                              payload != NULL ? payload : counted, /* automatic= */ FALSE);
}

static void
send_pong (DuplexConnection *self,
           GBytes           *payload)
{
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);

  if (payload == NULL)
    payload = duplex_pongs_get_latest (self->pongs);
  duplex_sender_send_control (self->sender, DUPLEX_OPCODE_PONG, payload != NULL ? payload : empty,
                              /* automatic= */ FALSE);
}

void
duplex_connection_send (DuplexConnection *self,
                        DuplexOpcode      opcode,
                        GBytes           *payload)
{
  gboolean control = duplex_opcode_is_control (opcode);

  g_return_if_fail (DUPLEX_IS_CONNECTION (self));
  g_return_if_fail (opcode != DUPLEX_OPCODE_CLOSE && (payload != NULL || control));
  g_return_if_fail (!control || payload == NULL ||
                    g_bytes_get_size (payload) <= DUPLEX_LIMIT_CONTROL_PAYLOAD);

  if (!duplex_connection_is_open (self))
    return;
  if (opcode == DUPLEX_OPCODE_PING)
    send_ping (self, payload);
  else if (opcode == DUPLEX_OPCODE_PONG)
    send_pong (self, payload);
  else
    duplex_sender_send_message (self->sender, opcode, payload, NULL, 0);
}

void
duplex_connection_send_split (DuplexConnection *self,
                              DuplexOpcode      opcode,
                              GBytes           *payload,
                              const gsize      *points,
                              gsize             n_points)
{
  g_return_if_fail (DUPLEX_IS_CONNECTION (self));
  g_return_if_fail (payload != NULL && !duplex_opcode_is_control (opcode));

  if (duplex_connection_is_open (self))
    duplex_sender_send_message (self->sender, opcode, payload, points, n_points);
}

void
duplex_connection_send_file (DuplexConnection *self,
                             DuplexTransfer   *transfer)
{
  g_return_if_fail (DUPLEX_IS_CONNECTION (self));
  g_return_if_fail (DUPLEX_IS_TRANSFER (transfer));

  if (duplex_connection_is_open (self))
    duplex_sender_send_file (self->sender, transfer);
  else
    duplex_transfer_refuse (transfer);
}

void
duplex_connection_cancel_file (DuplexConnection *self,
                               DuplexTransfer   *transfer)
{
  g_return_if_fail (DUPLEX_IS_CONNECTION (self));

  duplex_sender_cancel_file (self->sender, transfer);
}

void
duplex_connection_send_draft (DuplexConnection       *self,
                              const DuplexFrameDraft *draft,
                              gboolean                deliberate)
{
  g_autoptr (GBytes) wire = NULL;

  g_return_if_fail (DUPLEX_IS_CONNECTION (self));
  g_return_if_fail (draft != NULL);

  if (self->over || (!deliberate && !duplex_connection_is_open (self)))
    return;
  wire = duplex_frame_draft_encode (draft, self->role, duplex_mask_source_random, NULL);
  if (!deliberate && draft->opcode == DUPLEX_OPCODE_CLOSE)
    {
      duplex_connection_begin_closing (self);
      duplex_sender_cancel_files (self->sender);
    }
  duplex_sender_send_raw (self->sender, wire, deliberate, /* reported= */ TRUE);
}

void
duplex_connection_send_raw (DuplexConnection *self,
                            GBytes           *wire)
{
  g_return_if_fail (DUPLEX_IS_CONNECTION (self));
  g_return_if_fail (wire != NULL);

  if (duplex_connection_is_open (self))
    duplex_sender_send_raw (self->sender, wire, /* deliberate= */ FALSE, /* reported= */ FALSE);
}
