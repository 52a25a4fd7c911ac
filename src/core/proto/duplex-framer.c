/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-framer.h"

#include "core/proto/duplex-deflate.h"

/* zlib's own middle: larger messages shrink to about what its best level gives, at several times
 * the speed. */
#define LEVEL -1

/* Bytes up to which the room for compressed bytes is kept from one message to the next. */
#define KEEP_ROOM ((guint)64 * 1024)

/* Bytes that may shrink to less than a fragment, of a message in pieces, before they leave. */
#define MAX_SHRUNK ((gsize)4 * 1024 * 1024)

struct _DuplexFramer
{
  /* owned */
  DuplexDeflater *deflater; /* or NULL */
  GByteArray     *ready;    /* what is to be cut and was not sent: compressed, or of a message in
                               pieces */

  /* borrowed */
  DuplexMaskSource source;
  DuplexFramerFunc func;
  gpointer         user_data;

  /* state */
  DuplexRole   role;
  DuplexOpcode opcode;   /* of the message; CONTINUATION once a frame of it was made */
  gsize        fragment; /* of a message in pieces */
  gsize        shrunk;   /* bytes of it that were fed since its last frame */
};

DuplexFramer *
duplex_framer_new (DuplexRole                    role,
                   const DuplexDeflateDirection *deflate,
                   DuplexMaskSource              source,
                   DuplexFramerFunc              func,
                   gpointer                      user_data)
{
  DuplexFramer *self;

  g_return_val_if_fail (source != NULL && func != NULL, NULL);

  self = g_new0 (DuplexFramer, 1);
  self->role = role;
  if (deflate != NULL)
    self->deflater = duplex_deflater_new (deflate, LEVEL, /* mem_level= */ 0);
  self->ready = g_byte_array_new ();
  self->source = source;
  self->func = func;
  self->user_data = user_data;
  return self;
}

void
duplex_framer_free (DuplexFramer *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->deflater, duplex_deflater_free);
  g_byte_array_unref (self->ready);
  g_free (self);
}

static void
make_frame (DuplexFramer *self,
            const guint8 *data,
            gsize         len,
            gboolean      last)
{
  g_autoptr (GBytes) wire = NULL;
  DuplexFrameHeader  header = {
     .fin = last,
     .rsv1 = self->deflater != NULL && self->opcode != DUPLEX_OPCODE_CONTINUATION,
     .opcode = self->opcode,
     .masked = self->role == DUPLEX_ROLE_CLIENT,
     .length_bits = duplex_frame_minimal_length_bits (len),
     .length = len,
  };

  if (header.masked)
    self->source (header.mask, self->user_data);
  wire = duplex_frame_encode (&header, data, len);
  self->opcode = DUPLEX_OPCODE_CONTINUATION;
  self->func (wire, last, self->user_data);
}

/* What of the message goes out: *data, *len, or the compressed form of it. */
static void
compress (DuplexFramer  *self,
          const guint8 **data,
          gsize         *len)
{
  if (self->deflater == NULL)
    return;
  duplex_deflater_feed (self->deflater, *data, *len, self->ready);
  duplex_deflater_end (self->deflater, self->ready);
  *data = self->ready->data;
  *len = self->ready->len;
}

static void
forget_ready (DuplexFramer *self)
{
  if (self->ready->len > KEEP_ROOM)
    {
      g_byte_array_unref (self->ready);
      self->ready = g_byte_array_new ();
    }
  g_byte_array_set_size (self->ready, 0);
}

void
duplex_framer_message (DuplexFramer *self,
                       DuplexOpcode  opcode,
                       const guint8 *data,
                       gsize         len,
                       gsize         fragment)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (data != NULL || len == 0);

  self->opcode = opcode;
  compress (self, &data, &len);
  while (fragment > 0 && len > fragment)
    {
      make_frame (self, data, fragment, FALSE);
      data += fragment;
      len -= fragment;
    }
  make_frame (self, data, len, TRUE);
  forget_ready (self);
}

void
duplex_framer_split (DuplexFramer *self,
                     DuplexOpcode  opcode,
                     const guint8 *data,
                     gsize         len,
                     const gsize  *points,
                     gsize         n_points)
{
  gsize done = 0;

  g_return_if_fail (self != NULL);
  g_return_if_fail (data != NULL || len == 0);
  g_return_if_fail (points != NULL || n_points == 0);

  self->opcode = opcode;
  compress (self, &data, &len);
  for (gsize i = 0; i < n_points && points[i] <= len; i++)
    {
      if (points[i] < done)
        continue;
      make_frame (self, data != NULL ? data + done : NULL, points[i] - done, FALSE);
      done = points[i];
    }
  make_frame (self, data != NULL ? data + done : NULL, len - done, TRUE);
  forget_ready (self);
}

void
duplex_framer_begin (DuplexFramer *self,
                     DuplexOpcode  opcode,
                     gsize         fragment)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (fragment > 0);

  self->opcode = opcode;
  self->fragment = fragment;
  self->shrunk = 0;
}

/* It may be more than a fragment: what zlib had kept comes too. */
static void
send_shrunk (DuplexFramer *self)
{
  gsize done;

  duplex_deflater_flush (self->deflater, self->ready);
  for (done = 0; done < self->ready->len; done += self->fragment)
    make_frame (self, self->ready->data + done, MIN (self->fragment, self->ready->len - done),
                FALSE);
  g_byte_array_set_size (self->ready, 0);
  self->shrunk = 0;
}

void
duplex_framer_feed (DuplexFramer *self,
                    const guint8 *data,
                    gsize         len)
{
  gsize done = 0;

  g_return_if_fail (self != NULL);
  g_return_if_fail (data != NULL || len == 0);

  if (self->deflater != NULL)
    duplex_deflater_feed (self->deflater, data, len, self->ready);
  else if (len > 0)
    g_byte_array_append (self->ready, data, (guint)len);
  for (; self->ready->len - done > self->fragment; done += self->fragment)
    make_frame (self, self->ready->data + done, self->fragment, FALSE);
  self->shrunk = done > 0 ? 0 : self->shrunk + len;
  if (done > 0)
    g_byte_array_remove_range (self->ready, 0, (guint)done);
  if (self->deflater != NULL && self->fragment < G_MAXSIZE && self->shrunk >= MAX_SHRUNK)
    send_shrunk (self);
}

void
duplex_framer_end (DuplexFramer *self)
{
  g_return_if_fail (self != NULL);

  if (self->deflater != NULL)
    {
      duplex_deflater_end (self->deflater, self->ready);
      duplex_framer_feed (self, NULL, 0);
    }
  make_frame (self, self->ready->data, self->ready->len, TRUE);
  forget_ready (self);
}

gsize
duplex_framer_get_held (DuplexFramer *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->ready->len;
}
