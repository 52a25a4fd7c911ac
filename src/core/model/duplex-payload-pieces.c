/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-payload-pieces.h"

guint64
duplex_payload_get_size (const DuplexEvent *event,
                         DuplexPayload      which)
{
  return which == DUPLEX_PAYLOAD_WIRE ? event->payload_size : event->inflated_size;
}

gboolean
duplex_payload_exists (const DuplexEvent *event,
                       DuplexPayload      which)
{
  return which == DUPLEX_PAYLOAD_WIRE || event->inflated != NULL || event->inflated_id != 0;
}

DuplexPayload
duplex_payload_get_plain (const DuplexEvent *event)
{
  return duplex_payload_exists (event, DUPLEX_PAYLOAD_INFLATED) ? DUPLEX_PAYLOAD_INFLATED
                                                                : DUPLEX_PAYLOAD_WIRE;
}

DuplexPayload
duplex_payload_get_shown (const DuplexEvent *last)
{
  return duplex_event_ends_inflated (last) ? DUPLEX_PAYLOAD_INFLATED : DUPLEX_PAYLOAD_WIRE;
}

static gboolean
look_at_first (const DuplexEvent *event,
               gpointer           user_data)
{
  gboolean *is_compressed = user_data;

  *is_compressed = duplex_event_begins_compressed (event);
  return FALSE;
}

gboolean
duplex_payload_is_compressed (DuplexCapture     *capture,
                              const DuplexEvent *last)
{
  gboolean is_compressed = FALSE;

  g_return_val_if_fail (DUPLEX_IS_CAPTURE (capture), FALSE);
  g_return_val_if_fail (last != NULL, FALSE);

  if (duplex_event_ends_inflated (last))
    return TRUE;
  if (last->message == 0 || last->first >= last->number)
    return duplex_event_begins_compressed (last);

  duplex_capture_walk (capture, last->first, last->first, look_at_first, &is_compressed);
  return is_compressed;
}

static guint64
walk_memory (const guint8          *data,
             guint64                size,
             DuplexPayloadPieceFunc func,
             gpointer               user_data)
{
  guint64 done = 0;

  while (done < size)
    {
      gsize    piece = (gsize)MIN (size - done, DUPLEX_PAYLOAD_PIECE);
      gboolean goes_on = func (data + done, piece, user_data);

      done += piece;
      if (!goes_on)
        break;
    }
  return done;
}

static guint64
walk_apart (DuplexCapture         *capture,
            const DuplexEvent     *event,
            DuplexPayload          which,
            DuplexPayloadPieceFunc func,
            gpointer               user_data)
{
  g_autofree guint8 *buffer = g_malloc (DUPLEX_PAYLOAD_PIECE);
  guint64            done = 0;
  gsize              piece;

  while ((piece = duplex_capture_read_payload (capture, event, which, done, buffer,
                                               DUPLEX_PAYLOAD_PIECE)) > 0)
    {
      gboolean goes_on = func (buffer, piece, user_data);

      done += piece;
      if (!goes_on)
        break;
    }
  return done;
}

guint64
duplex_payload_walk (DuplexCapture         *capture,
                     const DuplexEvent     *event,
                     DuplexPayload          which,
                     DuplexPayloadPieceFunc func,
                     gpointer               user_data)
{
  const guint8 *data;
  guint64       size;

  g_return_val_if_fail (event != NULL, 0);
  g_return_val_if_fail (func != NULL, 0);

  data = which == DUPLEX_PAYLOAD_WIRE ? event->payload : event->inflated;
  size = duplex_payload_get_size (event, which);
  if (size == 0)
    return 0;
  if (data != NULL)
    return walk_memory (data, size, func, user_data);
  return capture != NULL ? walk_apart (capture, event, which, func, user_data) : 0;
}
