/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The bar that searches and filters the messages of a capture: a text, a regular expression or an
 * expression of duplex-filter(5), buttons that write the latter, and saved filters. It makes the
 * view of what matches; what becomes of that is the page's. Typing waits a moment before it is
 * looked for. */

#include <gtk/gtk.h>

#include "core/model/duplex-capture-view.h"
#include "core/model/duplex-row.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_FILTER_BAR (duplex_filter_bar_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFilterBar, duplex_filter_bar, DUPLEX, FILTER_BAR, GtkWidget)

typedef enum {
  DUPLEX_FILTER_MODE_TEXT,
  DUPLEX_FILTER_MODE_REGEX,
  DUPLEX_FILTER_MODE_EXPRESSION,
} DuplexFilterMode;

/* Properties:
 *   "capture"       DuplexCapture or NULL, write only
 *   "row"           DuplexRow or NULL, write only: the one that is selected, for its number among
 *                   the matches
 *   "open"          gboolean: it can be seen; a closed bar filters nothing
 *   "only-matches"  gboolean, default TRUE: the list is to show nothing else
 *   "view"          DuplexCaptureView or NULL, read only: what matches
 *   "shown-view"    DuplexCaptureView or NULL, read only: the same where only that is to be shown
 * Signals:
 *   "closed" (): by the person.
 * Its buttons and keys use the actions page.next-match and page.previous-match. */

GtkWidget *duplex_filter_bar_new (void);

gboolean duplex_filter_bar_get_open (DuplexFilterBar *self);
void     duplex_filter_bar_set_open (DuplexFilterBar *self,
                                     gboolean         open);
void     duplex_filter_bar_set_capture (DuplexFilterBar *self,
                                        DuplexCapture   *capture);
void     duplex_filter_bar_set_row (DuplexFilterBar *self,
                                    DuplexRow       *row);
void     duplex_filter_bar_set_only_matches (DuplexFilterBar *self,
                                             gboolean         only_matches);

/* Looks for text at once. */
void duplex_filter_bar_set_query (DuplexFilterBar *self,
                                  DuplexFilterMode mode,
                                  const char      *text);

DuplexCaptureView *duplex_filter_bar_get_view (DuplexFilterBar *self);
/* Why the text cannot be looked for; NULL where it can. */
const char *duplex_filter_bar_get_problem (DuplexFilterBar *self);

/* Opens it with the focus in the entry and all of its text selected. */
void duplex_filter_bar_focus_entry (DuplexFilterBar *self);

G_END_DECLS
