/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/io/duplex-leg-private.h"
#include "core/io/duplex-tls.h"

/* Seconds that a TLS peer has to take our last record, RFC 8446 §6.1. */
#define TLS_CLOSE_TIMEOUT 3
/* Bytes of a record's content, §5.1: spans are put together into whole ones. */
#define TLS_RECORD 16384

typedef struct
{
  DuplexLeg   leg;
  DuplexWatch watch;

  /* owned */
  GTlsConnection *stream;

  /* borrowed */
  DuplexPoller *poller;

  /* state */
  gboolean watched; /* else nobody would hear of it again: reading it fails */
  gboolean hung_up; /* the peer's end of TCP has come */
} TlsLeg;

#define TLS_LEG(watch_) ((TlsLeg *)((guint8 *)(watch_)-G_STRUCT_OFFSET (TlsLeg, watch)))

static DuplexLegResult
judge (TlsLeg *self,
       gssize  n,
       GError *error,
       gsize  *ret_len)
{
  gboolean blocks = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  g_clear_error (&error);
  if (blocks && self->watched)
    return DUPLEX_LEG_WOULD_BLOCK;
  if (n <= 0)
    return DUPLEX_LEG_ENDED;
  *ret_len = (gsize)n;
  return DUPLEX_LEG_OK;
}

static DuplexLegResult
tls_leg_read (DuplexLeg *leg,
              guint8    *data,
              gsize      size,
              gsize     *ret_len)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (((TlsLeg *)leg)->stream));
  GError       *error = NULL;
  gssize        n;

  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), data, size, NULL,
                                                &error);
  return judge ((TlsLeg *)leg, n, error, ret_len);
}

/* Several spans go as one record, where the first is not one by itself. */
static DuplexLegResult
tls_leg_write (DuplexLeg           *leg,
               const GOutputVector *spans,
               guint                n_spans,
               gsize               *ret_len)
{
  static __thread guint8 record[TLS_RECORD];
  GIOStream             *stream = G_IO_STREAM (((TlsLeg *)leg)->stream);
  GOutputStream         *output = g_io_stream_get_output_stream (stream);
  const guint8          *data = spans->buffer;
  gsize                  len = spans->size;
  GError                *error = NULL;
  gssize                 n;

  if (n_spans > 1 && len < TLS_RECORD)
    {
      len = 0;
      for (guint i = 0; i < n_spans && len < TLS_RECORD; i++)
        {
          gsize part = MIN (spans[i].size, TLS_RECORD - len);

          memcpy (record + len, spans[i].buffer, part);
          len += part;
        }
      data = record;
    }
  n = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output), data, len,
                                                  NULL, &error);
  return judge ((TlsLeg *)leg, n, error, ret_len);
}

static void
tls_leg_again (DuplexLeg *leg)
{
  TlsLeg *self = (TlsLeg *)leg;

  duplex_poller_again (self->poller, &self->watch);
}

static void
tls_leg_look (DuplexLeg        *leg,
              DuplexSocketLook *ret_look)
{
  GSocket *socket = duplex_tls_get_socket (((TlsLeg *)leg)->stream);

  if (socket != NULL)
    duplex_socket_look (g_socket_get_fd (socket), ret_look);
}

static gboolean
tls_leg_shutdown (DuplexLeg *leg)
{
  return FALSE;
}

/* The last record is written by GIO, which waits for the socket as long as it lets. */
static void
tls_leg_free (DuplexLeg *leg)
{
  TlsLeg  *self = (TlsLeg *)leg;
  GSocket *socket = duplex_tls_get_socket (self->stream);

  duplex_poller_unwatch (self->poller, &self->watch);
  if (socket != NULL)
    g_socket_set_timeout (socket, TLS_CLOSE_TIMEOUT);
  g_io_stream_close_async (G_IO_STREAM (self->stream), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_object_unref (self->stream);
  g_free (self);
}

static void
watch_cb (DuplexWatch *watch,
          GIOCondition conditions)
{
  TlsLeg *self = TLS_LEG (watch);

  if (conditions & G_IO_HUP)
    self->hung_up = TRUE;
  if (self->hung_up)
    conditions |= G_IO_HUP;
  if (self->leg.ready != NULL)
    self->leg.ready (&self->leg, conditions, self->leg.user_data);
}

DuplexLeg *
duplex_leg_new_tls (DuplexPoller   *poller,
                    GTlsConnection *stream)
{
  static const DuplexLegClass class = {
    .read = tls_leg_read,
    .write = tls_leg_write,
    .again = tls_leg_again,
    .look = tls_leg_look,
    .shutdown = tls_leg_shutdown,
    .free = tls_leg_free,
  };
  GSocket *socket = duplex_tls_get_socket (stream);
  TlsLeg  *self = g_new0 (TlsLeg, 1);

  self->leg.class = &class;
  self->watch.func = watch_cb;
  self->poller = poller;
  self->stream = g_object_ref (stream);
  self->watched =
    socket != NULL && duplex_poller_watch (poller, &self->watch, g_socket_get_fd (socket));
  return &self->leg;
}
