/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-tap-stream.h"

#include <string.h>

/* What the three streams share; it outlives whichever of them goes first. */
typedef struct
{
  GByteArray      *bytes;
  gsize            taken;     /* bytes of the front that libsoup has read */
  gsize            committed; /* bytes of the front that it may read */
  gboolean         ended;
  GSource         *waiting; /* the source that libsoup waits on, or NULL */
  DuplexTapDrained drained;
  gpointer         user_data;
} Shown;

static void
shown_clear (gpointer data)
{
  Shown *shown = data;

  g_byte_array_unref (shown->bytes);
  g_clear_pointer (&shown->waiting, g_source_unref);
}

static gboolean
shown_is_readable (Shown *shown)
{
  return shown->ended || shown->taken < shown->committed;
}

static void
shown_wake (Shown *shown)
{
  if (shown->waiting != NULL && shown_is_readable (shown))
    g_source_set_ready_time (shown->waiting, 0);
}

/* Moves what is not yet committed to the front, so that the buffer stays small. */
static void
shown_compact (Shown *shown)
{
  gsize rest = shown->bytes->len - shown->taken;

  memmove (shown->bytes->data, shown->bytes->data + shown->taken, rest);
  g_byte_array_set_size (shown->bytes, rest);
  shown->committed -= shown->taken;
  shown->taken = 0;
}

/* ---- input ---- */

#define DUPLEX_TYPE_TAP_INPUT (duplex_tap_input_get_type ())
G_DECLARE_FINAL_TYPE (DuplexTapInput, duplex_tap_input, DUPLEX, TAP_INPUT, GInputStream)

struct _DuplexTapInput
{
  GInputStream parent_instance;
  Shown       *shown;
};

static void duplex_tap_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexTapInput,
                               duplex_tap_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      duplex_tap_input_pollable_init))

static gssize
duplex_tap_input_read_nonblocking (GPollableInputStream *stream,
                                   void                 *buffer,
                                   gsize                 count,
                                   GError              **error)
{
  Shown *shown = DUPLEX_TAP_INPUT (stream)->shown;
  gsize  n;

  if (shown->taken == shown->committed && !shown->ended)
    {
      if (shown->taken > 0)
        shown_compact (shown);
      if (shown->drained != NULL)
        shown->drained (shown->user_data);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing to show yet");
      return -1;
    }

  n = MIN (count, shown->committed - shown->taken);
  if (n > 0)
    memcpy (buffer, shown->bytes->data + shown->taken, n);
  shown->taken += n;
  return (gssize)n;
}

static gssize
duplex_tap_input_read (GInputStream *stream,
                       void         *buffer,
                       gsize         count,
                       GCancellable *cancellable,
                       GError      **error)
{
  return duplex_tap_input_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), buffer, count, error);
}

static gboolean
duplex_tap_input_is_readable (GPollableInputStream *stream)
{
  return shown_is_readable (DUPLEX_TAP_INPUT (stream)->shown);
}

/* Ready only when its ready time is set. A timeout source, since g_pollable_source_new_full() wants
 * a child that knows closures. */
static GSource *
ready_source_new (void)
{
  GSource *source = g_timeout_source_new (G_MAXUINT);

  g_source_set_ready_time (source, -1);
  g_source_set_static_name (source, "duplex tap");
  return source;
}

static GSource *
duplex_tap_input_create_source (GPollableInputStream *stream,
                                GCancellable         *cancellable)
{
  Shown   *shown = DUPLEX_TAP_INPUT (stream)->shown;
  GSource *ready = ready_source_new ();
  GSource *source;

  source = g_pollable_source_new_full (stream, ready, cancellable);
  g_clear_pointer (&shown->waiting, g_source_unref);
  shown->waiting = ready;
  shown_wake (shown);
  return source;
}

static void
duplex_tap_input_finalize (GObject *object)
{
  g_rc_box_release_full (DUPLEX_TAP_INPUT (object)->shown, shown_clear);
  G_OBJECT_CLASS (duplex_tap_input_parent_class)->finalize (object);
}

static void
duplex_tap_input_class_init (DuplexTapInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = duplex_tap_input_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = duplex_tap_input_read;
}

static void
duplex_tap_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = duplex_tap_input_is_readable;
  iface->create_source = duplex_tap_input_create_source;
  iface->read_nonblocking = duplex_tap_input_read_nonblocking;
}

static void
duplex_tap_input_init (DuplexTapInput *self)
{
}

/* ---- output: always writable, and nothing arrives anywhere ---- */

#define DUPLEX_TYPE_TAP_OUTPUT (duplex_tap_output_get_type ())
G_DECLARE_FINAL_TYPE (DuplexTapOutput, duplex_tap_output, DUPLEX, TAP_OUTPUT, GOutputStream)

struct _DuplexTapOutput
{
  GOutputStream parent_instance;
};

static void duplex_tap_output_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DuplexTapOutput,
                               duplex_tap_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      duplex_tap_output_pollable_init))

static gssize
duplex_tap_output_write (GOutputStream *stream,
                         const void    *buffer,
                         gsize          count,
                         GCancellable  *cancellable,
                         GError       **error)
{
  return (gssize)count;
}

static gboolean
duplex_tap_output_is_writable (GPollableOutputStream *stream)
{
  return TRUE;
}

