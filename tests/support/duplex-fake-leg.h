/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A leg in memory: what a pump does is seen at its edge, and "would block" is an order. */

#include "core/io/duplex-leg.h"

G_BEGIN_DECLS

typedef struct
{
  DuplexLeg        leg;
  GByteArray      *input;       /* to be read */
  GByteArray      *output;      /* was written */
  gsize            room;        /* bytes that may still be written */
  gsize            chunk;       /* bytes that a read gives at most */
  gboolean         input_ended; /* behind input */
  gboolean         broken;      /* writing fails */
  gboolean         shut;
  gboolean         hung_up; /* was told, and is from then on */
  gboolean         again;   /* was asked for */
  guint            n_reads; /* that gave something */
  guint            n_looks;
  DuplexSocketLook look;  /* what they show */
  gboolean        *freed; /* set when it is */
} DuplexFakeLeg;

/* Any room, any chunk. freed may be NULL. */
DuplexFakeLeg *duplex_fake_leg_new (gboolean *freed);

/* Says to whoever listens what has become possible. */
void duplex_fake_leg_tell (DuplexFakeLeg *self,
                           GIOCondition   conditions);
/* What was asked for with duplex_leg_again(), if it was. */
void duplex_fake_leg_turn (DuplexFakeLeg *self);

G_END_DECLS
