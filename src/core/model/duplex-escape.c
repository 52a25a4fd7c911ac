/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-escape.h"

/* What a character that is spelled out may begin with: C1 with the one, the directional ones with
 * the other. */
#define LEAD_C1          0xc2
#define LEAD_DIRECTIONAL 0xe2

static gboolean
is_plain (const DuplexEscape *self,
          guint8              c)
{
  if (c >= 0x7f)
    return c != 0x7f && c != LEAD_C1 && c != LEAD_DIRECTIONAL;
  if (self->style == DUPLEX_ESCAPE_JSON)
    return c >= 0x20 && c != '"' && c != '\\';

  return c >= 0x20 || c == '\n' || c == '\t';
}

static void
append_ascii (const DuplexEscape *self,
              GString            *out,
              guint8              c)
{
  if (self->style == DUPLEX_ESCAPE_TERMINAL)
    g_string_append_printf (out, "\\x%02x", c);
  else if (c == '\n')
    g_string_append (out, "\\n");
  else if (c == '\r')
    g_string_append (out, "\\r");
  else if (c == '\t')
    g_string_append (out, "\\t");
  else if (c == '"' || c == '\\')
    g_string_append_printf (out, "\\%c", c);
  else
    g_string_append_printf (out, "\\u%04x", c);
}

/* Whether c ends a character to be spelled out, of which the rest is held. */
static gboolean
ends_held (const DuplexEscape *self,
           guint8              c)
{
  if (self->held[0] == LEAD_C1)
    return c >= 0x80 && c <= 0x9f;
  if (self->n_held < 2)
    return FALSE;

  return self->held[1] == 0x80 ? c >= 0xaa && c <= 0xae : c >= 0xa6 && c <= 0xa9;
}

/* What comes after a byte that is held; FALSE where nothing is any more and c is still to be
 * taken. */
static gboolean
take_next (DuplexEscape *self,
           GString      *out,
           guint8        c)
{
  if (ends_held (self, c))
    {
      guint character = c;

      if (self->n_held == 2)
        character = 0x2000 | (self->held[1] & 0x3fu) << 6 | (c & 0x3fu);
      g_string_append_printf (out, "\\u%04x", character);
      self->n_held = 0;
      return TRUE;
    }
  if (self->held[0] == LEAD_DIRECTIONAL && self->n_held == 1 && (c == 0x80 || c == 0x81))
    {
      self->held[self->n_held++] = c;
      return TRUE;
    }

  duplex_escape_end (self, out);
  return FALSE;
}

void
duplex_escape_append (DuplexEscape *self,
                      GString      *out,
                      const char   *text,
                      gsize         len)
{
  gsize from = 0;

  for (gsize i = 0; i < len; i++)
    {
      guint8 c = (guint8)text[i];

      if (self->n_held > 0 && take_next (self, out, c))
        {
          from = i + 1;
          continue;
        }
      if (is_plain (self, c))
        continue;
      g_string_append_len (out, text + from, (gssize)(i - from));
      from = i + 1;
      if (c == LEAD_C1 || c == LEAD_DIRECTIONAL)
        self->held[self->n_held++] = c;
      else
        append_ascii (self, out, c);
    }
  g_string_append_len (out, text + from, (gssize)(len - from));
}

void
duplex_escape_end (DuplexEscape *self,
                   GString      *out)
{
  g_string_append_len (out, (const char *)self->held, self->n_held);
  self->n_held = 0;
}
