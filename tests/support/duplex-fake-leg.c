/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-fake-leg.h"

#include <string.h>

static DuplexLegResult
fake_leg_read (DuplexLeg *leg,
               guint8    *data,
               gsize      size,
               gsize     *ret_len)
{
  DuplexFakeLeg *self = (DuplexFakeLeg *)leg;
  gsize          len = MIN (MIN (size, self->chunk), self->input->len);

  if (len == 0)
    return self->input_ended ? DUPLEX_LEG_ENDED : DUPLEX_LEG_WOULD_BLOCK;
  memcpy (data, self->input->data, len);
  g_byte_array_remove_range (self->input, 0, (guint)len);
  self->n_reads++;
  *ret_len = len;
  return DUPLEX_LEG_OK;
}

static DuplexLegResult
fake_leg_write (DuplexLeg           *leg,
                const GOutputVector *spans,
                guint                n,
                gsize               *ret_len)
{
  DuplexFakeLeg *self = (DuplexFakeLeg *)leg;
  gsize          len = 0;

  g_assert_false (self->shut);
  if (self->broken)
    return DUPLEX_LEG_ENDED;
  if (self->room == 0)
    return DUPLEX_LEG_WOULD_BLOCK;
  for (guint i = 0; i < n && self->room > 0; i++)
    {
      gsize part = MIN (spans[i].size, self->room);

      self->room -= part;
      len += part;
      g_byte_array_append (self->output, spans[i].buffer, (guint)part);
    }
  *ret_len = len;
  return DUPLEX_LEG_OK;
}

static void
fake_leg_again (DuplexLeg *leg)
{
  ((DuplexFakeLeg *)leg)->again = TRUE;
}

static void
fake_leg_look (DuplexLeg        *leg,
               DuplexSocketLook *ret_look)
{
  DuplexFakeLeg *self = (DuplexFakeLeg *)leg;

  self->n_looks++;
  *ret_look = self->look;
}

static void
fake_leg_shutdown (DuplexLeg *leg)
{
  ((DuplexFakeLeg *)leg)->shut = TRUE;
}

static void
fake_leg_free (DuplexLeg *leg)
{
  DuplexFakeLeg *self = (DuplexFakeLeg *)leg;

  if (self->freed != NULL)
    *self->freed = TRUE;
  g_byte_array_unref (self->input);
  g_byte_array_unref (self->output);
  g_free (self);
}

DuplexFakeLeg *
duplex_fake_leg_new (gboolean *freed)
{
  static const DuplexLegClass class = {
    .read = fake_leg_read,
    .write = fake_leg_write,
    .again = fake_leg_again,
    .look = fake_leg_look,
    .shutdown = fake_leg_shutdown,
    .free = fake_leg_free,
  };
  DuplexFakeLeg *self = g_new0 (DuplexFakeLeg, 1);

  self->leg.class = &class;
  self->input = g_byte_array_new ();
  self->output = g_byte_array_new ();
  self->room = G_MAXSIZE;
  self->chunk = G_MAXSIZE;
  self->freed = freed;
  return self;
}

void
duplex_fake_leg_tell (DuplexFakeLeg *self,
                      GIOCondition   conditions)
{
  if (conditions & G_IO_HUP)
    self->hung_up = TRUE;
  if (self->hung_up)
    conditions |= G_IO_HUP;
  self->leg.ready (&self->leg, conditions, self->leg.user_data);
}

void
duplex_fake_leg_turn (DuplexFakeLeg *self)
{
  if (!self->again)
    return;
  self->again = FALSE;
  duplex_fake_leg_tell (self, 0);
}
