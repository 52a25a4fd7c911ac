/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-tls-stream.h"

#include <glib-unix.h>

#define TYPE_TLS_INPUT  (tls_input_get_type ())
#define TYPE_TLS_OUTPUT (tls_output_get_type ())
G_DECLARE_FINAL_TYPE (TlsInput, tls_input, TLS, INPUT, GInputStream)
G_DECLARE_FINAL_TYPE (TlsOutput, tls_output, TLS, OUTPUT, GOutputStream)

struct _TlsInput
{
  GInputStream     parent_instance;
  DuplexTlsStream *stream; /* borrowed; NULL when it is gone */
};

struct _TlsOutput
{
  GOutputStream    parent_instance;
  DuplexTlsStream *stream; /* borrowed; NULL when it is gone */
};

struct _DuplexTlsStream
{
  GIOStream parent_instance;

  /* owned */
  DuplexTlsSession *session; /* NULL once it was stolen, or closed */
  TlsInput         *input;
  TlsOutput        *output;
};

static void tls_input_pollable_init (GPollableInputStreamInterface *iface);
static void tls_output_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TlsInput,
                               tls_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      tls_input_pollable_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (TlsOutput,
                               tls_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      tls_output_pollable_init))
G_DEFINE_FINAL_TYPE (DuplexTlsStream, duplex_tls_stream, G_TYPE_IO_STREAM)

/* ---- waiting ---- */

/* What stands between GIO and the session may outlive the stream. */
static DuplexTlsSession *
get_session (DuplexTlsStream *self)
{
  if (self == NULL || self->session == NULL)
    return NULL;
  /* The main context tells of levels, not of edges: whatever is tried may work. */
  duplex_tls_session_tell (self->session, G_IO_IN | G_IO_OUT);
  return self->session;
}

static GSource *
create_source (gpointer          pollable,
               DuplexTlsSession *session,
               GIOCondition      conditions,
               GCancellable     *cancellable)
{
  g_autoptr (GSource) child = NULL;

  /* What GnuTLS holds, no socket tells of. */
  if (session == NULL || ((conditions & G_IO_IN) && duplex_tls_session_has_unread (session)))
    child = g_timeout_source_new (0);
  else
    child = g_unix_fd_source_new (duplex_tls_session_get_fd (session), conditions);
  return g_pollable_source_new_full (pollable, child, cancellable);
}

static gssize
finish_transfer (DuplexLegResult result,
                 gsize           len,
                 GError        **error)
{
  if (result == DUPLEX_LEG_OK)
    return (gssize)len;
  g_set_error_literal (error, G_IO_ERROR,
                       result == DUPLEX_LEG_ENDED ? G_IO_ERROR_CLOSED : G_IO_ERROR_WOULD_BLOCK,
                       result == DUPLEX_LEG_ENDED ? "The stream has ended" : "Not now");
  return -1;
}

/* ---- input ---- */

static gssize
tls_input_read (GInputStream *input,
                void         *data,
                gsize         size,
                GCancellable *cancellable,
                GError      **error)
{
  DuplexTlsSession *session = get_session (TLS_INPUT (input)->stream);
  DuplexLegResult   result = DUPLEX_LEG_ENDED;
  gsize             len = 0;

  if (size > 0 && session != NULL)
    result = duplex_tls_session_read (session, data, size, &len);
  return result == DUPLEX_LEG_ENDED ? 0 : finish_transfer (result, len, error);
}

/* Trying tells. */
static gboolean
tls_input_is_readable (GPollableInputStream *input)
{
  return TRUE;
}

static GSource *
tls_input_create_source (GPollableInputStream *input,
                         GCancellable         *cancellable)
{
  return create_source (input, get_session (TLS_INPUT (input)->stream), G_IO_IN, cancellable);
}

static void
tls_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = tls_input_is_readable;
  iface->create_source = tls_input_create_source;
}

static void
tls_input_class_init (TlsInputClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = tls_input_read;
}

static void
tls_input_init (TlsInput *self)
{
}

/* ---- output ---- */

static gssize
tls_output_write (GOutputStream *output,
                  const void    *data,
                  gsize          size,
                  GCancellable  *cancellable,
                  GError       **error)
{
  DuplexTlsSession *session = get_session (TLS_OUTPUT (output)->stream);
  GOutputVector     span = { data, size };
  DuplexLegResult   result = DUPLEX_LEG_ENDED;
  gsize             len = 0;

  if (size == 0)
    return 0;
  if (session != NULL)
    result = duplex_tls_session_write (session, &span, 1, &len);
  return finish_transfer (result, len, error);
}

static gboolean
tls_output_is_writable (GPollableOutputStream *output)
{
  return TRUE;
}

static GSource *
tls_output_create_source (GPollableOutputStream *output,
                          GCancellable          *cancellable)
{
  return create_source (output, get_session (TLS_OUTPUT (output)->stream), G_IO_OUT, cancellable);
}

