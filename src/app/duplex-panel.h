/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Whether a pane at the side is shown: what the person wants where there is room, which is remembered,
 * and what they asked for while there is none, which is not. A plain value without a widget. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean wanted; /* where there is room; kept in the settings */
  gboolean narrow; /* there is no room for it beside the rest */
  gboolean peeked; /* asked for while narrow; forgotten at the next change of narrow */
} DuplexPanel;

gboolean duplex_panel_is_shown (const DuplexPanel *self);

/* The person shows or hides the pane. Returns whether that changed something. */
gboolean duplex_panel_ask (DuplexPanel *self,
                           gboolean     shown);

/* The room changed. Returns whether the pane is to be shown or hidden now. */
gboolean duplex_panel_set_narrow (DuplexPanel *self,
                                  gboolean     narrow);

G_END_DECLS
