/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-redact-url.h"

#include <string.h>

#include "core/proto/duplex-handshake.h"

/* Of percent-encoding. What needs more is not meant to be understood. */
#define MAX_ROUNDS 8

/* What the name of a parameter, or of a field, has in it when its value is a secret. */
static const char *const secret_words[] = {
  "auth", "bearer", "cookie", "credential", "jwt", "key", "pass", "pwd",
  "secret", "session", "signature", "ticket", "token"
};

/* Too short to be looked for within others. */
static const char *const secret_names[] = { "pw", "sid", "sig" };

/* Fields that only look as if: they challenge, or allow (RFC 9110 §11.6.1, §11.7.1; Fetch §3.3).
 * All of RFC 6455 §11.3 are harmless, too: Sec-WebSocket-Key is no secret (§10.3). */
#define HARMLESS_PREFIX "sec-websocket-"
static const char *const harmless_fields[] = {
  "access-control-allow-credentials", "proxy-authenticate", "www-authenticate"
};

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

/* ---- percent-encoding ---- */

static gboolean
is_escape (const char *text,
           gsize       len)
{
  return len > 2 && text[0] == '%' && g_ascii_isxdigit (text[1]) && g_ascii_isxdigit (text[2]);
}

/* One round, as a form is read. Where each byte began in text goes to places (of gsize), which may
 * be NULL. */
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

/* As often as there are escapes, or MAX_ROUNDS. */
static GString *
decode_often (const char *text,
              gsize       len)
{
  GString *decoded = g_string_new_len (text, (gssize)len);

  for (guint i = 0; i < MAX_ROUNDS && memchr (decoded->str, '%', decoded->len) != NULL; i++)
    {
      GString *next = decode (decoded->str, decoded->len, NULL);

      g_string_free (decoded, TRUE);
      decoded = next;
    }
  return decoded;
}

/* NULL where nothing but escapes that are no such is left, or where that takes too many rounds. */
static GString *
decode_wholly (const char *text,
               gsize       len)
{
  g_autoptr (GString) decoded = decode_often (text, len);

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

/* ---- names ---- */

static gboolean
is_name (const char *name,
         gsize       len,
         const char *other)
{
  return len == strlen (other) && g_ascii_strncasecmp (name, other, len) == 0;
}

static gboolean
begins_word (const char *name,
             gsize       len,
             const char *word)
{
  gsize size = strlen (word);

  return size <= len && g_ascii_strncasecmp (name, word, size) == 0;
}

static gboolean
speaks_of_secret (const char *name,
                  gsize       len)
{
  /* By the first letter, for speed: a relay looks at each field of each head. */
  for (gsize i = 0; i < G_N_ELEMENTS (secret_words); i++)
    for (gsize at = 0; at < len; at++)
      if ((name[at] | 0x20) == *secret_words[i] &&
          begins_word (name + at, len - at, secret_words[i]))
        return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (secret_names); i++)
    if (is_name (name, len, secret_names[i]))
      return TRUE;
  return FALSE;
}

gboolean
duplex_redact_is_secret_field (const char *name,
                               gsize       len)
{
  g_return_val_if_fail (name != NULL || len == 0, FALSE);

  if (begins_word (name, len, HARMLESS_PREFIX))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (harmless_fields); i++)
    if (is_name (name, len, harmless_fields[i]))
      return FALSE;
  return speaks_of_secret (name, len);
}

/* What a program would call a parameter. */
static gboolean
is_plain_name (const char *name,
               gsize       len)
{
  for (gsize i = 0; i < len; i++)
    if (!g_ascii_isalnum (name[i]) && (name[i] == '\0' || strchr ("-._~$[]", name[i]) == NULL))
      return FALSE;
  return len > 0;
}

static gboolean
is_secret_name (const char *name,
                gsize       len)
{
  g_autoptr (GString) decoded = decode_wholly (name, len);

  return decoded == NULL || !is_plain_name (decoded->str, decoded->len) ||
         speaks_of_secret (decoded->str, decoded->len);
}

/* Of "server_no_context_takeover;" before "client_max_window_bits": parameters without a value. */
static gsize
get_flags_size (const char *name,
                gsize       len)
{
  while (len > 0 && !is_separator (name[len - 1]))
    len--;
  return len;
}

/* Whatever its name: base64 of JSON, which tokens begin with (RFC 7519 §3.1) and which fields of a
 * head are sent as, or JSON that speaks of secrets. */
static gboolean
is_secret_value (const char *value,
                 gsize       len)
{
  g_autoptr (GString) decoded = NULL;

  if (len == 0 || *value == '\0' || strchr ("e{[%", *value) == NULL)
    return FALSE;
  decoded = decode_often (value, len);
  return g_str_has_prefix (decoded->str, "eyJ") ||
         (strchr ("{[", *decoded->str) != NULL && speaks_of_secret (decoded->str, decoded->len));
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
      const char *equals;

      for (size = 0; at + size < len && !is_separator (url[at + size]);)
        size++;
      equals = memchr (url + at, '=', size);
      if (equals == NULL ? is_mark (url + at, size)
                         : is_secret_name (url + at, (gsize)(equals - url) - at) ||
                             is_secret_value (equals + 1, (gsize)(url + at + size - equals) - 1))
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
  url = decode (value, len, places);
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
  g_autoptr (GString) url = decode (value, len, places);
  g_autoptr (GString) whole = decode_wholly (value, len);
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
  g_autoptr (GString) often = decode_often (value, len);
  g_autoptr (GString) again = decode (often->str, often->len, NULL);

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
  if (is_mark (value, len) || is_secret_value (value, len))
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
      (equals == NULL || !is_plain_name (text, name_len)))
    return FALSE;
  if (equals == NULL)
    return append_value (self, text, len);
  g_string_append_len (self->out, text, (gssize)name_len + 1);
  if (!is_secret_name (text + flags, name_len - flags))
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
