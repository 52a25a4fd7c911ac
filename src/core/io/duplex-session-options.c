/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-session-options.h"

#include <string.h>

#include "core/io/duplex-demo-server.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"

typedef struct
{
  char   *host; /* as DuplexUrl has it */
  guint16 port;
  char   *address;
} Resolve;

static void
resolve_free (gpointer data)
{
  Resolve *resolve = data;

  g_free (resolve->host);
  g_free (resolve->address);
  g_free (resolve);
}

DuplexSessionOptions *
duplex_session_options_new (void)
{
  DuplexSessionOptions *self = g_new0 (DuplexSessionOptions, 1);

  self->connect_timeout = DUPLEX_LIMIT_CONNECT_TIMEOUT;
  self->close_timeout = DUPLEX_LIMIT_CLOSE_TIMEOUT;
  self->max_waiting = DUPLEX_LIMIT_SEND_QUEUE_BYTES;
  self->resolve = g_ptr_array_new_with_free_func (resolve_free);
  return self;
}

void
duplex_session_options_free (DuplexSessionOptions *self)
{
  if (self == NULL)
    return;
  g_free (self->ca_file);
  g_free (self->proxy);
  g_ptr_array_unref (self->resolve);
  g_clear_object (&self->certificate);
  g_free (self);
}

/* ---- what is given as text ---- */

/* GIO has these, and dials http ones with CONNECT. */
static const char *const proxy_schemes[] = { "http", "socks", "socks4", "socks4a", "socks5", NULL };

gboolean
duplex_session_options_set_proxy (DuplexSessionOptions *self,
                                  const char           *url,
                                  GError              **error)
{
  g_autoptr (GUri)   uri = NULL;
  g_autoptr (GError) why = NULL;
  g_autofree char   *scheme = NULL;

  g_return_val_if_fail (self != NULL && url != NULL, FALSE);

  uri = g_uri_parse (url, G_URI_FLAGS_HAS_PASSWORD, &why);
  if (uri == NULL)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                   "“%s” is no URL of a proxy: %s", url, why->message);
      return FALSE;
    }
  scheme = g_ascii_strdown (g_uri_get_scheme (uri), -1);
  if (!g_strv_contains (proxy_schemes, scheme))
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                   "A proxy is reached by http, socks4, socks4a or socks5, not by “%s”", scheme);
      return FALSE;
    }
  if (g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                   "“%s” names no host of a proxy", url);
      return FALSE;
    }
  g_free (self->proxy);
  self->proxy = g_strdup (url);
  return TRUE;
}

static char *
strip_brackets (const char *text)
{
  gsize len = strlen (text);

  if (len >= 2 && text[0] == '[' && text[len - 1] == ']')
    return g_strndup (text + 1, len - 2);
  return g_strdup (text);
}

/* The host's own colons stand in brackets; the address is all behind the port. */
static const char *
find_port (const char *text)
{
  const char *from = text;

  if (*text == '[')
    from = strchr (text, ']');
  return from != NULL ? strchr (from, ':') : NULL;
}

gboolean
duplex_session_options_add_resolve (DuplexSessionOptions *self,
                                    const char           *text,
                                    GError              **error)
{
  const char           *port, *address;
  g_autofree char      *port_text = NULL;
  g_autofree char      *named = NULL;
  g_autofree char      *host = NULL;
  g_autofree char      *bare = NULL;
  g_autofree char      *url_text = NULL;
  g_autoptr (DuplexUrl) url = NULL;
  guint64               number;
  Resolve              *resolve;

  g_return_val_if_fail (self != NULL && text != NULL, FALSE);

  port = find_port (text);
  address = port != NULL ? strchr (port + 1, ':') : NULL;
  if (address == NULL || port == text)
    goto bad;
  port_text = g_strndup (port + 1, (gsize)(address - port - 1));
  if (!g_ascii_string_to_unsigned (port_text, 10, 1, G_MAXUINT16, &number, NULL))
    goto bad;
  bare = strip_brackets (address + 1);
  if (!g_hostname_is_ip_address (bare))
    goto bad;

  /* Compared with what the parser makes of a URL's host. */
  named = g_strndup (text, (gsize)(port - text));
  if (strpbrk (named, "/?#@% \t") != NULL)
    goto bad;
  url_text = g_strdup_printf ("ws://%s/", named);
  url = duplex_url_parse (url_text, NULL);
  if (url == NULL)
    goto bad;
  resolve = g_new0 (Resolve, 1);
  resolve->host = g_strdup (url->host);
  resolve->port = (guint16)number;
  resolve->address = g_steal_pointer (&bare);
  g_ptr_array_add (self->resolve, resolve);
  return TRUE;

bad:
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
               "“%s” is not HOST:PORT:ADDRESS with an IP address", text);
  return FALSE;
}

