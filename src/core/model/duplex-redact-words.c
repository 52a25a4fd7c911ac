/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-redact-words.h"

#include <string.h>

/* Of percent-encoding. What needs more is not meant to be understood. */
#define MAX_ROUNDS 8

/* What the name of a parameter, or of a field, has in it when its value is a secret. */
static const char *const secret_words[] = {
  "auth",
  "bearer",
  "cookie",
  "credential",
  "jwt",
  "key",
  "pass",
  "pwd",
  "secret",
  "session",
  "signature",
  "ticket",
  "token",
};

/* Too short to be looked for within others. */
static const char *const secret_names[] = { "pw", "sid", "sig" };

/* Fields that only look as if: they challenge, or allow (RFC 9110 §11.6.1, §11.7.1; Fetch §3.3).
 * All of RFC 6455 §11.3 are harmless, too: Sec-WebSocket-Key is no secret (§10.3). */
#define HARMLESS_PREFIX "sec-websocket-"
static const char *const harmless_fields[] = {
  "access-control-allow-credentials",
  "proxy-authenticate",
  "www-authenticate",
};

/* ---- percent-encoding ---- */

static gboolean
is_escape (const char *text,
           gsize       len)
{
  return len > 2 && text[0] == '%' && g_ascii_isxdigit (text[1]) && g_ascii_isxdigit (text[2]);
}

GString *
duplex_redact_decode (const char *text,
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

GString *
duplex_redact_decode_often (const char *text,
                            gsize       len)
{
  GString *decoded = g_string_new_len (text, (gssize)len);

  for (guint i = 0; i < MAX_ROUNDS && memchr (decoded->str, '%', decoded->len) != NULL; i++)
    {
      GString *next = duplex_redact_decode (decoded->str, decoded->len, NULL);

      g_string_free (decoded, TRUE);
      decoded = next;
    }
  return decoded;
}

GString *
duplex_redact_decode_wholly (const char *text,
                             gsize       len)
{
  g_autoptr (GString) decoded = duplex_redact_decode_often (text, len);

  if (memchr (decoded->str, '%', decoded->len) != NULL)
    return NULL;
  return g_steal_pointer (&decoded);
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

gboolean
duplex_redact_is_plain_name (const char *name,
                             gsize       len)
{
  for (gsize i = 0; i < len; i++)
    if (!g_ascii_isalnum (name[i]) && (name[i] == '\0' || strchr ("-._~$[]", name[i]) == NULL))
      return FALSE;
  return len > 0;
}

gboolean
duplex_redact_is_secret_name (const char *name,
                              gsize       len)
{
  g_autoptr (GString) decoded = duplex_redact_decode_wholly (name, len);

  return decoded == NULL || !duplex_redact_is_plain_name (decoded->str, decoded->len) ||
         speaks_of_secret (decoded->str, decoded->len);
}

gboolean
duplex_redact_is_secret_value (const char *value,
                               gsize       len)
{
  g_autoptr (GString) decoded = NULL;

  if (len == 0 || *value == '\0' || strchr ("e{[%", *value) == NULL)
    return FALSE;
  decoded = duplex_redact_decode_often (value, len);
  return g_str_has_prefix (decoded->str, "eyJ") ||
         (strchr ("{[", *decoded->str) != NULL && speaks_of_secret (decoded->str, decoded->len));
}
