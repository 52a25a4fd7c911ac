/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Bytes that are gathered before it is known whether they are wanted: a message in fragments. The
 * first of them are in memory, more go to a temporary file that has no name. */

#include "core/model/duplex-payload-pieces.h"

G_BEGIN_DECLS

typedef struct _DuplexCliSpool DuplexCliSpool;

DuplexCliSpool *duplex_cli_spool_new (void);
void            duplex_cli_spool_free (DuplexCliSpool *self);

/* FALSE, with errno's value in duplex_cli_spool_get_failure(), where there is no room; nothing is
 * taken any more then, until the next reset. */
gboolean duplex_cli_spool_append (DuplexCliSpool *self,
                                  const guint8   *data,
                                  gsize           size);

int duplex_cli_spool_get_failure (DuplexCliSpool *self);

/* Calls func for all of it, in order. FALSE where reading failed or func stopped. */
gboolean duplex_cli_spool_walk (DuplexCliSpool        *self,
                                DuplexPayloadPieceFunc func,
                                gpointer               user_data);

/* Forgets all. */
void duplex_cli_spool_reset (DuplexCliSpool *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexCliSpool, duplex_cli_spool_free)

G_END_DECLS
