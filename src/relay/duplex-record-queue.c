/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-record-queue.h"

#include <string.h>

/* Bytes of a block: four reads of the pump, and few enough that most of it is still in the
 * processor's cache where recording keeps pace. */
#define BLOCK_SIZE ((gsize)256 * 1024)
/* Less of a record is not worth a piece of its own. */
#define MIN_PIECE ((gsize)1024)
/* Bytes from which looking whether they are there already is cheaper than to copy them again. */
#define MIN_AGAIN ((gsize)128)
/* Between two looks at lanes that were empty: what waits then was not worth waking for. */
#define GATHER_US (5 * 1000)
/* Blocks that stay while nothing happens. */
#define KEPT 4

/* In a block, before its bytes. */
typedef struct
{
  gpointer owner;
  gint64   time_us;
  guint64  missed;
  guint32  size;
  guint32  offset; /* of the bytes in the block where they are those of an earlier one, or 0 */
  guint8   kind;
  guint8   stream;
} Head;

typedef struct _Block Block;

struct _Block
{
  Block *next; /* atomic; in a lane the newer one */
  gsize  used; /* atomic: what has been written up to there */
  guint8 data[];
};

#define ROOM (BLOCK_SIZE - sizeof (Block))

struct _DuplexRecordLane
{
  DuplexRecordQueue *queue;
  DuplexRecordLane  *next;
  GThread           *thread;

  /* the worker's */
  Block        *tail;
  gsize         used;
  gboolean      refuses;
  const guint8 *source; /* where the bytes stood that put_source copied last ... */
  gsize         source_len;
  gsize         source_offset; /* ... and where they stand in tail */

  /* the recording thread's */
  Block *head;
  gsize  taken;
};

struct _DuplexRecordQueue
{
  guint             max_blocks;
  DuplexRecordLane *lanes;    /* atomic; a lane stays */
  guint             n_blocks; /* atomic: beyond one a lane */
  gboolean          asleep;   /* atomic: whoever puts is to wake the recording thread */

  GMutex   mutex; /* guards the rest */
  GCond    cond;
  Block   *free;
  guint    n_free;
  gboolean stopped;
};

static gsize
align (gsize size)
{
  return (size + 7) & ~(gsize)7;
}

/* ---- blocks ---- */

static Block *
block_new (DuplexRecordQueue *self)
{
  Block *block;

  g_mutex_lock (&self->mutex);
  block = self->free;
  if (block != NULL)
    {
      self->free = block->next;
      self->n_free--;
    }
  g_mutex_unlock (&self->mutex);
  if (block == NULL)
    block = g_malloc (BLOCK_SIZE);
  block->next = NULL;
  block->used = 0;
  return block;
}

/* The one that was used last is taken first: it is the one that the cache has. */
static void
give_back (DuplexRecordQueue *self,
           Block             *block)
{
  __atomic_fetch_sub (&self->n_blocks, 1, __ATOMIC_RELAXED);
  g_mutex_lock (&self->mutex);
  block->next = self->free;
  self->free = block;
  self->n_free++;
  g_mutex_unlock (&self->mutex);
}

static void
free_blocks (Block *block)
{
  while (block != NULL)
    {
      Block *next = block->next;

      g_free (block);
      block = next;
    }
}

/* With the mutex held. */
static void
trim (DuplexRecordQueue *self)
{
  while (self->n_free > KEPT)
    {
      Block *block = self->free;

      self->free = block->next;
      self->n_free--;
      g_free (block);
    }
}

/* ---- a lane, on its worker ---- */

static void
add_block (DuplexRecordLane *self)
{
  Block *block = block_new (self->queue);

  __atomic_fetch_add (&self->queue->n_blocks, 1, __ATOMIC_RELAXED);
  __atomic_store_n (&self->tail->next, block, __ATOMIC_RELEASE);
  self->tail = block;
  self->used = 0;
  self->source_len = 0;
}

static void
publish (DuplexRecordLane *self)
{
  __atomic_store_n (&self->tail->used, self->used, __ATOMIC_RELEASE);
}

static void
write_head (DuplexRecordLane   *self,
            const DuplexRecord *record,
            guint64            *missed,
            gsize               size,
            gsize               offset)
{
  Head *head = (Head *)(gpointer)(self->tail->data + self->used);

  head->owner = record->owner;
  head->time_us = record->time_us;
  head->missed = *missed;
  head->size = (guint32)size;
  head->offset = (guint32)offset;
  head->kind = (guint8)record->kind;
  head->stream = (guint8)record->stream;
  self->used += sizeof *head;
  *missed = 0;
}

