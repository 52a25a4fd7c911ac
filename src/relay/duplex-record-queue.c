/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-record-queue.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* Bytes of a block: four reads of the pump, and few enough that most of it is still in the
 * processor's cache where recording keeps pace. */
#define BLOCK_SIZE ((gsize)256 * 1024)
/* Less of a record is not worth a piece of its own. */
#define MIN_PIECE ((gsize)1024)
/* Bytes from which looking whether they are there already is cheaper than to copy them again. */
#define MIN_AGAIN ((gsize)128)
/* Between two looks at lanes that were empty: what waits then was not worth waking for. */
#define GATHER_MS 5
/* The part of its time that a worker spends here at most, and what it may save of that, in ns:
 * enough to fill the queue once. What recording costs a busy pump beside that, in caches and
 * in memory, is as much again. */
#define SHARE   20
#define SAVINGS ((gint64)10 * 1000 * 1000)
/* What putting a record takes that is too small to look at the clock twice, in ns: so much, and a
 * part of it a byte. */
#define SMALL       4096
#define SMALL_COST  250
#define SMALL_BYTES 4
/* Blocks that a lane keeps while nothing happens. */
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
  gint64        credit;  /* ns that it may spend here */
  gint64        seen_us; /* up to where that was counted */
  const guint8 *source;  /* where the bytes stood that put_source copied last ... */
  gsize         source_len;
  gsize         source_offset; /* ... and where they stand in tail */

  Block *spare; /* blocks to use next */

  /* both */
  Block *returned; /* atomic: blocks that were emptied, for the worker to take all at once */
  guint  n_spare;  /* atomic: of both */

  /* the recording thread's */
  Block *head;
  gsize  taken;
};

/* The recording thread runs when nothing else wants to, and may be stopped anywhere for long: no
 * worker ever waits for anything that it holds. */
struct _DuplexRecordQueue
{
  guint             max_blocks;
  int               event;       /* an eventfd: wakes the recording thread */
  DuplexRecordLane *lanes;       /* atomic; a lane stays */
  guint             n_blocks;    /* atomic: in use, beyond one a lane */
  guint             n_allocated; /* atomic: likewise, with the spare ones */
  gboolean          asleep;      /* atomic: whoever puts is to wake the recording thread */
  gboolean          stopped;     /* atomic */
};

static gsize
align (gsize size)
{
  return (size + 7) & ~(gsize)7;
}

/* ---- blocks ---- */

