/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A message list in a window of 600x500, with a capture to fill it. */

#include "app/duplex-message-list.h"

G_BEGIN_DECLS

/* Pixels by which a row may move while the list changes around it. */
#define STILL 1.5

typedef struct
{
  DuplexCapture     *capture;
  GtkWidget         *window;
  DuplexMessageList *list;
  GtkListView       *view;
  GtkAdjustment     *adjustment;
} ListFixture;

void list_fixture_set_up (ListFixture  *fixture,
                          gconstpointer data);
void list_fixture_tear_down (ListFixture  *fixture,
                             gconstpointer data);

/* n messages of different heights, published. */
void list_fixture_append (ListFixture *fixture,
                          guint        n);

/* Turns the main loop, frames included, until condition holds, for at most ten seconds. */
void list_fixture_wait_until (ListFixture *fixture,
                              gboolean (*condition) (ListFixture *fixture),
                              const char *what);
void list_fixture_wait_frames (ListFixture *fixture,
                               guint        n);

/* Items that the view's model has. */
guint list_fixture_count_shown (ListFixture *fixture);

/* Position in the capture of the last row that is wholly on screen, or -1. Where position is not
 * GTK_INVALID_LIST_POSITION, tells where that row is. */
gint64   list_fixture_find_last_visible (ListFixture *fixture,
                                         guint        position,
                                         float       *ret_y);
gboolean list_fixture_is_end_shown (ListFixture *fixture);
gboolean list_fixture_is_all_counted (ListFixture *fixture);

/* Where the top of the row at position is; NaN where it has no widget. */
float list_fixture_get_y (ListFixture *fixture,
                          guint        position);

/* As the wheel does. */
void list_fixture_scroll_by (ListFixture *fixture,
                             double       pixels);

G_END_DECLS
