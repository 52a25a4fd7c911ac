/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-redact.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "core/model/duplex-export-jsonl.h"
#include "core/model/duplex-profile-text.h"

/* Case does not matter in any of these. */
static const char *const secret_fields[] = {
  "authorization",
  "cookie",
  "proxy-authorization",
  "set-cookie",
};

/* What the name of a profile's member has in it when its value is a secret. */
static const char *const secret_words[] = {
  "credential",
  "passphrase",
  "password",
  "private-key",
  "secret",
  "token",
};

static gboolean
is_secret_field (const char *name,
                 gsize       len)
{
  for (guint i = 0; i < G_N_ELEMENTS (secret_fields); i++)
    if (strlen (secret_fields[i]) == len && g_ascii_strncasecmp (secret_fields[i], name, len) == 0)
      return TRUE;
  return FALSE;
}

/* ---- a URL ---- */

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

/* Length of the scheme that text begins with (RFC 3986 §3.1), or 0. */
static gsize
get_scheme_size (const char *text,
                 gsize       len)
{
  gsize size = 0;

  while (size < len && (g_ascii_isalnum (text[size]) ||
                        (text[size] != '\0' && strchr ("+-.", text[size]) != NULL)))
    size++;
  return size;
}

/* What ends the authority of a URL, and what does so too where the URL stands in a sentence. */
#define URL_STOPS      "/?#"
#define SENTENCE_STOPS URL_STOPS "\"'<> \t\r\n"

/* Bytes from text, behind "://", to the "@" that ends the user information: the last one, because
 * passwords are also written without percent signs. 0 where there is none. */
static gsize
get_user_info_size (const char *text,
                    gsize       len,
                    const char *stops)
{
  gsize size = 0;

  for (gsize i = 0; i < len && memchr (stops, text[i], strlen (stops)) == NULL; i++)
    if (text[i] == '@')
      size = i;
  return size;
}

/* Appends text without the user information of the URL that it is. FALSE where it has none; out is
 * as it was then. */
static gboolean
append_url (GString    *out,
            const char *text,
            gsize       len)
{
  gsize from = 0;
  gsize size;

  while (from < len && g_ascii_isspace (text[from]))
    from++;
  size = get_scheme_size (text + from, len - from);
  from += size;
  if (size == 0 || len - from < 3 || memcmp (text + from, "://", 3) != 0)
    return FALSE;
  from += 3;
  size = get_user_info_size (text + from, len - from, URL_STOPS);
  if (size == 0)
    return FALSE;
  g_string_append_len (out, text, (gssize)from);
  g_string_append (out, DUPLEX_REDACT_MARK);
  g_string_append_len (out, text + from + size, (gssize)(len - from - size));
  return TRUE;
}

/* The same for all URLs in a sentence. */
static gboolean
append_sentence (GString    *out,
                 const char *text,
                 gsize       len)
{
  gboolean changed = FALSE;
  gsize    done = 0;

  for (gsize i = 0; len >= 3 && i <= len - 3; i++)
    {
      gsize size;

      if (memcmp (text + i, "://", 3) != 0)
        continue;
      size = get_user_info_size (text + i + 3, len - i - 3, SENTENCE_STOPS);
      if (size == 0)
        continue;
      g_string_append_len (out, text + done, (gssize)(i + 3 - done));
      g_string_append (out, DUPLEX_REDACT_MARK);
      done = i + 3 + size;
      changed = TRUE;
      i = done;
    }
  if (changed)
    g_string_append_len (out, text + done, (gssize)(len - done));
  return changed;
}

/* ---- a head ---- */

/* Of a line without its end. Whether it has a name, and one of the secret ones; ret_from is where
 * its value begins. Space before the colon is not allowed (RFC 9112 §5.1) and accepted by some. */
static gboolean
begins_secret (const char *line,
               gsize       len,
               gsize      *ret_from)
{
  const char *colon = memchr (line, ':', len);
  gsize       size;

  if (colon == NULL)
    return FALSE;
  size = (gsize)(colon - line);
  while (size > 0 && is_blank (line[size - 1]))
    size--;
  *ret_from = (gsize)(colon - line) + 1;
  return is_secret_field (line, size);
}

/* Appends the line, all of which from from on is value, but for blanks around it. */
static gboolean
append_secret (GString    *out,
               const char *line,
               gsize       len,
               gsize       from)
{
  gsize to = len;

  while (from < to && is_blank (line[from]))
    from++;
  while (to > from && is_blank (line[to - 1]))
    to--;
  g_string_append_len (out, line, (gssize)from);
  if (from < to)
    g_string_append (out, DUPLEX_REDACT_MARK);
  g_string_append_len (out, line + to, (gssize)(len - to));
  return from < to;
}

/* A line that begins with a blank continues the one before (RFC 9112 §5.2). */
static gboolean
append_head (GString    *out,
             const char *text,
             gsize       len)
{
  gboolean changed = FALSE;
  gboolean is_secret = FALSE;

  for (gsize at = 0; at < len;)
    {
      const char *line = text + at;
      const char *feed = memchr (line, '\n', len - at);
      gsize       whole = feed != NULL ? (gsize)(feed - line) + 1 : len - at;
      gsize       size = feed != NULL ? whole - 1 : whole;
      gsize       from = 0;

      if (size > 0 && line[size - 1] == '\r')
        size--;
      if (size == 0 || !is_blank (line[0]))
        is_secret = begins_secret (line, size, &from);
      if (!is_secret)
        g_string_append_len (out, line, (gssize)size);
      else if (append_secret (out, line, size, from))
        changed = TRUE;
      g_string_append_len (out, line + size, (gssize)(whole - size));
      at += whole;
    }
  return changed;
}

