/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-connection.h"

#include <string.h>

#include "core/io/duplex-connection-private.h"
#include "core/io/duplex-io-thread.h"
#include "core/io/duplex-socket.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

G_DEFINE_FINAL_TYPE (DuplexConnection, duplex_connection, G_TYPE_OBJECT)

void
duplex_connection_announce_closing (DuplexConnection *self)
{
  if (self->announced)
    return;
  self->announced = TRUE;
  if (self->closing_since == 0)
    self->closing_since = g_get_monotonic_time ();
  /* What the peer says to that is awaited. */
  duplex_inbox_set_paused (self->inbox, FALSE);
  duplex_sender_set_held (self->sender, FALSE);
  if (self->callbacks->closing != NULL)
    self->callbacks->closing (self, self->user_data);
}

/* ---- the end ---- */

/* Appends event, which has what is special about it. */
static void
record_state (DuplexConnection *self,
              DuplexEvent      *event,
              const char       *text)
{
  if (self->capture == NULL)
    return;
  event->time_us = g_get_real_time ();
  event->connection = self->connection;
  duplex_capture_append_state (self->capture, event, text);
}

static void
record_failed (DuplexConnection *self)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = DUPLEX_EVENT_FAILED;
  event.value = self->error->code;
  record_state (self, &event, self->error->message);
}

static void
record_closed (DuplexConnection *self,
               DuplexFindingId   finding,
               guint16           code)
{
  DuplexFinding findings[3];
  DuplexEvent   event = DUPLEX_EVENT_INIT;

  event.kind = DUPLEX_EVENT_CLOSED;
  event.flags = self->by_peer ? DUPLEX_EVENT_FLAG_PEER : 0;
  event.value = code;
  event.sent_code = self->sent_code;
  event.sent_reason = self->sent_reason;
  event.sent_reason_size = self->sent_reason != NULL ? strlen (self->sent_reason) : 0;
  if (self->closing_since != 0)
    event.message_size = (guint64)(g_get_monotonic_time () - self->closing_since);
  event.findings = findings;
  if (self->pong_missing)
    findings[event.n_findings++] = (DuplexFinding){ DUPLEX_FINDING_PONG_MISSING, 0 };
  if (finding != DUPLEX_FINDING_NONE)
    findings[event.n_findings++] = (DuplexFinding){ finding, 0 };
  if (duplex_soup_judge_has_disagreed (self->judge))
    findings[event.n_findings++] = (DuplexFinding){ DUPLEX_FINDING_SOUP_DISAGREES, 0 };
  record_state (self, &event, self->reason);
}

static void
stop_everything (DuplexConnection *self)
{
  duplex_inbox_stop (self->inbox);
  duplex_io_clear_source (&self->close_timer);
  duplex_pings_stop (self->pings);
  duplex_pongs_stop (self->pongs);
  duplex_sender_stop (self->sender);
  duplex_soup_judge_end (self->judge);
}

static gboolean
drop_cb (gpointer data)
{
  g_object_unref (data);
  return G_SOURCE_REMOVE;
}

/* Whoever is told of the end may drop the last reference, while the inbox is in the middle of
 * handing out what brought it. */
static void
live_until_next_turn (DuplexConnection *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, drop_cb, g_object_ref (self), NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
}

/* The connection is over. finding, or NONE, is recorded with the CLOSED event. */
void
duplex_connection_finish (DuplexConnection *self,
                          DuplexFindingId   finding_id)
{
  guint16 code = self->close_code;

  if (self->over)
    return;
  self->over = TRUE;
  live_until_next_turn (self);

  stop_everything (self);
  duplex_analyzer_finish (self->incoming);
  duplex_analyzer_finish (self->outgoing);
  if (code == 0)
    code = self->failed_code != 0 ? self->failed_code : DUPLEX_CLOSE_ABNORMAL;
  if (self->error != NULL)
    record_failed (self);
  record_closed (self, finding_id, code);
  duplex_connection_announce_closing (self);
  if (self->callbacks->closed != NULL)
    self->callbacks->closed (self, code, self->reason != NULL ? self->reason : "", self->by_peer,
                             self->error, self->user_data);
  duplex_socket_close_stream (self->stream);
}

