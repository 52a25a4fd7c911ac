/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-redact-url.h"

#include <string.h>

#include "core/model/duplex-redact-words.h"
#include "core/proto/duplex-handshake.h"

typedef struct
{
  GString *out;
  gboolean is_strict; /* an "@" anywhere may belong to a password */
  gboolean hides;     /* something was replaced */
  gboolean is_marked; /* or had been already */
} Redaction;

static gboolean
is_mark (const char *text,
         gsize       len)
{
  return len == strlen (DUPLEX_REDACT_URL_MARK) && memcmp (text, DUPLEX_REDACT_URL_MARK, len) == 0;
}

/* Appends what stands for the text. */
static void
hide (Redaction  *self,
      const char *text,
      gsize       len)
{
  if (is_mark (text, len))
    self->is_marked = TRUE;
  self->hides = TRUE;
  g_string_append (self->out, DUPLEX_REDACT_URL_MARK);
}

/* What begins a parameter: of a query, of a query in a query, or of a fragment, each well written
 * or not. */
static gboolean
is_separator (char c)
{
  return c == '?' || c == '#' || c == ';' || c == '&';
}

/* What ends the authority of a URL (RFC 3986 §3.2). */
static gboolean
ends_authority (char c)
{
  return c == '/' || c == '?' || c == '#';
}

/* Whether no "@" is in it, however that is written. */
static gboolean
is_harmless (const char *text,
             gsize       len)
{
  g_autoptr (GString) decoded = duplex_redact_decode_wholly (text, len);

  return decoded != NULL && memchr (decoded->str, '@', decoded->len) == NULL;
}

/* ---- a URL in a parameter ---- */

/* Bytes from text, behind "://", to the "@" that ends the user information: the last one, because
 * passwords are also written without escapes. 0 where there is none. */
static gsize
get_user_info_size (const char *text,
                    gsize       len)
{
  gsize size = 0;

  for (gsize i = 0; i < len && !ends_authority (text[i]); i++)
    if (text[i] == '@')
      size = i;
  return size;
}

static gboolean
begins_authority (const char *text,
                  gsize       len)
{
  return len > 2 && text[0] == ':' && text[1] == '/' && text[2] == '/';
}

/* Where user information begins and ends in a URL; FALSE where that has none. */
static gboolean
find_user_info (const char *url,
                gsize       len,
                gsize      *ret_from,
                gsize      *ret_to)
{
  gsize from = 0;
  gsize size;

  while (from < len && url[from] == ' ')
    from++;
  while (from < len && g_ascii_isalpha (url[from]))
    from++;
  if (!begins_authority (url + from, len - from))
    return FALSE;
  from += strlen ("://");
  size = get_user_info_size (url + from, len - from);
  *ret_from = from;
  *ret_to = from + size;
  return size > 0;
}

/* Has it a secret, or had it one? */
static gboolean
is_secret_parameter (const char *text,
                     gsize       len)
{
  const char *equals = memchr (text, '=', len);
  gsize       name_len;

  if (equals == NULL)
    return is_mark (text, len);
  name_len = (gsize)(equals - text);
  return duplex_redact_is_secret_name (text, name_len) ||
         duplex_redact_is_secret_value (equals + 1, len - name_len - 1);
}

/* Where the parameters of a URL begin if one of them has a secret, or had one; else len. */
static gsize
find_secret_query (const char *url,
                   gsize       len)
{
  gsize query = 0;
  gsize size;

  while (query < len && !is_separator (url[query]))
    query++;
  for (gsize at = query + 1; at < len; at += size + 1)
    {
      for (size = 0; at + size < len && !is_separator (url[at + size]);)
        size++;
      if (is_secret_parameter (url + at, size))
        return query + 1;
    }
  return len;
}

/* FALSE where it is not certain which part of the URL is secret; nothing is appended then. */
static gboolean
append_user_info (Redaction  *self,
                  const char *value,
                  gsize       len)
{
  g_autoptr (GArray)  places = NULL;
  g_autoptr (GString) url = NULL;
  gsize               from;
  gsize               to;
  gsize               at;

  if (is_harmless (value, len))
    {
      g_string_append_len (self->out, value, (gssize)len);
      return TRUE;
    }
  places = g_array_new (FALSE, FALSE, sizeof (gsize));
  url = duplex_redact_decode (value, len, places);
  if (!find_user_info (url->str, url->len, &from, &to))
    return FALSE;
  from = g_array_index (places, gsize, from);
  to = g_array_index (places, gsize, to);
  /* The "@" itself is one byte, or an escape of three. */
  at = value[to] == '%' ? 3 : 1;
  if (!is_harmless (value, from) || !is_harmless (value + to + at, len - to - at))
    return FALSE;
  g_string_append_len (self->out, value, (gssize)from);
  hide (self, value + from, to - from);
  g_string_append_len (self->out, value + to, (gssize)(len - to));
  return TRUE;
}

