/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-fake-stream.h"

#include <string.h>

/* ---- what the halves share, since each lives as long as somebody holds it ---- */

typedef struct
{
  GByteArray *given;
  gsize       n_read;
  gsize       piece;
  GError     *read_error;
  gboolean    ended;
  gboolean    told_end;
  gboolean    woken;

  GByteArray *written;
  gsize       room;
  GError     *write_error;
  GBytes     *blocked; /* what a write offered that would have blocked */

  gboolean closed;
} Wire;

static void
wire_clear (gpointer data)
{
  Wire *wire = data;

  g_clear_pointer (&wire->given, g_byte_array_unref);
  g_clear_pointer (&wire->written, g_byte_array_unref);
  g_clear_pointer (&wire->blocked, g_bytes_unref);
  g_clear_error (&wire->read_error);
  g_clear_error (&wire->write_error);
}

static Wire *
wire_new (void)
{
  Wire *wire = g_rc_box_new0 (Wire);

  wire->given = g_byte_array_new ();
  wire->written = g_byte_array_new ();
  wire->room = G_MAXSIZE;
  return wire;
}

static gboolean
wire_is_readable (Wire *wire)
{
  return wire->n_read < wire->given->len || wire->ended || wire->woken;
}

static gboolean
wire_is_writable (Wire *wire)
{
  return wire->room > 0 || wire->write_error != NULL;
}

/* ---- a source that is ready while its half is ---- */

typedef struct
{
  GSource  source;
  GObject *half;
  Wire    *wire;
  gboolean (*is_ready) (Wire *wire);
} ReadySource;

static gboolean
ready_check (GSource *source)
{
  ReadySource *self = (ReadySource *)source;

  return self->is_ready (self->wire);
}

static gboolean
ready_prepare (GSource *source,
               int     *timeout)
{
  *timeout = -1;
  return ready_check (source);
}

static gboolean
ready_dispatch (GSource    *source,
                GSourceFunc callback,
                gpointer    data)
{
  GPollableSourceFunc func = (GPollableSourceFunc)(void (*) (void))callback;
  ReadySource        *self = (ReadySource *)source;

  return func (self->half, data);
}

static void
ready_finalize (GSource *source)
{
  ReadySource *self = (ReadySource *)source;

  g_object_unref (self->half);
  g_rc_box_release_full (self->wire, wire_clear);
}

static GSourceFuncs ready_funcs = {
  .prepare = ready_prepare,
  .check = ready_check,
  .dispatch = ready_dispatch,
  .finalize = ready_finalize,
};

static GSource *
ready_source_new (gpointer half,
                  Wire    *wire,
                  gboolean (*is_ready) (Wire *))
{
  GSource     *source = g_source_new (&ready_funcs, sizeof (ReadySource));
  ReadySource *self = (ReadySource *)source;

  self->half = g_object_ref (half);
  self->wire = g_rc_box_acquire (wire);
  self->is_ready = is_ready;
  return source;
}

/* ---- input ---- */

#define DUPLEX_TYPE_FAKE_INPUT (duplex_fake_input_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFakeInput, duplex_fake_input, DUPLEX, FAKE_INPUT, GInputStream)

struct _DuplexFakeInput
{
  GInputStream parent_instance;
  Wire        *wire;
};

static void duplex_fake_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexFakeInput,
                               duplex_fake_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      duplex_fake_input_pollable_init))

static gssize
duplex_fake_input_read_nonblocking (GPollableInputStream *stream,
                                    void                 *buffer,
                                    gsize                 count,
                                    GError              **error)
{
  Wire *wire = DUPLEX_FAKE_INPUT (stream)->wire;
  gsize n = MIN (count, wire->given->len - wire->n_read);

  g_assert_false (wire->closed);
  wire->woken = FALSE;
  if (n == 0 && !wire->ended)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing was given");
      return -1;
    }
  wire->told_end = n == 0;
  if (n == 0 && wire->read_error != NULL)
    {
      g_propagate_error (error, g_error_copy (wire->read_error));
      return -1;
    }

  if (wire->piece != 0)
    n = MIN (n, wire->piece);
  if (n > 0)
    memcpy (buffer, wire->given->data + wire->n_read, n);
  wire->n_read += n;
  return (gssize)n;
}

static gssize
duplex_fake_input_read (GInputStream *stream,
                        void         *buffer,
                        gsize         count,
                        GCancellable *cancellable,
                        GError      **error)
{
  return duplex_fake_input_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), buffer, count,
                                             error);
}

static gboolean
duplex_fake_input_is_readable (GPollableInputStream *stream)
{
  return wire_is_readable (DUPLEX_FAKE_INPUT (stream)->wire);
}

