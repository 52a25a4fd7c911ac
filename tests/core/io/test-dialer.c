/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the URL to the end of the HTTP upgrade, and every way in which that fails. */
#include <string.h>

#include "core/io/duplex-dialer.h"
#include "core/proto/duplex-error.h"
#include "duplex-io-support.h"
#include "duplex-raw-server.h"

/* ---- a scripted response to the request ---- */

typedef struct
{
  const char     *name;
  const char     *response; /* "%KEY%" stands for the right Sec-WebSocket-Accept */
  int             error;
  DuplexFindingId finding; /* recorded with the response, or NONE */
} Answer;

#define UPGRADE "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"

#define INTERIM "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"

static const Answer answers[] = {
  { "404", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope",
    DUPLEX_ERROR_HANDSHAKE_REFUSED, 0 },
  { "302", "HTTP/1.1 302 Found\r\nLocation: wss://example.org/\r\n\r\n",
    DUPLEX_ERROR_HANDSHAKE_REFUSED, 0 },
  { "200", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", DUPLEX_ERROR_HANDSHAKE_REFUSED, 0 },
  { "not-http", "SSH-2.0-OpenSSH_9.2\r\n\r\n", DUPLEX_ERROR_HANDSHAKE_INVALID,
    DUPLEX_FINDING_HANDSHAKE_NOT_HTTP },
  { "interim-only", "HTTP/1.1 100 Continue\r\n\r\n", DUPLEX_ERROR_HANDSHAKE_INVALID, 0 },
  { "interim-404", INTERIM "HTTP/1.1 404 Not Found\r\n\r\n", DUPLEX_ERROR_HANDSHAKE_REFUSED, 0 },
  { "nothing", "", DUPLEX_ERROR_HANDSHAKE_INVALID, 0 },
  { "cut", "HTTP/1.1 101 Switching Proto", DUPLEX_ERROR_HANDSHAKE_INVALID,
    DUPLEX_FINDING_HANDSHAKE_NOT_HTTP },
  { "wrong-key", UPGRADE "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
    DUPLEX_ERROR_HANDSHAKE_INVALID, DUPLEX_FINDING_ACCEPT_WRONG },
  { "no-key", UPGRADE "\r\n", DUPLEX_ERROR_HANDSHAKE_INVALID, DUPLEX_FINDING_ACCEPT_WRONG },
  { "no-upgrade", "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %KEY%\r\n\r\n",
    DUPLEX_ERROR_HANDSHAKE_INVALID, DUPLEX_FINDING_UPGRADE_MISSING },
  { "no-connection", "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %KEY%\r\n\r\n",
    DUPLEX_ERROR_HANDSHAKE_INVALID, DUPLEX_FINDING_CONNECTION_MISSING },
  { "extension",
    UPGRADE "Sec-WebSocket-Accept: %KEY%\r\nSec-WebSocket-Extensions: x-not-offered\r\n\r\n",
    DUPLEX_ERROR_HANDSHAKE_INVALID, DUPLEX_FINDING_EXTENSION_NOT_OFFERED },
  { "subprotocol", UPGRADE "Sec-WebSocket-Accept: %KEY%\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
    DUPLEX_ERROR_HANDSHAKE_INVALID, DUPLEX_FINDING_SUBPROTOCOL_NOT_OFFERED },
};

typedef struct
{
  const char *response;
  gsize       piece; /* bytes of a write, 0 for all */
} Script;

static void
answer_script (RawPeer *peer,
               gpointer data)
{
  Script          *script = data;
  g_autofree char *key = raw_peer_dup_accept_key (peer);
  g_auto (GStrv)   parts = g_strsplit (script->response, "%KEY%", 2);
  g_autofree char *response = g_strjoinv (key, parts);
  gsize            len = strlen (response);
  gsize            piece = script->piece != 0 ? script->piece : MAX (len, 1);

  for (gsize at = 0; at < len; at += piece)
    raw_peer_write (peer, response + at, MIN (piece, len - at));
}

static void
test_answer (gconstpointer data)
{
  const Answer *answer = data;

  /* At once, and byte by byte. */
  for (gsize piece = 0; piece < 2; piece++)
    {
      Script     script = { answer->response, piece };
      RawServer *server = raw_server_new (answer_script, &script);
      Fixture   *f = fixture_new (raw_server_get_url (server));
      gint64     response;

      fixture_connect (f);
      raw_server_free (server);
      g_assert_cmpint (duplex_session_get_state (f->session), ==, DUPLEX_SESSION_DISCONNECTED);
      g_assert_error (f->error, DUPLEX_ERROR, answer->error);
      g_assert_cmpuint (f->n_failed, ==, 1);
      g_assert_cmpuint (f->n_closed, ==, 0);
      g_assert_cmpint (fixture_find_state (f, DUPLEX_EVENT_FAILED), >=, 0);
      if (answer->finding != DUPLEX_FINDING_NONE)
        g_assert_cmpuint (fixture_count_findings (f, answer->finding), ==, 1);
      response = fixture_find_state (f, DUPLEX_EVENT_RESPONSE);
      g_assert_true ((response >= 0) == (*answer->response != '\0'));
      fixture_free (f);
    }
}

/* The raw bytes of both sides are kept, and the beginning of a refusal's body. */
static void
test_raw_bytes_are_kept (void)
{
  static const char     head[] = "HTTP/1.1 503 Busy\r\nX-Odd:  odd\r\nContent-Length: 9\r\n\r\n";
  g_autofree char      *answer = g_strconcat (head, "try later", NULL);
  Script                script = { answer, 0 };
  g_autoptr (RawServer) server = raw_server_new (answer_script, &script);
  Fixture              *f = fixture_new (raw_server_get_url (server));
  DuplexCapture        *capture = duplex_session_get_capture (f->session);
  g_auto (DuplexEvent)  request = DUPLEX_EVENT_INIT;
  g_auto (DuplexEvent)  response = DUPLEX_EVENT_INIT;
  g_auto (DuplexEvent)  body = DUPLEX_EVENT_INIT;

  fixture_connect (f);
  g_assert_true (
    duplex_capture_read (capture, (guint64)fixture_find_state (f, DUPLEX_EVENT_REQUEST), &request));
  g_assert_true (duplex_capture_read (
    capture, (guint64)fixture_find_state (f, DUPLEX_EVENT_RESPONSE), &response));
  g_assert_true (
    duplex_capture_read (capture, (guint64)fixture_find_state (f, DUPLEX_EVENT_BODY), &body));
  g_assert_cmpmem (request.payload, 16, "GET / HTTP/1.1\r\n", 16);
  g_assert_cmpmem (response.payload, response.payload_size, head, sizeof head - 1);
  g_assert_cmpint (response.value, ==, 503);
  g_assert_cmpmem (body.payload, body.payload_size, "try later", 9);
  g_assert_cmpstr (f->error->message, ==, "HTTP 503 Busy");
  duplex_event_clear (&request);
  duplex_event_clear (&response);
  duplex_event_clear (&body);
  fixture_free (f);
}

/* A phrase may be in any encoding; what we say of it is for people to read. */
static void
test_odd_phrase (void)
{
  Script                script = { "HTTP/1.1 503 besch\xe4"
                                                  "ftigt\r\nContent-Length: 0\r\n\r\n",
                                   0 };
  g_autoptr (RawServer) server = raw_server_new (answer_script, &script);
  Fixture              *f = fixture_new (raw_server_get_url (server));
  g_auto (DuplexEvent)  failed = DUPLEX_EVENT_INIT;

  fixture_connect (f);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_REFUSED);
  g_assert_true (g_utf8_validate (f->error->message, -1, NULL));
  g_assert_true (duplex_capture_read (duplex_session_get_capture (f->session),
                                      (guint64)fixture_find_state (f, DUPLEX_EVENT_FAILED),
                                      &failed));
  g_assert_true (g_utf8_validate ((const char *)failed.payload, (gssize)failed.payload_size, NULL));
  duplex_event_clear (&failed);
  fixture_free (f);
}