GBytes *
duplex_redact_event (const DuplexEvent *event)
{
  g_autoptr (GString) out = NULL;
  gboolean (*append) (GString * out, const char *text, gsize len);

  g_return_val_if_fail (event != NULL, NULL);

  switch (event->kind)
    {
    case DUPLEX_EVENT_REQUEST:
    case DUPLEX_EVENT_RESPONSE:
      append = append_head;
      break;
    case DUPLEX_EVENT_CONNECTING:
    case DUPLEX_EVENT_CONNECTED:
      append = append_url;
      break;
    case DUPLEX_EVENT_FAILED:
      append = append_sentence;
      break;
    case DUPLEX_EVENT_FRAME:
    case DUPLEX_EVENT_BODY:
    case DUPLEX_EVENT_TLS:
    case DUPLEX_EVENT_CLOSED:
    case DUPLEX_EVENT_UNFINISHED:
    case DUPLEX_EVENT_LOST:
    case DUPLEX_EVENT_GAP:
    default:
      return NULL;
    }
  if (event->payload_size == 0)
    return NULL;
  /* What cannot be looked at cannot be cleaned. */
  if (event->payload == NULL)
    return g_bytes_new_static (DUPLEX_REDACT_MARK, strlen (DUPLEX_REDACT_MARK));

  out = g_string_sized_new (event->payload_size + strlen (DUPLEX_REDACT_MARK));
  if (!append (out, (const char *)event->payload, event->payload_size))
    return NULL;
  return g_string_free_to_bytes (g_steal_pointer (&out));
}

/* ---- a profile ---- */

/* A string of JSON that was checked, with its quotes. NULL for any other value. */
static char *
dup_string (const char *text,
            const char *end)
{
  g_autofree char     *copy = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (*text != '"')
    return NULL;
  copy = g_strndup (text, (gsize)(end - text));
  node = json_from_string (copy, NULL);
  return node != NULL ? json_node_dup_string (node) : NULL;
}

static gboolean
is_secret_member (const char *name)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);

  for (guint i = 0; i < G_N_ELEMENTS (secret_words); i++)
    if (strstr (lower, secret_words[i]) != NULL)
      return TRUE;
  return is_secret_field (name, strlen (name));
}

/* Whether an object is a header whose value is a secret. */
static gboolean
is_secret_header (GArray *parts)
{
  for (guint i = 0; i < parts->len; i++)
    {
      const DuplexProfilePart *part = &g_array_index (parts, DuplexProfilePart, i);
      g_autofree char         *key = NULL;
      g_autofree char         *value = NULL;

      if (part->key == NULL)
        return FALSE;
      key = dup_string (part->key, part->key + part->key_len);
      if (g_strcmp0 (key, "name") == 0)
        value = dup_string (part->value, part->end);
      if (value != NULL && is_secret_field (value, strlen (value)))
        return TRUE;
    }
  return FALSE;
}

/* What says nothing stays: an empty string, true, false and null. */
static void
append_secret_value (GString    *out,
                     const char *text,
                     const char *end)
{
  if (strchr ("tfn", *text) != NULL || (end - text == 2 && *text == '"'))
    g_string_append_len (out, text, end - text);
  else
    g_string_append (out, "\"" DUPLEX_REDACT_MARK "\"");
}

static void
append_string (GString    *out,
               const char *text,
               const char *end)
{
  g_autofree char    *value = dup_string (text, end);
  g_autoptr (GString) clean = g_string_new (NULL);

  if (value != NULL && append_url (clean, value, strlen (value)))
    duplex_export_jsonl_append_string (out, clean->str, clean->len);
  else
    g_string_append_len (out, text, end - text);
}

/* The nesting is bounded: see duplex_profile_text_check(). */
static void
append_value (GString    *out,
              const char *text,
              const char *end)
{
  g_autoptr (GArray) parts = NULL;
  gboolean           is_header;
  const char        *done = text;

  if (*text != '{' && *text != '[')
    {
      append_string (out, text, end);
      return;
    }
  parts = duplex_profile_text_split (text, (gsize)(end - text));
  is_header = is_secret_header (parts);
  for (guint i = 0; i < parts->len; i++)
    {
      const DuplexProfilePart *part = &g_array_index (parts, DuplexProfilePart, i);
      g_autofree char         *key =
        part->key != NULL ? dup_string (part->key, part->key + part->key_len) : NULL;

      g_string_append_len (out, done, part->value - done);
      if (key != NULL &&
          (is_secret_member (key) || (is_header && strcmp (key, "value") == 0)))
        append_secret_value (out, part->value, part->end);
      else
        append_value (out, part->value, part->end);
      done = part->end;
    }
  g_string_append_len (out, done, end - done);
}

char *
duplex_redact_profile (const char *json)
{
  g_autoptr (GString) out = NULL;
  gsize               len;
  gsize               from;

  g_return_val_if_fail (json != NULL, NULL);

  len = strlen (json);
  if (!duplex_profile_text_check (json, len, NULL))
    return g_strdup ("{}");
  out = g_string_sized_new (len);
  from = strspn (json, " \t\r\n");
  g_string_append_len (out, json, (gssize)from);
  append_value (out, json + from, json + len);
  return g_string_free (g_steal_pointer (&out), FALSE);
}
