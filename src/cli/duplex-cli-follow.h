/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Hands out every event of a capture once, in order, and lets the capture forget it: memory stays
 * bounded however long a connection lives. What is recorded stays in the file. */

#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

typedef struct _DuplexCliFollow DuplexCliFollow;

typedef struct
{
  void (*event) (const DuplexEvent *event, gpointer user_data);
  /* Those that were there are through. */
  void (*batch) (gpointer user_data);
} DuplexCliFollowCallbacks;

/* callbacks is borrowed for life. */
DuplexCliFollow *duplex_cli_follow_new (DuplexCapture                  *capture,
                                        const DuplexCliFollowCallbacks *callbacks,
                                        gpointer                        user_data);
void             duplex_cli_follow_free (DuplexCliFollow *self);

/* What is there now. It comes by itself too, from the main loop. */
void duplex_cli_follow_run (DuplexCliFollow *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexCliFollow, duplex_cli_follow_free)

G_END_DECLS
