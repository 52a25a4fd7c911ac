/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-upload.h"

#include "core/io/duplex-io-thread.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-utf8.h"

/* Frames of the smallest fragments that are made of one read. */
#define FRAMES_A_READ 1024

/* Bytes of the largest frame, which is gathered in memory up to the end of the file. */
#define MAX_FRAGMENT ((gsize)G_MAXINT32)

/* Bytes from which one frame at a time is made. */
#define LARGE_FRAGMENT ((gsize)4 * 1024 * 1024)

struct _DuplexUpload
{
  gatomicrefcount refs; /* one of the user, one while a read is under way */

  /* owned */
  DuplexTransfer *transfer; /* or NULL, and then: */
  GBytes         *bytes;
  GSource        *turn;  /* for the next piece of them, or NULL */
  GByteArray     *begun; /* the bytes of a character that the last piece cut */
  GBytes         *piece; /* read, and not taken */
  GCancellable   *cancellable;
  GError         *error;

  /* borrowed, NULL once freed by the user */
  void (*ready) (gpointer user_data);
  gpointer user_data;

  /* state */
  gsize      size; /* of a piece */
  gsize      done; /* of bytes */
  DuplexUtf8 utf8;
  gboolean   reading;
  gboolean   at_end;
  gboolean   asked; /* take gave NOT_YET */
};

static void
unref (DuplexUpload *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_clear_object (&self->transfer);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_byte_array_unref (self->begun);
  g_clear_pointer (&self->piece, g_bytes_unref);
  g_object_unref (self->cancellable);
  g_clear_error (&self->error);
  g_free (self);
}

/* Takes the rest of a character that is open off the end of bytes. Returns FALSE for what is no
 * UTF-8. */
static gboolean
hold_open_character (DuplexUpload *self,
                     GByteArray   *bytes)
{
  guint64 before = self->utf8.offset - self->begun->len;
  guint   known = self->begun->len;
  guint64 bad;
  guint   whole = bytes->len;

  if (bytes->len == 0)
    return TRUE;
  if (!duplex_utf8_feed (&self->utf8, bytes->data + known, bytes->len - known, &bad))
    {
      g_set_error (&self->error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                   "The file is not UTF-8: byte 0x%02x at %" G_GUINT64_FORMAT,
                   bytes->data[bad - before], bad);
      g_byte_array_set_size (bytes, (guint)(self->utf8.start - before));
      return FALSE;
    }
  if (!duplex_utf8_is_complete (&self->utf8))
    whole = (guint)(self->utf8.start - before);
  g_byte_array_set_size (self->begun, 0);
  g_byte_array_append (self->begun, bytes->data + whole, bytes->len - whole);
  g_byte_array_set_size (bytes, whole);
  return TRUE;
}

/* A file that ends inside a character. */
static void
check_end (DuplexUpload *self)
{
  if (self->begun->len > 0 && self->error == NULL)
    g_set_error (&self->error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
                 "The file is not UTF-8: it ends inside a character at %" G_GUINT64_FORMAT,
                 self->utf8.start);
}

static void
take_text (DuplexUpload *self,
           GBytes       *read)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, self->begun->data, self->begun->len);
  g_byte_array_append (bytes, g_bytes_get_data (read, NULL), (guint)g_bytes_get_size (read));
  hold_open_character (self, bytes);
  if (self->at_end)
    check_end (self);
  if (bytes->len > 0)
    self->piece = g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

/* Takes read, which is NULL with error. */
static void
take_read (DuplexUpload *self,
           GBytes       *read,
           GError       *error)
{
  g_autoptr (GBytes) own = read;

  self->error = error;
  if (read == NULL)
    return;
  self->at_end = g_bytes_get_size (read) == 0;
  if (duplex_transfer_get_opcode (self->transfer) == DUPLEX_OPCODE_TEXT)
    take_text (self, read);
  else if (!self->at_end)
    self->piece = g_steal_pointer (&own);
}

static void
read_ready_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      data)
{
  DuplexUpload *self = data;
  GError       *error = NULL;
  GBytes       *read = g_input_stream_read_bytes_finish (G_INPUT_STREAM (object), result, &error);
  gboolean      asked = self->asked;

  self->reading = FALSE;
  self->asked = FALSE;
  take_read (self, read, error);
  if (asked && self->ready != NULL)
    self->ready (self->user_data);
  unref (self);
}

static gboolean
turn_cb (gpointer data)
{
  DuplexUpload *self = data;
  gboolean      asked = self->asked;
  gsize         n = MIN (self->size, g_bytes_get_size (self->bytes) - self->done);

  duplex_io_clear_source (&self->turn);
  self->reading = FALSE;
  self->asked = FALSE;
  self->piece = g_bytes_new_from_bytes (self->bytes, self->done, n);
  self->done += n;
  self->at_end = self->done == g_bytes_get_size (self->bytes);
  if (asked)
    self->ready (self->user_data);
  return G_SOURCE_REMOVE;
}

