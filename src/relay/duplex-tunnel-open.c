/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-tunnel-private.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "core/model/duplex-redact-url.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-limits.h"

/* Reads of a client that is to show its token before others have their turn. */
#define READS_AT_ONCE 16

/* ---- recording ---- */

/* Fills ret_known, which borrows from self and peer. */
static void
describe_opening (DuplexTunnel          *self,
                  const char            *peer,
                  DuplexRecordedOpening *ret_known)
{
  DuplexOpening *opening = self->opening;

  *ret_known = (DuplexRecordedOpening){
    .peer = peer,
    .tls = opening->tls_text,
    .request = opening->request,
    .response = opening->response,
    .unseen = opening->unseen,
    .accepted_at = g_get_real_time () - (g_get_monotonic_time () - self->accepted_at),
    .dial = opening->capture,
    .deflate = opening->dialled != NULL ? &opening->dialled->deflate : NULL,
  };
}

static void
begin_recording (DuplexTunnel *self)
{
  g_autofree char      *peer = duplex_peer_to_text (&self->peer);
  DuplexRecordedOpening known;

  describe_opening (self, peer, &known);
  self->recorded = duplex_recorder_begin (self->host->recorder, &known);
}

void
duplex_tunnel_record_refusal (DuplexTunnel *self,
                              GBytes       *response)
{
  DuplexOpening        *opening = self->opening;
  const DuplexPumpEnd   vanished = { 0 };
  DuplexRecordedOpening known;

  /* Nothing is recorded, nothing was asked for, or it is recorded already. */
  if (opening == NULL || opening->request == NULL)
    return;
  if (opening->answered)
    {
      begin_recording (self);
      duplex_recorder_end (g_steal_pointer (&self->recorded), &vanished, &vanished);
    }
  else
    {
      describe_opening (self, NULL, &known);
      known.response = response;
      duplex_recorder_add_refused (self->host->recorder, &known);
    }
  g_clear_pointer (&opening->request, g_bytes_unref);
}

/* ---- pumping ---- */

static void
log_closed (DuplexTunnel        *self,
            const DuplexPumpEnd *client,
            const DuplexPumpEnd *backend)
{
  gint64         elapsed = g_get_monotonic_time () - self->accepted_at;
  DuplexLogLine *line;

  /* Without a backend it was refused. */
  if (!self->has_backend && !duplex_log_allows_refusal ())
    return;
  line = duplex_tunnel_begin_line (self, "closed");
  duplex_log_add (line, "backend", self->backend);
  duplex_log_add_number (line, "ms", (guint64)elapsed / 1000);
  duplex_log_add_number (line, "client_sent", client->code_received);
  duplex_log_add_number (line, "client_got", client->code_sent);
  if (self->has_backend)
    {
      duplex_log_add_number (line, "backend_sent", backend->code_received);
      duplex_log_add_number (line, "backend_got", backend->code_sent);
    }
  duplex_log_add_number (line, "messages_up", client->n_messages);
  duplex_log_add_number (line, "bytes_up", client->n_bytes);
  duplex_log_add_number (line, "messages_down", backend->n_messages);
  duplex_log_add_number (line, "bytes_down", backend->n_bytes);
  duplex_log_add_number (line, "late_up", client->n_late);
  duplex_log_add_number (line, "late_down", backend->n_late);
  duplex_log_end (line);
}

void
duplex_tunnel_finish_pump (DuplexTunnel *self)
{
  DuplexPumpEnd client;
  DuplexPumpEnd backend;

  duplex_pump_get_ends (self->pump, &client, &backend);
  log_closed (self, &client, &backend);
  duplex_metrics_closed (self->host->metrics, &client, self->has_backend ? &backend : NULL);
  if (self->recorded != NULL)
    duplex_recorder_end (g_steal_pointer (&self->recorded), &client, &backend);
  duplex_tunnel_end (self);
}

static void
pump_ended_cb (DuplexPump *pump,
               gpointer    data)
{
  duplex_tunnel_finish_pump (data);
}

/* The backend's URL as the client wrote it, but for its secrets: what is said may be recorded. */
static char *
dup_url (DuplexOpening *opening)
{
  DuplexUrl *url = opening->dial->url;

  return duplex_redact_dup_url (url->credentials != NULL ? url->text : opening->url);
}

