/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Finds widgets inside one that is tested, by what a person would know them by. Not finding one
 * ends the test. */

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The first descendant, depth first, of that type. */
GtkWidget *widgets_find_type (GtkWidget *root,
                              GType      type);
/* The first button with that action. */
GtkWidget *widgets_find_action (GtkWidget  *root,
                                const char *action);
/* The first label with that text, or NULL: for asserting either. */
GtkWidget *widgets_find_label (GtkWidget  *root,
                               const char *text);

/* Whether it would be on screen in a mapped window: it and all up to root are visible. */
gboolean widgets_is_shown (GtkWidget *widget,
                           GtkWidget *root);

/* Turns the main loop until condition holds, for at most ten seconds; ends the test with what after
 * those. */
void widgets_wait_until (gboolean (*condition) (gpointer data),
                         gpointer    data,
                         const char *what);
/* The same with a deadline of its own, for what takes long under a sanitizer. */
void widgets_wait_for (gboolean (*condition) (gpointer data),
                       gpointer    data,
                       guint       seconds,
                       const char *what);

/* Whether nobody else holds the GObject data, to be waited for before it is finalized: a worker's
 * last reference, to a row say, is dropped when the main loop is idle. */
gboolean widgets_is_last_ref (gpointer data);

/* Measures root at width and lays it out there, without a window. */
void widgets_allocate (GtkWidget *root,
                       int        width);

G_END_DECLS
