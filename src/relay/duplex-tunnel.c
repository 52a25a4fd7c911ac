/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-tunnel-private.h"

#include <string.h>
#include <unistd.h>

#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-limits.h"
#include "relay/duplex-request.h"

/* The exposition format of Prometheus, version 0.0.4. */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Bytes that are read, and thrown away, before others have their turn. */
#define DISCARDED_AT_ONCE ((gsize)64 * 1024)

/* ---- what is written about it ---- */

DuplexLogLine *
duplex_tunnel_begin_line (DuplexTunnel *self,
                          const char   *event)
{
  DuplexLogLine   *line = duplex_log_begin (event);
  g_autofree char *client = duplex_peer_to_text (&self->peer);

  duplex_log_add_number (line, "connection", self->number);
  duplex_log_add (line, "client", client);
  return line;
}

void
duplex_tunnel_note_refusal (DuplexTunnel *self,
                            DuplexRefusal refusal,
                            guint         status,
                            const char   *detail)
{
  DuplexLogLine *line;

  duplex_metrics_refused (self->host->metrics, refusal);
  if (!duplex_log_allows_refusal ())
    return;
  line = duplex_tunnel_begin_line (self, "refused");
  duplex_log_add (line, "reason", duplex_refusal_get_name (refusal));
  if (status > 0)
    duplex_log_add_number (line, "status", status);
  duplex_log_add (line, "backend", self->backend);
  duplex_log_add (line, "detail", detail);
  duplex_log_end (line);
}

/* ---- the end ---- */

static void
settle (DuplexTunnel *self)
{
  if (self->settled)
    return;
  self->settled = TRUE;
  self->host->settled (self, self->host->user_data);
}

void
duplex_opening_free (DuplexOpening *self)
{
  if (self == NULL)
    return;
  g_assert (self->operation == NULL);
  duplex_poller_clear_deadline (self->tunnel->host->poller, &self->deadline);
  duplex_poller_unwatch (self->tunnel->host->poller, &self->tls_watch);
  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->client, duplex_leg_free);
  g_clear_pointer (&self->tls, duplex_tls_session_free);
  g_clear_pointer (&self->received, g_byte_array_unref);
  g_clear_pointer (&self->out, g_byte_array_unref);
  g_clear_pointer (&self->head, duplex_head_free);
  g_strfreev (self->offered);
  g_free (self->url);
  g_clear_pointer (&self->first, duplex_first_message_free);
  g_clear_pointer (&self->dial, duplex_dial_settings_free);
  g_list_free_full (self->addresses, g_object_unref);
  g_clear_pointer (&self->dialled, duplex_dial_result_free);
  g_free (self->error_text);
  g_clear_pointer (&self->request, g_bytes_unref);
  g_clear_pointer (&self->response, g_bytes_unref);
  g_clear_object (&self->capture);
  g_free (self->tls_text);
  g_free (self);
}

void
duplex_tunnel_end (DuplexTunnel *self)
{
  DuplexOpening *opening = self->opening;

  settle (self);
  if (opening != NULL && opening->operation != NULL)
    {
      opening->dead = TRUE;
      duplex_poller_clear_deadline (self->host->poller, &opening->deadline);
      g_clear_pointer (&opening->client, duplex_leg_free);
      g_cancellable_cancel (opening->operation);
      return;
    }
  duplex_tunnel_record_refusal (self, NULL);
  self->host->ended (self, self->host->user_data);
}

GCancellable *
duplex_tunnel_begin_operation (DuplexTunnel *self)
{
  g_assert (self->opening->operation == NULL);

  return self->opening->operation = g_cancellable_new ();
}

gboolean
duplex_tunnel_finish_operation (DuplexTunnel *self)
{
  g_clear_object (&self->opening->operation);
  if (!self->opening->dead)
    return TRUE;
  duplex_tunnel_end (self);
  return FALSE;
}

/* ---- phases ---- */

static void
deadline_cb (DuplexDeadline *deadline)
{
  DuplexOpening *opening =
    (DuplexOpening *)((char *)deadline - G_STRUCT_OFFSET (DuplexOpening, deadline));
  DuplexTunnel *self = opening->tunnel;

  opening->timed_out = TRUE;
  switch (opening->phase)
    {
    case DUPLEX_TUNNEL_TLS:
    case DUPLEX_TUNNEL_REQUEST:
      duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_TIMEOUT, 0, NULL);
      duplex_tunnel_end (self);
      break;
    case DUPLEX_TUNNEL_DIAL:
      if (opening->operation != NULL)
        g_cancellable_cancel (opening->operation);
      break;
    case DUPLEX_TUNNEL_TOKEN:
      duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_TOKEN, 0, "No token in time");
      duplex_tunnel_close (self, DUPLEX_CLOSE_POLICY, "Token required");
      break;
    case DUPLEX_TUNNEL_RESPONSE:
    case DUPLEX_TUNNEL_ANSWER:
    default:
      duplex_tunnel_end (self);
      break;
    }
}

