/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-tls-credentials.h"

#include <gio/gio.h>
#include <gnutls/x509.h>
#include <string.h>

struct _DuplexTlsCredentials
{
  /* owned */
  gnutls_certificate_credentials_t credentials;

  /* state */
  gatomicrefcount ref_count;
  gsize           system_read; /* 0 where the system's authorities are still to be read */
};

static DuplexTlsCredentials *
credentials_new (void)
{
  DuplexTlsCredentials *self = g_new0 (DuplexTlsCredentials, 1);

  g_atomic_ref_count_init (&self->ref_count);
  if (gnutls_certificate_allocate_credentials (&self->credentials) < 0)
    g_error ("No memory for credentials");
  return self;
}

static gnutls_datum_t
get_datum (const char *text)
{
  return (gnutls_datum_t){ (guint8 *)text, (guint)strlen (text) };
}

/* Like the next one it returns a code of GnuTLS. */
static int
import_chain (const char         *certificate,
              gnutls_x509_crt_t **ret_chain,
              guint              *ret_n)
{
  gnutls_datum_t text = get_datum (certificate);

  return gnutls_x509_crt_list_import2 (ret_chain, ret_n, &text, GNUTLS_X509_FMT_PEM,
                                       GNUTLS_X509_CRT_LIST_SORT);
}

static int
set_key (DuplexTlsCredentials *self,
         gnutls_x509_crt_t    *chain,
         guint                 n,
         const char           *key)
{
  gnutls_datum_t        text = get_datum (key);
  gnutls_x509_privkey_t parsed;
  int                   result = gnutls_x509_privkey_init (&parsed);

  if (result < 0)
    return result;
  result = gnutls_x509_privkey_import2 (parsed, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
  if (result >= 0)
    result = gnutls_certificate_set_x509_key (self->credentials, chain, (int)n, parsed);
  gnutls_x509_privkey_deinit (parsed);
  return result;
}

/* Not gnutls_certificate_set_x509_key_mem(), which does not free a broken certificate. */
DuplexTlsCredentials *
duplex_tls_credentials_new_server (const char *certificate,
                                   const char *key,
                                   GError    **error)
{
  g_autoptr (DuplexTlsCredentials) self = NULL;
  gnutls_x509_crt_t               *chain = NULL;
  guint                            n = 0;
  int                              result;

  g_return_val_if_fail (certificate != NULL && key != NULL, NULL);

  self = credentials_new ();
  self->system_read = TRUE;
  result = import_chain (certificate, &chain, &n);
  if (result >= 0)
    {
      result = set_key (self, chain, n, key);
      for (guint i = 0; i < n; i++)
        gnutls_x509_crt_deinit (chain[i]);
      gnutls_free (chain);
    }
  if (result < 0)
    {
      g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
                           gnutls_strerror (result));
      return NULL;
    }
  return g_steal_pointer (&self);
}

DuplexTlsCredentials *
duplex_tls_credentials_new_client (const char *ca_file,
                                   GError    **error)
{
  g_autoptr (DuplexTlsCredentials) self = credentials_new ();
  g_autofree char                 *text = NULL;
  gnutls_datum_t                   authorities;
  int                              n;

  if (ca_file == NULL)
    return g_steal_pointer (&self);
  self->system_read = TRUE;
  if (!g_file_get_contents (ca_file, &text, NULL, error))
    return NULL;
  authorities = get_datum (text);
  n = gnutls_certificate_set_x509_trust_mem (self->credentials, &authorities, GNUTLS_X509_FMT_PEM);
  if (n <= 0)
    {
      g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
                           gnutls_strerror (n < 0 ? n : GNUTLS_E_NO_CERTIFICATE_FOUND));
      return NULL;
    }
  return g_steal_pointer (&self);
}

DuplexTlsCredentials *
duplex_tls_credentials_ref (DuplexTlsCredentials *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
duplex_tls_credentials_unref (DuplexTlsCredentials *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  gnutls_certificate_free_credentials (self->credentials);
  g_free (self);
}

gnutls_certificate_credentials_t
duplex_tls_credentials_get (DuplexTlsCredentials *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (g_once_init_enter (&self->system_read))
    {
      int n = gnutls_certificate_set_x509_system_trust (self->credentials);

      /* Nobody is trusted then, as each handshake will say. */
      if (n < 0)
        g_debug ("The system's authorities: %s", gnutls_strerror (n));
      g_once_init_leave (&self->system_read, TRUE);
    }
  return self->credentials;
}
