/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What differs under TLS: records that hold more than was asked for, ends without close_notify,
 * blocked writes, and whom we trust. */
#include <glib/gstdio.h>
#include <string.h>

#include "core/io/duplex-tls.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-frame-encoder.h"
#include "core/proto/duplex-handshake.h"
#include "duplex-io-support.h"

/* Made for this test and signed by itself, for 127.0.0.1. */
static const char certificate_pem[] =
  "-----BEGIN CERTIFICATE-----\n"
  "MIIBlTCCATqgAwIBAgIUDGJxC3sc7IX3SSern+xd31p//OYwCgYIKoZIzj0EAwIw\n"
  "FjEUMBIGA1UEAwwLZHVwbGV4IHRlc3QwIBcNMjYxMTIyMTAxNjM0WhgPMjEyNjEw\n"
  "MjkxMDE2MzRaMBYxFDASBgNVBAMMC2R1cGxleCB0ZXN0MFkwEwYHKoZIzj0CAQYI\n"
  "KoZIzj0DAQcDQgAELBkdPpesZbR6acJHshfGQ/3HD8qqJevJAtZUMEyalfCc5mE6\n"
  "7Xb+HJ4TVdFkz5HbX3IqOs09tgvYYjwocwFK2qNkMGIwHQYDVR0OBBYEFKqi6RCn\n"
  "8lNHV9d75Nl3Mhr5ELnhMB8GA1UdIwQYMBaAFKqi6RCn8lNHV9d75Nl3Mhr5ELnh\n"
  "MA8GA1UdEwEB/wQFMAMBAf8wDwYDVR0RBAgwBocEfwAAATAKBggqhkjOPQQDAgNJ\n"
  "ADBGAiEAz6OimCY1mpoOJ2vPMFwnPXCSi3owfVN7ejkg8+9GyqsCIQCxMTqGaqku\n"
  "w8IRUleJk50ZVEFwl4rz/Tm8uMHMNFR8UA==\n"
  "-----END CERTIFICATE-----\n"
  "-----BEGIN PRIVATE KEY-----\n"
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUjSwuJvroLIsCy1Z\n"
  "xAi+rhhCVj+Q4hUpr4HPXoVh3V+hRANCAAQsGR0+l6xltHppwkeyF8ZD/ccPyqol\n"
  "68kC1lQwTJqV8JzmYTrtdv4cnhNV0WTPkdtfcio6zT22C9hiPChzAUra\n"
  "-----END PRIVATE KEY-----\n";

typedef struct _Server Server;

/* Runs in the connection's thread after the request, whose head is given; the TCP connection is
 * closed when it returns, without close_notify. */
typedef void (*Script) (Server *self, GIOStream *tls, DuplexHead *head);

struct _Server
{
  GThreadedSocketService *service;
  GTlsCertificate        *certificate;
  char                   *url;
  Script                  script;
};

static void
server_write (GIOStream  *tls,
              const void *data,
              gsize       len)
{
  g_output_stream_write_all (g_io_stream_get_output_stream (tls), data, len, NULL, NULL, NULL);
}

static gboolean
server_read (GIOStream  *tls,
             GByteArray *bytes)
{
  guint8 chunk[16384];
  gssize n = g_input_stream_read (g_io_stream_get_input_stream (tls), chunk, sizeof chunk, NULL,
                                  NULL);

  if (n <= 0)
    return FALSE;
  g_byte_array_append (bytes, chunk, (guint)n);
  return TRUE;
}

/* Reads a frame and returns its first byte, or -1. */
static int
server_read_frame (GIOStream  *tls,
                   GByteArray *bytes)
{
  DuplexFrameHeader header;
  gsize             size;
  int               first;

  while ((size = duplex_frame_header_decode (bytes->data, bytes->len, &header)) == 0 ||
         bytes->len - size < header.length)
    if (!server_read (tls, bytes))
      return -1;
  first = bytes->data[0];
  g_byte_array_remove_range (bytes, 0, (guint)(size + header.length));
  return first;
}

static gboolean
run_cb (GThreadedSocketService *service,
        GSocketConnection      *connection,
        GObject                *source,
        gpointer                data)
{
  Server                *self = data;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (DuplexHead) head = NULL;
  g_autoptr (GIOStream)  tls = NULL;
  gsize                  size;

  g_socket_set_timeout (g_socket_connection_get_socket (connection), 10);
  tls = g_tls_server_connection_new (G_IO_STREAM (connection), self->certificate, NULL);
  g_assert_nonnull (tls);
  while ((size = duplex_head_find_end (bytes->data, bytes->len, NULL)) == 0)
    if (!server_read (tls, bytes))
      return TRUE;
  head = duplex_head_parse_request (bytes->data, size, NULL);
  g_assert_nonnull (head);
  self->script (self, tls, head);
  g_socket_close (g_socket_connection_get_socket (connection), NULL);
  return TRUE;
}

static void
server_free (gpointer data)
{
  Server *self = data;

  g_object_unref (self->certificate);
  g_free (self->url);
  g_free (self);
}

