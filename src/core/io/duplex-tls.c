/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-tls.h"

GTlsConnection *
duplex_tls_new_client (GIOStream  *base,
                       const char *host,
                       guint16     port,
                       const char *ca_file,
                       GError    **error)
{
  static const char *const       protocols[] = { "http/1.1", NULL };
  g_autoptr (GSocketConnectable) identity = g_network_address_new (host, port);
  g_autoptr (GTlsDatabase)       database = NULL;
  g_autoptr (GIOStream)          tls = NULL;

  if (ca_file != NULL)
    {
      database = g_tls_file_database_new (ca_file, error);
      if (database == NULL)
        return NULL;
    }
  tls = g_tls_client_connection_new (base, identity, error);
  if (tls == NULL)
    return NULL;
  if (database != NULL)
    g_tls_connection_set_database (G_TLS_CONNECTION (tls), database);
  /* A server that could speak HTTP/2 must know that this will be an HTTP/1.1 upgrade. */
  g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (tls), protocols);
  return G_TLS_CONNECTION (g_steal_pointer (&tls));
}

char *
duplex_tls_dup_fingerprint (GTlsCertificate *certificate)
{
  g_autoptr (GByteArray) der = NULL;

  g_return_val_if_fail (G_IS_TLS_CERTIFICATE (certificate), NULL);

  g_object_get (certificate, "certificate", &der, NULL);
  if (der == NULL)
    return NULL;
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
}

static const char *
get_version_name (GTlsProtocolVersion version)
{
  switch (version)
    {
    case G_TLS_PROTOCOL_VERSION_TLS_1_0:
      return "TLS 1.0";
    case G_TLS_PROTOCOL_VERSION_TLS_1_1:
      return "TLS 1.1";
    case G_TLS_PROTOCOL_VERSION_TLS_1_2:
      return "TLS 1.2";
    case G_TLS_PROTOCOL_VERSION_TLS_1_3:
      return "TLS 1.3";
    case G_TLS_PROTOCOL_VERSION_UNKNOWN:
    case G_TLS_PROTOCOL_VERSION_SSL_3_0:
    case G_TLS_PROTOCOL_VERSION_DTLS_1_0:
    case G_TLS_PROTOCOL_VERSION_DTLS_1_2:
    default:
      return "TLS";
    }
}

char *
duplex_tls_describe (GTlsConnection *connection)
{
  g_autofree char *cipher = NULL;
  const char      *version;

  g_return_val_if_fail (G_IS_TLS_CONNECTION (connection), NULL);

  version = get_version_name (g_tls_connection_get_protocol_version (connection));
  cipher = g_tls_connection_get_ciphersuite_name (connection);
  return cipher != NULL ? g_strdup_printf ("%s, %s", version, cipher) : g_strdup (version);
}
