/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-leg-words.h"

#include <glib/gi18n.h>

#include "core/model/duplex-capture.h"

char *
duplex_leg_words_dup_name (DuplexCapture     *capture,
                           const DuplexEvent *event)
{
  guint32 pair;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (capture), NULL);
  g_return_val_if_fail (event != NULL, NULL);

  switch (duplex_capture_get_leg (capture, event->connection, &pair))
    {
    case DUPLEX_CAPTURE_LEG_CLIENT:
      /* Translators: one of the clients of a relay, with its number. */
      return g_strdup_printf (_ ("Client %u"), pair);
    case DUPLEX_CAPTURE_LEG_BACKEND:
      /* Translators: the server that a relay connects a client to, with that client's number. */
      return g_strdup_printf (_ ("Backend %u"), pair);
    case DUPLEX_CAPTURE_LEG_NONE:
    default:
      return NULL;
    }
}

char *
duplex_leg_words_dup_sentence (DuplexCapture     *capture,
                               const DuplexEvent *event)
{
  guint32 pair;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (capture), NULL);
  g_return_val_if_fail (event != NULL, NULL);

  switch (duplex_capture_get_leg (capture, event->connection, &pair))
    {
    case DUPLEX_CAPTURE_LEG_CLIENT:
      /* Translators: where a message was seen: number of the connection, number of the client. */
      return g_strdup_printf (_ ("Connection %u, between client %u and the relay"),
                              event->connection, pair);
    case DUPLEX_CAPTURE_LEG_BACKEND:
      /* Translators: where a message was seen: number of the connection, number of the client
       * whose backend it is. */
      return g_strdup_printf (_ ("Connection %u, between the relay and backend %u"),
                              event->connection, pair);
    case DUPLEX_CAPTURE_LEG_NONE:
    default:
      return NULL;
    }
}
