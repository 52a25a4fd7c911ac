/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-connection.h"

#include <string.h>

#include "core/io/duplex-analyzer.h"
#include "core/io/duplex-assembler.h"
#include "core/io/duplex-inbox.h"
#include "core/io/duplex-io-thread.h"
#include "core/io/duplex-outbox.h"
#include "core/io/duplex-pings.h"
#include "core/io/duplex-socket.h"
#include "core/io/duplex-soup-judge.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-frame-encoder.h"
#include "core/proto/duplex-limits.h"

struct _DuplexConnection
{
  GObject parent_instance;

  /* owned */
  GIOStream       *stream;
  DuplexCapture   *capture;
  DuplexAnalyzer  *incoming;
  DuplexAnalyzer  *outgoing;
  DuplexOutbox    *outbox;
  DuplexSoupJudge *judge;
  DuplexInbox     *inbox;
  GSource         *close_timer;
  DuplexAssembler *assembler;
  DuplexPings     *pings;
  char            *reason; /* of the peer's Close */
  GError          *error;

  /* borrowed */
  const DuplexConnectionCallbacks *callbacks;
  gpointer                         user_data;

  /* state */
  DuplexRole      role;
  guint32         connection;
  guint           close_timeout;
  DuplexFindingId close_problem; /* what is wrong with the peer's Close, or NONE */
  guint16         close_code;    /* what the peer's Close says, 0 before */
  guint16         failed_code;   /* what our Close says when we fail the connection, else 0 */
  gboolean        close_queued;
  gboolean        close_sent;
  gboolean        close_received;
  gboolean        by_peer;
  gboolean        half_over; /* reading or writing has ended, and the other still goes on */
  gboolean        announced; /* the closing callback was called */
  gboolean        over;
};

G_DEFINE_FINAL_TYPE (DuplexConnection, duplex_connection, G_TYPE_OBJECT)

static void
announce_closing (DuplexConnection *self)
{
  if (self->announced)
    return;
  self->announced = TRUE;
  if (self->callbacks->closing != NULL)
    self->callbacks->closing (self, self->user_data);
}

/* ---- the end ---- */

static void
record_state (DuplexConnection    *self,
              DuplexEventKind      kind,
              guint                flags,
              gint64               value,
              const char          *text,
              const DuplexFinding *findings,
              guint                n_findings)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  if (self->capture == NULL)
    return;
  event.time_us = g_get_real_time ();
  event.kind = kind;
  event.connection = self->connection;
  event.flags = DUPLEX_EVENT_FLAG_ROW | flags;
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  event.value = value;
  event.payload = (const guint8 *)text;
  event.payload_size = text != NULL ? strlen (text) : 0;
  event.findings = findings;
  event.n_findings = n_findings;
  duplex_capture_append (self->capture, &event);
}

static void
stop_everything (DuplexConnection *self)
{
  duplex_inbox_stop (self->inbox);
  duplex_io_clear_source (&self->close_timer);
  duplex_outbox_stop (self->outbox);
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
static void
finish (DuplexConnection *self,
        DuplexFindingId   finding_id)
{
  DuplexFinding findings[2];
  guint         n_findings = 0;
  guint16       code = self->close_code;

  if (self->over)
    return;
  self->over = TRUE;
  live_until_next_turn (self);

  stop_everything (self);
  duplex_analyzer_finish (self->incoming);
  announce_closing (self);
  if (code == 0)
    code = self->failed_code != 0 ? self->failed_code : DUPLEX_CLOSE_ABNORMAL;
  if (self->error != NULL)
    record_state (self, DUPLEX_EVENT_FAILED, 0, self->error->code, self->error->message, NULL, 0);
  if (finding_id != DUPLEX_FINDING_NONE)
    findings[n_findings++] = (DuplexFinding){ finding_id, 0 };
  if (duplex_soup_judge_has_disagreed (self->judge))
    findings[n_findings++] = (DuplexFinding){ DUPLEX_FINDING_SOUP_DISAGREES, 0 };
  record_state (self, DUPLEX_EVENT_CLOSED, self->by_peer ? DUPLEX_EVENT_FLAG_PEER : 0, code,
                self->reason, findings, n_findings);
  if (self->callbacks->closed != NULL)
    self->callbacks->closed (self, code, self->reason != NULL ? self->reason : "", self->by_peer,
                             self->error, self->user_data);
  duplex_socket_close_stream (self->stream);
}

static void
set_error (DuplexConnection *self,
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
    set_error (self, DUPLEX_ERROR_TIMEOUT, "The peer did not take or answer the Close in time");
  finish (self, DUPLEX_FINDING_CLOSE_TIMEOUT);
  return G_SOURCE_REMOVE;
}

/* One timer for the whole closing, so that no peer can stretch it. */
static void
start_close_timer (DuplexConnection *self)
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
static void
check_closed (DuplexConnection *self)
{
  if (!self->close_sent || !self->close_received || self->over)
    return;
  duplex_outbox_stop (self->outbox);
  if (self->role == DUPLEX_ROLE_SERVER || self->half_over)
    finish (self, DUPLEX_FINDING_NONE);
  else if (G_IS_SOCKET_CONNECTION (self->stream))
    g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->stream)),
                       FALSE, /* shutdown_write= */ TRUE, NULL);
}

