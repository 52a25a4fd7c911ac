/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-filter-string.h"

#include <string.h>

#include "core/proto/duplex-error.h"

/* A backslash, the u and four hexadecimal digits. */
#define UNICODE_SIZE 6

#define REPLACEMENT  0xFFFD

gboolean
duplex_filter_is_string (const char *text)
{
  return *text == '"' || *text == '\'';
}

/* The four digits of \uXXXX; FALSE where that does not stand there. */
static gboolean
read_unicode (const char *text,
              gsize       size,
              gunichar   *ret_unit)
{
  gunichar unit = 0;

  if (size < UNICODE_SIZE || text[0] != '\\' || text[1] != 'u')
    return FALSE;

  for (gsize i = 2; i < UNICODE_SIZE; i++)
    {
      int digit = g_ascii_xdigit_value (text[i]);

      if (digit < 0)
        return FALSE;
      unit = unit * 16 + (gunichar)digit;
    }

  *ret_unit = unit;
  return TRUE;
}

static gboolean
is_high (gunichar unit)
{
  return unit >= 0xD800 && unit < 0xDC00;
}

static gboolean
is_low (gunichar unit)
{
  return unit >= 0xDC00 && unit < 0xE000;
}

static gunichar
read_unicode_escape (const char *text,
                     gsize       size,
                     gsize      *ret_size)
{
  gunichar unit;
  gunichar low;

  if (!read_unicode (text, size, &unit))
    return (gunichar)-1;

  *ret_size = UNICODE_SIZE;
  if (!is_high (unit))
    return is_low (unit) ? REPLACEMENT : unit;

  if (!read_unicode (text + UNICODE_SIZE, size - UNICODE_SIZE, &low) || !is_low (low))
    return REPLACEMENT;

  *ret_size = (gsize)2 * UNICODE_SIZE;
  return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

gunichar
duplex_filter_read_escape (const char *text,
                           gsize       size,
                           gsize      *ret_size)
{
  *ret_size = 2;
  if (size < 2)
    return (gunichar)-1;

  switch (text[1])
    {
    case '"':
    case '\\':
    case '/':
      return (gunichar)text[1];
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'u':
      return read_unicode_escape (text, size, ret_size);
    default:
      return (gunichar)-1;
    }
}

static gboolean
append_escape (GString     *out,
               const char **text,
               GError     **error)
{
  gsize    size;
  gunichar c = duplex_filter_read_escape (*text, strlen (*text), &size);

  if ((*text)[1] == '\'')
    c = '\'';

  if (c == (gunichar)-1)
    {
      g_set_error_literal (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                           "unknown escape; possible are \\\" \\' \\\\ \\/ \\b \\f \\n \\r \\t "
                           "and \\u with four hexadecimal digits");
      return FALSE;
    }

  g_string_append_unichar (out, c);
  *text += size;
  return TRUE;
}

GString *
duplex_filter_read_string (const char  *text,
                           const char **ret_end,
                           GError     **error)
{
  g_autoptr (GString) out = g_string_new (NULL);
  char                quote = *text;

  *ret_end = text;
  for (text++; *text != quote;)
    {
      gsize plain = strcspn (text, quote == '"' ? "\"\\" : "'\\");

      g_string_append_len (out, text, (gssize)plain);
      text += plain;
      if (*text == '\0')
        {
          g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                       "the string has no end; expected %c", quote);
          return NULL;
        }
      if (*text == '\\' && !append_escape (out, &text, error))
        {
          *ret_end = text;
          return NULL;
        }
    }

  *ret_end = text + 1;
  return g_steal_pointer (&out);
}