void
duplex_connection_set_error (DuplexConnection *self,
                             int               code,
                             const char       *message)
{
  if (self->error == NULL)
    self->error = g_error_new_literal (DUPLEX_ERROR, code, message);
}

static gboolean
close_timeout_cb (gpointer data)
{
  DuplexConnection *self = data;

  duplex_io_clear_source (&self->close_timer);
  if (!self->close_sent || !self->close_received)
    duplex_connection_set_error (self, DUPLEX_ERROR_TIMEOUT,
                                 "The peer did not take or answer the Close in time");
  duplex_connection_finish (self, DUPLEX_FINDING_CLOSE_TIMEOUT);
  return G_SOURCE_REMOVE;
}

/* One timer for the whole closing, so that no peer can stretch it. */
void
duplex_connection_start_close_timer (DuplexConnection *self)
{
  if (self->close_timer != NULL || self->over)
    return;
  /* Not the kind that counts seconds: it fires up to one late. */
  self->close_timer = g_timeout_source_new (self->close_timeout * 1000);
  /* Above the reading: a peer that keeps flooding must not keep the timer from running. */
  g_source_set_priority (self->close_timer, G_PRIORITY_HIGH);
  g_source_set_callback (self->close_timer, close_timeout_cb, self, NULL);
  g_source_attach (self->close_timer, g_main_context_get_thread_default ());
}

/* Both Closes have passed: a server ends TCP at once, a client waits for that (§7.1.1).
 * Half-closing tells a server that waits for us; under TLS it would cut off close_notify. */
void
duplex_connection_check_closed (DuplexConnection *self)
{
  if (!self->close_sent || !self->close_received || self->over)
    return;
  duplex_sender_stop (self->sender);
  if (self->role == DUPLEX_ROLE_SERVER || self->half_over)
    duplex_connection_finish (self, DUPLEX_FINDING_NONE);
  else if (G_IS_SOCKET_CONNECTION (self->stream))
    g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->stream)),
                       FALSE, /* shutdown_write= */ TRUE, NULL);
}

/* ---- sending ---- */

void
duplex_connection_drop_waiting (DuplexConnection *self)
{
  /* Another takes the place of a Close that did not begin to leave. */
  if (duplex_sender_drop_waiting (self->sender))
    self->close_queued = FALSE;
}

void
duplex_connection_begin_closing (DuplexConnection *self)
{
  self->close_queued = TRUE;
  duplex_connection_announce_closing (self);
  duplex_connection_start_close_timer (self);
  duplex_inbox_set_paused (self->inbox, FALSE); /* the answer is awaited */
  duplex_sender_set_held (self->sender, FALSE);
}

void
duplex_connection_push_close (DuplexConnection *self,
                              guint16           code,
                              const char       *reason)
{
  g_autoptr (GBytes) body = NULL;

  if (self->close_queued)
    return;
  duplex_connection_begin_closing (self);
  body = duplex_close_body_new (code, reason);
  duplex_sender_send_close (self->sender, body);
}

/* RFC 6455 §7.1.7. What follows is still read and recorded, until the peer ends or time is up. */
static void
fail_connection (DuplexConnection *self,
                 DuplexFindingId   id)
{
  guint16 code = duplex_finding_get_close_code (id);

  if (self->failed_code != 0 || self->over)
    return;
  self->failed_code = code != 0 ? code : DUPLEX_CLOSE_PROTOCOL_ERROR;
  duplex_connection_set_error (self, DUPLEX_ERROR_PROTOCOL, duplex_finding_get_text (id));
  duplex_soup_judge_end (self->judge);
  duplex_connection_drop_waiting (self);
  duplex_connection_push_close (self, self->failed_code, NULL);
}

/* ---- receiving ---- */

