/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-policy.h"

#include <string.h>

#include "core/proto/duplex-error.h"

#define BEARER "Bearer "

typedef struct
{
  char    *host; /* lower case, may hold wildcards */
  char    *port;
  gboolean exact; /* no wildcard in host */
} Pattern;

struct _DuplexPolicy
{
  /* owned */
  GPtrArray *backends; /* of Pattern */
  GPtrArray *origins;  /* of char */
  char      *token;    /* its SHA-256, or NULL */

  /* state */
  gboolean loopback;
};

static void
pattern_free (gpointer data)
{
  Pattern *pattern = data;

  g_free (pattern->host);
  g_free (pattern->port);
  g_free (pattern);
}

DuplexPolicy *
duplex_policy_new (void)
{
  DuplexPolicy *self = g_new0 (DuplexPolicy, 1);

  self->backends = g_ptr_array_new_with_free_func (pattern_free);
  self->origins = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
duplex_policy_free (DuplexPolicy *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->backends);
  g_ptr_array_unref (self->origins);
  g_free (self->token);
  g_free (self);
}

/* ---- what is allowed ---- */

/* Where the host of "host", "host:port", "[host]" and "[host]:port" ends. */
static const char *
find_host_end (const char *pattern)
{
  const char *bracket = strrchr (pattern, ']');
  const char *colon = strrchr (bracket != NULL ? bracket : pattern, ':');

  return colon != NULL ? colon : pattern + strlen (pattern);
}

static gboolean
is_port (const char *text)
{
  return *text != '\0' && strspn (text, "0123456789*?") == strlen (text);
}

gboolean
duplex_policy_add_backend (DuplexPolicy *self,
                           const char   *pattern,
                           GError      **error)
{
  const char      *end;
  const char      *port;
  g_autofree char *host = NULL;
  gsize            len;
  Pattern         *entry;

  g_return_val_if_fail (self != NULL && pattern != NULL, FALSE);

  end = find_host_end (pattern);
  port = *end == ':' ? end + 1 : "*";
  host = g_ascii_strdown (pattern, end - pattern);
  len = strlen (host);
  if (len > 2 && host[0] == '[' && host[len - 1] == ']')
    {
      memmove (host, host + 1, len - 2);
      host[len - 2] = '\0';
    }
  else if (strpbrk (host, ":[]") != NULL)
    len = 0;
  if (len == 0 || strpbrk (host, "/@#[] ") != NULL || !is_port (port))
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                   "not HOST or HOST:PORT: \"%s\"", pattern);
      return FALSE;
    }

  entry = g_new0 (Pattern, 1);
  entry->exact = strpbrk (host, "*?") == NULL;
  entry->host = g_steal_pointer (&host);
  entry->port = g_strdup (port);
  g_ptr_array_add (self->backends, entry);
  return TRUE;
}

gboolean
duplex_policy_has_backends (DuplexPolicy *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->backends->len > 0;
}

void
duplex_policy_add_origin (DuplexPolicy *self,
                          const char   *origin)
{
  g_return_if_fail (self != NULL && origin != NULL);

  g_ptr_array_add (self->origins, g_strdup (origin));
}

void
duplex_policy_allow_loopback (DuplexPolicy *self)
{
  g_return_if_fail (self != NULL);

  self->loopback = TRUE;
}

void
duplex_policy_set_token (DuplexPolicy *self,
                         const char   *token)
{
  g_return_if_fail (self != NULL && token != NULL);

  g_free (self->token);
  self->token = g_compute_checksum_for_string (G_CHECKSUM_SHA256, token, -1);
}

gboolean
duplex_policy_has_token (DuplexPolicy *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->token != NULL;
}

/* ---- who asks ---- */

static gboolean
is_loopback_name (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  if (address != NULL)
    return g_inet_address_get_is_loopback (address);
  /* RFC 6761 §6.3 */
  return g_ascii_strcasecmp (host, "localhost") == 0 ||
         (strlen (host) > strlen (".localhost") &&
          g_ascii_strcasecmp (host + strlen (host) - strlen (".localhost"), ".localhost") == 0);
}

