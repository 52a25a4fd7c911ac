/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-inflation.h"

#include "core/proto/duplex-limits.h"

/* The least room for inflated bytes, which duplex-deflate.h recommends, and the most that is kept
 * from one frame to the next. */
#define MIN_ROOM  ((gsize)64 * 1024)
#define KEEP_ROOM ((gsize)1024 * 1024)

struct _DuplexInflation
{
  /* owned */
  DuplexInflater *inflater;
  DuplexCapture  *capture; /* or NULL */
  guint8         *room;    /* what the current frame inflates to, but for what was streamed */

  /* borrowed */
  DuplexInflatedFunc func;
  gpointer           user_data;

  /* state */
  gsize    room_size;
  gsize    used;
  guint64  payload_id; /* where the frame's went that did not fit, or 0 */
  gsize    streamed;   /* bytes of it */
  guint64  size;       /* of the message so far */
  gboolean open;       /* its last frame has not ended */
  gboolean broken;
};

DuplexInflation *
duplex_inflation_new (const DuplexDeflateDirection *deflate,
                      guint64                       max_message,
                      guint                         max_ratio,
                      DuplexCapture                *capture,
                      DuplexInflatedFunc            func,
                      gpointer                      user_data)
{
  DuplexInflation *self;

  g_return_val_if_fail (func != NULL, NULL);

  self = g_new0 (DuplexInflation, 1);
  self->inflater = duplex_inflater_new (deflate, max_message);
  duplex_inflater_set_max_ratio (self->inflater, max_ratio);
  self->capture = capture != NULL ? g_object_ref (capture) : NULL;
  self->func = func;
  self->user_data = user_data;
  return self;
}

void
duplex_inflation_free (DuplexInflation *self)
{
  if (self == NULL)
    return;
  duplex_inflater_free (self->inflater);
  g_clear_object (&self->capture);
  g_free (self->room);
  g_free (self);
}

void
duplex_inflation_begin_frame (DuplexInflation *self,
                              gboolean         first)
{
  g_return_if_fail (self != NULL);

  if (self->room_size > KEEP_ROOM)
    {
      g_clear_pointer (&self->room, g_free);
      self->room_size = 0;
    }
  self->used = 0;
  self->payload_id = 0;
  self->streamed = 0;
  if (!first)
    return;
  /* A message inside another: the rest of that one is not known. */
  self->broken = self->broken || self->open;
  self->open = TRUE;
  self->size = 0;
}

static void
stream (DuplexInflation *self)
{
  if (self->payload_id == 0)
    self->payload_id = duplex_capture_begin_payload (self->capture, NULL);
  duplex_capture_add_payload (self->capture, self->payload_id, self->room, self->used);
  self->streamed += self->used;
  self->used = 0;
}

static void
make_room (DuplexInflation *self)
{
  if (self->used < self->room_size)
    return;
  if (self->capture != NULL && self->room_size >= DUPLEX_LIMIT_CAPTURE_BLOCK)
    {
      stream (self);
      return;
    }
  self->room_size = MAX (2 * self->room_size, MIN_ROOM);
  self->room = g_realloc (self->room, self->room_size);
}

gboolean
duplex_inflation_feed (DuplexInflation *self,
                       const guint8    *data,
                       gsize            len)
{
  DuplexInflateStep step;

  g_return_val_if_fail (self != NULL, FALSE);

  do
    {
      gsize n;

      make_room (self);
      step = duplex_inflater_feed (self->inflater, &data, &len, self->room + self->used,
                                   self->room_size - self->used, &n);
      if (n > 0)
        self->func (self->room + self->used, n, self->user_data);
      self->used += n;
      self->size += n;
  } while (step == DUPLEX_INFLATE_FULL);
  if (step == DUPLEX_INFLATE_FAILED)
    self->broken = TRUE;
  return step != DUPLEX_INFLATE_FAILED;
}

void
duplex_inflation_end_frame (DuplexInflation *self,
                            DuplexSeenFrame *frame)
{
  g_return_if_fail (self != NULL && frame != NULL);

  if (self->payload_id != 0)
    {
      if (self->used > 0)
        stream (self);
      frame->inflated_id = self->payload_id;
      frame->inflated_size = self->streamed;
      return;
    }
  frame->inflated = self->used > 0 ? self->room : NULL;
  frame->inflated_size = self->used;
}

gboolean
duplex_inflation_end_message (DuplexInflation *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  self->open = FALSE;
  if (!duplex_inflater_end (self->inflater))
    self->broken = TRUE;
  return !self->broken;
}

DuplexFinding
duplex_inflation_get_finding (DuplexInflation *self)
{
  g_return_val_if_fail (self != NULL, (DuplexFinding){ 0 });

  return duplex_inflater_get_finding (self->inflater);
}

guint64
duplex_inflation_get_size (DuplexInflation *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->size;
}

void
duplex_inflation_break (DuplexInflation *self)
{
  g_return_if_fail (self != NULL);

  self->broken = TRUE;
}

gboolean
duplex_inflation_is_broken (DuplexInflation *self)
{
  g_return_val_if_fail (self != NULL, TRUE);

  return self->broken;
}
