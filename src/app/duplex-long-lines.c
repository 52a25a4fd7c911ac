/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-long-lines.h"

gboolean
duplex_long_lines_find (const char *text,
                        gsize       len,
                        gsize       beside)
{
  gsize start = 0;

  g_return_val_if_fail (text != NULL || len == 0, FALSE);

  if (len + beside <= DUPLEX_LONG_LINE)
    return FALSE;

  for (gsize i = 0; i <= len; i++)
    {
      if (i < len && text[i] != '\n' && text[i] != '\r')
        continue;
      if (i - start + beside > DUPLEX_LONG_LINE)
        return TRUE;
      start = i + 1;
    }

  return FALSE;
}

gboolean
duplex_long_lines_is_blank (const char *text)
{
  g_return_val_if_fail (text != NULL, TRUE);

  while (g_unichar_isspace (g_utf8_get_char (text)))
    text = g_utf8_next_char (text);

  return *text == '\0';
}
