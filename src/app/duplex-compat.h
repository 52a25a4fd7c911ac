/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Every pair of an old call and the newer one that replaces it, chosen by the API version that
 * is compiled against (see api_floor in meson_options.txt). Nothing else in app may look at a
 * version. */

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* What this program is, above parent. */
void duplex_compat_show_about (GtkWindow *parent);

/* Asks a question with two answers above parent: to leave things as they are, or confirm_label,
 * which loses something and looks like it. All texts are translated. The widget that is returned,
 * borrowed, goes with its parent, and emits "response" (const char *) with DUPLEX_COMPAT_CONFIRM
 * or, also for Escape, with something else. */
#define DUPLEX_COMPAT_CONFIRM "confirm"
GtkWidget *duplex_compat_ask (GtkWindow  *parent,
                              const char *heading,
                              const char *body,
                              const char *cancel_label,
                              const char *confirm_label);

/* The colour that style sheets give widget's text: what our own drawing is derived from. */
void duplex_compat_get_color (GtkWidget *widget,
                              GdkRGBA   *ret_color);

/* Asks above parent where to save something, and whether to overwrite what is there. title and name
 * are what the dialog says and suggests. */
void duplex_compat_choose_save_file_async (GtkWindow          *parent,
                                           const char         *title,
                                           const char         *name,
                                           GAsyncReadyCallback callback,
                                           gpointer            user_data);
/* The file, or NULL where the person changed their mind (error is not set then) or no dialog could
 * be shown. */
GFile *duplex_compat_choose_save_file_finish (GtkWindow    *parent,
                                              GAsyncResult *result,
                                              GError      **error);

/* Asks above parent which file to open; those that match pattern ("*.duplex"), which are called
 * pattern_name, are offered first. */
void duplex_compat_choose_open_file_async (GtkWindow          *parent,
                                           const char         *title,
                                           const char         *pattern_name,
                                           const char         *pattern,
                                           GAsyncReadyCallback callback,
                                           gpointer            user_data);
/* As duplex_compat_choose_save_file_finish(). */
GFile *duplex_compat_choose_open_file_finish (GtkWindow    *parent,
                                              GAsyncResult *result,
                                              GError      **error);

G_END_DECLS