static void
tls_output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = tls_output_is_writable;
  iface->create_source = tls_output_create_source;
}

static void
tls_output_class_init (TlsOutputClass *klass)
{
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = tls_output_write;
}

static void
tls_output_init (TlsOutput *self)
{
}

/* ---- both ---- */

static GInputStream *
duplex_tls_stream_get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (DUPLEX_TLS_STREAM (stream)->input);
}

static GOutputStream *
duplex_tls_stream_get_output_stream (GIOStream *stream)
{
  return G_OUTPUT_STREAM (DUPLEX_TLS_STREAM (stream)->output);
}

/* GIO would close either way in a thread. */
static void
duplex_tls_stream_close_async (GIOStream          *stream,
                               int                 priority,
                               GCancellable       *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, duplex_tls_stream_close_async);
  g_clear_pointer (&DUPLEX_TLS_STREAM (stream)->session, duplex_tls_session_free);
  g_task_return_boolean (task, TRUE);
}

static gboolean
duplex_tls_stream_close_finish (GIOStream    *stream,
                                GAsyncResult *result,
                                GError      **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
duplex_tls_stream_close (GIOStream    *stream,
                         GCancellable *cancellable,
                         GError      **error)
{
  g_clear_pointer (&DUPLEX_TLS_STREAM (stream)->session, duplex_tls_session_free);
  return TRUE;
}

static void
duplex_tls_stream_finalize (GObject *object)
{
  DuplexTlsStream *self = DUPLEX_TLS_STREAM (object);

  g_clear_pointer (&self->session, duplex_tls_session_free);
  self->input->stream = NULL;
  self->output->stream = NULL;
  g_clear_object (&self->input);
  g_clear_object (&self->output);

  G_OBJECT_CLASS (duplex_tls_stream_parent_class)->finalize (object);
}

static void
duplex_tls_stream_class_init (DuplexTlsStreamClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  object_class->finalize = duplex_tls_stream_finalize;

  stream_class->get_input_stream = duplex_tls_stream_get_input_stream;
  stream_class->get_output_stream = duplex_tls_stream_get_output_stream;
  stream_class->close_fn = duplex_tls_stream_close;
  stream_class->close_async = duplex_tls_stream_close_async;
  stream_class->close_finish = duplex_tls_stream_close_finish;
}

static void
duplex_tls_stream_init (DuplexTlsStream *self)
{
  self->input = g_object_new (TYPE_TLS_INPUT, NULL);
  self->input->stream = self;
  self->output = g_object_new (TYPE_TLS_OUTPUT, NULL);
  self->output->stream = self;
}

GIOStream *
duplex_tls_stream_new (DuplexTlsSession *session)
{
  DuplexTlsStream *self;

  g_return_val_if_fail (session != NULL, NULL);

  self = g_object_new (DUPLEX_TYPE_TLS_STREAM, NULL);
  self->session = session;
  return G_IO_STREAM (self);
}

DuplexTlsSession *
duplex_tls_stream_get_session (DuplexTlsStream *self)
{
  g_return_val_if_fail (DUPLEX_IS_TLS_STREAM (self), NULL);

  return self->session;
}

DuplexTlsSession *
duplex_tls_stream_steal_session (DuplexTlsStream *self)
{
  g_return_val_if_fail (DUPLEX_IS_TLS_STREAM (self), NULL);

  return g_steal_pointer (&self->session);
}

/* ---- the handshake ---- */

static void shake_hands (GTask *task);

static gboolean
ready_cb (GObject *pollable,
          gpointer data)
{
  shake_hands (data);
  return G_SOURCE_REMOVE;
}

static void
shake_hands (GTask *task)
{
  DuplexTlsStream    *self = g_task_get_source_object (task);
  g_autoptr (GSource) source = NULL;
  GIOCondition        conditions = G_IO_IN;
  GError             *error = NULL;

  if (g_task_return_error_if_cancelled (task))
    return;
  switch (duplex_tls_session_shake_hands (get_session (self), &error))
    {
    case DUPLEX_LEG_OK:
      g_task_return_boolean (task, TRUE);
      return;
    case DUPLEX_LEG_ENDED:
      g_task_return_error (task, error);
      return;
    case DUPLEX_LEG_WOULD_BLOCK:
    default:
      break;
    }
  if (duplex_tls_session_has_unwritten (self->session))
    conditions |= G_IO_OUT;
  source = create_source (self->input, self->session, conditions, g_task_get_cancellable (task));
  g_source_set_callback (source, G_SOURCE_FUNC (ready_cb), g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
}

void
duplex_tls_stream_shake_hands_async (DuplexTlsStream    *self,
                                     GCancellable       *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (DUPLEX_IS_TLS_STREAM (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, duplex_tls_stream_shake_hands_async);
  shake_hands (task);
}

gboolean
duplex_tls_stream_shake_hands_finish (DuplexTlsStream *self,
                                      GAsyncResult    *result,
                                      GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