/* {"error":TEXT} or {"status":"connected","backend":URL}; NULL for nothing. */
static char *
build_greeting (DuplexTunnel *self)
{
  DuplexOpening         *opening = self->opening;
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode)   node = json_node_new (JSON_NODE_OBJECT);

  if (opening->error_text != NULL)
    json_object_set_string_member (object, "error", opening->error_text);
  else if (self->has_backend && self->settings->status)
    {
      g_autofree char *url = dup_url (opening);

      json_object_set_string_member (object, "status", "connected");
      json_object_set_string_member (object, "backend", url);
    }
  else
    return NULL;
  json_node_set_object (node, object);
  return json_to_string (node, /* pretty= */ FALSE);
}

/* What the ends have agreed on, and what they have sent already. */
static void
prepare_pump (DuplexTunnel *self)
{
  DuplexOpening   *opening = self->opening;
  g_autofree char *greeting = build_greeting (self);

  if (self->has_backend && opening->dialled->deflate.agreed)
    duplex_pump_set_deflate (self->pump);
  if (opening->received->len > 0)
    {
      g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (g_steal_pointer (&opening->received));

      duplex_pump_unread (self->pump, DUPLEX_ROLE_CLIENT, bytes);
    }
  if (self->has_backend && opening->dialled->leftover != NULL)
    duplex_pump_unread (self->pump, DUPLEX_ROLE_SERVER, opening->dialled->leftover);
  if (opening->request != NULL)
    {
      begin_recording (self);
      duplex_pump_set_tap (self->pump, duplex_recorder_get_tap (), self->recorded);
    }
  if (greeting != NULL)
    duplex_pump_greet (self->pump, greeting);
}

static void
log_open (DuplexTunnel *self)
{
  DuplexLogLine *line = duplex_tunnel_begin_line (self, "open");

  duplex_log_add (line, "backend", self->backend);
  duplex_log_end (line);
}

static void
start_pump (DuplexTunnel *self)
{
  DuplexOpening *opening = self->opening;
  DuplexPoller  *poller = self->host->poller;
  DuplexLeg     *backend = NULL;
  guint16        code = opening->close_code;
  const char    *reason = opening->close_reason;

  if (code == 0 && opening->dialled != NULL)
    {
      backend = duplex_leg_new_stream (poller, opening->dialled->stream);
      self->has_backend = TRUE;
      log_open (self);
    }
  self->pump = duplex_pump_new (poller, g_steal_pointer (&opening->client), backend,
                                &self->settings->pump, self->host->stats, pump_ended_cb, self);
  prepare_pump (self);
  g_clear_pointer (&self->opening, duplex_opening_free);
  duplex_metrics_opened (self->host->metrics, g_get_monotonic_time () - self->accepted_at);
  duplex_pump_start (self->pump);
  if (!self->has_backend)
    duplex_pump_close (self->pump, code, reason);
  else if (self->going_away)
    duplex_pump_close (self->pump, DUPLEX_CLOSE_GOING_AWAY, NULL);
}

void
duplex_tunnel_close (DuplexTunnel *self,
                     guint16       code,
                     const char   *reason)
{
  /* A pong is still to leave, maybe the rest of one: a Close would stand within it. */
  if (self->opening->out->len > 0)
    {
      duplex_tunnel_end (self);
      return;
    }
  self->opening->close_code = code;
  self->opening->close_reason = reason;
  start_pump (self);
}

/* ---- a token in the first message ---- */

static void
refuse_token (DuplexTunnel *self)
{
  duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_TOKEN, 0, "Wrong token");
  duplex_tunnel_close (self, DUPLEX_CLOSE_POLICY, "Token required");
}

static void
check_token (DuplexTunnel *self)
{
  DuplexOpening *opening = self->opening;
  const char    *token = duplex_first_message_get_text (opening->first);
  gboolean       right =
    token != NULL && duplex_policy_allows_token_text (self->settings->policy, token);

  g_clear_pointer (&opening->first, duplex_first_message_free);
  if (!right)
    refuse_token (self);
  else if (duplex_tunnel_take_place (self))
    duplex_tunnel_open_backend (self);
  else
    {
      duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_LIMIT, 0, "Too many connections");
      duplex_tunnel_close (self, DUPLEX_CLOSE_TRY_AGAIN_LATER, "Too many connections");
    }
}

