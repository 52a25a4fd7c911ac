/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-byte-queue.h"

#include <string.h>

/* The least that is allocated: most of what waits is a few small frames. */
#define LEAST ((gsize)1024)

void
duplex_byte_queue_clear (DuplexByteQueue *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->data);
  *self = (DuplexByteQueue){ 0 };
}

guint8 *
duplex_byte_queue_reserve (DuplexByteQueue *self,
                           gsize            size)
{
  gsize waiting;

  g_return_val_if_fail (self != NULL, NULL);

  if (size <= self->capacity - self->end)
    return self->data + self->end;

  waiting = self->end - self->start;
  g_assert (size <= G_MAXSIZE / 2 - waiting);
  if (self->start > 0)
    memmove (self->data, self->data + self->start, waiting);
  self->start = 0;
  self->end = waiting;
  if (size > self->capacity - waiting)
    {
      self->capacity = MAX (MAX (LEAST, waiting + size), MIN (self->capacity, G_MAXSIZE / 2) * 2);
      self->data = g_realloc (self->data, self->capacity);
    }
  return self->data + self->end;
}

void
duplex_byte_queue_commit (DuplexByteQueue *self,
                          gsize            size)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (size <= self->capacity - self->end);

  self->end += size;
}

const guint8 *
duplex_byte_queue_peek (const DuplexByteQueue *self,
                        gsize                 *ret_size)
{
  g_return_val_if_fail (self != NULL && ret_size != NULL, NULL);

  *ret_size = self->end - self->start;
  return *ret_size > 0 ? self->data + self->start : NULL;
}

void
duplex_byte_queue_consume (DuplexByteQueue *self,
                           gsize            size)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (size <= self->end - self->start);

  self->start += size;
  if (self->start == self->end)
    duplex_byte_queue_clear (self);
}