/* ---- sending ---- */

static void
drop_item (gpointer item,
           gpointer data)
{
  DuplexConnection *self = data;
  DuplexOutgoing   *outgoing = item;

  if (outgoing->header.opcode == DUPLEX_OPCODE_CLOSE)
    self->close_queued = FALSE; /* another takes its place */
  else if (outgoing->payload != NULL && self->callbacks->sent != NULL)
    self->callbacks->sent (self, outgoing->cost, self->user_data);
}

static void
push_frame (DuplexConnection *self,
            DuplexOpcode      opcode,
            GBytes           *payload,
            gboolean          overtakes,
            gboolean          replaceable)
{
  DuplexOutgoing *item = g_new0 (DuplexOutgoing, 1);
  gsize           size;
  const guint8   *data = g_bytes_get_data (payload, &size);

  item->wire = duplex_frame_encode_simple (self->role, opcode, data, size,
                                           duplex_mask_source_random, NULL);
  duplex_frame_header_decode (g_bytes_get_data (item->wire, NULL), g_bytes_get_size (item->wire),
                              &item->header);
  item->payload = g_bytes_ref (payload);
  item->control = overtakes;
  item->replaceable = replaceable;
  item->cost = size;
  duplex_outbox_push (self->outbox, item);
}

static void
push_close (DuplexConnection *self,
            guint16           code,
            const char       *reason)
{
  g_autoptr (GBytes) body = NULL;

  if (self->close_queued)
    return;
  self->close_queued = TRUE;
  announce_closing (self);
  start_close_timer (self);
  duplex_inbox_set_paused (self->inbox, FALSE); /* the answer is awaited */
  body = duplex_close_body_new (code, reason);
  push_frame (self, DUPLEX_OPCODE_CLOSE, body, /* overtakes= */ FALSE, /* replaceable= */ FALSE);
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
  set_error (self, DUPLEX_ERROR_PROTOCOL, duplex_finding_get_text (id));
  duplex_soup_judge_end (self->judge);
  duplex_outbox_drop_waiting (self->outbox, drop_item, self);
  push_close (self, self->failed_code, NULL);
}

static void
item_left_cb (DuplexOutgoing *item,
              gpointer        data)
{
  DuplexConnection *self = data;

  if (item->payload == NULL)
    return;
  duplex_analyzer_record_sent (self->outgoing, &item->header, item->payload,
                               DUPLEX_EVENT_FLAG_NONE);
  switch (item->header.opcode)
    {
    case DUPLEX_OPCODE_CLOSE:
      self->close_sent = TRUE;
      check_closed (self);
      break;
    case DUPLEX_OPCODE_PONG:
      break;
    case DUPLEX_OPCODE_PING:
      duplex_pings_left (self->pings, item->payload, item->written_at);
      G_GNUC_FALLTHROUGH;
    default:
      if (self->callbacks->sent != NULL)
        self->callbacks->sent (self, item->cost, self->user_data);
    }
}

