/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-tunnel.h"

#include <json-glib/json-glib.h>

#include "core/io/duplex-dialer.h"
#include "core/io/duplex-io-thread.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "relay/duplex-log.h"
#include "relay/duplex-request.h"

/* Seconds that a client has to take a response and to end after it. */
#define ANSWER_TIMEOUT 5

struct _DuplexTunnel
{
  /* owned */
  GSocketConnection  *connection;
  GCancellable       *cancellable; /* of what is under way; one operation at a time */
  GSource            *deadline;
  GByteArray         *received;
  DuplexHead         *head;
  GBytes             *leftover; /* behind the request */
  GBytes             *response;
  char              **offered; /* subprotocols */
  char               *backend; /* URL as the client wrote it, or NULL */
  char               *peer;    /* the client's address */
  DuplexDialSettings *dial;
  GList              *addresses; /* of GInetAddress, allowed, still to try */
  GIOStream          *backend_stream;
  GBytes             *backend_leftover;
  char               *subprotocol; /* that is answered */
  char               *error_text;  /* message of the error to tell, or NULL */
  DuplexPump         *pump;

  /* borrowed */
  DuplexPoller                *poller;
  DuplexPumpStats             *stats;
  const DuplexRelaySettings   *settings;
  const DuplexTunnelCallbacks *callbacks;
  gpointer                     user_data;

  /* state */
  DuplexTunnelState state;
  guint64           number;
  gint64            started;    /* monotonic µs */
  gint64            dial_until; /* monotonic µs */
  guint16           error_code; /* of the Close that follows error_text */
  const char       *error_reason;
  gboolean          going_away;
  guint8            chunk[4096];
};

static void
set_state (DuplexTunnel     *self,
           DuplexTunnelState state)
{
  self->state = state;
  self->callbacks->changed (self, self->user_data);
}

/* ---- the end ---- */

static gboolean
ended_cb (gpointer data)
{
  DuplexTunnel *self = data;

  self->callbacks->ended (self, self->user_data);
  return G_SOURCE_REMOVE;
}

/* In a turn of the main loop of its own: whoever called is still at work on self. */
static void
end (DuplexTunnel *self)
{
  duplex_io_clear_source (&self->deadline);
  self->deadline = g_idle_source_new ();
  g_source_set_priority (self->deadline, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->deadline, ended_cb, self, NULL);
  g_source_attach (self->deadline, g_main_context_get_thread_default ());
}

static gboolean
deadline_cb (gpointer data)
{
  DuplexTunnel *self = data;

  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

static void
set_deadline (DuplexTunnel *self,
              guint         seconds)
{
  duplex_io_clear_source (&self->deadline);
  self->deadline = g_timeout_source_new_seconds (seconds);
  g_source_set_callback (self->deadline, deadline_cb, self, NULL);
  g_source_attach (self->deadline, g_main_context_get_thread_default ());
}

/* ---- pumping ---- */

static void
pump_ended_cb (DuplexPump *pump,
               gpointer    data)
{
  DuplexTunnel *self = data;
  DuplexPumpEnd client;
  DuplexPumpEnd backend;

  duplex_pump_get_ends (pump, &client, &backend);
  duplex_log ("#%" G_GUINT64_FORMAT " closed after %.3f s: client %u/%u, backend %u/%u (sent/"
              "received), up %" G_GUINT64_FORMAT " messages %" G_GUINT64_FORMAT
              " bytes, down %" G_GUINT64_FORMAT " messages %" G_GUINT64_FORMAT " bytes",
              self->number, (double)(g_get_monotonic_time () - self->started) / G_USEC_PER_SEC,
              client.code_sent, client.code_received, backend.code_sent, backend.code_received,
              client.n_messages, client.n_bytes, backend.n_messages, backend.n_bytes);
  self->callbacks->ended (self, self->user_data);
}

/* {"NAME":"VALUE",...} */
static char *
build_json (const char *name,
            const char *value,
            const char *other_name,
            const char *other_value)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode)   node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_string_member (object, name, value);
  if (other_name != NULL)
    json_object_set_string_member (object, other_name, other_value);
  json_node_set_object (node, object);
  return json_to_string (node, /* pretty= */ FALSE);
}

