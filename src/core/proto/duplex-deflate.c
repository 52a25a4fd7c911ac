/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-deflate.h"

#include <string.h>
#include <zlib.h>

#include "core/proto/duplex-limits.h"

#define TAIL_SIZE 4

/* What a flush ends with and the wire leaves out: the lengths of an empty stored block, 0 and its
 * complement (§7.2.1). */
static const guint8 tail[TAIL_SIZE] = { 0x00, 0x00, 0xff, 0xff };

/* An empty message, and the end of one that was flushed: the header of an empty stored block, the
 * rest of which is the tail (§7.2.3.6). zlib itself has nothing to flush then, and writes nothing.
 */
static const guint8 empty_message = 0x00;

/* Bits of z_stream.data_type after inflate(), see zlib.h: how many bits of the last byte are left,
 * and whether a block has just ended. */
#define UNUSED_BITS  0x3f
#define AT_BLOCK_END 0x80

/* zlib's least window for raw data when it deflates, and its own default of memory. */
#define ZLIB_MIN_RAW_BITS 9
#define DEFAULT_MEM_LEVEL 8

/* Bytes by which the deflater's output grows at a time: what a small message takes at most, a flush
 * included, and no more than that of a large one. */
#define SPARE_ROOM 64
#define MAX_ROOM   ((gsize)16 * 1024)

struct _DuplexInflater
{
  z_stream      z;
  gboolean      no_context_takeover;
  gboolean      final_seen; /* a BFINAL block has ended and nothing came behind it */
  guint64       max_message;
  guint64       payload_size;
  guint64       inflated_size;
  guint         max_ratio; /* or 0 */
  DuplexFinding finding;
};

struct _DuplexDeflater
{
  z_stream z;
  gboolean no_context_takeover;
  guint64  message_size; /* bytes of the current message that were fed */
  gboolean flushed;      /* and nothing was fed since */
};

static gboolean
is_direction (const DuplexDeflateDirection *direction)
{
  return direction != NULL && direction->window_bits >= DUPLEX_WINDOW_BITS_MIN &&
         direction->window_bits <= DUPLEX_WINDOW_BITS_MAX;
}

/* zlib counts in 32 bits. */
static uInt
to_zlib_size (guint64 size)
{
  return MIN (size, G_MAXINT32);
}

/* Running out of memory ends the program as it does everywhere in GLib; nothing else that zlib
 * calls an error can happen where this is asked. */
static void
check_status (int status)
{
  if (status != Z_OK && status != Z_BUF_ERROR)
    g_error ("zlib: %s", zError (status));
}

/* ---- inflating ---- */

DuplexInflater *
duplex_inflater_new (const DuplexDeflateDirection *direction,
                     guint64                       max_message)
{
  DuplexInflater *self;

  g_return_val_if_fail (is_direction (direction), NULL);

  self = g_new0 (DuplexInflater, 1);
  self->no_context_takeover = direction->no_context_takeover;
  self->max_message = max_message;
  check_status (inflateInit2 (&self->z, -DUPLEX_WINDOW_BITS_MAX));

  return self;
}

void
duplex_inflater_free (DuplexInflater *self)
{
  if (self == NULL)
    return;

  inflateEnd (&self->z);
  g_free (self);
}

void
duplex_inflater_set_max_ratio (DuplexInflater *self,
                               guint           ratio)
{
  g_return_if_fail (self != NULL);

  self->max_ratio = ratio;
}

static DuplexInflateStep
fail (DuplexInflater *self,
      DuplexFindingId id,
      guint64         offset)
{
  self->finding.id = id;
  self->finding.offset = offset;
  return DUPLEX_INFLATE_FAILED;
}

/* A BFINAL block ends zlib's stream but not the message (§7.2.3.4), nor what it may refer to: the
 * next stream begins with the window that is there. inflateReset() would drop it. */
static void
begin_next_stream (DuplexInflater *self)
{
  inflateResetKeep (&self->z);
  self->final_seen = FALSE;
}