static GSource *
duplex_fake_input_create_source (GPollableInputStream *stream,
                                 GCancellable         *cancellable)
{
  return ready_source_new (stream, DUPLEX_FAKE_INPUT (stream)->wire, wire_is_readable);
}

static void
duplex_fake_input_finalize (GObject *object)
{
  g_rc_box_release_full (DUPLEX_FAKE_INPUT (object)->wire, wire_clear);
  G_OBJECT_CLASS (duplex_fake_input_parent_class)->finalize (object);
}

static void
duplex_fake_input_class_init (DuplexFakeInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = duplex_fake_input_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = duplex_fake_input_read;
}

static void
duplex_fake_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = duplex_fake_input_is_readable;
  iface->create_source = duplex_fake_input_create_source;
  iface->read_nonblocking = duplex_fake_input_read_nonblocking;
}

static void
duplex_fake_input_init (DuplexFakeInput *self)
{
}

/* ---- output ---- */

#define DUPLEX_TYPE_FAKE_OUTPUT (duplex_fake_output_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFakeOutput, duplex_fake_output, DUPLEX, FAKE_OUTPUT, GOutputStream)

struct _DuplexFakeOutput
{
  GOutputStream parent_instance;
  Wire         *wire;
};

static void duplex_fake_output_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexFakeOutput,
                               duplex_fake_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      duplex_fake_output_pollable_init))

static GPollableReturn
duplex_fake_output_writev_nonblocking (GPollableOutputStream *stream,
                                       const GOutputVector   *vectors,
                                       gsize                  n_vectors,
                                       gsize                 *ret_written,
                                       GError               **error)
{
  Wire                  *wire = DUPLEX_FAKE_OUTPUT (stream)->wire;
  g_autoptr (GByteArray) offered = g_byte_array_new ();
  gsize                  n;

  g_assert_false (wire->closed);
  for (gsize i = 0; i < n_vectors; i++)
    g_byte_array_append (offered, vectors[i].buffer, (guint)vectors[i].size);
  if (wire->blocked != NULL)
    g_assert_cmpmem (offered->data, offered->len, g_bytes_get_data (wire->blocked, NULL),
                     g_bytes_get_size (wire->blocked));
  g_clear_pointer (&wire->blocked, g_bytes_unref);

  if (wire->write_error != NULL)
    {
      g_propagate_error (error, g_error_copy (wire->write_error));
      return G_POLLABLE_RETURN_FAILED;
    }
  if (wire->room == 0)
    {
      wire->blocked = g_byte_array_free_to_bytes (g_steal_pointer (&offered));
      return G_POLLABLE_RETURN_WOULD_BLOCK;
    }

  n = MIN (offered->len, wire->room);
  g_byte_array_append (wire->written, offered->data, (guint)n);
  if (wire->room != G_MAXSIZE)
    wire->room -= n;
  *ret_written = n;
  return G_POLLABLE_RETURN_OK;
}

static gssize
duplex_fake_output_write_nonblocking (GPollableOutputStream *stream,
                                      const void            *buffer,
                                      gsize                  count,
                                      GError               **error)
{
  GOutputVector vector = { buffer, count };
  gsize         written;

  switch (duplex_fake_output_writev_nonblocking (stream, &vector, 1, &written, error))
    {
    case G_POLLABLE_RETURN_OK:
      return (gssize)written;
    case G_POLLABLE_RETURN_WOULD_BLOCK:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing is taken");
      return -1;
    case G_POLLABLE_RETURN_FAILED:
    default:
      return -1;
    }
}

static gssize
duplex_fake_output_write (GOutputStream *stream,
                          const void    *buffer,
                          gsize          count,
                          GCancellable  *cancellable,
                          GError       **error)
{
  return duplex_fake_output_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (stream), buffer, count,
                                               error);
}

static gboolean
duplex_fake_output_is_writable (GPollableOutputStream *stream)
{
  return wire_is_writable (DUPLEX_FAKE_OUTPUT (stream)->wire);
}

static GSource *
duplex_fake_output_create_source (GPollableOutputStream *stream,
                                  GCancellable          *cancellable)
{
  return ready_source_new (stream, DUPLEX_FAKE_OUTPUT (stream)->wire, wire_is_writable);
}

static void
duplex_fake_output_finalize (GObject *object)
{
  g_rc_box_release_full (DUPLEX_FAKE_OUTPUT (object)->wire, wire_clear);
  G_OBJECT_CLASS (duplex_fake_output_parent_class)->finalize (object);
}

static void
duplex_fake_output_class_init (DuplexFakeOutputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = duplex_fake_output_finalize;
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = duplex_fake_output_write;
}

