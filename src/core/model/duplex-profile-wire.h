/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The settings of a profile that say how its connections use the wire: compression, pongs, pings.
 * A table has them once, for properties, comparison and copies alike. Private to core/model. */

#include "core/model/duplex-profile-private.h"
#include "core/model/duplex-profile-reader.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean            offers_deflate;
  DuplexDeflateParams deflate;
  DuplexPongMode      pong_mode;
  guint               pong_delay;    /* ms */
  guint               ping_interval; /* seconds */
  guint               ping_limit;
} DuplexProfileWire;

/* Properties, in the order of the header of DuplexProfile. */
#define DUPLEX_PROFILE_N_WIRE_PROPS 9

void duplex_profile_wire_init (DuplexProfileWire *self);

GParamSpec *duplex_profile_wire_new_pspec (guint       i,
                                           GParamFlags flags);
void        duplex_profile_wire_get_value (const DuplexProfileWire *self,
                                           guint                    i,
                                           GValue                  *value);
void        duplex_profile_wire_set_value (DuplexProfileWire *self,
                                           guint              i,
                                           const GValue      *value);
gboolean    duplex_profile_wire_has_same (const DuplexProfileWire *self,
                                          guint                    i,
                                          const DuplexProfileWire *other);

/* Borrowed. */
const DuplexProfileWire *duplex_profile_get_wire (DuplexProfile *self);
/* Copies wire, whose deflate parameters are valid, and notifies of each property that changes. */
void duplex_profile_set_wire (DuplexProfile           *self,
                              const DuplexProfileWire *wire);

/* The members "compression", "pong" and "ping" of a profile's file. What else these objects hold
 * goes to extras. */
gboolean duplex_profile_wire_read (const DuplexProfileReader *reader,
                                   DuplexProfile             *profile,
                                   DuplexProfileExtras       *extras,
                                   GError                   **error);
/* Without a comma before or behind them. */
void duplex_profile_wire_append (GString       *out,
                                 DuplexProfile *profile);

G_END_DECLS
