/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The built-in server, seen by our own client. */
#include <string.h>

#include "core/io/duplex-demo-server.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-json.h"
#include "duplex-io-support.h"

typedef struct
{
  DuplexDemoServer *server;
  Fixture          *f;
} Pair;

static void
pair_connect (Pair       *pair,
              const char *path)
{
  g_autofree char   *url = NULL;
  g_autoptr (GError) error = NULL;

  pair->server = duplex_demo_server_new (0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (duplex_demo_server_get_port (pair->server), >, 0);
  url = g_strdup_printf ("ws://127.0.0.1:%u%s", duplex_demo_server_get_port (pair->server), path);
  pair->f = fixture_new (url);
  fixture_connect (pair->f);
}

static void
pair_end (Pair *pair)
{
  if (duplex_session_get_state (pair->f->session) == DUPLEX_SESSION_OPEN)
    g_assert_true (duplex_session_disconnect (pair->f->session, 0, NULL, NULL));
  fixture_wait_state (pair->f, DUPLEX_SESSION_DISCONNECTED);
  fixture_free (pair->f);
  duplex_demo_server_free (pair->server);
}

static void
assert_message (Fixture    *f,
                guint       n,
                const void *data,
                gsize       len)
{
  g_autoptr (GBytes) message = fixture_dup_message (f, n);

  g_assert_nonnull (message);
  g_assert_cmpmem (g_bytes_get_data (message, NULL), g_bytes_get_size (message), data, len);
}

static void
test_echo (void)
{
  static const gsize sizes[] = { 0, 1, 125, 126, 65535, 65536, 16 * 1024 * 1024 };
  Pair               pair;

  pair_connect (&pair, "/echo");
  g_assert_true (duplex_session_send_text (pair.f->session, "{\"a\":1}", -1, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree guint8 *data = g_malloc (sizes[i] + 1);
      g_autoptr (GBytes) bytes = NULL;

      for (gsize k = 0; k < sizes[i]; k++)
        data[k] = (guint8)(k * 7 + i);
      bytes = g_bytes_new (data, sizes[i]);
      g_assert_true (duplex_session_send_binary (pair.f->session, bytes, NULL));
      fixture_wait_received (pair.f, i + 2);
      assert_message (pair.f, (guint)i + 1, data, sizes[i]);
    }
  assert_message (pair.f, 0, "{\"a\":1}", 7);
  pair_end (&pair);
}

static void
test_clock (void)
{
  Pair               pair;
  g_autoptr (GBytes) message = NULL;

  pair_connect (&pair, "/clock");
  fixture_wait_received (pair.f, 2);
  message = fixture_dup_message (pair.f, 1);
  g_assert_true (
    duplex_json_is_valid (g_bytes_get_data (message, NULL), g_bytes_get_size (message)));
  pair_end (&pair);
}

/* All arrive, in order, whole. */
static void
test_flood (void)
{
  const guint    n = 100000;
  Pair           pair;
  DuplexCapture *capture;
  guint64        next = 0;

  pair_connect (&pair, "/flood?n=100000&size=200");
  fixture_wait_state (pair.f, DUPLEX_SESSION_DISCONNECTED);
  capture = duplex_session_get_capture (pair.f->session);
  for (guint64 i = 0;; i++)
    {
      g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
      g_autofree char     *head = NULL;

      if (!duplex_capture_read (capture, i, &event))
        break;
      if (event.opcode != DUPLEX_OPCODE_TEXT || event.kind != DUPLEX_EVENT_FRAME)
        continue;
      head = g_strdup_printf ("{\"n\":%" G_GUINT64_FORMAT ",\"pad\":\"", next++);
      g_assert_cmpuint (event.payload_size, ==, 200);
      g_assert_cmpmem (event.payload, strlen (head), head, strlen (head));
      g_assert_true (duplex_json_is_valid ((const char *)event.payload, event.payload_size));
    }
  g_assert_cmpuint (next, ==, n);
  g_assert_cmpuint (pair.f->close_code, ==, 1000);
  g_assert_cmpstr (pair.f->close_reason, ==, "Flood complete");
  pair_end (&pair);
}

/* A size that no JSON fits into, and one that fills many reads. */
static void
test_flood_sizes (void)
{
  Pair pair;

  pair_connect (&pair, "/flood?n=3&size=4");
  fixture_wait_state (pair.f, DUPLEX_SESSION_DISCONNECTED);
  assert_message (pair.f, 2, "2   ", 4);
  pair_end (&pair);

  pair_connect (&pair, "/flood?n=2&size=3000000");
  fixture_wait_state (pair.f, DUPLEX_SESSION_DISCONNECTED);
  {
    g_autoptr (GBytes) message = fixture_dup_message (pair.f, 1);

    g_assert_cmpuint (g_bytes_get_size (message), ==, 3000000);
  }
  pair_end (&pair);
}

static void
test_binary (void)
{
  Pair   pair;
  guint8 all[256];

  for (guint i = 0; i < 256; i++)
    all[i] = (guint8)i;
  pair_connect (&pair, "/binary");
  fixture_wait_received (pair.f, 3);
  assert_message (pair.f, 0, all, 256);
  pair_end (&pair);
}

static void
test_fragments (void)
{
  static const char text[] = "{\"greeting\":\"Gr\xc3\xbc\xc3\x9f dich\",\"fragments\":4}";
  Pair              pair;

  pair_connect (&pair, "/fragments");
  fixture_wait_received (pair.f, 2);
  assert_message (pair.f, 0, text, sizeof text - 1);
  assert_message (pair.f, 1, "\x01\x02\x03\x04\x05", 5);
  g_assert_cmpint (fixture_find_frame (pair.f, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_PONG, 1), >=,
                   0);
  pair_end (&pair);
}

static void
test_close (void)
{
  Pair pair;

  pair_connect (&pair, "/close?code=4001&reason=so%20it%20is");
  g_assert_true (duplex_session_send_text (pair.f->session, "go", -1, NULL));
  fixture_wait_state (pair.f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (pair.f->close_code, ==, 4001);
  g_assert_cmpstr (pair.f->close_reason, ==, "so it is");
  g_assert_true (pair.f->by_peer);
  pair_end (&pair);
}

static void
test_slow (void)
{
  Pair   pair;
  gint64 started;

  pair_connect (&pair, "/slow?ms=200");
  started = g_get_monotonic_time ();
  g_assert_true (duplex_session_send_text (pair.f->session, "late", -1, NULL));
  fixture_wait_received (pair.f, 1);
  g_assert_cmpint (g_get_monotonic_time () - started, >=, 195000);
  assert_message (pair.f, 0, "late", 4);
  pair_end (&pair);
}

static void
test_unknown_path (void)
{
  Pair pair;

  pair_connect (&pair, "/echo/more");
  g_assert_error (pair.f->error, DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_REFUSED);
  pair_end (&pair);
}

typedef struct
{
  const char *name;
  const char *request;
  const char *status;
  const char *field; /* that goes with the status */
  gboolean    body;
} Refused;

static const Refused refused[] = {
  { "plain-http", "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 426 Upgrade Required\r\n",
    "\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n", TRUE },
  { "post", "POST /echo HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\n",
    "\r\nAllow: GET\r\n", TRUE },
  { "head", "HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\n",
    "\r\nAllow: GET\r\n", FALSE },
  { "not-http", "nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", "\r\nContent-Length: ", TRUE },
};

static void
test_refused (gconstpointer data)
{
  const Refused                *row = data;
  g_autoptr (DuplexDemoServer)  server = duplex_demo_server_new (0, NULL);
  g_autoptr (GSocketClient)     client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  char                          answer[512] = "";
  const char                   *end;
  gsize                         got = 0;

  connection = g_socket_client_connect_to_host (client, "127.0.0.1",
                                                duplex_demo_server_get_port (server), NULL, NULL);
  g_assert_nonnull (connection);
  g_assert_true (
    g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                               row->request, strlen (row->request), NULL, NULL, NULL));
  g_assert_true (g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                          answer, sizeof answer - 1, &got, NULL, NULL));
  g_assert_true (g_str_has_prefix (answer, row->status));
  g_assert_nonnull (strstr (answer, row->field));
  end = strstr (answer, "\r\n\r\n");
  g_assert_nonnull (end);
  g_assert_true ((end[4] != '\0') == row->body);
}

/* Stopping says 1001 to those that are connected. */
static void
test_stop (void)
{
  Pair pair;

  pair_connect (&pair, "/clock");
  fixture_wait_received (pair.f, 1);
  duplex_demo_server_free (pair.server);
  fixture_wait_state (pair.f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_cmpuint (pair.f->close_code, ==, 1001);
  fixture_free (pair.f);
}

/* Who has connected and not asked for anything is not waited for. */
static void
test_stop_with_idle_client (void)
{
  g_autoptr (GSocketClient)     client = g_socket_client_new ();
  g_autoptr (GSocketConnection) idle = NULL;
  char                          byte;
  gint64                        started;
  Pair                          pair;

  pair_connect (&pair, "/echo");
  idle = g_socket_client_connect_to_host (client, "127.0.0.1",
                                          duplex_demo_server_get_port (pair.server), NULL, NULL);
  g_assert_nonnull (idle);
  /* Connections are accepted in order: when the next is open, the idle one has been. */
  g_assert_true (duplex_session_disconnect (pair.f->session, 0, NULL, NULL));
  fixture_wait_state (pair.f, DUPLEX_SESSION_DISCONNECTED);
  fixture_connect (pair.f);
  g_assert_true (duplex_session_disconnect (pair.f->session, 0, NULL, NULL));
  fixture_wait_state (pair.f, DUPLEX_SESSION_DISCONNECTED);
  fixture_free (pair.f);

  started = g_get_monotonic_time ();
  duplex_demo_server_free (pair.server);
  g_assert_cmpint (g_get_monotonic_time () - started, <, 900000);
  g_socket_set_timeout (g_socket_connection_get_socket (idle), 5);
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (idle)), &byte, 1,
                                        NULL, NULL),
                   ==, 0);
}

