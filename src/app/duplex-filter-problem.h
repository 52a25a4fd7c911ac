/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A mistake in what stands in an entry: told below it, and marked in it. */

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* problem may be NULL: there is none. column is the character (from 0) that it is about, or -1. */
void duplex_filter_problem_show (GtkEntry   *entry,
                                 GtkLabel   *label,
                                 const char *problem,
                                 int         column);

/* A line under the character of text at column; where text ends there, under its last. */
PangoAttrList *duplex_filter_problem_mark (const char *text,
                                           int         column);

G_END_DECLS
