/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which of the window's two side panes are shown: what the person wants where there is room, which
 * is remembered, and what they asked for while there is none, which is not. Plain values without a
 * widget. */

#include <glib.h>

G_BEGIN_DECLS

/* Pixels of window below which both panes do not fit beside the messages, and below which not even
 * one does. */
#define DUPLEX_PANELS_ROOM_FOR_BOTH 860
#define DUPLEX_PANELS_ROOM_FOR_ONE  640

typedef struct
{
  gboolean wanted; /* where there is room; kept in the settings */
  gboolean narrow; /* there is no room for it beside the rest */
  gboolean peeked; /* asked for while narrow; forgotten at the next change of narrow */
} DuplexPanel;

/* While there is no room for both, the inspector is hidden before the sidebar, and showing the one
 * hides the other. Where there is not even room for one, it takes the place of the messages. */
typedef struct
{
  DuplexPanel sidebar;
  DuplexPanel inspector;
  int         width; /* of the window, in pixels */
} DuplexPanels;

/* Both wanted, in a window with room for them. */
#define DUPLEX_PANELS_INIT           \
  {                                  \
    .sidebar = { .wanted = TRUE },   \
    .inspector = { .wanted = TRUE }, \
    .width = G_MAXINT                \
  }

gboolean duplex_panel_is_shown (const DuplexPanel *self);

/* The panel that is shown stands alone, without the messages. */
gboolean duplex_panels_is_sidebar_alone (const DuplexPanels *self);
gboolean duplex_panels_is_inspector_alone (const DuplexPanels *self);

/* Each may change what both panels show. */
void duplex_panels_set_width (DuplexPanels *self,
                              int           width);
void duplex_panels_ask_sidebar (DuplexPanels *self,
                                gboolean      shown);
void duplex_panels_ask_inspector (DuplexPanels *self,
                                  gboolean      shown);

G_END_DECLS