/* One call of inflate(). Moves *data, *len and counts what was written to out. */
static int
inflate_some (DuplexInflater *self,
              const guint8  **data,
              gsize          *len,
              guint8         *out,
              gsize           out_size,
              gsize          *ret_len)
{
  uInt avail_in = to_zlib_size (*len);
  uInt avail_out = to_zlib_size (out_size);
  int  status;

  if (self->final_seen && *len > 0)
    begin_next_stream (self);

  self->z.next_in = (Bytef *)*data;
  self->z.avail_in = avail_in;
  self->z.next_out = out;
  self->z.avail_out = avail_out;
  status = inflate (&self->z, Z_SYNC_FLUSH);
  if (status == Z_STREAM_END)
    self->final_seen = TRUE;
  else if (status != Z_DATA_ERROR)
    check_status (status);

  *data += avail_in - self->z.avail_in;
  *len -= avail_in - self->z.avail_in;
  *ret_len = avail_out - self->z.avail_out;
  return status;
}

/* Room for the rest of the message, and for the one byte that shows that it is too big. */
static gsize
limit_out_size (DuplexInflater *self,
                gsize           out_size)
{
  guint64 left = self->max_message - self->inflated_size;

  return out_size > left ? left + 1 : out_size;
}

static gboolean
is_bomb (DuplexInflater *self)
{
  return self->max_ratio > 0 && self->inflated_size > DUPLEX_LIMIT_INFLATE_FREE &&
         self->inflated_size / self->max_ratio > self->payload_size;
}

DuplexInflateStep
duplex_inflater_feed (DuplexInflater *self,
                      const guint8  **data,
                      gsize          *len,
                      guint8         *out,
                      gsize           out_size,
                      gsize          *ret_len)
{
  gsize n_out = 0;

  g_return_val_if_fail (self != NULL, DUPLEX_INFLATE_FAILED);
  g_return_val_if_fail (data != NULL && len != NULL, DUPLEX_INFLATE_FAILED);
  g_return_val_if_fail (*data != NULL || *len == 0, DUPLEX_INFLATE_FAILED);
  g_return_val_if_fail (out != NULL && out_size > 0, DUPLEX_INFLATE_FAILED);
  g_return_val_if_fail (ret_len != NULL, DUPLEX_INFLATE_FAILED);

  *ret_len = 0;
  if (self->finding.id != DUPLEX_FINDING_NONE)
    return DUPLEX_INFLATE_FAILED;

  for (;;)
    {
      gsize before = *len;
      gsize room = limit_out_size (self, out_size - n_out);
      gsize n;
      int   status = inflate_some (self, data, len, out + n_out, room, &n);

      self->payload_size += before - *len;
      if (n > self->max_message - self->inflated_size)
        {
          *ret_len = n_out + n - 1;
          self->inflated_size = self->max_message;
          return fail (self, DUPLEX_FINDING_INFLATED_TOO_BIG, self->payload_size - 1);
        }

      n_out += n;
      self->inflated_size += n;
      *ret_len = n_out;
      if (status == Z_DATA_ERROR)
        return fail (self, DUPLEX_FINDING_DEFLATE_CORRUPT, self->payload_size - 1);
      if (is_bomb (self))
        return fail (self, DUPLEX_FINDING_INFLATED_TOO_BIG, self->payload_size - 1);
      if (n_out == out_size)
        return DUPLEX_INFLATE_FULL;
      if (*len == 0 && self->z.avail_out > 0)
        return DUPLEX_INFLATE_NEED_MORE;
    }
}

/* Feeds the tail and looks whether it was what it stands for: the end of an empty block, behind
 * which no bit and no byte is open, and which holds nothing itself. */
static gboolean
take_tail (DuplexInflater *self)
{
  const guint8 *data = tail;
  gsize         len = TAIL_SIZE;
  guint8        out;
  gsize         n_out;
  int           status = inflate_some (self, &data, &len, &out, sizeof out, &n_out);

  if (n_out > 0 || len > 0)
    return FALSE;

  /* That empty block may be a BFINAL one. */
  return status == Z_STREAM_END || (status == Z_OK &&
                                    (self->z.data_type & AT_BLOCK_END) != 0 &&
                                    (self->z.data_type & UNUSED_BITS) == 0);
}

gboolean
duplex_inflater_end (DuplexInflater *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (self->finding.id != DUPLEX_FINDING_NONE)
    return FALSE;

  if (!self->final_seen && !take_tail (self))
    {
      fail (self, DUPLEX_FINDING_DEFLATE_CORRUPT, self->payload_size);
      return FALSE;
    }

  if (self->final_seen)
    begin_next_stream (self);
  if (self->no_context_takeover)
    inflateReset (&self->z);
  self->payload_size = 0;
  self->inflated_size = 0;
  return TRUE;
}