static void
test_port_taken (void)
{
  g_autoptr (DuplexDemoServer) first = duplex_demo_server_new (0, NULL);
  g_autoptr (GError)           error = NULL;

  g_assert_null (duplex_demo_server_new (duplex_demo_server_get_port (first), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
}

static void
test_demo_url (void)
{
  Fixture *f = fixture_new ("demo:/echo");

  fixture_connect (f);
  g_assert_cmpint (duplex_session_get_state (f->session), ==, DUPLEX_SESSION_OPEN);
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  fixture_free (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/demo-server/echo", test_echo);
  g_test_add_func ("/core/demo-server/clock", test_clock);
  g_test_add_func ("/core/demo-server/flood/order", test_flood);
  g_test_add_func ("/core/demo-server/flood/sizes", test_flood_sizes);
  g_test_add_func ("/core/demo-server/binary", test_binary);
  g_test_add_func ("/core/demo-server/fragments", test_fragments);
  g_test_add_func ("/core/demo-server/close", test_close);
  g_test_add_func ("/core/demo-server/slow", test_slow);
  g_test_add_func ("/core/demo-server/unknown-path", test_unknown_path);
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *path = g_strdup_printf ("/core/demo-server/refused/%s", refused[i].name);

      g_test_add_data_func (path, &refused[i], test_refused);
    }
  g_test_add_func ("/core/demo-server/stop", test_stop);
  g_test_add_func ("/core/demo-server/stop-idle", test_stop_with_idle_client);
  g_test_add_func ("/core/demo-server/port-taken", test_port_taken);
  g_test_add_func ("/core/demo-server/demo-url", test_demo_url);
  return g_test_run ();
}
