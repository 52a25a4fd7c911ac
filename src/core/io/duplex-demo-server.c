/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-demo-server.h"

#include <string.h>

#include "core/io/duplex-demo-peer.h"
#include "core/io/duplex-io-thread.h"
#include "core/io/duplex-socket.h"
#include "core/proto/duplex-handshake.h"

/* Seconds that a client may take for its request. */
#define REQUEST_TIMEOUT 10
/* Milliseconds that peers have to answer our Close when the server ends. */
#define STOP_TIMEOUT_MS 1000

struct _DuplexDemoServer
{
  /* owned */
  DuplexIoThread  *thread;
  GSocketListener *listener;
  GCancellable    *cancellable;
  GPtrArray       *clients; /* of Client, each its own; of the thread */
  GPtrArray       *peers;   /* of DuplexDemoPeer, each its own; of the thread */
  guint16          port;

  /* state */
  int accepts_deflate; /* a gboolean; atomic */
};

/* A client whose request is being read. */
typedef struct
{
  DuplexDemoServer  *server;
  GSocketConnection *connection;
  GCancellable      *cancellable;
  GSource           *deadline;
  GByteArray        *received;
  GBytes            *response;
  char              *target; /* NULL where the response refuses */

  DuplexDeflateAgreement deflate;
  GBytes                *leftover;
  guint8                 chunk[4096];
} Client;

static void
client_free (Client *client)
{
  g_ptr_array_remove_fast (client->server->clients, client);
  g_source_destroy (client->deadline);
  g_source_unref (client->deadline);
  g_object_unref (client->connection);
  g_object_unref (client->cancellable);
  g_byte_array_unref (client->received);
  g_clear_pointer (&client->response, g_bytes_unref);
  g_clear_pointer (&client->leftover, g_bytes_unref);
  g_free (client->target);
  duplex_io_thread_release (client->server->thread);
  g_free (client);
}

static void
peer_ended_cb (gpointer peer,
               gpointer data)
{
  DuplexDemoServer *self = data;

  g_ptr_array_remove_fast (self->peers, peer);
  duplex_io_thread_release (self->thread);
}

static void
response_ready_cb (GObject      *object,
                   GAsyncResult *result,
                   gpointer      data)
{
  Client           *client = data;
  DuplexDemoServer *self = client->server;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, NULL) &&
      client->target != NULL)
    {
      duplex_io_thread_hold (self->thread);
      g_ptr_array_add (self->peers,
                       duplex_demo_peer_start (G_IO_STREAM (client->connection), client->leftover,
                                               client->target, &client->deflate, peer_ended_cb,
                                               self));
    }
  client_free (client);
}

/* What goes with a status: the phrase, and the fields that its meaning demands. */
typedef struct
{
  guint       status;
  const char *phrase;
  const char *fields;
} Refusal;

static const Refusal refusals[] = {
  { 404, "Not Found", "" },
  { 405, "Method Not Allowed", "Allow: GET\r\n" }, /* RFC 9110 §15.5.6 */
  { 426, "Upgrade Required",                       /* RFC 9110 §15.5.22, RFC 6455 §4.4 */
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" },
  { 400, "Bad Request", "" },
};

/* head is the request's, or NULL. */
static GBytes *
build_refusal (DuplexHead *head,
               guint       status,
               const char *text)
{
  const Refusal   *refusal = refusals;
  g_autofree char *response = NULL;
  gboolean         with_body;

  while (refusal->status != status && refusal->status != 400)
    refusal++;
  /* RFC 9110 §9.3.2: an answer to HEAD has the fields of the body, and no body. */
  with_body = head == NULL || strcmp (duplex_head_get_method (head), "HEAD") != 0;
  response = g_strdup_printf ("HTTP/1.1 %u %s\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                              "%s"
                              "Connection: close\r\n\r\n%s",
                              refusal->status, refusal->phrase, strlen (text), refusal->fields,
                              with_body ? text : "");
  return g_bytes_new (response, strlen (response));
}

/* The value of the response's Sec-WebSocket-Extensions, or NULL. */
static char *
accept_offer (Client     *client,
              DuplexHead *head)
{
  g_autofree char *offers = duplex_head_dup_list (head, "Sec-WebSocket-Extensions");
  char            *accepted = NULL;

  if (offers == NULL || !g_atomic_int_get (&client->server->accepts_deflate))
    return NULL;
  duplex_deflate_accept_offer (offers, NULL, &accepted, &client->deflate);
  return accepted;
}

static void
decide_response (Client     *client,
                 DuplexHead *head)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *extensions = NULL;
  guint              status;

  if (!duplex_demo_peer_knows (duplex_head_get_target (head)))
    {
      client->response = build_refusal (head, 404, "Not found");
      return;
    }
  if (!duplex_handshake_check_request (head, &status, &error))
    {
      client->response = build_refusal (head, status, error->message);
      return;
    }
  client->target = g_strdup (duplex_head_get_target (head));
  extensions = accept_offer (client, head);
  client->response = duplex_handshake_build_response (head, NULL, extensions);
}

/* Returns FALSE when more bytes are needed. */
static gboolean
handle_request (Client *client)
{
  g_autoptr (DuplexHead) head = NULL;
  g_autoptr (GError)     error = NULL;
  gsize                  size;

  size = duplex_head_find_end (client->received->data, client->received->len, &error);
  if (size == 0 && error == NULL)
    return FALSE;
  if (size > 0)
    head = duplex_head_parse_request (client->received->data, size, &error);
  if (head != NULL)
    decide_response (client, head);
  else
    client->response = build_refusal (NULL, 400, error->message);
  if (size > 0 && client->received->len > size)
    client->leftover = g_bytes_new (client->received->data + size, client->received->len - size);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (client->connection)),
                                   g_bytes_get_data (client->response, NULL),
                                   g_bytes_get_size (client->response), G_PRIORITY_DEFAULT,
                                   client->cancellable, response_ready_cb, client);
  return TRUE;
}

