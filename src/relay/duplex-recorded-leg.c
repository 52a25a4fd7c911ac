/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-recorded-leg.h"

#include <string.h>

#include "core/io/duplex-analyzer.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

/* What the first Close of a direction says. */
typedef struct
{
  guint16 code;   /* 0 before it, 1005 for one without a code */
  char   *reason; /* or NULL */
} Close;

struct _DuplexRecordedLeg
{
  /* owned */
  DuplexCapture  *capture;
  DuplexAnalyzer *received;
  DuplexAnalyzer *sent;
  Close           received_close;
  Close           sent_close;

  /* state */
  guint32         connection;
  gboolean        is_server;     /* the relay is, on this leg */
  DuplexFindingId violation;     /* the first of the peer's */
  gint64          time_us;       /* of what is fed */
  gint64          closing_since; /* time of the first Close, or 0 */
  gboolean        by_peer;       /* which was its */
};

static void
violation_cb (DuplexFindingId id,
              gpointer        data)
{
  DuplexRecordedLeg *self = data;

  if (self->violation == DUPLEX_FINDING_NONE)
    self->violation = id;
}

/* What is wrong with a Close's body stands with its frame. */
static void
note_close (DuplexSeenFrame *frame,
            Close           *first)
{
  gsize         size = frame->payload_id == 0 ? frame->payload_size : 0;
  DuplexFinding finding;
  const char   *reason;
  gsize         len;
  guint16       code;

  if (frame->header->opcode != DUPLEX_OPCODE_CLOSE)
    return;
  code = duplex_close_body_parse (frame->payload, size, &reason, &len, &finding);
  finding.offset += frame->header_size;
  if (finding.id != DUPLEX_FINDING_NONE)
    g_array_append_val (frame->findings, finding);
  if (first->code != 0)
    return;
  first->code = code;
  if (finding.id == DUPLEX_FINDING_NONE)
    first->reason = g_strndup (reason, len);
}

static void
received_note_cb (DuplexSeenFrame *frame,
                  gpointer         data)
{
  DuplexRecordedLeg *self = data;

  note_close (frame, &self->received_close);
}

static void
sent_note_cb (DuplexSeenFrame *frame,
              gpointer         data)
{
  DuplexRecordedLeg *self = data;

  note_close (frame, &self->sent_close);
}

static void
act_close (DuplexRecordedLeg     *self,
           DuplexAnalyzer        *analyzer,
           const DuplexSeenFrame *frame)
{
  if (frame->header->opcode != DUPLEX_OPCODE_CLOSE)
    return;
  duplex_analyzer_set_after_close (analyzer);
  if (self->closing_since != 0)
    return;
  self->closing_since = self->time_us;
  self->by_peer = analyzer == self->received;
}

static void
received_act_cb (const DuplexSeenFrame *frame,
                 gpointer               data)
{
  DuplexRecordedLeg *self = data;

  act_close (self, self->received, frame);
}

static void
sent_act_cb (const DuplexSeenFrame *frame,
             gpointer               data)
{
  DuplexRecordedLeg *self = data;

  act_close (self, self->sent, frame);
}

static const DuplexAnalyzerCallbacks received_callbacks = {
  .violation = violation_cb,
  .note = received_note_cb,
  .act = received_act_cb,
};

static const DuplexAnalyzerCallbacks sent_callbacks = {
  .note = sent_note_cb,
  .act = sent_act_cb,
};

static DuplexAnalyzer *
make_analyzer (DuplexRecordedLeg             *self,
               DuplexDirection                direction,
               DuplexRole                     sender,
               const DuplexDeflateAgreement  *deflate,
               const DuplexAnalyzerCallbacks *callbacks)
{
  DuplexAnalyzer *analyzer = duplex_analyzer_new (sender, direction, self->capture,
                                                  self->connection, G_MAXUINT64, callbacks, self);

  duplex_analyzer_set_streams (analyzer);
  if (deflate->agreed)
    duplex_analyzer_set_deflate (
      analyzer, sender == DUPLEX_ROLE_CLIENT ? &deflate->client : &deflate->server,
      DUPLEX_LIMIT_INFLATED, DUPLEX_LIMIT_INFLATE_RATIO);
  return analyzer;
}

