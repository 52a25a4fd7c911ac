/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-window-state.h"

/* For a program without its schema; the numbers are the schema's. */
static const DuplexWindowState defaults = {
  .width = 1200,
  .height = 760,
  .panels = DUPLEX_PANELS_INIT,
  .sidebar_width = 240,
  .inspector_width = 420,
};

void
duplex_window_state_load (DuplexWindowState *self,
                          GSettings         *settings)
{
  g_return_if_fail (self != NULL);

  *self = defaults;
  if (settings == NULL)
    {
      self->inspector_page = g_strdup ("message");
      return;
    }

  self->width = g_settings_get_int (settings, "window-width");
  self->height = g_settings_get_int (settings, "window-height");
  self->maximized = g_settings_get_boolean (settings, "window-maximized");
  self->panels.sidebar.wanted = g_settings_get_boolean (settings, "sidebar-visible");
  self->panels.inspector.wanted = g_settings_get_boolean (settings, "inspector-visible");
  self->sidebar_width = g_settings_get_int (settings, "sidebar-width");
  self->inspector_width = g_settings_get_int (settings, "inspector-width");
  self->inspector_page = g_settings_get_string (settings, "inspector-page");
}

void
duplex_window_state_save (const DuplexWindowState *self,
                          GSettings               *settings)
{
  g_return_if_fail (self != NULL);

  if (settings == NULL)
    return;

  g_settings_set_int (settings, "window-width", self->width);
  g_settings_set_int (settings, "window-height", self->height);
  g_settings_set_boolean (settings, "window-maximized", self->maximized);
  g_settings_set_boolean (settings, "sidebar-visible", self->panels.sidebar.wanted);
  g_settings_set_boolean (settings, "inspector-visible", self->panels.inspector.wanted);
  g_settings_set_int (settings, "sidebar-width", self->sidebar_width);
  g_settings_set_int (settings, "inspector-width", self->inspector_width);
  g_settings_set_string (settings, "inspector-page", self->inspector_page);
}

void
duplex_window_state_clear (DuplexWindowState *self)
{
  g_return_if_fail (self != NULL);

  g_clear_pointer (&self->inspector_page, g_free);
}
