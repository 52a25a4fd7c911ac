/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-leg-support.h"

#include <sys/socket.h>

#include "core/io/duplex-socket.h"
#include "core/io/duplex-tls-stream.h"

#define DEADLINE 20 /* seconds */

/* Made for these tests and signed by itself, for 127.0.0.1. */
const char leg_certificate_pem[] =
  "-----BEGIN CERTIFICATE-----\n"
  "MIIBlTCCATqgAwIBAgIUFz4CYNmpnfpWXBCJYsvKmUy0Nv8wCgYIKoZIzj0EAwIw\n"
  "FjEUMBIGA1UEAwwLZHVwbGV4IGxlZ3MwIBcNMjYxMTIyMTkwMzM1WhgPMjEyNjEw\n"
  "MjkxOTAzMzVaMBYxFDASBgNVBAMMC2R1cGxleCBsZWdzMFkwEwYHKoZIzj0CAQYI\n"
  "KoZIzj0DAQcDQgAEHz3ZCWbxNwnYm/5HxI2zl6z/tUg5VYi1JItjtxj0xu9aeGWJ\n"
  "oY9a6YXnbeImvcXF1kQFtPBL9Njaxn2gDIVIHqNkMGIwHQYDVR0OBBYEFC16Xk58\n"
  "aUOQSCjD88MA33DeuqSWMB8GA1UdIwQYMBaAFC16Xk58aUOQSCjD88MA33DeuqSW\n"
  "MA8GA1UdEwEB/wQFMAMBAf8wDwYDVR0RBAgwBocEfwAAATAKBggqhkjOPQQDAgNJ\n"
  "ADBGAiEAx9FYDmgVW+2A+WZXlSiU1s8TUsayc5HSOPMwQskWlKgCIQDIBbELz6Qm\n"
  "aVJYecjpfakIfPKqH79znRVwiFHA3dGbnw==\n"
  "-----END CERTIFICATE-----\n"
  "-----BEGIN PRIVATE KEY-----\n"
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgM3gOMPIVkXR/Vsdz\n"
  "aEceQAuwJmPOmJ+tzZ7LOLruacOhRANCAAQfPdkJZvE3Cdib/kfEjbOXrP+1SDlV\n"
  "iLUki2O3GPTG71p4ZYmhj1rphedt4ia9xcXWRAW08Ev02NrGfaAMhUge\n"
  "-----END PRIVATE KEY-----\n";

/* ---- waiting ---- */

static gboolean
expired_cb (gpointer what)
{
  g_error ("Waited in vain until %s", (const char *)what);
  return G_SOURCE_REMOVE;
}

void
leg_wait (gboolean (*condition) (gpointer data),
          gpointer    data,
          const char *what)
{
  guint deadline = g_timeout_add_seconds (DEADLINE, expired_cb, (gpointer)what);

  while (!condition (data))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);
}

void
leg_turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

guint8 *
leg_make_pattern (gsize len)
{
  guint8 *data = g_malloc (len);

  for (gsize i = 0; i < len; i++)
    data[i] = (guint8)(i % 251 + i / 65521);
  return data;
}

/* ---- connections ---- */

static GSocketConnection *
wrap (GSocket *socket)
{
  g_socket_set_blocking (socket, FALSE);
  return g_socket_connection_factory_create_connection (socket);
}

static void
make_tcp (LegPair *self)
{
  g_autoptr (GInetAddress)   loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GSocket)        listener = NULL;
  g_autoptr (GSocket)        far = NULL;
  g_autoptr (GSocket)        near = NULL;
  g_autoptr (GError)         error = NULL;

  listener =
    g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_bind (listener, any, FALSE, &error));
  g_assert_true (g_socket_listen (listener, &error));
  bound = g_socket_get_local_address (listener, &error);
  g_assert_no_error (error);
  far = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_true (g_socket_connect (far, bound, NULL, &error));
  near = g_socket_accept (listener, NULL, &error);
  g_assert_no_error (error);
  self->near = G_IO_STREAM (wrap (near));
  self->far = G_IO_STREAM (wrap (far));
}

static gboolean
accept_cb (GTlsConnection      *connection,
           GTlsCertificate     *certificate,
           GTlsCertificateFlags errors,
           gpointer             data)
{
  return TRUE;
}

static void
shaken_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      n)
{
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake_finish (G_TLS_CONNECTION (object), result, &error);
  g_assert_no_error (error);
  ++*(guint *)n;
}

