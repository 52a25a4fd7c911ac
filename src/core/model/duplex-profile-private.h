/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the store and the reader of files set on a profile. Private to core/model. */

#include "core/model/duplex-profile.h"

G_BEGIN_DECLS

/* The objects of a file that say how the wire is used. */
#define DUPLEX_PROFILE_N_WIRE_PARTS 3

/* Members of a file that this version does not know, as their text stood there. Immutable. */
typedef struct
{
  char *members;        /* of the profile: "\"colour\": 3, \"x\": []", or "" */
  GStrv header_names;   /* the headers that have some, in order, a name maybe more than once */
  GStrv header_members; /* of each of those */

  char *wire_members[DUPLEX_PROFILE_N_WIRE_PARTS]; /* of "compression", "pong" and "ping" */
} DuplexProfileExtras;

DuplexProfileExtras *duplex_profile_extras_new (void);
DuplexProfileExtras *duplex_profile_extras_ref (DuplexProfileExtras *self);
void                 duplex_profile_extras_unref (DuplexProfileExtras *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexProfileExtras, duplex_profile_extras_unref)

/* Borrowed, never NULL. */
DuplexProfileExtras *duplex_profile_get_extras (DuplexProfile *self);
void                 duplex_profile_set_extras (DuplexProfile       *self,
                                                DuplexProfileExtras *extras);

void duplex_profile_set_id (DuplexProfile *self,
                            const char    *id);
/* NULL: its file can be read. */
void duplex_profile_set_error (DuplexProfile *self,
                               const char    *error);

G_END_DECLS
