/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-policy.h"

#include <string.h>

#include "core/io/duplex-lookup.h"
#include "core/proto/duplex-error.h"

#define BEARER      "Bearer"
#define DIGEST_SIZE 32 /* of SHA-256 */

typedef enum {
  ANY_SCHEME,
  ONLY_WS,
  ONLY_WSS,
} Scheme;

typedef struct
{
  Scheme        scheme;
  char         *host; /* lower case, may hold wildcards */
  char         *port;
  GInetAddress *address; /* that host is, or NULL */
  gboolean      exact;   /* no wildcard in host */
  gboolean      numeric; /* host is of addresses, and no name */
} Pattern;

typedef struct
{
  guint8 bytes[DIGEST_SIZE];
} Digest;

struct _DuplexPolicy
{
  /* owned */
  GPtrArray *backends; /* of Pattern */
  GPtrArray *origins;  /* of char */
  GArray    *tokens;   /* of Digest */

  /* state */
  gboolean loopback;
  gboolean asks_later;
};

static void
pattern_free (gpointer data)
{
  Pattern *pattern = data;

  g_free (pattern->host);
  g_free (pattern->port);
  g_clear_object (&pattern->address);
  g_free (pattern);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pattern, pattern_free)

DuplexPolicy *
duplex_policy_new (void)
{
  DuplexPolicy *self = g_new0 (DuplexPolicy, 1);

  self->backends = g_ptr_array_new_with_free_func (pattern_free);
  self->origins = g_ptr_array_new_with_free_func (g_free);
  self->tokens = g_array_new (FALSE, FALSE, sizeof (Digest));
  return self;
}

void
duplex_policy_free (DuplexPolicy *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->backends);
  g_ptr_array_unref (self->origins);
  g_array_unref (self->tokens);
  g_free (self);
}

/* ---- addresses ---- */

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

  return g_inet_address_get_is_loopback (plain);
}

/* The IPv4 address that a translator or a tunnel on the way makes of an IPv6 one, or NULL. */
static GInetAddress *
unwrap (GInetAddress *address)
{
  static const struct
  {
    guint8 prefix[12];
    gsize  size;
    gsize  offset; /* of the IPv4 address */
  } wraps[] = {
    { { 0x00, 0x64, 0xff, 0x9b }, 12, 12 }, /* NAT64, RFC 6052 §2.1 */
    { { 0x20, 0x02 }, 2, 2 },               /* 6to4, RFC 3056 §2 */
    { { 0 }, 12, 12 },                      /* RFC 4291 §2.5.5.1 */
  };
  const guint8 *bytes = g_inet_address_to_bytes (address);

  if (g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6 ||
      g_inet_address_get_is_loopback (address) || g_inet_address_get_is_any (address))
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (wraps); i++)
    if (memcmp (bytes, wraps[i].prefix, wraps[i].size) == 0)
      return g_inet_address_new_from_bytes (bytes + wraps[i].offset, G_SOCKET_FAMILY_IPV4);
  return NULL;
}

/* Where clouds tell a machine its secrets, whoever on it asks. 169.254.169.254, which most of them
 * use, is of the link anyway. */
static const char *const metadata_addresses[] = {
  "fd00:ec2::254",      /* Amazon EC2's instance metadata over IPv6 */
  "fd00:ec2::23",       /* Amazon EKS' Pod Identity Agent */
  "fd20:ce::254",       /* Google Cloud's, on machines with IPv6 only */
  "fd00:a9fe:a9fe::1",  /* Akamai's (Linode) */
  "fd00:c1::a9fe:a9fe", /* Oracle Cloud Infrastructure's */
  "fd00:42::42",        /* Scaleway's */
  "100.100.100.200",    /* Alibaba Cloud ECS */
  "fd00:100::100:200",  /* likewise */
  "168.63.129.16",      /* Azure's virtual public address of the host, "WireServer" */
  "192.0.0.192",        /* Oracle Cloud Infrastructure Classic */
};

/* The zone of a link-local address is not compared. */
static gboolean
is_same (GInetAddress *a,
         GInetAddress *b)
{
  return g_inet_address_get_family (a) == g_inet_address_get_family (b) &&
         memcmp (g_inet_address_to_bytes (a), g_inet_address_to_bytes (b),
                 g_inet_address_get_native_size (a)) == 0;
}

static gboolean
is_metadata (GInetAddress *address)
{
  for (gsize i = 0; i < G_N_ELEMENTS (metadata_addresses); i++)
    {
      g_autoptr (GInetAddress) known = g_inet_address_new_from_string (metadata_addresses[i]);

      if (is_same (known, address))
        return TRUE;
    }
  return FALSE;
}

/* "This network", RFC 1122 §3.2.1.3 (a), and the limited broadcast, (c). */
static gboolean
is_no_host (GInetAddress *address)
{
  const guint8 *bytes = g_inet_address_to_bytes (address);

  return g_inet_address_get_is_any (address) || g_inet_address_get_is_multicast (address) ||
         (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4 &&
          (bytes[0] == 0 || memcmp (bytes, "\377\377\377\377", 4) == 0));
}

