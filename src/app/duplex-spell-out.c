/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-spell-out.h"

/* g_utf8_get_char_validated() answers with one of these at a byte that begins no character. */
static gboolean
is_invalid (gunichar c)
{
  return c == (gunichar)-1 || c == (gunichar)-2;
}

static gboolean
is_hidden (gunichar           c,
           DuplexSpellOutMode mode)
{
  if (c == '\n' || c == '\t')
    return mode == DUPLEX_SPELL_OUT_LINE;

  return c < 0x20 ||                     /* C0 controls */
         (c >= 0x7f && c < 0xa0) ||      /* DEL, C1 controls */
         c == 0xad ||                    /* soft hyphen */
         c == 0x61c ||                   /* Arabic letter mark */
         c == 0x200b ||                  /* zero width space */
         (c >= 0x200e && c <= 0x200f) || /* left-to-right and right-to-left mark */
         (c >= 0x2028 && c <= 0x202e) || /* separators; bidi embeddings and overrides */
         (c >= 0x2060 && c <= 0x206f) || /* invisible operators, bidi isolates */
         c == 0xfeff ||                  /* byte order mark */
         (c >= 0xfff9 && c <= 0xfffb);   /* interlinear annotation */
}

static void
append_escape (GString *out,
               gunichar c,
               guint8   byte)
{
  if (is_invalid (c))
    g_string_append_printf (out, "\\x%02x", byte);
  else if (c == '\n')
    g_string_append (out, "\\n");
  else if (c == '\r')
    g_string_append (out, "\\r");
  else if (c == '\t')
    g_string_append (out, "\\t");
  else
    g_string_append_printf (out, "\\u%04x", c);
}

void
duplex_spell_out_append (GString           *out,
                         const char        *text,
                         gsize              len,
                         DuplexSpellOutMode mode,
                         GArray            *spans)
{
  gsize run = 0;
  gsize pos = 0;

  g_return_if_fail (out != NULL);
  g_return_if_fail (text != NULL || len == 0);

  while (pos < len)
    {
      guint8   byte = (guint8)text[pos];
      gunichar c = byte < 0x80 ? byte : g_utf8_get_char_validated (text + pos, (gssize)(len - pos));
      gsize    size = byte < 0x80 || is_invalid (c) ? 1 : (gsize)g_unichar_to_utf8 (c, NULL);
      gsize    start;

      if (!is_invalid (c) && !is_hidden (c, mode))
        {
          pos += size;
          continue;
        }

      g_string_append_len (out, text + run, (gssize)(pos - run));
      start = out->len;
      append_escape (out, c, byte);
      if (spans != NULL)
        {
          DuplexHighlightSpan span = { start, out->len - start, DUPLEX_HIGHLIGHT_ESCAPE };

          g_array_append_val (spans, span);
        }
      pos += size;
      run = pos;
    }

  g_string_append_len (out, text + run, (gssize)(len - run));
}

gsize
duplex_spell_out_trim (const char *text,
                       gsize       len)
{
  gsize start = len;

  /* A character has at most three bytes behind its first. */
  while (start > 0 && len - start < 3 && ((guint8)text[start - 1] & 0xc0) == 0x80)
    start--;
  if (start == 0 || (guint8)text[start - 1] < 0xc0)
    return len;

  start--;
  if (g_utf8_get_char_validated (text + start, (gssize)(len - start)) == (gunichar)-2)
    return start;

  return len;
}
