/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-redact.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "core/model/duplex-export-jsonl.h"
#include "core/model/duplex-profile-text.h"
#include "core/model/duplex-redact-url.h"
#include "core/model/duplex-redact-words.h"

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

/* Whether text begins as a URL does (RFC 3986 §3), after blanks. */
static gboolean
is_url (const char *text,
        gsize       len)
{
  gsize from = 0;
  gsize size;

  while (from < len && g_ascii_isspace (text[from]))
    from++;
  size = from;
  while (size < len && (g_ascii_isalnum (text[size]) ||
                        (text[size] != '\0' && strchr ("+-.", text[size]) != NULL)))
    size++;
  return size > from && len - size >= 3 && memcmp (text + size, "://", 3) == 0;
}

/* A URL that is all there is may have quotation marks in it. */
static void
append_text (GString    *out,
             const char *text,
             gsize       len)
{
  if (is_url (text, len))
    duplex_redact_append_url (out, text, len);
  else
    duplex_redact_append_sentence (out, text, len);
}

char *
duplex_redact_dup_text (const char *text)
{
  GString *out;

  g_return_val_if_fail (text != NULL, NULL);

  out = g_string_new (NULL);
  append_text (out, text, strlen (text));
  return g_string_free (out, FALSE);
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
  /* No name has any within: this is a sentence, or the first line. */
  if (memchr (line, ' ', size) != NULL || memchr (line, '\t', size) != NULL)
    return FALSE;
  *ret_from = (gsize)(colon - line) + 1;
  return duplex_redact_is_secret_field (line, size);
}

/* Appends the line, all of which from from on is value, but for blanks around it. */
static void
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
}

/* "GET /path?query HTTP/1.1" (RFC 9112 §3), maybe cut. The target has no spaces, or more than it
 * should. */
static void
append_request_line (GString    *out,
                     const char *line,
                     gsize       len)
{
  const char *space = memchr (line, ' ', len);
  gsize       from = space != NULL ? (gsize)(space - line) + 1 : 0;
  const char *version = g_strrstr_len (line + from, (gssize)(len - from), " HTTP/");
  gsize       to = version != NULL ? (gsize)(version - line) : len;

  g_string_append_len (out, line, (gssize)from);
  duplex_redact_append_url (out, line + from, to - from);
  g_string_append_len (out, line + to, (gssize)(len - to));
}

/* A line that begins with a blank continues the one before (RFC 9112 §5.2). */
static void
append_head (GString    *out,
             const char *text,
             gsize       len,
             gboolean    is_request)
{
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
      if (is_secret)
        append_secret (out, line, size, from);
      else if (at == 0 && is_request)
        append_request_line (out, line, size);
      else
        duplex_redact_append_sentence (out, line, size);
      g_string_append_len (out, line + size, (gssize)(whole - size));
      at += whole;
    }
}

/* line 3: folded headers are obsolete: " b=c"
 *
 * What it quotes may be a line of a head, which duplex_head_parse_response() did not understand:
 * then a value is not known from a name, nor is whose value it continues. */
static void
append_message (GString    *out,
                const char *text,
                gsize       len)
{
  const char *open = memchr (text, '"', len);
  gsize       from = open != NULL ? (gsize)(open - text) + 1 : len;
  gsize       to = len;

  while (to > from && text[to - 1] != '"')
    to--;
  if (to > from)
    to--;
  if (from >= to ||
      (!is_blank (text[from]) && !duplex_redact_is_secret_field (text + from, to - from)))
    {
      duplex_redact_append_sentence (out, text, len);
      return;
    }
  duplex_redact_append_sentence (out, text, from);
  g_string_append (out, DUPLEX_REDACT_MARK);
  duplex_redact_append_sentence (out, text + to, len - to);
}