static void
endless_head_script (RawPeer *peer,
                     gpointer data)
{
  raw_peer_read_request (peer);
  raw_peer_write_literal (peer, "HTTP/1.1 101 Switching Protocols\r\n");
  while (raw_peer_write_literal (peer, "X-Again: and again and again\r\n"))
    ;
}

static void
test_endless_head (void)
{
  g_autoptr (RawServer) server = raw_server_new (endless_head_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));

  fixture_connect (f);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG);
  fixture_free (f);
}

/* Frames that come in the same segment as the response are not lost. */
static void
leftover_script (RawPeer *peer,
                 gpointer data)
{
  g_autofree char *key = raw_peer_dup_accept_key (peer);
  g_autofree char *text =
    g_strdup_printf (UPGRADE "Sec-WebSocket-Accept: %s\r\n\r\n\x81\x02hi\x88", key);

  if (data != NULL)
    raw_peer_write (peer, data, strlen (data));
  raw_peer_write (peer, text, strlen (text));
  g_usleep (20000);
  raw_peer_write_literal (peer, "\x02\x03\xe8");
  raw_peer_read_frame (peer, NULL);
}

/* data: what comes before the response, or NULL. */
static void
test_leftover (gconstpointer data)
{
  g_autoptr (RawServer) server = raw_server_new (leftover_script, (gpointer)data);
  Fixture              *f = fixture_new (raw_server_get_url (server));
  g_autoptr (GBytes)    message = NULL;

  fixture_connect (f);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  message = fixture_dup_message (f, 0);
  g_assert_nonnull (message);
  g_assert_cmpmem (g_bytes_get_data (message, NULL), g_bytes_get_size (message), "hi", 2);
  g_assert_cmpuint (f->close_code, ==, 1000);
  g_assert_no_error (f->error);
  fixture_free (f);
}