static gboolean
is_loopback_origin (const char *origin)
{
  g_autoptr (GUri) uri = g_uri_parse (origin, G_URI_FLAGS_NONE, NULL);

  return uri != NULL && g_uri_get_host (uri) != NULL && g_uri_get_userinfo (uri) == NULL &&
         (g_str_equal (g_uri_get_scheme (uri), "http") ||
          g_str_equal (g_uri_get_scheme (uri), "https")) &&
         is_loopback_name (g_uri_get_host (uri));
}

gboolean
duplex_policy_allows_origin (DuplexPolicy *self,
                             const char   *origin)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (origin == NULL)
    return TRUE;
  for (guint i = 0; i < self->origins->len; i++)
    {
      const char *allowed = g_ptr_array_index (self->origins, i);

      if (g_str_equal (allowed, "*") || g_ascii_strcasecmp (allowed, origin) == 0)
        return TRUE;
    }
  return is_loopback_origin (origin);
}

/* Digests are compared, and all of them: how long it takes tells nothing about the token. */
gboolean
duplex_policy_allows_token (DuplexPolicy *self,
                            const char   *authorization)
{
  g_autofree char *digest = NULL;
  guint            difference = 0;

  g_return_val_if_fail (self != NULL, FALSE);

  if (self->token == NULL)
    return TRUE;
  if (authorization == NULL ||
      g_ascii_strncasecmp (authorization, BEARER, strlen (BEARER)) != 0)
    return FALSE;
  digest =
    g_compute_checksum_for_string (G_CHECKSUM_SHA256, authorization + strlen (BEARER), -1);
  for (gsize i = 0; self->token[i] != '\0'; i++)
    difference |= (guint)(digest[i] ^ self->token[i]);
  return difference == 0;
}

/* ---- what is reached ---- */

/* IPv4 may be written as IPv6 (RFC 4291 §2.5.5.2), and goes to the same host. */
static GInetAddress *
unmap (GInetAddress *address)
{
  static const guint8 prefix[12] = { [10] = 0xff, [11] = 0xff };
  const guint8       *bytes = g_inet_address_to_bytes (address);

  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6 &&
      memcmp (bytes, prefix, sizeof prefix) == 0)
    return g_inet_address_new_from_bytes (bytes + sizeof prefix, G_SOCKET_FAMILY_IPV4);
  return g_object_ref (address);
}

gboolean
duplex_policy_is_loopback (GInetAddress *address)
{
  g_autoptr (GInetAddress) plain = unmap (address);

  return g_inet_address_get_is_loopback (plain) || g_inet_address_get_is_any (plain);
}

/* What only this machine or its link can reach, the metadata service of clouds among it. */
static gboolean
is_private_to_host (GInetAddress *address)
{
  g_autoptr (GInetAddress) plain = unmap (address);

  return duplex_policy_is_loopback (plain) || g_inet_address_get_is_link_local (plain) ||
         g_inet_address_get_is_multicast (plain);
}

static gboolean
matches (const Pattern *pattern,
         const char    *host,
         guint16        port)
{
  g_autofree char *lower = g_ascii_strdown (host, -1);
  g_autofree char *number = g_strdup_printf ("%u", port);

  return g_pattern_match_simple (pattern->host, lower) &&
         g_pattern_match_simple (pattern->port, number);
}

gboolean
duplex_policy_allows_backend (DuplexPolicy    *self,
                              const DuplexUrl *url,
                              GInetAddress    *address)
{
  g_autoptr (GInetAddress) plain = NULL;
  g_autofree char         *text = NULL;
  gboolean                 near;

  g_return_val_if_fail (self != NULL && url != NULL, FALSE);
  g_return_val_if_fail (G_IS_INET_ADDRESS (address), FALSE);

  if (self->loopback && duplex_policy_is_loopback (address))
    return TRUE;
  plain = unmap (address);
  text = g_inet_address_to_string (plain);
  near = is_private_to_host (address);
  for (guint i = 0; i < self->backends->len; i++)
    {
      const Pattern *pattern = g_ptr_array_index (self->backends, i);

      if (near && !pattern->exact)
        continue;
      if (matches (pattern, url->host, url->port) || matches (pattern, text, url->port))
        return TRUE;
    }
  return FALSE;
}