static void
start_pump (DuplexTunnel *self)
{
  DuplexLeg       *client = duplex_leg_new_stream (self->poller, G_IO_STREAM (self->connection));
  DuplexLeg       *backend = NULL;
  g_autofree char *greeting = NULL;

  if (self->backend_stream != NULL)
    backend = duplex_leg_new_stream (self->poller, self->backend_stream);
  duplex_io_clear_source (&self->deadline);
  self->pump = duplex_pump_new (self->poller, client, backend, &self->settings->pump, self->stats,
                                pump_ended_cb, self);
  duplex_pump_unread (self->pump, DUPLEX_ROLE_CLIENT, self->leftover);
  duplex_pump_unread (self->pump, DUPLEX_ROLE_SERVER, self->backend_leftover);
  if (self->error_text != NULL)
    greeting = build_json ("error", self->error_text, NULL, NULL);
  else if (self->settings->status)
    greeting = build_json ("status", "connected", "backend", self->backend);
  if (greeting != NULL)
    duplex_pump_greet (self->pump, greeting);
  duplex_pump_start (self->pump);
  if (self->error_text != NULL)
    duplex_pump_close (self->pump, self->error_code, self->error_reason);
  else if (self->going_away)
    duplex_pump_close (self->pump, DUPLEX_CLOSE_GOING_AWAY, NULL);
  set_state (self, DUPLEX_TUNNEL_OPEN);
}

/* ---- the response ---- */

static void
discarded_ready_cb (GObject      *object,
                    GAsyncResult *result,
                    gpointer      data)
{
  DuplexTunnel *self = data;

  if (g_input_stream_read_finish (G_INPUT_STREAM (object), result, NULL) <= 0)
    end (self);
  else
    g_input_stream_read_async (G_INPUT_STREAM (object), self->chunk, sizeof self->chunk,
                               G_PRIORITY_DEFAULT, self->cancellable, discarded_ready_cb, self);
}

/* Closed with bytes unread, TCP would tell the client that the connection was reset, and it might
 * not see the response. */
static void
linger (DuplexTunnel *self)
{
  GIOStream *stream = G_IO_STREAM (self->connection);

  g_socket_shutdown (g_socket_connection_get_socket (self->connection), FALSE, TRUE, NULL);
  g_input_stream_read_async (g_io_stream_get_input_stream (stream), self->chunk,
                             sizeof self->chunk, G_PRIORITY_DEFAULT, self->cancellable,
                             discarded_ready_cb, self);
}

static void
answered_ready_cb (GObject      *object,
                   GAsyncResult *result,
                   gpointer      data)
{
  DuplexTunnel *self = data;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, NULL))
    end (self);
  else if (self->state == DUPLEX_TUNNEL_REFUSED)
    linger (self);
  else
    start_pump (self);
}

/* Takes response. */
static void
write_response (DuplexTunnel *self,
                GBytes       *response)
{
  GIOStream *stream = G_IO_STREAM (self->connection);

  self->response = response;
  set_deadline (self, ANSWER_TIMEOUT);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (stream),
                                   g_bytes_get_data (response, NULL), g_bytes_get_size (response),
                                   G_PRIORITY_DEFAULT, self->cancellable, answered_ready_cb, self);
}

static void
refuse (DuplexTunnel *self,
        GBytes       *response)
{
  set_state (self, DUPLEX_TUNNEL_REFUSED);
  write_response (self, response);
}

static void
answer (DuplexTunnel *self)
{
  set_state (self, DUPLEX_TUNNEL_ANSWER);
  write_response (self, duplex_handshake_build_response (self->head, self->subprotocol,
                                                         /* extensions= */ NULL));
}

/* The upgrade is accepted, so that the client can read why there is nothing behind it. A browser
 * shows nothing where it offered subprotocols and none is chosen, so the first is. */
static void
answer_error (DuplexTunnel *self,
              const char   *text,
              guint16       code,
              const char   *reason)
{
  duplex_log ("#%" G_GUINT64_FORMAT " no backend for %s: %s", self->number, self->peer, reason);
  self->error_text = g_strdup (text);
  self->error_code = code;
  self->error_reason = reason;
  self->subprotocol = g_strdup (self->offered[0]);
  answer (self);
}

/* ---- the backend ---- */

static void dial_next (DuplexTunnel *self);

static void
answer_failure (DuplexTunnel *self,
                const char   *text)
{
  answer_error (self, text, DUPLEX_CLOSE_INTERNAL_ERROR, "Backend connection failed");
}

