/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-panel.h"

gboolean
duplex_panel_is_shown (const DuplexPanel *self)
{
  return self->narrow ? self->peeked : self->wanted;
}

gboolean
duplex_panels_is_sidebar_alone (const DuplexPanels *self)
{
  return self->width < DUPLEX_PANELS_ROOM_FOR_ONE && duplex_panel_is_shown (&self->sidebar);
}

gboolean
duplex_panels_is_inspector_alone (const DuplexPanels *self)
{
  return self->width < DUPLEX_PANELS_ROOM_FOR_ONE && duplex_panel_is_shown (&self->inspector);
}

static void
panel_ask (DuplexPanel *self,
           gboolean     shown)
{
  if (self->narrow)
    self->peeked = !!shown;
  else
    self->wanted = !!shown;
}

static void
panel_set_narrow (DuplexPanel *self,
                  gboolean     narrow)
{
  if (self->narrow == !!narrow)
    return;

  self->narrow = !!narrow;
  self->peeked = FALSE;
}

/* The inspector comes first: whether it is shown decides how much room the sidebar needs. */
static void
update_room (DuplexPanels *self)
{
  gboolean both;

  panel_set_narrow (&self->inspector, self->width < DUPLEX_PANELS_ROOM_FOR_BOTH);
  both = duplex_panel_is_shown (&self->inspector);
  panel_set_narrow (&self->sidebar, self->width < (both ? DUPLEX_PANELS_ROOM_FOR_BOTH
                                                        : DUPLEX_PANELS_ROOM_FOR_ONE));
}

void
duplex_panels_set_width (DuplexPanels *self,
                         int           width)
{
  self->width = width;
  update_room (self);
}

void
duplex_panels_ask_sidebar (DuplexPanels *self,
                           gboolean      shown)
{
  if (shown && self->inspector.narrow)
    {
      self->inspector.peeked = FALSE;
      update_room (self);
    }
  panel_ask (&self->sidebar, shown);
}

void
duplex_panels_ask_inspector (DuplexPanels *self,
                             gboolean      shown)
{
  panel_ask (&self->inspector, shown);
  if (shown && self->inspector.narrow)
    self->sidebar.peeked = FALSE;
  update_room (self);
}