gboolean
duplex_session_options_set_certificate (DuplexSessionOptions *self,
                                        const char           *certificate_file,
                                        const char           *key_file,
                                        GError              **error)
{
  g_autoptr (GError) why = NULL;
  GTlsCertificate   *certificate;

  g_return_val_if_fail (self != NULL && certificate_file != NULL, FALSE);

  if (key_file == NULL)
    key_file = certificate_file;
  certificate = g_tls_certificate_new_from_files (certificate_file, key_file, &why);
  if (certificate == NULL)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                   "The certificate in %s with the key in %s cannot be used: %s", certificate_file,
                   key_file, why->message);
      return FALSE;
    }
  g_set_object (&self->certificate, certificate);
  g_object_unref (certificate);
  return TRUE;
}

/* ---- what a connection is dialled with ---- */

static DuplexUrl *
resolve_url (const char *text,
             GError    **error)
{
  const char       *path = duplex_url_get_demo_path (text);
  DuplexDemoServer *server;
  g_autofree char  *url = NULL;

  if (path == NULL)
    return duplex_url_parse (text, error);
  server = duplex_demo_server_get_shared (error);
  if (server == NULL)
    return NULL;
  url = g_strdup_printf ("ws://127.0.0.1:%u%s", duplex_demo_server_get_port (server), path);
  return duplex_url_parse (url, error);
}

/* The profile's headers, and basic authentication where the URL carries credentials (RFC 7617). */
static void
copy_headers (DuplexProfile      *profile,
              DuplexDialSettings *settings)
{
  gsize               n;
  const DuplexHeader *headers = duplex_profile_get_headers (profile, &n);
  gboolean            authorized = FALSE;

  settings->headers = g_new0 (DuplexHeader, n + 1);
  for (gsize i = 0; i < n; i++)
    {
      settings->headers[i].name = g_strdup (headers[i].name);
      settings->headers[i].value = g_strdup (headers[i].value);
      authorized |= g_ascii_strcasecmp (headers[i].name, "Authorization") == 0;
    }
  settings->n_headers = n;
  if (settings->url->credentials != NULL && !authorized)
    {
      const char      *credentials = settings->url->credentials;
      g_autofree char *encoded =
        g_base64_encode ((const guchar *)credentials, strlen (credentials));

      settings->headers[n].name = g_strdup ("Authorization");
      settings->headers[n].value = g_strdup_printf ("Basic %s", encoded);
      settings->n_headers = n + 1;
    }
}

static char *
find_address (const DuplexSessionOptions *self,
              const DuplexUrl            *url)
{
  for (guint i = self->resolve->len; i > 0; i--)
    {
      const Resolve *resolve = g_ptr_array_index (self->resolve, i - 1);

      if (resolve->port == url->port && g_ascii_strcasecmp (resolve->host, url->host) == 0)
        return g_strdup (resolve->address);
    }
  return NULL;
}

DuplexDialSettings *
duplex_session_options_build (const DuplexSessionOptions *self,
                              DuplexProfile              *profile,
                              const char                 *trusted,
                              GError                    **error)
{
  g_autoptr (DuplexDialSettings) settings = NULL;
  const char                    *origin;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (DUPLEX_IS_PROFILE (profile), NULL);

  settings = g_new0 (DuplexDialSettings, 1);
  settings->url = resolve_url (duplex_profile_get_url (profile), error);
  if (settings->url == NULL)
    return NULL;
  origin = duplex_profile_get_origin (profile);
  settings->origin = *origin != '\0' ? g_strdup (origin) : NULL;
  settings->subprotocols = g_strdupv ((char **)duplex_profile_get_subprotocols (profile));
  copy_headers (profile, settings);
  settings->verify = duplex_profile_get_verify_certificates (profile);
  if (trusted == NULL)
    trusted = duplex_profile_get_trusted_certificate (profile);
  settings->trusted = g_strdup (trusted);
  settings->ca_file = g_strdup (self->ca_file);
  settings->timeout = self->connect_timeout;
  settings->address = find_address (self, settings->url);
  settings->proxy = g_strdup (self->proxy);
  settings->offers_deflate = duplex_profile_get_deflate (profile, &settings->deflate);
  settings->pong_mode = duplex_profile_get_pong_mode (profile);
  settings->pong_delay = duplex_profile_get_pong_delay (profile);
  settings->ping_interval = duplex_profile_get_ping_interval (profile);
  settings->ping_limit = duplex_profile_get_ping_limit (profile);
  settings->fragment = self->fragment;
  settings->max_message = self->max_message;
  settings->max_waiting = self->max_waiting;
  settings->max_unread = self->max_unread;
  settings->echo = self->echo;
  if (self->certificate != NULL)
    settings->certificate = g_object_ref (self->certificate);
  if (!duplex_dial_settings_check (settings, error))
    return NULL;
  return g_steal_pointer (&settings);
}
