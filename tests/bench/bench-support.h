/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What several benchmarks need. */

#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

/* Stops whoever appends to a capture while too much waits for its file, as the tap does when it
 * stops reading. */
typedef struct
{
  GMutex   mutex;
  GCond    cond;
  gboolean is_full;
} BenchGate;

void bench_gate_init (BenchGate     *self,
                      DuplexCapture *capture);
void bench_gate_wait (BenchGate *self);
/* The capture lets go of it. */
void bench_gate_clear (BenchGate     *self,
                       DuplexCapture *capture);

/* Runs loop for so long. */
void bench_settle (GMainLoop *loop,
                   guint      ms);

G_END_DECLS