/* Adds what is wrong with the body of a Close, and takes it apart. */
guint16
duplex_connection_judge_close (DuplexSeenFrame *frame,
                               const char     **ret_reason,
                               gsize           *ret_len,
                               DuplexFindingId *ret_problem)
{
  DuplexFinding finding;
  gsize         size = frame->payload_id == 0 ? frame->payload_size : 0;
  guint16       code;

  code = duplex_close_body_parse (frame->payload, size, ret_reason, ret_len, &finding);
  /* One that is too large to be at hand has its finding as a control frame. */
  if (frame->payload_id != 0)
    code = DUPLEX_CLOSE_PROTOCOL_ERROR;
  *ret_problem = finding.id;
  finding.offset += frame->header_size;
  if (finding.id != DUPLEX_FINDING_NONE)
    g_array_append_val (frame->findings, finding);
  return code;
}

static void
receive_ping (DuplexConnection      *self,
              const DuplexSeenFrame *frame)
{
  if (duplex_connection_is_open (self) && frame->payload_size <= DUPLEX_LIMIT_CONTROL_PAYLOAD)
    duplex_pongs_answer (self->pongs, frame->payload, frame->payload_size);
}

static void
note_pong (DuplexConnection *self,
           DuplexSeenFrame  *frame)
{
  frame->value = duplex_pings_answer (self->pings, frame->payload, frame->payload_size,
                                      g_get_monotonic_time ());
}

static void
note_close (DuplexConnection *self,
            DuplexSeenFrame  *frame)
{
  DuplexFindingId problem;
  const char     *reason;
  gsize           reason_len;
  guint16         code = duplex_connection_judge_close (frame, &reason, &reason_len, &problem);

  if (self->close_received)
    return;
  self->close_code = code;
  self->close_problem = problem;
  if (problem == DUPLEX_FINDING_NONE)
    self->reason = g_strndup (reason, reason_len);
}

static void
receive_close (DuplexConnection *self)
{
  if (self->close_received)
    return;
  self->close_received = TRUE;
  /* One of ours that waits to leave was not the first. */
  self->by_peer = !self->close_sent;
  duplex_analyzer_set_after_close (self->incoming);
  duplex_soup_judge_end (self->judge);
  if (self->close_problem != DUPLEX_FINDING_NONE && !self->close_sent)
    {
      fail_connection (self, self->close_problem);
      return;
    }
  duplex_connection_drop_waiting (self);
  duplex_connection_push_close (self, self->close_code, NULL);
}

static void
assemble (DuplexConnection      *self,
          const DuplexSeenFrame *frame)
{
  g_autoptr (GBytes) payload = NULL;

  if (self->callbacks->message == NULL || self->failed_code != 0 || self->close_received)
    return;
  payload = duplex_assembler_add (self->assembler, frame);
  if (payload != NULL)
    self->callbacks->message (self, frame->place->opcode, payload, self->user_data);
}

static void
incoming_violation_cb (DuplexFindingId id,
                       gpointer        data)
{
  fail_connection (data, id);
}

static void
incoming_wire_cb (const DuplexMessagePlace *place,
                  const guint8             *bytes,
                  gsize                     len,
                  gpointer                  data)
{
  DuplexConnection *self = data;

  duplex_soup_judge_wire (self->judge, place, bytes, len);
}

static void
incoming_note_cb (DuplexSeenFrame *frame,
                  gpointer         data)
{
  if (frame->header->opcode == DUPLEX_OPCODE_PONG)
    note_pong (data, frame);
  else if (frame->header->opcode == DUPLEX_OPCODE_CLOSE)
    note_close (data, frame);
}

static void
incoming_act_cb (const DuplexSeenFrame *frame,
                 gpointer               data)
{
  DuplexConnection *self = data;

  switch (frame->header->opcode)
    {
    case DUPLEX_OPCODE_PING:
      receive_ping (self, frame);
      break;
    case DUPLEX_OPCODE_PONG:
      if (frame->value >= 0 && self->callbacks->pong != NULL)
        self->callbacks->pong (self, frame->value, self->user_data);
      break;
    case DUPLEX_OPCODE_CLOSE:
      receive_close (self);
      break;
    default:
      if (frame->place->is_control)
        break;
      duplex_soup_judge_frame_end (self->judge, frame->place, frame->findings->len > 0);
      assemble (self, frame);
    }
}

