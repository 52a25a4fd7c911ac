/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-hex.h"

#include <string.h>

GBytes *
duplex_cli_hex_parse (const char *text,
                      gsize       len)
{
  static const char      prefix[] = "hex:";
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gsize                  at = 0;

  if (len >= sizeof prefix - 1 && memcmp (text, prefix, sizeof prefix - 1) == 0)
    at = sizeof prefix - 1;
  while (at < len)
    {
      int    high, low;
      guint8 byte;

      if (g_ascii_isspace (text[at]))
        {
          at++;
          continue;
        }
      high = g_ascii_xdigit_value (text[at]);
      low = at + 1 < len ? g_ascii_xdigit_value (text[at + 1]) : -1;
      if (high < 0 || low < 0)
        return NULL;
      byte = (guint8)(high << 4 | low);
      g_byte_array_append (bytes, &byte, 1);
      at += 2;
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}