static void
silent_script (RawPeer *peer,
               gpointer data)
{
  raw_peer_read_request (peer);
  raw_peer_read_to_end (peer, 8000);
}

static void
test_cancel (void)
{
  g_autoptr (RawServer) server = raw_server_new (silent_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));

  g_assert_true (duplex_session_connect (f->session, NULL));
  g_assert_cmpint (duplex_session_get_state (f->session), ==, DUPLEX_SESSION_CONNECTING);
  g_assert_false (duplex_session_connect (f->session, NULL));
  duplex_session_cancel (f->session);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_CANCELLED);
  fixture_free (f);
}

/* At whatever moment the user gives up: one end, which says either that or, where the connection
 * was open already, how that was closed. */
static void
greeting_script (RawPeer *peer,
                 gpointer data)
{
  if (!raw_peer_try_upgrade (peer))
    return;
  raw_peer_write_literal (peer, "\x81\x02hi");
  if (raw_peer_read_frame (peer, NULL) == 0x88)
    raw_peer_write_literal (peer, "\x88\x02\x03\xe9");
}

static void
test_cancel_at_any_time (void)
{
  g_autoptr (RawServer) server = raw_server_new (greeting_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));

  for (int i = 0; i < 60; i++)
    {
      gint64 until = g_get_monotonic_time () + i * 50;
      guint  n_ends = f->n_failed + f->n_closed;

      g_clear_error (&f->error);
      g_assert_true (duplex_session_connect (f->session, NULL));
      while (g_get_monotonic_time () < until)
        ;
      duplex_session_cancel (f->session);
      fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
      g_assert_cmpuint (f->n_failed + f->n_closed, ==, n_ends + 1);
      if (f->error != NULL)
        g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_CANCELLED);
      else
        g_assert_cmpuint (f->close_code, ==, 1001);
    }
  fixture_free (f);
}

static void
test_dropped_while_connecting (void)
{
  g_autoptr (RawServer) server = raw_server_new (silent_script, NULL);
  Fixture              *f = fixture_new (raw_server_get_url (server));

  g_assert_true (duplex_session_connect (f->session, NULL));
  fixture_free (f);
}

static void
dialled_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      data)
{
  g_autoptr (DuplexDialResult) dialled = NULL;

  g_assert_false (duplex_dialer_dial_finish (result, &dialled, data));
  g_assert_nonnull (dialled);
}

static void
test_deadline (void)
{
  g_autoptr (RawServer)          server = raw_server_new (silent_script, NULL);
  g_autoptr (DuplexDialSettings) settings = g_new0 (DuplexDialSettings, 1);
  DuplexCapture                 *capture = duplex_capture_new ();
  g_autoptr (GError)             error = NULL;

  settings->url = duplex_url_parse (raw_server_get_url (server), NULL);
  settings->timeout = 1;
  duplex_dialer_dial_async (settings, capture, 1, NULL, dialled_cb, &error);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TIMEOUT);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (capture);
}

/* ---- what cannot be dialled at all ---- */

static void
test_nobody_listens (void)
{
  Fixture *f = fixture_new ("ws://127.0.0.1:1/");

  fixture_connect (f);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_CONNECT);
  fixture_free (f);
}

static void
test_no_such_host (void)
{
  Fixture *f = fixture_new ("ws://host.invalid/");

  fixture_connect (f);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_RESOLVE);
  fixture_free (f);
}

