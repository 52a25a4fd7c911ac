/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-row-copy.h"

#include "app/duplex-message-bytes.h"
#include "app/duplex-texts.h"

gboolean
duplex_row_copy_fits (DuplexRow *row)
{
  g_return_val_if_fail (DUPLEX_IS_ROW (row), FALSE);

  if (duplex_row_get_kind (row) == DUPLEX_ROW_BINARY)
    return duplex_row_copy_hex_fits (row);

  return duplex_row_get_size (row) <= DUPLEX_ROW_COPY_MAX;
}

gboolean
duplex_row_copy_hex_fits (DuplexRow *row)
{
  g_return_val_if_fail (DUPLEX_IS_ROW (row), FALSE);

  return duplex_row_get_kind (row) != DUPLEX_ROW_STATE &&
         duplex_row_get_size (row) <= DUPLEX_ROW_COPY_HEX_MAX;
}

char *
duplex_row_copy_text (DuplexRow *row)
{
  g_autoptr (GBytes) payload = NULL;
  gsize              len;
  const char        *text;

  g_return_val_if_fail (DUPLEX_IS_ROW (row), NULL);

  if (!duplex_row_copy_fits (row))
    return NULL;

  switch (duplex_row_get_kind (row))
    {
    case DUPLEX_ROW_TEXT:
      if (!duplex_message_bytes_is_text (row))
        return duplex_row_copy_hex (row);
      payload = duplex_row_dup_payload (row, DUPLEX_ROW_COPY_MAX, NULL);
      text = g_bytes_get_data (payload, &len);
      return len > 0 ? g_utf8_make_valid (text, (gssize)len) : g_strdup ("");
    case DUPLEX_ROW_BINARY:
      return duplex_row_copy_hex (row);
    case DUPLEX_ROW_CONTROL:
      return duplex_text_control (duplex_row_get_event (row));
    case DUPLEX_ROW_STATE:
    default:
      return duplex_text_state (duplex_row_get_event (row));
    }
}

char *
duplex_row_copy_hex (DuplexRow *row)
{
  static const char  digits[] = "0123456789abcdef";
  g_autoptr (GBytes) payload = NULL;
  gsize              len;
  const guint8      *data;
  char              *hex;

  g_return_val_if_fail (DUPLEX_IS_ROW (row), NULL);

  if (!duplex_row_copy_hex_fits (row))
    return NULL;

  payload = duplex_row_dup_payload (row, DUPLEX_ROW_COPY_HEX_MAX, NULL);
  data = g_bytes_get_data (payload, &len);
  hex = g_malloc (3 * len + 1);
  for (gsize i = 0; i < len; i++)
    {
      hex[3 * i] = digits[data[i] >> 4];
      hex[3 * i + 1] = digits[data[i] & 0xf];
      hex[3 * i + 2] = ' ';
    }
  hex[len > 0 ? 3 * len - 1 : 0] = '\0';

  return hex;
}
