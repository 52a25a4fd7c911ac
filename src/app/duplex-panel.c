/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-panel.h"

gboolean
duplex_panel_is_shown (const DuplexPanel *self)
{
  return self->narrow ? self->peeked : self->wanted;
}

gboolean
duplex_panel_ask (DuplexPanel *self,
                  gboolean     shown)
{
  if (duplex_panel_is_shown (self) == !!shown)
    return FALSE;

  if (self->narrow)
    self->peeked = !!shown;
  else
    self->wanted = !!shown;
  return TRUE;
}

gboolean
duplex_panel_set_narrow (DuplexPanel *self,
                         gboolean     narrow)
{
  gboolean before = duplex_panel_is_shown (self);

  if (self->narrow == !!narrow)
    return FALSE;

  self->narrow = !!narrow;
  self->peeked = FALSE;
  return duplex_panel_is_shown (self) != before;
}