DuplexRecordedLeg *
duplex_recorded_leg_new (DuplexCapture                *capture,
                         guint32                       connection,
                         DuplexRole                    peer,
                         const DuplexDeflateAgreement *deflate)
{
  DuplexRole         own = peer == DUPLEX_ROLE_CLIENT ? DUPLEX_ROLE_SERVER : DUPLEX_ROLE_CLIENT;
  DuplexRecordedLeg *self;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (capture) && deflate != NULL, NULL);

  self = g_new0 (DuplexRecordedLeg, 1);
  self->capture = g_object_ref (capture);
  self->connection = connection;
  self->is_server = own == DUPLEX_ROLE_SERVER;
  self->received =
    make_analyzer (self, DUPLEX_DIRECTION_RECEIVED, peer, deflate, &received_callbacks);
  self->sent = make_analyzer (self, DUPLEX_DIRECTION_SENT, own, deflate, &sent_callbacks);
  return self;
}

void
duplex_recorded_leg_free (DuplexRecordedLeg *self)
{
  if (self == NULL)
    return;
  duplex_analyzer_free (self->received);
  duplex_analyzer_free (self->sent);
  g_object_unref (self->capture);
  g_free (self->received_close.reason);
  g_free (self->sent_close.reason);
  g_free (self);
}

void
duplex_recorded_leg_feed (DuplexRecordedLeg *self,
                          DuplexDirection    direction,
                          gint64             time_us,
                          guint64            missed,
                          const guint8      *data,
                          gsize              len)
{
  DuplexAnalyzer *analyzer;

  g_return_if_fail (self != NULL);

  analyzer = direction == DUPLEX_DIRECTION_RECEIVED ? self->received : self->sent;
  self->time_us = time_us;
  duplex_analyzer_set_time (analyzer, time_us);
  if (missed > 0)
    duplex_analyzer_miss (analyzer, missed);
  duplex_analyzer_feed (analyzer, data, len);
}

static void
set_time (DuplexRecordedLeg *self,
          gint64             time_us)
{
  duplex_analyzer_set_time (self->received, time_us);
  duplex_analyzer_set_time (self->sent, time_us);
}

static void
finish_analyzers (DuplexRecordedLeg *self)
{
  duplex_analyzer_finish (self->received);
  duplex_analyzer_finish (self->sent);
}

void
duplex_recorded_leg_give_up (DuplexRecordedLeg *self,
                             gint64             time_us)
{
  g_return_if_fail (self != NULL);

  set_time (self, time_us);
  duplex_analyzer_miss (self->received, 0);
  duplex_analyzer_miss (self->sent, 0);
  finish_analyzers (self);
}

/* ---- the end ---- */

static void
record_state (DuplexRecordedLeg *self,
              DuplexEvent       *event,
              gint64             time_us,
              const char        *text)
{
  event->time_us = time_us;
  event->connection = self->connection;
  duplex_capture_append_state (self->capture, event, text);
}

static void
record_failed (DuplexRecordedLeg *self,
               gint64             time_us,
               DuplexErrorCode    code,
               const char        *message)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = DUPLEX_EVENT_FAILED;
  event.value = code;
  record_state (self, &event, time_us, message);
}

/* Whether the relay failed the connection because of what the peer sent (RFC 6455 §7.1.7), and did
 * not carry over the other's Close, or close since there is no other. */
static gboolean
was_failed (const DuplexPumpEnd *end,
            const DuplexPumpEnd *other)
{
  if (other == NULL || other->code_received == end->code_sent)
    return FALSE;
  switch (end->code_sent)
    {
    case DUPLEX_CLOSE_PROTOCOL_ERROR:
    case DUPLEX_CLOSE_INVALID_DATA:
    case DUPLEX_CLOSE_POLICY:
    case DUPLEX_CLOSE_TOO_BIG:
      return end->code_received == 0;
    default:
      return FALSE;
    }
}

