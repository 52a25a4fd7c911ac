/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-list.h"

#include <string.h>

gboolean
duplex_is_token_char (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-.^_`|~", c) != NULL);
}

static gboolean
is_white_space (char c)
{
  return c == ' ' || c == '\t';
}

void
duplex_trim (const char **text,
             gsize       *len)
{
  while (*len > 0 && is_white_space (**text))
    {
      *text += 1;
      *len -= 1;
    }

  while (*len > 0 && is_white_space ((*text)[*len - 1]))
    *len -= 1;
}

/* The comma that ends the element, or the end of the value. */
static const char *
find_element_end (const char *p)
{
  gboolean quoted = FALSE;

  for (; *p != '\0' && (quoted || *p != ','); p++)
    {
      if (*p == '"')
        quoted = !quoted;
      else if (quoted && *p == '\\' && p[1] != '\0')
        p++;
    }

  return p;
}

gboolean
duplex_list_next (const char **rest,
                  const char **ret_item,
                  gsize       *ret_len)
{
  while (**rest != '\0')
    {
      const char *item = *rest;
      const char *end = find_element_end (item);
      gsize       len = end - item;

      *rest = *end == ',' ? end + 1 : end;
      duplex_trim (&item, &len);
      if (len == 0)
        continue;

      *ret_item = item;
      *ret_len = len;
      return TRUE;
    }

  return FALSE;
}