/* Likewise, with its query. */
static gboolean
append_nested (Redaction  *self,
               const char *value,
               gsize       len)
{
  g_autoptr (GArray)  places = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autoptr (GString) url = duplex_redact_decode (value, len, places);
  g_autoptr (GString) whole = duplex_redact_decode_wholly (value, len);
  gsize               query = find_secret_query (url->str, url->len);
  gsize               shown;

  if (query == url->len)
    return (whole == NULL || find_secret_query (whole->str, whole->len) == whole->len) &&
           append_user_info (self, value, len);
  shown = g_array_index (places, gsize, query);
  /* An "@" behind it would make a password of what stands before it. */
  if (!is_harmless (value + shown, len - shown) || !append_user_info (self, value, shown))
    return FALSE;
  hide (self, value + shown, len - shown);
  return TRUE;
}

/* "//user:password@host" or "user:password@host". */
static gboolean
may_have_password (const GString *text)
{
  const char *colon = memchr (text->str, ':', text->len);

  return colon != NULL && strchr (colon, '@') != NULL;
}

/* Of which append_nested() is not certain: an address of mail, say, or a percent sign. */
static void
append_doubtful (Redaction  *self,
                 const char *value,
                 gsize       len)
{
  g_autoptr (GString) often = duplex_redact_decode_often (value, len);
  g_autoptr (GString) again = duplex_redact_decode (often->str, often->len, NULL);

  if (again->len != often->len || find_secret_query (often->str, often->len) < often->len ||
      may_have_password (often))
    hide (self, value, len);
  else
    g_string_append_len (self->out, value, (gssize)len);
}

/* Nothing in it is written in more than one way, and no URL with something to hide. */
static gboolean
is_plain_value (const char *value,
                gsize       len)
{
  for (gsize i = 0; i < len; i++)
    if (is_separator (value[i]) || strchr ("%+@", value[i]) != NULL)
      return FALSE;
  return TRUE;
}

/* FALSE only where strict. */
static gboolean
append_value (Redaction  *self,
              const char *value,
              gsize       len)
{
  if (is_mark (value, len) || duplex_redact_is_secret_value (value, len))
    {
      hide (self, value, len);
      return TRUE;
    }
  /* Most are, and a head may have very many. */
  if (is_plain_value (value, len))
    {
      g_string_append_len (self->out, value, (gssize)len);
      return TRUE;
    }
  if (append_nested (self, value, len))
    return TRUE;
  if (self->is_strict)
    return FALSE;
  append_doubtful (self, value, len);
  return TRUE;
}

/* ---- parameters ---- */

/* Of "server_no_context_takeover;" before "client_max_window_bits": parameters without a value. */
static gsize
get_flags_size (const char *name,
                gsize       len)
{
  while (len > 0 && !is_separator (name[len - 1]))
    len--;
  return len;
}

/* FALSE only where strict, and where it is not certain that this is a parameter. */
static gboolean
append_parameter (Redaction  *self,
                  const char *text,
                  gsize       len)
{
  const char *equals = memchr (text, '=', len);
  gsize       name_len = equals != NULL ? (gsize)(equals - text) : len;
  gsize       flags = get_flags_size (text, name_len);

  /* A password may hold a "=", too. */
  if (self->is_strict && !is_harmless (text, len) &&
      (equals == NULL || !duplex_redact_is_plain_name (text, name_len)))
    return FALSE;
  if (equals == NULL)
    return append_value (self, text, len);
  g_string_append_len (self->out, text, (gssize)name_len + 1);
  if (!duplex_redact_is_secret_name (text + flags, name_len - flags))
    return append_value (self, equals + 1, len - name_len - 1);
  /* What says nothing stays. */
  if (len > name_len + 1)
    hide (self, equals + 1, len - name_len - 1);
  return TRUE;
}

static void
append_query (Redaction  *self,
              const char *query,
              gsize       len)
{
  gsize begin = self->out->len;

  for (gsize at = 0; at <= len;)
    {
      const char *end = memchr (query + at, '&', len - at);
      gsize       size = end != NULL ? (gsize)(end - query) - at : len - at;

      if (!append_parameter (self, query + at, size))
        {
          g_string_truncate (self->out, begin);
          hide (self, query, len);
          return;
        }
      at += size + 1;
      if (at <= len)
        g_string_append_c (self->out, '&');
    }
}

/* ---- a URL, or several in a sentence ---- */

/* Bytes of text before what may be a part of a URL: in most lines of heads, all. */
static gsize
get_plain_size (const char *text,
                gsize       len)
{
  gsize size = 0;

  while (size < len && !is_separator (text[size]) && !begins_authority (text + size, len - size))
    size++;
  return size;
}

