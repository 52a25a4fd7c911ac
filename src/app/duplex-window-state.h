/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How the window stands, and how it was left the last time: a plain value between the widgets and
 * the settings. */

#include <gio/gio.h>

#include "app/duplex-panel.h"

G_BEGIN_DECLS

typedef struct
{
  int          width; /* pixels, before any maximising */
  int          height;
  gboolean     maximized;
  DuplexPanels panels;
  int          sidebar_width;
  int          inspector_width;
  char        *inspector_page; /* owned */
} DuplexWindowState;

/* What the settings say; their defaults where settings is NULL. */
void duplex_window_state_load (DuplexWindowState *self,
                               GSettings         *settings);

/* Nothing happens where settings is NULL. */
void duplex_window_state_save (const DuplexWindowState *self,
                               GSettings               *settings);

void duplex_window_state_clear (DuplexWindowState *self);

G_END_DECLS
