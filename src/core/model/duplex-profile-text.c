/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile-text.h"

#include <json-glib/json-glib.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-json.h"
#include "core/proto/duplex-limits.h"

/* Bytes of a string that an error repeats. */
#define MAX_SHOWN 60

gboolean
duplex_profile_text_fail (GError    **error,
                          const char *text,
                          const char *where,
                          const char *format,
                          ...)
{
  guint            line = 1;
  va_list          args;
  g_autofree char *what = NULL;

  for (const char *p = text; p < where; p++)
    line += *p == '\n';

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_SYNTAX, "Line %u: %s", line, what);

  return FALSE;
}

static guint
read_hex4 (const char *p)
{
  guint value = 0;

  for (guint i = 0; i < 4; i++)
    value = value << 4 | g_ascii_xdigit_value (p[i]);

  return value;
}

/* Whether a string that the lexer accepted can be held as UTF-8: RFC 8259 §8.2 lets escapes name
 * half a surrogate pair, and a C string has no NUL. */
static gboolean
has_usable_escapes (const char *string,
                    gsize       len)
{
  const char *end = string + len;
  gboolean    want_low = FALSE;

  for (const char *p = string; p < end;)
    {
      gboolean is_unicode = p[0] == '\\' && p[1] == 'u';
      guint    unit = is_unicode ? read_hex4 (p + 2) : 0;
      gboolean is_low = unit >= 0xdc00 && unit <= 0xdfff;

      if (want_low != is_low || (is_unicode && unit == 0))
        return FALSE;
      want_low = unit >= 0xd800 && unit <= 0xdbff;

      if (is_unicode)
        p += 6;
      else
        p += p[0] == '\\' ? 2 : 1;
    }

  return !want_low;
}

static gboolean
fail_string (const char *text,
             const char *string,
             gsize       len,
             GError    **error)
{
  gsize shown = MIN (len, MAX_SHOWN);

  /* Not in the middle of a character. */
  while (shown < len && ((guint8)string[shown] & 0xc0) == 0x80)
    shown--;

  return duplex_profile_text_fail (error, text, string, "%.*s cannot be held as text", (int)shown,
                                   string);
}

gboolean
duplex_profile_text_check (const char *text,
                           gsize       len,
                           GError    **error)
{
  g_autoptr (DuplexJsonLexer) lexer = NULL;
  DuplexJsonToken             token;
  const char                 *bad;
  gsize                       offset;
  gsize                       size;
  guint                       line;
  guint                       column;

  if (len > DUPLEX_LIMIT_PROFILE)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG,
                   "A profile of %" G_GSIZE_FORMAT " bytes is over the limit of %" G_GSIZE_FORMAT,
                   len, DUPLEX_LIMIT_PROFILE);
      return FALSE;
    }
  /* Stops at a NUL too, which is no JSON either. */
  if (!g_utf8_validate_len (text, len, &bad))
    return duplex_profile_text_fail (error, text, bad, "byte 0x%02x is not UTF-8 text",
                                     (guint8)*bad);

  lexer = duplex_json_lexer_new (text, len);
  while ((token = duplex_json_lexer_next (lexer, &offset, &size)) != DUPLEX_JSON_END)
    {
      if (token == DUPLEX_JSON_ERROR)
        {
          const char *what = duplex_json_lexer_get_error (lexer, &offset, &line, &column);
          gboolean    is_deep = duplex_json_lexer_is_too_deep (lexer);

          g_set_error (error, DUPLEX_ERROR, is_deep ? DUPLEX_ERROR_TOO_BIG : DUPLEX_ERROR_SYNTAX,
                       "Line %u, column %u: %s", line, column, what);
          return FALSE;
        }
      if ((token == DUPLEX_JSON_STRING || token == DUPLEX_JSON_KEY) &&
          !has_usable_escapes (text + offset, size))
        return fail_string (text, text + offset, size, error);
    }

  return TRUE;
}

GArray *
duplex_profile_text_split (const char *text,
                           gsize       len)
{
  g_autoptr (DuplexJsonLexer) lexer = duplex_json_lexer_new (text, len);
  GArray                     *parts = g_array_new (FALSE, FALSE, sizeof (DuplexProfilePart));
  DuplexProfilePart           part = { 0 };
  guint                       depth = 0;
  DuplexJsonToken             token;
  gsize                       offset;
  gsize                       size;

  while ((token = duplex_json_lexer_next (lexer, &offset, &size)) > DUPLEX_JSON_ERROR)
    {
      gboolean is_open = token == DUPLEX_JSON_OBJECT_OPEN || token == DUPLEX_JSON_ARRAY_OPEN;
      gboolean is_close = token == DUPLEX_JSON_OBJECT_CLOSE || token == DUPLEX_JSON_ARRAY_CLOSE;

      if (is_close)
        depth--;
      if (depth == 1 && token == DUPLEX_JSON_KEY)
        {
          part.key = text + offset;
          part.key_len = size;
        }
      else if (depth == 1 && (is_open || token >= DUPLEX_JSON_STRING))
        {
          part.value = text + offset;
        }
      if (depth == 1 && (is_close || token >= DUPLEX_JSON_STRING))
        {
          part.end = text + offset + size;
          g_array_append_val (parts, part);
        }
      if (is_open)
        depth++;
    }

  return parts;
}

static char *
decode_string (const char *text,
               gsize       len)
{
  g_autofree char     *terminated = g_strndup (text, len);
  g_autoptr (JsonNode) node = json_from_string (terminated, NULL);

  return node != NULL ? json_node_dup_string (node) : NULL;
}

static gboolean
is_known (const DuplexProfilePart *part,
          const char *const       *known)
{
  g_autofree char *name = decode_string (part->key, part->key_len);

  return name != NULL && g_strv_contains (known, name);
}

char *
duplex_profile_text_get_unknown (GArray            *parts,
                                 const char *const *known)
{
  GString *unknown = g_string_new (NULL);

  for (guint i = 0; i < parts->len; i++)
    {
      const DuplexProfilePart *part = &g_array_index (parts, DuplexProfilePart, i);

      if (is_known (part, known))
        continue;
      if (unknown->len > 0)
        g_string_append (unknown, ", ");
      g_string_append_len (unknown, part->key, part->end - part->key);
    }

  return g_string_free (unknown, FALSE);
}

const DuplexProfilePart *
duplex_profile_text_find (GArray     *parts,
                          const char *name)
{
  const char *const only[] = { name, NULL };

  for (guint i = parts->len; i > 0; i--)
    {
      const DuplexProfilePart *part = &g_array_index (parts, DuplexProfilePart, i - 1);

      if (is_known (part, only))
        return part;
    }

  return NULL;
}
