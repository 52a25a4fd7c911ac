/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A profile of the store's list and its file as the store knows it. Private to core/model. */

#include "core/model/duplex-profile.h"

G_BEGIN_DECLS

typedef struct
{
  DuplexProfile *profile;
  char          *path; /* within the store's folder, as on disk */
  char          *name; /* as in the file, for the order of the list: the profile's may be changed
                          and not saved */
  GBytes *contents;    /* NULL where the file could not be read at all */
} DuplexProfileEntry;

/* profile may be NULL, for a new one. contents or, where that is NULL, read_error is what reading
 * the file gave. */
DuplexProfileEntry *duplex_profile_entry_new (DuplexProfile *profile,
                                              const char    *path,
                                              GBytes        *contents,
                                              const GError  *read_error);
void                duplex_profile_entry_free (DuplexProfileEntry *entry);

/* The profile's id follows from the path. */
void duplex_profile_entry_set_path (DuplexProfileEntry *entry,
                                    const char         *path);

/* The profile takes over the settings in contents, or gets its error. */
void duplex_profile_entry_set_contents (DuplexProfileEntry *entry,
                                        GBytes             *contents,
                                        const GError       *read_error);

DuplexProfile *duplex_profile_entry_parse (GBytes  *contents,
                                           GError **error);

/* The order of the list. */
int duplex_profile_entry_compare (const DuplexProfileEntry *a,
                                  const DuplexProfileEntry *b);

G_END_DECLS
