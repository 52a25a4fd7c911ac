/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-record-target.h"

#include <string.h>

#include "core/proto/duplex-handshake.h"

/* Of percent-encoding. What needs more is not meant to be understood. */
#define MAX_ROUNDS 8

/* What the name of a parameter has in it when its value is a secret. */
static const char *const secret_words[] = {
  "auth",
  "cookie",
  "credential",
  "key",
  "pass",
  "pwd",
  "secret",
  "token",
};

/* ---- percent-encoding ---- */

static gboolean
is_escape (const char *text,
           gsize       len)
{
  return len > 2 && text[0] == '%' && g_ascii_isxdigit (text[1]) && g_ascii_isxdigit (text[2]);
}

/* One round, as duplex_request_dup_backend() reads. Where each byte began in text goes to places
 * (of gsize), which may be NULL. */
static GString *
decode (const char *text,
        gsize       len,
        GArray     *places)
{
  GString *decoded = g_string_sized_new (len);

  for (gsize i = 0; i < len; i++)
    {
      char c = text[i] == '+' ? ' ' : text[i];

      if (places != NULL)
        g_array_append_val (places, i);
      if (is_escape (text + i, len - i))
        {
          c = (char)(g_ascii_xdigit_value (text[i + 1]) * 16 + g_ascii_xdigit_value (text[i + 2]));
          i += 2;
        }
      g_string_append_c (decoded, c);
    }
  return decoded;
}

/* Until nothing is encoded any more. NULL where that takes too many rounds, or where an escape is
 * broken. */
static GString *
decode_wholly (const char *text,
               gsize       len)
{
  g_autoptr (GString) decoded = g_string_new_len (text, (gssize)len);

  for (guint i = 0; i < MAX_ROUNDS && memchr (decoded->str, '%', decoded->len) != NULL; i++)
    {
      GString *next = decode (decoded->str, decoded->len, NULL);

      g_string_free (decoded, TRUE);
      decoded = next;
    }
  if (memchr (decoded->str, '%', decoded->len) != NULL)
    return NULL;
  return g_steal_pointer (&decoded);
}

/* Whether no "@" is in it, however that is written. */
static gboolean
is_harmless (const char *text,
             gsize       len)
{
  g_autoptr (GString) decoded = decode_wholly (text, len);

  return decoded != NULL && memchr (decoded->str, '@', decoded->len) == NULL;
}

/* ---- a parameter ---- */

/* What a program would call one. */
static gboolean
is_plain_name (const char *name,
               gsize       len)
{
  for (gsize i = 0; i < len; i++)
    if (!g_ascii_isalnum (name[i]) && memchr ("-._", name[i], 3) == NULL)
      return FALSE;
  return len > 0;
}

static gboolean
is_secret_name (const char *name,
                gsize       len)
{
  g_autoptr (GString) decoded = decode_wholly (name, len);

  if (decoded == NULL || !is_plain_name (decoded->str, decoded->len))
    return TRUE;
  g_string_ascii_down (decoded);
  for (gsize i = 0; i < G_N_ELEMENTS (secret_words); i++)
    if (strstr (decoded->str, secret_words[i]) != NULL)
      return TRUE;
  return FALSE;
}

/* Where user information begins and ends in a URL; FALSE where that has none. The last "@" ends it,
 * since passwords are also written without escapes. */
static gboolean
find_user_info (const char *url,
                gsize       len,
                gsize      *ret_from,
                gsize      *ret_to)
{
  gsize from = 0;
  gsize to = 0;

  while (from < len && url[from] == ' ')
    from++;
  while (from < len && g_ascii_isalpha (url[from]))
    from++;
  if (len - from < strlen ("://") || memcmp (url + from, "://", strlen ("://")) != 0)
    return FALSE;
  from += strlen ("://");
  for (gsize i = from; i < len && memchr ("/?#", url[i], 3) == NULL; i++)
    if (url[i] == '@')
      to = i;
  *ret_from = from;
  *ret_to = to;
  return to > from;
}