static void
outbox_empty_cb (gpointer data)
{
  DuplexConnection *self = data;

  if (duplex_connection_is_open (self) && self->callbacks->idle != NULL)
    self->callbacks->idle (self, self->user_data);
}

/* Reading finds the end, where it has not yet: what was received still counts. */
static void
outbox_failed_cb (const GError *error,
                  gpointer      data)
{
  DuplexConnection *self = data;
  g_autofree char  *message = g_strdup_printf ("Sending failed: %s", error->message);

  set_error (self, DUPLEX_ERROR_CONNECTION_LOST, message);
  announce_closing (self);
  start_close_timer (self);
  if (self->half_over)
    finish (self, DUPLEX_FINDING_NONE);
  self->half_over = TRUE;
}

static const DuplexOutboxCallbacks outbox_callbacks = {
  .left = item_left_cb,
  .empty = outbox_empty_cb,
  .failed = outbox_failed_cb,
};

/* ---- receiving ---- */

static void
receive_ping (DuplexConnection      *self,
              const DuplexSeenFrame *frame)
{
  g_autoptr (GBytes) payload = NULL;

  if (!duplex_connection_is_open (self) || frame->payload_size > DUPLEX_LIMIT_CONTROL_PAYLOAD)
    return;
  payload = g_bytes_new (frame->payload, frame->payload_size);
  /* §5.5.3: where pings pile up, answering the latest is enough. */
  push_frame (self, DUPLEX_OPCODE_PONG, payload, /* overtakes= */ TRUE, /* replaceable= */ TRUE);
}

static void
note_pong (DuplexConnection *self,
           DuplexSeenFrame  *frame)
{
  frame->value = duplex_pings_answer (self->pings, frame->payload, frame->payload_size,
                                      g_get_monotonic_time ());
}

/* Takes the body apart and says what is wrong with it. */
static void
note_close (DuplexConnection *self,
            DuplexSeenFrame  *frame)
{
  DuplexFinding finding;
  const char   *reason;
  gsize         reason_len;
  guint16       code =
    duplex_close_body_parse (frame->payload, frame->payload_size, &reason, &reason_len, &finding);

  if (finding.id != DUPLEX_FINDING_NONE)
    {
      finding.offset += frame->header_size;
      g_array_append_val (frame->findings, finding);
    }
  if (self->close_received)
    return;
  self->close_code = code;
  self->close_problem = finding.id;
  if (finding.id == DUPLEX_FINDING_NONE)
    self->reason = g_strndup (reason, reason_len);
}

static void
receive_close (DuplexConnection *self)
{
  if (self->close_received)
    return;
  self->close_received = TRUE;
  self->by_peer = !self->close_queued;
  duplex_analyzer_set_after_close (self->incoming);
  duplex_soup_judge_end (self->judge);
  if (self->close_problem != DUPLEX_FINDING_NONE && !self->close_sent)
    {
      fail_connection (self, self->close_problem);
      return;
    }
  duplex_outbox_drop_waiting (self->outbox, drop_item, self);
  push_close (self, self->close_code, NULL);
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

/* What we send is recorded without being decoded, and asks for no action. */
static const DuplexAnalyzerCallbacks outgoing_callbacks = { NULL };

static void
inbox_bytes_cb (const guint8 *data,
                gsize         len,
                gpointer      user_data)
{
  g_autoptr (DuplexConnection) self = g_object_ref (user_data);

  duplex_analyzer_feed (self->incoming, data, len);
  check_closed (self);
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
      set_error (self, DUPLEX_ERROR_CONNECTION_LOST,
                 error != NULL && finding == DUPLEX_FINDING_EOF_WITHOUT_CLOSE
                   ? error->message
                   : "The peer ended the connection without a Close frame");
    }
  finish (self, finding);
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
  if (self->outbox != NULL)
    duplex_outbox_stop (self->outbox);
  g_clear_pointer (&self->judge, duplex_soup_judge_free);
  G_OBJECT_CLASS (duplex_connection_parent_class)->dispose (object);
}

