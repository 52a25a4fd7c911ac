/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-tls-peer.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/io/duplex-socket.h"
#include "duplex-leg-support.h"

#define DEADLINE (20 * G_USEC_PER_SEC)

/* ---- the peer's transport ---- */

static ssize_t
pull_cb (gnutls_transport_ptr_t data,
         void                  *bytes,
         size_t                 size)
{
  TlsPair *self = data;
  gsize    len = MIN (size, self->heard->len);

  if (len == 0 && !self->ended)
    {
      gnutls_transport_set_errno (self->peer, EAGAIN);
      return -1;
    }
  if (len == 0)
    return 0;
  memcpy (bytes, self->heard->data, len);
  g_byte_array_remove_range (self->heard, 0, (guint)len);
  return (ssize_t)len;
}

static ssize_t
push_cb (gnutls_transport_ptr_t data,
         const void            *bytes,
         size_t                 size)
{
  g_byte_array_append (((TlsPair *)data)->said, bytes, (guint)size);
  return (ssize_t)size;
}

static void
start_peer (TlsPair    *self,
            guint       flags,
            const char *priorities)
{
  g_assert_cmpint (gnutls_init (&self->peer, flags | GNUTLS_NONBLOCK), ==, 0);
  g_assert_cmpint (gnutls_priority_set_direct (self->peer, priorities, NULL), ==, 0);
  g_assert_cmpint (gnutls_credentials_set (self->peer, GNUTLS_CRD_CERTIFICATE, self->credentials),
                   ==, 0);
  gnutls_transport_set_ptr (self->peer, self);
  gnutls_transport_set_pull_function (self->peer, pull_cb);
  gnutls_transport_set_push_function (self->peer, push_cb);
}

static TlsPair *
pair_new (int *ret_near_fd)
{
  g_autoptr (LegPair) tcp = leg_pair_new (LEG_TCP);
  TlsPair            *self = g_new0 (TlsPair, 1);

  /* What is carried has arrived then. */
  duplex_socket_set_no_delay (G_SOCKET_CONNECTION (tcp->near));
  duplex_socket_set_no_delay (G_SOCKET_CONNECTION (tcp->far));
  *ret_near_fd = duplex_socket_steal_fd (G_SOCKET_CONNECTION (tcp->near));
  self->fd = duplex_socket_steal_fd (G_SOCKET_CONNECTION (tcp->far));
  g_clear_object (&tcp->far);
  self->said = g_byte_array_new ();
  self->heard = g_byte_array_new ();
  gnutls_certificate_allocate_credentials (&self->credentials);
  return self;
}

TlsPair *
tls_pair_new_server (const char *priorities)
{
  g_autoptr (DuplexTlsCredentials) credentials = NULL;
  g_autoptr (GError)               error = NULL;
  int                              fd;
  TlsPair                         *self = pair_new (&fd);

  credentials =
    duplex_tls_credentials_new_server (leg_certificate_pem, leg_certificate_pem, &error);
  g_assert_no_error (error);
  self->near = duplex_tls_session_new_server (credentials, fd);
  start_peer (self, GNUTLS_CLIENT, priorities);
  return self;
}

/* Its file is gone when this returns: it was read once. */
static DuplexTlsCredentials *
make_trust (void)
{
  g_autofree char      *path = NULL;
  g_autoptr (GError)    error = NULL;
  int                   fd = g_file_open_tmp ("duplex-XXXXXX.pem", &path, &error);
  DuplexTlsCredentials *trust;

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, leg_certificate_pem, -1, NULL));
  trust = duplex_tls_credentials_new_client (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_unlink (path), ==, 0);
  return trust;
}

TlsPair *
tls_pair_new_client (const char *priorities,
                     const char *host,
                     gboolean    trusting)
{
  g_autoptr (DuplexTlsCredentials) trust = NULL;
  gnutls_datum_t                   pem;
  int                              fd;
  TlsPair                         *self = pair_new (&fd);

  pem.data = (guint8 *)leg_certificate_pem;
  pem.size = (guint)strlen (leg_certificate_pem);
  trust = trusting ? make_trust () : duplex_tls_credentials_new_client (NULL, NULL);
  self->near = duplex_tls_session_new_client (trust, host, fd);
  g_assert_cmpint (gnutls_certificate_set_x509_key_mem (self->credentials, &pem, &pem,
                                                        GNUTLS_X509_FMT_PEM),
                   >=, 0);
  start_peer (self, GNUTLS_SERVER, priorities);
  return self;
}