/* Where the query of a URL begins, or its fragment, if a parameter there has a secret; else len. */
static gsize
find_secret_query (const char *url,
                   gsize       len)
{
  gsize query = 0;
  gsize size;

  while (query < len && url[query] != '?' && url[query] != '#')
    query++;
  for (gsize at = query + 1; at < len; at += size + 1)
    {
      const char *end = memchr (url + at, '&', len - at);
      const char *equals;

      size = end != NULL ? (gsize)(end - url) - at : len - at;
      equals = memchr (url + at, '=', size);
      if (equals != NULL && is_secret_name (url + at, (gsize)(equals - url) - at))
        return query + 1;
    }
  return len;
}

/* FALSE where it is not certain which part of the URL is secret; out is as it was then. */
static gboolean
append_url (GString    *out,
            const char *value,
            gsize       len,
            gboolean   *hidden)
{
  g_autoptr (GArray)  places = NULL;
  g_autoptr (GString) url = NULL;
  gsize               from;
  gsize               to;

  if (is_harmless (value, len))
    {
      g_string_append_len (out, value, (gssize)len);
      return TRUE;
    }
  places = g_array_new (FALSE, FALSE, sizeof (gsize));
  url = decode (value, len, places);
  if (!find_user_info (url->str, url->len, &from, &to))
    return FALSE;
  from = g_array_index (places, gsize, from);
  to = g_array_index (places, gsize, to);
  /* The "@" itself is one byte, or an escape of three. */
  if (!is_harmless (value, from) ||
      !is_harmless (value + to + (value[to] == '%' ? 3 : 1),
                    len - to - (value[to] == '%' ? 3 : 1)))
    return FALSE;
  g_string_append_len (out, value, (gssize)from);
  g_string_append (out, DUPLEX_RECORD_HIDDEN);
  g_string_append_len (out, value + to, (gssize)(len - to));
  *hidden = TRUE;
  return TRUE;
}

/* Likewise. */
static gboolean
append_value (GString    *out,
              const char *value,
              gsize       len,
              gboolean   *hidden)
{
  g_autoptr (GArray)  places = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autoptr (GString) url = decode (value, len, places);
  g_autoptr (GString) whole = decode_wholly (value, len);
  gsize               query = find_secret_query (url->str, url->len);
  gsize               shown;

  if (query == url->len)
    return (whole == NULL || find_secret_query (whole->str, whole->len) == whole->len) &&
           append_url (out, value, len, hidden);
  shown = g_array_index (places, gsize, query);
  /* An "@" behind it would make a password of what stands before it. */
  if (!is_harmless (value + shown, len - shown) || !append_url (out, value, shown, hidden))
    return FALSE;
  g_string_append (out, DUPLEX_RECORD_HIDDEN);
  *hidden = TRUE;
  return TRUE;
}

static gboolean
append_parameter (GString    *out,
                  const char *text,
                  gsize       len,
                  gboolean   *hidden)
{
  const char *equals = memchr (text, '=', len);
  gsize       name_len = equals != NULL ? (gsize)(equals - text) : len;

  /* A password may hold a "=", too. */
  if (!is_harmless (text, len) && (equals == NULL || !is_plain_name (text, name_len)))
    return FALSE;
  g_string_append_len (out, text, (gssize)name_len);
  if (equals == NULL)
    return TRUE;
  g_string_append_c (out, '=');
  if (!is_secret_name (text, name_len))
    return append_value (out, equals + 1, len - name_len - 1, hidden);
  g_string_append (out, DUPLEX_RECORD_HIDDEN);
  *hidden = TRUE;
  return TRUE;
}

/* ---- the target ---- */

static void
append_query (GString    *out,
              const char *query,
              gsize       len,
              gboolean   *hidden)
{
  gsize begin = out->len;

  for (gsize at = 0; at <= len;)
    {
      const char *end = memchr (query + at, '&', len - at);
      gsize       size = end != NULL ? (gsize)(end - query) - at : len - at;

      if (!append_parameter (out, query + at, size, hidden))
        {
          g_string_truncate (out, begin);
          g_string_append (out, DUPLEX_RECORD_HIDDEN);
          *hidden = TRUE;
          return;
        }
      at += size + 1;
      if (at <= len)
        g_string_append_c (out, '&');
    }
}

static gboolean
has_control (const char *text,
             gsize       len)
{
  for (gsize i = 0; i < len; i++)
    if (g_ascii_iscntrl (text[i]))
      return TRUE;
  return FALSE;
}

