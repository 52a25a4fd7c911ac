/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the tests of the window and its profiles share: a store in a folder of its own, waiting
 * with a deadline, and finding widgets the way a person does, by what stands on them. */

#include <adwaita.h>

#include "core/model/duplex-profile-store.h"

G_BEGIN_DECLS

/* A store in a new folder, loaded, with the profiles of the first run. */
DuplexProfileStore *shell_store_new (void);
/* Deletes the folder and what is in it, and asserts that nobody holds the store any more. */
void shell_store_free (DuplexProfileStore *store);

/* Deletes a file, or a folder with all that is in it. */
void shell_remove_tree (const char *path);

/* The store's first profile with that name; borrowed, NULL where there is none. */
DuplexProfile *shell_find_profile (DuplexProfileStore *store,
                                   const char         *name);

typedef gboolean (*ShellCondition) (gpointer user_data);

/* Runs the main loop until condition holds; after ten seconds the test fails and says what. */
void shell_wait (ShellCondition condition,
                 gpointer       user_data,
                 const char    *what);

/* Runs the main loop until it has nothing to do right now. */
void shell_settle (void);

/* The first widget below root, in the order of the tree, that is visible, is of type, and has
 * text as its "label", "title", "text" or tooltip; any text where text is NULL. */
GtkWidget *shell_find_widget (GtkWidget  *root,
                              GType       type,
                              const char *text);

/* Runs the main loop until there is a label with that text below root. */
void shell_wait_for_label (GtkWidget  *root,
                           const char *text);

/* A child of a template by its id. */
#define SHELL_CHILD(widget, TYPE, name) \
  ((gpointer)gtk_widget_get_template_child (GTK_WIDGET (widget), (TYPE), (name)))

G_END_DECLS
