/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The program: its command line, its actions and keys, the store of profiles, and one window. A
 * later start hands its command line to the first, unless it is to take a picture. */

#include <adwaita.h>

#include "core/model/duplex-profile-store.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_APPLICATION (duplex_application_get_type ())
G_DECLARE_FINAL_TYPE (DuplexApplication, duplex_application, DUPLEX, APPLICATION, AdwApplication)

DuplexApplication *duplex_application_new (void);

/* What to return from main() where g_application_run() has nothing to complain about: 0, or 1 where
 * what was asked for on the command line failed later. */
int duplex_application_get_exit_status (DuplexApplication *self);

/* Borrowed; NULL before startup. */
DuplexProfileStore *duplex_application_get_store (DuplexApplication *self);

G_END_DECLS