void
duplex_tunnel_set_phase (DuplexTunnel     *self,
                         DuplexTunnelPhase phase,
                         guint             seconds)
{
  DuplexOpening *opening = self->opening;

  opening->phase = phase;
  opening->deadline.func = deadline_cb;
  duplex_poller_set_deadline (self->host->poller, &opening->deadline,
                              g_get_monotonic_time () + (gint64)seconds * G_USEC_PER_SEC);
}

DuplexLegResult
duplex_tunnel_flush (DuplexTunnel *self)
{
  DuplexOpening *opening = self->opening;

  while (opening->out->len > opening->written)
    {
      GOutputVector   span = { opening->out->data + opening->written,
                               opening->out->len - opening->written };
      gsize           len;
      DuplexLegResult result = duplex_leg_write (opening->client, &span, 1, &len);

      if (result != DUPLEX_LEG_OK)
        return result;
      opening->written += len;
    }
  g_byte_array_set_size (opening->out, 0);
  opening->written = 0;
  return DUPLEX_LEG_OK;
}

/* ---- a response that is no upgrade ---- */

/* Closed with bytes unread, TCP would tell the client that the connection was reset, and it might
 * not see the response. */
static void
discard (DuplexTunnel *self)
{
  DuplexOpening  *opening = self->opening;
  guint8          chunk[4096];
  gsize           len;
  gsize           total = 0;
  DuplexLegResult result;

  while ((result = duplex_leg_read (opening->client, chunk, sizeof chunk, &len)) == DUPLEX_LEG_OK)
    {
      total += len;
      if (total >= DISCARDED_AT_ONCE)
        {
          duplex_leg_again (opening->client);
          return;
        }
    }
  if (result == DUPLEX_LEG_ENDED)
    duplex_tunnel_end (self);
}

static void
go_on_responding (DuplexTunnel *self)
{
  DuplexOpening *opening = self->opening;

  if (opening->out->len > 0)
    {
      DuplexLegResult result = duplex_tunnel_flush (self);

      if (result == DUPLEX_LEG_ENDED)
        duplex_tunnel_end (self);
      if (result != DUPLEX_LEG_OK)
        return;
      duplex_leg_shutdown (opening->client);
      duplex_tunnel_set_phase (self, DUPLEX_TUNNEL_RESPONSE, DUPLEX_LIMIT_RELAY_LINGER);
    }
  discard (self);
}

/* Takes response. */
static void
respond (DuplexTunnel *self,
         GBytes       *response)
{
  duplex_tunnel_record_refusal (self, response);
  g_byte_array_append (self->opening->out, g_bytes_get_data (response, NULL),
                       (guint)g_bytes_get_size (response));
  g_bytes_unref (response);
  duplex_tunnel_set_phase (self, DUPLEX_TUNNEL_RESPONSE, DUPLEX_LIMIT_RELAY_ANSWER);
  go_on_responding (self);
}

/* ---- the request ---- */

static void
refuse_request (DuplexTunnel *self,
                DuplexRefusal refusal,
                guint         status,
                const char   *text)
{
  duplex_tunnel_note_refusal (self, refusal, status, text);
  respond (self, duplex_request_refuse (status, text));
}

void
duplex_tunnel_refuse_late (DuplexTunnel *self)
{
  refuse_request (self, DUPLEX_REFUSAL_LIMIT, 503, "The relay is about to end");
}

gboolean
duplex_tunnel_take_place (DuplexTunnel *self)
{
  self->placed = duplex_admission_take (self->host->admission, &self->peer,
                                        self->settings->max_connections,
                                        self->settings->max_per_address);
  if (self->placed)
    settle (self);
  return self->placed;
}

/* Who is still to show a token is a stranger like one whose request is still to come. */
static void
upgrade (DuplexTunnel *self)
{
  DuplexRelaySettings *settings = self->settings;

  if (self->host->draining)
    {
      duplex_tunnel_refuse_late (self);
      return;
    }
  self->opening->offered = duplex_request_dup_subprotocols (self->opening->head);
  if (settings->token_place == DUPLEX_TOKEN_MESSAGE && duplex_policy_has_token (settings->policy))
    {
      self->opening->first = duplex_first_message_new ();
      duplex_tunnel_answer (self);
    }
  else if (duplex_tunnel_take_place (self))
    duplex_tunnel_open_backend (self);
  else
    refuse_request (self, DUPLEX_REFUSAL_LIMIT, 503, "Too many connections");
}

