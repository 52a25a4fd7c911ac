/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-tls.h"

#include <glib/gi18n.h>

/* The base stream, without its being a GSocketConnection. From the address of one, glib-networking
 * finds the session to resume, process-wide; a resumed session has no certificate to judge, so that
 * trust given to one connection would silently be given to all later ones. */
#define DUPLEX_TYPE_BARE_STREAM (duplex_bare_stream_get_type ())
G_DECLARE_FINAL_TYPE (DuplexBareStream, duplex_bare_stream, DUPLEX, BARE_STREAM, GIOStream)

struct _DuplexBareStream
{
  GIOStream  parent_instance;
  GIOStream *base;
};

G_DEFINE_FINAL_TYPE (DuplexBareStream, duplex_bare_stream, G_TYPE_IO_STREAM)

static GInputStream *
duplex_bare_stream_get_input_stream (GIOStream *stream)
{
  return g_io_stream_get_input_stream (DUPLEX_BARE_STREAM (stream)->base);
}

static GOutputStream *
duplex_bare_stream_get_output_stream (GIOStream *stream)
{
  return g_io_stream_get_output_stream (DUPLEX_BARE_STREAM (stream)->base);
}

static gboolean
duplex_bare_stream_close (GIOStream    *stream,
                          GCancellable *cancellable,
                          GError      **error)
{
  return g_io_stream_close (DUPLEX_BARE_STREAM (stream)->base, cancellable, error);
}

static void
duplex_bare_stream_finalize (GObject *object)
{
  g_object_unref (DUPLEX_BARE_STREAM (object)->base);

  G_OBJECT_CLASS (duplex_bare_stream_parent_class)->finalize (object);
}

static void
duplex_bare_stream_class_init (DuplexBareStreamClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  object_class->finalize = duplex_bare_stream_finalize;

  stream_class->get_input_stream = duplex_bare_stream_get_input_stream;
  stream_class->get_output_stream = duplex_bare_stream_get_output_stream;
  stream_class->close_fn = duplex_bare_stream_close;
}

static void
duplex_bare_stream_init (DuplexBareStream *self)
{
}

/* An end that could speak HTTP/2 must know that this will be an HTTP/1.1 upgrade. */
static const char *const protocols[] = { "http/1.1", NULL };

static GIOStream *
new_bare_stream (GIOStream *base)
{
  DuplexBareStream *self = g_object_new (DUPLEX_TYPE_BARE_STREAM, NULL);

  self->base = g_object_ref (base);
  return G_IO_STREAM (self);
}

GTlsConnection *
duplex_tls_new_client (GIOStream  *base,
                       const char *host,
                       guint16     port,
                       const char *ca_file,
                       GError    **error)
{
  g_autoptr (GSocketConnectable) identity = g_network_address_new (host, port);
  g_autoptr (GIOStream)          bare = new_bare_stream (base);
  g_autoptr (GTlsDatabase)       database = NULL;
  g_autoptr (GIOStream)          tls = NULL;

  if (ca_file != NULL)
    {
      /* GIO takes whole paths only. */
      g_autofree char *path = g_canonicalize_filename (ca_file, NULL);

      database = g_tls_file_database_new (path, error);
      if (database == NULL)
        return NULL;
    }
  tls = g_tls_client_connection_new (bare, identity, error);
  if (tls == NULL)
    return NULL;
  if (database != NULL)
    g_tls_connection_set_database (G_TLS_CONNECTION (tls), database);
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

char *
duplex_tls_dup_problems (GTlsCertificateFlags flags)
{
  static const struct
  {
    GTlsCertificateFlags flag;
    const char          *text;
  } problems[] = {
    { G_TLS_CERTIFICATE_UNKNOWN_CA, N_ ("no authority that this system trusts has signed it") },
    { G_TLS_CERTIFICATE_BAD_IDENTITY, N_ ("it is issued for another host") },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, N_ ("it is not valid yet") },
    { G_TLS_CERTIFICATE_EXPIRED, N_ ("it has expired") },
    { G_TLS_CERTIFICATE_REVOKED, N_ ("it has been revoked") },
    { G_TLS_CERTIFICATE_INSECURE, N_ ("its algorithm is too weak") },
  };
  GString *out = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (problems); i++)
    if (flags & problems[i].flag)
      g_string_append_printf (out, "%s%s", out->len > 0 ? ", " : "", problems[i].text);

  if (out->len == 0 || (flags & G_TLS_CERTIFICATE_GENERIC_ERROR))
    g_string_append_printf (out, "%s%s", out->len > 0 ? ", " : "", N_ ("it could not be checked"));

  return g_string_free (out, FALSE);
}