static void
dialled_ready_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      data)
{
  DuplexTunnel                *self = data;
  g_autoptr (GError)           error = NULL;
  g_autoptr (DuplexDialResult) dialled = NULL;

  if (duplex_dialer_dial_finish (result, &dialled, &error))
    {
      self->backend_stream = g_steal_pointer (&dialled->stream);
      self->backend_leftover = g_steal_pointer (&dialled->leftover);
      self->subprotocol = g_steal_pointer (&dialled->subprotocol);
      duplex_log ("#%" G_GUINT64_FORMAT " open: %s to %s://%s", self->number, self->peer,
                  self->dial->url->tls ? "wss" : "ws", self->dial->url->host_field);
      answer (self);
    }
  else if (self->going_away)
    end (self);
  else if (g_error_matches (error, DUPLEX_ERROR, DUPLEX_ERROR_CONNECT) && self->addresses != NULL)
    dial_next (self);
  else
    {
      duplex_log ("#%" G_GUINT64_FORMAT " %s", self->number, error->message);
      answer_failure (self, error->message);
    }
}

/* Names may have several addresses, of which the first need not be the one that answers. */
static void
dial_next (DuplexTunnel *self)
{
  g_autoptr (GInetAddress) address = self->addresses->data;
  gint64                   left = self->dial_until - g_get_monotonic_time ();

  self->addresses = g_list_delete_link (self->addresses, self->addresses);
  g_free (self->dial->address);
  self->dial->address = g_inet_address_to_string (address);
  self->dial->timeout = (guint)MAX (1, (left + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC);
  duplex_dialer_dial_async (self->dial, NULL, 0, self->cancellable, dialled_ready_cb, self);
}

static void
choose_addresses (DuplexTunnel *self,
                  GList        *found)
{
  for (GList *item = found; item != NULL; item = item->next)
    if (duplex_policy_allows_backend (self->settings->policy, self->dial->url, item->data))
      self->addresses = g_list_append (self->addresses, g_object_ref (item->data));
  if (self->addresses != NULL)
    dial_next (self);
  else
    answer_error (self, "Backend not allowed; see duplex-relay --allow-backend",
                  DUPLEX_CLOSE_POLICY, "Backend not allowed");
}

static void
resolved_ready_cb (GObject      *object,
                   GAsyncResult *result,
                   gpointer      data)
{
  DuplexTunnel      *self = data;
  g_autoptr (GError) error = NULL;
  GList             *found;

  found = g_resolver_lookup_by_name_finish (G_RESOLVER (object), result, &error);
  /* From here on the dialer has a deadline of its own. */
  duplex_io_clear_source (&self->deadline);
  if (!self->going_away)
    g_cancellable_reset (self->cancellable);
  if (found != NULL)
    choose_addresses (self, found);
  else if (self->going_away)
    end (self);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    answer_failure (self, "The backend's name was not resolved in time");
  else
    answer_failure (self, error->message);
  g_list_free_full (found, g_object_unref);
}

static void
resolve (DuplexTunnel *self)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();

  set_deadline (self, self->settings->connect_timeout);
  g_resolver_lookup_by_name_async (resolver, self->dial->url->host, self->cancellable,
                                   resolved_ready_cb, self);
}

static void
open_backend (DuplexTunnel *self)
{
  g_autoptr (GError)    error = NULL;
  g_autoptr (DuplexUrl) url = NULL;

  self->offered = duplex_request_dup_subprotocols (self->head);
  self->backend = duplex_request_dup_backend (self->head);
  if (self->backend == NULL)
    {
      answer_error (self, "Backend URL required", DUPLEX_CLOSE_POLICY, "Backend URL required");
      return;
    }
  /* Anything can be percent-encoded, and JSON takes UTF-8 only. */
  if (g_utf8_validate (self->backend, -1, NULL))
    url = duplex_url_parse (self->backend, &error);
  if (url == NULL)
    {
      answer_failure (self, error != NULL ? error->message : "The backend URL is not UTF-8");
      return;
    }
  self->dial = g_new0 (DuplexDialSettings, 1);
  self->dial->url = g_steal_pointer (&url);
  self->dial->subprotocols = g_strdupv (self->offered);
  self->dial->verify = TRUE;
  self->dial->ca_file = g_strdup (self->settings->ca_file);
  self->dial->proxy = g_strdup ("direct://");
  self->dial_until = g_get_monotonic_time () +
                     (gint64)self->settings->connect_timeout * G_USEC_PER_SEC;
  set_state (self, DUPLEX_TUNNEL_DIAL);
  resolve (self);
}

/* ---- the request ---- */