/* TRUE while more is to be read. */
static gboolean
use_received (DuplexTunnel *self)
{
  DuplexOpening   *opening = self->opening;
  gsize            used = 0;
  DuplexFirstState state =
    duplex_first_message_feed (opening->first, opening->received->data, opening->received->len,
                               &used, opening->out);

  g_byte_array_remove_range (opening->received, 0, (guint)used);
  opening->unseen += used;
  /* Whoever does not even take a pong is not waited for. */
  if (state != DUPLEX_FIRST_MORE && duplex_tunnel_flush (self) != DUPLEX_LEG_OK)
    {
      duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_TOKEN, 0, "No token");
      duplex_tunnel_end (self);
      return FALSE;
    }
  switch (state)
    {
    case DUPLEX_FIRST_MORE:
      return TRUE;
    case DUPLEX_FIRST_DONE:
      check_token (self);
      return FALSE;
    case DUPLEX_FIRST_CLOSED:
      duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_TOKEN, 0, "No token");
      duplex_tunnel_close (self, DUPLEX_CLOSE_NORMAL, NULL);
      return FALSE;
    case DUPLEX_FIRST_WRONG:
    default:
      g_byte_array_set_size (opening->received, 0);
      refuse_token (self);
      return FALSE;
    }
}

/* Pongs leave before more is read: what waits stays small. A client that sends without end, such as
 * pongs, has its turns and its time like others. */
void
duplex_tunnel_read_token (DuplexTunnel *self)
{
  DuplexOpening *opening = self->opening;
  guint8         chunk[4096];
  gsize          len;

  for (guint i = 0; use_received (self); i++)
    {
      DuplexLegResult result = duplex_tunnel_flush (self);

      if (result == DUPLEX_LEG_OK && i == READS_AT_ONCE)
        {
          duplex_leg_again (opening->client);
          return;
        }
      if (result == DUPLEX_LEG_OK)
        result = duplex_leg_read (opening->client, chunk, sizeof chunk, &len);
      if (result == DUPLEX_LEG_WOULD_BLOCK)
        return;
      if (result == DUPLEX_LEG_ENDED)
        {
          duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_TOKEN, 0, "No token");
          duplex_tunnel_end (self);
          return;
        }
      g_byte_array_append (opening->received, chunk, (guint)len);
    }
}

/* ---- the answer ---- */

void
duplex_tunnel_go_on_answering (DuplexTunnel *self)
{
  DuplexOpening  *opening = self->opening;
  DuplexLegResult result = duplex_tunnel_flush (self);

  if (result == DUPLEX_LEG_WOULD_BLOCK)
    return;
  if (result == DUPLEX_LEG_ENDED)
    {
      duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_LEFT, 0, NULL);
      duplex_tunnel_end (self);
      return;
    }
  opening->answered = TRUE;
  if (opening->first == NULL)
    start_pump (self);
  else if (self->going_away)
    duplex_tunnel_close (self, DUPLEX_CLOSE_GOING_AWAY, NULL);
  else
    {
      duplex_tunnel_set_phase (self, DUPLEX_TUNNEL_TOKEN, self->settings->handshake_timeout);
      duplex_tunnel_read_token (self);
    }
}

/* Without a backend, or before there is one, the first subprotocol is chosen: a browser shows
 * nothing where it offered some and none is. */
static GBytes *
build_response (DuplexTunnel *self)
{
  DuplexOpening    *opening = self->opening;
  DuplexDialResult *dialled = opening->dialled;
  g_autofree char  *extensions = NULL;

  if (dialled == NULL)
    return duplex_handshake_build_response (opening->head, opening->offered[0], NULL);
  if (dialled->deflate.agreed)
    extensions = duplex_deflate_dup_response (&opening->dial->deflate, &dialled->deflate);
  return duplex_handshake_build_response (opening->head, dialled->subprotocol, extensions);
}

void
duplex_tunnel_answer (DuplexTunnel *self)
{
  DuplexOpening     *opening = self->opening;
  g_autoptr (GBytes) response = NULL;

  if (opening->answered)
    {
      start_pump (self);
      return;
    }
  response = build_response (self);
  g_byte_array_append (opening->out, g_bytes_get_data (response, NULL),
                       (guint)g_bytes_get_size (response));
  if (self->host->recorder != NULL)
    opening->response = g_steal_pointer (&response);
  duplex_tunnel_set_phase (self, DUPLEX_TUNNEL_ANSWER, DUPLEX_LIMIT_RELAY_ANSWER);
  duplex_tunnel_go_on_answering (self);
}