static const DuplexAnalyzerCallbacks incoming_callbacks = {
  .violation = incoming_violation_cb,
  .wire = incoming_wire_cb,
  .note = incoming_note_cb,
  .act = incoming_act_cb,
};

static void
inbox_bytes_cb (const guint8 *data,
                gsize         len,
                gpointer      user_data)
{
  g_autoptr (DuplexConnection) self = g_object_ref (user_data);

  self->received = TRUE;
  duplex_analyzer_feed (self->incoming, data, len);
  duplex_connection_check_closed (self);
}

static void
inbox_end_cb (const GError *error,
              gpointer      data)
{
  g_autoptr (DuplexConnection) self = g_object_ref (data);
  DuplexFindingId              finding = DUPLEX_FINDING_NONE;

  /* A peer that ends its half after its Close may still read, and is owed ours. */
  if (error == NULL && self->close_received && !self->close_sent && !self->half_over)
    {
      self->half_over = TRUE;
      return;
    }
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_EOF))
    finding = DUPLEX_FINDING_TLS_NO_CLOSE_NOTIFY;
  if (!self->close_received)
    {
      if (finding == DUPLEX_FINDING_NONE)
        finding = DUPLEX_FINDING_EOF_WITHOUT_CLOSE;
      self->by_peer = !self->close_queued;
      duplex_connection_set_error (self, DUPLEX_ERROR_CONNECTION_LOST,
                                   error != NULL && finding == DUPLEX_FINDING_EOF_WITHOUT_CLOSE
                                     ? error->message
                                     : "The peer ended the connection without a Close frame");
    }
  duplex_connection_finish (self, finding);
}

static const DuplexInboxCallbacks inbox_callbacks = {
  .bytes = inbox_bytes_cb,
  .end = inbox_end_cb,
};

/* ---- the object ---- */

static void
duplex_connection_dispose (GObject *object)
{
  DuplexConnection *self = DUPLEX_CONNECTION (object);

  if (self->inbox != NULL)
    duplex_inbox_stop (self->inbox);
  duplex_io_clear_source (&self->close_timer);
  if (self->sender != NULL)
    duplex_sender_stop (self->sender);
  if (self->pings != NULL)
    duplex_pings_stop (self->pings);
  if (self->pongs != NULL)
    duplex_pongs_stop (self->pongs);
  g_clear_pointer (&self->judge, duplex_soup_judge_free);
  G_OBJECT_CLASS (duplex_connection_parent_class)->dispose (object);
}

static void
duplex_connection_finalize (GObject *object)
{
  DuplexConnection *self = DUPLEX_CONNECTION (object);

  g_clear_pointer (&self->inbox, duplex_inbox_free);
  g_clear_pointer (&self->sender, duplex_sender_free);
  g_clear_pointer (&self->incoming, duplex_analyzer_free);
  g_clear_pointer (&self->outgoing, duplex_analyzer_free);
  g_clear_pointer (&self->assembler, duplex_assembler_free);
  g_clear_pointer (&self->pings, duplex_pings_free);
  g_clear_pointer (&self->pongs, duplex_pongs_free);
  g_clear_pointer (&self->reason, g_free);
  g_clear_pointer (&self->sent_reason, g_free);
  g_clear_error (&self->error);
  g_clear_object (&self->capture);
  g_clear_object (&self->stream);
  G_OBJECT_CLASS (duplex_connection_parent_class)->finalize (object);
}

static void
duplex_connection_class_init (DuplexConnectionClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = duplex_connection_dispose;
  G_OBJECT_CLASS (klass)->finalize = duplex_connection_finalize;
}

static void
duplex_connection_init (DuplexConnection *self)
{
  self->assembler = duplex_assembler_new ();
}

