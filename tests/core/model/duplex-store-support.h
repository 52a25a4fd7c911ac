/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A profile store on a folder of its own, and that folder's files as another program sees them. */

#include "core/model/duplex-profile-store.h"

G_BEGIN_DECLS

typedef struct
{
  char               *top;  /* is removed at the end */
  char               *root; /* the store's folder, in top */
  DuplexProfileStore *store;
} Fixture;

/* With an empty folder; with none, so that this is the first run. Both load. */
void fixture_init (Fixture *self);
void fixture_init_missing (Fixture *self);
/* A new store on the same folder. */
void fixture_reload (Fixture *self);
void fixture_clear (Fixture *self);

/* The ids in the order of the list, joined by '|'. */
void assert_ids (Fixture    *self,
                 const char *expected);

/* Borrowed from the store. Its URL is ws://localhost/. */
DuplexProfile *save_new (Fixture    *self,
                         const char *name,
                         const char *folder);
void           save (Fixture       *self,
                     DuplexProfile *profile);

/* path is relative to the store's folder. Writing makes folders. */
void     write_file (Fixture    *self,
                     const char *path,
                     const char *text);
char    *read_file (Fixture    *self,
                    const char *path);
void     remove_file (Fixture    *self,
                      const char *path);
gboolean has_file (Fixture    *self,
                   const char *path);

G_END_DECLS