static void
duplex_fake_output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = duplex_fake_output_is_writable;
  iface->create_source = duplex_fake_output_create_source;
  iface->write_nonblocking = duplex_fake_output_write_nonblocking;
  iface->writev_nonblocking = duplex_fake_output_writev_nonblocking;
}

static void
duplex_fake_output_init (DuplexFakeOutput *self)
{
}

/* ---- the pair ---- */

struct _DuplexFakeStream
{
  GIOStream         parent_instance;
  DuplexFakeInput  *input;
  DuplexFakeOutput *output;
  Wire             *wire;
};

G_DEFINE_FINAL_TYPE (DuplexFakeStream, duplex_fake_stream, G_TYPE_IO_STREAM)

static GInputStream *
duplex_fake_stream_get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (DUPLEX_FAKE_STREAM (stream)->input);
}

static GOutputStream *
duplex_fake_stream_get_output_stream (GIOStream *stream)
{
  return G_OUTPUT_STREAM (DUPLEX_FAKE_STREAM (stream)->output);
}

static gboolean
duplex_fake_stream_close (GIOStream    *stream,
                          GCancellable *cancellable,
                          GError      **error)
{
  DUPLEX_FAKE_STREAM (stream)->wire->closed = TRUE;
  return TRUE;
}

/* GIOStream's own would close the two halves from a worker thread. */
static void
duplex_fake_stream_close_async (GIOStream          *stream,
                                int                 priority,
                                GCancellable       *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, duplex_fake_stream_close_async);
  g_task_return_boolean (task, duplex_fake_stream_close (stream, cancellable, NULL));
}

static gboolean
duplex_fake_stream_close_finish (GIOStream    *stream,
                                 GAsyncResult *result,
                                 GError      **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
duplex_fake_stream_finalize (GObject *object)
{
  DuplexFakeStream *self = DUPLEX_FAKE_STREAM (object);

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_rc_box_release_full (self->wire, wire_clear);
  G_OBJECT_CLASS (duplex_fake_stream_parent_class)->finalize (object);
}

static void
duplex_fake_stream_class_init (DuplexFakeStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = duplex_fake_stream_finalize;
  stream_class->get_input_stream = duplex_fake_stream_get_input_stream;
  stream_class->get_output_stream = duplex_fake_stream_get_output_stream;
  stream_class->close_fn = duplex_fake_stream_close;
  stream_class->close_async = duplex_fake_stream_close_async;
  stream_class->close_finish = duplex_fake_stream_close_finish;
}

static void
duplex_fake_stream_init (DuplexFakeStream *self)
{
  self->wire = wire_new ();
  self->input = g_object_new (DUPLEX_TYPE_FAKE_INPUT, NULL);
  self->input->wire = g_rc_box_acquire (self->wire);
  self->output = g_object_new (DUPLEX_TYPE_FAKE_OUTPUT, NULL);
  self->output->wire = g_rc_box_acquire (self->wire);
}

DuplexFakeStream *
duplex_fake_stream_new (void)
{
  return g_object_new (DUPLEX_TYPE_FAKE_STREAM, NULL);
}

void
duplex_fake_stream_give (DuplexFakeStream *self,
                         const guint8     *data,
                         gsize             len)
{
  g_assert_false (self->wire->ended);

  g_byte_array_append (self->wire->given, data, (guint)len);
}

void
duplex_fake_stream_set_piece (DuplexFakeStream *self,
                              gsize             piece)
{
  self->wire->piece = piece;
}

void
duplex_fake_stream_end (DuplexFakeStream *self,
                        const GError     *error)
{
  g_assert_false (self->wire->ended);

  self->wire->ended = TRUE;
  self->wire->read_error = error != NULL ? g_error_copy (error) : NULL;
}

void
duplex_fake_stream_wake (DuplexFakeStream *self)
{
  self->wire->woken = TRUE;
}

GByteArray *
duplex_fake_stream_get_given (DuplexFakeStream *self)
{
  return self->wire->given;
}

gsize
duplex_fake_stream_get_n_read (DuplexFakeStream *self)
{
  return self->wire->n_read;
}

gboolean
duplex_fake_stream_has_told_end (DuplexFakeStream *self)
{
  return self->wire->told_end;
}

void
duplex_fake_stream_set_room (DuplexFakeStream *self,
                             gsize             room)
{
  self->wire->room = room;
}

void
duplex_fake_stream_fail_writes (DuplexFakeStream *self,
                                const GError     *error)
{
  if (self->wire->write_error == NULL)
    self->wire->write_error = g_error_copy (error);
}

GByteArray *
duplex_fake_stream_get_written (DuplexFakeStream *self)
{
  return self->wire->written;
}

gboolean
duplex_fake_stream_is_closed (DuplexFakeStream *self)
{
  return self->wire->closed;
}