DuplexFinding
duplex_inflater_get_finding (DuplexInflater *self)
{
  g_return_val_if_fail (self != NULL, (DuplexFinding){ 0 });

  return self->finding;
}

const char *
duplex_inflater_get_reason (DuplexInflater *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (self->finding.id != DUPLEX_FINDING_DEFLATE_CORRUPT)
    return NULL;

  return self->z.msg != NULL ? self->z.msg : "no empty block at the end";
}

guint64
duplex_inflater_get_payload_size (DuplexInflater *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->payload_size;
}

guint64
duplex_inflater_get_inflated_size (DuplexInflater *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->inflated_size;
}

/* ---- deflating ---- */

DuplexDeflater *
duplex_deflater_new (const DuplexDeflateDirection *direction,
                     int                           level,
                     int                           mem_level)
{
  DuplexDeflater *self;
  int             window_bits;
  int             strategy = Z_DEFAULT_STRATEGY;

  g_return_val_if_fail (is_direction (direction), NULL);
  g_return_val_if_fail (level >= Z_DEFAULT_COMPRESSION && level <= Z_BEST_COMPRESSION, NULL);
  g_return_val_if_fail (mem_level >= 0 && mem_level <= MAX_MEM_LEVEL, NULL);

  window_bits = direction->window_bits;
  if (window_bits < ZLIB_MIN_RAW_BITS)
    {
      window_bits = ZLIB_MIN_RAW_BITS;
      strategy = Z_RLE;
    }

  self = g_new0 (DuplexDeflater, 1);
  self->no_context_takeover = direction->no_context_takeover;
  check_status (deflateInit2 (&self->z, level, Z_DEFLATED, -window_bits,
                              mem_level > 0 ? mem_level : DEFAULT_MEM_LEVEL, strategy));

  return self;
}

void
duplex_deflater_free (DuplexDeflater *self)
{
  if (self == NULL)
    return;

  deflateEnd (&self->z);
  g_free (self);
}

/* deflate() until it has taken all and has nothing more to write: it says so by leaving room. */
static void
deflate_all (DuplexDeflater *self,
             const guint8   *data,
             gsize           len,
             int             flush,
             GByteArray     *out)
{
  gsize room = SPARE_ROOM + MIN (self->message_size, MAX_ROOM);

  do
    {
      uInt  avail_in = to_zlib_size (len);
      guint before = out->len;

      g_byte_array_set_size (out, before + room);
      self->z.next_in = (Bytef *)data;
      self->z.avail_in = avail_in;
      self->z.next_out = out->data + before;
      self->z.avail_out = room;
      check_status (deflate (&self->z, flush));
      g_byte_array_set_size (out, before + room - self->z.avail_out);

      if (avail_in > 0)
        data += avail_in - self->z.avail_in;
      len -= avail_in - self->z.avail_in;
  } while (len > 0 || self->z.avail_out == 0);
}

void
duplex_deflater_feed (DuplexDeflater *self,
                      const guint8   *data,
                      gsize           len,
                      GByteArray     *out)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (data != NULL || len == 0);
  g_return_if_fail (out != NULL);

  if (len == 0)
    return;

  self->message_size += len;
  self->flushed = FALSE;
  deflate_all (self, data, len, Z_NO_FLUSH, out);
}

void
duplex_deflater_flush (DuplexDeflater *self,
                       GByteArray     *out)
{
  g_return_if_fail (self != NULL && self->message_size > 0);
  g_return_if_fail (out != NULL);

  if (!self->flushed)
    deflate_all (self, NULL, 0, Z_SYNC_FLUSH, out);
  self->flushed = TRUE;
}

/* Flushes, and takes off what the wire leaves out. */
static void
flush_end (DuplexDeflater *self,
           GByteArray     *out)
{
  deflate_all (self, NULL, 0, Z_SYNC_FLUSH, out);
  g_assert (out->len > TAIL_SIZE);
  g_assert (memcmp (out->data + out->len - TAIL_SIZE, tail, TAIL_SIZE) == 0);
  g_byte_array_set_size (out, out->len - TAIL_SIZE);
}

void
duplex_deflater_end (DuplexDeflater *self,
                     GByteArray     *out)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (out != NULL);

  if (self->message_size == 0 || self->flushed)
    g_byte_array_append (out, &empty_message, sizeof empty_message);
  else
    flush_end (self, out);

  if (self->no_context_takeover && self->message_size > 0)
    deflateReset (&self->z);
  self->message_size = 0;
  self->flushed = FALSE;
}
