/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session sends. */
#include <string.h>

#include "core/io/duplex-session-private.h"
#include "core/io/duplex-transfer-private.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-utf8.h"

void
duplex_session_begin_sending (DuplexSession *self)
{
  g_clear_pointer (&self->composed, duplex_message_tracker_free);
  self->composed = duplex_message_tracker_new (DUPLEX_ROLE_CLIENT, G_MAXUINT64);
  if (duplex_attempt_get_deflate (self->attempt)->agreed)
    duplex_message_tracker_set_deflate (self->composed);
  self->half_way = FALSE;
}

static gboolean
check_open (DuplexSession *self,
            GError       **error)
{
  if (self->state == DUPLEX_SESSION_OPEN)
    return TRUE;
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_CLOSED, "There is no open connection");
  return FALSE;
}

static gboolean
check_whole (DuplexSession *self,
             GError       **error)
{
  if (!self->half_way)
    return TRUE;
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
               "A composed frame stopped half-way, so the peer takes what follows as its rest");
  return FALSE;
}

/* Whether a message may begin. */
static gboolean
check_between (DuplexSession *self,
               GError       **error)
{
  if (!check_open (self, error) || !check_whole (self, error))
    return FALSE;
  if (duplex_message_tracker_get_open (self->composed) == 0)
    return TRUE;
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
               "A composed message is open: its last fragment comes first (RFC 6455 §5.4)");
  return FALSE;
}

static gboolean
check_utf8 (const guint8 *text,
            gsize         size,
            GError      **error)
{
  guint64 bad;

  if (duplex_utf8_validate (text, size, &bad))
    return TRUE;
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
               "The text is not UTF-8: byte 0x%02x at %" G_GUINT64_FORMAT, text[bad], bad);
  return FALSE;
}

/* ---- messages ---- */

static gboolean
send_message (DuplexSession *self,
              DuplexOpcode   opcode,
              GBytes        *payload,
              GError       **error)
{
  return check_between (self, error) &&
         duplex_attempt_send (self->attempt, opcode, payload, NULL, 0, error);
}

gboolean
duplex_session_send_text (DuplexSession *self,
                          const char    *text,
                          gssize         len,
                          GError       **error)
{
  g_autoptr (GBytes) payload = NULL;
  gsize              size;

  g_return_val_if_fail (DUPLEX_IS_SESSION (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);

  size = len < 0 ? strlen (text) : (gsize)len;
  if (!check_utf8 ((const guint8 *)text, size, error))
    return FALSE;
  payload = g_bytes_new (text, size);
  return send_message (self, DUPLEX_OPCODE_TEXT, payload, error);
}

gboolean
duplex_session_send_binary (DuplexSession *self,
                            GBytes        *data,
                            GError       **error)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION (self), FALSE);
  g_return_val_if_fail (data != NULL, FALSE);

  return send_message (self, DUPLEX_OPCODE_BINARY, data, error);
}

gboolean
duplex_session_send_split (DuplexSession *self,
                           DuplexOpcode   opcode,
                           GBytes        *payload,
                           const gsize   *points,
                           gsize          n_points,
                           GError       **error)
{
  gsize         size;
  const guint8 *data;

  g_return_val_if_fail (DUPLEX_IS_SESSION (self), FALSE);
  g_return_val_if_fail (payload != NULL && (points != NULL || n_points == 0), FALSE);
  g_return_val_if_fail (opcode == DUPLEX_OPCODE_TEXT || opcode == DUPLEX_OPCODE_BINARY, FALSE);

  data = g_bytes_get_data (payload, &size);
  for (gsize i = 0; i < n_points; i++)
    if (i > 0 && points[i] < points[i - 1])
      {
        g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                     "The points of a split ascend, and %" G_GSIZE_FORMAT
                     " comes after %" G_GSIZE_FORMAT,
                     points[i], points[i - 1]);
        return FALSE;
      }
  if (opcode == DUPLEX_OPCODE_TEXT && !check_utf8 (data, size, error))
    return FALSE;
  return check_between (self, error) &&
         duplex_attempt_send (self->attempt, opcode, payload, points, n_points, error);
}

DuplexTransfer *
duplex_session_send_file (DuplexSession *self,
                          DuplexOpcode   opcode,
                          GFile         *file,
                          GError       **error)
{
  DuplexTransfer *transfer;

  g_return_val_if_fail (DUPLEX_IS_SESSION (self), NULL);
  g_return_val_if_fail (G_IS_FILE (file), NULL);
  g_return_val_if_fail (opcode == DUPLEX_OPCODE_TEXT || opcode == DUPLEX_OPCODE_BINARY, NULL);

  if (!check_between (self, error))
    return NULL;
  transfer = duplex_transfer_new (file, opcode, error);
  if (transfer != NULL)
    duplex_attempt_send_file (self->attempt, transfer);
  return transfer;
}

/* ---- pings and pongs ---- */

static gboolean
send_control (DuplexSession *self,
              DuplexOpcode   opcode,
              GBytes        *payload,
              GError       **error)
{
  gsize size = payload != NULL ? g_bytes_get_size (payload) : 0;

  if (size > DUPLEX_LIMIT_CONTROL_PAYLOAD)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                   "The %s has %" G_GSIZE_FORMAT " bytes, and a control frame has room for %d",
                   duplex_opcode_get_name (opcode), size, DUPLEX_LIMIT_CONTROL_PAYLOAD);
      return FALSE;
    }
  return check_open (self, error) && check_whole (self, error) &&
         duplex_attempt_send (self->attempt, opcode, payload, NULL, 0, error);
}