/* 64:ff9b:1::/48 (RFC 8215): only its network knows to what it is translated. */
static gboolean
is_local_nat64 (GInetAddress *address)
{
  static const guint8 prefix[6] = { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 };

  return g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6 &&
         memcmp (g_inet_address_to_bytes (address), prefix, sizeof prefix) == 0;
}

/* plain has been through unmap(). Behind a translator even loopback is not this machine's, and no
 * name should lead there. */
static gboolean
is_special (GInetAddress *plain)
{
  g_autoptr (GInetAddress) inner = unwrap (plain);

  if (inner != NULL && (g_inet_address_get_is_loopback (inner) || is_special (inner)))
    return TRUE;
  return g_inet_address_get_is_link_local (plain) || is_metadata (plain) || is_no_host (plain) ||
         is_local_nat64 (plain);
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

/* Moves *rest behind the scheme, and says which port stands for none. */
static Scheme
split_scheme (const char **rest,
              const char **ret_port)
{
  static const struct
  {
    const char *prefix;
    Scheme      scheme;
    const char *port;
  } schemes[] = { { "ws://", ONLY_WS, "80" }, { "wss://", ONLY_WSS, "443" } };

  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_ascii_strncasecmp (*rest, schemes[i].prefix, strlen (schemes[i].prefix)) == 0)
      {
        *rest += strlen (schemes[i].prefix);
        *ret_port = schemes[i].port;
        return schemes[i].scheme;
      }
  *ret_port = "*";
  return ANY_SCHEME;
}

/* The host without its brackets, or NULL where it is none. */
static char *
read_host (const char *text,
           gsize       len)
{
  g_autofree char *host = g_ascii_strdown (text, (gssize)len);

  if (len > 2 && host[0] == '[' && host[len - 1] == ']')
    {
      memmove (host, host + 1, len - 2);
      host[len - 2] = '\0';
    }
  else if (strpbrk (host, ":[]") != NULL)
    return NULL;
  if (*host == '\0' || strpbrk (host, "/@#[] ") != NULL)
    return NULL;
  return g_steal_pointer (&host);
}

/* "10.*" and "[fd00:*]" are meant of addresses: of names, anybody can have 10.example.com, and let
 * it be any address. */
static gboolean
is_numeric (const char *host)
{
  return strchr (host, ':') != NULL ||
         (strpbrk (host, "0123456789") != NULL &&
          strspn (host, "0123456789.*?") == strlen (host));
}

gboolean
duplex_policy_add_backend (DuplexPolicy *self,
                           const char   *pattern,
                           GError      **error)
{
  g_autoptr (Pattern)      entry = g_new0 (Pattern, 1);
  g_autoptr (GInetAddress) address = NULL;
  const char              *rest = pattern;
  const char              *port;
  const char              *end;

  g_return_val_if_fail (self != NULL && pattern != NULL, FALSE);

  entry->scheme = split_scheme (&rest, &port);
  end = find_host_end (rest);
  entry->host = read_host (rest, (gsize)(end - rest));
  entry->port = g_strdup (*end == ':' ? end + 1 : port);
  if (entry->host == NULL || !is_port (entry->port))
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                   "not HOST, HOST:PORT or the like behind ws:// or wss://: \"%s\"", pattern);
      return FALSE;
    }
  address = g_inet_address_new_from_string (entry->host);
  entry->address = address != NULL ? unmap (address) : NULL;
  entry->exact = strpbrk (entry->host, "*?") == NULL;
  entry->numeric = is_numeric (entry->host);
  g_ptr_array_add (self->backends, g_steal_pointer (&entry));
  return TRUE;
}

gboolean
duplex_policy_has_backends (const DuplexPolicy *self)
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

static Digest
digest (const char *text)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  Digest                result;
  gsize                 size = sizeof result.bytes;

  g_checksum_update (checksum, (const guchar *)text, (gssize)strlen (text));
  g_checksum_get_digest (checksum, result.bytes, &size);
  return result;
}

void
duplex_policy_add_token (DuplexPolicy *self,
                         const char   *token)
{
  Digest added;

  g_return_if_fail (self != NULL && token != NULL);

  added = digest (token);
  g_array_append_val (self->tokens, added);
}

void
duplex_policy_ask_later (DuplexPolicy *self)
{
  g_return_if_fail (self != NULL);

  self->asks_later = TRUE;
}

gboolean
duplex_policy_has_token (const DuplexPolicy *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->tokens->len > 0;
}

gboolean
duplex_policy_asks_request (const DuplexPolicy *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->tokens->len > 0 && !self->asks_later;
}

/* ---- who asks ---- */

