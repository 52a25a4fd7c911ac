/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-leg.h"

#include "core/io/duplex-tls-stream.h"

DuplexLeg *
duplex_leg_new_stream (DuplexPoller *poller,
                       GIOStream    *stream)
{
  g_return_val_if_fail (poller != NULL, NULL);
  g_return_val_if_fail (DUPLEX_IS_TLS_STREAM (stream) || G_IS_SOCKET_CONNECTION (stream), NULL);

  if (DUPLEX_IS_TLS_STREAM (stream))
    return duplex_leg_new_tls (poller,
                               duplex_tls_stream_steal_session (DUPLEX_TLS_STREAM (stream)));
  return duplex_leg_new_socket (poller, duplex_socket_steal_fd (G_SOCKET_CONNECTION (stream)));
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

void
duplex_leg_shutdown (DuplexLeg *self)
{
  g_return_if_fail (self != NULL);

  self->class->shutdown (self);
}

void
duplex_leg_free (DuplexLeg *self)
{
  if (self != NULL)
    self->class->free (self);
}