gboolean
duplex_session_ping (DuplexSession *self,
                     GBytes        *payload,
                     GError       **error)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION (self), FALSE);

  return send_control (self, DUPLEX_OPCODE_PING, payload, error);
}

gboolean
duplex_session_pong (DuplexSession *self,
                     GBytes        *payload,
                     GError       **error)
{
  g_return_val_if_fail (DUPLEX_IS_SESSION (self), FALSE);

  return send_control (self, DUPLEX_OPCODE_PONG, payload, error);
}

/* ---- composed frames ---- */

static gboolean
refuse (GError    **error,
        const char *why)
{
  g_set_error_literal (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT, why);
  return FALSE;
}

/* What the frame is in the course of what was composed before: its findings, as the peer's end of
 * the wire would have them. */
static void
judge_draft (DuplexMessageTracker    *tracker,
             const DuplexFrameDraft  *draft,
             const DuplexFrameHeader *header,
             GArray                  *findings)
{
  DuplexMessagePlace place;
  gsize              size = 0;
  const guint8      *data = NULL;

  if (draft->payload != NULL)
    data = g_bytes_get_data (draft->payload, &size);

  duplex_message_tracker_header (tracker, header, &place, findings);
  duplex_message_tracker_payload (tracker, data, size, findings);
  duplex_message_tracker_end (tracker, findings);
  if (header->opcode == DUPLEX_OPCODE_CLOSE)
    {
      DuplexFinding finding;
      const char   *reason;
      gsize         reason_len;

      duplex_close_body_parse (data, size, &reason, &reason_len, &finding);
      if (finding.id != DUPLEX_FINDING_NONE)
        g_array_append_val (findings, finding);
    }
}

static gboolean
stops_half_way (const DuplexFrameDraft  *draft,
                const DuplexFrameHeader *header)
{
  gsize size = draft->payload != NULL ? g_bytes_get_size (draft->payload) : 0;

  return header->length > size || draft->stop < duplex_frame_header_get_size (header) + size;
}

/* What the RFC forbids at this place. */
static gboolean
check_draft (const DuplexFrameDraft  *draft,
             const DuplexFrameHeader *header,
             const GArray            *findings,
             GError                 **error)
{
  gsize size = draft->payload != NULL ? g_bytes_get_size (draft->payload) : 0;

  for (guint i = 0; i < findings->len; i++)
    {
      DuplexFindingId id = g_array_index (findings, DuplexFinding, i).id;

      if (duplex_finding_get_severity (id) == DUPLEX_SEVERITY_ERROR)
        return refuse (error, duplex_finding_get_text (id));
    }
  if (stops_half_way (draft, header))
    return refuse (error, "The frame stops half-way");
  if (header->length != size)
    return refuse (error, "The frame says that it is shorter than its payload");
  if (header->rsv1)
    return refuse (error, "RSV1 marks compressed data, and a composed frame is sent as it is");
  return TRUE;
}

gboolean
duplex_session_send_frame (DuplexSession          *self,
                           const DuplexFrameDraft *draft,
                           gboolean                deliberate,
                           GError                **error)
{
  g_autoptr (DuplexMessageTracker) after = NULL;
  g_autoptr (GArray)               findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  DuplexFrameHeader                header;

  g_return_val_if_fail (DUPLEX_IS_SESSION (self), FALSE);
  g_return_val_if_fail (draft != NULL, FALSE);

  if (!duplex_frame_draft_check (draft, error))
    return FALSE;
  if (!(deliberate && self->state == DUPLEX_SESSION_CLOSING) && !check_open (self, error))
    return FALSE;
  duplex_frame_draft_get_header (draft, DUPLEX_ROLE_CLIENT, duplex_mask_source_random, NULL,
                                 &header);
  after = duplex_message_tracker_copy (self->composed);
  judge_draft (after, draft, &header, findings);
  if (!deliberate &&
      (!check_whole (self, error) || !check_draft (draft, &header, findings, error)))
    return FALSE;
  if (!duplex_attempt_send_draft (self->attempt, draft, deliberate, error))
    return FALSE;
  g_clear_pointer (&self->composed, duplex_message_tracker_free);
  self->composed = g_steal_pointer (&after);
  self->half_way = self->half_way || stops_half_way (draft, &header);
  return TRUE;
}

/* ---- what waits ---- */

void
duplex_session_get_waiting (DuplexSession *self,
                            gsize         *ret_bytes,
                            guint         *ret_messages)
{
  gsize bytes = 0;
  guint messages = 0;

  g_return_if_fail (DUPLEX_IS_SESSION (self));

  if (self->attempt != NULL)
    duplex_attempt_get_waiting (self->attempt, &bytes, &messages);
  if (ret_bytes != NULL)
    *ret_bytes = bytes;
  if (ret_messages != NULL)
    *ret_messages = messages;
}

void
duplex_session_get_deflate (DuplexSession          *self,
                            DuplexDeflateAgreement *ret_agreement)
{
  g_return_if_fail (DUPLEX_IS_SESSION (self));
  g_return_if_fail (ret_agreement != NULL);

  *ret_agreement = (DuplexDeflateAgreement){ 0 };
  if (self->attempt != NULL && self->state >= DUPLEX_SESSION_OPEN)
    *ret_agreement = *duplex_attempt_get_deflate (self->attempt);
}
