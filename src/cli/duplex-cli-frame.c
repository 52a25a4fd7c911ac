/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-frame.h"

#include <glib/gi18n.h>
#include <string.h>

#include "cli/duplex-cli-hex.h"
#include "cli/duplex-cli-status.h"

/* ---- words ---- */

static const char *
skip_spaces (const char *text)
{
  while (*text == ' ')
    text++;
  return text;
}

/* The word that text begins with. */
static char *
dup_word (const char *text)
{
  return g_strndup (text, strcspn (text, " "));
}

/* "16", "0x10". */
static gboolean
parse_number (const char *text,
              guint64     most,
              guint64    *ret_number)
{
  gboolean hex = g_str_has_prefix (text, "0x");

  return g_ascii_string_to_unsigned (text + (hex ? 2 : 0), hex ? 16 : 10, 0, most, ret_number,
                                     NULL);
}

static gboolean
parse_opcode (const char *word,
              guint8     *ret_opcode,
              GError    **error)
{
  static const guint8 named[] = { DUPLEX_OPCODE_CONTINUATION, DUPLEX_OPCODE_TEXT,
                                  DUPLEX_OPCODE_BINARY, DUPLEX_OPCODE_CLOSE,
                                  DUPLEX_OPCODE_PING, DUPLEX_OPCODE_PONG };
  guint64             number;

  for (guint i = 0; i < G_N_ELEMENTS (named); i++)
    if (strcmp (word, duplex_opcode_get_name (named[i])) == 0)
      {
        *ret_opcode = named[i];
        return TRUE;
      }
  if (!parse_number (word, 0xf, &number))
    return duplex_cli_refuse (error,
                              _ ("“%s” is no opcode; text, binary, continuation, close, ping, "
                                 "pong and 0 to 15 are"),
                              word);
  *ret_opcode = (guint8)number;
  return TRUE;
}

/* ---- options ---- */

static gboolean
apply_nofin (DuplexFrameDraft *draft,
             const char       *value)
{
  draft->fin = FALSE;
  return TRUE;
}

static gboolean
apply_rsv1 (DuplexFrameDraft *draft,
            const char       *value)
{
  return draft->rsv1 = TRUE;
}

static gboolean
apply_rsv2 (DuplexFrameDraft *draft,
            const char       *value)
{
  return draft->rsv2 = TRUE;
}

static gboolean
apply_rsv3 (DuplexFrameDraft *draft,
            const char       *value)
{
  return draft->rsv3 = TRUE;
}

static gboolean
apply_mask (DuplexFrameDraft *draft,
            const char       *value)
{
  guint64 key;

  if (strcmp (value, "none") == 0)
    draft->mask = DUPLEX_DRAFT_MASK_NONE;
  else if (strcmp (value, "random") == 0)
    draft->mask = DUPLEX_DRAFT_MASK_RANDOM;
  else if (strlen (value) == 8 &&
           g_ascii_string_to_unsigned (value, 16, 0, G_MAXUINT32, &key, NULL))
    {
      draft->mask = DUPLEX_DRAFT_MASK_KEY;
      for (guint i = 0; i < 4; i++)
        draft->key[i] = (guint8)(key >> (24 - 8 * i));
    }
  else
    return FALSE;
  return TRUE;
}

static gboolean
apply_len (DuplexFrameDraft *draft,
           const char       *value)
{
  guint64 bits;

  if (!parse_number (value, 64, &bits) || (bits != 7 && bits != 16 && bits != 64))
    return FALSE;
  draft->length_bits = (guint8)bits;
  return TRUE;
}

static gboolean
apply_length (DuplexFrameDraft *draft,
              const char       *value)
{
  draft->states_length = TRUE;
  return parse_number (value, G_MAXUINT64, &draft->length);
}

static gboolean
apply_stop (DuplexFrameDraft *draft,
            const char       *value)
{
  return parse_number (value, G_MAXUINT64, &draft->stop) && draft->stop > 0;
}

static const struct
{
  const char *name;
  const char *values; /* what may stand behind =, NULL for nothing */
  gboolean (*apply) (DuplexFrameDraft *draft, const char *value);
} options[] = {
  { "nofin", NULL, apply_nofin },
  { "rsv1", NULL, apply_rsv1 },
  { "rsv2", NULL, apply_rsv2 },
  { "rsv3", NULL, apply_rsv3 },
  { "mask", "none|random|XXXXXXXX", apply_mask },
  { "len", "7|16|64", apply_len },
  { "length", "N", apply_length },
  { "stop", "N", apply_stop },
};

/* Whether text looks like NAME=VALUE. */
static gboolean
looks_like_option (const char *word)
{
  gsize len = strspn (word, "abcdefghijklmnopqrstuvwxyz0123456789-_");

  return len > 0 && word[len] == '=';
}

/* Words that stand elsewhere, and those that one might take for options. */
static gboolean
check_is_text (const char *word,
               GError    **error)
{
  if (strcmp (word, "deliberate") == 0)
    return duplex_cli_refuse (error, _ ("“%s” stands before the opcode"), word);
  if (looks_like_option (word) || (g_str_has_prefix (word, "rsv") && g_ascii_isdigit (word[3])))
    return duplex_cli_refuse (error, _ ("“%s” is no option of a frame; a text that looks like "
                                        "one stands behind --"),
                              word);
  return TRUE;
}