/* Lives as long as its service, which the threads of connections that were accepted keep. */
static Server *
server_new (Script script)
{
  Server                    *self = g_new0 (Server, 1);
  g_autoptr (GInetAddress)   loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError)         error = NULL;

  self->script = script;
  self->certificate = g_tls_certificate_new_from_pem (certificate_pem, -1, &error);
  g_assert_no_error (error);
  self->service = G_THREADED_SOCKET_SERVICE (g_threaded_socket_service_new (-1));
  g_object_set_data_full (G_OBJECT (self->service), "server", self, server_free);
  g_signal_connect (self->service, "run", G_CALLBACK (run_cb), self);
  g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), any, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
  g_assert_no_error (error);
  self->url = g_strdup_printf ("wss://127.0.0.1:%u/",
                               g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  return self;
}

/* A client that trusts the server's certificate by its fingerprint. */
static Fixture *
client_new (Server *server)
{
  g_autofree char *fingerprint = duplex_tls_dup_fingerprint (server->certificate);
  Fixture         *f = fixture_new (server->url);

  duplex_session_trust_certificate (f->session, fingerprint);
  return f;
}

static void
both_free (Fixture *f,
           Server  *server)
{
  g_autoptr (GThreadedSocketService) service = server->service;

  fixture_free (f);
  g_socket_service_stop (G_SOCKET_SERVICE (service));
  g_socket_listener_close (G_SOCKET_LISTENER (service));
}

static void
server_upgrade (GIOStream  *tls,
                DuplexHead *head)
{
  g_autoptr (GBytes) response = duplex_handshake_build_response (head, NULL, NULL);

  server_write (tls, g_bytes_get_data (response, NULL), g_bytes_get_size (response));
}

/* ---- records ---- */

/* The response and what follows in one record, of which the dialer reads only the beginning. The
 * rest lies in the TLS library, where no socket tells of it. */
static void
one_record_script (Server     *self,
                   GIOStream  *tls,
                   DuplexHead *head)
{
  static const guint8    large[] = { 0x82, 126, 0x1f, 0x40 }; /* 8000 bytes */
  g_autoptr (GBytes)     response = duplex_handshake_build_response (head, NULL, NULL);
  g_autoptr (GByteArray) record = g_byte_array_new ();
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gsize                  at;

  g_byte_array_append (record, g_bytes_get_data (response, NULL),
                       (guint)g_bytes_get_size (response));
  g_byte_array_append (record, large, sizeof large);
  at = record->len;
  g_byte_array_set_size (record, (guint)at + 8000);
  memset (record->data + at, 'x', 8000);
  server_write (tls, record->data, record->len);
  g_assert_cmphex (server_read_frame (tls, bytes), ==, 0x88);
  server_write (tls, "\x88\x02\x03\xe8", 4);
  g_io_stream_close (tls, NULL, NULL);
}

static void
test_one_record (void)
{
  Server            *server = server_new (one_record_script);
  Fixture           *f = client_new (server);
  g_autoptr (GBytes) message = NULL;

  fixture_connect (f);
  g_assert_no_error (f->error);
  fixture_wait_received (f, 1);
  message = fixture_dup_message (f, 0);
  g_assert_cmpuint (g_bytes_get_size (message), ==, 8000);
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_no_error (f->error);
  g_assert_cmpuint (f->close_code, ==, 1000);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_TLS_NO_CLOSE_NOTIFY), ==, 0);
  both_free (f, server);
}

/* ---- close_notify ---- */

static void
cut_script (Server     *self,
            GIOStream  *tls,
            DuplexHead *head)
{
  server_upgrade (tls, head);
  server_write (tls, "\x81\x02hi", 4);
}

static void
test_cut (void)
{
  Server  *server = server_new (cut_script);
  Fixture *f = client_new (server);

  fixture_connect (f);
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_CONNECTION_LOST);
  g_assert_cmpuint (f->close_code, ==, 1006);
  g_assert_true (f->by_peer);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_TLS_NO_CLOSE_NOTIFY), ==, 1);
  both_free (f, server);
}

static void
no_close_notify_script (Server     *self,
                        GIOStream  *tls,
                        DuplexHead *head)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  server_upgrade (tls, head);
  g_assert_cmphex (server_read_frame (tls, bytes), ==, 0x88);
  server_write (tls, "\x88\x02\x03\xe8", 4);
}

static void
test_no_close_notify (void)
{
  Server  *server = server_new (no_close_notify_script);
  Fixture *f = client_new (server);

  fixture_connect (f);
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_no_error (f->error);
  g_assert_cmpuint (f->close_code, ==, 1000);
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_TLS_NO_CLOSE_NOTIFY), ==, 1);
  both_free (f, server);
}

/* ---- blocked writes ---- */

