/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Bytes that wait to be written, in one piece. It takes memory only while it holds something, so
 * that a thousand idle connections cost nothing. */

#include <glib.h>

G_BEGIN_DECLS

/* All zeros is an empty queue. */
typedef struct
{
  guint8 *data;     /* private, like the rest */
  gsize   start;    /* of what waits */
  gsize   end;      /* behind what waits */
  gsize   capacity; /* of data */
} DuplexByteQueue;

/* Forgets what waits and frees the memory. */
void duplex_byte_queue_clear (DuplexByteQueue *self);

static inline gsize
duplex_byte_queue_get_size (const DuplexByteQueue *self)
{
  return self->end - self->start;
}

/* Room for size bytes behind what waits; valid until the next call. They wait once committed. */
guint8 *duplex_byte_queue_reserve (DuplexByteQueue *self,
                                   gsize            size);
void    duplex_byte_queue_commit (DuplexByteQueue *self,
                                  gsize            size);

/* What waits; valid until the next call. */
const guint8 *duplex_byte_queue_peek (const DuplexByteQueue *self,
                                      gsize                 *ret_size);
/* The first size bytes have left. */
void duplex_byte_queue_consume (DuplexByteQueue *self,
                                gsize            size);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DuplexByteQueue, duplex_byte_queue_clear)

G_END_DECLS
