/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-leg-private.h"

#include <errno.h>
#include <fcntl.h>

DuplexLeg *
duplex_leg_new_stream (DuplexPoller *poller,
                       GIOStream    *stream)
{
  GSocket *socket;
  int      fd;

  g_return_val_if_fail (poller != NULL, NULL);
  g_return_val_if_fail (G_IS_TLS_CONNECTION (stream) || G_IS_SOCKET_CONNECTION (stream), NULL);

  if (G_IS_TLS_CONNECTION (stream))
    return duplex_leg_new_tls (poller, G_TLS_CONNECTION (stream));
  socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));
  fd = fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    g_debug ("No descriptor for a leg: %s", g_strerror (errno));
  g_io_stream_close (stream, NULL, NULL);
  return duplex_leg_new_socket (poller, fd);
}

void
duplex_leg_set_ready (DuplexLeg     *self,
                      DuplexLegReady ready,
                      gpointer       user_data)
{
  g_return_if_fail (self != NULL);

  self->ready = ready;
  self->user_data = user_data;
  if (self->watch != NULL)
    self->watch->brief = FALSE;
  self->class->again (self);
}

void
duplex_leg_set_brief (DuplexLeg *self)
{
  g_return_if_fail (self != NULL);

  if (self->watch != NULL)
    self->watch->brief = TRUE;
}

DuplexLegResult
duplex_leg_read (DuplexLeg *self,
                 guint8    *data,
                 gsize      size,
                 gsize     *ret_len)
{
  g_return_val_if_fail (self != NULL && size > 0, DUPLEX_LEG_ENDED);

  return self->class->read (self, data, size, ret_len);
}

DuplexLegResult
duplex_leg_write (DuplexLeg           *self,
                  const GOutputVector *spans,
                  guint                n,
                  gsize               *ret_len)
{
  g_return_val_if_fail (self != NULL && n > 0, DUPLEX_LEG_ENDED);

  return self->class->write (self, spans, n, ret_len);
}

void
duplex_leg_again (DuplexLeg *self)
{
  g_return_if_fail (self != NULL);

  self->class->again (self);
}

void
duplex_leg_look (DuplexLeg        *self,
                 DuplexSocketLook *ret_look)
{
  g_return_if_fail (self != NULL && ret_look != NULL);

  *ret_look = (DuplexSocketLook){ 0 };
  self->class->look (self, ret_look);
}

gboolean
duplex_leg_shutdown (DuplexLeg *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->class->shutdown (self);
}

void
duplex_leg_free (DuplexLeg *self)
{
  if (self != NULL)
    self->class->free (self);
}
