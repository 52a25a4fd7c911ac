/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A thread of the relay and the connections that live there, each for all of its life. */

#include "relay/duplex-tunnel.h"

G_BEGIN_DECLS

typedef struct _DuplexWorker DuplexWorker;

/* What all workers of a relay share; all of it borrowed. */
typedef struct
{
  DuplexMetrics   *metrics;
  DuplexAdmission *admission;
  DuplexRecorder  *recorder; /* or NULL */

  guint max_heads; /* of each: clients without a place, beyond which the oldest goes */

  /* A client has ended; on the thread of a worker. */
  void (*gone) (gpointer user_data);
  gpointer user_data;
} DuplexWorkerShared;

/* shared is borrowed for life. */
DuplexWorker *duplex_worker_new (const DuplexWorkerShared *shared);
/* Ends at once what is still there. */
void duplex_worker_free (DuplexWorker *self);

/* Takes what client owns; the worker sees it when it is woken. */
void duplex_worker_add (DuplexWorker       *self,
                        const DuplexClient *client);
void duplex_worker_wake (DuplexWorker *self);
/* Whether so many wait to be seen that no more are to come, for a moment. */
gboolean duplex_worker_is_behind (DuplexWorker *self);

/* Clients that it has, those that it has not seen yet among them. */
guint duplex_worker_get_n (DuplexWorker *self);

/* duplex_tunnel_go_away() to each, also to those that come later. */
void duplex_worker_drain (DuplexWorker *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexWorker, duplex_worker_free)

G_END_DECLS
