/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-request.h"

#include <string.h>

#include "core/proto/duplex-list.h"

typedef struct
{
  guint       status;
  const char *phrase;
  const char *fields; /* what else the status asks for */
} Status;

/* RFC 9110 §15.5; RFC 6455 §4.4 for 426; RFC 6585 for 431; RFC 6750 §3 for 401. */
static const Status statuses[] = {
  { 400, "Bad Request", "" },
  { 401, "Unauthorized", "WWW-Authenticate: Bearer\r\n" },
  { 403, "Forbidden", "" },
  { 404, "Not Found", "" },
  { 405, "Method Not Allowed", "Allow: GET\r\n" },
  { 426, "Upgrade Required", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" },
  { 431, "Request Header Fields Too Large", "" },
  { 503, "Service Unavailable", "Retry-After: 1\r\n" },
};

GBytes *
duplex_request_refuse (guint       status,
                       const char *text)
{
  const Status    *known = &statuses[0];
  g_autofree char *response = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    if (statuses[i].status == status)
      known = &statuses[i];
  response = g_strdup_printf ("HTTP/1.1 %u %s\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                              "%s"
                              "Connection: close%s\r\n\r\n%s",
                              known->status, known->phrase, strlen (text), known->fields,
                              known->status == 426 ? ", Upgrade" : "", text);
  return g_bytes_new (response, strlen (response));
}

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

static gboolean
is_path (const char *target)
{
  const char *path = find_path (target);
  gsize       len = strcspn (path, "?");

  return len == strlen (DUPLEX_REQUEST_PATH) && strncmp (path, DUPLEX_REQUEST_PATH, len) == 0;
}

GBytes *
duplex_request_judge (DuplexHead   *head,
                      DuplexPolicy *policy)
{
  g_autoptr (GError) error = NULL;
  guint              status;

  g_return_val_if_fail (head != NULL && policy != NULL, NULL);

  if (!is_path (duplex_head_get_target (head)))
    return duplex_request_refuse (404, "Not found");
  if (!duplex_head_has_token (head, "Upgrade", "websocket"))
    return duplex_request_refuse (426, "Expected Upgrade: websocket");
  if (!duplex_handshake_check_upgrade (head, &status, &error))
    return duplex_request_refuse (status, error->message);
  if (!duplex_policy_allows_origin (policy, duplex_head_lookup (head, "Origin")))
    return duplex_request_refuse (403, "Origin not allowed; see --allow-origin");
  if (!duplex_policy_allows_token (policy, duplex_head_lookup (head, "Authorization")))
    return duplex_request_refuse (401, "Token required");
  return NULL;
}

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