void
tls_pair_free (TlsPair *self)
{
  g_clear_pointer (&self->near, duplex_tls_session_free);
  tls_pair_cut (self);
  gnutls_deinit (self->peer);
  gnutls_certificate_free_credentials (self->credentials);
  g_byte_array_unref (self->said);
  g_byte_array_unref (self->heard);
  g_free (self);
}

/* ---- carrying ---- */

void
tls_pair_carry (TlsPair *self,
                gsize    n)
{
  gsize len = MIN (n, self->said->len);

  if (len == 0)
    return;
  g_assert_cmpint (send (self->fd, self->said->data, len, MSG_NOSIGNAL), ==, len);
  g_byte_array_remove_range (self->said, 0, (guint)len);
  duplex_tls_session_tell (self->near, G_IO_IN);
}

void
tls_pair_fetch (TlsPair *self)
{
  guint8    chunk[16384];
  gssize    n;
  int       failure = 0;
  socklen_t size = sizeof failure;

  while ((n = recv (self->fd, chunk, sizeof chunk, MSG_DONTWAIT)) > 0)
    g_byte_array_append (self->heard, chunk, (guint)n);
  self->ended = self->ended || n == 0;
  /* Behind an end that was read there may still be a reset, which Linux tells nobody who reads. */
  g_assert_cmpint (getsockopt (self->fd, SOL_SOCKET, SO_ERROR, &failure, &size), ==, 0);
  self->reset = self->reset || failure != 0;
}

void
tls_pair_cut (TlsPair *self)
{
  if (self->fd < 0)
    return;
  close (self->fd);
  self->fd = -1;
  if (self->near != NULL)
    duplex_tls_session_tell (self->near, G_IO_IN | G_IO_OUT | G_IO_HUP);
}

gboolean
tls_pair_shake_hands (TlsPair *self,
                      gsize    n,
                      GError **error)
{
  gint64          deadline = g_get_monotonic_time () + DEADLINE;
  DuplexLegResult result = DUPLEX_LEG_WOULD_BLOCK;
  int             peer = GNUTLS_E_AGAIN;

  while (result != DUPLEX_LEG_OK || peer != 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (peer != 0)
        peer = gnutls_handshake (self->peer);
      tls_pair_carry (self, n);
      if (result != DUPLEX_LEG_OK)
        result = duplex_tls_session_shake_hands (self->near, error);
      tls_pair_fetch (self);
      if (result == DUPLEX_LEG_ENDED)
        return FALSE;
    }
  tls_pair_carry (self, G_MAXSIZE);
  return TRUE;
}

/* ---- speaking ---- */

void
tls_pair_say (TlsPair    *self,
              const void *data,
              gsize       len)
{
  g_assert_cmpint (gnutls_record_send (self->peer, data, len), ==, len);
}

DuplexLegResult
tls_pair_read (TlsPair    *self,
               GByteArray *bytes)
{
  DuplexLegResult result;
  guint8          chunk[1000];
  gsize           len;

  while ((result = duplex_tls_session_read (self->near, chunk, sizeof chunk, &len)) ==
         DUPLEX_LEG_OK)
    g_byte_array_append (bytes, chunk, (guint)len);
  return result;
}

void
tls_pair_assert_peer_speaks (TlsPair    *self,
                             const char *text)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  tls_pair_say (self, text, strlen (text));
  tls_pair_carry (self, G_MAXSIZE);
  g_assert_cmpint (tls_pair_read (self, bytes), ==, DUPLEX_LEG_WOULD_BLOCK);
  g_assert_cmpmem (bytes->data, bytes->len, text, strlen (text));
}

void
tls_pair_assert_near_speaks (TlsPair    *self,
                             const char *text)
{
  GOutputVector span = { text, strlen (text) };
  gint64        deadline = g_get_monotonic_time () + DEADLINE;
  char          read[100];
  gssize        n = GNUTLS_E_AGAIN;
  gsize         len;

  g_assert_cmpint (duplex_tls_session_write (self->near, &span, 1, &len), ==, DUPLEX_LEG_OK);
  g_assert_cmpuint (len, ==, span.size);
  while (n == GNUTLS_E_AGAIN)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      tls_pair_fetch (self);
      n = gnutls_record_recv (self->peer, read, sizeof read);
    }
  g_assert_cmpmem (read, n, text, strlen (text));
}
