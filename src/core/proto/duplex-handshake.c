/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-handshake.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-frame-encoder.h"
#include "core/proto/duplex-list.h"

/* §1.3: the text that only a WebSocket server appends to the key. */
#define ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* §4.1 (7): what the key is the base64 of. */
#define NONCE_SIZE       16
#define WRONG_KEY        "Sec-WebSocket-Key is not 16 bytes in base64"
#define PROTOCOL_PREFIX  "Sec-WebSocket-"

#define PROTOCOL_VERSION "13"

static gboolean
refuse (GError    **error,
        const char *what,
        const char *value)
{
  g_autofree char *shown = g_strescape (value != NULL ? value : "", NULL);

  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT, "%s: \"%s\"", what, shown);
  return FALSE;
}

static gboolean
is_value (const char *text)
{
  for (; *text != '\0'; text++)
    {
      if (g_ascii_iscntrl (*text) && *text != '\t')
        return FALSE;
    }

  return TRUE;
}

/* ASCII without spaces and controls: what a host, a target or an origin is made of on the wire. */
static gboolean
is_visible (const char *text)
{
  gsize i = 0;

  while (g_ascii_isgraph (text[i]))
    i++;

  return i > 0 && text[i] == '\0';
}

/* The bytes that base64 with its padding (RFC 4648 §4) is of; 0 for any other text. */
static gsize
get_decoded_size (const char *text)
{
  gsize len = strlen (text);
  gsize n = 0;

  while (g_ascii_isalnum (text[n]) || text[n] == '+' || text[n] == '/')
    n++;
  if (len % 4 != 0 || len - n > 2 || strspn (text + n, "=") != len - n)
    return 0;

  return len / 4 * 3 - (len - n);
}

gboolean
duplex_token_is_valid (const char *text)
{
  gsize i = 0;

  g_return_val_if_fail (text != NULL, FALSE);

  while (duplex_is_token_char (text[i]))
    i++;

  return i > 0 && text[i] == '\0';
}

gboolean
duplex_header_is_valid (const char *name,
                        const char *value)
{
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  return duplex_token_is_valid (name) && is_value (value);
}

gboolean
duplex_header_is_reserved (const char *name)
{
  g_return_val_if_fail (name != NULL, FALSE);

  return g_ascii_strcasecmp (name, "Host") == 0 || g_ascii_strcasecmp (name, "Upgrade") == 0 ||
         g_ascii_strcasecmp (name, "Connection") == 0 ||
         g_ascii_strncasecmp (name, PROTOCOL_PREFIX, strlen (PROTOCOL_PREFIX)) == 0;
}

static gboolean
check_subprotocols (const char *const *subprotocols,
                    GError           **error)
{
  for (gsize i = 0; subprotocols != NULL && subprotocols[i] != NULL; i++)
    {
      if (!duplex_token_is_valid (subprotocols[i]))
        return refuse (error, "the subprotocol is not a token", subprotocols[i]);

      for (gsize k = 0; k < i; k++)
        {
          if (strcmp (subprotocols[k], subprotocols[i]) == 0)
            return refuse (error, "the subprotocol is given twice", subprotocols[i]);
        }
    }

  return TRUE;
}

static gboolean
check_headers (const DuplexRequest *request,
               GError             **error)
{
  for (gsize i = 0; i < request->n_headers; i++)
    {
      const DuplexHeader *header = &request->headers[i];

      if (!duplex_token_is_valid (header->name))
        return refuse (error, "the header's name is not a token", header->name);

      if (duplex_header_is_reserved (header->name))
        return refuse (error, "the handshake writes this header itself", header->name);

      if (request->origin != NULL && g_ascii_strcasecmp (header->name, "Origin") == 0)
        return refuse (error, "the origin is given twice", header->value);

      if (!is_value (header->value))
        return refuse (error, "control character in the header's value", header->value);
    }

  return TRUE;
}

static gboolean
refuse_window_bits (const DuplexDeflateParams *params,
                    GError                   **error)
{
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
               "window bits are 8 to 15, not %u for the server and %u for the client",
               params->server_max_window_bits, params->client_max_window_bits);
  return FALSE;
}