/* Nobody else is dialled than who is named: an escaped slash ends no host, it is in none. */
static void
test_host_is_not_parsed_again (void)
{
  g_autoptr (RawServer) server = raw_server_new (silent_script, NULL);
  const char           *port = strrchr (raw_server_get_url (server), ':');
  g_autofree char      *url = g_strconcat ("ws://127.0.0.1%2Fx", port, NULL);
  g_autoptr (GError)    error = NULL;
  Fixture              *f = fixture_new (url);

  g_assert_false (duplex_session_connect (f->session, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL);
  fixture_free (f);
}

/* An IPv6 address with a zone is dialled with it, and named without. */
static void
test_ipv6_zone (void)
{
  g_autoptr (GInetAddress)   loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV6);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GSocket)        listener = NULL;
  g_autoptr (GSocket)        peer = NULL;
  g_autofree char           *url = NULL;
  g_autofree char           *host = NULL;
  guint16                    port;
  char                       request[1024];
  gssize                     n;
  Fixture                   *f;

  listener = g_socket_new (G_SOCKET_FAMILY_IPV6, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  if (listener == NULL || !g_socket_bind (listener, address, TRUE, NULL))
    {
      g_test_skip ("no IPv6 here");
      return;
    }
  g_assert_true (g_socket_listen (listener, NULL));
  g_socket_set_timeout (listener, 10);
  bound = g_socket_get_local_address (listener, NULL);
  port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  url = g_strdup_printf ("ws://[::1%%251]:%u/", port);
  host = g_strdup_printf ("\r\nHost: [::1]:%u\r\n", port);
  f = fixture_new (url);

  g_assert_true (duplex_session_connect (f->session, NULL));
  peer = g_socket_accept (listener, NULL, NULL);
  g_assert_nonnull (peer);
  g_socket_set_timeout (peer, 10);
  n = g_socket_receive (peer, request, sizeof request - 1, NULL, NULL);
  g_assert_cmpint (n, >, 0);
  request[n] = '\0';
  g_assert_nonnull (strstr (request, host));
  g_socket_close (peer, NULL);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  fixture_free (f);
}

/* What a plain HTTP server says to a TLS greeting. */
static void
plain_script (RawPeer *peer,
              gpointer data)
{
  raw_peer_write_literal (peer, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  raw_peer_read_to_end (peer, 5000);
}

static void
test_tls_to_plain_server (void)
{
  g_autoptr (RawServer) server = raw_server_new (plain_script, NULL);
  g_autofree char      *url = g_strconcat ("wss", strchr (raw_server_get_url (server), ':'), NULL);
  Fixture              *f = fixture_new (url);

  fixture_connect (f);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_TLS);
  g_assert_cmpint (fixture_find_state (f, DUPLEX_EVENT_REQUEST), ==, -1);
  fixture_free (f);
}

static void
test_settings_are_checked (void)
{
  static const char *const  bad_urls[] = { "", "example.org", "http://example.org/", "ws://",
                                           "ws://h/#f" };
  static const DuplexHeader bad_headers[] = { { (char *)"X Y", (char *)"1" },
                                              { (char *)"X", (char *)"1\r\nY: 2" },
                                              { (char *)"Host", (char *)"other" },
                                              { (char *)"sec-websocket-key", (char *)"x" } };

  for (gsize i = 0; i < G_N_ELEMENTS (bad_urls); i++)
    {
      Fixture           *f = fixture_new (bad_urls[i]);
      g_autoptr (GError) error = NULL;

      g_assert_false (duplex_session_connect (f->session, &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL);
      g_assert_cmpint (duplex_session_get_state (f->session), ==, DUPLEX_SESSION_DISCONNECTED);
      fixture_free (f);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad_headers); i++)
    {
      Fixture           *f = fixture_new ("ws://127.0.0.1:1/");
      g_autoptr (GError) error = NULL;

      duplex_profile_set_headers (duplex_session_get_profile (f->session), &bad_headers[i], 1);
      g_assert_false (duplex_session_connect (f->session, &error));
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
      fixture_free (f);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *path = g_strdup_printf ("/core/dialer/answer/%s", answers[i].name);

      g_test_add_data_func (path, &answers[i], test_answer);
    }
  g_test_add_func ("/core/dialer/raw-bytes", test_raw_bytes_are_kept);
  g_test_add_func ("/core/dialer/odd-phrase", test_odd_phrase);
  g_test_add_func ("/core/dialer/endless-head", test_endless_head);
  g_test_add_data_func ("/core/dialer/leftover", NULL, test_leftover);
  g_test_add_data_func ("/core/dialer/interim", INTERIM INTERIM, test_leftover);
  g_test_add_func ("/core/dialer/cancel", test_cancel);
  g_test_add_func ("/core/dialer/cancel-at-any-time", test_cancel_at_any_time);
  g_test_add_func ("/core/dialer/dropped", test_dropped_while_connecting);
  g_test_add_func ("/core/dialer/deadline", test_deadline);
  g_test_add_func ("/core/dialer/nobody-listens", test_nobody_listens);
  g_test_add_func ("/core/dialer/no-such-host", test_no_such_host);
  g_test_add_func ("/core/dialer/host-once", test_host_is_not_parsed_again);
  g_test_add_func ("/core/dialer/ipv6-zone", test_ipv6_zone);
  g_test_add_func ("/core/dialer/tls-to-plain", test_tls_to_plain_server);
  g_test_add_func ("/core/dialer/settings", test_settings_are_checked);
  return g_test_run ();
}
