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

  /* Of one client each, on the thread of a worker: as of DuplexTunnelHost, and that it is gone. */
  void (*settled) (gpointer user_data);
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

/* Clients that it has, those that it has not seen yet among them. */
guint duplex_worker_get_n (DuplexWorker *self);

/* duplex_tunnel_go_away() to each, also to those that come later. */
void duplex_worker_drain (DuplexWorker *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexWorker, duplex_worker_free)

G_END_DECLS
