/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-request.h"

#include <string.h>

#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-list.h"
#include "core/proto/duplex-via.h"

#define PLAIN_TEXT "text/plain; charset=utf-8"

typedef struct
{
  guint       status;
  const char *phrase;
  const char *fields; /* what else the status asks for */
} Status;

/* RFC 9110 §15; RFC 6455 §4.4 for 426; RFC 6585 for 431; RFC 6750 §3 for 401; RFC 5842 §7.2 for
 * 508. */
static const Status statuses[] = {
  { 200, "OK", "" },
  { 400, "Bad Request", "" },
  { 401, "Unauthorized", "WWW-Authenticate: Bearer\r\n" },
  { 403, "Forbidden", "" },
  { 404, "Not Found", "" },
  { 405, "Method Not Allowed", "Allow: GET\r\n" },
  { 426, "Upgrade Required", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" },
  { 431, "Request Header Fields Too Large", "" },
  { 503, "Service Unavailable", "Retry-After: 1\r\n" },
  { 508, "Loop Detected", "" },
};

/* ---- responses ---- */

static const Status *
find_status (guint status)
{
  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    if (statuses[i].status == status)
      return &statuses[i];
  return find_status (400);
}

/* fields, each with its line's end, stand before those that every response has. */
static GBytes *
build_response (const Status *status,
                const char   *content_type,
                const char   *fields,
                const char   *body)
{
  char *response = g_strdup_printf ("HTTP/1.1 %u %s\r\n"
                                    "Content-Type: %s\r\n"
                                    "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                                    "%s"
                                    "Connection: close%s\r\n\r\n%s",
                                    status->status, status->phrase, content_type, strlen (body),
                                    fields, status->status == 426 ? ", Upgrade" : "", body);

  return g_bytes_new_take (response, strlen (response));
}

GBytes *
duplex_request_refuse (guint       status,
                       const char *text)
{
  const Status *known;

  g_return_val_if_fail (text != NULL, NULL);

  known = find_status (status);
  return build_response (known, PLAIN_TEXT, known->fields, text);
}

GBytes *
duplex_request_respond (guint       status,
                        const char *content_type,
                        const char *body)
{
  g_return_val_if_fail (content_type != NULL && body != NULL, NULL);

  return build_response (find_status (status), content_type, "Cache-Control: no-store\r\n", body);
}

GBytes *
duplex_request_respond_health (gboolean draining)
{
  return draining ? duplex_request_respond (503, PLAIN_TEXT, "draining\n")
                  : duplex_request_respond (200, PLAIN_TEXT, "ok\n");
}

GBytes *
duplex_request_take_for (DuplexHead *head,
                         GBytes     *response)
{
  g_autoptr (GBytes) whole = response;
  const char        *text;
  gsize              size;
  const char        *end;

  g_return_val_if_fail (head != NULL && response != NULL, NULL);

  text = g_bytes_get_data (whole, &size);
  end = g_strstr_len (text, (gssize)size, "\r\n\r\n");
  if (g_strcmp0 (duplex_head_get_method (head), "HEAD") != 0 || end == NULL)
    return g_steal_pointer (&whole);
  return g_bytes_new_from_bytes (whole, 0, (gsize)(end - text) + strlen ("\r\n\r\n"));
}

/* ---- the path ---- */

/* The path and query of a target, which may be a whole URL (RFC 9112 §3.2.2). */
static const char *
find_path (const char *target)
{
  const char *authority = strstr (target, "://");
  const char *path;

  if (target[0] == '/' || authority == NULL)
    return target;
  path = strchr (authority + strlen ("://"), '/');
  return path != NULL ? path : "/";
}

DuplexRequestKind
duplex_request_get_kind (DuplexHead *head)
{
  static const char *const paths[] = {
    [DUPLEX_REQUEST_KIND_UPGRADE] = DUPLEX_REQUEST_PATH,
    [DUPLEX_REQUEST_KIND_HEALTH] = DUPLEX_REQUEST_HEALTH,
    [DUPLEX_REQUEST_KIND_METRICS] = DUPLEX_REQUEST_METRICS,
  };
  const char       *path;
  gsize             len;
  DuplexRequestKind kind = 0;

  g_return_val_if_fail (head != NULL, DUPLEX_REQUEST_KIND_OTHER);

  path = find_path (duplex_head_get_target (head));
  len = strcspn (path, "?");
  while (kind < DUPLEX_REQUEST_KIND_OTHER &&
         (len != strlen (paths[kind]) || strncmp (path, paths[kind], len) != 0))
    kind++;
  return kind;
}

/* ---- where it came from ---- */

const char *
duplex_request_get_pseudonym (void)
{
  static gsize pseudonym = 0;

  if (g_once_init_enter (&pseudonym))
    {
      g_autofree char *id = g_uuid_string_random ();

      g_once_init_leave (&pseudonym, (gsize)g_strconcat ("duplex-relay-", id, NULL));
    }
  return (const char *)pseudonym;
}

/* A URL may lead through the relay to the relay itself, as often as one fits into the other, or
 * round over other relays. */
static GBytes *
judge_way (DuplexHead *head)
{
  if (duplex_via_has (head, duplex_request_get_pseudonym ()))
    return duplex_request_refuse (508, "The request has passed this relay before");
  if (duplex_via_count (head) > DUPLEX_LIMIT_RELAY_HOPS)
    return duplex_request_refuse (508, "The request has passed too many proxies; see its Via");
  return NULL;
}

/* ---- verdicts ---- */

GBytes *
duplex_request_judge (DuplexHead         *head,
                      const DuplexPolicy *policy)
{
  g_autoptr (GError) error = NULL;
  GBytes            *refusal;
  guint              status;

  g_return_val_if_fail (head != NULL && policy != NULL, NULL);

  if (duplex_request_get_kind (head) != DUPLEX_REQUEST_KIND_UPGRADE)
    return duplex_request_refuse (404, "Not found");
  if (!duplex_head_has_token (head, "Upgrade", "websocket"))
    return duplex_request_refuse (426, "Expected Upgrade: websocket");
  if (!duplex_handshake_check_upgrade (head, &status, &error))
    return duplex_request_refuse (status, error->message);
  refusal = judge_way (head);
  if (refusal != NULL)
    return refusal;
  if (!duplex_policy_allows_origin (policy, duplex_head_lookup (head, "Origin")))
    return duplex_request_refuse (403, "Origin not allowed; see --allow-origin");
  if (duplex_policy_asks_request (policy) &&
      !duplex_policy_allows_token (policy, duplex_head_lookup (head, "Authorization")))
    return duplex_request_refuse (401, "Token required");
  return NULL;
}

/* A page whose name is made to mean this machine, once it has been loaded from elsewhere, asks with
 * that name, and needs no Origin. Nobody else has an address or a name without a dot. */
static gboolean
is_own_host (const char *host)
{
  g_autofree char *name = NULL;

  if (host == NULL || *host == '[')
    return TRUE;
  name = g_strndup (host, strcspn (host, ":"));
  return strchr (name, '.') == NULL || g_hostname_is_ip_address (name);
}

/* A proxy on this machine says in these whose request it passes on. */
static gboolean
is_of_this_machine (DuplexHead   *head,
                    GInetAddress *client)
{
  return client != NULL && duplex_policy_is_loopback (client) &&
         duplex_head_lookup (head, "Forwarded") == NULL &&
         duplex_head_lookup (head, "X-Forwarded-For") == NULL &&
         is_own_host (duplex_head_lookup (head, "Host"));
}

GBytes *
duplex_request_judge_watcher (DuplexHead         *head,
                              const DuplexPolicy *policy,
                              GInetAddress       *client)
{
  const char *method;

  g_return_val_if_fail (head != NULL && policy != NULL, NULL);

  method = duplex_head_get_method (head);
  if (g_strcmp0 (method, "GET") != 0 && g_strcmp0 (method, "HEAD") != 0)
    return build_response (find_status (405), PLAIN_TEXT, "Allow: GET, HEAD\r\n",
                           "Only GET and HEAD");
  if (duplex_request_get_kind (head) == DUPLEX_REQUEST_KIND_HEALTH)
    return NULL;
  if (is_of_this_machine (head, client) &&
      duplex_policy_allows_origin (policy, duplex_head_lookup (head, "Origin")))
    return NULL;
  if (duplex_policy_has_token (policy) &&
      duplex_policy_allows_token (policy, duplex_head_lookup (head, "Authorization")))
    return NULL;
  return duplex_request_refuse (403, "Metrics are for this machine, or with the token");
}

/* ---- what is asked of the backend ---- */

/* application/x-www-form-urlencoded, as browsers write and read a query. What is no escape stays as
 * it is. */
static char *
decode (const char *text,
        gsize       len)
{
  GString *decoded = g_string_sized_new (len);

  for (gsize i = 0; i < len; i++)
    {
      char c = text[i] == '+' ? ' ' : text[i];

      if (c == '%' && len - i > 2 && g_ascii_isxdigit (text[i + 1]) &&
          g_ascii_isxdigit (text[i + 2]))
        {
          c = (char)(g_ascii_xdigit_value (text[i + 1]) * 16 + g_ascii_xdigit_value (text[i + 2]));
          i += 2;
        }
      g_string_append_c (decoded, c);
    }
  return g_string_free (decoded, FALSE);
}

char *
duplex_request_dup_backend (DuplexHead *head)
{
  const char *rest;

  g_return_val_if_fail (head != NULL, NULL);

  rest = strchr (find_path (duplex_head_get_target (head)), '?');
  while (rest != NULL)
    {
      gsize            len = strcspn (++rest, "&");
      gsize            name_len = strcspn (rest, "=&");
      g_autofree char *name = decode (rest, name_len);

      if (g_str_equal (name, "backend"))
        {
          g_autofree char *value =
            name_len < len ? decode (rest + name_len + 1, len - name_len - 1) : NULL;

          return value != NULL && *value != '\0' ? g_steal_pointer (&value) : NULL;
        }
      rest = rest[len] == '&' ? rest + len : NULL;
    }
  return NULL;
}

char **
duplex_request_dup_subprotocols (DuplexHead *head)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GHashTable)   seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_return_val_if_fail (head != NULL, NULL);

  for (guint i = 0; i < duplex_head_get_n_fields (head); i++)
    {
      const char *rest = duplex_head_get_field_value (head, i);
      const char *item;
      gsize       len;

      if (g_ascii_strcasecmp (duplex_head_get_field_name (head, i), "Sec-WebSocket-Protocol") != 0)
        continue;
      while (duplex_list_next (&rest, &item, &len))
        {
          g_autofree char *name = g_strndup (item, len);

          if (duplex_token_is_valid (name) && !g_hash_table_contains (seen, name))
            {
              g_strv_builder_add (builder, name);
              g_hash_table_add (seen, g_steal_pointer (&name));
            }
        }
    }
  return g_strv_builder_end (builder);
}