static void
append_url (Redaction  *self,
            const char *url,
            gsize       len)
{
  gsize at = get_plain_size (url, len);
  gsize size;

  g_string_append_len (self->out, url, (gssize)at);
  while (at < len && !is_separator (url[at]))
    {
      g_string_append (self->out, "://");
      at += strlen ("://");
      size = get_user_info_size (url + at, len - at);
      if (size > 0)
        hide (self, url + at, size);
      at += size;
      size = get_plain_size (url + at, len - at);
      g_string_append_len (self->out, url + at, (gssize)size);
      at += size;
    }
  if (at == len)
    return;
  g_string_append_c (self->out, url[at]);
  append_query (self, url + at + 1, len - at - 1);
}

/* At what ends a URL in a sentence: the bytes of that, else 0. */
static gsize
get_stop_size (const char *text,
               gsize       len)
{
  if ((*text >= '\0' && *text <= ' ') || *text == '"' || *text == '<' || *text == '>')
    return 1;
  /* U+2018 to U+201F, in UTF-8. */
  if (len > 2 && memcmp (text, "\xe2\x80", 2) == 0 && (guint8)text[2] >= 0x98 &&
      (guint8)text[2] <= 0x9f)
    return 3;
  return 0;
}

static void
append_sentence (Redaction  *self,
                 const char *text,
                 gsize       len)
{
  gsize stop = 0;
  gsize word = 0;

  if (get_plain_size (text, len) == len)
    {
      g_string_append_len (self->out, text, (gssize)len);
      return;
    }
  for (gsize at = 0; at < len; at += word + stop)
    {
      stop = 0;
      for (word = 0; at + word < len && stop == 0;)
        {
          stop = get_stop_size (text + at + word, len - at - word);
          if (stop == 0)
            word++;
        }
      append_url (self, text + at, word);
      g_string_append_len (self->out, text + at + word, (gssize)stop);
    }
}

void
duplex_redact_append_url (GString    *out,
                          const char *url,
                          gsize       len)
{
  Redaction redaction = { .out = out };

  g_return_if_fail (out != NULL && (url != NULL || len == 0));

  append_url (&redaction, url, len);
}

void
duplex_redact_append_sentence (GString    *out,
                               const char *text,
                               gsize       len)
{
  Redaction redaction = { .out = out };

  g_return_if_fail (out != NULL && (text != NULL || len == 0));

  append_sentence (&redaction, text, len);
}

char *
duplex_redact_dup_url (const char *url)
{
  GString *out;

  g_return_val_if_fail (url != NULL, NULL);

  out = g_string_new (NULL);
  duplex_redact_append_url (out, url, strlen (url));
  return g_string_free (out, FALSE);
}

gboolean
duplex_redact_is_marked (const char *text)
{
  g_autoptr (GString) out = g_string_new (NULL);
  Redaction           redaction = { .out = out };

  g_return_val_if_fail (text != NULL, FALSE);

  append_sentence (&redaction, text, strlen (text));
  return redaction.is_marked;
}

/* ---- the target of somebody's request to a relay ---- */

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
append_target (Redaction  *self,
               const char *target,
               gsize       len)
{
  const char *mark = memchr (target, '?', len);
  gsize       path_len = mark != NULL ? (gsize)(mark - target) : len;

  /* What looks like a query is one only where the path is one: "/ws://user:a?b@host". */
  if (!is_harmless (target, path_len) || has_control (target, len))
    {
      g_string_append_c (self->out, '/');
      hide (self, target, len);
      return;
    }
  g_string_append_len (self->out, target, (gssize)path_len);
  if (mark == NULL)
    return;
  g_string_append_c (self->out, '?');
  append_query (self, mark + 1, len - path_len - 1);
}

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
append_wreck (Redaction  *self,
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
    g_string_append_len (self->out, data, (gssize)len + 1);
  g_string_append_c (self->out, ' ');
  hide (self, data, size);
  g_string_append (self->out, "\r\n\r\n");
}

GBytes *
duplex_redact_relay_request (GBytes   *request,
                             gboolean *ret_hidden)
{
  gsize       size;
  const char *data;
  const char *target;
  const char *end;
  Redaction   redaction = { .is_strict = TRUE };

  g_return_val_if_fail (request != NULL && ret_hidden != NULL, NULL);

  data = g_bytes_get_data (request, &size);
  redaction.out = g_string_sized_new (size);
  if (is_head (request))
    {
      target = (const char *)memchr (data, ' ', size) + 1;
      end = memchr (target, ' ', size - (gsize)(target - data));
      g_string_append_len (redaction.out, data, target - data);
      append_target (&redaction, target, (gsize)(end - target));
      g_string_append_len (redaction.out, end, (gssize)(size - (gsize)(end - data)));
    }
  else
    append_wreck (&redaction, data, size);
  *ret_hidden = redaction.hides;
  return g_string_free_to_bytes (redaction.out);
}