static gboolean
check_request_parts (const DuplexRequest *request,
                     GError             **error)
{
  if (!is_visible (request->host))
    return refuse (error, "the host cannot be sent", request->host);

  if (request->target[0] != '/' || !is_visible (request->target))
    return refuse (error, "the target cannot be sent", request->target);

  if (strchr (request->target, '#') != NULL)
    return refuse (error, "the target has a fragment", request->target);

  if (get_decoded_size (request->key) != NONCE_SIZE)
    return refuse (error, "the key is not 16 bytes in base64", request->key);

  if (request->origin != NULL && !is_visible (request->origin))
    return refuse (error, "the origin cannot be sent", request->origin);

  if (request->deflate != NULL && !duplex_deflate_params_is_valid (request->deflate))
    return refuse_window_bits (request->deflate, error);

  return check_subprotocols (request->subprotocols, error) && check_headers (request, error);
}

GBytes *
duplex_handshake_build_request (const DuplexRequest *request,
                                GError             **error)
{
  g_autoptr (GString) head = NULL;

  g_return_val_if_fail (request != NULL, NULL);
  g_return_val_if_fail (request->host != NULL && request->target != NULL, NULL);
  g_return_val_if_fail (request->key != NULL, NULL);
  g_return_val_if_fail (request->headers != NULL || request->n_headers == 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_request_parts (request, error))
    return NULL;

  head = g_string_new (NULL);
  g_string_append_printf (head,
                          "GET %s HTTP/1.1\r\n"
                          "Host: %s\r\n"
                          "Upgrade: websocket\r\n"
                          "Connection: Upgrade\r\n"
                          "Sec-WebSocket-Key: %s\r\n"
                          "Sec-WebSocket-Version: " PROTOCOL_VERSION "\r\n",
                          request->target, request->host, request->key);
  if (request->origin != NULL)
    g_string_append_printf (head, "Origin: %s\r\n", request->origin);

  if (request->subprotocols != NULL && request->subprotocols[0] != NULL)
    {
      g_autofree char *list = g_strjoinv (", ", (char **)request->subprotocols);

      g_string_append_printf (head, "Sec-WebSocket-Protocol: %s\r\n", list);
    }

  if (request->deflate != NULL)
    {
      g_autofree char *offer = duplex_deflate_params_to_string (request->deflate);

      g_string_append_printf (head, "Sec-WebSocket-Extensions: %s\r\n", offer);
    }

  for (gsize i = 0; i < request->n_headers; i++)
    {
      const DuplexHeader *header = &request->headers[i];

      g_string_append_printf (head, "%s: %s\r\n", header->name, header->value);
    }

  g_string_append (head, "\r\n");
  return g_string_free_to_bytes (g_steal_pointer (&head));
}

char *
duplex_handshake_new_key (void)
{
  guint8 nonce[NONCE_SIZE];

  for (gsize i = 0; i < sizeof nonce; i += 4)
    duplex_mask_source_random (nonce + i, NULL);

  return g_base64_encode (nonce, sizeof nonce);
}

char *
duplex_handshake_accept_key (const char *key)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8                digest[20];
  gsize                 digest_len = sizeof digest;

  g_return_val_if_fail (key != NULL, NULL);

  g_checksum_update (checksum, (const guchar *)key, strlen (key));
  g_checksum_update (checksum, (const guchar *)ACCEPT_GUID, strlen (ACCEPT_GUID));
  g_checksum_get_digest (checksum, digest, &digest_len);
  return g_base64_encode (digest, digest_len);
}

/* How a server answers a request that it does not take. */
static gboolean
answer (guint      *ret_status,
        guint       status,
        GError    **error,
        const char *why,
        const char *value)
{
  g_autofree char *shown = g_strescape (value != NULL ? value : "", NULL);

  if (ret_status != NULL)
    *ret_status = status;
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_INVALID,
               value != NULL ? "%s: \"%s\"" : "%s", why, shown);
  return FALSE;
}