static guint
get_status (GBytes *response)
{
  const char *line = g_bytes_get_data (response, NULL);

  return (guint)g_ascii_strtoull (line + strlen ("HTTP/1.1 "), NULL, 10);
}

/* duplex_request_judge() says by the status what it is about. */
static void
refuse_judged (DuplexTunnel *self,
               GBytes       *response)
{
  guint         status = get_status (response);
  DuplexRefusal refusal = status == 403   ? DUPLEX_REFUSAL_ORIGIN
                          : status == 401 ? DUPLEX_REFUSAL_TOKEN
                                          : DUPLEX_REFUSAL_REQUEST;

  duplex_tunnel_note_refusal (self, refusal, status, NULL);
  respond (self, response);
}

static void
answer_watcher (DuplexTunnel     *self,
                DuplexRequestKind kind)
{
  DuplexHead              *head = self->opening->head;
  g_autoptr (GInetAddress) client =
    g_inet_address_new_from_bytes (self->peer.address, G_SOCKET_FAMILY_IPV6);
  GBytes *response = duplex_request_judge_watcher (head, self->settings->policy, client);

  /* Who only looks at the relay is not recorded. */
  g_clear_pointer (&self->opening->request, g_bytes_unref);
  if (response != NULL)
    duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_REQUEST, get_status (response), NULL);
  else if (kind == DUPLEX_REQUEST_KIND_HEALTH)
    response = duplex_request_respond_health (self->host->draining);
  else
    {
      g_autofree char *text = duplex_metrics_to_text (self->host->metrics);

      response = duplex_request_respond (200, METRICS_TYPE, text);
    }
  respond (self, duplex_request_take_for (head, response));
}

static void
handle_head (DuplexTunnel *self)
{
  DuplexHead       *head = self->opening->head;
  DuplexRequestKind kind = duplex_request_get_kind (head);
  GBytes           *refusal;

  if (kind == DUPLEX_REQUEST_KIND_HEALTH || kind == DUPLEX_REQUEST_KIND_METRICS)
    {
      answer_watcher (self, kind);
      return;
    }
  refusal = duplex_request_judge (head, self->settings->policy);
  if (refusal != NULL)
    refuse_judged (self, duplex_request_take_for (head, refusal));
  else
    upgrade (self);
}

/* Head, of size bytes, is whole; the rest of what was received stands behind it. */
static void
parse_request (DuplexTunnel *self,
               gsize         size)
{
  DuplexOpening     *opening = self->opening;
  g_autoptr (GError) error = NULL;

  opening->head = duplex_head_parse_request (opening->received->data, size, &error);
  if (self->host->recorder != NULL)
    opening->request = g_bytes_new (opening->received->data, size);
  g_byte_array_remove_range (opening->received, 0, (guint)size);
  if (opening->head != NULL)
    {
      handle_head (self);
      return;
    }
  /* The message holds what was seen, which may be a secret: it is not for the log. */
  duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_REQUEST, 400, NULL);
  respond (self, duplex_request_refuse (400, error->message));
}

static void
read_request (DuplexTunnel *self)
{
  DuplexOpening *opening = self->opening;

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      guint8             chunk[4096];
      gsize              len;
      gsize              size;
      DuplexLegResult    result = duplex_leg_read (opening->client, chunk, sizeof chunk, &len);

      if (result == DUPLEX_LEG_WOULD_BLOCK)
        return;
      if (result == DUPLEX_LEG_ENDED)
        break;
      g_byte_array_append (opening->received, chunk, (guint)len);
      size = duplex_head_find_end (opening->received->data, opening->received->len, &error);
      if (error != NULL)
        {
          refuse_request (self, DUPLEX_REFUSAL_REQUEST, 431, "The request is too large");
          return;
        }
      if (size > 0)
        {
          parse_request (self, size);
          return;
        }
    }
  duplex_tunnel_end (self);
}

