/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-deflate-words.h"

#include <glib/gi18n.h>

#include "app/duplex-texts.h"

#define BITS_OF_KIB 10

char *
duplex_deflate_words_dup_window (guint bits)
{
  g_return_val_if_fail (bits >= DUPLEX_WINDOW_BITS_MIN && bits <= DUPLEX_WINDOW_BITS_MAX, NULL);

  if (bits < BITS_OF_KIB)
    return g_strdup_printf (_ ("%u bytes"), 1u << bits);

  return g_strdup_printf (_ ("%u KiB"), 1u << (bits - BITS_OF_KIB));
}

char *
duplex_deflate_words_dup_direction (const DuplexDeflateDirection *direction)
{
  g_autofree char *window = NULL;

  g_return_val_if_fail (direction != NULL, NULL);

  window = duplex_deflate_words_dup_window (direction->window_bits);
  return g_strdup_printf (direction->no_context_takeover
                            /* Translators: how messages are compressed; %s is a size. */
                            ? _ ("window of %s, empty for each message")
                            /* Translators: how messages are compressed; %s is a size. */
                            : _ ("window of %s, kept from message to message"),
                          window);
}

char *
duplex_deflate_words_dup_agreement (const DuplexDeflateAgreement *agreement)
{
  g_autofree char *client = NULL;
  g_autofree char *server = NULL;

  g_return_val_if_fail (agreement != NULL, NULL);

  if (!agreement->agreed)
    return NULL;

  client = duplex_deflate_words_dup_direction (&agreement->client);
  server = duplex_deflate_words_dup_direction (&agreement->server);
  /* Translators: how the messages of each direction are compressed. */
  return g_strdup_printf (_ ("Sent: %s\nReceived: %s"), client, server);
}

char *
duplex_deflate_words_dup_ratio (guint64 inflated,
                                guint64 compressed)
{
  if (compressed == 0)
    return g_strdup ("–");

  /* Translators: how well something was compressed, "4.1:1". */
  return g_strdup_printf (_ ("%.1f:1"), (double)inflated / (double)compressed);
}

char *
duplex_deflate_words_dup_sizes (guint64 inflated,
                                guint64 compressed)
{
  g_autofree char *size = duplex_text_size (inflated);
  g_autofree char *wire = duplex_text_size (compressed);

  /* Translators: the size of something that was compressed, inflated and as it was sent. */
  return g_strdup_printf (_ ("%s, %s on the wire"), size, wire);
}

char *
duplex_deflate_words_dup_row_size (DuplexRow *row)
{
  g_autofree char *wire = NULL;

  g_return_val_if_fail (DUPLEX_IS_ROW (row), NULL);

  if (duplex_row_is_inflated (row))
    return duplex_deflate_words_dup_sizes (duplex_row_get_size (row),
                                           duplex_row_get_wire_size (row));

  wire = duplex_text_size (duplex_row_get_wire_size (row));
  if (!duplex_row_is_compressed (row))
    return g_steal_pointer (&wire);

  /* Translators: the size of a message that could not be inflated. */
  return g_strdup_printf (_ ("%s on the wire, not inflated"), wire);
}