static guint
count_fields (DuplexHead *head,
              const char *name)
{
  guint n = 0;

  for (guint i = 0; i < duplex_head_get_n_fields (head); i++)
    {
      if (g_ascii_strcasecmp (duplex_head_get_field_name (head, i), name) == 0)
        n++;
    }

  return n;
}

gboolean
duplex_handshake_check_upgrade (DuplexHead *request,
                                guint      *ret_status,
                                GError    **error)
{
  static const char *const once[] = { "Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version" };
  const char              *version;
  const char              *key;
  gsize                    size;

  g_return_val_if_fail (request != NULL, FALSE);
  g_return_val_if_fail (duplex_head_get_method (request) != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (strcmp (duplex_head_get_method (request), "GET") != 0)
    return answer (ret_status, 405, error, "the method is not GET",
                   duplex_head_get_method (request));

  if (duplex_head_get_minor_version (request) < 1)
    return answer (ret_status, 400, error, "HTTP/1.1 is needed", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (once); i++)
    {
      if (count_fields (request, once[i]) > 1)
        return answer (ret_status, 400, error, "the header is given more than once", once[i]);
    }

  if (duplex_head_lookup (request, "Host") == NULL)
    return answer (ret_status, 400, error, "there is no Host header", NULL);

  if (!duplex_head_has_token (request, "Upgrade", "websocket"))
    return answer (ret_status, 426, error, "Upgrade does not ask for websocket",
                   duplex_head_lookup (request, "Upgrade"));

  if (!duplex_head_has_token (request, "Connection", "Upgrade"))
    return answer (ret_status, 400, error, "Connection does not contain Upgrade",
                   duplex_head_lookup (request, "Connection"));

  version = duplex_head_lookup (request, "Sec-WebSocket-Version");
  if (version == NULL || strcmp (version, PROTOCOL_VERSION) != 0)
    return answer (ret_status, 426, error, "Sec-WebSocket-Version is not " PROTOCOL_VERSION,
                   version);

  key = duplex_head_lookup (request, "Sec-WebSocket-Key");
  if (key == NULL || *key == '\0')
    return answer (ret_status, 400, error, "there is no Sec-WebSocket-Key header", NULL);

  size = get_decoded_size (key);
  if (size == 0 || size > NONCE_SIZE)
    return answer (ret_status, 400, error, WRONG_KEY, key);

  return TRUE;
}

gboolean
duplex_handshake_check_request (DuplexHead *request,
                                guint      *ret_status,
                                GError    **error)
{
  const char *key;

  if (!duplex_handshake_check_upgrade (request, ret_status, error))
    return FALSE;

  key = duplex_head_lookup (request, "Sec-WebSocket-Key");
  return get_decoded_size (key) == NONCE_SIZE || answer (ret_status, 400, error, WRONG_KEY, key);
}

GBytes *
duplex_handshake_build_response (DuplexHead *request,
                                 const char *subprotocol,
                                 const char *extensions)
{
  g_autoptr (GString) head = NULL;
  g_autofree char    *accept = NULL;
  const char         *key;

  g_return_val_if_fail (request != NULL, NULL);
  g_return_val_if_fail (subprotocol == NULL || duplex_token_is_valid (subprotocol), NULL);
  g_return_val_if_fail (extensions == NULL || is_value (extensions), NULL);
  key = duplex_head_lookup (request, "Sec-WebSocket-Key");
  g_return_val_if_fail (key != NULL, NULL);

  accept = duplex_handshake_accept_key (key);
  head = g_string_new (NULL);
  g_string_append_printf (head,
                          "HTTP/1.1 101 Switching Protocols\r\n"
                          "Upgrade: websocket\r\n"
                          "Connection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n",
                          accept);
  if (subprotocol != NULL)
    g_string_append_printf (head, "Sec-WebSocket-Protocol: %s\r\n", subprotocol);
  if (extensions != NULL)
    g_string_append_printf (head, "Sec-WebSocket-Extensions: %s\r\n", extensions);

  g_string_append (head, "\r\n");
  return g_string_free_to_bytes (g_steal_pointer (&head));
}
