/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-stream-leg.h"

#include <string.h>

#include "core/io/duplex-io-thread.h"

/* Seconds that a TLS peer has to take our last record, RFC 8446 §6.1. */
#define TLS_CLOSE_TIMEOUT 3

typedef struct
{
  DuplexLeg leg;

  /* owned */
  GIOStream *stream;
  GBytes    *leftover;
  GSource   *read_source;
  GSource   *write_source;
  GSource   *leftover_source;

  /* borrowed */
  GPollableInputStream  *input;
  GPollableOutputStream *output;

  /* state */
  gboolean tls;
} StreamLeg;

static DuplexLegResult
judge (gssize  n,
       GError *error,
       gsize  *ret_len)
{
  gboolean blocks = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  g_clear_error (&error);
  if (blocks)
    return DUPLEX_LEG_WOULD_BLOCK;
  if (n <= 0)
    return DUPLEX_LEG_ENDED;
  *ret_len = (gsize)n;
  return DUPLEX_LEG_OK;
}

static DuplexLegResult
read_leftover (StreamLeg *self,
               guint8    *data,
               gsize      size,
               gsize     *ret_len)
{
  gsize              waiting = g_bytes_get_size (self->leftover);
  gsize              n = MIN (size, waiting);
  g_autoptr (GBytes) rest = NULL;

  memcpy (data, g_bytes_get_data (self->leftover, NULL), n);
  if (n < waiting)
    rest = g_bytes_new_from_bytes (self->leftover, n, waiting - n);
  g_bytes_unref (self->leftover);
  self->leftover = g_steal_pointer (&rest);
  *ret_len = n;
  return DUPLEX_LEG_OK;
}

static DuplexLegResult
stream_leg_read (DuplexLeg *leg,
                 guint8    *data,
                 gsize      size,
                 gsize     *ret_len)
{
  StreamLeg *self = (StreamLeg *)leg;
  GError    *error = NULL;
  gssize     n;

  if (self->leftover != NULL)
    return read_leftover (self, data, size, ret_len);
  n = g_pollable_input_stream_read_nonblocking (self->input, data, size, NULL, &error);
  return judge (n, error, ret_len);
}

static DuplexLegResult
stream_leg_write (DuplexLeg    *leg,
                  const guint8 *data,
                  gsize         size,
                  gsize        *ret_len)
{
  StreamLeg *self = (StreamLeg *)leg;
  GError    *error = NULL;
  gssize     n;

  n = g_pollable_output_stream_write_nonblocking (self->output, data, size, NULL, &error);
  return judge (n, error, ret_len);
}

static void
call_ready (StreamLeg   *self,
            GSource    **source,
            GIOCondition condition)
{
  /* A TLS stream may hold what it has decrypted: only a fresh source looks for that. A socket's
   * stays. */
  if (self->tls)
    duplex_io_clear_source (source);
  self->leg.ready (&self->leg, condition, self->leg.user_data);
}

/* Whether the source goes on is decided by whoever destroys it: self may be gone by now. */
static gboolean
readable_cb (GObject *stream,
             gpointer data)
{
  StreamLeg *self = data;

  call_ready (self, &self->read_source, G_IO_IN);
  return G_SOURCE_CONTINUE;
}

static gboolean
writable_cb (GObject *stream,
             gpointer data)
{
  StreamLeg *self = data;

  call_ready (self, &self->write_source, G_IO_OUT);
  return G_SOURCE_CONTINUE;
}

static gboolean
leftover_cb (gpointer data)
{
  StreamLeg *self = data;

  duplex_io_clear_source (&self->leftover_source);
  self->leg.ready (&self->leg, G_IO_IN, self->leg.user_data);
  return G_SOURCE_REMOVE;
}

static void
attach (GSource    *source,
        GSourceFunc func,
        StreamLeg  *self)
{
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static void
watch_input (StreamLeg *self,
             gboolean   wanted)
{
  gboolean leftover = wanted && self->leftover != NULL;

  if (!leftover)
    duplex_io_clear_source (&self->leftover_source);
  else if (self->leftover_source == NULL)
    {
      self->leftover_source = g_idle_source_new ();
      g_source_set_priority (self->leftover_source, G_PRIORITY_DEFAULT);
      attach (self->leftover_source, leftover_cb, self);
    }

  if (!wanted || leftover)
    duplex_io_clear_source (&self->read_source);
  else if (self->read_source == NULL)
    {
      self->read_source = g_pollable_input_stream_create_source (self->input, NULL);
      attach (self->read_source, G_SOURCE_FUNC (readable_cb), self);
    }
}

static void
stream_leg_watch (DuplexLeg   *leg,
                  GIOCondition conditions)
{
  StreamLeg *self = (StreamLeg *)leg;

  watch_input (self, (conditions & G_IO_IN) != 0);
  if ((conditions & G_IO_OUT) == 0)
    duplex_io_clear_source (&self->write_source);
  else if (self->write_source == NULL)
    {
      self->write_source = g_pollable_output_stream_create_source (self->output, NULL);
      attach (self->write_source, G_SOURCE_FUNC (writable_cb), self);
    }
}

static void
stream_leg_shutdown (DuplexLeg *leg)
{
  StreamLeg *self = (StreamLeg *)leg;

  if (!self->tls && G_IS_SOCKET_CONNECTION (self->stream))
    g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->stream)),
                       /* shutdown_read= */ FALSE, /* shutdown_write= */ TRUE, NULL);
}

/* The last record of TLS is written by GIO, which waits for the socket as long as it lets. */
static void
close_tls (GIOStream *stream)
{
  g_autoptr (GIOStream) base = NULL;

  g_object_get (stream, "base-io-stream", &base, NULL);
  if (G_IS_SOCKET_CONNECTION (base))
    g_socket_set_timeout (g_socket_connection_get_socket (G_SOCKET_CONNECTION (base)),
                          TLS_CLOSE_TIMEOUT);
  g_io_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
}

static void
stream_leg_free (DuplexLeg *leg)
{
  StreamLeg *self = (StreamLeg *)leg;

  duplex_io_clear_source (&self->read_source);
  duplex_io_clear_source (&self->write_source);
  duplex_io_clear_source (&self->leftover_source);
  if (self->tls)
    close_tls (self->stream);
  else
    g_io_stream_close (self->stream, NULL, NULL);
  g_object_unref (self->stream);
  g_clear_pointer (&self->leftover, g_bytes_unref);
  g_free (self);
}

DuplexLeg *
duplex_stream_leg_new (GIOStream *stream,
                       GBytes    *leftover)
{
  static const DuplexLegClass class = {
    .read = stream_leg_read,
    .write = stream_leg_write,
    .watch = stream_leg_watch,
    .shutdown = stream_leg_shutdown,
    .free = stream_leg_free,
  };
  StreamLeg *self;

  g_return_val_if_fail (G_IS_IO_STREAM (stream), NULL);

  self = g_new0 (StreamLeg, 1);
  self->leg.class = &class;
  self->stream = g_object_ref (stream);
  self->input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  self->output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
  self->tls = G_IS_TLS_CONNECTION (stream);
  if (leftover != NULL && g_bytes_get_size (leftover) > 0)
    self->leftover = g_bytes_ref (leftover);
  return &self->leg;
}
