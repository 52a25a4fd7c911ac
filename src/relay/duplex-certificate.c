/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "relay/duplex-certificate.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

/* What only one of them lacks, GnuTLS does not say of which. */
static char *
read_file (const char *file,
           const char *what,
           GError    **error)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (file, &text, NULL, error))
    return NULL;
  if (strstr (text, what) != NULL)
    return g_steal_pointer (&text);
  g_set_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
               _ ("%s: there is no “%s” in it"), file, what);
  return NULL;
}

DuplexTlsCredentials *
duplex_certificate_load (const char *certificate_file,
                         const char *key_file,
                         GError    **error)
{
  g_autofree char      *certificate = NULL;
  g_autofree char      *key = NULL;
  DuplexTlsCredentials *credentials;

  g_return_val_if_fail (certificate_file != NULL && key_file != NULL, NULL);

  certificate = read_file (certificate_file, "BEGIN CERTIFICATE", error);
  if (certificate == NULL)
    return NULL;
  key = read_file (key_file, "PRIVATE KEY", error);
  if (key == NULL)
    return NULL;
  credentials = duplex_tls_credentials_new_server (certificate, key, error);
  if (credentials == NULL)
    g_prefix_error (error, _ ("%s does not go with %s: "), key_file, certificate_file);
  return credentials;
}
