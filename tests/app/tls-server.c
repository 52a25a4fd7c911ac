/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tls-server.h"

#include "core/proto/duplex-handshake.h"

/* Made for this test; signed by itself, for 127.0.0.1. */
static const char certificate[] =
  "-----BEGIN CERTIFICATE-----\n"
  "MIIBlTCCATqgAwIBAgIUcFjolmxvJIsaYHqhUD7QBtipBFMwCgYIKoZIzj0EAwIw\n"
  "FjEUMBIGA1UEAwwLZHVwbGV4IHRlc3QwIBcNMjYxMTIyMDk0NDA1WhgPMjEyNjEw\n"
  "MjkwOTQ0MDVaMBYxFDASBgNVBAMMC2R1cGxleCB0ZXN0MFkwEwYHKoZIzj0CAQYI\n"
  "KoZIzj0DAQcDQgAEpz/bJbLp4MRbiOQFr/vinmz7msHK/3KyTK7BCdpnYKOKoYMp\n"
  "rRIFlagWgUfLoZk1ZwuiTxkTzTLTPVobQrNBkKNkMGIwHQYDVR0OBBYEFPydpXzP\n"
  "dRIouoRwZVYCNG+iKwITMB8GA1UdIwQYMBaAFPydpXzPdRIouoRwZVYCNG+iKwIT\n"
  "MA8GA1UdEwEB/wQFMAMBAf8wDwYDVR0RBAgwBocEfwAAATAKBggqhkjOPQQDAgNJ\n"
  "ADBGAiEA8D2SoHD6jvpc42OAclP3+D83N19lfpmVC93C+X7aougCIQDY0ld20b+3\n"
  "emkj9nIK05aLC3moxAzAQfleVoGzsJ0RaA==\n"
  "-----END CERTIFICATE-----\n"
  "-----BEGIN PRIVATE KEY-----\n"
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+KQMvnvl8nmjdtGA\n"
  "X9+pFcYZLUmqTkWb5Avhwc0jFWShRANCAASnP9slsungxFuI5AWv++KebPuawcr/\n"
  "crJMrsEJ2mdgo4qhgymtEgWVqBaBR8uhmTVnC6JPGRPNMtM9WhtCs0GQ\n"
  "-----END PRIVATE KEY-----\n";

struct _TlsServer
{
  GSocketService  *service;
  GTlsCertificate *certificate;
  char            *url;
};

/* Reads a request's head and answers it. */
static gboolean
shake_hands (GIOStream *stream)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (DuplexHead) head = NULL;
  g_autoptr (GBytes)     response = NULL;
  gsize                  size;

  while ((size = duplex_head_find_end (bytes->data, bytes->len, NULL)) == 0)
    {
      guint8 buffer[1024];
      gssize n = g_input_stream_read (g_io_stream_get_input_stream (stream), buffer,
                                      sizeof (buffer), NULL, NULL);

      if (n <= 0)
        return FALSE;
      g_byte_array_append (bytes, buffer, (guint)n);
    }

  head = duplex_head_parse_request (bytes->data, size, NULL);
  if (head == NULL)
    return FALSE;

  response = duplex_handshake_build_response (head, NULL, NULL);
  return g_output_stream_write_all (g_io_stream_get_output_stream (stream),
                                    g_bytes_get_data (response, NULL), g_bytes_get_size (response),
                                    NULL, NULL, NULL);
}

static gboolean
run_cb (GThreadedSocketService *service,
        GSocketConnection      *connection,
        GObject                *source,
        gpointer                user_data)
{
  static const guint8   close_1000[] = { 0x88, 0x02, 0x03, 0xe8 };
  TlsServer            *self = user_data;
  g_autoptr (GIOStream) stream = NULL;
  guint8                buffer[256];

  stream = g_tls_server_connection_new (G_IO_STREAM (connection), self->certificate, NULL);
  g_assert_nonnull (stream);

  if (!shake_hands (stream))
    return TRUE;
  if (g_input_stream_read (g_io_stream_get_input_stream (stream), buffer, sizeof (buffer), NULL,
                           NULL) > 0)
    g_output_stream_write_all (g_io_stream_get_output_stream (stream), close_1000,
                               sizeof (close_1000), NULL, NULL, NULL);

  return TRUE;
}

TlsServer *
tls_server_new (void)
{
  TlsServer                 *self = g_new0 (TlsServer, 1);
  g_autoptr (GError)         error = NULL;
  g_autoptr (GInetAddress)   loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) address = NULL;

  self->certificate = g_tls_certificate_new_from_pem (certificate, -1, &error);
  g_assert_no_error (error);

  self->service = g_threaded_socket_service_new (-1);
  g_signal_connect (self->service, "run", G_CALLBACK (run_cb), self);
  g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), any, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &address, &error);
  g_assert_no_error (error);

  self->url = g_strdup_printf ("wss://127.0.0.1:%u/",
                               g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));
  return self;
}

const char *
tls_server_get_url (TlsServer *self)
{
  return self->url;
}

void
tls_server_free (TlsServer *self)
{
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_clear_object (&self->service);
  g_clear_object (&self->certificate);
  g_clear_pointer (&self->url, g_free);
  g_free (self);
}