gboolean
duplex_request_find_deflate_offer (DuplexHead          *head,
                                   DuplexDeflateParams *ret_offer)
{
  g_autofree char *offers = NULL;

  g_return_val_if_fail (head != NULL && ret_offer != NULL, FALSE);

  offers = duplex_head_dup_list (head, "Sec-WebSocket-Extensions");
  return offers != NULL && duplex_deflate_find_offer (offers, ret_offer);
}

/* RFC 9110 §7.6.1 and, for what frames a request, RFC 9112 §6. */
gboolean
duplex_request_may_forward (const char *name)
{
  static const char *const refused[] = {
    "Content-Length",
    "Keep-Alive",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    NULL,
  };

  g_return_val_if_fail (name != NULL, FALSE);

  for (gsize i = 0; refused[i] != NULL; i++)
    if (g_ascii_strcasecmp (refused[i], name) == 0)
      return FALSE;
  return duplex_token_is_valid (name) && !duplex_header_is_reserved (name);
}

static gboolean
has_name (char      **names,
          const char *name)
{
  for (gsize i = 0; names[i] != NULL; i++)
    if (g_ascii_strcasecmp (names[i], name) == 0)
      return TRUE;
  return FALSE;
}

static void
append_header (GArray     *headers,
               const char *name,
               char       *value)
{
  DuplexHeader header = { g_strdup (name), value };

  g_array_append_val (headers, header);
}

/* What Connection names is for the relay only (RFC 9110 §7.6.1). Via is not: whoever could drop it
 * could hide a loop. */
DuplexHeader *
duplex_request_forwarded_headers (DuplexHead                *head,
                                  const DuplexRelaySettings *settings,
                                  gsize                     *ret_n)
{
  g_autoptr (GArray) headers = g_array_new (FALSE, FALSE, sizeof (DuplexHeader));
  g_autofree char   *entry = NULL;

  g_return_val_if_fail (head != NULL && settings != NULL && ret_n != NULL, NULL);

  for (guint i = 0; i < duplex_head_get_n_fields (head); i++)
    {
      const char *name = duplex_head_get_field_name (head, i);
      const char *value = duplex_head_get_field_value (head, i);

      if (has_name (settings->forward_headers, name) && duplex_header_is_valid (name, value) &&
          g_ascii_strcasecmp (name, "Via") != 0 &&
          !duplex_head_has_token (head, "Connection", name))
        append_header (headers, name, g_strdup (value));
    }
  entry = g_strconcat ("1.1 ", duplex_request_get_pseudonym (), NULL);
  append_header (headers, "Via", duplex_via_extend (head, entry));
  return g_array_steal (headers, ret_n);
}
