/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-url.h"

#include <string.h>

#include "core/proto/duplex-error.h"

#define DEMO_SCHEME "demo:"

void
duplex_url_free (DuplexUrl *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self->host);
  g_free (self->host_field);
  g_free (self->target);
  g_free (self->credentials);
  g_free (self);
}

static gboolean
check_scheme (GUri       *uri,
              const char *text,
              GError    **error)
{
  const char *scheme = g_uri_get_scheme (uri);

  if (g_str_equal (scheme, "ws") || g_str_equal (scheme, "wss"))
    return TRUE;

  if (g_str_equal (scheme, "http") || g_str_equal (scheme, "https"))
    g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL,
                 "“%s” is a web address; WebSocket addresses begin with %s://",
                 text, g_str_equal (scheme, "http") ? "ws" : "wss");
  else
    g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL,
                 "“%s” begins with “%s:”, not with ws:// or wss://", text, scheme);
  return FALSE;
}

static GUri *
parse_uri (const char *text,
           GError    **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GUri)   uri = NULL;

  if (*text == '\0')
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL, "The URL is empty");
      return NULL;
    }

  for (const char *p = text; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      {
        g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL,
                     "The URL has a control character (0x%02x) at position %" G_GSIZE_FORMAT,
                     (guchar)*p, (gsize)(p - text) + 1);
        return NULL;
      }

  uri = g_uri_parse (text,
                     G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY |
                       G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_NON_DNS,
                     &local);
  if (uri == NULL && strstr (text, "://") == NULL)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL,
                   "“%s” does not begin with ws:// or wss://", text);
      return NULL;
    }
  if (uri == NULL)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL,
                   "“%s” is not a URL: %s", text, local->message);
      return NULL;
    }
  if (!check_scheme (uri, text, error))
    return NULL;
  if (g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL, "“%s” names no host", text);
      return NULL;
    }
  if (g_uri_get_fragment (uri) != NULL)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL,
                   "“#%s” is a fragment, which a WebSocket URL may not have; write %%23 for a #",
                   g_uri_get_fragment (uri));
      return NULL;
    }
  return g_steal_pointer (&uri);
}

/* A request line has no room for spaces or controls (RFC 9112 §3.2). */
static gboolean
check_target (const char *target,
              GError    **error)
{
  for (const char *p = target; *p != '\0'; p++)
    if ((guchar)*p <= ' ' || (guchar)*p >= 0x7f)
      {
        g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL,
                     "“%s” has a character at position %" G_GSIZE_FORMAT
                     " that must be percent-encoded",
                     target, (gsize)(p - target) + 1);
        return FALSE;
      }
  return TRUE;
}

static char *
build_target (GUri *uri)
{
  const char *path = g_uri_get_path (uri);
  const char *query = g_uri_get_query (uri);

  return g_strconcat (*path == '\0' ? "/" : path,
                      query != NULL ? "?" : "", query != NULL ? query : "", NULL);
}

/* GUri has decoded the host: what was written as %0D or %2F must not end a line of the request or
 * name another host in what is shown. Colons are left where an IPv6 address has them, and one % is
 * before its zone (RFC 3986 §3.2.2, RFC 6874 §2). */
static gboolean
check_host (const char *host,
            GError    **error)
{
  g_auto (GStrv) parts = g_strsplit (host, "%", 2);
  gboolean       is_ipv6 = strchr (parts[0], ':') != NULL && g_hostname_is_ip_address (parts[0]);
  const char    *rest = is_ipv6 ? (parts[1] != NULL ? parts[1] : "") : host;

  for (const char *p = rest; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p) || strchr ("\"#%/:<>?@[\\]^`{|}", *p) != NULL)
      {
        g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL,
                     "The host has a character (0x%02x) that no host name has", (guchar)*p);
        return FALSE;
      }
  return TRUE;
}

/* A name in its ASCII form (RFC 5890), as DNS, certificates and the Host header have it. */
static char *
dup_host (GUri    *uri,
          GError **error)
{
  const char      *host = g_uri_get_host (uri);
  g_autofree char *ascii = NULL;

  if (!g_hostname_is_non_ascii (host))
    ascii = g_strdup (host);
  else
    ascii = g_hostname_to_ascii (host);
  if (ascii == NULL)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL, "“%s” is not a host name", host);
      return NULL;
    }
  return check_host (ascii, error) ? g_steal_pointer (&ascii) : NULL;
}

/* host and port; zone stands for the % before an IPv6 zone, NULL leaves the zone out. */
static char *
build_authority (DuplexUrl  *self,
                 const char *zone)
{
  gboolean         is_ipv6 = strchr (self->host, ':') != NULL;
  g_auto (GStrv)   parts = g_strsplit (self->host, "%", 2);
  g_autofree char *name = NULL;

  if (is_ipv6 && parts[1] != NULL && zone != NULL)
    name = g_strdup_printf ("[%s%s%s]", parts[0], zone, parts[1]);
  else
    name = is_ipv6 ? g_strdup_printf ("[%s]", parts[0]) : g_strdup (self->host);
  if (self->port == (self->tls ? 443 : 80))
    return g_steal_pointer (&name);
  return g_strdup_printf ("%s:%u", name, self->port);
}

/* What is shown and recorded has no password. */
static char *
build_text (DuplexUrl *self)
{
  g_autofree char *authority = build_authority (self, "%25");

  return g_strconcat (self->tls ? "wss://" : "ws://", authority, self->target, NULL);
}

DuplexUrl *
duplex_url_parse (const char *text,
                  GError    **error)
{
  g_autofree char      *stripped = NULL;
  g_autoptr (GUri)      uri = NULL;
  g_autoptr (DuplexUrl) self = NULL;
  int                   port;

  g_return_val_if_fail (text != NULL, NULL);

  stripped = g_strstrip (g_strdup (text));
  uri = parse_uri (stripped, error);
  if (uri == NULL)
    return NULL;

  self = g_new0 (DuplexUrl, 1);
  self->tls = g_str_equal (g_uri_get_scheme (uri), "wss");
  port = g_uri_get_port (uri);
  if (port == 0)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_URL, "“%s”: there is no port 0",
                   stripped);
      return NULL;
    }
  self->port = port > 0 ? port : (self->tls ? 443 : 80);
  self->host = dup_host (uri, error);
  if (self->host == NULL)
    return NULL;
  /* A zone means nothing to the other side (RFC 6874 §1). */
  self->host_field = build_authority (self, NULL);
  self->target = build_target (uri);
  if (!check_target (self->target, error))
    return NULL;
  if (g_uri_get_user (uri) != NULL)
    {
      const char *password = g_uri_get_password (uri);

      self->credentials = g_strdup_printf ("%s:%s", g_uri_get_user (uri),
                                           password != NULL ? password : "");
    }
  self->text = build_text (self);
  return g_steal_pointer (&self);
}

const char *
duplex_url_get_demo_path (const char *text)
{
  g_return_val_if_fail (text != NULL, NULL);

  if (!g_str_has_prefix (text, DEMO_SCHEME "/"))
    return NULL;
  return text + strlen (DEMO_SCHEME);
}

gboolean
duplex_url_check (const char *text,
                  GError    **error)
{
  g_autoptr (DuplexUrl) url = NULL;

  g_return_val_if_fail (text != NULL, FALSE);

  if (duplex_url_get_demo_path (text) != NULL)
    return TRUE;
  url = duplex_url_parse (text, error);
  return url != NULL;
}