static void
append_target (GString    *out,
               const char *target,
               gsize       len,
               gboolean   *hidden)
{
  const char *mark = memchr (target, '?', len);
  gsize       path_len = mark != NULL ? (gsize)(mark - target) : len;

  /* What looks like a query is one only where the path is one: "/ws://user:a?b@host". */
  if (!is_harmless (target, path_len) || has_control (target, len))
    {
      g_string_append (out, "/" DUPLEX_RECORD_HIDDEN);
      *hidden = TRUE;
      return;
    }
  g_string_append_len (out, target, (gssize)path_len);
  if (mark == NULL)
    return;
  g_string_append_c (out, '?');
  append_query (out, mark + 1, len - path_len - 1, hidden);
}

/* ---- the head ---- */

static gboolean
is_head (GBytes *request)
{
  gsize                  size;
  const guint8          *data = g_bytes_get_data (request, &size);
  g_autoptr (DuplexHead) head = duplex_head_parse_request (data, size, NULL);

  return head != NULL;
}

/* Of what is no head the method and the path, where they look like such: behind them may be
 * anything, such as a field of the head that follows no line's end. */
static void
append_wreck (GString    *out,
              const char *data,
              gsize       size)
{
  gsize method = 0;
  gsize len;

  while (method < size && g_ascii_isupper (data[method]))
    method++;
  len = method;
  if (size - len >= 2 && data[len] == ' ' && data[len + 1] == '/')
    while (len + 1 < size && g_ascii_isgraph (data[len + 1]) && data[len + 1] != '?')
      len++;
  if (method > 0 && len > method && is_harmless (data, len + 1))
    g_string_append_len (out, data, (gssize)len + 1);
  g_string_append (out, " " DUPLEX_RECORD_HIDDEN "\r\n\r\n");
}

GBytes *
duplex_record_target_clean (GBytes   *request,
                            gboolean *ret_hidden)
{
  gsize       size;
  const char *data;
  const char *target;
  const char *end;
  GString    *out;

  g_return_val_if_fail (request != NULL && ret_hidden != NULL, NULL);

  data = g_bytes_get_data (request, &size);
  out = g_string_sized_new (size);
  *ret_hidden = FALSE;
  if (is_head (request))
    {
      target = (const char *)memchr (data, ' ', size) + 1;
      end = memchr (target, ' ', size - (gsize)(target - data));
      g_string_append_len (out, data, target - data);
      append_target (out, target, (gsize)(end - target), ret_hidden);
      g_string_append_len (out, end, (gssize)(size - (gsize)(end - data)));
    }
  else
    {
      append_wreck (out, data, size);
      *ret_hidden = TRUE;
    }
  return g_string_free_to_bytes (out);
}

/* ---- what the relay asks for ---- */

/* text without the query of the URL that ends at len. */
static GBytes *
hide_query (GBytes   *text,
            gsize     len,
            gboolean *ret_hidden)
{
  gsize       size;
  const char *data = g_bytes_get_data (text, &size);
  gsize       query = find_secret_query (data, len);
  GString    *out;

  *ret_hidden = query < len;
  if (!*ret_hidden)
    return g_bytes_ref (text);
  out = g_string_new_len (data, (gssize)query);
  g_string_append (out, DUPLEX_RECORD_HIDDEN);
  g_string_append_len (out, data + len, (gssize)(size - len));
  return g_string_free_to_bytes (out);
}

GBytes *
duplex_record_target_clean_url (GBytes   *url,
                                gboolean *ret_hidden)
{
  g_return_val_if_fail (url != NULL && ret_hidden != NULL, NULL);

  return hide_query (url, g_bytes_get_size (url), ret_hidden);
}

GBytes *
duplex_record_target_clean_dial (GBytes   *request,
                                 gboolean *ret_hidden)
{
  gsize       size;
  const char *data;
  const char *end;

  g_return_val_if_fail (request != NULL && ret_hidden != NULL, NULL);

  data = g_bytes_get_data (request, &size);
  end = g_strstr_len (data, (gssize)size, " HTTP/");
  return hide_query (request, end != NULL ? (gsize)(end - data) : size, ret_hidden);
}
