/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-leg.h"

void
duplex_leg_set_ready (DuplexLeg     *self,
                      DuplexLegReady ready,
                      gpointer       user_data)
{
  g_return_if_fail (self != NULL);

  self->ready = ready;
  self->user_data = user_data;
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
duplex_leg_write (DuplexLeg    *self,
                  const guint8 *data,
                  gsize         size,
                  gsize        *ret_len)
{
  g_return_val_if_fail (self != NULL && size > 0, DUPLEX_LEG_ENDED);

  return self->class->write (self, data, size, ret_len);
}

void
duplex_leg_watch (DuplexLeg   *self,
                  GIOCondition conditions)
{
  g_return_if_fail (self != NULL);

  self->class->watch (self, conditions);
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