static void
duplex_connection_finalize (GObject *object)
{
  DuplexConnection *self = DUPLEX_CONNECTION (object);

  g_clear_pointer (&self->inbox, duplex_inbox_free);
  g_clear_pointer (&self->outbox, duplex_outbox_free);
  g_clear_pointer (&self->incoming, duplex_analyzer_free);
  g_clear_pointer (&self->outgoing, duplex_analyzer_free);
  g_clear_pointer (&self->assembler, duplex_assembler_free);
  g_clear_pointer (&self->pings, duplex_pings_free);
  g_clear_pointer (&self->reason, g_free);
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
  self->pings = duplex_pings_new ();
}

static void
start_analyzers (DuplexConnection               *self,
                 const DuplexConnectionSettings *settings)
{
  DuplexRole peer = self->role == DUPLEX_ROLE_CLIENT ? DUPLEX_ROLE_SERVER : DUPLEX_ROLE_CLIENT;
  guint64    max = settings->max_message != 0 ? settings->max_message : DUPLEX_LIMIT_MESSAGE;

  self->incoming = duplex_analyzer_new (peer, DUPLEX_DIRECTION_RECEIVED, self->capture,
                                        self->connection, max, &incoming_callbacks, self);
  if (self->callbacks->message == NULL)
    duplex_analyzer_set_streams (self->incoming);
  self->outgoing = duplex_analyzer_new (self->role, DUPLEX_DIRECTION_SENT, self->capture,
                                        self->connection, G_MAXUINT64, &outgoing_callbacks, self);
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
  self->outbox = duplex_outbox_new (
    G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream)), &outbox_callbacks, self);
  start_analyzers (self, settings);
  self->judge = duplex_soup_judge_new (self->role, settings->subprotocol);
  self->inbox = duplex_inbox_new (G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream)),
                                  leftover, &inbox_callbacks, self);
  return self;
}

gboolean
duplex_connection_is_open (DuplexConnection *self)
{
  g_return_val_if_fail (DUPLEX_IS_CONNECTION (self), FALSE);

  return !self->over && !self->close_queued && !self->close_received;
}

void
duplex_connection_send (DuplexConnection *self,
                        DuplexOpcode      opcode,
                        GBytes           *payload)
{
  gboolean control = duplex_opcode_is_control (opcode);

  g_return_if_fail (DUPLEX_IS_CONNECTION (self));
  g_return_if_fail (payload != NULL && opcode != DUPLEX_OPCODE_CLOSE);
  g_return_if_fail (!control || g_bytes_get_size (payload) <= DUPLEX_LIMIT_CONTROL_PAYLOAD);

  if (!duplex_connection_is_open (self))
    return;
  if (opcode == DUPLEX_OPCODE_PING)
    duplex_pings_add (self->pings, payload);
  push_frame (self, opcode, payload, /* overtakes= */ control, /* replaceable= */ FALSE);
}

void
duplex_connection_send_raw (DuplexConnection *self,
                            GBytes           *wire)
{
  DuplexOutgoing *item;

  g_return_if_fail (DUPLEX_IS_CONNECTION (self));
  g_return_if_fail (wire != NULL);

  if (!duplex_connection_is_open (self))
    return;
  item = g_new0 (DuplexOutgoing, 1);
  item->wire = g_bytes_ref (wire);
  duplex_outbox_push (self->outbox, item);
}

void
duplex_connection_close (DuplexConnection *self,
                         guint16           code,
                         const char       *reason)
{
  g_return_if_fail (DUPLEX_IS_CONNECTION (self));

  if (duplex_connection_is_open (self))
    push_close (self, code, reason);
}

void
duplex_connection_set_paused (DuplexConnection *self,
                              gboolean          paused)
{
  g_return_if_fail (DUPLEX_IS_CONNECTION (self));

  if (!paused || duplex_connection_is_open (self))
    duplex_inbox_set_paused (self->inbox, paused);
}

void
duplex_connection_abort (DuplexConnection *self)
{
  g_return_if_fail (DUPLEX_IS_CONNECTION (self));

  set_error (self, DUPLEX_ERROR_CANCELLED, "The connection was given up");
  finish (self, DUPLEX_FINDING_NONE);
}