/* ret_is_option is set where it was one; seen has a bit for each that was there before. */
static gboolean
take_option (DuplexFrameDraft *draft,
             const char       *word,
             guint            *seen,
             gboolean         *ret_is_option,
             GError          **error)
{
  const char *value = strchr (word, '=');
  gsize       len = value != NULL ? (gsize)(value - word) : strlen (word);

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      if (strlen (options[i].name) != len || strncmp (word, options[i].name, len) != 0)
        continue;
      if (*seen & 1u << i)
        return duplex_cli_refuse (error, _ ("“%s” stands twice"), options[i].name);
      *seen |= 1u << i;
      if ((value != NULL) != (options[i].values != NULL) ||
          !options[i].apply (draft, value != NULL ? value + 1 : NULL))
        return duplex_cli_refuse (error, _ ("“%s”: it is %s%s%s"), word, options[i].name,
                                  options[i].values != NULL ? "=" : "",
                                  options[i].values != NULL ? options[i].values : "");
      *ret_is_option = TRUE;
      return TRUE;
    }
  return check_is_text (word, error);
}

/* ---- the payload ---- */

static gboolean
take_hex (DuplexFrameDraft *draft,
          const char       *text,
          GError          **error)
{
  draft->payload = duplex_cli_hex_parse (text, strlen (text));
  return draft->payload != NULL ||
         duplex_cli_refuse (error, _ ("“%s”: these are not pairs of hexadecimal digits"), text);
}

static void
take_text (DuplexFrameDraft *draft,
           const char       *text)
{
  draft->payload = g_bytes_new (text, strlen (text));
}

/* All behind the opcode. */
static gboolean
parse_rest (DuplexFrameDraft *draft,
            const char       *rest,
            GError          **error)
{
  guint seen = 0;

  for (rest = skip_spaces (rest); *rest != '\0';)
    {
      g_autofree char *word = dup_word (rest);
      gboolean         is_option = FALSE;

      if (g_str_has_prefix (word, "hex:"))
        return take_hex (draft, rest, error);
      if (strcmp (word, "--") == 0)
        {
          take_text (draft, rest[2] == ' ' ? rest + 3 : rest + 2);
          return TRUE;
        }
      if (!take_option (draft, word, &seen, &is_option, error))
        return FALSE;
      if (!is_option)
        {
          take_text (draft, rest);
          return TRUE;
        }
      rest = skip_spaces (rest + strlen (word));
    }
  return TRUE;
}

DuplexFrameDraft *
duplex_cli_frame_parse (const char *text,
                        gboolean   *ret_deliberate,
                        GError    **error)
{
  const DuplexFrameDraft       init = DUPLEX_FRAME_DRAFT_INIT;
  g_autoptr (DuplexFrameDraft) draft = duplex_frame_draft_copy (&init);
  g_autofree char             *word = NULL;
  gboolean                     deliberate;

  g_return_val_if_fail (text != NULL && ret_deliberate != NULL, NULL);

  text = skip_spaces (text);
  word = dup_word (text);
  deliberate = strcmp (word, "deliberate") == 0 || strcmp (word, "!") == 0;
  if (deliberate)
    {
      text = skip_spaces (text + strlen (word));
      g_free (word);
      word = dup_word (text);
    }
  if (*word == '\0')
    {
      duplex_cli_refuse (error, _ ("which opcode? See /help frame"));
      return NULL;
    }
  if (!parse_opcode (word, &draft->opcode, error) ||
      !parse_rest (draft, text + strlen (word), error) ||
      !duplex_frame_draft_check (draft, error))
    return NULL;
  *ret_deliberate = deliberate;
  return g_steal_pointer (&draft);
}

/* ---- points ---- */

GArray *
duplex_cli_frame_parse_points (const char *text,
                               GError    **error)
{
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_auto (GStrv)     words = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  words = g_strsplit (text, ",", -1);
  for (guint i = 0; i == 0 || words[i] != NULL; i++)
    {
      guint64 number;
      gsize   point;

      if (words[i] == NULL || !parse_number (words[i], G_MAXSIZE, &number))
        {
          duplex_cli_refuse (error, _ ("“%s” is no offset into the message"),
                             words[i] != NULL ? words[i] : "");
          return NULL;
        }
      point = (gsize)number;
      if (i > 0 && point < g_array_index (points, gsize, i - 1))
        {
          duplex_cli_refuse (error, _ ("“%s” comes after a larger offset"), words[i]);
          return NULL;
        }
      g_array_append_val (points, point);
    }
  return g_steal_pointer (&points);
}

/* ---- help ---- */

const char *
duplex_cli_frame_get_help (guint        i,
                           const char **ret_text)
{
  static const struct
  {
    const char *words;
    const char *text;
  } lines[] = {
    { "deliberate | !", N_ ("send it though RFC 6455 forbids it") },
    { "OPCODE", N_ ("text, binary, continuation, close, ping, pong, or 0 to 15") },
    { "nofin", N_ ("without FIN: more fragments follow") },
    { "rsv1 rsv2 rsv3", N_ ("with these reserved bits") },
    { "mask=none|random|XXXXXXXX", N_ ("without a masking key, or with this one") },
    { "len=7|16|64", N_ ("say the length in so many bits") },
    { "length=N", N_ ("say this length, whatever the payload is") },
    { "stop=N", N_ ("stop after N bytes of the frame") },
    { "TEXT | hex:HEX", N_ ("the payload; behind -- all is TEXT") },
  };

  if (i >= G_N_ELEMENTS (lines))
    return NULL;
  *ret_text = lines[i].text;
  return lines[i].words;
}