static GSource *
duplex_tap_output_create_source (GPollableOutputStream *stream,
                                 GCancellable          *cancellable)
{
  g_autoptr (GSource) ready = ready_source_new ();

  g_source_set_ready_time (ready, 0);
  return g_pollable_source_new_full (stream, ready, cancellable);
}

static void
duplex_tap_output_class_init (DuplexTapOutputClass *klass)
{
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = duplex_tap_output_write;
}

static void
duplex_tap_output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = duplex_tap_output_is_writable;
  iface->create_source = duplex_tap_output_create_source;
}

static void
duplex_tap_output_init (DuplexTapOutput *self)
{
}

/* ---- the pair ---- */

struct _DuplexTapStream
{
  GIOStream        parent_instance;
  DuplexTapInput  *input;
  DuplexTapOutput *output;
  Shown           *shown;
};

G_DEFINE_FINAL_TYPE (DuplexTapStream, duplex_tap_stream, G_TYPE_IO_STREAM)

static GInputStream *
duplex_tap_stream_get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (DUPLEX_TAP_STREAM (stream)->input);
}

static GOutputStream *
duplex_tap_stream_get_output_stream (GIOStream *stream)
{
  return G_OUTPUT_STREAM (DUPLEX_TAP_STREAM (stream)->output);
}

/* GIOStream's own would close the two halves from a worker thread. */
static void
duplex_tap_stream_close_async (GIOStream          *stream,
                               int                 priority,
                               GCancellable       *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, duplex_tap_stream_close_async);
  g_task_return_boolean (task, TRUE);
}

static gboolean
duplex_tap_stream_close_finish (GIOStream    *stream,
                                GAsyncResult *result,
                                GError      **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
duplex_tap_stream_close (GIOStream    *stream,
                         GCancellable *cancellable,
                         GError      **error)
{
  return TRUE;
}

static void
duplex_tap_stream_dispose (GObject *object)
{
  DuplexTapStream *self = DUPLEX_TAP_STREAM (object);

  duplex_tap_stream_detach (self);
  G_OBJECT_CLASS (duplex_tap_stream_parent_class)->dispose (object);
}

static void
duplex_tap_stream_finalize (GObject *object)
{
  DuplexTapStream *self = DUPLEX_TAP_STREAM (object);

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_rc_box_release_full (self->shown, shown_clear);
  G_OBJECT_CLASS (duplex_tap_stream_parent_class)->finalize (object);
}

static void
duplex_tap_stream_class_init (DuplexTapStreamClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  object_class->dispose = duplex_tap_stream_dispose;
  object_class->finalize = duplex_tap_stream_finalize;
  stream_class->get_input_stream = duplex_tap_stream_get_input_stream;
  stream_class->get_output_stream = duplex_tap_stream_get_output_stream;
  stream_class->close_fn = duplex_tap_stream_close;
  stream_class->close_async = duplex_tap_stream_close_async;
  stream_class->close_finish = duplex_tap_stream_close_finish;
}

static void
duplex_tap_stream_init (DuplexTapStream *self)
{
  self->shown = g_rc_box_new0 (Shown);
  self->shown->bytes = g_byte_array_new ();
  self->input = g_object_new (DUPLEX_TYPE_TAP_INPUT, NULL);
  self->input->shown = g_rc_box_acquire (self->shown);
  self->output = g_object_new (DUPLEX_TYPE_TAP_OUTPUT, NULL);
}

DuplexTapStream *
duplex_tap_stream_new (DuplexTapDrained drained,
                       gpointer         user_data)
{
  DuplexTapStream *self = g_object_new (DUPLEX_TYPE_TAP_STREAM, NULL);

  self->shown->drained = drained;
  self->shown->user_data = user_data;
  return self;
}

void
duplex_tap_stream_append (DuplexTapStream *self,
                          const guint8    *data,
                          gsize            len)
{
  g_return_if_fail (DUPLEX_IS_TAP_STREAM (self));

  if (!self->shown->ended)
    g_byte_array_append (self->shown->bytes, data, (guint)len);
}

void
duplex_tap_stream_commit (DuplexTapStream *self)
{
  g_return_if_fail (DUPLEX_IS_TAP_STREAM (self));

  self->shown->committed = self->shown->bytes->len;
  shown_wake (self->shown);
}

void
duplex_tap_stream_abandon (DuplexTapStream *self)
{
  g_return_if_fail (DUPLEX_IS_TAP_STREAM (self));

  g_byte_array_set_size (self->shown->bytes, (guint)self->shown->committed);
}

gsize
duplex_tap_stream_get_pending (DuplexTapStream *self)
{
  g_return_val_if_fail (DUPLEX_IS_TAP_STREAM (self), 0);

  return self->shown->bytes->len - self->shown->committed;
}

void
duplex_tap_stream_end (DuplexTapStream *self)
{
  g_return_if_fail (DUPLEX_IS_TAP_STREAM (self));

  if (self->shown->ended)
    return;
  duplex_tap_stream_abandon (self);
  self->shown->ended = TRUE;
  shown_wake (self->shown);
}

gboolean
duplex_tap_stream_has_ended (DuplexTapStream *self)
{
  g_return_val_if_fail (DUPLEX_IS_TAP_STREAM (self), TRUE);

  return self->shown->ended;
}

void
duplex_tap_stream_detach (DuplexTapStream *self)
{
  g_return_if_fail (DUPLEX_IS_TAP_STREAM (self));

  self->shown->drained = NULL;
  self->shown->user_data = NULL;
}
