/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a relay has done, for whoever watches it: counters and histograms as text that Prometheus
 * reads. All functions may be called on any thread. */

#include <glib.h>

#include "core/io/duplex-pump.h"

G_BEGIN_DECLS

/* Why a client got no WebSocket, or no backend behind it. */
typedef enum {
  DUPLEX_REFUSAL_REQUEST,   /* no HTTP, another path, no upgrade */
  DUPLEX_REFUSAL_TIMEOUT,   /* its request did not come in time */
  DUPLEX_REFUSAL_DISPLACED, /* nor before too many others had come */
  DUPLEX_REFUSAL_TLS,       /* its TLS handshake failed */
  DUPLEX_REFUSAL_ORIGIN,
  DUPLEX_REFUSAL_TOKEN,
  DUPLEX_REFUSAL_LIMIT,       /* too many connections */
  DUPLEX_REFUSAL_NOT_ALLOWED, /* the backend may not be reached */
  DUPLEX_REFUSAL_UNREACHABLE, /* it was not, or its handshake failed */
  DUPLEX_REFUSAL_LEFT,        /* the client left while its backend was dialled */
  DUPLEX_N_REFUSALS,
} DuplexRefusal;

/* "request", "timeout", …: the label in the metrics and the word in the log. */
const char *duplex_refusal_get_name (DuplexRefusal refusal);

typedef struct _DuplexMetrics DuplexMetrics;

DuplexMetrics *duplex_metrics_new (void);
void           duplex_metrics_free (DuplexMetrics *self);

/* A worker's, which it writes without a lock; freed with self, and not before. */
DuplexPumpStats *duplex_metrics_add_worker (DuplexMetrics *self);

/* A client was accepted, and is gone: TCP connections in whatever state. */
void duplex_metrics_accepted (DuplexMetrics *self);
void duplex_metrics_gone (DuplexMetrics *self);
/* An upgraded one begins to be pumped, elapsed_us after it was accepted; and has ended, with a
 * backend of NULL where it had none. */
void duplex_metrics_opened (DuplexMetrics *self,
                            gint64         elapsed_us);
void duplex_metrics_closed (DuplexMetrics       *self,
                            const DuplexPumpEnd *client,
                            const DuplexPumpEnd *backend);
void duplex_metrics_refused (DuplexMetrics *self,
                             DuplexRefusal  refusal);
/* Bytes that the capture had no time or room for. */
void duplex_metrics_not_recorded (DuplexMetrics *self,
                                  guint64        n_bytes);

/* The body of /metrics: text of version 0.0.4 of the exposition format. */
char *duplex_metrics_to_text (DuplexMetrics *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexMetrics, duplex_metrics_free)

G_END_DECLS
