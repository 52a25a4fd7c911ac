/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Connections over loopback whose one end becomes a leg, and waits with a deadline. */

#include "core/io/duplex-leg.h"

G_BEGIN_DECLS

typedef enum {
  LEG_TCP,
  LEG_TLS,
} LegTransport;

typedef struct
{
  GIOStream *near; /* the leg's, or NULL once it has it */
  GIOStream *far;  /* the peer's */
} LegPair;

/* A certificate for 127.0.0.1, signed by itself, and its key. */
extern const char leg_certificate_pem[];

/* Connected, non-blocking, TLS handshakes done. */
LegPair *leg_pair_new (LegTransport transport);
void     leg_pair_free (LegPair *self);

/* The socket below either end. */
int leg_pair_get_near_fd (LegPair *self);
int leg_pair_get_far_fd (LegPair *self);

/* Of the peer: TCP ends at once, without a word, or with a reset. */
void leg_pair_vanish (LegPair *self,
                      gboolean reset);

/* Of the peer: writes what it can, and returns how much that was; reads what there is, and returns
 * FALSE at the end of the stream. */
gsize    leg_pair_write (LegPair      *self,
                         const guint8 *data,
                         gsize         len);
gboolean leg_pair_read (LegPair    *self,
                        GByteArray *bytes);

/* Runs the main loop until condition (data) holds. what is printed when it does not within 20
 * seconds. */
void leg_wait (gboolean (*condition) (gpointer data),
               gpointer    data,
               const char *what);

/* What the main loop has to do now, and no more. */
void leg_turn (void);

/* Bytes that do not repeat with any power of two. */
guint8 *leg_make_pattern (gsize len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LegPair, leg_pair_free)

G_END_DECLS