static gboolean
is_loopback_name (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return address != NULL ? g_inet_address_get_is_loopback (address)
                         : duplex_lookup_is_localhost (host);
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
duplex_policy_allows_origin (const DuplexPolicy *self,
                             const char         *origin)
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

/* Digests are compared, with all there are and to their end: how long it takes tells nothing about
 * the tokens. */
gboolean
duplex_policy_allows_token_text (const DuplexPolicy *self,
                                 const char         *text)
{
  Digest   shown;
  gboolean known = FALSE;

  g_return_val_if_fail (self != NULL && text != NULL, FALSE);

  if (self->tokens->len == 0)
    return TRUE;
  shown = digest (text);
  for (guint i = 0; i < self->tokens->len; i++)
    {
      const Digest *token = &g_array_index (self->tokens, Digest, i);
      guint         difference = 0;

      for (gsize k = 0; k < sizeof token->bytes; k++)
        difference |= (guint)(shown.bytes[k] ^ token->bytes[k]);
      known |= difference == 0;
    }
  return known;
}

/* RFC 9110 §11.4: the scheme in any case, and one space or more. */
gboolean
duplex_policy_allows_token (const DuplexPolicy *self,
                            const char         *authorization)
{
  const char *rest;

  g_return_val_if_fail (self != NULL, FALSE);

  if (self->tokens->len == 0)
    return TRUE;
  if (authorization == NULL ||
      g_ascii_strncasecmp (authorization, BEARER, strlen (BEARER)) != 0)
    return FALSE;
  rest = authorization + strlen (BEARER);
  return *rest == ' ' && duplex_policy_allows_token_text (self, rest + strspn (rest, " "));
}

/* ---- what is reached ---- */

static gboolean
matches_target (const Pattern   *pattern,
                const DuplexUrl *url)
{
  g_autofree char *port = g_strdup_printf ("%u", url->port);

  return (pattern->scheme == ANY_SCHEME || (pattern->scheme == ONLY_WSS) == url->tls) &&
         g_pattern_match_simple (pattern->port, port);
}

static gboolean
matches_host (const Pattern *pattern,
              const char    *host)
{
  g_autofree char *lower = g_ascii_strdown (host, -1);

  return g_pattern_match_simple (pattern->host, lower);
}

/* Some name can be resolved to an address that the pattern is like; "a*" is like abcd::1, too. */
static gboolean
is_like_addresses (const Pattern *pattern)
{
  return pattern->address != NULL ||
         (!pattern->exact &&
          strspn (pattern->host, "0123456789abcdef.:*?") == strlen (pattern->host));
}

gboolean
duplex_policy_may_allow_name (const DuplexPolicy *self,
                              const DuplexUrl    *url)
{
  g_return_val_if_fail (self != NULL && url != NULL, FALSE);

  if (self->loopback)
    return TRUE;
  for (guint i = 0; i < self->backends->len; i++)
    {
      const Pattern *pattern = g_ptr_array_index (self->backends, i);

      if (matches_target (pattern, url) &&
          (is_like_addresses (pattern) || matches_host (pattern, url->host)))
        return TRUE;
    }
  return FALSE;
}

gboolean
duplex_policy_allows_backend (const DuplexPolicy *self,
                              const DuplexUrl    *url,
                              GInetAddress       *address)
{
  g_autoptr (GInetAddress) plain = NULL;
  g_autofree char         *text = NULL;
  gboolean                 special;
  gboolean                 loopback;

  g_return_val_if_fail (self != NULL && url != NULL, FALSE);
  g_return_val_if_fail (G_IS_INET_ADDRESS (address), FALSE);

  plain = unmap (address);
  text = g_inet_address_to_string (plain);
  loopback = g_inet_address_get_is_loopback (plain);
  special = is_special (plain);
  if (loopback && self->loopback)
    return TRUE;
  for (guint i = 0; i < self->backends->len; i++)
    {
      const Pattern *pattern = g_ptr_array_index (self->backends, i);

      if (!matches_target (pattern, url))
        continue;
      if (pattern->address != NULL && is_same (pattern->address, plain))
        return TRUE;
      if (special || (loopback && !pattern->exact))
        continue;
      if (matches_host (pattern, text) ||
          (!pattern->numeric && matches_host (pattern, url->host)))
        return TRUE;
    }
  return FALSE;
}

const char *
duplex_policy_explain_refusal (const DuplexPolicy *self,
                               GInetAddress       *address)
{
  g_autoptr (GInetAddress) plain = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (address == NULL || G_IS_INET_ADDRESS (address), NULL);

  plain = address != NULL ? unmap (address) : NULL;
  if (plain != NULL && is_special (plain))
    return "Backend not allowed: addresses of the link, of metadata services and of no host must "
           "be named themselves with duplex-relay --allow-backend";
  if (self->backends->len > 0)
    return "Backend not allowed; see duplex-relay --allow-backend";
  return self->loopback ? "Backend not allowed: without duplex-relay --allow-backend only this "
                          "machine's own are reached"
                        : "Backend not allowed: without duplex-relay --allow-backend none is "
                          "reached";
}