static gboolean
both_are_shaken (gpointer n)
{
  return *(guint *)n == 2;
}

static void
near_shaken_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      n)
{
  g_autoptr (GError) error = NULL;

  duplex_tls_stream_shake_hands_finish (DUPLEX_TLS_STREAM (object), result, &error);
  g_assert_no_error (error);
  ++*(guint *)n;
}

static void
add_tls (LegPair *self)
{
  g_autoptr (DuplexTlsCredentials) credentials = NULL;
  g_autoptr (GIOStream)            far = self->far;
  g_autoptr (GByteArray)           nothing = g_byte_array_new ();
  g_autoptr (GError)               error = NULL;
  int                              fd = duplex_socket_steal_fd (G_SOCKET_CONNECTION (self->near));
  guint                            n = 0;

  credentials =
    duplex_tls_credentials_new_server (leg_certificate_pem, leg_certificate_pem, &error);
  g_assert_no_error (error);
  g_object_unref (self->near);
  self->near = duplex_tls_stream_new (duplex_tls_session_new_server (credentials, fd));
  self->far = g_tls_client_connection_new (far, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (self->far, "accept-certificate", G_CALLBACK (accept_cb), NULL);
  duplex_tls_stream_shake_hands_async (DUPLEX_TLS_STREAM (self->near), NULL, near_shaken_cb, &n);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (self->far), G_PRIORITY_DEFAULT, NULL,
                                    shaken_cb, &n);
  leg_wait (both_are_shaken, &n, "TLS has shaken hands");
  /* The tickets that follow the handshake: left unread they would make of its end a reset. */
  g_assert_true (leg_pair_read (self, nothing));
  g_assert_cmpuint (nothing->len, ==, 0);
}

LegPair *
leg_pair_new (LegTransport transport)
{
  LegPair *self = g_new0 (LegPair, 1);

  make_tcp (self);
  if (transport == LEG_TLS)
    add_tls (self);
  return self;
}

void
leg_pair_free (LegPair *self)
{
  if (self->far != NULL)
    leg_pair_vanish (self, /* reset= */ FALSE);
  g_clear_object (&self->near);
  g_free (self);
}

/* Of TCP below it. */
static GSocket *
get_far_socket (LegPair *self)
{
  g_autoptr (GIOStream) base = NULL;

  if (G_IS_SOCKET_CONNECTION (self->far))
    return g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->far));
  g_object_get (self->far, "base-io-stream", &base, NULL);
  return g_socket_connection_get_socket (G_SOCKET_CONNECTION (base));
}

int
leg_pair_get_near_fd (LegPair *self)
{
  if (DUPLEX_IS_TLS_STREAM (self->near))
    return duplex_tls_session_get_fd (
      duplex_tls_stream_get_session (DUPLEX_TLS_STREAM (self->near)));
  return g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->near)));
}

int
leg_pair_get_far_fd (LegPair *self)
{
  return g_socket_get_fd (get_far_socket (self));
}

void
leg_pair_vanish (LegPair *self,
                 gboolean reset)
{
  struct linger now = { .l_onoff = 1 };

  if (reset)
    g_assert_cmpint (
      setsockopt (leg_pair_get_far_fd (self), SOL_SOCKET, SO_LINGER, &now, sizeof now), ==, 0);
  g_socket_close (get_far_socket (self), NULL);
  g_clear_object (&self->far);
}

gsize
leg_pair_write (LegPair      *self,
                const guint8 *data,
                gsize         len)
{
  GPollableOutputStream *output =
    G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->far));
  gsize done = 0;

  while (done < len)
    {
      g_autoptr (GError) error = NULL;
      gssize             n =
        g_pollable_output_stream_write_nonblocking (output, data + done, len - done, NULL, &error);

      if (n < 0)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
          break;
        }
      done += (gsize)n;
    }
  return done;
}

gboolean
leg_pair_read (LegPair    *self,
               GByteArray *bytes)
{
  GPollableInputStream *input =
    G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->far));
  guint8 chunk[16384];

  while (TRUE)
    {
      g_autoptr (GError) error = NULL;
      gssize             n =
        g_pollable_input_stream_read_nonblocking (input, chunk, sizeof chunk, NULL, &error);

      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return TRUE;
      if (n <= 0)
        return FALSE;
      g_byte_array_append (bytes, chunk, (guint)n);
    }
}