/* Returns the size of the last piece. */
static gsize
copy (DuplexRecordLane   *self,
      const DuplexRecord *record,
      guint64            *missed,
      const guint8       *data,
      gsize               len)
{
  gsize piece;

  do
    {
      if (self->used + sizeof (Head) + MIN (len, MIN_PIECE) > ROOM)
        add_block (self);
      piece = MIN (len, ROOM - self->used - sizeof (Head));
      write_head (self, record, missed, piece, 0);
      if (piece > 0)
        memcpy (self->tail->data + self->used, data, piece);
      self->used = align (self->used + piece);
      publish (self);
      data += piece;
      len -= piece;
  } while (len > 0);
  return piece;
}

/* How many bytes of data, from ret_at on, stand in the tail already. */
static gsize
find_again (DuplexRecordLane *self,
            const guint8     *data,
            gsize             len,
            gsize            *ret_at)
{
  const guint8 *begin = MAX (data, self->source);
  const guint8 *end = MIN (data + len, self->source + self->source_len);
  gsize         size = end > begin ? (gsize)(end - begin) : 0;

  if (size < MIN_AGAIN || self->source_len == 0 || self->used + sizeof (Head) > ROOM ||
      memcmp (begin, self->tail->data + self->source_offset + (begin - self->source), size) != 0)
    return 0;
  *ret_at = (gsize)(begin - data);
  return size;
}

static void
copy_unless_there (DuplexRecordLane   *self,
                   const DuplexRecord *record,
                   guint64            *missed,
                   const guint8       *data,
                   gsize               len)
{
  gsize at = 0;
  gsize size = find_again (self, data, len, &at);

  /* What comes before may take the room in the block. */
  if (size > 0 && at > 0)
    {
      copy (self, record, missed, data, at);
      data += at;
      len -= at;
      size = find_again (self, data, len, &at);
    }
  if (size > 0)
    {
      write_head (self, record, missed, size,
                  self->source_offset + (gsize)(data - self->source));
      publish (self);
      data += size;
      len -= size;
    }
  if (len > 0)
    copy (self, record, missed, data, len);
}

static gboolean
is_refused (DuplexRecordLane *self,
            gsize             size,
            guint             n,
            DuplexRecordNeed  need)
{
  gsize least = size + (2 * (gsize)n + 1) * (sizeof (Head) + 8);
  guint n_blocks = __atomic_load_n (&self->queue->n_blocks, __ATOMIC_RELAXED);
  guint max = self->queue->max_blocks;

  if (need == DUPLEX_RECORD_MUST)
    return FALSE;
  if (self->refuses && n_blocks > max / 2)
    return TRUE;
  self->refuses = least > ROOM - self->used && n_blocks + 1 + least / ROOM > max;
  return self->refuses;
}