static void
handle_head (DuplexTunnel *self)
{
  GBytes *refusal = duplex_request_judge (self->head, self->settings->policy);

  if (refusal == NULL && !self->callbacks->may_open (self, self->user_data))
    refusal = duplex_request_refuse (503, "Too many connections");
  if (refusal != NULL)
    refuse (self, refusal);
  else
    open_backend (self);
}

static void read_more (DuplexTunnel *self);

static void
handle_received (DuplexTunnel *self)
{
  g_autoptr (GError) error = NULL;
  gsize              size;

  size = duplex_head_find_end (self->received->data, self->received->len, &error);
  if (size == 0 && error == NULL)
    {
      read_more (self);
      return;
    }
  if (error != NULL)
    {
      refuse (self, duplex_request_refuse (431, "The request is too large"));
      return;
    }
  if (self->received->len > size)
    self->leftover = g_bytes_new (self->received->data + size, self->received->len - size);
  self->head = duplex_head_parse_request (self->received->data, size, &error);
  g_clear_pointer (&self->received, g_byte_array_unref);
  if (self->head == NULL)
    refuse (self, duplex_request_refuse (400, error->message));
  else
    handle_head (self);
}

static void
request_ready_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      data)
{
  DuplexTunnel *self = data;
  gssize        n = g_input_stream_read_finish (G_INPUT_STREAM (object), result, NULL);

  if (n <= 0)
    {
      end (self);
      return;
    }
  g_byte_array_append (self->received, self->chunk, (guint)n);
  handle_received (self);
}

static void
read_more (DuplexTunnel *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)),
                             self->chunk, sizeof self->chunk, G_PRIORITY_DEFAULT,
                             self->cancellable, request_ready_cb, self);
}

/* ---- public ---- */

static char *
describe_peer (GSocketConnection *connection)
{
  g_autoptr (GSocketAddress) address =
    g_socket_connection_get_remote_address (connection, NULL);

  return address != NULL ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address))
                         : g_strdup ("?");
}

DuplexTunnel *
duplex_tunnel_new (DuplexPoller                *poller,
                   DuplexPumpStats             *stats,
                   GSocketConnection           *connection,
                   const DuplexRelaySettings   *settings,
                   guint64                      number,
                   const DuplexTunnelCallbacks *callbacks,
                   gpointer                     user_data)
{
  DuplexTunnel *self;

  g_return_val_if_fail (G_IS_SOCKET_CONNECTION (connection), NULL);
  g_return_val_if_fail (settings != NULL && callbacks != NULL, NULL);

  self = g_new0 (DuplexTunnel, 1);
  self->connection = g_object_ref (connection);
  self->poller = poller;
  self->stats = stats;
  self->settings = settings;
  self->number = number;
  self->callbacks = callbacks;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->received = g_byte_array_new ();
  self->peer = describe_peer (connection);
  self->started = g_get_monotonic_time ();
  set_deadline (self, DUPLEX_LIMIT_RELAY_HEAD_TIMEOUT);
  read_more (self);
  return self;
}

void
duplex_tunnel_free (DuplexTunnel *self)
{
  if (self == NULL)
    return;
  duplex_io_clear_source (&self->deadline);
  g_clear_pointer (&self->pump, duplex_pump_free);
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  g_object_unref (self->connection);
  g_clear_object (&self->backend_stream);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->received, g_byte_array_unref);
  g_clear_pointer (&self->head, duplex_head_free);
  g_clear_pointer (&self->leftover, g_bytes_unref);
  g_clear_pointer (&self->backend_leftover, g_bytes_unref);
  g_clear_pointer (&self->response, g_bytes_unref);
  g_clear_pointer (&self->dial, duplex_dial_settings_free);
  g_list_free_full (self->addresses, g_object_unref);
  g_strfreev (self->offered);
  g_free (self->backend);
  g_free (self->peer);
  g_free (self->subprotocol);
  g_free (self->error_text);
  g_free (self);
}

DuplexTunnelState
duplex_tunnel_get_state (DuplexTunnel *self)
{
  g_return_val_if_fail (self != NULL, DUPLEX_TUNNEL_REFUSED);

  return self->state;
}

void
duplex_tunnel_go_away (DuplexTunnel *self)
{
  g_return_if_fail (self != NULL);

  self->going_away = TRUE;
  if (self->pump != NULL)
    duplex_pump_close (self->pump, DUPLEX_CLOSE_GOING_AWAY, NULL);
  else if (self->state == DUPLEX_TUNNEL_REQUEST || self->state == DUPLEX_TUNNEL_DIAL)
    g_cancellable_cancel (self->cancellable);
}