static Block *
block_new (void)
{
  Block *block = g_malloc (BLOCK_SIZE);

  block->next = NULL;
  block->used = 0;
  return block;
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

/* On the recording thread: to the lane that has the fewest. */
static void
give_back (DuplexRecordQueue *self,
           Block             *block)
{
  DuplexRecordLane *poorest = __atomic_load_n (&self->lanes, __ATOMIC_ACQUIRE);

  for (DuplexRecordLane *lane = poorest->next; lane != NULL; lane = lane->next)
    if (__atomic_load_n (&lane->n_spare, __ATOMIC_RELAXED) <
        __atomic_load_n (&poorest->n_spare, __ATOMIC_RELAXED))
      poorest = lane;
  __atomic_fetch_add (&poorest->n_spare, 1, __ATOMIC_RELAXED);
  block->next = __atomic_load_n (&poorest->returned, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n (&poorest->returned, &block->next, block, FALSE,
                                       __ATOMIC_RELEASE, __ATOMIC_RELAXED))
    ;
  __atomic_fetch_sub (&self->n_blocks, 1, __ATOMIC_RELAXED);
}

/* On the recording thread, while nothing happens. */
static void
trim (DuplexRecordQueue *self)
{
  for (DuplexRecordLane *lane = __atomic_load_n (&self->lanes, __ATOMIC_ACQUIRE); lane != NULL;
       lane = lane->next)
    {
      guint  n = __atomic_load_n (&lane->n_spare, __ATOMIC_RELAXED);
      Block *blocks = NULL;

      if (n > KEPT)
        blocks = __atomic_exchange_n (&lane->returned, NULL, __ATOMIC_ACQUIRE);
      for (n = 0; blocks != NULL; n++)
        {
          Block *next = blocks->next;

          g_free (blocks);
          blocks = next;
        }
      __atomic_fetch_sub (&lane->n_spare, n, __ATOMIC_RELAXED);
      __atomic_fetch_sub (&self->n_allocated, n, __ATOMIC_RELAXED);
    }
}

/* ---- a lane, on its worker ---- */

/* The one that was emptied last is used first: it is the one that the cache has. All are taken and
 * the rest is put back, unless others have come meanwhile: what is there can be trimmed. */
static Block *
take_spare (DuplexRecordLane *self)
{
  Block *block = self->spare;
  Block *none = NULL;

  if (block == NULL)
    block = __atomic_exchange_n (&self->returned, NULL, __ATOMIC_ACQUIRE);
  if (block == NULL)
    {
      __atomic_fetch_add (&self->queue->n_allocated, 1, __ATOMIC_RELAXED);
      return block_new ();
    }
  self->spare = block->next;
  if (self->spare != NULL &&
      __atomic_compare_exchange_n (&self->returned, &none, self->spare, FALSE, __ATOMIC_RELEASE,
                                   __ATOMIC_RELAXED))
    self->spare = NULL;
  __atomic_fetch_sub (&self->n_spare, 1, __ATOMIC_RELAXED);
  block->next = NULL;
  block->used = 0;
  return block;
}

static void
add_block (DuplexRecordLane *self)
{
  Block *block = take_spare (self);

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

/* Whether so many more blocks would be too many: those in use, or in memory at all, as others may
 * have what this one lacks. */
static gboolean
lacks_blocks (DuplexRecordLane *self,
              guint             n)
{
  guint in_use = __atomic_load_n (&self->queue->n_blocks, __ATOMIC_RELAXED);
  guint allocated = __atomic_load_n (&self->queue->n_allocated, __ATOMIC_RELAXED);
  guint spare = __atomic_load_n (&self->n_spare, __ATOMIC_RELAXED);

  return in_use + n > self->queue->max_blocks ||
         (n > spare && allocated + n - spare > self->queue->max_blocks);
}

static gint64
get_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

/* Returns when it began where that is to be measured, else 0. */
static gint64
begin_spending (gsize size)
{
  return size < SMALL ? 0 : get_ns ();
}

static void
end_spending (DuplexRecordLane *self,
              gint64            began,
              gsize             size)
{
  const gint64 most = SMALL_COST + (gint64)size;

  /* What takes longer than a nanosecond a byte is another's turn on the processor. */
  self->credit -= began != 0 ? MIN (get_ns () - began, most)
                             : SMALL_COST + (gint64)size / SMALL_BYTES;
}

static gboolean
is_broke (DuplexRecordLane *self,
          gint64            time_us)
{
  gint64 elapsed_us = CLAMP (time_us - self->seen_us, 0, SAVINGS / 1000 * SHARE);

  self->seen_us = time_us;
  self->credit = MIN (self->credit + elapsed_us * 1000 / SHARE, SAVINGS);
  return self->credit <= (self->refuses ? SAVINGS / 2 : 0);
}

static gboolean
is_refused (DuplexRecordLane   *self,
            const DuplexRecord *record,
            gsize               size,
            guint               n,
            DuplexRecordNeed    need)
{
  gsize least = size + (2 * (gsize)n + 1) * (sizeof (Head) + 8);
  guint half = self->queue->max_blocks / 2;

  if (need == DUPLEX_RECORD_MUST)
    return FALSE;
  if (is_broke (self, record->time_us) ||
      (self->refuses && __atomic_load_n (&self->queue->n_blocks, __ATOMIC_RELAXED) > half))
    {
      self->refuses = TRUE;
      return TRUE;
    }
  self->refuses = least > ROOM - self->used && lacks_blocks (self, (guint)(least / ROOM) + 1);
  return self->refuses;
}

static void
ring (DuplexRecordQueue *self)
{
  const guint64 one = 1;
  gssize        n;

  do
    n = write (self->event, &one, sizeof one);
  while (n < 0 && errno == EINTR);
}

/* Pairs with what wait does: it has either seen the record, or is seen here. */
static void
wake (DuplexRecordQueue *self)
{
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  if (__atomic_load_n (&self->asleep, __ATOMIC_RELAXED) &&
      __atomic_exchange_n (&self->asleep, FALSE, __ATOMIC_RELAXED))
    ring (self);
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
  gint64  began;

  for (guint i = 0; i < n; i++)
    size += spans[i].size;
  if (is_refused (self, record, size, n, need))
    return FALSE;
  began = begin_spending (size);
  for (guint i = 0; i < n; i++)
    if (spans[i].size > 0)
      copy_unless_there (self, record, &missed, spans[i].buffer, spans[i].size);
  if (size == 0)
    copy (self, record, &missed, NULL, 0);
  wake (self->queue);
  end_spending (self, began, size);
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
  gint64  began;

  self->source_len = 0;
  if (is_refused (self, record, len, 1, DUPLEX_RECORD_MAY))
    return FALSE;
  began = begin_spending (len);
  piece = copy (self, record, &missed, data, len);
  self->source = data + len - piece;
  self->source_len = piece;
  self->source_offset = self->used - align (piece);
  wake (self->queue);
  end_spending (self, began, len);
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

/* Until it is rung, or timeout has passed. */
static void
wait_for_ring (DuplexRecordQueue *self,
               int                timeout_ms)
{
  struct pollfd fd = { self->event, POLLIN, 0 };
  guint64       n;

  if (poll (&fd, 1, timeout_ms) > 0 && read (self->event, &n, sizeof n) < 0)
    g_debug ("The queue's event cannot be read: %s", g_strerror (errno));
}

static gboolean
is_stopped (DuplexRecordQueue *self)
{
  return __atomic_load_n (&self->stopped, __ATOMIC_ACQUIRE);
}

gboolean
duplex_record_queue_wait (DuplexRecordQueue *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (!is_stopped (self))
    wait_for_ring (self, GATHER_MS);
  if (find_oldest (self) == NULL)
    trim (self);
  while (find_oldest (self) == NULL && !is_stopped (self))
    {
      __atomic_store_n (&self->asleep, TRUE, __ATOMIC_RELAXED);
      __atomic_thread_fence (__ATOMIC_SEQ_CST);
      if (find_oldest (self) == NULL && !is_stopped (self))
        wait_for_ring (self, -1);
      __atomic_store_n (&self->asleep, FALSE, __ATOMIC_RELAXED);
    }
  return find_oldest (self) != NULL;
}

void
duplex_record_queue_stop (DuplexRecordQueue *self)
{
  g_return_if_fail (self != NULL);

  __atomic_store_n (&self->stopped, TRUE, __ATOMIC_RELEASE);
  ring (self);
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
  self->event = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (self->event < 0)
    g_error ("There is no descriptor to wake the recorder with: %s", g_strerror (errno));
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
      free_blocks (lane->spare);
      free_blocks (lane->returned);
      g_free (lane);
    }
  close (self->event);
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
  lane->credit = SAVINGS;
  lane->head = lane->tail = block_new ();
  lane->next = __atomic_load_n (&self->lanes, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n (&self->lanes, &lane->next, lane, FALSE, __ATOMIC_RELEASE,
                                       __ATOMIC_RELAXED))
    ;
  return lane;
}