/* Says Close before it reads, and then wants all that has begun and our Close. */
static void
late_reader_script (Server     *self,
                    GIOStream  *tls,
                    DuplexHead *head)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  server_upgrade (tls, head);
  g_usleep (200000);
  server_write (tls, "\x88\x02\x03\xe9", 4);
  g_usleep (100000);
  g_assert_cmphex (server_read_frame (tls, bytes), ==, 0x82);
  g_assert_cmphex (server_read_frame (tls, bytes), ==, 0x88);
  g_io_stream_close (tls, NULL, NULL);
}

static void
test_close_while_blocked (void)
{
  Server            *server = server_new (late_reader_script);
  Fixture           *f = client_new (server);
  g_autoptr (GBytes) big = g_bytes_new_take (g_malloc0 (16 * 1024 * 1024), 16 * 1024 * 1024);

  duplex_session_set_close_timeout (f->session, 10);
  fixture_connect (f);
  g_assert_true (duplex_session_send_binary (f->session, big, NULL));
  g_assert_true (duplex_session_send_text (f->session, "never", -1, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  g_assert_no_error (f->error);
  g_assert_cmpuint (f->close_code, ==, 1001);
  g_assert_cmpint (fixture_find_frame (f, DUPLEX_DIRECTION_SENT, DUPLEX_OPCODE_TEXT, 0), ==, -1);
  both_free (f, server);
}

/* ---- trust ---- */

static void
test_trust (void)
{
  Server          *server = server_new (no_close_notify_script);
  Fixture         *f = fixture_new (server->url);
  g_autofree char *fingerprint = duplex_tls_dup_fingerprint (server->certificate);
  g_autofree char *other = g_strnfill (64, '0');

  /* Unknown, and with another one pinned. */
  for (int i = 0; i < 2; i++)
    {
      fixture_connect (f);
      g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_TLS_CERTIFICATE);
      g_assert_cmpstr (duplex_session_get_refused_certificate (f->session), ==, fingerprint);
      g_assert_cmpint (fixture_find_state (f, DUPLEX_EVENT_REQUEST), ==, -1);
      duplex_session_trust_certificate (f->session, other);
    }
  g_clear_error (&f->error);
  duplex_session_trust_certificate (f->session, fingerprint);
  fixture_connect (f);
  g_assert_no_error (f->error);
  g_assert_true (duplex_session_is_unverified (f->session));
  g_assert_cmpuint (fixture_count_findings (f, DUPLEX_FINDING_CERTIFICATE_OVERRIDDEN), ==, 1);
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);
  both_free (f, server);
}

/* Whoever hears of a property may drop the session. */
static void
drop_cb (DuplexSession *session,
         GParamSpec    *pspec,
         gpointer       data)
{
  DuplexSession **holder = data;

  g_clear_object (holder);
}

static void
test_dropped_when_unverified (void)
{
  Server                   *server = server_new (no_close_notify_script);
  Fixture                  *f = client_new (server);
  g_autofree char          *fingerprint = duplex_tls_dup_fingerprint (server->certificate);
  g_autoptr (DuplexProfile) profile = duplex_profile_new ("Test", server->url);
  DuplexSession            *session = duplex_session_new (profile);
  gpointer                  watched = session;
  gint64                    deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  g_object_add_weak_pointer (G_OBJECT (session), &watched);
  duplex_session_trust_certificate (session, fingerprint);
  g_signal_connect (session, "notify::unverified", G_CALLBACK (drop_cb), &session);
  g_assert_true (duplex_session_connect (session, NULL));
  while (watched != NULL && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (watched);
  both_free (f, server);
}

static void
test_ca_file (void)
{
  Server            *server = server_new (no_close_notify_script);
  Fixture           *f = fixture_new (server->url);
  g_autofree char   *path = NULL;
  g_autoptr (GError) error = NULL;
  int                fd = g_file_open_tmp ("duplex-XXXXXX.pem", &path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, certificate_pem, -1, NULL));
  duplex_session_set_ca_file (f->session, path);
  fixture_connect (f);
  g_assert_no_error (f->error);
  g_assert_false (duplex_session_is_unverified (f->session));
  g_assert_true (duplex_session_disconnect (f->session, 0, NULL, NULL));
  fixture_wait_state (f, DUPLEX_SESSION_DISCONNECTED);

  /* That it is gone is TLS's trouble, not TCP's. */
  g_assert_cmpint (g_unlink (path), ==, 0);
  fixture_connect (f);
  g_assert_error (f->error, DUPLEX_ERROR, DUPLEX_ERROR_TLS);
  both_free (f, server);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/tls/one-record", test_one_record);
  g_test_add_func ("/core/tls/close-notify/cut", test_cut);
  g_test_add_func ("/core/tls/close-notify/missing", test_no_close_notify);
  g_test_add_func ("/core/tls/close-while-blocked", test_close_while_blocked);
  g_test_add_func ("/core/tls/trust/fingerprint", test_trust);
  g_test_add_func ("/core/tls/trust/dropped", test_dropped_when_unverified);
  g_test_add_func ("/core/tls/trust/ca-file", test_ca_file);
  return g_test_run ();
}
