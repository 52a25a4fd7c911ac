/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Tells that something changed in some folders, once for what comes close together. In the main
 * context that is thread default at the time of duplex_profile_watch_new(). Private to
 * core/model. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexProfileWatch DuplexProfileWatch;
typedef void (*DuplexProfileWatchFunc) (gpointer user_data);

DuplexProfileWatch *duplex_profile_watch_new (const char            *root,
                                              DuplexProfileWatchFunc changed,
                                              gpointer               user_data);
void                duplex_profile_watch_free (DuplexProfileWatch *self);

/* Watches these folders (relative to root, "" is root) and no others. What came into a folder
 * before it was watched is not missed: changed is called for each new one too, but not before this
 * returns. */
void duplex_profile_watch_set_folders (DuplexProfileWatch *self,
                                       GPtrArray          *folders);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexProfileWatch, duplex_profile_watch_free)

G_END_DECLS