static void read_more (Client *client);

static void
request_ready_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      data)
{
  Client *client = data;
  gssize  n = g_input_stream_read_finish (G_INPUT_STREAM (object), result, NULL);

  if (n <= 0)
    {
      client_free (client);
      return;
    }
  g_byte_array_append (client->received, client->chunk, (guint)n);
  if (!handle_request (client))
    read_more (client);
}

static void
read_more (Client *client)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (client->connection)),
                             client->chunk, sizeof client->chunk, G_PRIORITY_DEFAULT,
                             client->cancellable, request_ready_cb, client);
}

static gboolean
deadline_cb (gpointer data)
{
  g_cancellable_cancel (data);
  return G_SOURCE_REMOVE;
}

static void
start_client (DuplexDemoServer  *self,
              GSocketConnection *connection)
{
  Client *client = g_new0 (Client, 1);

  duplex_socket_set_no_delay (connection);
  duplex_io_thread_hold (self->thread);
  g_ptr_array_add (self->clients, client);
  client->server = self;
  client->connection = g_object_ref (connection);
  client->cancellable = g_cancellable_new ();
  client->received = g_byte_array_new ();
  client->deadline = g_timeout_source_new_seconds (REQUEST_TIMEOUT);
  g_source_set_callback (client->deadline, deadline_cb, g_object_ref (client->cancellable),
                         g_object_unref);
  g_source_attach (client->deadline, g_main_context_get_thread_default ());
  read_more (client);
}

static void accept_next (DuplexDemoServer *self);

static void
accepted_ready_cb (GObject      *object,
                   GAsyncResult *result,
                   gpointer      data)
{
  DuplexDemoServer             *self = data;
  g_autoptr (GError)            error = NULL;
  g_autoptr (GSocketConnection) connection = NULL;

  connection = g_socket_listener_accept_finish (G_SOCKET_LISTENER (object), result, NULL, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (connection != NULL)
    start_client (self, connection);
  accept_next (self);
}

static void
accept_next (DuplexDemoServer *self)
{
  g_socket_listener_accept_async (self->listener, self->cancellable, accepted_ready_cb, self);
}

static void
accept_worker (gpointer data)
{
  accept_next (data);
}

static void
stop_worker (gpointer data)
{
  DuplexDemoServer *self = data;

  g_cancellable_cancel (self->cancellable);
  g_socket_listener_close (self->listener);
  for (guint i = 0; i < self->clients->len; i++)
    g_cancellable_cancel (((Client *)g_ptr_array_index (self->clients, i))->cancellable);
  for (guint i = self->peers->len; i > 0; i--)
    duplex_demo_peer_go_away (g_ptr_array_index (self->peers, i - 1));
}

static void
abort_worker (gpointer data)
{
  DuplexDemoServer *self = data;

  for (guint i = self->peers->len; i > 0; i--)
    duplex_demo_peer_abort (g_ptr_array_index (self->peers, i - 1));
}

DuplexDemoServer *
duplex_demo_server_new (guint16  port,
                        GError **error)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (GInetAddress)    loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress)  address = g_inet_socket_address_new (loopback, port);
  g_autoptr (GSocketAddress)  bound = NULL;
  DuplexDemoServer           *self;

  if (!g_socket_listener_add_address (listener, address, G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_TCP, NULL, &bound, error))
    return NULL;

  self = g_new0 (DuplexDemoServer, 1);
  self->listener = g_steal_pointer (&listener);
  self->cancellable = g_cancellable_new ();
  self->clients = g_ptr_array_new ();
  self->peers = g_ptr_array_new ();
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  self->accepts_deflate = TRUE;
  self->thread = duplex_io_thread_new ("duplex-demo");
  duplex_io_thread_invoke (self->thread, accept_worker, self, NULL);
  return self;
}

guint16
duplex_demo_server_get_port (DuplexDemoServer *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->port;
}

void
duplex_demo_server_set_deflate (DuplexDemoServer *self,
                                gboolean          accepts)
{
  g_return_if_fail (self != NULL);

  g_atomic_int_set (&self->accepts_deflate, accepts);
}

void
duplex_demo_server_free (DuplexDemoServer *self)
{
  if (self == NULL)
    return;
  duplex_io_thread_invoke (self->thread, stop_worker, self, NULL);
  if (!duplex_io_thread_wait (self->thread, STOP_TIMEOUT_MS))
    {
      duplex_io_thread_invoke (self->thread, abort_worker, self, NULL);
      duplex_io_thread_wait (self->thread, STOP_TIMEOUT_MS);
    }
  duplex_io_thread_free (self->thread);
  g_object_unref (self->listener);
  g_object_unref (self->cancellable);
  g_ptr_array_unref (self->clients);
  g_ptr_array_unref (self->peers);
  g_free (self);
}

DuplexDemoServer *
duplex_demo_server_get_shared (GError **error)
{
  static GMutex            mutex;
  static DuplexDemoServer *shared = NULL;
  DuplexDemoServer        *server;

  g_mutex_lock (&mutex);
  if (shared == NULL)
    shared = duplex_demo_server_new (0, error);
  server = shared;
  g_mutex_unlock (&mutex);
  return server;
}