static void
wait_turn (DuplexUpload *self)
{
  self->turn = g_idle_source_new ();
  g_source_set_priority (self->turn, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->turn, turn_cb, self, NULL);
  g_source_attach (self->turn, g_main_context_get_thread_default ());
}

static void
read_ahead (DuplexUpload *self)
{
  if (self->reading || self->at_end || self->error != NULL || self->piece != NULL)
    return;
  self->reading = TRUE;
  if (self->bytes != NULL)
    {
      wait_turn (self);
      return;
    }
  g_atomic_ref_count_inc (&self->refs);
  g_input_stream_read_bytes_async (duplex_transfer_get_stream (self->transfer), self->size,
                                   G_PRIORITY_DEFAULT, self->cancellable, read_ready_cb, self);
}

gsize
duplex_upload_get_fragment (gsize fragment)
{
  return fragment > 0 ? MIN (fragment, MAX_FRAGMENT) : DUPLEX_LIMIT_FRAGMENT;
}

static gsize
get_piece_size (gsize fragment)
{
  if (fragment >= DUPLEX_LIMIT_FRAGMENT)
    return DUPLEX_LIMIT_FRAGMENT;
  return fragment * CLAMP (DUPLEX_LIMIT_FRAGMENT / fragment, 1, FRAMES_A_READ);
}

/* Two frames, or reads of small ones, keep the wire busy while the next is made; of large frames
 * one is enough memory. */
gsize
duplex_upload_get_most_waiting (gsize fragment)
{
  fragment = duplex_upload_get_fragment (fragment);
  return fragment < LARGE_FRAGMENT ? 2 * MAX (fragment, get_piece_size (fragment)) : fragment;
}

static DuplexUpload *new (gsize fragment,
                          void (*ready) (gpointer user_data),
                          gpointer user_data)
{
  DuplexUpload *self = g_new0 (DuplexUpload, 1);

  g_atomic_ref_count_init (&self->refs);
  self->begun = g_byte_array_new ();
  self->cancellable = g_cancellable_new ();
  self->ready = ready;
  self->user_data = user_data;
  self->size = get_piece_size (duplex_upload_get_fragment (fragment));
  self->utf8 = (DuplexUtf8)DUPLEX_UTF8_INIT;
  return self;
}

DuplexUpload *
duplex_upload_new (DuplexTransfer *transfer,
                   gsize           fragment,
                   void (*ready) (gpointer user_data),
                   gpointer user_data)
{
  DuplexUpload *self;

  g_return_val_if_fail (DUPLEX_IS_TRANSFER (transfer), NULL);
  g_return_val_if_fail (ready != NULL, NULL);

  self = new (fragment, ready, user_data);
  self->transfer = g_object_ref (transfer);
  read_ahead (self);
  return self;
}

DuplexUpload *
duplex_upload_new_for_bytes (GBytes *bytes,
                             gsize   fragment,
                             void (*ready) (gpointer user_data),
                             gpointer user_data)
{
  DuplexUpload *self;

  g_return_val_if_fail (bytes != NULL && g_bytes_get_size (bytes) > 0, NULL);
  g_return_val_if_fail (ready != NULL, NULL);

  self = new (fragment, ready, user_data);
  self->bytes = g_bytes_ref (bytes);
  read_ahead (self);
  return self;
}

void
duplex_upload_free (DuplexUpload *self)
{
  if (self == NULL)
    return;
  self->ready = NULL;
  duplex_io_clear_source (&self->turn);
  /* A pipe must not be read for nobody: what comes is for whoever reads it next. */
  g_cancellable_cancel (self->cancellable);
  unref (self);
}

DuplexTransfer *
duplex_upload_get_transfer (DuplexUpload *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->transfer;
}

DuplexUploadStep
duplex_upload_take (DuplexUpload *self,
                    GBytes      **ret_piece)
{
  g_return_val_if_fail (self != NULL && ret_piece != NULL, DUPLEX_UPLOAD_FAILED);

  if (self->piece != NULL)
    {
      *ret_piece = g_steal_pointer (&self->piece);
      read_ahead (self);
      return DUPLEX_UPLOAD_PIECE;
    }
  if (self->error != NULL)
    return DUPLEX_UPLOAD_FAILED;
  if (self->at_end)
    return DUPLEX_UPLOAD_END;
  read_ahead (self);
  self->asked = TRUE;
  return DUPLEX_UPLOAD_NOT_YET;
}

const GError *
duplex_upload_get_error (DuplexUpload *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->error;
}