static void
client_ready_cb (DuplexLeg   *leg,
                 GIOCondition conditions,
                 gpointer     data)
{
  DuplexTunnel *self = data;

  if ((conditions & G_IO_HUP) != 0)
    self->opening->hung_up = TRUE;
  switch (self->opening->phase)
    {
    case DUPLEX_TUNNEL_REQUEST:
      read_request (self);
      break;
    case DUPLEX_TUNNEL_RESPONSE:
      go_on_responding (self);
      break;
    case DUPLEX_TUNNEL_DIAL:
      duplex_tunnel_watch_client (self);
      break;
    case DUPLEX_TUNNEL_ANSWER:
      duplex_tunnel_go_on_answering (self);
      break;
    case DUPLEX_TUNNEL_TOKEN:
      duplex_tunnel_read_token (self);
      break;
    case DUPLEX_TUNNEL_TLS:
    default:
      break;
    }
}

void
duplex_tunnel_await_request (DuplexTunnel *self,
                             DuplexLeg    *leg)
{
  self->opening->client = leg;
  self->opening->phase = DUPLEX_TUNNEL_REQUEST;
  duplex_leg_set_ready (leg, client_ready_cb, self);
}

/* ---- public ---- */

DuplexTunnel *
duplex_tunnel_new (const DuplexTunnelHost *host,
                   DuplexClient           *client)
{
  DuplexTunnel  *self;
  DuplexOpening *opening;

  g_return_val_if_fail (host != NULL && client != NULL, NULL);

  opening = g_new0 (DuplexOpening, 1);
  opening->received = g_byte_array_new ();
  opening->out = g_byte_array_new ();

  self = g_new0 (DuplexTunnel, 1);
  self->link.data = self;
  self->host = host;
  self->opening = opening;
  self->settings = client->settings;
  self->number = client->number;
  self->accepted_at = client->accepted_at;
  self->peer = client->peer;
  opening->tunnel = self;
  opening->fd = client->fd;
  return self;
}

void
duplex_tunnel_free (DuplexTunnel *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->pump, duplex_pump_free);
  g_clear_pointer (&self->opening, duplex_opening_free);
  if (self->placed)
    duplex_admission_release (self->host->admission, &self->peer);
  duplex_metrics_gone (self->host->metrics);
  duplex_relay_settings_unref (self->settings);
  g_free (self->backend);
  g_free (self);
}

GList *
duplex_tunnel_get_link (DuplexTunnel *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return &self->link;
}

const DuplexPeer *
duplex_tunnel_get_peer (DuplexTunnel *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return &self->peer;
}

void
duplex_tunnel_start (DuplexTunnel *self)
{
  DuplexLeg *leg;

  g_return_if_fail (self != NULL && self->opening != NULL);

  duplex_tunnel_set_phase (self, DUPLEX_TUNNEL_TLS, self->settings->handshake_timeout);
  if (self->settings->certificate != NULL)
    {
      duplex_tunnel_start_tls (self);
      return;
    }
  leg = duplex_leg_new_socket (self->host->poller, self->opening->fd);
  self->opening->fd = -1;
  duplex_tunnel_await_request (self, leg);
}

void
duplex_tunnel_go_away (DuplexTunnel *self)
{
  g_return_if_fail (self != NULL);

  self->going_away = TRUE;
  if (self->pump != NULL)
    {
      duplex_pump_close (self->pump, DUPLEX_CLOSE_GOING_AWAY, NULL);
      return;
    }
  switch (self->opening->phase)
    {
    case DUPLEX_TUNNEL_TLS:
    case DUPLEX_TUNNEL_DIAL:
      if (self->opening->operation != NULL)
        g_cancellable_cancel (self->opening->operation);
      else
        duplex_tunnel_end (self);
      break;
    case DUPLEX_TUNNEL_REQUEST:
      duplex_tunnel_set_phase (self, DUPLEX_TUNNEL_REQUEST, DUPLEX_LIMIT_RELAY_LAST_REQUEST);
      break;
    case DUPLEX_TUNNEL_TOKEN:
      duplex_tunnel_close (self, DUPLEX_CLOSE_GOING_AWAY, NULL);
      break;
    case DUPLEX_TUNNEL_RESPONSE:
    case DUPLEX_TUNNEL_ANSWER:
    default:
      break;
    }
}

void
duplex_tunnel_abort (DuplexTunnel *self)
{
  g_return_if_fail (self != NULL);

  if (self->pump != NULL)
    duplex_tunnel_finish_pump (self);
  else
    duplex_tunnel_end (self);
}

void
duplex_tunnel_displace (DuplexTunnel *self)
{
  g_return_if_fail (self != NULL && !self->settled);

  /* Who is answered already, with whatever, was refused then. */
  if (self->pump == NULL && self->opening->phase != DUPLEX_TUNNEL_RESPONSE)
    duplex_tunnel_note_refusal (self, DUPLEX_REFUSAL_DISPLACED, 0, NULL);
  duplex_tunnel_abort (self);
}