/* Pairs with what wait does: it has either seen the record, or is seen here. */
static void
wake (DuplexRecordQueue *self)
{
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  if (!__atomic_load_n (&self->asleep, __ATOMIC_RELAXED))
    return;
  g_mutex_lock (&self->mutex);
  __atomic_store_n (&self->asleep, FALSE, __ATOMIC_RELAXED);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

gboolean
duplex_record_lane_put (DuplexRecordLane    *self,
                        const DuplexRecord  *record,
                        const GOutputVector *spans,
                        guint                n,
                        DuplexRecordNeed     need)
{
  guint64 missed = record->missed;
  gsize   size = 0;

  for (guint i = 0; i < n; i++)
    size += spans[i].size;
  if (is_refused (self, size, n, need))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (spans[i].size > 0)
      copy_unless_there (self, record, &missed, spans[i].buffer, spans[i].size);
  if (size == 0)
    copy (self, record, &missed, NULL, 0);
  wake (self->queue);
  return TRUE;
}

gboolean
duplex_record_lane_put_source (DuplexRecordLane   *self,
                               const DuplexRecord *record,
                               const guint8       *data,
                               gsize               len)
{
  guint64 missed = record->missed;
  gsize   piece;

  self->source_len = 0;
  if (is_refused (self, len, 1, DUPLEX_RECORD_MAY))
    return FALSE;
  piece = copy (self, record, &missed, data, len);
  self->source = data + len - piece;
  self->source_len = piece;
  self->source_offset = self->used - align (piece);
  wake (self->queue);
  return TRUE;
}

/* ---- the recording thread ---- */

static const Head *
peek (DuplexRecordLane *self)
{
  Block *next;

  while (self->taken == __atomic_load_n (&self->head->used, __ATOMIC_ACQUIRE))
    {
      next = __atomic_load_n (&self->head->next, __ATOMIC_ACQUIRE);
      /* More may have been written before the next one was begun. */
      if (next == NULL || self->taken < __atomic_load_n (&self->head->used, __ATOMIC_ACQUIRE))
        break;
      give_back (self->queue, self->head);
      self->head = next;
      self->taken = 0;
    }
  if (self->taken == __atomic_load_n (&self->head->used, __ATOMIC_ACQUIRE))
    return NULL;
  return (const Head *)(gpointer)(self->head->data + self->taken);
}

/* The lane whose next record is the oldest. */
static DuplexRecordLane *
find_oldest (DuplexRecordQueue *self)
{
  DuplexRecordLane *oldest = NULL;
  gint64            time_us = 0;

  for (DuplexRecordLane *lane = __atomic_load_n (&self->lanes, __ATOMIC_ACQUIRE); lane != NULL;
       lane = lane->next)
    {
      const Head *head = peek (lane);

      if (head == NULL || (oldest != NULL && head->time_us >= time_us))
        continue;
      oldest = lane;
      time_us = head->time_us;
    }
  return oldest;
}

gboolean
duplex_record_queue_take (DuplexRecordQueue *self,
                          DuplexRecord      *ret_record)
{
  DuplexRecordLane *lane;
  const Head       *head;

  g_return_val_if_fail (self != NULL && ret_record != NULL, FALSE);

  lane = find_oldest (self);
  if (lane == NULL)
    return FALSE;
  head = peek (lane);
  *ret_record = (DuplexRecord){
    .owner = head->owner,
    .time_us = head->time_us,
    .missed = head->missed,
    .kind = head->kind,
    .stream = head->stream,
    .data = head->offset != 0 ? lane->head->data + head->offset : (const guint8 *)(head + 1),
    .size = head->size,
  };
  lane->taken += sizeof *head + (head->offset != 0 ? 0 : align (head->size));
  return TRUE;
}

gboolean
duplex_record_queue_wait (DuplexRecordQueue *self)
{
  gboolean found;

  g_return_val_if_fail (self != NULL, FALSE);

  g_mutex_lock (&self->mutex);
  if (!self->stopped)
    g_cond_wait_until (&self->cond, &self->mutex, g_get_monotonic_time () + GATHER_US);
  g_mutex_unlock (&self->mutex);
  found = find_oldest (self) != NULL;

  g_mutex_lock (&self->mutex);
  if (!found)
    trim (self);
  while (!found && !self->stopped)
    {
      __atomic_store_n (&self->asleep, TRUE, __ATOMIC_RELAXED);
      g_mutex_unlock (&self->mutex);
      __atomic_thread_fence (__ATOMIC_SEQ_CST);
      found = find_oldest (self) != NULL;
      g_mutex_lock (&self->mutex);
      while (!found && !self->stopped && __atomic_load_n (&self->asleep, __ATOMIC_RELAXED))
        g_cond_wait (&self->cond, &self->mutex);
      __atomic_store_n (&self->asleep, FALSE, __ATOMIC_RELAXED);
    }
  g_mutex_unlock (&self->mutex);
  return found || find_oldest (self) != NULL;
}

void
duplex_record_queue_stop (DuplexRecordQueue *self)
{
  g_return_if_fail (self != NULL);

  g_mutex_lock (&self->mutex);
  self->stopped = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

/* ---- the queue ---- */

gsize
duplex_record_queue_get_size (DuplexRecordQueue *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return __atomic_load_n (&self->n_blocks, __ATOMIC_RELAXED) * BLOCK_SIZE;
}

DuplexRecordQueue *
duplex_record_queue_new (gsize max_bytes)
{
  DuplexRecordQueue *self = g_new0 (DuplexRecordQueue, 1);

  self->max_blocks = (guint)(max_bytes / BLOCK_SIZE);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  return self;
}

void
duplex_record_queue_free (DuplexRecordQueue *self)
{
  if (self == NULL)
    return;
  while (self->lanes != NULL)
    {
      DuplexRecordLane *lane = self->lanes;

      self->lanes = lane->next;
      free_blocks (lane->head);
      g_free (lane);
    }
  free_blocks (self->free);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

DuplexRecordLane *
duplex_record_queue_get_lane (DuplexRecordQueue *self)
{
  GThread          *thread = g_thread_self ();
  DuplexRecordLane *lane;

  g_return_val_if_fail (self != NULL, NULL);

  for (lane = __atomic_load_n (&self->lanes, __ATOMIC_ACQUIRE); lane != NULL; lane = lane->next)
    if (lane->thread == thread)
      return lane;
  lane = g_new0 (DuplexRecordLane, 1);
  lane->queue = self;
  lane->thread = thread;
  lane->head = lane->tail = block_new (self);
  lane->next = __atomic_load_n (&self->lanes, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n (&self->lanes, &lane->next, lane, FALSE, __ATOMIC_RELEASE,
                                       __ATOMIC_RELAXED))
    ;
  return lane;
}
