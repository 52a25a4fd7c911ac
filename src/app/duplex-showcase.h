/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What --demo does: opens the profile of the built-in server in a window, connects, sends a sample
 * as JSON, and selects the answer, so that the inspector has something to show. */

#include "app/duplex-window.h"

G_BEGIN_DECLS

typedef struct _DuplexShowcase DuplexShowcase;

DuplexShowcase *duplex_showcase_new (DuplexWindow *window);
void            duplex_showcase_free (DuplexShowcase *self);

/* What has not happened yet, in words for an error message; NULL at the end. Static. */
const char *duplex_showcase_get_missing (DuplexShowcase *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexShowcase, duplex_showcase_free)

G_END_DECLS