/* The code of the peer's Close, or 0. The relay does not look at one behind what broke a rule. */
static guint16
get_received (DuplexRecordedLeg   *self,
              const DuplexPumpEnd *end)
{
  return end->code_received != 0 ? end->code_received : self->received_close.code;
}

static gboolean
has_vanished (DuplexRecordedLeg   *self,
              const DuplexPumpEnd *end)
{
  return get_received (self, end) == 0 && end->code_sent == 0;
}

/* A limit of the relay's own is nobody's break of the protocol. */
static DuplexErrorCode
get_error_code (const DuplexPumpEnd *end)
{
  return end->code_sent == DUPLEX_CLOSE_POLICY || end->code_sent == DUPLEX_CLOSE_TOO_BIG
           ? DUPLEX_ERROR_TOO_BIG
           : DUPLEX_ERROR_PROTOCOL;
}

static void
set_sent_close (DuplexRecordedLeg   *self,
                const DuplexPumpEnd *end,
                DuplexEvent         *event)
{
  event->sent_code = end->code_sent;
  /* One that was on its way need not have left. */
  if (end->code_sent != self->sent_close.code || self->sent_close.reason == NULL)
    return;
  event->sent_reason = self->sent_close.reason;
  event->sent_reason_size = strlen (event->sent_reason);
}

static void
record_closed (DuplexRecordedLeg   *self,
               const DuplexPumpEnd *end,
               gboolean             failed,
               gint64               time_us)
{
  DuplexEvent   event = DUPLEX_EVENT_INIT;
  DuplexFinding lost = { DUPLEX_FINDING_EOF_WITHOUT_CLOSE, 0 };
  gboolean      vanished = has_vanished (self, end);

  event.kind = DUPLEX_EVENT_CLOSED;
  event.flags = self->is_server ? DUPLEX_EVENT_FLAG_SERVER : 0;
  if (vanished || (self->closing_since != 0 && self->by_peer))
    event.flags |= DUPLEX_EVENT_FLAG_PEER;
  event.value = get_received (self, end);
  if (event.value == 0)
    event.value = failed ? end->code_sent : DUPLEX_CLOSE_ABNORMAL;
  if (self->closing_since != 0)
    event.message_size = (guint64)MAX (time_us - self->closing_since, 1);
  event.findings = &lost;
  event.n_findings = vanished ? 1 : 0;
  set_sent_close (self, end, &event);
  record_state (self, &event, time_us, self->received_close.reason);
}

void
duplex_recorded_leg_end (DuplexRecordedLeg   *self,
                         const DuplexPumpEnd *end,
                         const DuplexPumpEnd *other,
                         gint64               time_us,
                         guint64              missed_received,
                         guint64              missed_sent)
{
  gboolean failed;

  g_return_if_fail (self != NULL && end != NULL);

  failed = was_failed (end, other);
  set_time (self, time_us);
  if (missed_received > 0)
    duplex_analyzer_miss (self->received, missed_received);
  if (missed_sent > 0)
    duplex_analyzer_miss (self->sent, missed_sent);
  finish_analyzers (self);
  if (failed)
    record_failed (self, time_us, get_error_code (end),
                   self->violation != DUPLEX_FINDING_NONE
                     ? duplex_finding_get_text (self->violation)
                     : self->sent_close.reason);
  else if (has_vanished (self, end))
    record_failed (self, time_us, DUPLEX_ERROR_CONNECTION_LOST,
                   "The peer ended the connection without a Close frame");
  record_closed (self, end, failed, time_us);
}

guint64
duplex_recorded_leg_get_n_dropped (DuplexRecordedLeg *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return duplex_analyzer_get_n_dropped (self->received) +
         duplex_analyzer_get_n_dropped (self->sent);
}