static void
start_receiving (DuplexConnection               *self,
                 const DuplexConnectionSettings *settings)
{
  const DuplexDeflateAgreement *deflate = &settings->deflate;
  gboolean                      is_client = self->role == DUPLEX_ROLE_CLIENT;
  DuplexRole                    peer = is_client ? DUPLEX_ROLE_SERVER : DUPLEX_ROLE_CLIENT;
  guint64                       max = DUPLEX_LIMIT_MESSAGE;
  guint64                       inflated = DUPLEX_LIMIT_INFLATED;
  guint                         ratio = DUPLEX_LIMIT_INFLATE_RATIO;

  if (settings->max_message != 0)
    {
      max = inflated = settings->max_message;
      ratio = 0;
    }
  /* Who wants whole messages has them in one piece of memory. */
  if (self->callbacks->message != NULL)
    {
      max = MIN (max, G_MAXINT32);
      inflated = MIN (inflated, G_MAXINT32);
    }
  self->incoming = duplex_analyzer_new (peer, DUPLEX_DIRECTION_RECEIVED, self->capture,
                                        self->connection, max, &incoming_callbacks, self);
  if (self->callbacks->message == NULL)
    duplex_analyzer_set_streams (self->incoming);
  if (deflate->agreed)
    duplex_analyzer_set_deflate (self->incoming, is_client ? &deflate->server : &deflate->client,
                                 inflated, ratio);
}

DuplexConnection *
duplex_connection_new (GIOStream                       *stream,
                       GBytes                          *leftover,
                       const DuplexConnectionSettings  *settings,
                       const DuplexConnectionCallbacks *callbacks,
                       gpointer                         user_data)
{
  DuplexConnection *self;

  g_return_val_if_fail (G_IS_IO_STREAM (stream), NULL);
  g_return_val_if_fail (settings != NULL && callbacks != NULL, NULL);

  self = g_object_new (DUPLEX_TYPE_CONNECTION, NULL);
  self->stream = g_object_ref (stream);
  self->capture = settings->capture != NULL ? g_object_ref (settings->capture) : NULL;
  self->role = settings->role;
  self->connection = settings->connection;
  self->close_timeout = settings->close_timeout;
  if (self->close_timeout == 0)
    self->close_timeout = DUPLEX_LIMIT_CLOSE_TIMEOUT;
  self->callbacks = callbacks;
  self->user_data = user_data;
  start_receiving (self, settings);
  duplex_connection_start_sending (self, settings);
  self->judge = duplex_soup_judge_new (self->role, settings->subprotocol);
  self->inbox = duplex_inbox_new (G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream)),
                                  leftover, &inbox_callbacks, self);
  return self;
}

gboolean
duplex_connection_is_open (DuplexConnection *self)
{
  g_return_val_if_fail (DUPLEX_IS_CONNECTION (self), FALSE);

  return !self->over && !self->close_queued && !self->close_received && self->failed_code == 0 &&
         !self->pong_missing;
}

void
duplex_connection_close (DuplexConnection *self,
                         guint16           code,
                         const char       *reason)
{
  g_return_if_fail (DUPLEX_IS_CONNECTION (self));

  if (duplex_connection_is_open (self))
    duplex_connection_push_close (self, code, reason);
}

void
duplex_connection_set_paused (DuplexConnection *self,
                              gboolean          paused)
{
  g_return_if_fail (DUPLEX_IS_CONNECTION (self));

  if (paused && !duplex_connection_is_open (self))
    return;
  self->paused = paused;
  self->looked_away = self->looked_away || paused;
  duplex_inbox_set_paused (self->inbox, paused);
}

void
duplex_connection_set_stalled (DuplexConnection *self,
                               gboolean          stalled)
{
  g_return_if_fail (DUPLEX_IS_CONNECTION (self));

  duplex_sender_set_held (self->sender, stalled && duplex_connection_is_open (self));
}

void
duplex_connection_abort (DuplexConnection *self)
{
  g_return_if_fail (DUPLEX_IS_CONNECTION (self));

  duplex_connection_set_error (self, DUPLEX_ERROR_CANCELLED, "The connection was given up");
  duplex_connection_finish (self, DUPLEX_FINDING_NONE);
}
