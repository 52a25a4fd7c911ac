/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What duplex-history-page.c and its actions share. */

#include "app/duplex-history-page.h"
#include "app/duplex-history-progress.h"

G_BEGIN_DECLS

struct _DuplexHistoryPage
{
  GtkWidget parent_instance;

  DuplexHistory      *history; /* owned, or NULL */
  GtkFilter          *filter;  /* owned, by the model too */
  GtkSorter          *sorter;
  GtkFilterListModel *filtered;
  GtkSortListModel   *sorted;
  GtkSingleSelection *selection;
  char               *needle; /* case folded, or NULL */
  char               *sort;
  GPtrArray          *deleted; /* what the toast can bring back, in the order of deletion */

  AdwToast  *toast; /* weak: the one that offers it */
  GtkWidget *menu;  /* child, or NULL */

  GtkWidget             *content; /* template */
  AdwWindowTitle        *title;
  GtkSearchBar          *search_bar;
  GtkEditable           *search;
  GtkStack              *stack;
  AdwStatusPage         *empty;
  GtkWidget             *preferences_button;
  GtkListView           *view;
  DuplexHistoryProgress *progress;
  GMenuModel            *menu_model;

  guint64  budget;
  gboolean recording;
  gboolean has_title_buttons;
  gboolean is_watching;
};

/* "history.*" but for menu, search and sort. */
void duplex_history_page_install_actions (GtkWidgetClass *widget_class);
void duplex_history_page_update_actions (DuplexHistoryPage *self);

/* Filters again what has changed. */
void duplex_history_page_refilter (DuplexHistoryPage *self);

/* Goes on where the row at position has gone. */
void duplex_history_page_select_position (DuplexHistoryPage *self,
                                          guint              position);

G_END_DECLS