static gboolean
may_hold_secret (DuplexEventKind kind)
{
  switch (kind)
    {
    case DUPLEX_EVENT_REQUEST:
    case DUPLEX_EVENT_RESPONSE:
    case DUPLEX_EVENT_BODY:
    case DUPLEX_EVENT_CONNECTING:
    case DUPLEX_EVENT_CONNECTED:
    case DUPLEX_EVENT_FAILED:
      return TRUE;
    case DUPLEX_EVENT_FRAME:
    case DUPLEX_EVENT_TLS:
    case DUPLEX_EVENT_CLOSED:
    case DUPLEX_EVENT_UNFINISHED:
    case DUPLEX_EVENT_LOST:
    case DUPLEX_EVENT_GAP:
    default:
      return FALSE;
    }
}

GBytes *
duplex_redact_event (const DuplexEvent *event)
{
  g_autoptr (GString) out = NULL;
  const char         *text;
  gsize               size;

  g_return_val_if_fail (event != NULL, NULL);

  text = (const char *)event->payload;
  size = event->payload_size;
  if (size == 0 || !may_hold_secret (event->kind))
    return NULL;
  /* What cannot be looked at cannot be cleaned. */
  if (text == NULL)
    return g_bytes_new_static (DUPLEX_REDACT_MARK, strlen (DUPLEX_REDACT_MARK));

  out = g_string_sized_new (size + strlen (DUPLEX_REDACT_MARK));
  if (event->kind == DUPLEX_EVENT_REQUEST || event->kind == DUPLEX_EVENT_RESPONSE)
    append_head (out, text, size, event->kind == DUPLEX_EVENT_REQUEST);
  else if (event->kind == DUPLEX_EVENT_CONNECTING || event->kind == DUPLEX_EVENT_CONNECTED)
    duplex_redact_append_url (out, text, size);
  else if (event->kind == DUPLEX_EVENT_FAILED)
    append_message (out, text, size);
  else
    duplex_redact_append_sentence (out, text, size);
  if (out->len == size && memcmp (out->str, text, size) == 0)
    return NULL;
  return g_string_free_to_bytes (g_steal_pointer (&out));
}

/* Where the line begins in which offset is, and ret_line, how many stand before it. */
static gsize
find_line (const char *text,
           gsize       offset,
           guint      *ret_line)
{
  gsize begin = 0;

  *ret_line = 0;
  for (gsize i = 0; i < offset; i++)
    if (text[i] == '\n')
      {
        begin = i + 1;
        ++*ret_line;
      }
  return begin;
}

/* No line end is ever hidden, or added. */
static guint64
map_offset (const DuplexEvent *event,
            GBytes            *clean,
            guint64            offset)
{
  gsize       from = (gsize)MIN (offset, event->payload_size);
  gsize       size;
  const char *text = g_bytes_get_data (clean, &size);
  gsize       at = 0;
  guint       line;

  if (event->payload == NULL)
    return 0;
  from -= find_line ((const char *)event->payload, from, &line);
  while (at < size && (line > 0 || (from > 0 && text[at] != '\n')))
    {
      if (line == 0)
        from--;
      else if (text[at] == '\n')
        line--;
      at++;
    }
  return at;
}

DuplexFinding *
duplex_redact_dup_findings (const DuplexEvent *event,
                            GBytes            *clean)
{
  DuplexFinding *findings;

  g_return_val_if_fail (event != NULL && clean != NULL, NULL);

  findings = g_memdup2 (event->findings, event->n_findings * sizeof *findings);
  for (guint i = 0; i < event->n_findings; i++)
    findings[i].offset = map_offset (event, clean, findings[i].offset);
  return findings;
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
      if (value != NULL && duplex_redact_is_secret_field (value, strlen (value)))
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
  g_autofree char *value = dup_string (text, end);
  g_autofree char *clean = value != NULL ? duplex_redact_dup_text (value) : NULL;

  if (g_strcmp0 (clean, value) != 0)
    duplex_export_jsonl_append_string (out, clean, strlen (clean));
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
      if (key != NULL && (duplex_redact_is_secret_field (key, strlen (key)) ||
                          (is_header && strcmp (key, "value") == 0)))
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
